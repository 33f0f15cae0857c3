//! Values without gradients: a shared buffer and the layout it is read with.
//!
//! Arrays are values: two of them may look at one buffer, in different layouts, and neither sees the other change,
//! since whoever writes to a shared buffer writes to a copy of it.

use crate::buffer::Buffer;
use crate::error::{OrPanic, ShapeError};
use crate::layout::Layout;
use crate::new_shape::NewShape;
use crate::scalar::Element;
use crate::shape::Shape;

mod cast;
mod mask;
mod view;

pub use view::{Contiguous, Elements, View};

/// An array of numbers, indices (`usize`) or flags (`bool`): the value of a tensor, a list of labels, a mask.
///
/// Cloning, reshaping where strides allow, transposing, slicing and broadcasting copy no elements.
///
/// ```
/// use autograd::Array;
/// let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6], [2, 3])?;
/// assert_eq!(a.permute(&[1, 0])?.to_vec(), [1, 4, 2, 5, 3, 6]);
/// assert_eq!(a.slice(1, 2, 3, -1)?.to_vec(), [3, 2, 1, 6, 5, 4]);
/// assert_eq!(a.reshape([3, -1])?.shape().dims(), [3, 2]);
/// assert_eq!(Array::from_slice(&[7]).broadcast_to(&[3].into())?.to_vec(), [7, 7, 7]);
/// # Ok::<(), autograd::ShapeError>(())
/// ```
///
/// A list becomes one, and gives its elements back: as indices, and as labels of what a network takes its input for.
///
/// ```
/// use autograd::{Array, Tensor};
/// let x = Tensor::from([[1.0, 2.0], [4.0, 3.0]]);
/// assert_eq!(x.index_select(0, &[1, 0].into()).to_vec(), [4.0, 3.0, 1.0, 2.0]);
/// let labels: Array<usize> = x.argmax(1);
/// assert!(labels.iter().eq([1, 0]));
/// ```
///
/// Where the elements lie is told by the layout; they are a slice if they lie in row-major order, and can be put there.
///
/// ```
/// use autograd::Array;
/// let columns = Array::build([2, 2], |y| y.copy_from_slice(&[1.0, 2.0, 3.0, 4.0]))?.permute(&[1, 0])?;
/// assert_eq!((columns.size(), columns.layout().strides()), (4, &[1, 2][..]));
/// assert_eq!((columns.view().data(), columns.as_slice()), (&[1.0, 2.0, 3.0, 4.0][..], None));
/// assert_eq!(columns.contiguous()?.as_slice(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
/// # Ok::<(), autograd::ShapeError>(())
/// ```
///
/// Who writes to elements that somebody else looks at writes to a copy.
///
/// ```
/// use autograd::Array;
/// let mut a = Array::from([1.0, 2.0]);
/// let before = a.clone();
/// assert!(a.get_mut().is_none());
/// a.make_mut()[0] = 9.0;
/// assert_eq!((a.to_vec(), before.to_vec()), (vec![9.0, 2.0], vec![1.0, 2.0]));
/// a.get_mut().unwrap()[1] = 8.0; // now it has a buffer of its own
/// assert_eq!(a.to_vec(), [9.0, 8.0]);
/// ```
#[derive(Clone)]
pub struct Array<T: Element> {
    buffer: Buffer<T>,
    layout: Layout,
}

impl<T: Element> Array<T> {
    /// The elements of `data` in row-major order.
    ///
    /// # Errors
    /// If their number is not the size of the shape.
    pub fn from_vec(data: Vec<T>, shape: impl Into<Shape>) -> Result<Self, ShapeError> {
        let shape = shape.into();
        let size = shape.try_size().map_err(|e| e.of("from_vec"))?;
        if data.len() != size {
            return Err(ShapeError::new(format!("{} values do not fill the shape", data.len()))
                .of("from_vec")
                .operand("shape", &shape, format!("holds {size}"))
                .help("give as many values as the product of the sizes"));
        }
        Self::build(shape, |elements| elements.copy_from_slice(&data))
    }

