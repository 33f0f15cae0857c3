//! Other ways to look at the same elements: reshape, permute, slice, broadcast. None of them copies, except a reshape
//! that strides cannot express.
//!
//! Each is a linear map that picks elements, and its gradient is the adjoint, which puts them back: the inverse reshape
//! and permutation, a sum for a broadcast, zeros around a slice.

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::op::{AnyOp, Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::ops::{Bound, RangeBounds};

/// The same elements in row-major order under another shape.
#[derive(Debug)]
pub struct Reshape(
    /// The new shape.
    pub Shape,
);

impl<T: Scalar> AnyOp<T> for Reshape {
    fn name(&self) -> String {
        "reshape".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        x[0].reshape(&self.0)
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        give(0, dy.reshape(call.shape(0)));
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// The axes in another order: axis `i` of the result is axis `order[i]` of the input.
#[derive(Debug)]
pub struct Permute(
    /// The order.
    pub Vec<usize>,
);

impl<T: Scalar> AnyOp<T> for Permute {
    fn name(&self) -> String {
        "permute".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        x[0].permute(&self.0)
    }
    fn gradients(&self, _: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let mut inverse = vec![0; self.0.len()];
        for (to, &from) in self.0.iter().enumerate() {
            inverse[from] = to;
        }
        give(0, dy.permute(&inverse));
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Axes of size 1, and missing leading ones, repeated.
#[derive(Debug)]
pub struct BroadcastTo(
    /// The shape to fill.
    pub Shape,
);

impl<T: Scalar> AnyOp<T> for BroadcastTo {
    fn name(&self) -> String {
        "broadcast_to".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        x[0].broadcast_to(&self.0)
    }
    fn gradients(&self, _: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        // The sweep sums over what was stretched.
        give(0, dy);
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Every `step`-th element along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// The axis.
    pub axis: usize,
    /// The first element taken.
    pub start: usize,
    /// How many are taken.
    pub len: usize,
    /// From one to the next; negative walks backwards.
    pub step: isize,
}

impl<T: Scalar> AnyOp<T> for Slice {
    fn name(&self) -> String {
        "slice".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        x[0].slice(self.axis, self.start, self.len, self.step)
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        give(0, Unslice { slice: *self, size: call.shape(0)[self.axis] }.apply([&dy]));
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// The adjoint of [`Slice`]: zeros, with the input where the slice was.
#[derive(Debug)]
pub struct Unslice {
    /// The slice to undo.
    pub slice: Slice,
    /// The size that its axis had.
    pub size: usize,
}

impl<T: Scalar> Op<T, 1> for Unslice {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let Slice { axis, start, len, step } = self.slice;
        if x.dims().get(axis) != Some(&len) {
            return Err(ShapeError::new(format!("axis {axis} is not as long as the slice, {len}"))
                .operand("input", x, ""));
        }
        let whole = x.with(axis, self.size);
        crate::layout::Layout::contiguous(whole.clone()).slice(axis, start, len, step)?;
        Ok(whole)
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        let Slice { axis, start, len, step } = self.slice;
        y.fill(T::zero());
        let whole = crate::layout::Layout::contiguous(x.shape().with(axis, self.size));
        for (place, x) in whole.slice(axis, start, len, step).or_panic().places().zip(x.iter()) {
            y[place] = x;
        }
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        self.slice.apply_to(&[dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Other views of the same elements.
impl<T: Scalar> Tensor<T> {
    /// The same elements in row-major order under another shape of the same size.
    ///
    /// # Panics
    /// If the sizes differ.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if &shape == self.shape() {
            return self.clone();
        }
        Reshape(shape).apply_to(&[self])
    }

    /// A matrix whose rows are the lanes along the last axis, of which there is at least one.
    pub(crate) fn as_rows(&self) -> Self {
        let (rows, last) = self.shape().split_at(self.rank() - 1);
        self.reshape([rows.size(), last[0]])
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this tensor.
    ///
    /// # Panics
    /// If `order` does not name every axis once.
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Self {
        Permute(order.to_vec()).apply_to(&[self])
    }

    /// Two axes exchanged; `-1` is the last.
    ///
    /// # Panics
    /// If an axis is out of range.
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Self {
        let axis = |i| self.shape().axis(i).map_err(|e| e.of("transpose"));
        let mut order: Vec<usize> = (0..self.rank()).collect();
        order.swap(axis(a).or_panic(), axis(b).or_panic());
        self.permute(&order)
    }

    /// The transpose of a matrix, or of each matrix in a batch: the last two axes exchanged.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.t().to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(&self) -> Self {
        self.transpose(-2, -1)
    }

    /// Repeats axes of size 1, and missing leading ones, to fill `shape`.
    ///
    /// # Panics
    /// If the shape does not broadcast to it.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if &shape == self.shape() {
            return self.clone();
        }
        BroadcastTo(shape).apply_to(&[self])
    }

    /// A new axis of size 1 before `axis`; `-1` puts it last.
    ///
    /// # Panics
    /// If `axis` is out of range.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let rank = self.rank() as isize;
        let at = if axis < 0 { axis + rank + 1 } else { axis };
        assert!(
            (0..=rank).contains(&at),
            "unsqueeze: axis {axis} is out of range for shape {}\n  help: the new axis may be {} to {rank}",
            self.shape(),
            -rank - 1
        );
        let (head, tail) = self.shape().split_at(at as usize);
        self.reshape(head.join(&[1]).join(tail.dims()))
    }

    /// The axis, whose size is 1, taken away.
    ///
    /// # Panics
    /// If `axis` is out of range, or its size is not 1.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("squeeze")).or_panic();
        assert!(
            self.shape()[at] == 1,
            "squeeze: axis {axis} of shape {} is {}, not 1\n  help: `slice` takes a part of an axis, `sum_axes` or `mean_axes` reduces it",
            self.shape(),
            self.shape()[at]
        );
        let (head, tail) = self.shape().split_at(at);
        self.reshape(head.join(&tail.dims()[1..]))
    }

    /// The part of an axis that a range names; bounds below 0 count from the end.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice(0, 1..3).to_vec(), [2.0, 3.0]);
    /// assert_eq!(x.slice(0, -2..).to_vec(), [3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or the range not within it.
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl RangeBounds<isize>) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("slice")).or_panic();
        let size = self.shape()[at] as isize;
        let from_end = |i: isize| if i < 0 { i + size } else { i };
        let start = match range.start_bound() {
            Bound::Included(&i) => from_end(i),
            Bound::Excluded(&i) => from_end(i).saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&i) => from_end(i).saturating_add(1),
            Bound::Excluded(&i) => from_end(i),
            Bound::Unbounded => size,
        };
        let inside = 0 <= start && start <= end && end <= size;
        assert!(
            inside,
            "slice: {start}..{end} does not lie in axis {at} of shape {}\n  help: the bounds run from 0 to {size}, or from -{size} to -1 counted from the end",
            self.shape()
        );
        Slice { axis: at, start: start as usize, len: (end - start) as usize, step: 1 }.apply_to(&[self])
    }

    /// `len` elements of an axis, from `start` on by `step`, which may be negative but not 0.
    ///
    /// # Panics
    /// If the axis is out of range, or an element lies outside it.
    #[track_caller]
    pub fn slice_step(&self, axis: isize, start: usize, len: usize, step: isize) -> Self {
        let axis = self.shape().axis(axis).map_err(|e| e.of("slice")).or_panic();
        Slice { axis, start, len, step }.apply_to(&[self])
    }
}
