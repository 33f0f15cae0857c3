//! Numbers of one precision as numbers of the other.

use super::Array;
use crate::error::OrPanic;
use crate::kernels::map::map;
use crate::scalar::Scalar;

impl<T: Scalar> Array<T> {
    /// The numbers in another precision, each rounded to the nearest that there is.
    ///
    /// A graph is over one type of number, so a tensor is cast as a value, `Tensor::constant(x.array().cast())`: data as
    /// it is read, or weights to be kept.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let data = Tensor::from([0.1_f64, 1e300]);
    /// let x: Tensor<f32> = Tensor::constant(data.array().cast());
    /// assert_eq!(x.to_vec(), [0.1, f32::INFINITY]);
    /// ```
    #[track_caller]
    pub fn cast<U: Scalar>(&self) -> Array<U> {
        let rounded = |[x]: [T; 1]| U::of(x.into());
        Array::build(self.shape(), |y| map([self.view()], self.shape(), y, rounded)).or_panic()
    }
}
