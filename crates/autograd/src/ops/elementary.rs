//! Elementary functions and activations: a formula and its derivative each.

use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;

mod methods;

/// `eˣ`, its own derivative.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Exp};
/// let x = Tensor::scalar(0.0).requires_grad();
/// let y = Exp.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (1.0, 1.0));
/// ```
#[derive(Debug)]
pub struct Exp;

impl<T: Scalar> Pointwise<T, 1> for Exp {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.exp()
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        y
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// The natural logarithm; `(ln x)' = 1 / x`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Ln};
/// let x = Tensor::from([1.0, 4.0]).requires_grad();
/// let y = Ln.apply([&x]);
/// assert_eq!(y.at([0]), 0.0);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.25]);
/// ```
#[derive(Debug)]
pub struct Ln;

impl<T: Scalar> Pointwise<T, 1> for Ln {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.ln()
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::one() / x
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `√x`; `(√x)' = 1 / (2 √x)`, infinite at 0.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Sqrt};
/// let x = Tensor::from([4.0, 0.0]).requires_grad();
/// let y = Sqrt.apply([&x]);
/// assert_eq!(y.to_vec(), [2.0, 0.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.25, f64::INFINITY]);
/// ```
#[derive(Debug)]
pub struct Sqrt;

impl<T: Scalar> Pointwise<T, 1> for Sqrt {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.sqrt()
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        A::constant(T::of(0.5)) / y
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// `xⁿ` for a whole exponent; `(xⁿ)' = n xⁿ⁻¹`, and 0 everywhere for `n = 0`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Powi};
/// let x = Tensor::scalar(2.0).requires_grad();
/// let y = Powi(3).apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (8.0, 12.0));
/// ```
#[derive(Debug)]
pub struct Powi(
    /// The exponent.
    pub i32,
);

impl<T: Scalar> Pointwise<T, 1> for Powi {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.powi(self.0)
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        match self.0 {
            0 => A::constant(T::zero()),
            n => A::constant(T::of(n.into())) * x.powi(n.saturating_sub(1)),
        }
    }
    fn keeps(&self, _: usize) -> Keeps {
        if self.0 == 0 { Keeps::NONE } else { Keeps::x(0) }
    }
}

/// The sine, whose derivative is the cosine.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Sin};
/// let x = Tensor::from([0.0, std::f64::consts::PI]).requires_grad();
/// let y = Sin.apply([&x]);
/// assert_eq!(y.at([0]), 0.0);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, -1.0]);
/// ```
#[derive(Debug)]
pub struct Sin;

impl<T: Scalar> Pointwise<T, 1> for Sin {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.sin()
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        x.cos()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// The cosine, whose derivative is minus the sine.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Cos};
/// let x = Tensor::from([0.0, std::f64::consts::FRAC_PI_2]).requires_grad();
/// let y = Cos.apply([&x]);
/// assert_eq!(y.at([0]), 1.0);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, -1.0]);
/// ```
#[derive(Debug)]
pub struct Cos;

impl<T: Scalar> Pointwise<T, 1> for Cos {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.cos()
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        -x.sin()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// The absolute value; its derivative is the sign, and 0 at 0.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Abs};
/// let x = Tensor::from([-2.0, 0.0, 3.0]).requires_grad();
/// let y = Abs.apply([&x]);
/// assert_eq!(y.to_vec(), [2.0, 0.0, 3.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [-1.0, 0.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Abs;

impl<T: Scalar> Pointwise<T, 1> for Abs {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.abs()
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let zero = || A::constant(T::zero());
        x.if_positive(A::one(), zero()) - (-x).if_positive(A::one(), zero())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// The hyperbolic tangent; `tanh' = 1 - tanh²`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Tanh};
/// let x = Tensor::scalar(2.0_f64.ln()).requires_grad();
/// let y = Tanh.apply([&x]); // (2 - 1/2) / (2 + 1/2) = 3/5
/// assert!((y.item() - 0.6).abs() < 1e-15 && (y.backward()[&x].item() - 0.64).abs() < 1e-15);
/// ```
#[derive(Debug)]
pub struct Tanh;

impl<T: Scalar> Pointwise<T, 1> for Tanh {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.tanh()
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        A::one() - y.clone() * y
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// The logistic sigmoid `σ(x) = 1 / (1 + e⁻ˣ)`; `σ' = σ (1 - σ)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Sigmoid};
/// let x = Tensor::scalar(0.0).requires_grad();
/// let y = Sigmoid.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (0.5, 0.25));
/// ```
#[derive(Clone, Debug)]
pub struct Sigmoid;

impl<T: Scalar> Primitive<T, 1> for Sigmoid {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.fast_sigmoid()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        y.clone() * (A::one() - y)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Sigmoid")
    }
}

/// `max(x, 0)`; its derivative is 1 above 0, and 0 at 0 and below. NaN stays NaN.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Relu};
/// let x = Tensor::from([-1.0, 0.0, 2.0]).requires_grad();
/// let y = Relu.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 0.0, 2.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Relu;

impl<T: Scalar> Pointwise<T, 1> for Relu {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.if_positive(x.clone(), A::constant(T::zero()))
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        y.if_positive(A::one(), A::constant(T::zero()))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Relu")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::Number;
    use crate::dual::Dual;
    use crate::ops::{
        Elu, GeluTanh, Hardsigmoid, Hardswish, LeakyRelu, LogSigmoid, Mish, Recip, Rsqrt, Silu, Softsign,
        Square,
    };
    use crate::tensor::Tensor;

