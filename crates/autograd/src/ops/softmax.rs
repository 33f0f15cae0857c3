//! Softmax and its logarithm along an axis.
//!
//! The maximum is subtracted first, which changes nothing but lets nothing overflow:
//!
//! ```text
//! softmax(x)_i = e^(x_i - max) / Σ_j e^(x_j - max)           dx = y (dy - Σ_j dy_j y_j)
//! log_softmax(x)_i = x_i - max - ln Σ_j e^(x_j - max)        dx = dy - e^y Σ_j dy_j
//! ```
//! A lane of nothing but `-inf` has no softmax: it is NaN throughout.

use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::lanes::for_each_lane;
use crate::kernels::reduce::pairwise;
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Softmax along an axis.
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
        for_each_lane(x, x.shape().axis(self.axis).or_panic(), y, |x, y| {
            let (_, sum) = exponentials(x, y);
            y.iter_mut().for_each(|y| *y /= sum);
        });
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let y = call.y();
        &y * (dy - (dy * &y).sum_keepdims(self.axis))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// The logarithm of softmax along an axis.
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
        for_each_lane(x, x.shape().axis(self.axis).or_panic(), y, |x, y| {
            let (max, sum) = exponentials(x, y);
            let log_sum = sum.ln();
            x.iter().zip(y).for_each(|(&x, y)| *y = x - max - log_sum);
        });
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy - call.y().exp() * dy.sum_keepdims(self.axis)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// Writes `e^(x - max)` to `y`; the maximum, and the sum of what was written.
fn exponentials<T: Scalar>(x: &[T], y: &mut [T]) -> (T, T) {
    let max = x.iter().fold(T::neg_infinity(), |max, &x| max.max(x));
    x.iter().zip(&mut *y).for_each(|(&x, y)| *y = (x - max).fast_exp());
    (max, pairwise(y))
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
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Self {
        LogSoftmax { axis }.apply([self])
    }
}
