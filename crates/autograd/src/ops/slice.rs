//! Parts of axes: slices, forwards and backwards, and what is made of them: splits, chunks, a flip. All are views.

use crate::axes::Axes;
use crate::error::{OrPanic, ShapeError};
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::op::AnyOp;
use crate::ops::view::Viewing;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::ops::{Bound, RangeBounds};

/// Every `step`-th element along an axis.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Slice};
/// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]).requires_grad();
/// let y = Slice { axis: 0, start: 3, len: 2, step: -2 }.apply_to(&[&x]);
/// assert_eq!(y.to_vec(), [4.0, 2.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0, 0.0, 1.0]);
/// ```
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

impl Viewing for Slice {
    fn layout(&self, x: &Layout) -> Result<Layout, ShapeError> {
        x.slice(self.axis, self.start, self.len, self.step)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        sliced(&x[0], x.shape(0), &[*self])
    }
}

/// Some axes, backwards.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Flip, vjp};
/// let flip = |x: [&Tensor<f64>; 1]| Flip { axes: 0.into() }.apply_to(&x);
/// let (y, [dx]) = vjp(flip, [&Tensor::from([1.0, 2.0])], &Tensor::from([10.0, 20.0]));
/// assert_eq!((y.to_vec(), dx.to_vec()), (vec![2.0, 1.0], vec![20.0, 10.0]));
/// ```
#[derive(Clone, Debug)]
pub struct Flip {
    /// The axes.
    pub axes: Axes,
}

impl Viewing for Flip {
    fn layout(&self, x: &Layout) -> Result<Layout, ShapeError> {
        let axes = self.axes.resolve(x.shape())?;
        axes.into_iter().try_fold(x.clone(), |x, axis| {
            let size = x.shape()[axis];
            x.slice(axis, size.saturating_sub(1), size, -1)
        })
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let axes = self.axes.in_onnx(x.shape(0));
        let all = |value| Value::ints(axes.iter().map(|_| value));
        // From the last place to before the first, whatever the size.
        let (last, before_first) = (all(-1), all(i64::MIN));
        Value::node("Slice", &[&x[0], &last, &before_first, &Value::ints(axes.iter().copied()), &last], &[])
    }
}

/// Slices of different axes in ONNX. Whole axes are left out, and an end that is that of the axis is said to be so, whatever its size.
pub(crate) fn sliced(x: &Value, shape: &Shape, slices: &[Slice]) -> Value {
    let parts: Vec<&Slice> =
        slices.iter().filter(|s| s.step < 0 || s.step > 1 || s.start > 0 || s.len < shape[s.axis]).collect();
    if parts.is_empty() {
        return x.clone();
    }
    let start = |s: &Slice| if s.step < 0 && s.start + 1 == shape[s.axis] { -1 } else { s.start as i64 };
    let end = |s: &Slice| {
        let end = s.start as i64 + s.len as i64 * s.step as i64;
        match s.step < 0 {
            _ if s.len == 0 => s.start as i64,
            true if end < 0 => i64::MIN,
            false if end >= shape[s.axis] as i64 => i64::MAX,
            _ => end,
        }
    };
    let list = |f: &dyn Fn(&Slice) -> i64| Value::ints(parts.iter().map(|s| f(s)));
    let [starts, ends] = [list(&start), list(&end)];
    Value::node("Slice", &[x, &starts, &ends, &list(&|s| s.axis as i64), &list(&|s| s.step as i64)], &[])
}

/// The bounds of a range; below 0 they count from the end.
pub(crate) type Bounds = (Bound<isize>, Bound<isize>);

