//! Functions that no formula of an [`Algebra`] gives: the tangent, the error function, a power.
//!
//! Such a function is a leaf of mathematics. Its value is computed by a routine, and its derivative is a formula, in which it
//! may occur itself, as in `tan' = 1 + tan²`. So it has derivatives of any order, and it can be used in other formulas.

use crate::algebra::Algebra;
use crate::error::ShapeError;
use crate::onnx::Value;
use crate::op::{Keeps, NO_FORM, snake_case};
use crate::pointwise::Pointwise;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::any::type_name;
use std::fmt;

/// A function of `N` numbers whose value a routine computes, and whose derivative is a formula.
///
/// [`apply`](Self::apply) gives its value for tensors, and [`f`](Self::f) is how a formula calls it. Where a [`Pointwise`] operator is
/// asked for, it is one as `Routine(Asinh)`: its proof is `check(Map(Routine(Asinh)))`, with the feature `check`.
///
/// # Example
/// The inverse hyperbolic sine, `asinh' = 1 / √(1 + x²)`, and its square, which is a formula:
///
/// ```
/// use autograd::{Algebra, Keeps, Pointwise, Primitive, Scalar, Tensor, onnx::Value};
///
/// #[derive(Clone, Debug)]
/// struct Asinh;
///
/// impl<T: Scalar> Primitive<T, 1> for Asinh {
///     fn value(&self, [x]: [T; 1]) -> T {
///         x.asinh()
///     }
///     fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
///         A::one() / (A::one() + x.clone() * x).sqrt()
///     }
///     fn keeps(&self, _: usize) -> Keeps {
///         Keeps::x(0)
///     }
///     fn onnx(&self, [x]: [Value; 1]) -> Value {
///         x.then("Asinh")
///     }
/// }
///
/// #[derive(Clone, Debug)]
/// struct AsinhSquared;
///
/// impl<T: Scalar> Pointwise<T, 1> for AsinhSquared {
///     fn f<A: Algebra<T>>(&self, x: [A; 1]) -> A {
///         Asinh.f(x).powi(2)
///     }
///     fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
///         A::number(2.0) * Asinh.f([x.clone()]) / (A::one() + x.clone() * x).sqrt()
///     }
/// }
///
/// let x = Tensor::from([0.0, 0.75]).requires_grad();
/// let y = Asinh.apply([&x]) + AsinhSquared.apply([&x]);
/// assert_eq!(y.sum().backward()[&x].at([0]), 1.0);
/// ```
pub trait Primitive<T: Scalar, const N: usize>: Clone + fmt::Debug + Send + Sync + 'static {
    /// The value.
    fn value(&self, x: [T; N]) -> T;

    /// The derivative of the value `y` with respect to `x[i]`.
    fn derivative<A: Algebra<T>>(&self, i: usize, x: [A; N], y: A) -> A;

    /// What `derivative(i, ..)` reads. What is not listed is NaN there. By default everything.
    fn keeps(&self, i: usize) -> Keeps {
        let _ = i;
        Keeps::ALL
    }

    /// What the function is in ONNX, alone and in formulas. By default nothing.
    fn onnx(&self, x: [Value; N]) -> Value {
        let _ = x;
        Value::unsupported(NO_FORM)
    }

    /// The function in a formula: `Asinh.f([x])`.
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, x: [A; N]) -> A {
        A::primitive(self, x)
    }

    /// Applies the function to tensors that broadcast together.
    ///
    /// # Panics
    /// If they do not.
    #[track_caller]
    fn apply(self, x: [&Tensor<T>; N]) -> Tensor<T> {
        Routine(self).apply(x)
    }

    /// As [`apply`](Self::apply).
    ///
    /// ```
    /// use autograd::{Primitive, Tensor, ops::Hypot};
    /// let (x, y) = (Tensor::from([3.0, 5.0]), Tensor::from([4.0, 12.0]));
    /// assert_eq!(Hypot.try_apply([&x, &y])?.to_vec(), [5.0, 13.0]);
    /// assert!(Hypot.try_apply([&x, &Tensor::ones([3])]).is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the tensors do not broadcast together.
    #[track_caller]
    fn try_apply(self, x: [&Tensor<T>; N]) -> Result<Tensor<T>, ShapeError> {
        Routine(self).try_apply(x)
    }
}

/// A [`Primitive`] as a [`Pointwise`] operator.
///
/// Were every primitive one by itself, whoever writes a formula could not derive `Clone` for it: some other crate might make a primitive
/// of it too.
///
/// ```
/// use autograd::{Routine, Tensor, ops::Sigmoid};
/// let (x, w) = (Tensor::from([1.0, 2.0]), Tensor::from([[2.0, -1.0]]));
/// assert_eq!(x.linear_then(&w, None, Routine(Sigmoid)).to_vec(), [0.5]);
/// ```
#[derive(Clone, Copy)]
pub struct Routine<P>(pub P);

impl<P: fmt::Debug> fmt::Debug for Routine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Scalar, P: Primitive<T, N>, const N: usize> Pointwise<T, N> for Routine<P> {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, x: [A; N]) -> A {
        self.0.f(x)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, x: [A; N], y: A) -> A {
        self.0.derivative(i, x, y)
    }
    fn keeps(&self, i: usize) -> Keeps {
        self.0.keeps(i)
    }
    fn name(&self) -> String {
        snake_case(type_name::<P>())
    }
}
