//! The largest and the smallest element over axes.
//!
//! The gradient goes to the elements that are the largest. Where `k` of them are equal, the function has a kink, and each gets
//! the `k`-th part: the mean of the gradients on all sides, and what PyTorch's `amax` and `amin` give.

use crate::array::{Array, View};
use crate::axes::Axes;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::extremum::extremum;
use crate::kernels::map::map;
use crate::kernels::reduce::remaining;
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::ops::lanes::Lanes;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The largest element over some axes, or the smallest.
///
/// ```
/// use autograd::{Op, Tensor, ops::Extremum};
/// let x = Tensor::from([[5.0, 1.0, 1.0], [2.0, 3.0, 4.0]]).requires_grad();
/// let y = Extremum { axes: (-1).into(), keepdims: false, least: true }.apply([&x]);
/// assert_eq!(y.to_vec(), [1.0, 2.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.5, 0.5, 1.0, 0.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Extremum {
    /// The axes that are searched.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
    /// Whether it is the smallest.
    pub least: bool,
}

impl<T: Scalar> Op<T, 1> for Extremum {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let axes = self.axes.resolve(x)?;
        let y = remaining(x, &axes, self.keepdims);
        if x.size() == 0 && y.size() > 0 {
            return Err(ShapeError::new("there is nothing to choose from").operand("input", x, "").help(
                "the smallest and the largest of no elements are not defined: leave out what is empty",
            ));
        }
        Ok(y)
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        if y.is_empty() {
            return;
        }
        let lanes = Lanes::of(x, &self.axes.resolve(x.shape()).or_panic());
        match self.least {
            false => extremum::<T, false>(&lanes.elements, lanes.len, lanes.apart, y),
            true => extremum::<T, true>(&lanes.elements, lanes.len, lanes.apart, y),
        }
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let x = call.x(0).detach();
        let axes = self.axes.resolve(x.shape()).or_panic();
        let kept = remaining(x.shape(), &axes, true);
        let y = call.y().detach().reshape(&kept);
        // One where an element is chosen; a lane that holds NaN has chosen these.
        let chosen = Tensor::build(x.shape(), |chosen| {
            let is_chosen = |[x, y]: [T; 2]| if x == y || x.is_nan() { T::one() } else { T::zero() };
            map([x.array().view(), y.array().view()], x.shape(), chosen, is_chosen);
        });
        let axes: Vec<isize> = axes.iter().map(|&axis| axis as isize).collect();
        let shares = &chosen / chosen.sum_keepdims(&axes[..]);
        dy.reshape(kept) * shares
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::y()
    }
    fn name(&self) -> String {
        if self.least { "min" } else { "max" }.into()
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let axes = self.axes.in_onnx(x.shape(0));
        if axes.is_empty() {
            return x[0].then("Identity");
        }
        let op = if self.least { "ReduceMin" } else { "ReduceMax" };
        Value::node(op, &[&x[0]], &[("axes", axes.into()), ("keepdims", i64::from(self.keepdims).into())])
    }
}

/// The largest and the smallest element.
impl<T: Scalar> Tensor<T> {
    /// The largest of all elements, a scalar; NaN if one is. The gradient is shared among those that are equal to it.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 3.0, 3.0]).requires_grad();
    /// assert_eq!(x.max().item(), 3.0);
    /// assert_eq!(x.max().backward()[&x].to_vec(), [0.0, 0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn max(&self) -> Self {
        self.max_axes(..)
    }

    /// The largest element over some axes, which disappear.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 0.0]]).max_axes(0).to_vec(), [3.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or there is nothing along them.
    #[doc(alias = "amax")]
    #[track_caller]
    pub fn max_axes(&self, axes: impl Into<Axes>) -> Self {
        Extremum { axes: axes.into(), keepdims: false, least: false }.apply([self])
    }

    /// As [`max_axes`](Self::max_axes), but the axes stay, with size 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [6.0, 5.0]]);
    /// assert_eq!((&x - x.max_keepdims(-1)).to_vec(), [-2.0, 0.0, 0.0, -1.0]);
    /// ```
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn max_keepdims(&self, axes: impl Into<Axes>) -> Self {
        Extremum { axes: axes.into(), keepdims: true, least: false }.apply([self])
    }

    /// The smallest of all elements, a scalar; see [`max`](Self::max).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 1.0, 3.0]).requires_grad();
    /// assert_eq!(x.min().item(), 1.0);
    /// assert_eq!(x.min().backward()[&x].to_vec(), [0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn min(&self) -> Self {
        self.min_axes(..)
    }

    /// The smallest element over some axes, which disappear.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 0.0]]).min_axes(0).to_vec(), [1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or there is nothing along them.
    #[doc(alias = "amin")]
    #[track_caller]
    pub fn min_axes(&self, axes: impl Into<Axes>) -> Self {
        Extremum { axes: axes.into(), keepdims: false, least: true }.apply([self])
    }

    /// As [`min_axes`](Self::min_axes), but the axes stay, with size 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [6.0, 5.0]]);
    /// assert_eq!((&x - x.min_keepdims(-1)).to_vec(), [0.0, 2.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn min_keepdims(&self, axes: impl Into<Axes>) -> Self {
        Extremum { axes: axes.into(), keepdims: true, least: true }.apply([self])
    }

    /// Along an axis, which disappears, the place of the smallest element: the first of several, and NaN before all.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[0.3, 0.1], [0.2, 0.2]]).argmin(-1).to_vec(), [1, 0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or its size is 0.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Array<usize> {
        (-&self.detach()).argmax_named("argmin", axis)
    }
}
