//! What a trainer minimises, and what the compiler says of one that was given nothing to minimise.

use crate::layers::blame;
use autograd::{Scalar, Tensor};

/// What a [`Trainer`](crate::Trainer) minimises: any function of outputs and targets to a single number.
///
/// ```
/// use nn::{Loss, Tensor};
/// /// The loss of a quantile: of ten targets one is to be above it.
/// fn quantile(outputs: &Tensor, targets: &Tensor) -> Tensor {
///     let missing = targets - outputs;
///     (&missing * 0.9).maximum(&(&missing * -0.1)).mean()
/// }
/// let (outputs, targets) = (Tensor::from([0.0, 0.0]), Tensor::from([10.0, -10.0]));
/// assert_eq!(quantile.of(&outputs, &targets).item(), (9.0 + 1.0) / 2.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "this trainer has no loss to minimise",
    label = "call `.loss(..)` on it first",
    note = "`Trainer::new(optimizer).loss(cross_entropy)` is for labels, `.loss(mse)` for numbers"
)]
pub trait Loss<T: Scalar, Y> {
    /// The loss of the outputs for a batch, against its targets.
    #[track_caller]
    fn of(&self, outputs: &Tensor<T>, targets: &Y) -> Tensor<T>;
}

// Otherwise the compiler would tell that `NoLoss` is no function, which helps nobody.
#[diagnostic::do_not_recommend]
impl<T: Scalar, Y, F: Fn(&Tensor<T>, &Y) -> Tensor<T>> Loss<T, Y> for F {
    #[track_caller]
    fn of(&self, outputs: &Tensor<T>, targets: &Y) -> Tensor<T> {
        blame::on_caller_of(self, || self(outputs, targets))
    }
}

/// The loss of a trainer that has none yet: call [`Trainer::loss`](crate::Trainer::loss) before [`Trainer::fit`](crate::Trainer::fit).
///
/// ```
/// use nn::{NoLoss, Sgd, Tensor, Trainer, mse};
/// let unfinished: Trainer<'_, Sgd, NoLoss, Tensor> = Trainer::new(Sgd::new(0.1)); // has no `fit`
/// let trainer = unfinished.loss(mse);
/// # let _ = trainer;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoLoss;
