//! Sums and means over axes.
//!
//! The sum over an axis sends its cotangent to every term: `dx = broadcast(dy)`. It is the adjoint of broadcasting,
//! which is why the sweep sums wherever an operator has broadcast.

use crate::array::{Array, View};
use crate::axes::Axes;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::argmax::argmax;
use crate::kernels::reduce;
use crate::onnx::{self, Operands, Value};
use crate::op::{Keeps, Op};
use crate::ops::lanes::extent;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The sum over some axes.
///
/// ```
/// use autograd::{Op, Tensor, ops::Sum, vjp};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let over_rows = |[x]: [&Tensor<f64>; 1]| Sum { axes: 0.into(), keepdims: false }.apply([x]);
/// let (y, [dx]) = vjp(over_rows, [&x], &Tensor::from([1.0, 10.0]));
/// assert_eq!((y.to_vec(), dx.to_vec()), (vec![4.0, 6.0], vec![1.0, 10.0, 1.0, 10.0]));
/// ```
#[derive(Debug)]
pub struct Sum {
    /// The axes to sum over.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl<T: Scalar> Op<T, 1> for Sum {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        Ok(reduce::remaining(x, &self.axes.resolve(x)?, self.keepdims))
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        reduce::sum(x, &self.axes.resolve(x.shape()).or_panic(), y);
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let x = call.shape(0);
        let kept = reduce::remaining(x, &self.axes.resolve(x).or_panic(), true);
        dy.reshape(kept).broadcast_to(x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let axes = self.axes.in_onnx(x.shape(0));
        // Of no axis; an empty list would mean all.
        if axes.is_empty() {
            return x[0].then("Identity");
        }
        let keepdims = i64::from(self.keepdims);
        Value::node("ReduceSum", &[&x[0], &Value::ints(axes)], &[("keepdims", keepdims.into())])
    }
}

/// Reductions.
impl<T: Scalar> Tensor<T> {
    /// The sum of all elements, a scalar; 0 if there are none.
    #[track_caller]
    pub fn sum(&self) -> Self {
        self.sum_axes(..)
    }

    /// The sum over some axes, which disappear.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axes(0).to_vec(), [4.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "dim")]
    #[track_caller]
    pub fn sum_axes(&self, axes: impl Into<Axes>) -> Self {
        Sum { axes: axes.into(), keepdims: false }.apply([self])
    }

    /// The sum over some axes, which stay with size 1, so that the result broadcasts against this tensor.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 2.0]]);
    /// assert_eq!((&x / x.sum_keepdims(-1)).to_vec(), [0.25, 0.75, 0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[doc(alias = "keepdim")]
    #[track_caller]
    pub fn sum_keepdims(&self, axes: impl Into<Axes>) -> Self {
        Sum { axes: axes.into(), keepdims: true }.apply([self])
    }

    /// The mean of all elements, a scalar; NaN if there are none.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]).requires_grad();
    /// let y = x.mean();
    /// assert_eq!((y.item(), y.backward()[&x].to_vec()), (3.0, vec![0.25; 4]));
    /// ```
    #[track_caller]
    pub fn mean(&self) -> Self {
        self.mean_axes(..)
    }

    /// The mean over some axes, which disappear.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 6.0]]).mean_axes(0).to_vec(), [2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_axes(&self, axes: impl Into<Axes>) -> Self {
        self.mean_over(axes.into(), false)
    }

    /// The mean over some axes, which stay with size 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 8.0]]);
    /// assert_eq!((&x - x.mean_keepdims(-1)).to_vec(), [-1.0, 1.0, -3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_keepdims(&self, axes: impl Into<Axes>) -> Self {
        self.mean_over(axes.into(), true)
    }

    #[track_caller]
    fn mean_over(&self, axes: Axes, keepdims: bool) -> Self {
        let resolved = axes.resolve(self.shape()).map_err(|e| e.of("mean")).or_panic();
        let terms: usize = resolved.iter().map(|&axis| self.shape()[axis]).product();
        let y = Sum { axes: axes.clone(), keepdims }.apply([self]) / T::of(terms as f64);
        onnx::define("mean", y.array(), || axes.reduce_in_onnx("ReduceMean", self, keepdims));
        y
    }

    /// The sum over whatever axes `shape` was stretched along to become this tensor's shape: undoes
    /// [`broadcast_to`](Self::broadcast_to).
    pub(crate) fn try_sum_to(&self, shape: &Shape) -> Result<Self, ShapeError> {
        let fits = Shape::broadcast(&[shape, self.shape()]).is_ok_and(|joint| &joint == self.shape());
        if !fits {
            return Err(ShapeError::new("the target was not stretched to this shape")
                .operand("from", self.shape(), "")
                .operand("to", shape, ""));
        }
        let skip = self.rank() - shape.rank();
        let stretched = |axis: &usize| *axis < skip || shape[axis - skip] == 1 && self.shape()[*axis] != 1;
        let axes: Vec<isize> = (0..self.rank()).filter(stretched).map(|axis| axis as isize).collect();
        Ok(self.sum_axes(&axes[..]).reshape(shape))
    }

    /// Along an axis, which disappears, the place of the largest element: the first of several, and NaN above all.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let logits = Tensor::from([[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]]);
    /// assert_eq!(logits.argmax(-1).to_vec(), [1, 0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or its size is 0.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Array<usize> {
        self.argmax_named("argmax", axis)
    }

    /// As [`argmax`](Self::argmax), by the method of this name.
    #[track_caller]
    pub(crate) fn argmax_named(&self, name: &str, axis: isize) -> Array<usize> {
        let at = self.shape().axis(axis).map_err(|e| e.of(name)).or_panic();
        let (len, apart) = extent(self.shape(), at);
        assert!(
            len > 0,
            "{name}: axis {at} of shape {} is empty: there is nothing to choose\n  help: leave out what is empty",
            self.shape()
        );
        let places = Array::build(reduce::remaining(self.shape(), &[at], false), |places| {
            argmax(&self.array().view().contiguous(), len, apart, places);
        });
        let places = places.or_panic();
        onnx::define(name, &places, || {
            let attributes = [("axis", (at as i64).into()), ("keepdims", 0.into())];
            Value::node("ArgMax", &[&Value::of(self.array())], &attributes)
        });
        places
    }
}
