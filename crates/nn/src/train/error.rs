//! Why training ended early.

use crate::files::FileError;
use std::fmt;
use std::sync::Arc;

/// Why training ended early. Two are equal if they say the same.
///
/// ```
/// use nn::{Dataset, Linear, Rng, Sgd, Tensor, TrainError, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut fit = |lr, data: &Dataset<Tensor, Tensor>| Trainer::new(Sgd::new(lr)).loss(mse).batch(2).fit(&mut net, data, data);
/// let error = fit(1e30, &data).unwrap_err();
/// assert!(matches!(error, TrainError::NotFinite { epoch: 1, step: 2.., .. }));
/// println!("{error}"); // where, in which operator, and what to do
/// assert_eq!(fit(0.1, &data.take(0)).unwrap_err(), TrainError::Empty { name: "training" });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// A data set has no samples.
    Empty {
        /// Which: `"training"`, or `"test"`, if [what is measured](crate::Trainer::measured_on) has no other name.
        name: &'static str,
    },
    /// The loss or a gradient became NaN or infinite. The step was not made: the parameters are those before it or, where a callback restores
    /// others at the end, as early stopping the best, those.
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in the epoch, from 1.
        step: usize,
        /// What is not finite: the loss, or the gradient of a parameter by its path.
        what: String,
        /// Where the first NaN and the first infinity were met, when the step was made once more to see: operator, line and
        /// parameter, as [`trace_nan`](autograd::trace_nan) tells them.
        birth: String,
    },
    /// Parameters that had no gradient in the whole first epoch: they would never be trained.
    NoGradient {
        /// Their paths; empty if the network has no parameters.
        paths: Vec<String>,
    },
    /// Not even the fewest samples that can go through the network at once keep within the [budget](crate::Trainer::memory_budget).
    MemoryBudget {
        /// The budget.
        bytes: usize,
        /// The bytes of the parameters.
        weights: usize,
        /// How many samples these are; 0 if the parameters alone are too much.
        samples: usize,
        /// The bytes of a step with so many samples at a time, parameters among them.
        needed: usize,
    },
    /// All parameters are frozen.
    Frozen,
    /// A checkpoint could not be written or read, or a log not written.
    File(Arc<FileError>),
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Empty { name } => write!(
                f,
                "the {name} data has no samples\n  help: `len()` of a data set is their number; a split by 0 or 1 leaves one part empty"
            ),
            TrainError::NotFinite { epoch, step, what, birth } => {
                write!(
                    f,
                    "{what} is not finite in epoch {epoch}, step {step}, which was not made"
                )?;
                birth.lines().try_for_each(|line| write!(f, "\n  {line}"))?;
                f.write_str(
                    "\n  help: lower the learning rate, and look for NaN or infinite numbers in the data",
                )
            }
            TrainError::NoGradient { paths } if paths.is_empty() => {
                write!(
                    f,
                    "the network has no parameters, so there is nothing to train\n  help: a weight is a `Param`, and its field not marked `#[module(skip)]`"
                )
            }
            TrainError::NoGradient { paths } => write!(
                f,
                "these parameters get no gradient: {}\n  help: use them in `forward`, look for `detach` or `no_grad` on the way, or leave them out of the module with `#[module(skip)]`",
                paths.join(", ")
            ),
            TrainError::MemoryBudget { bytes, weights, samples: 0, .. } => write!(
                f,
                "the memory budget is {bytes} bytes, and the parameters alone take {weights}\n  help: allow several times as much; what a step takes beside them is then measured"
            ),
            TrainError::MemoryBudget { bytes, weights, samples, needed } => write!(
                f,
                "the memory budget is {bytes} bytes, and a step with samples by {samples} takes {needed}, of which parameters {weights}\n  help: allow {needed} or more, or take less: smaller layers, or `checkpointed` ones, which keep less"
            ),
            TrainError::Frozen => f.write_str(
                "all parameters of the network are frozen, so there is nothing to train\n  help: `net.unfreeze(\"*\")` lets all learn again, a pattern such as `head.*` some of them",
            ),
            TrainError::File(error) => error.fmt(f),
        }
    }
}

impl PartialEq for TrainError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl std::error::Error for TrainError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TrainError::File(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<FileError> for TrainError {
    fn from(error: FileError) -> Self {
        TrainError::File(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dataset, Linear, Sgd, Trainer, mse};
    use autograd::{Rng, Tensor};
    use std::cell::Cell;

    /// The rate is so large that the loss grows from epoch to epoch; early stopping restores what was best, and so the parameters are not
    /// those before the step.
    #[test]
    fn a_loss_that_is_not_finite_says_no_more_than_is_so() {
        let data = Dataset::new(Tensor::<f32>::ones([1, 1]), Tensor::zeros([1, 1])).unwrap();
        let mut net = Linear::new(1, 1, &mut Rng::seed(0)).without_bias();
        net.weight.update(|w| w[0] = 1.0);
        // Twice in an epoch: in the step, and in the test. The weight is multiplied by -3 in each step.
        let calls = Cell::new(0);
        let loss = |y: &Tensor, t: &Tensor| {
            calls.set(calls.get() + 1);
            mse(y, t) * if calls.get() > 4 { f32::NAN } else { 1.0 }
        };
        let mut trainer = Trainer::new(Sgd::new(2.0)).loss(loss).stop_early(9);
        let error = trainer.fit(&mut net, &data, &data).unwrap_err();
        assert_eq!(net.weight.item(), -3.0);
        let text = error.to_string();
        assert!(
            text.starts_with("the loss is not finite in epoch 3, step 1, which was not made\n"),
            "{text}"
        );
    }
}
