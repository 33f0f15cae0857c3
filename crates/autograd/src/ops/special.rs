//! The error function and the normal distribution; the gamma function's logarithm and its derivatives.

use crate::algebra::Algebra;
use crate::kernels::special;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

/// The error function `erf x = 2/√π ∫₀ˣ e^(-t²) dt`; `erf' x = 2/√π e^(-x²)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Erf};
/// let x = Tensor::scalar(0.0).requires_grad();
/// let y = Erf.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (0.0, std::f64::consts::FRAC_2_SQRT_PI));
/// ```
#[derive(Clone, Debug)]
pub struct Erf;

impl<T: Scalar> Primitive<T, 1> for Erf {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.fast_erf()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::number(FRAC_2_SQRT_PI) * (-(x.clone() * x)).exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Erf")
    }
}

/// `erfc x = 1 - erf x`; `erfc' x = -2/√π e^(-x²)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Erfc};
/// let x = Tensor::scalar(0.0).requires_grad();
/// let y = Erfc.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (1.0, -std::f64::consts::FRAC_2_SQRT_PI));
/// ```
#[derive(Clone, Debug)]
pub struct Erfc;

impl<T: Scalar> Primitive<T, 1> for Erfc {
    fn value(&self, [x]: [T; 1]) -> T {
        T::of(libm::erfc(x.into()))
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::number(-FRAC_2_SQRT_PI) * (-(x.clone() * x)).exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::number(1.0) - x.then("Erf")
    }
}

/// The distribution function of the standard normal distribution, `Φ(x) = erfc(-x/√2) / 2`; its derivative is the density
/// `e^(-x²/2) / √2π`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::NormalCdf};
/// let x = Tensor::scalar(0.0).requires_grad();
/// let y = NormalCdf.apply([&x]);
/// assert_eq!(y.item(), 0.5);
/// assert!((y.backward()[&x].item() - 1.0 / (2.0 * std::f64::consts::PI).sqrt()).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct NormalCdf;

impl<T: Scalar> Primitive<T, 1> for NormalCdf {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.fast_normal_cdf()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        // 1/√2π = (2/√π) / (2√2)
        A::number(FRAC_2_SQRT_PI / (2.0 * SQRT_2)) * (A::number(-0.5) * x.clone() * x).exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::number(0.5) * ((x / Value::number(SQRT_2)).then("Erf") + Value::number(1.0))
    }
}

/// `ln |Γ(x)|`, whose derivative is the digamma function.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Lgamma};
/// let x = Tensor::scalar(1.0).requires_grad();
/// let y = Lgamma.apply([&x]); // Γ(1) = 1, and ψ(1) is minus Euler's constant
/// assert_eq!(y.item(), 0.0);
/// assert!((y.backward()[&x].item() + 0.577_215_664_901_532_9_f64).abs() < 1e-14);
/// ```
#[derive(Clone, Debug)]
pub struct Lgamma;

impl<T: Scalar> Primitive<T, 1> for Lgamma {
    fn value(&self, [x]: [T; 1]) -> T {
        T::of(libm::lgamma(x.into()))
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, x: [A; 1], _: A) -> A {
        Polygamma(0).f(x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `ψₙ(x)`, derivative `n + 1` of `ln Γ(x)`, and thereby the derivative of `ψₙ₋₁`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Polygamma};
/// let x = Tensor::scalar(1.0).requires_grad();
/// let slope = Polygamma(0).apply([&x]).backward()[&x].item(); // ψ₁(1) = 1 + 1/2² + 1/3² + ..
/// assert!((slope - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
/// ```
#[derive(Clone, Debug)]
pub struct Polygamma(
    /// The order; 0 is the digamma function.
    pub u32,
);

impl<T: Scalar> Primitive<T, 1> for Polygamma {
    fn value(&self, [x]: [T; 1]) -> T {
        T::of(special::polygamma(self.0, x.into()))
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, x: [A; 1], _: A) -> A {
        Polygamma(self.0.saturating_add(1)).f(x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// Special functions, element by element.
impl<T: Scalar> Tensor<T> {
    /// The error function `2/√π ∫₀ˣ e^(-t²) dt`, from -1 to 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 10.0]).erf().to_vec(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn erf(&self) -> Self {
        Erf.apply([self])
    }

    /// `1 - erf x`, exact where `erf x` is nearly 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([0.0, 10.0]).erfc();
    /// assert!(y.at([0]) == 1.0 && (y.at([1]) / 2.088487583762545e-45 - 1.0_f64).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn erfc(&self) -> Self {
        Erfc.apply([self])
    }

    /// The probability `Φ(x)` that a standard normal number is at most `x`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, f64::INFINITY]).normal_cdf().to_vec(), [0.5, 1.0]);
    /// ```
    #[track_caller]
    pub fn normal_cdf(&self) -> Self {
        NormalCdf.apply([self])
    }

    /// The logarithm of the absolute value of the gamma function, infinite at 0 and all negative whole numbers.
    ///
    /// ```
    /// use autograd::Tensor;
    /// // Γ(5) = 4!
    /// assert!((Tensor::scalar(5.0).lgamma().item() - 24.0_f64.ln()).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn lgamma(&self) -> Self {
        Lgamma.apply([self])
    }

    /// The digamma function `ψ(x)`, the derivative of [`lgamma`](Self::lgamma): infinite at 0, with the opposite sign of that
    /// zero, and NaN at all negative whole numbers.
    ///
    /// ```
    /// use autograd::Tensor;
    /// // ψ(x + 1) = ψ(x) + 1 / x
    /// let y = Tensor::from([0.25, 1.25]).digamma();
    /// assert!((y.at([1]) - y.at([0]) - 4.0_f64).abs() < 1e-14);
    /// ```
    #[track_caller]
    pub fn digamma(&self) -> Self {
        Polygamma(0).apply([self])
    }

    /// The polygamma function `ψₙ(x)`, derivative `n` of [`digamma`](Self::digamma).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y: f64 = Tensor::scalar(1.0).polygamma(1).item();
    /// assert!((y - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the order is above 1000.
    #[track_caller]
    pub fn polygamma(&self, n: u32) -> Self {
        assert!(
            n <= 1000,
            "polygamma: expected an order of at most 1000, found {n}\n  help: `polygamma(n)` is derivative n of `digamma`; was another argument meant?"
        );
        Polygamma(n).apply([self])
    }
}
