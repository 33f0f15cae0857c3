//! Activations that let positive numbers through, and bend or hold back negative ones.

use super::elementary::Sigmoid;
use super::exponential::ExpM1;
use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// `x` above 0, and `s x` for a slope `s` at 0 and below; its derivative is 1 and `s`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::LeakyRelu};
/// let x = Tensor::from([4.0, 0.0, -4.0]).requires_grad();
/// let y = LeakyRelu(0.25).apply([&x]);
/// assert_eq!(y.to_vec(), [4.0, 0.0, -1.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.25, 0.25]);
/// ```
#[derive(Debug)]
pub struct LeakyRelu<T>(
    /// The slope below 0.
    pub T,
);

impl<T: Scalar> Pointwise<T, 1> for LeakyRelu<T> {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.if_positive(x.clone(), A::constant(self.0) * x.clone())
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        x.if_positive(A::one(), A::constant(self.0))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::node("LeakyRelu", &[&x], &[("alpha", self.0.into().into())])
    }
}

/// `c x` above 0, and `c α (e^(x/τ) - 1)` at 0 and below; its derivative is `c` and `c α/τ e^(x/τ)`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Elu};
/// let x = Tensor::from([3.0, 0.0, -1e4]).requires_grad();
/// let y = Elu { alpha: 2.0, scale: 10.0, tau: 4.0 }.apply([&x]);
/// assert_eq!(y.to_vec(), [30.0, 0.0, -20.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [10.0, 5.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Elu<T> {
    /// The limit `α` far below 0, but for the sign and `c`.
    pub alpha: T,
    /// The factor `c` of the whole.
    pub scale: T,
    /// How far below 0 it bends, `τ`.
    pub tau: T,
}

impl<T: Scalar> Elu<T> {
    /// `x / τ` where that is at most 0, so that nothing overflows where the exponential is not taken.
    #[inline(always)]
    fn below<A: Algebra<T>>(&self, x: &A) -> A {
        x.if_positive(A::constant(T::zero()), x.clone() * A::constant(self.tau.recip()))
    }
}

impl<T: Scalar> Pointwise<T, 1> for Elu<T> {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        let below = A::constant(self.alpha) * ExpM1.f([self.below(&x)]);
        A::constant(self.scale) * x.if_positive(x.clone(), below)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let below = A::constant(self.alpha / self.tau) * self.below(&x).exp();
        A::constant(self.scale) * x.if_positive(A::one(), below)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        let [alpha, scale, tau] = [self.alpha, self.scale, self.tau].map(Into::into);
        if tau != 1.0 {
            return self.f([x]);
        }
        let y = Value::node("Elu", &[&x], &[("alpha", alpha.into())]);
        if scale == 1.0 { y } else { Value::number(scale) * y }
    }
}

/// `ln(1 + e^(βx)) / β`, the smooth maximum of `x` and 0, whose derivative is `σ(βx)`; `x` where `βx` is above a threshold.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Softplus};
/// let x = Tensor::from([0.0, 100.0]).requires_grad();
/// let y = Softplus { beta: 2.0, threshold: 20.0 }.apply([&x]);
/// assert_eq!(y.to_vec(), [2.0_f64.ln() / 2.0, 100.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.5, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Softplus<T> {
    /// How sharply it bends, `β`.
    pub beta: T,
    /// From where on it is `x`.
    pub threshold: T,
}

impl<T: Scalar> Primitive<T, 1> for Softplus<T> {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        let s = self.beta * x;
        let bent = (s.max(T::zero()) + (-s.abs()).fast_exp().fast_ln_1p()) / self.beta;
        if s > self.threshold { x } else { bent }
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        let s = A::constant(self.beta) * x;
        let is_beyond = s.clone() - A::constant(self.threshold);
        is_beyond.if_positive(A::one(), Sigmoid.f([s]))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        let [beta, threshold] = [self.beta, self.threshold].map(|x| Value::number(x.into()));
        let s = if self.beta == T::one() { x.clone() } else { beta.clone() * x.clone() };
        let bent = s.then("Softplus");
        let bent = if self.beta == T::one() { bent } else { bent / beta };
        match self.threshold == T::infinity() {
            true => bent,
            false => Value::node("Greater", &[&s, &threshold], &[]).choose(&x, &bent),
        }
    }
}

