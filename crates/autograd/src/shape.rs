//! The shape of a tensor: the size of each axis, and the rule by which shapes broadcast.
//!
//! Shapes are aligned at their *last* axis. Two sizes agree if they are equal or one of them is 1, which is then
//! stretched; a missing axis counts as 1. This is NumPy's rule.

use crate::error::{OrPanic, ShapeError};
use crate::per_axis::PerAxis;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use std::ops::Index;

/// A short list, on the stack up to four entries.
pub(crate) type Small<T> = SmallVec<[T; 4]>;

/// The size of each axis of a tensor; the empty shape is that of a scalar.
///
/// ```
/// use autograd::Shape;
/// let shape = Shape::from([2, 3]);
/// assert_eq!((shape.rank(), shape.size(), shape[1]), (2, 6, 3));
/// assert_eq!(shape.to_string(), "[2, 3]");
/// assert_eq!(shape.dims(), [2, 3]);
/// assert_eq!((Shape::scalar().rank(), Shape::scalar().size()), (0, 1));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shape(PerAxis<usize>);

impl Shape {
    /// The shape of a scalar: no axes, one element.
    pub fn scalar() -> Self {
        Shape(PerAxis::defaults(0))
    }

    /// The sizes of the axes, outermost first.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The steps from one index to the next, an axis each, where the elements lie in row-major order without gaps.
    #[inline]
    pub(crate) fn row_major_strides(&self) -> PerAxis<isize> {
        self.0.of_those_behind(1, |stride, size| stride.saturating_mul(size.max(1) as isize))
    }

    /// The number of elements: the product of the sizes, 1 for a scalar.
    ///
    /// # Panics
    /// If the product overflows, which no shape of an existing tensor does.
    #[track_caller]
    #[inline]
    pub fn size(&self) -> usize {
        self.try_size().or_panic()
    }

    /// The number of elements, or an error if a tensor of this shape could not be addressed.
    ///
    /// ```
    /// use autograd::Shape;
    /// assert_eq!(Shape::from([5, 0]).try_size()?, 0);
    /// assert!(Shape::from([1 << 40, 1 << 40]).try_size().is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the product of the sizes, zeros left out, exceeds `isize::MAX / 8`: then strides or byte counts overflow.
    #[inline]
    pub fn try_size(&self) -> Result<usize, ShapeError> {
        let mut product = 1_usize;
        let mut empty = false;
        for &dim in self.dims() {
            empty |= dim == 0;
            product = match product.checked_mul(dim.max(1)) {
                Some(p) if p <= isize::MAX as usize / 8 => p,
                _ => return Err(too_many_elements(self)),
            };
        }
        Ok(if empty { 0 } else { product })
    }

    /// The index of an element, an axis each, from its number in row-major order.
    ///
    /// ```
    /// use autograd::Shape;
    /// assert_eq!(Shape::from([2, 3]).index_of(5), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// If there is no such element.
    #[doc(alias = "unravel_index")]
    #[track_caller]
    pub fn index_of(&self, element: usize) -> Vec<usize> {
        assert!(element < self.size(), "Shape: element {element} of {self}\n  help: they are counted from 0");
        let strides = self.row_major_strides();
        strides.iter().zip(self.dims()).map(|(&stride, &size)| element / stride as usize % size).collect()
    }

    /// The shape that all of `shapes` broadcast to together.
    ///
    /// # Errors
    /// If two sizes of one axis differ and neither is 1.
    ///
    /// ```
    /// use autograd::Shape;
    /// let joint = Shape::broadcast(&[&Shape::from([4, 1]), &Shape::from([3])])?;
    /// assert_eq!(joint, Shape::from([4, 3]));
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    #[inline]
    pub fn broadcast(shapes: &[&Shape]) -> Result<Shape, ShapeError> {
        Shape::joint(shapes).map(Cow::into_owned)
    }

    /// As [`broadcast`](Self::broadcast): most often the shape that they all have.
    #[inline]
    pub(crate) fn joint<'a>(shapes: &[&'a Shape]) -> Result<Cow<'a, Shape>, ShapeError> {
        let Some((first, rest)) = shapes.split_first() else { return Ok(Cow::Owned(Shape::scalar())) };
        if rest.iter().all(|s| s == first) {
            return Ok(Cow::Borrowed(first));
        }
        let rank = shapes.iter().map(|s| s.rank()).max().unwrap_or(0);
        let mut joint = Shape(PerAxis::defaults(rank));
        joint.0.fill(1);
        for shape in shapes {
            let skip = rank - shape.rank();
            for (axis, &dim) in shape.0.iter().enumerate() {
                let target = &mut joint.0[skip + axis];
                if *target == 1 {
                    *target = dim;
                } else if dim != 1 && dim != *target {
                    return Err(cannot_broadcast(shapes, rank - skip - axis));
                }
            }
        }
        Ok(Cow::Owned(joint))
    }

    /// Resolves an axis that may count from the end, `-1` being the last.
    ///
    /// ```
    /// use autograd::Shape;
    /// let shape = Shape::from([2, 3, 4]);
    /// assert_eq!((shape.axis(0)?, shape.axis(-1)?), (0, 2));
    /// assert!(shape.axis(3).is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such axis.
    pub fn axis(&self, axis: isize) -> Result<usize, ShapeError> {
        let rank = self.rank() as isize;
        let resolved = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&resolved) {
            Ok(resolved as usize)
        } else {
            let (range, help) = match rank {
                0 => ("a scalar has no axes".into(), "`unsqueeze(0)` gives it one"),
                _ => (
                    format!("axes run from {} to {}", -rank, rank - 1),
                    "axes count from 0 at the front and from -1 at the back",
                ),
            };
            Err(ShapeError::new(format!("axis {axis} is out of range"))
                .operand("shape", self, range)
                .help(help))
        }
    }

    /// The two sizes of a matrix.
    ///
    /// ```
    /// use autograd::Shape;
    /// let [rows, columns] = Shape::from([2, 3]).matrix()?;
    /// assert_eq!((rows, columns), (2, 3));
    /// assert!(Shape::from([6]).matrix().is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the rank is not 2.
    pub fn matrix(&self) -> Result<[usize; 2], ShapeError> {
        match *self.dims() {
            [rows, columns] => Ok([rows, columns]),
            _ => Err(ShapeError::new("expected a matrix, a tensor with two axes")
                .operand("found", self, format!("rank {}", self.rank()))
                .help("`unsqueeze` makes a row or a column of a vector, `flatten` a matrix of more axes")),
        }
    }

    /// This shape with axis `axis` set to `size`.
    pub(crate) fn with(&self, axis: usize, size: usize) -> Shape {
        let mut shape = self.clone();
        shape.0[axis] = size;
        shape
    }

    /// The first `n` axes, and the rest.
    pub(crate) fn split_at(&self, n: usize) -> (Shape, Shape) {
        let (head, tail) = self.0.split_at(n);
        (head.into(), tail.into())
    }

    /// This shape followed by the axes of `tail`.
    pub(crate) fn join(&self, tail: &[usize]) -> Shape {
        let mut joined = PerAxis::defaults(self.rank() + tail.len());
        let (head, rest) = joined.split_at_mut(self.rank());
        head.copy_from_slice(self.dims());
        rest.copy_from_slice(tail);
        Shape(joined)
    }
}

