//! Variance and standard deviation over axes.
//!
//! ```text
//! var(x) = Σ (x - mean)² / (n - correction)          std(x) = √var(x)
//! ```
//! The mean is subtracted first, so that nothing cancels, and before it one of the numbers. A standard deviation of equal numbers is 0, where the root has no
//! derivative; it is 0 there, as in PyTorch, since the deviation is smallest.

use crate::array::Array;
use crate::axes::Axes;
use crate::error::OrPanic;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Variance and standard deviation.
impl<T: Scalar> Tensor<T> {
    /// The variance of all elements, a scalar. `correction` is what the divisor lacks of the number of elements: 1 for the
    /// estimate from a sample (F. W. Bessel), 0 for the variance of these numbers themselves.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 6.0]);
    /// assert_eq!((x.var(0.0).item(), x.var(1.0).item()), (3.5, 14.0 / 3.0));
    /// ```
    ///
    /// Where the divisor is 0 or less, it is NaN if there are no deviations, as of one element with correction 1, and infinite otherwise.
    #[track_caller]
    pub fn var(&self, correction: f64) -> Self {
        self.var_axes(.., correction)
    }

    /// The variance over some axes, which disappear; see [`var`](Self::var).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 8.0]]);
    /// assert_eq!(x.var_axes(-1, 0.0).to_vec(), [1.0, 9.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var_axes(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        self.variance("var", axes.into(), correction, false)
    }

    /// The variance over some axes, which stay with size 1; see [`var`](Self::var).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([[1.0, 3.0], [2.0, 8.0]]).var_keepdims(-1, 1.0);
    /// assert_eq!((y.dims(), y.to_vec()), (&[2, 1][..], vec![2.0, 18.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var_keepdims(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        self.variance("var", axes.into(), correction, true)
    }

    /// The standard deviation of all elements, a scalar: the root of [`var`](Self::var). Of equal numbers its gradient is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 3.0, 5.0]).std(1.0).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn std(&self, correction: f64) -> Self {
        self.std_axes(.., correction)
    }

    /// The standard deviation over some axes, which disappear.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 8.0]]);
    /// assert_eq!(x.std_axes(-1, 0.0).to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std_axes(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        self.variance("std", axes.into(), correction, false).root()
    }

    /// The standard deviation over some axes, which stay with size 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 8.0]]);
    /// let z = (&x - x.mean_keepdims(-1)) / x.std_keepdims(-1, 0.0);
    /// assert_eq!(z.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std_keepdims(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        self.variance("std", axes.into(), correction, true).root()
    }

    #[track_caller]
    fn variance(&self, name: &str, axes: Axes, correction: f64, keepdims: bool) -> Self {
        let resolved = axes.resolve(self.shape()).map_err(|e| e.of(name)).or_panic();
        let terms: usize = resolved.iter().map(|&axis| self.shape()[axis]).product();
        // Told from the first of them, equal numbers are 0, and so is what they are off by.
        let first = |x: Self, axis: usize| x.slice(axis as isize, ..self.shape()[axis].min(1) as isize);
        let off = self - resolved.iter().copied().fold(self.detach(), first);
        let squares = (&off - off.mean_keepdims(axes.clone())).square();
        let sum = if keepdims { squares.sum_keepdims(axes) } else { squares.sum_axes(axes) };
        sum / T::of((terms as f64 - correction).max(0.0))
    }

    /// The square root, whose derivative at 0 is 0.
    #[track_caller]
    pub(crate) fn root(&self) -> Self {
        self.where_zero(|x| x.sqrt())
    }

    /// `f` of this where it is not 0, and 0 where it is, with derivative 0. There `f` is given a 1, so that nothing infinite comes
    /// back from what is not chosen.
    #[track_caller]
    pub(crate) fn where_zero(&self, f: impl FnOnce(&Self) -> Self) -> Self {
        let is_zero: Array<bool> = self.eq(T::zero());
        f(&self.masked_fill(&is_zero, T::one())).masked_fill(&is_zero, T::zero())
    }
}
