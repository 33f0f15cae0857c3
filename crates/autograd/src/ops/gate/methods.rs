//! Gates and what they let through, as methods of tensors.

use super::{Gelu, GeluTanh, Hardsigmoid, Hardswish, Mish, Silu, Softsign};
use crate::error::{OrPanic, ShapeError};
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

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