    /// `df` is the derivative of `f`, worked out by dual numbers, to rounding.
    fn agrees(formula: impl Pointwise<f64, 1>, at: &[f64]) {
        for &x in at {
            let y = formula.f([Number(x)]);
            let expected = formula.f([Dual::variable(x)]).slope;
            let found = formula.df(0, [Number(x)], y).0;
            assert!(
                (found - expected).abs() <= 1e-14 * (1.0 + expected.abs()),
                "{formula:?} at {x}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn derivatives_equal_those_of_dual_numbers() {
        let everywhere = [-3.5, -1.0, -0.25, 0.0, 0.5, 2.0];
        let positive = [0.1, 0.5, 1.0, 7.0];
        agrees(Exp, &everywhere);
        agrees(Ln, &positive);
        agrees(Sqrt, &positive);
        (0..4).for_each(|n| agrees(Powi(n), &everywhere));
        (-3..0).for_each(|n| agrees(Powi(n), &positive));
        agrees(Sin, &everywhere);
        agrees(Cos, &everywhere);
        agrees(Abs, &everywhere);
        agrees(Tanh, &everywhere);
        agrees(Relu, &everywhere);
        agrees(Recip, &positive);
        agrees(Square, &everywhere);
        agrees(Rsqrt, &positive);
        agrees(LeakyRelu(0.1), &everywhere);
        agrees(Elu { alpha: 0.7, scale: 1.3, tau: 0.4 }, &everywhere);
        agrees(LogSigmoid, &everywhere);
        agrees(GeluTanh, &everywhere);
        agrees(Silu, &everywhere);
        agrees(Mish, &everywhere);
        agrees(Hardsigmoid, &everywhere);
        agrees(Hardswish, &everywhere);
        agrees(Softsign, &everywhere);
    }

    #[test]
    fn nothing_is_swallowed_and_nothing_overflows() {
        let x = Tensor::from([f32::NAN, -1e4, 1e4, f32::NEG_INFINITY]).requires_grad();
        let values = |y: &Tensor| y.to_vec()[1..].to_vec();
        assert!(x.relu().to_vec()[0].is_nan() && x.sigmoid().to_vec()[0].is_nan());
        assert_eq!(values(&x.sigmoid()), [0.0, 1.0, 0.0]);
        let tail = Tensor::scalar(-100.0_f32).sigmoid().item();
        assert!((f64::from(tail) - (-100.0_f64).exp()).abs() < f64::from(f32::from_bits(1)), "{tail:e}");
        assert_eq!(values(&x.tanh()), [-1.0, 1.0, -1.0]);
        assert_eq!(values(&x.relu()), [0.0, 1e4, 0.0]);
        assert_eq!(values(&x.sigmoid().sum().backward()[&x]), [0.0, 0.0, 0.0]);
    }
}
