//! Why training ended early.

use std::fmt;

/// Why training ended early.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrainError {
    /// A data set has no samples.
    Empty {
        /// Which: `"training"` or `"test"`.
        name: &'static str,
    },
    /// The loss or a gradient became NaN or infinite. The parameters are those before the step.
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in the epoch, from 1.
        step: usize,
        /// What is not finite: the loss, or the gradient of a parameter by its path.
        what: String,
    },
    /// Parameters that had no gradient in the whole first epoch: they would never be trained.
    NoGradient {
        /// Their paths; empty if the network has no parameters.
        paths: Vec<String>,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Empty { name } => write!(f, "the {name} data has no samples"),
            TrainError::NotFinite { epoch, step, what } => write!(
                f,
                "{what} is not finite in epoch {epoch}, step {step}; the parameters are those before the step\n  help: lower the learning rate, and look for NaN or infinite numbers in the data"
            ),
            TrainError::NoGradient { paths } if paths.is_empty() => {
                write!(f, "the network has no parameters, so there is nothing to train")
            }
            TrainError::NoGradient { paths } => write!(
                f,
                "these parameters get no gradient: {}\n  help: use them in `forward`, look for `detach` or `no_grad` on the way, or leave them out of the module with `#[module(skip)]`",
                paths.join(", ")
            ),
        }
    }
}

impl std::error::Error for TrainError {}
