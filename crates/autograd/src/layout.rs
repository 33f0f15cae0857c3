//! How the elements of a tensor lie in a buffer: a shape, a stride for each axis, and where the first one is.
//!
//! The element with index `(i, j, ...)` is at `offset + i * strides[0] + j * strides[1] + ...`. So a transpose swaps
//! two strides, a slice moves the offset, a broadcast is a stride of zero, a reversed axis a negative one; none of them
//! touches the elements.

mod places;

pub use places::Places;

use crate::error::ShapeError;
use crate::per_axis::PerAxis;
use crate::shape::{Shape, Small};
use smallvec::SmallVec;

/// A shape and the strides that lead through a buffer. Strides and offset count elements, not bytes.
///
/// ```
/// use autograd::{Layout, Shape};
/// // A matrix of two rows and three columns, its transpose, and the last column backwards.
/// let rows = Layout::contiguous(Shape::from([2, 3]));
/// assert_eq!((rows.strides(), rows.offset(), rows.is_contiguous()), (&[3, 1][..], 0, true));
/// let transposed = rows.permute(&[1, 0])?;
/// assert_eq!((transposed.shape().dims(), transposed.strides()), (&[3, 2][..], &[1, 3][..]));
/// let column = rows.slice(1, 2, 1, 1)?.slice(0, 1, 2, -1)?;
/// assert_eq!((column.offset(), column.strides(), column.is_contiguous()), (5, &[-3, 1][..], false));
/// assert!(column.places().eq([5, 2]));
/// // A row that is read twice: a stride of 0.
/// assert_eq!(Layout::contiguous([3].into()).broadcast_to(&[2, 3].into())?.strides(), [0, 1]);
/// # Ok::<(), autograd::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    shape: Shape,
    strides: PerAxis<isize>,
    offset: usize,
    /// What the strides say; it is asked again and again.
    is_contiguous: bool,
}

impl Layout {
    /// Row-major: the last axis is contiguous, and nothing lies between the elements.
    #[inline]
    pub fn contiguous(shape: Shape) -> Self {
        let strides = shape.row_major_strides();
        Layout { shape, strides, offset: 0, is_contiguous: true }
    }

    fn new(shape: Shape, strides: PerAxis<isize>, offset: usize) -> Self {
        let is_contiguous = is_row_major(shape.dims(), &strides);
        Layout { shape, strides, offset, is_contiguous }
    }

