//! Activations that multiply by a gate between 0 and 1, and the gates that are cut off or bend slowly.

use super::elementary::Sigmoid;
use super::rectifier::Softplus;
use super::special::NormalCdf;
use crate::algebra::Algebra;
use crate::error::{OrPanic, ShapeError};
use crate::onnx::Value;
use crate::op::Keeps;
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

/// `x Φ(x)`, with the distribution function `Φ` of the standard normal distribution and its density `φ`; the derivative is
/// `Φ(x) + x φ(x)`.
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

/// Gates and what they let through, element by element.
impl<T: Scalar> Tensor<T> {
    /// `x Φ(x)`, the Gaussian error linear unit: `x` times the probability that a standard normal number is at most `x`. Source:
    /// D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016, arXiv:1606.08415.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).gelu();
    /// assert!(y.at([0]) == 0.0 && (y.at([1]) - 0.8413447460685429_f64).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn gelu(&self) -> Self {
        Gelu.apply([self])
    }

    /// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`, an approximation of [`gelu`](Self::gelu), for networks that were trained
    /// with it.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([-1.0, 1.0]);
    /// assert!((x.gelu_tanh() - x.gelu()).abs().sum().item() < 4e-4);
    /// ```
    #[track_caller]
    pub fn gelu_tanh(&self) -> Self {
        GeluTanh.apply([self])
    }

    /// `x σ(x)`, also known as swish. Source: S. Elfwing and others, "Sigmoid-Weighted Linear Units for Neural Network Function
    /// Approximation in Reinforcement Learning", 2017, arXiv:1702.03118.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1000.0]).silu().to_vec(), [0.0, 1000.0]);
    /// ```
    #[track_caller]
    pub fn silu(&self) -> Self {
        Silu.apply([self])
    }

    /// `x tanh(ln(1 + eˣ))`. Source: D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019,
    /// arXiv:1908.08681.
    ///
    /// ```
    /// use autograd::Tensor;
    /// // tanh(ln 2) = 3/5 at 0 has no part in the value, but it is the derivative.
    /// let x = Tensor::from([0.0]).requires_grad();
    /// assert!((x.mish().sum().backward()[&x].at([0]) - 0.6_f64).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn mish(&self) -> Self {
        Mish.apply([self])
    }

    /// `(x + 3) / 6`, cut off at 0 and 1. Its derivative at -3 and 3 is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-4.0, 0.0, 4.0]).hardsigmoid().to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn hardsigmoid(&self) -> Self {
        Hardsigmoid.apply([self])
    }

    /// `x` times [`hardsigmoid`](Self::hardsigmoid). Its derivative is 0 at -3 and 1 at 3. Source: A. Howard and others,
    /// "Searching for MobileNetV3", 2019, arXiv:1905.02244.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-4.0, 1.5, 4.0]).hardswish().to_vec(), [0.0, 1.125, 4.0]);
    /// ```
    #[track_caller]
    pub fn hardswish(&self) -> Self {
        Hardswish.apply([self])
    }

    /// `x / (1 + |x|)`, from -1 to 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, -3.0]).softsign().to_vec(), [0.5, -0.75]);
    /// ```
    #[track_caller]
    pub fn softsign(&self) -> Self {
        Softsign.apply([self])
    }

    /// The first half along an axis times the [`sigmoid`](Self::sigmoid) of the second: the gated linear unit. Source: Y. N.
    /// Dauphin and others, "Language Modeling with Gated Convolutional Networks", 2016, arXiv:1612.08083.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[3.0, 4.0, 0.0, 1000.0]]).glu(-1).to_vec(), [1.5, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or its size is odd.
    #[track_caller]
    pub fn glu(&self, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("glu")).or_panic();
        let size = self.dims()[at];
        if size % 2 == 1 {
            let error = ShapeError::new("an axis of odd size has no halves").named("glu");
            let error = error.operand("input", self.shape(), format!("axis {at} is {size}"));
            return Err(
                error.help("one half is gated by the other: make the axis twice as long as the output")
            )
            .or_panic();
        }
        let half = (size / 2) as isize;
        self.slice(axis, ..half) * self.slice(axis, half..).sigmoid()
    }
}
