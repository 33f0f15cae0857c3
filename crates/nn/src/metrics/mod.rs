//! How good a network is: measures of outputs against targets, which a trainer reports after every epoch.
//!
//! - of classes: [`accuracy`], [`binary_accuracy`], [`top_k`], [`precision`], [`recall`], [`f1`], [`perplexity`], [`ConfusionMatrix`];
//! - of scores: [`roc_auc`], [`binary_roc_auc`];
//! - of numbers: [`mae`], [`rmse`], [`r2`].
//!
//! A measure of one's own is any function of outputs and targets. Where the mean over batches is what it is over all samples, as of the
//! accuracy, it is given to [`Trainer::metric`](crate::Trainer::metric), otherwise to
//! [`metric_over_all`](crate::Trainer::metric_over_all):
//!
//! ```
//! use nn::{Sgd, Tensor, Trainer, metrics::{accuracy, f1}, cross_entropy};
//! let mean_logit = |logits: &Tensor, _: &Vec<usize>| f64::from(logits.mean().item());
//! let trainer = Trainer::new(Sgd::<f32>::new(0.1))
//!     .loss(cross_entropy)
//!     .metric("accuracy", accuracy)
//!     .metric("mean logit", mean_logit)
//!     .metric_over_all("F1", f1);
//! ```

mod classes;
mod confusion;
mod ranking;
mod regression;

pub use classes::{accuracy, binary_accuracy, f1, perplexity, precision, recall, top_k};
pub use confusion::ConfusionMatrix;
pub use ranking::{binary_roc_auc, roc_auc};
pub use regression::{mae, r2, rmse};