    /// The shape.
    #[inline]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The number of elements, which is known not to overflow.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.shape.dims().iter().product()
    }

    /// The step from one index to the next, an axis each, in elements.
    #[inline]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Where the element with index zero on every axis lies.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether the elements follow each other in row-major order, without a gap.
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        self.is_contiguous
    }

    /// Repeats axes of size 1, and missing leading axes, by a stride of zero.
    ///
    /// # Errors
    /// If a size differs that is not 1, or the target has fewer axes.
    pub fn broadcast_to(&self, target: &Shape) -> Result<Layout, ShapeError> {
        target.try_size()?;
        let fits = Shape::broadcast(&[&self.shape, target]).is_ok_and(|joint| joint == *target);
        if !fits {
            return Err(ShapeError::new("the shape does not broadcast to the target")
                .operand("from", &self.shape, "")
                .operand("to", target, "")
                .help(
                    "aligned at the last axis, each size must be equal or 1 in the shape that is stretched",
                ));
        }
        Ok(Layout::new(target.clone(), PerAxis::from(&self.strides_in(target)[..]), self.offset))
    }

    /// The strides of this layout when read with the shape `target`, which it is known to broadcast to.
    #[inline]
    pub(crate) fn strides_in(&self, target: &Shape) -> Small<isize> {
        let skip = target.rank() - self.shape.rank();
        let mut strides = SmallVec::from_elem(0, target.rank());
        for (axis, &dim) in self.shape.dims().iter().enumerate() {
            if dim != 1 {
                strides[skip + axis] = self.strides[axis];
            }
        }
        strides
    }

    /// Axis `i` of the result is axis `order[i]` of this layout.
    ///
    /// # Errors
    /// If `order` does not name every axis once.
    pub fn permute(&self, order: &[usize]) -> Result<Layout, ShapeError> {
        let mut seen: Small<bool> = SmallVec::from_elem(false, self.shape.rank());
        let is_permutation = order.len() == seen.len()
            && order.iter().all(|&axis| seen.get_mut(axis).is_some_and(|s| !std::mem::replace(s, true)));
        if !is_permutation {
            let axes: Vec<usize> = (0..self.shape.rank()).collect();
            return Err(ShapeError::new(format!("the order {order:?} does not name every axis once"))
                .operand("shape", &self.shape, "")
                .help(format!("give the axes {axes:?} in some order")));
        }
        let shape = order.iter().map(|&axis| self.shape[axis]).collect();
        Ok(Layout::new(shape, order.iter().map(|&axis| self.strides[axis]).collect(), self.offset))
    }

    /// Every `step`-th element of `axis` from `start` on, `len` of them; a negative step walks backwards.
    ///
    /// # Errors
    /// If there is no such axis, or an element lies outside it.
    pub fn slice(&self, axis: usize, start: usize, len: usize, step: isize) -> Result<Layout, ShapeError> {
        let Some(&dim) = self.shape.dims().get(axis) else {
            return Err(ShapeError::new(format!("there is no axis {axis}")).operand(
                "shape",
                &self.shape,
                "",
            ));
        };
        let last = (len.min(dim) as isize - 1).checked_mul(step).and_then(|l| l.checked_add(start as isize));
        let ends_inside = len == 0 || start < dim && last.is_some_and(|l| (0..dim as isize).contains(&l));
        if !ends_inside || step == 0 || start > dim || len > dim {
            return Err(ShapeError::new(format!(
                "{len} elements from {start} by steps of {step} do not lie in axis {axis}"
            ))
            .operand("shape", &self.shape, format!("axis {axis} is {dim}"))
            .help("`start`, and `start + (len - 1) * step`, must be below the size; the step is not 0"));
        }
        let (mut strides, mut offset) = (self.strides.clone(), self.offset);
        // Where there are no elements there is no first one, and the buffer may be shorter than `start`.
        if len > 0 && self.shape.size() > 0 {
            offset = (self.offset as isize + start as isize * self.strides[axis]) as usize;
        }
        if len > 1 {
            strides[axis] *= step;
        }
        Ok(Layout::new(self.shape.with(axis, len), strides, offset))
    }

    /// Without `axis`, whose size is 1.
    pub(crate) fn without(self, axis: usize) -> Layout {
        let (head, tail) = self.shape.split_at(axis);
        let strides = self.strides.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &stride)| stride);
        Layout::new(head.join(&tail.dims()[1..]), strides.collect(), self.offset)
    }

    /// With an axis of this size and stride before `axis`.
    fn with(self, axis: usize, size: usize, stride: isize) -> Layout {
        let (head, tail) = self.shape.split_at(axis);
        let (before, behind) = self.strides.split_at(axis);
        let strides = before.iter().chain([&stride]).chain(behind).copied();
        Layout::new(head.join(&[size]).join(tail.dims()), strides.collect(), self.offset)
    }

    /// With a new axis of size 1 before `axis`.
    pub(crate) fn with_new(self, axis: usize) -> Layout {
        self.with(axis, 1, 0)
    }

    /// The elements with index `i` on axis `a` and `i + offset` on axis `b`, for every `i` for which there are any: these axes
    /// give way to a last one.
    ///
    /// # Errors
    /// If the axes are the same.
    pub(crate) fn diagonal(&self, offset: isize, a: usize, b: usize) -> Result<Layout, ShapeError> {
        if a == b {
            return Err(ShapeError::new(format!("axis {a} is named twice"))
                .operand("shape", &self.shape, "")
                .help("a diagonal lies between two axes"));
        }
        let below = if offset < 0 { offset.unsigned_abs() } else { 0 }.min(self.shape[a]);
        let beside = offset.max(0).unsigned_abs().min(self.shape[b]);
        let len = (self.shape[a] - below).min(self.shape[b] - beside);
        let layout = self.slice(a, below, len, 1)?.slice(b, beside, len, 1)?;
        let step = layout.strides[a] + layout.strides[b];
        let layout = layout.slice(a, 0, len.min(1), 1)?.slice(b, 0, len.min(1), 1)?;
        let rank = self.shape.rank() - 2;
        Ok(layout.without(a.max(b)).without(a.min(b)).with(rank, len, step))
    }

    /// Windows of `size` neighbours along `axis`, which then counts the windows, each `step` after the one before; a new last
    /// axis leads through a window. Windows may overlap.
    ///
    /// # Errors
    /// If the axis is shorter than a window, or `size` or `step` is 0.
    pub(crate) fn windows(&self, axis: usize, size: usize, step: usize) -> Result<Layout, ShapeError> {
        let dim = self.shape[axis];
        if size == 0 || size > dim || step == 0 {
            return Err(ShapeError::new(format!("there are no windows of {size} by steps of {step}"))
                .operand("shape", &self.shape, format!("axis {axis} is {dim}"))
                .help(format!("size and step are at least 1, and the size at most {dim}")));
        }
        let count = (dim - size) / step + 1;
        let step = step.min(dim) as isize;
        let layout = self.slice(axis, 0, count, step)?.with(self.shape.rank(), size, self.strides[axis]);
        layout.shape.try_size()?;
        Ok(layout)
    }

    /// The same elements in row-major order under another shape of the same size, where strides can express that:
    /// always for a contiguous layout, otherwise if only axes that lie evenly behind each other are merged or split.
    pub(crate) fn reshape(&self, shape: &Shape) -> Option<Layout> {
        if self.is_contiguous() {
            return Some(Layout { offset: self.offset, ..Layout::contiguous(shape.clone()) });
        }
        // Walk both shapes from the left; each group of old axes with the same size as a group of new ones must be
        // evenly spaced to be split anew.
        let (old, strides) = (self.shape.dims(), &self.strides);
        let mut result = PerAxis::defaults(shape.rank());
        let (mut i, mut j) = (0, 0);
        while i < old.len() && j < shape.rank() {
            let (first_i, first_j) = (i, j);
            let (mut left, mut right) = (old[i], shape[j]);
            while left != right {
                if left < right {
                    i += 1;
                    left *= *old.get(i)?;
                } else {
                    j += 1;
                    right *= *shape.dims().get(j)?;
                }
            }
            let group = || (first_i..=i).filter(|&a| old[a] != 1);
            let evenly =
                group().zip(group().skip(1)).all(|(a, b)| strides[a] == strides[b] * old[b] as isize);
            if !evenly {
                return None;
            }
            let mut stride = group().next_back().map_or(1, |a| strides[a]);
            for axis in (first_j..=j).rev() {
                result[axis] = stride;
                stride *= shape[axis] as isize;
            }
            (i, j) = (i + 1, j + 1);
        }
        // What is left on either side has size 1 throughout.
        Some(Layout::new(shape.clone(), result, self.offset))
    }

    /// Whether no two elements are known to lie at one place: each axis steps over all that those of smaller steps reach.
    pub(crate) fn is_spread(&self) -> bool {
        let axes = self.shape.dims().iter().zip(self.strides.iter());
        let mut axes: Small<(usize, usize)> =
            axes.filter(|(dim, _)| **dim != 1).map(|(&dim, stride)| (stride.unsigned_abs(), dim)).collect();
        axes.sort_unstable();
        let mut reach = 0;
        axes.into_iter().all(|(stride, dim)| {
            let is_over = stride > reach;
            reach += stride * dim.saturating_sub(1);
            is_over
        })
    }

    /// The place of every element, in row-major order.
    #[inline]
    pub fn places(&self) -> Places {
        if self.is_contiguous() {
            return Places::new(&[self.shape.size()], &[1], self.offset as isize);
        }
        Places::new(self.shape.dims(), &self.strides, self.offset as isize)
    }
}

