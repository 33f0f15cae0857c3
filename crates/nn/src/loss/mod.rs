//! Losses: one number for how wrong an output is, the mean over a batch.
//!
//! A loss of elements is a [`Pointwise`] function of prediction and target; the loss is its mean, in one pass ([`SumOf`]). The
//! function by itself gives a tensor of the losses of all elements, to be weighted, or added up in another way:
//! `SquaredDifference.apply([&prediction, &target])`.

mod binary;
mod cross_entropy;
mod ctc;
mod distribution;
mod margin;
mod regression;

pub use binary::{Bce, BceWithLogits, bce, bce_with_logits};
pub(crate) use cross_entropy::must_be_labels;
pub use cross_entropy::{CrossEntropy, cross_entropy, nll, soft_cross_entropy};
pub use ctc::{Ctc, ctc};
pub use distribution::{GaussianNll, KlDivergence, PoissonNll, gaussian_nll, kl_divergence, poisson_nll};
pub use margin::{Hinge, cosine_embedding, hinge, margin_ranking, multi_margin, triplet_margin};
pub use regression::{AbsoluteDifference, Huber, SquaredDifference, huber, mae, mse, smooth_l1};

use crate::layers::blame::fail;
use autograd::ops::SumOf;
use autograd::{Op, Pointwise, Scalar, ShapeError, Tensor};

/// The mean of a function of prediction and target.
#[track_caller]
fn mean_of<T: Scalar>(
    loss: &str,
    f: impl Pointwise<T, 2>,
    prediction: &Tensor<T>,
    target: &Tensor<T>,
) -> Tensor<T> {
    must_be_alike(loss, prediction, target);
    SumOf::all(f).apply([prediction, target]) / T::of(prediction.size() as f64)
}

/// A loss of elements takes as many targets as predictions, and some: shapes that broadcast would hide mistakes.
#[track_caller]
fn must_be_alike<T: Scalar>(loss: &str, prediction: &Tensor<T>, target: &Tensor<T>) {
    let (p, t) = (prediction.shape(), target.shape());
    if p != t || p.size() == 0 {
        let problem =
            if p == t { "nothing has no mean" } else { "prediction and target must have one shape" };
        let error = ShapeError::new(format!("{loss}: {problem}"))
            .operand("prediction", p, "")
            .operand("target", t, "");
        let error = error.help("`reshape` or `unsqueeze` the target to the shape of the prediction");
        fail(&error.to_string());
    }
}

/// The losses as methods of what a network returns.
///
/// ```
/// use nn::{Losses, Tensor};
/// let (y, target) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 4.0]));
/// assert_eq!([y.mse(&target), y.mae(&target), y.huber(&target, 1.0)].map(|loss| loss.item()), [2.0, 1.0, 0.75]);
/// let logits = Tensor::from([[0.0, 0.0]]);
/// let losses = [logits.cross_entropy(&[1]), logits.bce_with_logits(&Tensor::from([[1.0, 0.0]]))];
/// assert!(losses.iter().all(|loss| (loss.item() - 2.0_f64.ln()).abs() < 1e-15));
/// ```
pub trait Losses<T: Scalar> {
    /// See [`mse`].
    #[track_caller]
    fn mse(&self, target: &Tensor<T>) -> Tensor<T>;
    /// See [`mae`].
    #[track_caller]
    fn mae(&self, target: &Tensor<T>) -> Tensor<T>;
    /// See [`huber`].
    #[track_caller]
    fn huber(&self, target: &Tensor<T>, delta: f64) -> Tensor<T>;
    /// See [`bce_with_logits`].
    #[track_caller]
    fn bce_with_logits(&self, targets: &Tensor<T>) -> Tensor<T>;
    /// See [`cross_entropy`].
    #[track_caller]
    fn cross_entropy<L: AsRef<[usize]> + ?Sized>(&self, labels: &L) -> Tensor<T>;
}

impl<T: Scalar> Losses<T> for Tensor<T> {
    #[track_caller]
    fn mse(&self, target: &Tensor<T>) -> Tensor<T> {
        mse(self, target)
    }
    #[track_caller]
    fn mae(&self, target: &Tensor<T>) -> Tensor<T> {
        mae(self, target)
    }
    #[track_caller]
    fn huber(&self, target: &Tensor<T>, delta: f64) -> Tensor<T> {
        huber(self, target, delta)
    }
    #[track_caller]
    fn bce_with_logits(&self, targets: &Tensor<T>) -> Tensor<T> {
        bce_with_logits(self, targets)
    }
    #[track_caller]
    fn cross_entropy<L: AsRef<[usize]> + ?Sized>(&self, labels: &L) -> Tensor<T> {
        cross_entropy(self, labels)
    }
}
