//! Elements in order along an axis.
//!
//! The order is a choice of places, which has no derivative; the elements in it are a gather, whose gradient goes back to where
//! each came from. Equal elements stay in the order in which they were, and NaN is above all.

use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::kernels::sort::first_in_order;
use crate::onnx::{self, Value};
use crate::ops::lanes::extent;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Elements in order.
impl<T: Scalar> Tensor<T> {
    /// Along an axis, the places of the elements from the smallest to the largest, or if `descending` from the largest to the
    /// smallest. Equal ones keep their order; NaN counts as the largest.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 2.0]);
    /// assert_eq!(x.argsort(0, false).to_vec(), [1, 2, 0]);
    /// assert_eq!(x.argsort(0, true).to_vec(), [0, 2, 1]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn argsort(&self, axis: isize, descending: bool) -> Array<usize> {
        let axis = self.shape().axis(axis).map_err(|e| e.of("argsort")).or_panic();
        self.first_in_order(axis, self.shape()[axis], descending)
    }

    /// The elements along an axis in order, and the places where they were; see [`argsort`](Self::argsort).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([3.0, 1.0, 2.0]).requires_grad();
    /// let (sorted, _) = x.sort(0, false);
    /// assert_eq!(sorted.to_vec(), [1.0, 2.0, 3.0]);
    /// let grads = (sorted * Tensor::from([1.0, 10.0, 100.0])).sum().backward();
    /// assert_eq!(grads[&x].to_vec(), [100.0, 1.0, 10.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> (Self, Array<usize>) {
        let at = self.shape().axis(axis).map_err(|e| e.of("sort")).or_panic();
        let places = self.first_in_order(at, self.shape()[at], descending);
        (self.take_along_axis(&places, axis), places)
    }

    /// The `k` largest elements along an axis, or the smallest, in order, and the places where they were.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (values, places) = Tensor::from([3.0, 1.0, 2.0]).topk(2, 0, true);
    /// assert_eq!((values.to_vec(), places.to_vec()), (vec![3.0, 2.0], vec![0, 2]));
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or it has fewer than `k` elements.
    #[track_caller]
    pub fn topk(&self, k: usize, axis: isize, largest: bool) -> (Self, Array<usize>) {
        let at = self.shape().axis(axis).map_err(|e| e.of("topk")).or_panic();
        let len = self.shape()[at];
        if k > len {
            let error = ShapeError::new(format!("there are no {k} elements to choose along axis {at}"))
                .operand("input", self.shape(), format!("axis {at} is {len}"))
                .help(format!("ask for at most {len}"));
            Err::<(), _>(error.of("topk")).or_panic();
        }
        let places = self.first_in_order(at, k, largest);
        (self.take_along_axis(&places, axis), places)
    }

    /// The places of the first `k` elements in order, of each lane along `axis`.
    #[track_caller]
    fn first_in_order(&self, axis: usize, k: usize, descending: bool) -> Array<usize> {
        let lanes = extent(self.shape(), axis);
        let x = self.array().view().contiguous();
        let places = Array::build(self.shape().with(axis, k), |y| {
            if !y.is_empty() {
                first_in_order(&x, lanes, k, descending, y);
            }
        });
        let places = places.or_panic();
        onnx::define("argsort", &places, || {
            let attributes = [("axis", (axis as i64).into()), ("largest", i64::from(descending).into())];
            Value::output_of(1, "TopK", &[&Value::of(self.array()), &Value::ints([k as i64])], &attributes)
        });
        places
    }
}
