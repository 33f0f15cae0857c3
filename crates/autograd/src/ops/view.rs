//! Other ways to look at the same elements: reshape, permute, broadcast, and all that [`Viewing`] stands for. None of them
//! copies, except a reshape that strides cannot express.
//!
//! Each is a linear map that picks elements, and its gradient is the adjoint, which puts them back: the inverse reshape
//! and permutation, a sum for a broadcast, and in general zeros to which every element is added where it came from.

use crate::array::Array;
use crate::error::ShapeError;
use crate::graph::Call;
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::op::{AnyOp, Keeps, Op, snake_case};
use crate::ops::unview::Unview;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::fmt;

mod methods;

/// An operator that reads elements of its input where they lie, by a layout of its own: a slice, a diagonal, windows. It may
/// leave elements out, and name others more than once.
pub trait Viewing: Clone + fmt::Debug + Send + Sync + 'static {
    /// The layout, given that of the input, within which it stays.
    ///
    /// # Errors
    /// If the input does not fit.
    fn layout(&self, x: &Layout) -> Result<Layout, ShapeError>;

    /// What the view is in ONNX.
    fn onnx(&self, x: &Operands<'_>) -> Value;
}

impl<T: Scalar, V: Viewing> AnyOp<T> for V {
    fn name(&self) -> String {
        snake_case(std::any::type_name::<V>())
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        Ok(x[0].with_layout(self.layout(x[0].layout())?))
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        give(0, Unview { view: self.clone(), shape: call.shape(0).clone() }.apply([&dy]));
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        Viewing::onnx(self, x)
    }
    fn layout_in(&self, x: &Shape) -> Option<Layout> {
        self.layout(&Layout::contiguous(x.clone())).ok()
    }
}

/// The same elements in row-major order under another shape.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Reshape, vjp};
/// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
/// let dy = Tensor::from([[10.0, 20.0], [30.0, 40.0]]);
/// let (y, [dx]) = vjp(|x| Reshape([2, 2].into()).apply_to(&x), [&x], &dy);
/// assert_eq!((y.dims(), y.to_vec()), (&[2, 2][..], x.to_vec()));
/// assert_eq!((dx.dims(), dx.to_vec()), (&[4][..], dy.to_vec()));
/// ```
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
    fn onnx(&self, x: &Operands<'_>) -> Value {
        x[0].reshape(self.0.dims())
    }
}

/// The axes in another order: axis `i` of the result is axis `order[i]` of the input.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Permute, vjp};
/// let (x, dy) = (Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Tensor::<f64>::arange(6).reshape([3, 2]));
/// let (y, [dx]) = vjp(|x| Permute(vec![1, 0]).apply_to(&x), [&x], &dy);
/// assert_eq!(y.to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// assert_eq!(dx.to_vec(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
/// ```
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
    fn onnx(&self, x: &Operands<'_>) -> Value {
        x[0].transpose(&self.0)
    }
}

/// Axes of size 1, and missing leading ones, repeated.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::BroadcastTo};
/// let x = Tensor::from([[1.0], [2.0]]).requires_grad();
/// let y = BroadcastTo([2, 3].into()).apply_to(&[&x]);
/// assert_eq!(y.to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [3.0, 3.0]);
/// ```
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
    fn onnx(&self, x: &Operands<'_>) -> Value {
        // A size of 1 leaves an axis as it is: so the batch is named only where it is made.
        let (from, missing) = (x.shape(0), self.0.rank() - x.shape(0).rank());
        let size = |(axis, &size): (usize, &usize)| match axis.checked_sub(missing) {
            Some(axis) if from[axis] == size => 1,
            _ => size as i64,
        };
        Value::node("Expand", &[&x[0], &Value::ints(self.0.dims().iter().enumerate().map(size))], &[])
    }
}
