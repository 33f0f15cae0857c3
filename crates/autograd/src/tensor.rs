//! The tensor: a value that may remember where it came from.
//!
//! A tensor is an [`Array`] and, if it is tracked, a place in the graph. Values are immutable: an operator makes a new
//! tensor, and who holds one may rely on it. A constant has no place in the graph, and costs none.

use crate::array::Array;
use crate::error::OrPanic;
use crate::graph::{Node, Place};
use crate::kernels::map::map;
use crate::kernels::scatter;
use crate::layout::Layout;
use crate::onnx::{self, Value};
use crate::scalar::Scalar;
use crate::shape::Shape;
use std::fmt;

/// An n-dimensional array of `f32` or `f64` that can be differentiated.
///
/// ```
/// use autograd::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
/// let y = (&x * &x).sum();
/// assert_eq!(y.item(), 30.0);
/// assert_eq!(y.backward()[&x].to_vec(), [2.0, 4.0, 6.0, 8.0]);
/// ```
///
/// What is to be seen of one:
///
/// ```
/// use autograd::Tensor;
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!((x.shape().to_string(), x.rank(), x.size()), ("[2, 3]".to_owned(), 2, 6));
/// assert_eq!((x.dims(), x.at([1, 0]), x.is_tracked()), (&[2, 3][..], 4.0, false));
/// assert_eq!(x.array().as_slice(), Some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]));
/// ```
#[derive(Clone)]
pub struct Tensor<T: Scalar = f32> {
    array: Array<T>,
    place: Place<T>,
}

impl<T: Scalar> Tensor<T> {
    /// A constant with this value.
    ///
    /// ```
    /// use autograd::{Array, Tensor};
    /// let x = Tensor::constant(Array::from_vec(vec![1.0, 2.0], [1, 2])?);
    /// assert_eq!((x.dims(), x.is_tracked()), (&[1, 2][..], false));
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    #[inline]
    pub fn constant(array: Array<T>) -> Self {
        Tensor { array, place: Place::NONE }
    }

    #[inline]
    pub(crate) fn tracked(array: Array<T>, place: Place<T>) -> Self {
        Tensor { array, place }
    }
}

/// Looking at tensors.
impl<T: Scalar> Tensor<T> {
    /// The shape.
    #[inline]
    pub fn shape(&self) -> &Shape {
        self.array.shape()
    }

    /// The size of each axis, outermost first.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        self.shape().dims()
    }

    /// The number of axes.
    #[doc(alias("ndim", "dim"))]
    #[inline]
    pub fn rank(&self) -> usize {
        self.shape().rank()
    }

    /// The number of elements.
    #[doc(alias = "numel")]
    #[inline]
    pub fn size(&self) -> usize {
        self.array.size()
    }

    /// The value, without the history.
    #[inline]
    pub fn array(&self) -> &Array<T> {
        &self.array
    }

    /// The elements in row-major order, copied.
    #[doc(alias("tolist", "numpy"))]
    pub fn to_vec(&self) -> Vec<T> {
        self.array.to_vec()
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    #[inline]
    pub fn item(&self) -> T {
        let mut elements = self.array.view().iter();
        match (elements.next(), elements.next()) {
            (Some(value), None) => value,
            _ => panic!(
                "item: the tensor of shape {} is not a single number\n  help: reduce it, as by `.sum()` or `.mean()`, or use `at` or `to_vec`",
                self.shape()
            ),
        }
    }

    /// The element with this index.
    ///
    /// # Panics
    /// If the index is out of range or has not as many entries as there are axes.
    #[track_caller]
    pub fn at<const N: usize>(&self, index: [usize; N]) -> T {
        let inside = N == self.rank() && index.iter().zip(self.dims()).all(|(i, dim)| i < dim);
        assert!(
            inside,
            "at: there is no element {index:?} in a tensor of shape {}\n  help: give an index below the size for each axis",
            self.shape()
        );
        let layout = self.array.layout();
        let steps = index.iter().zip(layout.strides()).map(|(&i, &s)| i as isize * s);
        self.array.view().data()[(layout.offset() as isize + steps.sum::<isize>()) as usize]
    }

    /// For each element, whether `test` holds: a mask.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, -2.0]);
    /// assert_eq!(x.mask(|x| x > 0.0).to_vec(), [true, false]);
    /// ```
    ///
    /// # Panics
    /// If there is no memory for the mask.
    #[track_caller]
    pub fn mask(&self, test: impl Fn(T) -> bool + Sync) -> Array<bool> {
        let shape = self.shape();
        let mask = Array::build(shape, |y| map([self.array.view()], shape, y, |[x]| test(x))).or_panic();
        onnx::define("mask", &mask, || {
            Value::of(&self.array)
                .and_no_more("a function of Rust: compare by `gt`, `ge`, `lt`, `le`, `eq` or `ne`")
        });
        mask
    }

    /// Where this is positive, or NaN.
    pub(crate) fn is_positive(&self) -> Array<bool> {
        #[expect(
            clippy::neg_cmp_op_on_partial_ord,
            reason = "NaN counts as positive, so that it is not swallowed"
        )]
        self.mask(|x| !(x <= T::zero()))
    }
}

