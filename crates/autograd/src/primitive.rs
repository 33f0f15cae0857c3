//! Functions that no formula of an [`Algebra`] gives: the tangent, the error function, a power.
//!
//! Such a function is a leaf of mathematics. Its value is computed by a routine, and its derivative is a formula, in which it
//! may occur itself, as in `tan' = 1 + tan²`. So it has derivatives of any order, and it can be used in other formulas.

use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::{Keeps, NO_FORM};
use crate::pointwise::Pointwise;
use crate::scalar::Scalar;
use std::fmt;

/// A function of `N` numbers whose value a routine computes, and whose derivative is a formula.
///
/// It is a [`Pointwise`] operator, and [`Pointwise::f`] is how another formula calls it.
///
/// # Example
/// The inverse hyperbolic sine, `asinh' = 1 / √(1 + x²)`, and its square, which is a formula:
///
/// ```
/// use autograd::{Algebra, Pointwise, Primitive, Scalar, Tensor};
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
/// }
///
/// #[derive(Debug)]
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
}

impl<T: Scalar, P: Primitive<T, N>, const N: usize> Pointwise<T, N> for P {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, x: [A; N]) -> A {
        A::primitive(self, x)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, x: [A; N], y: A) -> A {
        self.derivative(i, x, y)
    }
    fn keeps(&self, i: usize) -> Keeps {
        Primitive::keeps(self, i)
    }
}
