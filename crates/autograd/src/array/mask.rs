//! Masks: whether something is true of any element, or of all.

use super::Array;
use crate::axes::Axes;
use crate::error::OrPanic;
use crate::kernels::reduce::{reduced_last, remaining};
use crate::onnx::{self, Value};

impl Array<bool> {
    /// Whether any element is true; of nothing, none is.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert!(Tensor::from([1.0, f64::NAN]).mask(f64::is_nan).any());
    /// assert!(!Tensor::<f32>::zeros([0]).mask(f32::is_nan).any());
    /// ```
    pub fn any(&self) -> bool {
        self.view().contiguous().contains(&true)
    }

    /// Whether every element is true; of nothing, every one is.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert!(Tensor::from([1.0, 2.0]).mask(f64::is_finite).all());
    /// assert!(Tensor::<f32>::zeros([0]).mask(f32::is_nan).all());
    /// ```
    pub fn all(&self) -> bool {
        !self.view().contiguous().contains(&false)
    }

    /// How many elements are true.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (predicted, labels) = (Tensor::from([1.0, 0.0, 1.0]), Tensor::from([1.0, 1.0, 1.0]));
    /// assert_eq!(predicted.eq(&labels).count(), 2);
    /// ```
    pub fn count(&self) -> usize {
        self.view().contiguous().iter().filter(|&&x| x).count()
    }

    /// Whether any element along some axes, which disappear, is true.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, f64::NAN], [2.0, 3.0]]);
    /// assert_eq!(x.mask(f64::is_nan).any_axes(1).to_vec(), [true, false]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn any_axes(&self, axes: impl Into<Axes>) -> Self {
        self.over("any", axes.into(), |lane| lane.contains(&true))
    }

    /// Whether every element along some axes, which disappear, is true.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, f64::NAN], [2.0, 3.0]]);
    /// assert_eq!(x.mask(f64::is_finite).all_axes(0).to_vec(), [true, false]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn all_axes(&self, axes: impl Into<Axes>) -> Self {
        self.over("all", axes.into(), |lane| !lane.contains(&false))
    }

    #[track_caller]
    fn over(&self, name: &str, axes: Axes, test: impl Fn(&[bool]) -> bool) -> Self {
        let axes = axes.resolve(self.shape()).map_err(|e| e.of(name)).or_panic();
        let len: usize = axes.iter().map(|&axis| self.shape()[axis]).product();
        let lanes = self.permute(&reduced_last(self.shape().rank(), &axes)).or_panic();
        let lanes = lanes.view().contiguous();
        let mask = Array::build(remaining(self.shape(), &axes, false), |y| {
            for (i, y) in y.iter_mut().enumerate() {
                *y = test(&lanes[i * len..(i + 1) * len]);
            }
        });
        let mask = mask.map_err(|e| e.of(name)).or_panic();
        onnx::define(name, &mask, || {
            // As numbers, of which the largest or the least counts.
            let numbers = Value::of(self).choose(&Value::number(1.0), &Value::number(0.0));
            let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
            let op = if name == "any" { "ReduceMax" } else { "ReduceMin" };
            let number = Value::node(op, &[&numbers], &[("axes", axes.into()), ("keepdims", 0.into())]);
            Value::node("Greater", &[&number, &Value::number(0.5)], &[])
        });
        mask
    }
}
