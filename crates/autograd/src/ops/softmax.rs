//! Softmax along an axis, its logarithm, and the logarithm of a sum of exponentials.
//!
//! ```text
//! softmax(x)_i = e^x_i / Σ_j e^x_j                           dx = y (dy - Σ_j dy_j y_j)
//! log_softmax(x)_i = x_i - ln Σ_j e^x_j                      dx = dy - e^y Σ_j dy_j
//! log_sum_exp(x) = ln Σ_j e^x_j                              dx = dy e^(x - y)
//! ```
//! The maximum is subtracted first, which changes nothing but lets nothing overflow. A lane of nothing but `-inf` has no
//! softmax: it is NaN throughout.

use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::reduce::remaining;
use crate::kernels::softmax::{self, Of};
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::ops::lanes::extent;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Softmax along an axis.
///
/// ```
/// use autograd::{Op, Tensor, ops::Softmax, vjp};
/// let softmax = |x: [&Tensor<f64>; 1]| Softmax { axis: -1 }.apply(x);
/// let (y, [dx]) = vjp(softmax, [&Tensor::from([0.0, 0.0])], &Tensor::from([1.0, 0.0]));
/// assert_eq!((y.to_vec(), dx.to_vec()), (vec![0.5, 0.5], vec![0.25, -0.25]));
/// ```
#[derive(Debug)]
pub struct Softmax {
    /// The axis; `-1` is the last.
    pub axis: isize,
}

impl<T: Scalar> Op<T, 1> for Softmax {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        x.axis(self.axis).map(|_| x.clone())
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        along(Of::Softmax, x, self.axis, y);
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        if !call.recorded() {
            return backward_along(Of::Softmax, self.axis, &call.y(), dy);
        }
        let y = call.y();
        &y * (dy - (dy * &y).sum_keepdims(self.axis))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        Value::node("Softmax", &[&x[0]], &[("axis", (self.axis as i64).into())])
    }
}

/// The logarithm of softmax along an axis.
///
/// ```
/// use autograd::{Op, Tensor, ops::LogSoftmax, vjp};
/// let log_softmax = |x: [&Tensor<f64>; 1]| LogSoftmax { axis: -1 }.apply(x);
/// let (y, [dx]) = vjp(log_softmax, [&Tensor::from([0.0, 0.0])], &Tensor::from([1.0, 0.0]));
/// assert_eq!(y.to_vec(), [-2.0_f64.ln(); 2]);
/// assert!((dx - Tensor::from([0.5, -0.5])).abs().max().item() < 1e-15);
/// ```
#[derive(Debug)]
pub struct LogSoftmax {
    /// The axis; `-1` is the last.
    pub axis: isize,
}

impl<T: Scalar> Op<T, 1> for LogSoftmax {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        x.axis(self.axis).map(|_| x.clone())
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        along(Of::LogSoftmax, x, self.axis, y);
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        if !call.recorded() {
            return backward_along(Of::LogSoftmax, self.axis, &call.y(), dy);
        }
        dy - call.y().exp() * dy.sum_keepdims(self.axis)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        Value::node("LogSoftmax", &[&x[0]], &[("axis", (self.axis as i64).into())])
    }
}

/// Softmax, its logarithm, or that of the sum, along an axis.
fn along<T: Scalar>(of: Of, x: View<'_, T>, axis: isize, y: &mut [T]) {
    let (n, apart) = lanes(x.shape(), axis);
    if n > 0 && !y.is_empty() {
        softmax::forward(of, &x.contiguous(), n, apart, y);
    }
}

/// The gradient of softmax or its logarithm in one pass, from its value and the cotangent.
fn backward_along<T: Scalar>(of: Of, axis: isize, y: &Tensor<T>, dy: &Tensor<T>) -> Tensor<T> {
    let (n, apart) = lanes(y.shape(), axis);
    let (y, dy_lanes) = (y.array().view().contiguous(), dy.array().view().contiguous());
    Tensor::build(dy.shape(), |dx| {
        if !dx.is_empty() {
            softmax::backward(of, &y, &dy_lanes, n, apart, dx);
        }
    })
}

/// The lanes along an axis, which is known to be there.
fn lanes(shape: &Shape, axis: isize) -> (usize, usize) {
    extent(shape, shape.axis(axis).or_panic())
}

/// The logarithm of the sum of the exponentials along an axis, which disappears.
///
/// ```
/// use autograd::{Op, Tensor, ops::LogSumExp};
/// let x = Tensor::from([0.0, 0.0]).requires_grad();
/// let y = LogSumExp { axis: -1 }.apply([&x]);
/// assert_eq!(y.item(), 2.0_f64.ln());
/// let dx = &y.backward()[&x]; // softmax
/// assert!((dx - 0.5).abs().max().item() < 1e-15);
/// ```
#[derive(Debug)]
pub struct LogSumExp {
    /// The axis; `-1` is the last.
    pub axis: isize,
}

impl<T: Scalar> Op<T, 1> for LogSumExp {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        Ok(remaining(x, &[x.axis(self.axis)?], false))
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        if x.shape().size() == 0 {
            return y.fill(T::neg_infinity());
        }
        along(Of::LogSumExp, x, self.axis, y);
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy.unsqueeze(self.axis) * (call.x(0) - call.y().unsqueeze(self.axis)).exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::y()
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let attributes = [("axes", vec![self.axis as i64].into()), ("keepdims", 0.into())];
        Value::node("ReduceLogSumExp", &[&x[0]], &attributes)
    }
}

/// Softmax.
impl<T: Scalar> Tensor<T> {
    /// Softmax along an axis, `-1` being the last: positive numbers that sum to 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1000.0, 1000.0]).softmax(-1).to_vec(), [0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Self {
        Softmax { axis }.apply([self])
    }

    /// The logarithm of [`softmax`](Self::softmax), exact where that underflows to 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1000.0]).log_softmax(-1).to_vec(), [-1000.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Self {
        LogSoftmax { axis }.apply([self])
    }

    /// The logarithm of the sum of the exponentials along an axis, which disappears: `ln Σ eˣ`, the smooth maximum. It
    /// neither overflows nor underflows; of nothing it is `-inf`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logsumexp(-1);
    /// assert_eq!(y.item(), 1000.0 + 2.0_f64.ln());
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn logsumexp(&self, axis: isize) -> Self {
        LogSumExp { axis }.apply([self])
    }
}
