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
use crate::kernels::lanes::for_each_lane;
use crate::kernels::softmax::{Of, rows};
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use smallvec::SmallVec;

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
        along(Of::Softmax, x, self.axis, y);
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
        along(Of::LogSoftmax, x, self.axis, y);
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy - call.y().exp() * dy.sum_keepdims(self.axis)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// Softmax or its logarithm along an axis.
fn along<T: Scalar>(of: Of, x: View<'_, T>, axis: isize, y: &mut [T]) {
    let axis = x.shape().axis(axis).or_panic();
    match x.shape()[axis] {
        0 => {}
        // Nothing lies between the elements of a lane.
        n if x.shape().dims()[axis + 1..].iter().all(|&dim| dim == 1) => rows(of, &x.contiguous(), n, y),
        n => for_each_lane(x, axis, y, |x, y| rows(of, x, n, y)),
    }
}

/// The logarithm of the sum of the exponentials along the last axis, which disappears.
#[derive(Debug)]
pub struct LogSumExp;

impl<T: Scalar> Op<T, 1> for LogSumExp {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let last = x.axis(-1)?;
        Ok(Shape::from(&x.dims()[..last]))
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        match x.shape().dims().last() {
            None | Some(0) => y.fill(T::neg_infinity()),
            Some(&n) => rows(Of::LogSumExp, &x.contiguous(), n, y),
        }
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy.unsqueeze(-1) * (call.x(0) - call.y().unsqueeze(-1)).exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::y()
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
        let axis = self.shape().axis(axis).map_err(|e| e.of("logsumexp")).or_panic();
        let order: SmallVec<[usize; 4]> = (0..self.rank()).filter(|&a| a != axis).chain([axis]).collect();
        LogSumExp.apply([&self.permute(&order)])
    }
}
