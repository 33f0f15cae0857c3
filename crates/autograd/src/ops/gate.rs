//! Activations that multiply by a gate between 0 and 1, and the gates that are cut off or bend slowly.

use super::elementary::Sigmoid;
use super::rectifier::Softplus;
use super::special::NormalCdf;
use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

mod methods;

/// `x Φ(x)`, with the distribution function `Φ` of the standard normal distribution and its density `φ`; the derivative is
/// `Φ(x) + x φ(x)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Gelu};
/// let x = Tensor::from([0.0, 10.0]).requires_grad();
/// let y = Gelu.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 10.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.5, 1.0]); // Φ(0) is one half
/// ```
#[derive(Clone, Debug)]
pub struct Gelu;

impl<T: Scalar> Primitive<T, 1> for Gelu {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.fast_gelu()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        NormalCdf.f([x.clone()]) + x.clone() * NormalCdf.derivative(0, [x.clone()], x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.clone() * Primitive::<T, 1>::onnx(&NormalCdf, [x])
    }
}

/// `x σ(u)` with `u = √(8/π) (x + 0.044715 x³)`, close to [`Gelu`]; the derivative is `σ + x σ (1 - σ) u'`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::GeluTanh};
/// let x = Tensor::from([-100.0, 0.0, 100.0]).requires_grad();
/// let y = GeluTanh.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 0.0, 100.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.5, 1.0]);
/// ```
#[derive(Debug)]
pub struct GeluTanh;

/// `√(8/π)` and the coefficient of the cube.
const GELU_TANH: (f64, f64) = (FRAC_2_SQRT_PI * SQRT_2, 0.044715);

/// `σ(u)`.
#[inline(always)]
fn gate_of_gelu_tanh<T: Scalar, A: Algebra<T>>(x: A) -> A {
    let cube = A::number(GELU_TANH.1) * x.powi(3);
    Sigmoid.f([A::number(GELU_TANH.0) * (x + cube)])
}

impl<T: Scalar> Pointwise<T, 1> for GeluTanh {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() * gate_of_gelu_tanh(x)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let gate = gate_of_gelu_tanh(x.clone());
        let bump = gate.clone() * (A::one() - gate.clone());
        // Where the bump has come down to 0, so has its product with `u'`, which may be infinite.
        let x = bump.if_positive(x, A::constant(T::zero()));
        let du = A::number(GELU_TANH.0) * (A::one() + A::number(3.0 * GELU_TANH.1) * x.clone() * x.clone());
        gate + x * bump * du
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `x σ(x)`; the derivative is `σ (1 + x (1 - σ))`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Silu};
/// let x = Tensor::from([0.0, 1000.0]).requires_grad();
/// let y = Silu.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 1000.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.5, 1.0]);
/// ```
#[derive(Debug)]
pub struct Silu;

impl<T: Scalar> Pointwise<T, 1> for Silu {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() * Sigmoid.f([x])
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let gate = Sigmoid.f([x.clone()]);
        gate.clone() * (A::one() + x * (A::one() - gate))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `x t` with `t = tanh(ln(1 + eˣ))`; the derivative is `t + x σ (1 - t²)`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Mish};
/// let x = Tensor::from([-1000.0, 1000.0]).requires_grad();
/// let y = Mish.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 1000.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Mish;

#[inline(always)]
fn gate_of_mish<T: Scalar, A: Algebra<T>>(x: A) -> A {
    Softplus { beta: T::one(), threshold: T::infinity() }.f([x]).tanh()
}

impl<T: Scalar> Pointwise<T, 1> for Mish {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() * gate_of_mish(x)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let gate = gate_of_mish(x.clone());
        gate.clone() + x.clone() * Sigmoid.f([x]) * (A::one() - gate.clone() * gate)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `(x + 3) / 6`, cut off at 0 and 1; the derivative is `1/6` between -3 and 3, and 0 there and beyond.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Hardsigmoid};
/// let x = Tensor::from([-3.0, 0.0, 3.0]).requires_grad();
/// let y = Hardsigmoid.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 0.5, 1.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0 / 6.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Hardsigmoid;

impl Hardsigmoid {
    #[inline(always)]
    fn line<T: Scalar, A: Algebra<T>>(x: A) -> A {
        (x + A::number(3.0)) / A::number(6.0)
    }

    /// `inside` where the line lies between 0 and 1, `above` where it does not lie below 1, and 0 elsewhere.
    #[inline(always)]
    fn choose<T: Scalar, A: Algebra<T>>(line: &A, inside: A, above: A) -> A {
        let rest = A::one() - line.clone();
        line.if_positive(rest.if_positive(inside, above), A::constant(T::zero()))
    }
}

impl<T: Scalar> Pointwise<T, 1> for Hardsigmoid {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        let line = Self::line(x);
        Self::choose(&line, line.clone(), A::one())
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        Self::choose(&Self::line(x), A::number(1.0 / 6.0), A::constant(T::zero()))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::node("HardSigmoid", &[&x], &[("alpha", (1.0 / 6.0).into()), ("beta", 0.5.into())])
    }
}

/// `x h(x)` with [`Hardsigmoid`] `h`; the derivative is `x/3 + 1/2` between -3 and 3, 0 at -3 and below, 1 at 3 and above.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Hardswish};
/// let x = Tensor::from([-3.0, 0.0, 3.0]).requires_grad();
/// let y = Hardswish.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 0.0, 3.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.5, 1.0]);
/// ```
#[derive(Debug)]
pub struct Hardswish;

impl<T: Scalar> Pointwise<T, 1> for Hardswish {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() * Hardsigmoid.f([x])
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let slope = x.clone() / A::number(3.0) + A::number(0.5);
        Hardsigmoid::choose(&Hardsigmoid::line(x), slope, A::one())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `x / (1 + |x|)`; the derivative is `1 / (1 + |x|)²`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Softsign};
/// let x = Tensor::from([0.0, -1.0]).requires_grad();
/// let y = Softsign.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, -0.5]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.25]);
/// ```
#[derive(Debug)]
pub struct Softsign;

impl<T: Scalar> Pointwise<T, 1> for Softsign {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() / (A::one() + x.abs())
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        (A::one() + x.abs()).powi(-2)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Softsign")
    }
}
