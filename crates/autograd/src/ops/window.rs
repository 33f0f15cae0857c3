//! Axes that lead through others: diagonals, and windows that slide along an axis. Both are views; the adjoint of windows,
//! which overlap, adds what they have in common.

use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::op::{AnyOp, Op};
use crate::ops::unview::Unview;
use crate::ops::view::Viewing;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The elements `x[.., i, .., i + offset, ..]` for two axes, which give way to a last one.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Diagonal};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
/// let y = Diagonal { offset: 0, axes: [0, 1] }.apply_to(&[&x]);
/// assert_eq!(y.to_vec(), [1.0, 4.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.0, 0.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Diagonal {
    /// How far above the main diagonal; negative is below it.
    pub offset: isize,
    /// The axis of `i`, and that of `i + offset`; `-1` is the last.
    pub axes: [isize; 2],
}

impl Viewing for Diagonal {
    fn layout(&self, x: &Layout) -> Result<Layout, ShapeError> {
        let [a, b] = self.axes.map(|axis| x.shape().axis(axis));
        x.diagonal(self.offset, a?, b?)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let shape = x.shape(0);
        let [a, b] = self.axes.map(|axis| shape.axis(axis).or_panic());
        let mut order: Vec<usize> = (0..shape.rank()).filter(|axis| ![a, b].contains(axis)).collect();
        let mut dims: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        dims.push(shape[a] * shape[b]);
        order.extend([a, b]);
        // The places on the diagonal of a matrix whose rows follow each other.
        let matrix = Layout::contiguous(Shape::from([shape[a], shape[b]]));
        let places: Vec<usize> = matrix.diagonal(self.offset, 0, 1).or_panic().places().collect();
        let flat = x[0].transpose(&order).reshape(&dims);
        Value::node("Gather", &[&flat, &Value::of(&Array::from_slice(&places))], &[("axis", (-1).into())])
    }
}

/// Windows of neighbours along an axis, which then counts the windows; a new last axis leads through each.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Unfold};
/// let x = Tensor::from([1.0, 2.0, 3.0]).requires_grad();
/// let y = Unfold { axis: 0, size: 2, step: 1 }.apply_to(&[&x]);
/// assert_eq!((y.dims(), y.to_vec()), (&[2, 2][..], vec![1.0, 2.0, 2.0, 3.0]));
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 2.0, 1.0]); // in how many windows each one is
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unfold {
    /// The axis; `-1` is the last.
    pub axis: isize,
    /// The elements of a window.
    pub size: usize,
    /// From a window to the next.
    pub step: usize,
}

impl Viewing for Unfold {
    fn layout(&self, x: &Layout) -> Result<Layout, ShapeError> {
        x.windows(x.shape().axis(self.axis)?, self.size, self.step)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let shape = x.shape(0);
        let axis = shape.axis(self.axis).or_panic();
        let windows =
            Layout::contiguous(Shape::from([shape[axis]])).windows(0, self.size, self.step).or_panic();
        let places: Vec<usize> = windows.places().collect();
        let places = Array::from_slice(&places).reshape(windows.shape()).or_panic();
        // Windows and what is in them come in the place of the axis; what is in them belongs at the end.
        let y = Value::node("Gather", &[&x[0], &Value::of(&places)], &[("axis", (axis as i64).into())]);
        let mut order: Vec<usize> = (0..=shape.rank()).filter(|&i| i != axis + 1).collect();
        order.push(axis + 1);
        y.transpose(&order)
    }
}

/// Diagonals and windows.
impl<T: Scalar> Tensor<T> {
    /// The elements with index `i` on the first of two axes and `i + offset` on the second. These give way to a last axis. A view.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0, [0, 1]).to_vec(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1, [-2, -1]).to_vec(), [2.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, or both are the same.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axes: [isize; 2]) -> Self {
        Diagonal { offset, axes }.apply_to(&[self])
    }

    /// Matrices, zero but for a diagonal, which is the last axis of this tensor: the adjoint of [`diagonal`](Self::diagonal).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.diag_embed(0).to_vec(), [1.0, 0.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If this is a scalar, or there is no memory for the matrices.
    #[track_caller]
    pub fn diag_embed(&self, offset: isize) -> Self {
        let last = self.shape().axis(-1).map_err(|e| e.of("diag_embed")).or_panic();
        let (batch, diagonal) = self.shape().split_at(last);
        let side = diagonal[0].saturating_add(offset.unsigned_abs());
        let view = Diagonal { offset, axes: [-2, -1] };
        let unview = Unview { view, shape: batch.join(&[side, side]) };
        unview.try_apply([self]).map_err(|e| e.named("diag_embed")).or_panic()
    }

    /// Windows of `size` neighbours along an axis, each `step` after the one before. The axis then counts the windows, and a new
    /// last one leads through each. A view: nothing is copied, also where windows overlap.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.unfold(0, 2, 1).to_vec(), [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or shorter than a window, or `size` or `step` is 0.
    #[track_caller]
    pub fn unfold(&self, axis: isize, size: usize, step: usize) -> Self {
        Unfold { axis, size, step }.apply_to(&[self])
    }
}