/// Every `step`-th of the elements of an axis that `bounds` names, counted from their last if `step` is negative.
pub(crate) fn resolve(bounds: Bounds, step: isize, axis: usize, shape: &Shape) -> Result<Slice, ShapeError> {
    let size = shape[axis] as isize;
    let from_end = |i: isize| if i < 0 { i + size } else { i };
    let start = match bounds.0 {
        Bound::Included(i) => from_end(i),
        Bound::Excluded(i) => from_end(i).saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match bounds.1 {
        Bound::Included(i) => from_end(i).saturating_add(1),
        Bound::Excluded(i) => from_end(i),
        Bound::Unbounded => size,
    };
    if !(0 <= start && start <= end && end <= size) {
        let problem = format!("{start}..{end} does not lie in axis {axis} of shape {shape}");
        let bounds = format!("the bounds run from 0 to {size}, or from -{size} to -1 counted from the end");
        return Err(ShapeError::new(problem).help(bounds));
    }
    if step == 0 {
        return Err(ShapeError::new(format!("the step along axis {axis} is 0"))
            .help("1 takes every element, -1 every element backwards"));
    }
    let len = ((end - start) as usize).div_ceil(step.unsigned_abs());
    let first = if step < 0 && len > 0 { end - 1 } else { start };
    Ok(Slice { axis, start: first as usize, len, step })
}

/// Parts of axes.
impl<T: Scalar> Tensor<T> {
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
        let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
        resolve(bounds, 1, at, self.shape()).map_err(|e| e.of("slice")).or_panic().apply_to(&[self])
    }

    /// `len` elements of an axis, from `start` on by `step`, which may be negative but not 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice_step(0, 1, 2, 2).to_vec(), [2.0, 4.0]);
    /// assert_eq!(x.slice_step(0, 3, 3, -1).to_vec(), [4.0, 3.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or an element lies outside it.
    #[track_caller]
    pub fn slice_step(&self, axis: isize, start: usize, len: usize, step: isize) -> Self {
        let axis = self.shape().axis(axis).map_err(|e| e.of("slice_step")).or_panic();
        Slice { axis, start, len, step }.try_apply_to(&[self]).map_err(|e| e.named("slice_step")).or_panic()
    }

    /// The parts of an axis of these sizes, one after another.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let parts = Tensor::from([1.0, 2.0, 3.0]).split(&[1, 2], 0);
    /// assert_eq!(parts[1].to_vec(), [2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or the sizes do not add up to its size.
    #[track_caller]
    pub fn split(&self, sizes: &[usize], axis: isize) -> Vec<Self> {
        let at = self.shape().axis(axis).map_err(|e| e.of("split")).or_panic();
        let size = self.shape()[at];
        let sum = sizes.iter().fold(0, |sum: usize, &size| sum.saturating_add(size));
        assert!(
            sum == size,
            "split: the sizes {sizes:?} add up to {sum}, but axis {at} of shape {} is {size}\n  help: `chunk` cuts an axis into equal parts",
            self.shape()
        );
        let mut start = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for &len in sizes {
            parts.push(Slice { axis: at, start, len, step: 1 }.apply_to(&[self]));
            start += len;
        }
        parts
    }

    /// An axis cut into `count` equal parts; where it does not divide, the last is smaller, or there are fewer, as in PyTorch.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let parts = Tensor::from([1.0, 2.0, 3.0]).chunk(2, 0);
    /// assert_eq!((parts[0].to_vec(), parts[1].to_vec()), (vec![1.0, 2.0], vec![3.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or `count` is 0.
    #[doc(alias = "array_split")]
    #[track_caller]
    pub fn chunk(&self, count: usize, axis: isize) -> Vec<Self> {
        let at = self.shape().axis(axis).map_err(|e| e.of("chunk")).or_panic();
        assert!(
            count > 0,
            "chunk: expected at least one part, found 0\n  help: it is the number of parts, not their size"
        );
        let size = self.shape()[at];
        let len = size.div_ceil(count).max(1);
        let starts = (0..size.max(1)).step_by(len);
        let sizes: Vec<usize> = starts.map(|start| len.min(size - start)).collect();
        self.split(&sizes, axis)
    }

    /// The elements along some axes in reverse order. A view.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.flip(-1).to_vec(), [2.0, 1.0, 4.0, 3.0]);
    /// assert_eq!(x.flip(..).to_vec(), [4.0, 3.0, 2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Axes>) -> Self {
        Flip { axes: axes.into() }.apply_to(&[self])
    }
}
