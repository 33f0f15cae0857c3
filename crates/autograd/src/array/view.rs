//! An array as an operator reads it: a borrowed buffer and the layout of the elements in it.

use super::Array;
use crate::error::{OrPanic, ShapeError};
use crate::kernels;
use crate::layout::{Layout, Places};
use crate::scalar::Element;
use crate::shape::Shape;
use std::ops::Deref;

/// An operand as an operator sees it: a buffer, and the layout to read it with.
///
/// ```
/// use autograd::Array;
/// let a = Array::from_vec(vec![1.0, -2.0], [2])?;
/// let mut y = [0.0; 2];
/// a.view().map_into(&mut y, f32::abs);
/// assert_eq!(y, [1.0, 2.0]);
/// # Ok::<(), autograd::ShapeError>(())
/// ```
/// An operand comes as it lies. Who needs row-major order asks for it:
///
/// ```
/// use autograd::Array;
/// let columns = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], [2, 2])?.permute(&[1, 0])?;
/// let x = columns.view();
/// assert_eq!((x.shape().dims(), x.size(), x.layout().strides()), (&[2, 2][..], 4, &[1, 2][..]));
/// assert_eq!((x.data(), x.as_slice()), (&[1.0, 2.0, 3.0, 4.0][..], None));
/// assert_eq!(x.contiguous()[..], [1.0, 3.0, 2.0, 4.0]);
/// assert!(x.iter().eq([1.0, 3.0, 2.0, 4.0]));
/// # Ok::<(), autograd::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T: Element> {
    data: &'a [T],
    layout: &'a Layout,
}

impl<'a, T: Element> View<'a, T> {
    #[inline]
    pub(super) fn new(data: &'a [T], layout: &'a Layout) -> Self {
        View { data, layout }
    }

    /// The shape.
    #[inline]
    pub fn shape(&self) -> &'a Shape {
        self.layout.shape()
    }

    /// The number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        self.layout.size()
    }

    /// The whole buffer, in which [`layout`](Self::layout) says where the elements are.
    #[inline]
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// Where the elements lie in [`data`](Self::data).
    #[inline]
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// The same buffer, read with another layout.
    pub(crate) fn with_layout<'b>(&self, layout: &'b Layout) -> View<'b, T>
    where
        'a: 'b,
    {
        View { data: self.data, layout }
    }

    /// The elements in row-major order, if they lie so in memory.
    #[inline]
    pub fn as_slice(&self) -> Option<&'a [T]> {
        let start = self.layout.offset();
        self.layout.is_contiguous().then(|| &self.data[start..start + self.size()])
    }

    /// The elements in row-major order, copied only if they do not lie so.
    ///
    /// # Panics
    /// If there is no memory for the copy.
    pub fn contiguous(&self) -> Contiguous<'a, T> {
        match self.as_slice() {
            Some(elements) => Contiguous::Borrowed(elements),
            None => Contiguous::Copied(self.copied().or_panic()),
        }
    }

    /// An array of its own with the same elements, in row-major order.
    pub(crate) fn copied(&self) -> Result<Array<T>, ShapeError> {
        Array::build(self.shape(), |y| kernels::map::map([*self], self.shape(), y, |[x]| x))
    }

    /// The elements in row-major order, one by one.
    #[inline]
    pub fn iter(&self) -> Elements<'a, T> {
        Elements { data: self.data, places: self.layout.places() }
    }

    /// Writes `f` of each element to `y`, in row-major order: the loop of a pointwise operator, vectorised.
    ///
    /// # Panics
    /// If `y` is not as long as this view.
    #[inline]
    pub fn map_into(&self, y: &mut [T], f: impl Fn(T) -> T + Sync) {
        kernels::map::map([*self], self.shape(), y, |[x]| f(x));
    }
}

/// Elements in row-major order: where they lay, or a copy. Dereferences to a slice.
///
/// ```
/// use autograd::{Array, Contiguous};
/// let rows = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], [2, 2])?;
/// assert!(matches!(rows.view().contiguous(), Contiguous::Borrowed([1.0, 2.0, 3.0, 4.0])));
/// let columns = rows.permute(&[1, 0])?;
/// let sorted = columns.view().contiguous();
/// assert!(matches!(sorted, Contiguous::Copied(_)) && sorted[1] == 3.0);
/// # Ok::<(), autograd::ShapeError>(())
/// ```
#[derive(Debug)]
pub enum Contiguous<'a, T: Element> {
    /// They lay so already.
    Borrowed(&'a [T]),
    /// They had to be copied.
    Copied(Array<T>),
}

impl<T: Element> Deref for Contiguous<'_, T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Contiguous::Borrowed(elements) => elements,
            Contiguous::Copied(array) => array.as_slice().expect("a copy lies in row-major order"),
        }
    }
}

/// The elements of a view in row-major order. See [`View::iter`].
///
/// ```
/// use autograd::{Array, Elements};
/// let a = Array::from_vec(vec![1, 2, 3, 4], [2, 2])?.permute(&[1, 0])?;
/// let mut elements: Elements<'_, usize> = a.iter();
/// assert_eq!((elements.next(), elements.next(), elements.len()), (Some(1), Some(3), 2));
/// # Ok::<(), autograd::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Elements<'a, T: Element> {
    data: &'a [T],
    places: Places,
}

impl<T: Element> Iterator for Elements<'_, T> {
    type Item = T;
    #[inline]
    fn next(&mut self) -> Option<T> {
        self.places.next().map(|place| self.data[place])
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl<T: Element> ExactSizeIterator for Elements<'_, T> {}
