//! What a pointwise formula is written in: an algebra of numbers, and its readings.
//!
//! A formula such as `x.clone() / (A::one() + x.abs())` means the same whether `x` is a number, a tensor or a dual
//! number. This is what lets [`Pointwise`](crate::Pointwise) operators state their mathematics once.

use crate::ops::{Abs, Cos, Exp, Ln, Powi, Sin, Sqrt, Tanh};
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What a pointwise formula may use: arithmetic, elementary functions, a choice, and any [`Primitive`].
///
/// Implemented by [`Number`], by [`Tensor`], by [`Dual`](crate::Dual) and by [`onnx::Value`](crate::onnx::Value).
///
/// One formula, softplus so written that nothing overflows, as a number, as a tensor and with its derivative:
///
/// ```
/// use autograd::{Algebra, Dual, Number, Scalar, Tensor};
/// fn softplus<T: Scalar, A: Algebra<T>>(x: A) -> A {
///     let largest = x.if_positive(x.clone(), A::constant(T::zero()));
///     largest + (A::one() + (-x.abs()).exp()).ln()
/// }
/// assert_eq!(softplus(Number(0.0)).0, 2_f64.ln());
/// assert_eq!(softplus(Tensor::from([-1e9, 1e9])).to_vec(), [0.0, 1e9]);
/// let slope = softplus(Dual::variable(1.0)).slope;
/// assert!((slope - 1.0 / (1.0 + (-1.0_f64).exp())).abs() < 1e-15);
/// ```
///
/// What else there is to write formulas in:
///
/// ```
/// use autograd::{Algebra, Number, Primitive, ops::Erf};
/// let x = Number(0.25_f64);
/// assert_eq!((x.sqrt(), x.powi(-2), (-x).abs()), (Number(0.5), Number(16.0), x));
/// assert_eq!((x + Number::number(0.5)) / x, Number(3.0));
/// assert!((x.sin().powi(2) + x.cos().powi(2) - Number::one()).0.abs() < 1e-15);
/// let (up, down) = (x.exp(), (-x).exp());
/// assert!((x.tanh() - (up - down) / (up + down)).0.abs() < 1e-15);
/// assert_eq!(Erf.f([x]), Number::primitive(&Erf, [x])); // the same, in fewer words
/// ```
pub trait Algebra<T: Scalar>:
    sealed::Reading<T>
    + Clone
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A number that does not depend on anything.
    fn constant(value: T) -> Self;
    /// A number written as a literal: `A::number(-2.0)`.
    fn number(value: f64) -> Self {
        Self::constant(T::of(value))
    }
    /// One.
    fn one() -> Self {
        Self::constant(T::one())
    }
    /// `eˣ`.
    fn exp(&self) -> Self;
    /// The natural logarithm.
    fn ln(&self) -> Self;
    /// The square root.
    fn sqrt(&self) -> Self;
    /// `xⁿ` for a whole exponent.
    fn powi(&self, n: i32) -> Self;
    /// The sine.
    fn sin(&self) -> Self;
    /// The cosine.
    fn cos(&self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(&self) -> Self;
    /// The absolute value.
    fn abs(&self) -> Self;
    /// `no` where this is at most 0, otherwise `yes`; NaN takes `yes`, so that it is not swallowed.
    fn if_positive(&self, yes: Self, no: Self) -> Self;
    /// A function that these do not give. A formula calls it as `Erf.f([x])`.
    fn primitive<P: Primitive<T, N>, const N: usize>(p: &P, x: [Self; N]) -> Self;
}

mod sealed {
    pub trait Reading<T> {}
    impl<T> Reading<T> for super::Number<T> {}
    impl<T> Reading<T> for crate::Dual<T> {}
    impl<T: crate::Scalar> Reading<T> for crate::Tensor<T> {}
    impl<T: crate::Scalar> Reading<T> for crate::onnx::Value {}
}

/// A plain number as an [`Algebra`]: the reading by which values are computed.
///
/// ```
/// use autograd::{Number, Primitive, ops::Sigmoid};
/// let (x, y) = (Number(0.0), Sigmoid.f([Number(0.0)]));
/// assert_eq!(y.0, 0.5);
/// assert_eq!(Sigmoid.derivative(0, [x], y).0, 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<T>(pub T);

macro_rules! by_number {
    ($($Op:ident $op:ident),*) => {$(
        impl<T: Scalar> $Op for Number<T> {
            type Output = Self;
            #[inline(always)]
            fn $op(self, other: Self) -> Self {
                Number(self.0.$op(other.0))
            }
        }
    )*};
}
by_number!(Add add, Sub sub, Mul mul, Div div);

impl<T: Scalar> Neg for Number<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Number(-self.0)
    }
}

#[rustfmt::skip]
impl<T: Scalar> Algebra<T> for Number<T> {
    #[inline(always)] fn constant(value: T) -> Self { Number(value) }
    #[inline(always)] fn exp(&self) -> Self { Number(self.0.fast_exp()) }
    #[inline(always)] fn ln(&self) -> Self { Number(self.0.fast_ln()) }
    #[inline(always)] fn sqrt(&self) -> Self { Number(self.0.sqrt()) }
    #[inline(always)] fn powi(&self, n: i32) -> Self { Number(self.0.powi(n)) }
    #[inline(always)] fn sin(&self) -> Self { Number(self.0.sin()) }
    #[inline(always)] fn cos(&self) -> Self { Number(self.0.cos()) }
    #[inline(always)] fn tanh(&self) -> Self { Number(self.0.fast_tanh()) }
    #[inline(always)] fn abs(&self) -> Self { Number(self.0.abs()) }
    #[inline(always)] fn if_positive(&self, yes: Self, no: Self) -> Self { if self.0 <= T::zero() { no } else { yes } }
    #[inline(always)] fn primitive<P: Primitive<T, N>, const N: usize>(p: &P, x: [Self; N]) -> Self { Number(p.value(x.map(|x| x.0))) }
}

/// A tensor as an [`Algebra`]: the reading that is itself recorded, for gradients of gradients.
#[rustfmt::skip]
impl<T: Scalar> Algebra<T> for Tensor<T> {
    fn constant(value: T) -> Self { Tensor::scalar(value) }
    fn exp(&self) -> Self { Exp.apply([self]) }
    fn ln(&self) -> Self { Ln.apply([self]) }
    fn sqrt(&self) -> Self { Sqrt.apply([self]) }
    fn powi(&self, n: i32) -> Self { Powi(n).apply([self]) }
    fn sin(&self) -> Self { Sin.apply([self]) }
    fn cos(&self) -> Self { Cos.apply([self]) }
    fn tanh(&self) -> Self { Tanh.apply([self]) }
    fn abs(&self) -> Self { Abs.apply([self]) }
    fn if_positive(&self, yes: Self, no: Self) -> Self { Tensor::where_(&self.is_positive(), &yes, &no) }
    fn primitive<P: Primitive<T, N>, const N: usize>(p: &P, x: [Self; N]) -> Self { p.clone().apply(x.each_ref()) }
}