#[cold]
fn too_many_elements(shape: &Shape) -> ShapeError {
    ShapeError::new("the shape has more elements than can be addressed")
        .operand("shape", shape, "")
        .help("the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?")
}

#[cold]
fn cannot_broadcast(shapes: &[&Shape], from_end: usize) -> ShapeError {
    let mut error = ShapeError::new("the shapes do not broadcast together");
    for (i, shape) in shapes.iter().enumerate() {
        let note = match shape.rank().checked_sub(from_end) {
            Some(axis) => format!("axis {axis} is {}", shape[axis]),
            None => String::new(),
        };
        error = error.operand(ShapeError::label(i, shapes.len()), shape, note);
    }
    let is_front = |short: &Shape, long: &Shape| {
        short.rank() < long.rank() && !short.dims().is_empty() && long.dims().starts_with(short.dims())
    };
    // What a reduction without `_keepdims` leaves, or one number for each row.
    let missing = match *shapes {
        [left, right] if is_front(right, left) => Some(("right", left.rank() - right.rank())),
        [left, right] if is_front(left, right) => Some(("left", right.rank() - left.rank())),
        _ => None,
    };
    error.help(match missing {
        Some((side, 1)) => format!(
            "to go along the first axes, the {side} operand needs a last axis of size 1: `.unsqueeze(-1)`; a reduction keeps it in its form `_keepdims`"
        ),
        Some((side, axes)) => {
            format!("to go along the first axes, the {side} operand needs {axes} more of size 1 behind its own")
        }
        None => "aligned at the last axis, sizes must be equal or 1; `reshape` or `unsqueeze` an operand to line its axes up".into(),
    })
}

impl Default for Shape {
    fn default() -> Self {
        Shape::scalar()
    }
}

impl Index<usize> for Shape {
    type Output = usize;
    #[inline]
    fn index(&self, axis: usize) -> &usize {
        &self.0[axis]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.dims())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[inline]
    fn from(dims: [usize; N]) -> Self {
        Shape(PerAxis::from(&dims[..]))
    }
}

impl From<&[usize]> for Shape {
    #[inline]
    fn from(dims: &[usize]) -> Self {
        Shape(PerAxis::from(dims))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Shape(PerAxis::from(&dims[..]))
    }
}

impl From<&Shape> for Shape {
    #[inline]
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl FromIterator<usize> for Shape {
    #[inline]
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Self {
        Shape(dims.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_overflow_are_errors_and_zero_is_no_excuse() {
        assert!(Shape::from([usize::MAX, 2]).try_size().is_err());
        assert!(Shape::from([0, 1 << 62, 1 << 62]).try_size().is_err());
        assert_eq!(Shape::from([0, 5]).try_size(), Ok(0));
        assert_eq!(Shape::scalar().size(), 1);
    }

    /// NumPy's rule, stated another way: per axis from the end, the set of sizes other than 1 has at most one member.
    #[test]
    fn all_pairs_up_to_rank_three_follow_the_rule() {
        let dims = [0, 1, 2, 3];
        let mut shapes = vec![Shape::scalar()];
        for a in dims {
            shapes.push([a].into());
            for b in dims {
                shapes.push([a, b].into());
                shapes.extend(dims.map(|c| Shape::from([a, b, c])));
            }
        }
        for x in &shapes {
            for y in &shapes {
                let rank = x.rank().max(y.rank());
                let at = |s: &Shape, i: usize| if i < s.rank() { s[s.rank() - 1 - i] } else { 1 };
                let expected: Option<Vec<usize>> = (0..rank)
                    .rev()
                    .map(|i| match (at(x, i), at(y, i)) {
                        (a, b) if a == b => Some(a),
                        (1, b) => Some(b),
                        (a, 1) => Some(a),
                        _ => None,
                    })
                    .collect();
                assert_eq!(Shape::broadcast(&[x, y]).ok(), expected.map(Shape::from), "{x} with {y}");
            }
        }
    }
}
