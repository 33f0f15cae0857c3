//! Products over axes, and sums and products of all elements so far.
//!
//! A sum so far is linear; carried back, each element gets what all later sums have: the same sum from the other end.
//! Products are made by halves, and those so far by doubling (W. D. Hillis and G. L. Steele, "Data parallel algorithms", 1986),
//! of multiplications alone. So their gradients hold at zeros as well, where a rule that divides by the element would fail, and
//! for every order.

use crate::array::View;
use crate::axes::Axes;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::cumulative::sums_so_far;
use crate::kernels::reduce::remaining;
use crate::onnx::{self, Operands, Value};
use crate::op::{Keeps, Op};
use crate::ops::lanes::extent;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The sums along an axis of all elements up to each.
///
/// ```
/// use autograd::{Op, Tensor, ops::CumSum};
/// let x = Tensor::from([1.0, 2.0, 3.0]).requires_grad();
/// let y = CumSum { axis: 0, from_end: true }.apply([&x]);
/// assert_eq!(y.to_vec(), [6.0, 5.0, 3.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 2.0, 3.0]); // in how many sums each one is
/// ```
#[derive(Debug)]
pub struct CumSum {
    /// The axis; `-1` is the last.
    pub axis: isize,
    /// Whether the sums begin at the end.
    pub from_end: bool,
}

impl<T: Scalar> Op<T, 1> for CumSum {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        x.axis(self.axis).map(|_| x.clone())
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        if y.is_empty() {
            return;
        }
        let (len, apart) = extent(x.shape(), x.shape().axis(self.axis).or_panic());
        sums_so_far(&x.contiguous(), len, apart, self.from_end, y);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        CumSum { axis: self.axis, from_end: !self.from_end }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn name(&self) -> String {
        "cumsum".into()
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let reverse = [("reverse", i64::from(self.from_end).into())];
        Value::node("CumSum", &[&x[0], &Value::int(self.axis as i64)], &reverse)
    }
}

/// Products, and sums and products so far.
impl<T: Scalar> Tensor<T> {
    /// Along an axis, the sum of all elements up to each.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumsum(0).to_vec(), [1.0, 3.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        CumSum { axis, from_end: false }.apply([self])
    }

    /// Along an axis, the product of all elements up to each. The gradient is right where elements are 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([2.0, 0.0, 5.0]).requires_grad();
    /// let y = x.cumprod(0);
    /// assert_eq!(y.to_vec(), [2.0, 0.0, 0.0]);
    /// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 12.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("cumprod")).or_panic();
        let (axis, len) = (at as isize, self.shape()[at]);
        let mut y = self.clone();
        let mut step = 1;
        while step < len {
            let so_far = y.slice(axis, ..step as isize);
            let longer = y.slice(axis, step as isize..) * y.slice(axis, ..(len - step) as isize);
            y = Tensor::concat(&[&so_far, &longer], axis);
            step *= 2;
        }
        y
    }

    /// The product of all elements, a scalar; 1 if there are none. The gradient is right where elements are 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([2.0, 0.0, 5.0]).requires_grad();
    /// assert_eq!(x.prod().backward()[&x].to_vec(), [0.0, 10.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn prod(&self) -> Self {
        self.prod_axes(..)
    }

    /// The product over some axes, which disappear.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).prod_axes(0).to_vec(), [3.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn prod_axes(&self, axes: impl Into<Axes>) -> Self {
        self.product(axes.into(), false)
    }

    /// The product over some axes, which stay with size 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).prod_keepdims(-1);
    /// assert_eq!((y.dims(), y.to_vec()), (&[2, 1][..], vec![2.0, 12.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn prod_keepdims(&self, axes: impl Into<Axes>) -> Self {
        self.product(axes.into(), true)
    }

    #[track_caller]
    fn product(&self, axes: Axes, keepdims: bool) -> Self {
        let axes = axes.resolve(self.shape()).map_err(|e| e.of("prod")).or_panic();
        let shape = remaining(self.shape(), &axes, keepdims);
        let signed: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
        let mut y = self.lanes(&axes);
        let mut len = y.shape()[y.rank() - 1];
        if len == 0 {
            return Tensor::ones(shape);
        }
        while len > 1 {
            // Neighbours first: what one makes too large for its precision the next may make small again.
            let half = len / 2;
            let halved = y.slice_step(-1, 0, half, 2) * y.slice_step(-1, 1, half, 2);
            y = if len.is_multiple_of(2) {
                halved
            } else {
                Tensor::concat(&[&halved, &y.slice(-1, 2 * half as isize..)], -1)
            };
            len = len.div_ceil(2);
        }
        let y = y.reshape(shape);
        onnx::define("prod", y.array(), || {
            Axes::from(&signed[..]).reduce_in_onnx("ReduceProd", self, keepdims)
        });
        y
    }
}