/// Whether strides lead through elements that follow each other.
fn is_row_major(dims: &[usize], strides: &[isize]) -> bool {
    let mut expected = 1;
    for (&dim, &stride) in dims.iter().zip(strides).rev() {
        if dim == 0 {
            return true;
        }
        if dim != 1 && stride != expected {
            return false;
        }
        expected *= dim as isize;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(layout: &Layout) -> Vec<usize> {
        layout.places().collect()
    }

    #[test]
    fn a_transpose_swaps_strides() {
        let layout = Layout::contiguous([2, 3].into()).permute(&[1, 0]).unwrap();
        assert_eq!(places(&layout), [0, 3, 1, 4, 2, 5]);
        assert!(!layout.is_contiguous());
        assert!(layout.permute(&[0, 0]).is_err());
        assert!(layout.permute(&[0, 2]).is_err());
    }

    #[test]
    fn slices_step_forwards_and_backwards() {
        let layout = Layout::contiguous([6].into());
        assert_eq!(places(&layout.slice(0, 1, 3, 2).unwrap()), [1, 3, 5]);
        assert_eq!(places(&layout.slice(0, 5, 3, -2).unwrap()), [5, 3, 1]);
        assert!(layout.slice(0, 6, 0, 1).is_ok());
        assert!(layout.slice(0, 6, 1, 1).is_err());
        assert!(layout.slice(0, 1, 4, 2).is_err());
        assert!(layout.slice(0, 0, 1, 0).is_err());
        assert!(layout.slice(1, 0, 1, 1).is_err());
        assert!(layout.slice(0, 0, usize::MAX, -1).is_err());
        assert_eq!(places(&layout.slice(0, 5, 1, isize::MIN).unwrap().slice(0, 0, 1, -2).unwrap()), [5]);
        let empty = Layout::contiguous([4, 0].into());
        assert_eq!(empty.slice(0, 3, 2, -1).unwrap().offset(), 0);
    }

    #[test]
    fn reshape_merges_what_lies_evenly_and_refuses_the_rest() {
        let layout = Layout::contiguous([2, 3, 4].into());
        let sliced = layout.slice(2, 0, 2, 1).unwrap();
        assert_eq!(places(&sliced.reshape(&[6, 2].into()).unwrap()), places(&sliced));
        assert_eq!(places(&sliced.reshape(&[3, 2, 1, 2].into()).unwrap()), places(&sliced));
        assert!(sliced.reshape(&[12].into()).is_none());
        assert!(layout.permute(&[1, 0, 2]).unwrap().reshape(&[6, 4].into()).is_none());
        let scalar_like =
            layout.slice(0, 1, 1, 1).unwrap().slice(1, 2, 1, 1).unwrap().slice(2, 3, 1, 1).unwrap();
        assert_eq!(places(&scalar_like.reshape(&Shape::scalar()).unwrap()), [23]);
        let repeated = Layout::contiguous([1].into()).broadcast_to(&[6].into()).unwrap();
        assert_eq!(places(&repeated.reshape(&[2, 3].into()).unwrap()), [0; 6]);
    }

    #[test]
    fn a_broadcast_repeats_by_a_stride_of_zero() {
        let layout = Layout::contiguous([3, 1].into()).broadcast_to(&[2, 3, 2].into()).unwrap();
        assert_eq!(places(&layout), [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]);
        assert!(layout.broadcast_to(&[3].into()).is_err());
    }
}