    /// A list: an array with one axis.
    ///
    /// # Panics
    /// If there is no memory for the copy.
    #[track_caller]
    pub fn from_slice(data: &[T]) -> Self {
        Self::build([data.len()], |elements| elements.copy_from_slice(data)).or_panic()
    }

    /// An array of pooled memory, whose elements, in row-major order, `write` must all set: they hold anything.
    ///
    /// # Errors
    /// If there is no memory for the shape.
    #[inline]
    pub fn build(shape: impl Into<Shape>, write: impl FnOnce(&mut [T])) -> Result<Self, ShapeError> {
        let mut array = None;
        Self::put_unwritten(shape.into(), &mut array)?;
        if let Some(elements) = array.as_mut().and_then(|array: &mut Self| array.buffer.get_mut()) {
            write(elements);
        }
        Ok(array.expect("it has been put there"))
    }

    /// Memory that holds anything. Not compiled into every operator, and put in its place: what is returned would be moved, and what has
    /// just been written in pieces is slow to be read as one.
    #[inline(never)]
    fn put_unwritten(shape: Shape, place: &mut Option<Self>) -> Result<(), ShapeError> {
        match Buffer::new(shape.try_size()?) {
            Ok(buffer) => *place = Some(Array { buffer, layout: Layout::contiguous(shape) }),
            Err(error) => return Err(error.operand("shape", &shape, "")),
        }
        Ok(())
    }

    /// The shape.
    #[inline]
    pub fn shape(&self) -> &Shape {
        self.layout.shape()
    }

    /// The number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        self.layout.size()
    }

    /// Where the elements lie in the buffer.
    #[inline]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The elements and their layout, to read.
    #[inline]
    pub fn view(&self) -> View<'_, T> {
        View::new(&self.buffer, &self.layout)
    }

    /// The elements in row-major order, one by one.
    #[inline]
    pub fn iter(&self) -> Elements<'_, T> {
        self.view().iter()
    }

    /// The elements in row-major order, copied.
    pub fn to_vec(&self) -> Vec<T> {
        self.view().iter().collect()
    }

    /// The elements in row-major order, if they lie so in memory.
    #[inline]
    pub fn as_slice(&self) -> Option<&[T]> {
        self.view().as_slice()
    }

    /// The same elements in row-major order without gaps: this array itself, or a copy.
    ///
    /// # Errors
    /// If there is no memory for the copy.
    pub fn contiguous(&self) -> Result<Self, ShapeError> {
        if self.layout.is_contiguous() { Ok(self.clone()) } else { self.view().copied() }
    }

    /// The elements in row-major order, to write to. If anyone else looks at the buffer, or it is not in that order,
    /// this array first gets a copy of its own.
    ///
    /// # Panics
    /// If there is no memory for the copy.
    #[track_caller]
    pub fn make_mut(&mut self) -> &mut [T] {
        if self.get_mut().is_none() {
            *self = self.view().copied().or_panic();
        }
        self.get_mut().expect("a copy has one owner and lies in row-major order")
    }

    /// As [`make_mut`](Self::make_mut), but never copies: `None` if it would have to.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut [T]> {
        if !self.layout.is_contiguous() {
            return None;
        }
        let (offset, size) = (self.layout.offset(), self.size());
        self.buffer.get_mut().map(|elements| &mut elements[offset..offset + size])
    }

    /// The same buffer, read with another layout.
    #[inline]
    pub(crate) fn with_layout(&self, layout: Layout) -> Self {
        Array { buffer: self.buffer.clone(), layout }
    }

    /// The same elements in another shape of the same size; copied only where strides cannot express it. One size may be `-1`, as
    /// in [`Tensor::reshape`](crate::Tensor::reshape).
    ///
    /// # Errors
    /// If the sizes differ, or no size fits in the place of `-1`.
    pub fn reshape(&self, shape: impl NewShape) -> Result<Self, ShapeError> {
        let shape = shape.of(self.shape())?;
        if shape.try_size()? != self.size() {
            return Err(ShapeError::new("the new shape has another number of elements")
                .operand("from", self.shape(), format!("{} elements", self.size()))
                .operand("to", &shape, format!("{} elements", shape.size()))
                .help(match self.shape().dims() {
                    [batch, ..] if batch.saturating_mul(shape.size()) == self.size() => format!(
                        "did you forget the first axis? {} has as many",
                        Shape::from([*batch]).join(shape.dims())
                    ),
                    _ => format!("the sizes must multiply to {}", self.size()),
                }));
        }
        match self.layout.reshape(&shape) {
            Some(layout) => Ok(self.with_layout(layout)),
            None => Ok(Array { buffer: self.contiguous()?.buffer, layout: Layout::contiguous(shape) }),
        }
    }

    /// Axis `i` of the result is axis `order[i]` of this array. A view.
    ///
    /// # Errors
    /// If `order` does not name every axis once.
    pub fn permute(&self, order: &[usize]) -> Result<Self, ShapeError> {
        Ok(self.with_layout(self.layout.permute(order)?))
    }

    /// Every `step`-th element of an axis from `start` on, `len` of them. A view.
    ///
    /// # Errors
    /// If there is no such axis, or an element lies outside it.
    pub fn slice(&self, axis: usize, start: usize, len: usize, step: isize) -> Result<Self, ShapeError> {
        Ok(self.with_layout(self.layout.slice(axis, start, len, step)?))
    }

    /// Axes of size 1, and missing leading ones, repeated. A view.
    ///
    /// # Errors
    /// If the shape does not broadcast to the target.
    pub fn broadcast_to(&self, target: &Shape) -> Result<Self, ShapeError> {
        Ok(self.with_layout(self.layout.broadcast_to(target)?))
    }
}

