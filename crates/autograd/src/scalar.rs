//! The numbers a tensor may hold.
//!
//! [`Element`] is anything an [`Array`](crate::Array) stores: `f32`, `f64`, and the `usize` and `bool` of indices
//! and masks. [`Scalar`] is what can be differentiated: `f32` and `f64`. Both are sealed: the kernels know every type
//! they meet, and an operator is written once for both precisions.

use crate::display;
use crate::idle::Idle;
use crate::kernels::elementary::Elementary;
use crate::kernels::matmul::Gemm;
use crate::kernels::run::Run;
use num_traits::Float;
use std::cell::RefCell;
use std::fmt;
use std::iter::Sum;
use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};
use std::thread::LocalKey;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for usize {}
    impl Sealed for bool {}
}

/// A value that an [`Array`](crate::Array) stores: `f32`, `f64`, `usize` or `bool`.
///
/// ```
/// use autograd::{Array, Element};
/// fn first_and_last<T: Element>(a: &Array<T>) -> Option<(T, T)> {
///     Some((a.iter().next()?, a.iter().last()?))
/// }
/// assert_eq!(first_and_last(&[0.5_f32, 1.5, 2.5].into()), Some((0.5, 2.5)));
/// assert_eq!(first_and_last(&[true, false].into()), Some((true, false)));
/// ```
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// Whether every pattern of bits is a value of this type, so that recycled memory may be read before it is written.
    #[doc(hidden)]
    const ANY_BITS: bool = true;

    /// The text of a value that is printed alone.
    #[doc(hidden)]
    fn text_alone(self) -> String {
        self.to_string()
    }

    /// The texts of values that are printed together, with at most `precision` digits behind the point. Set flush right,
    /// their points are below each other.
    #[doc(hidden)]
    fn texts_together(values: &[Self], precision: usize) -> Vec<String> {
        let _ = precision;
        values.iter().map(Self::to_string).collect()
    }
}

impl Element for usize {}
impl Element for bool {
    const ANY_BITS: bool = false;
}

/// A number that can be differentiated: `f32` or `f64`.
///
/// Where a type is written without its parameter, as in `let net: Mlp = ...` or in the fields of a struct, it is over `f32`.
/// Where no type is written, Rust infers one: bare literals, as in `Tensor::from([0.5, 1.0])`, are `f64` unless they meet
/// something that is `f32`. If it says "type annotations needed", name the type once: `let net: Mlp = ...`,
/// `Tensor::<f32>::zeros([2, 3])`, or `0.5_f32`.
///
/// The elementary functions come from [`num_traits::Float`]; what is added here is the conversion from literals.
///
/// ```
/// use autograd::Scalar;
/// fn half<T: Scalar>(x: T) -> T {
///     x * T::of(0.5)
/// }
/// assert_eq!(half(3.0_f32), 1.5);
/// ```
pub trait Scalar:
    Element
    + Gemm
    + Elementary
    + Run
    + Float
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + fmt::LowerExp
    + Into<f64>
{
    /// The name of the type as Rust writes it, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest number of this type: how code over any of them writes a literal.
    ///
    /// ```
    /// use autograd::{Scalar, Tensor};
    /// fn swish<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    ///     x * (x * T::of(1.702)).sigmoid()
    /// }
    /// assert_eq!(swish(&Tensor::from([0.0_f32])).item(), 0.0);
    /// assert_eq!(swish(&Tensor::from([0.0_f64])).item(), 0.0);
    /// ```
    fn of(value: f64) -> Self;

    /// The thread's parts of graphs over this type that lie idle.
    #[doc(hidden)]
    fn idle() -> &'static LocalKey<RefCell<Idle<Self>>>;
}

macro_rules! scalar {
    ($($t:ident)*) => {$(
        impl Element for $t {
            fn text_alone(self) -> String {
                display::text_alone(self)
            }

            fn texts_together(values: &[Self], precision: usize) -> Vec<String> {
                display::texts_together(values, precision)
            }
        }

        impl Scalar for $t {
            const NAME: &'static str = stringify!($t);

            fn of(value: f64) -> Self {
                value as $t
            }

            fn idle() -> &'static LocalKey<RefCell<Idle<$t>>> {
                thread_local!(static IDLE: RefCell<Idle<$t>> = const { RefCell::new(Idle::NOTHING) });
                &IDLE
            }
        }
    )*};
}
scalar!(f32 f64);
