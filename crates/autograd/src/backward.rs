//! The gradients of a tensor: for all leaves it was computed from, or for tensors that are named, recorded. Both go by one [`sweep`].

mod sweep;

pub(crate) use sweep::{Arrivals, depends, sweep, sweep_since};

use crate::error::OrPanic;
use crate::gradients::{GradError, Gradients, why_none};
use crate::scalar::Scalar;
use crate::tensor::Tensor;

impl<T: Scalar> Tensor<T> {
    /// The gradients of this number with respect to every leaf it was computed from.
    ///
    /// The graph is taken apart on the way, so that memory is given back as the sweep proceeds; to keep it, call
    /// `loss.clone().backward()`. Read the value first: `let value = loss.item();`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::scalar(3.0_f32).requires_grad();
    /// let y = &x * &x + 2.0 * &x;
    /// assert_eq!(y.backward()[&x].item(), 8.0);
    /// ```
    ///
    /// # Panics
    /// If this is not a single number, or a constant. See [`try_backward`](Self::try_backward).
    #[doc(alias = "retain_graph")]
    #[track_caller]
    pub fn backward(self) -> Gradients<T> {
        self.try_backward().or_panic()
    }

    /// As [`backward`](Self::backward).
    ///
    /// ```
    /// use autograd::{GradError, Tensor};
    /// let x = Tensor::from([1.0, 2.0]).requires_grad();
    /// assert_eq!(x.sum().try_backward()?[&x].to_vec(), [1.0, 1.0]);
    /// assert_eq!((&x * 2.0).try_backward().unwrap_err(), GradError::NotAScalar([2].into()));
    /// # Ok::<(), GradError>(())
    /// ```
    ///
    /// # Errors
    /// If this is not a single number, or a constant.
    pub fn try_backward(self) -> Result<Gradients<T>, GradError> {
        let dy = one_for(&self)?;
        sweep(self, dy, None)
    }

    /// As [`backward`](Self::backward), from a cotangent `dy` of the same shape: the gradients of `sum(self * dy)`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0]).requires_grad();
    /// let grads = x.powi(2).backward_from(&Tensor::from([10.0, 1.0]));
    /// assert_eq!(grads[&x].to_vec(), [20.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, or this is a constant.
    #[track_caller]
    pub fn backward_from(self, dy: &Tensor<T>) -> Gradients<T> {
        let fits = match self.shape() == dy.shape() {
            true => Ok(dy.detach()),
            false => Err(GradError::Cotangent { root: self.shape().clone(), cotangent: dy.shape().clone() }),
        };
        fits.and_then(|dy| sweep(self, dy, None)).or_panic()
    }
}

/// The gradients of the number `y` with respect to tensors, recorded: they can be differentiated again, unless this is
/// within [`no_grad`](crate::no_grad).
///
/// The tensors may be leaves or anything `y` was computed from. The graph of `y` stays.
///
/// ```
/// use autograd::{grad, Tensor};
/// let x = Tensor::scalar(2.0).requires_grad();
/// let y = x.powi(3);
/// let [first] = grad(&y, [&x]);
/// let [second] = grad(&first, [&x]);
/// assert_eq!((first.item(), second.item()), (12.0, 12.0));
/// ```
///
/// # Panics
/// If `y` is not a single number, or does not depend on one of the tensors. See [`try_grad`].
#[doc(alias("autograd.grad", "create_graph"))]
#[track_caller]
pub fn grad<T: Scalar, const N: usize>(y: &Tensor<T>, x: [&Tensor<T>; N]) -> [Tensor<T>; N] {
    try_grad(y, x).or_panic()
}

/// As [`grad`].
///
/// ```
/// use autograd::{GradError, Tensor, try_grad};
/// let [x, unused] = [3.0, 1.0].map(|x| Tensor::scalar(x).requires_grad());
/// let y = x.powi(2);
/// let [dx] = try_grad(&y, [&x])?;
/// assert_eq!(dx.item(), 6.0);
/// assert!(matches!(try_grad(&y, [&x, &unused]), Err(GradError::Unused(_))));
/// # Ok::<(), GradError>(())
/// ```
///
/// # Errors
/// If `y` is not a single number, or does not depend on one of the tensors.
pub fn try_grad<T: Scalar, const N: usize>(
    y: &Tensor<T>,
    x: [&Tensor<T>; N],
) -> Result<[Tensor<T>; N], GradError> {
    try_grad_from(y, &one_for(y)?, x)
}

/// As [`grad`], of a tensor of any shape, from a cotangent `dy` of the same shape: the gradients of `sum(y * dy)`. They
/// can be differentiated again, by `dy` too.
///
/// ```
/// use autograd::{grad_from, Tensor};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let [dx] = grad_from(&x.powi(2), &Tensor::from([10.0, 1.0]), [&x]);
/// assert_eq!(dx.to_vec(), [20.0, 4.0]);
/// ```
///
/// # Panics
/// If the shapes differ, or `y` does not depend on one of the tensors. See [`try_grad_from`].
#[track_caller]
pub fn grad_from<T: Scalar, const N: usize>(
    y: &Tensor<T>,
    dy: &Tensor<T>,
    x: [&Tensor<T>; N],
) -> [Tensor<T>; N] {
    try_grad_from(y, dy, x).or_panic()
}

/// As [`grad_from`].
///
/// ```
/// use autograd::{GradError, Tensor, try_grad_from};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let y = x.powi(2);
/// let [dx] = try_grad_from(&y, &Tensor::from([10.0, 1.0]), [&x])?;
/// assert_eq!(dx.to_vec(), [20.0, 4.0]);
/// assert!(matches!(try_grad_from(&y, &Tensor::scalar(1.0), [&x]), Err(GradError::Cotangent { .. })));
/// # Ok::<(), GradError>(())
/// ```
///
/// # Errors
/// If the shapes differ, or `y` does not depend on one of the tensors.
pub fn try_grad_from<T: Scalar, const N: usize>(
    y: &Tensor<T>,
    dy: &Tensor<T>,
    x: [&Tensor<T>; N],
) -> Result<[Tensor<T>; N], GradError> {
    if y.shape() != dy.shape() {
        return Err(GradError::Cotangent { root: y.shape().clone(), cotangent: dy.shape().clone() });
    }
    let mut targets = Vec::with_capacity(N);
    for x in x {
        targets.push(x.node().ok_or_else(|| why_none(x))?.id);
    }
    let grads = sweep(y.clone(), dy.clone(), Some(&targets))?;
    if let Some(x) = x.iter().find(|x| grads.get(x).is_none()) {
        return Err(why_none(x));
    }
    Ok(x.map(|x| grads[x].clone()))
}

/// The cotangent of a number with respect to itself.
pub(crate) fn one_for<T: Scalar>(y: &Tensor<T>) -> Result<Tensor<T>, GradError> {
    match y.size() {
        1 => Ok(Tensor::full(y.shape(), T::one())),
        _ => Err(GradError::NotAScalar(y.shape().clone())),
    }
}