impl<'a, T: Element> IntoIterator for &'a Array<T> {
    type Item = T;
    type IntoIter = Elements<'a, T>;
    fn into_iter(self) -> Elements<'a, T> {
        self.iter()
    }
}

/// A list: an array with one axis.
impl<T: Element, const N: usize> From<[T; N]> for Array<T> {
    fn from(list: [T; N]) -> Self {
        Array::from_slice(&list)
    }
}

/// A list: an array with one axis. For other shapes there is [`Array::from_vec`].
impl<T: Element> From<Vec<T>> for Array<T> {
    fn from(list: Vec<T>) -> Self {
        Array::from_slice(&list)
    }
}

impl<T: Element> PartialEq for Array<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.view().iter().eq(other.view().iter())
    }
}

impl<T: Element> std::fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Array(shape {}, ", self.shape())?;
        f.debug_list().entries(self.view().iter().take(8)).finish()?;
        write!(f, "{})", if self.size() > 8 { " and more" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_share_and_writers_copy() {
        let mut a = Array::from_vec((0..6).collect(), [2, 3]).unwrap();
        let t = a.permute(&[1, 0]).unwrap();
        assert!(t.buffer.same(&a.buffer));
        assert!(a.get_mut().is_none());
        a.make_mut()[0] = 9;
        assert_eq!((a.to_vec()[0], t.to_vec()[0]), (9, 0));
        drop(t);
        assert!(a.get_mut().is_some());
    }

    #[test]
    fn a_slice_of_rows_is_contiguous_and_may_be_written_in_place() {
        let mut rows = Array::from_vec((0..6).collect(), [3, 2]).unwrap().slice(0, 1, 2, 1).unwrap();
        assert_eq!(rows.as_slice(), Some(&[2, 3, 4, 5][..]));
        rows.get_mut().unwrap()[0] = 7;
        assert_eq!(rows.to_vec(), [7, 3, 4, 5]);
    }

    #[test]
    fn reshaping_a_transpose_copies() {
        let t = Array::from_vec((0..6).collect(), [2, 3]).unwrap().permute(&[1, 0]).unwrap();
        assert_eq!(t.reshape([6]).unwrap().to_vec(), [0, 3, 1, 4, 2, 5]);
        assert_eq!(t.reshape([-1, 2]).unwrap().to_vec(), [0, 3, 1, 4, 2, 5]);
        assert!(t.reshape([7]).is_err());
    }

    #[test]
    fn the_wrong_number_of_values_is_an_error_that_says_both() {
        let message = Array::from_vec(vec![1.0_f32; 5], [2, 3]).unwrap_err().to_string();
        assert!(message.contains("5 values") && message.contains("holds 6"), "{message}");
    }
}