/// Tracking.
impl<T: Scalar> Tensor<T> {
    /// Whether operators on this tensor are recorded.
    #[inline]
    pub fn is_tracked(&self) -> bool {
        self.node().is_some()
    }

    /// This value as a leaf that gradients can be asked for. A tensor that is tracked already stays what it is.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::scalar(2.0).requires_grad();
    /// assert_eq!(x.exp().backward()[&x].item(), 2.0_f64.exp());
    /// ```
    #[doc(alias = "requires_grad_")]
    pub fn requires_grad(self) -> Self {
        match self.is_tracked() {
            true => self,
            false => Tensor { place: Node::leaf(self.shape()), array: self.array },
        }
    }

    /// This value as a constant: no gradient flows through it.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::scalar(2.0).requires_grad();
    /// let y = &x * x.detach();
    /// assert_eq!(y.backward()[&x].item(), 2.0);
    /// ```
    pub fn detach(&self) -> Self {
        Self::constant(self.array.clone())
    }

    /// Changes the elements, in row-major order, in place; a tensor that shares them keeps the old ones, and so does
    /// a graph that has kept them. For parameters: what is computed afterwards has the new value, and the tensor keeps
    /// its identity.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let mut w = Tensor::from([1.0, 2.0]).requires_grad();
    /// let loss = (&w * &w).sum();
    /// w.update(|w| w.iter_mut().for_each(|w| *w -= 0.5));
    /// assert_eq!(w.to_vec(), [0.5, 1.5]);
    /// assert_eq!(loss.backward()[&w].to_vec(), [2.0, 4.0]); // at the old value
    /// ```
    ///
    /// # Panics
    /// If this is the result of a recorded operator, whose value is not free to change.
    #[track_caller]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut [T]) -> R) -> R {
        let is_result = self.node().is_some_and(|node| !node.is_leaf());
        assert!(
            !is_result,
            "update: the tensor of shape {} was computed by a recorded operator, whose value is not free to change\n  help: update the leaf it was computed from, or a copy: `let mut x = x.detach();`",
            self.shape()
        );
        change(self.array.make_mut())
    }

    #[inline]
    pub(crate) fn place(&self) -> &Place<T> {
        &self.place
    }

    #[inline]
    pub(crate) fn node(&self) -> Option<&Node<T>> {
        self.place.node()
    }

    /// The elements, to write to, if this is a constant in row-major order that nobody else looks at.
    pub(crate) fn as_mut_slice(&mut self) -> Option<&mut [T]> {
        self.array.get_mut().filter(|_| self.place.node().is_none())
    }

    pub(crate) fn into_array(self) -> Array<T> {
        self.array
    }

    pub(crate) fn into_place(self) -> Place<T> {
        self.place
    }

    /// Adds what goes back through a view to this gradient, where the view lay, if nobody else looks at it. Whether it could.
    pub(crate) fn add_through(&mut self, dy: &Tensor<T>, layout: &Layout) -> bool {
        let sum = self.as_mut_slice().filter(|_| !dy.is_tracked());
        sum.map(|sum| scatter::add_through(dy.array.view(), layout, sum)).is_some()
    }

    /// Adds another gradient to this one: in place, if nobody else looks at it and neither is recorded.
    pub(crate) fn accumulate(&mut self, other: Tensor<T>) {
        let is_plain = !other.is_tracked() && self.shape() == other.shape();
        if is_plain && let (Some(sum), Some(more)) = (self.as_mut_slice(), other.array.as_slice()) {
            sum.iter_mut().zip(more).for_each(|(sum, &more)| *sum += more);
            return;
        }
        *self = &*self + &other;
    }
}

impl<T: Scalar> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.node() {
            None => "constant",
            Some(node) if node.is_leaf() => "leaf",
            Some(_) => "tracked",
        };
        write!(f, "Tensor<{}> {} {kind}\n{self}", T::NAME, self.shape())
    }
}
impl<T: Scalar> AsRef<Tensor<T>> for Tensor<T> {
    fn as_ref(&self) -> &Tensor<T> {
        self
    }
}
