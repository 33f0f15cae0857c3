//! Regularizers: what is added to the loss so that weights stay small.

use crate::module::Module;
use autograd::ops::{Abs, Square, SumOf};
use autograd::{Op, Scalar, Tensor};

/// `strength Σ w²` over all parameters of the module (ridge; A. N. Tikhonov, 1943).
///
/// Its gradient is `2 strength w`. PyTorch's `weight_decay = d` is `strength = d / 2`.
///
/// ```
/// use nn::{l2, Param, Tensor};
/// let w = Param::new(Tensor::from([3.0, -4.0]));
/// assert_eq!(l2(&w, 0.1).item(), 2.5);
/// ```
pub fn l2<T: Scalar>(module: &(impl Module<T> + ?Sized), strength: f64) -> Tensor<T> {
    penalty(module, strength, |w| SumOf::all(Square).apply([w]))
}

/// `strength Σ |w|` over all parameters of the module (lasso; R. Tibshirani, 1996): drives weights to exactly 0.
///
/// ```
/// use nn::{l1, Param, Tensor};
/// let w = Param::new(Tensor::from([3.0, -4.0]));
/// assert_eq!(l1(&w, 0.5).item(), 3.5);
/// ```
pub fn l1<T: Scalar>(module: &(impl Module<T> + ?Sized), strength: f64) -> Tensor<T> {
    penalty(module, strength, |w| SumOf::all(Abs).apply([w]))
}

fn penalty<T: Scalar>(
    module: &(impl Module<T> + ?Sized),
    strength: f64,
    of_one: impl Fn(&Tensor<T>) -> Tensor<T>,
) -> Tensor<T> {
    let terms = module.parameters().into_iter().map(|(_, param)| of_one(param));
    terms.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::scalar(T::zero())) * T::of(strength)
}