/// `ln σ(x) = -ln(1 + e⁻ˣ)`, whose derivative is `σ(-x)`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::LogSigmoid};
/// let x = Tensor::from([0.0, -1000.0]).requires_grad();
/// let y = LogSigmoid.apply([&x]);
/// assert_eq!(y.to_vec(), [-2.0_f64.ln(), -1000.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.5, 1.0]);
/// ```
#[derive(Debug)]
pub struct LogSigmoid;

impl<T: Scalar> Pointwise<T, 1> for LogSigmoid {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        -Softplus { beta: T::one(), threshold: T::infinity() }.f([-x])
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        Sigmoid.f([-x])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// Rectifiers, element by element.
impl<T: Scalar> Tensor<T> {
    /// `x` above 0, and `slope x` at 0 and below, with that derivative. Source: A. L. Maas and others, "Rectifier
    /// Nonlinearities Improve Neural Network Acoustic Models", 2013.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([4.0, -4.0]).leaky_relu(0.25).to_vec(), [4.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn leaky_relu(&self, slope: T) -> Self {
        LeakyRelu(slope).apply([self])
    }

    /// `x` above 0, and `α (eˣ - 1)` below. Its derivative at 0 is `α`. Source: D.-A. Clevert and others, "Fast and Accurate
    /// Deep Network Learning by Exponential Linear Units", 2015, arXiv:1511.07289.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([3.0, -100.0]).elu(0.5).to_vec(), [3.0, -0.5]);
    /// ```
    #[track_caller]
    pub fn elu(&self, alpha: T) -> Self {
        Elu { alpha, scale: T::one(), tau: T::one() }.apply([self])
    }

    /// [`elu`](Self::elu) with the factors that keep mean 0 and variance 1 from layer to layer. Source: G. Klambauer and others,
    /// "Self-Normalizing Neural Networks", 2017, arXiv:1706.02515.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 0.0]).selu().to_vec(), [1.0507009873554805, 0.0]);
    /// ```
    #[track_caller]
    pub fn selu(&self) -> Self {
        let (alpha, scale) = (T::of(1.673_263_242_354_377_2), T::of(1.050_700_987_355_480_5));
        Elu { alpha, scale, tau: T::one() }.apply([self])
    }

    /// `x` above 0, and `α (e^(x/α) - 1)` below, so that its derivative is continuous. Source: J. T. Barron, "Continuously
    /// Differentiable Exponential Linear Units", 2017, arXiv:1704.07483.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([3.0, -100.0]).celu(0.5).to_vec(), [3.0, -0.5]);
    /// ```
    ///
    /// # Panics
    /// If `alpha` is 0.
    #[track_caller]
    pub fn celu(&self, alpha: T) -> Self {
        assert!(alpha != T::zero(), "celu: alpha is 0, which it divides by\n  help: `relu` is its limit");
        Elu { alpha, scale: T::one(), tau: alpha }.apply([self])
    }

    /// `ln(1 + e^(βx)) / β`, the smooth maximum of `x` and 0; simply `x` where `βx` is above the threshold. PyTorch's defaults are
    /// 1 and 20; with an infinite threshold it is exact everywhere, and does not overflow either.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([0.0, 1000.0]).softplus(1.0, 20.0);
    /// assert_eq!(y.to_vec(), [2.0_f64.ln(), 1000.0]);
    /// ```
    #[track_caller]
    pub fn softplus(&self, beta: T, threshold: T) -> Self {
        Softplus { beta, threshold }.apply([self])
    }

    /// The logarithm of [`sigmoid`](Self::sigmoid), exact where that underflows to 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1000.0, -1000.0]).log_sigmoid().to_vec(), [0.0, -1000.0]);
    /// ```
    #[track_caller]
    pub fn log_sigmoid(&self) -> Self {
        LogSigmoid.apply([self])
    }
}
