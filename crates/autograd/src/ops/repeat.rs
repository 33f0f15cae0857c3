//! Tensors repeated: a broadcast along new axes, merged with those that are there.

use crate::error::OrPanic;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Repeating.
impl<T: Scalar> Tensor<T> {
    /// This tensor, laid side by side so many times along each axis, missing leading ones being 1: NumPy's `tile`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat([2]).to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.repeat([3, 1]).dims(), [3, 2]);
    /// ```
    ///
    /// # Panics
    /// If there is no memory for the result.
    #[doc(alias = "tile")]
    #[track_caller]
    pub fn repeat(&self, counts: impl Into<Shape>) -> Self {
        let counts = counts.into();
        let rank = self.rank().max(counts.rank());
        let aligned =
            |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |axis| dims[axis]);
        let pair = |axis| (aligned(counts.dims(), axis), aligned(self.dims(), axis));
        let apart: Shape = (0..rank).flat_map(|axis| [1, pair(axis).1]).collect();
        let filled: Shape = (0..rank).flat_map(|axis| [pair(axis).0, pair(axis).1]).collect();
        filled.try_size().map_err(|e| e.of("repeat")).or_panic();
        let shape: Shape = (0..rank).map(|axis| pair(axis).0 * pair(axis).1).collect();
        self.reshape(apart).broadcast_to(filled).reshape(shape)
    }

    /// Each entry along an axis, `count` times in a row.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat_interleave(2, 0).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or there is no memory for the result.
    #[track_caller]
    pub fn repeat_interleave(&self, count: usize, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("repeat_interleave")).or_panic();
        let (head, tail) = self.shape().split_at(at + 1);
        let filled = head.clone().join(&[count]).join(tail.dims());
        filled.try_size().map_err(|e| e.of("repeat_interleave")).or_panic();
        let shape = self.shape().with(at, self.shape()[at] * count);
        self.unsqueeze(at as isize + 1).broadcast_to(filled).reshape(shape)
    }
}
