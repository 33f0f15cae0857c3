//! Elementary functions and activations, as methods of tensors.

use super::{Abs, Cos, Exp, Ln, Powi, Relu, Sigmoid, Sin, Sqrt, Tanh};
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Elementary functions, element by element.
impl<T: Scalar> Tensor<T> {
    /// `eˣ`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([0.0, 1.0]).exp();
    /// assert!(y.at([0]) == 1.0 && (y.at([1]) - std::f64::consts::E).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn exp(&self) -> Self {
        Exp.apply([self])
    }

    /// The natural logarithm; NaN below 0, `-inf` at 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 0.0]).ln().to_vec(), [0.0, f64::NEG_INFINITY]);
    /// ```
    #[doc(alias = "log")]
    #[track_caller]
    pub fn ln(&self) -> Self {
        Ln.apply([self])
    }

    /// The square root; NaN below 0. Its derivative at 0 is infinite.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([9.0, 2.25]).sqrt().to_vec(), [3.0, 1.5]);
    /// ```
    #[track_caller]
    pub fn sqrt(&self) -> Self {
        Sqrt.apply([self])
    }

    /// `xⁿ` for a whole exponent, negative ones included.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([2.0, -4.0]).powi(-2).to_vec(), [0.25, 0.0625]);
    /// ```
    #[track_caller]
    pub fn powi(&self, n: i32) -> Self {
        Powi(n).apply([self])
    }

    /// The sine.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, std::f64::consts::FRAC_PI_2]).sin().to_vec(), [0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn sin(&self) -> Self {
        Sin.apply([self])
    }

    /// The cosine.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, std::f64::consts::PI]).cos().to_vec(), [1.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn cos(&self) -> Self {
        Cos.apply([self])
    }

    /// The absolute value. Its derivative at 0 is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-2.5, 3.0]).abs().to_vec(), [2.5, 3.0]);
    /// ```
    #[track_caller]
    pub fn abs(&self) -> Self {
        Abs.apply([self])
    }

    /// The hyperbolic tangent.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1000.0, -1000.0]).tanh().to_vec(), [0.0, 1.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn tanh(&self) -> Self {
        Tanh.apply([self])
    }

    /// The logistic sigmoid `1 / (1 + e⁻ˣ)`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1000.0, -1000.0]).sigmoid().to_vec(), [0.5, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn sigmoid(&self) -> Self {
        Sigmoid.apply([self])
    }

    /// `max(x, 0)`. Its derivative at 0 is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 3.0]).relu().to_vec(), [0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn relu(&self) -> Self {
        Relu.apply([self])
    }
}
