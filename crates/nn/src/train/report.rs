//! What a trainer tells: the plan, each step, each epoch, all of them, and why they have ended.

use std::fmt;
use std::path::PathBuf;

/// What is going to happen.
///
/// ```
/// use nn::{Callback, Dataset, InTraining, Linear, Plan, Rng, Sgd, Tensor, Trainer, mse};
/// struct Announce;
/// impl Callback for Announce {
///     fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_>) {
///         assert_eq!((plan.epochs, plan.steps_per_epoch, plan.epoch, plan.step), (3, 4, 1, 0));
///         assert!(plan.metrics == ["mae"] && !plan.is_resumed());
///     }
/// }
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let trainer = Trainer::new(Sgd::new(0.1)).loss(mse).metric("mae", nn::metrics::mae).epochs(3).batch(2);
/// trainer.with(Announce).fit(&mut net, &data, &data)?;
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The number of epochs.
    pub epochs: usize,
    /// The number of batches in each.
    pub steps_per_epoch: usize,
    /// The epoch with which it begins, from 1: later ones, when a checkpoint is resumed.
    pub epoch: usize,
    /// The steps of that epoch which have been made already.
    pub step: usize,
    /// The names of the metrics that are going to be measured.
    pub metrics: Vec<&'static str>,
}

impl Plan {
    /// Whether a checkpoint is resumed. If it is, callbacks have been given back what they remembered; if not, this is a training of its
    /// own, and what a callback remembers of an earlier one is to be forgotten.
    pub fn is_resumed(&self) -> bool {
        self.epoch > 1 || self.step > 0
    }
}

/// A step that has been made.
///
/// ```
/// use nn::{Callback, Control, Dataset, InTraining, Linear, Rng, Sgd, StepReport, Tensor, Trainer, mse};
/// /// Keeps the losses, and ends training after three steps.
/// struct Three(Vec<f64>);
/// impl Callback for Three {
///     fn on_step(&mut self, step: &StepReport, _: &mut InTraining<'_>) -> Control {
///         self.0.push(step.loss);
///         if (step.epoch, step.step) == (2, 1) { Control::Stop } else { Control::Continue }
///     }
/// }
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut three = Three(Vec::new());
/// Trainer::new(Sgd::new(0.1)).loss(mse).batch(4).with_mut(&mut three).fit(&mut net, &data, &data)?;
/// assert!(three.0.len() == 3 && three.0.is_sorted_by(|before, after| before > after));
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step in the epoch, from 1.
    pub step: usize,
    /// The loss of its batch, before the step.
    pub loss: f64,
}

/// An epoch that is over.
///
/// ```
/// use nn::{Activation, Dataset, Mlp, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Mlp::new(&[2, 4, 1], Activation::Tanh, &mut Rng::seed(0));
/// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).metric("mae", nn::metrics::mae).epochs(1);
/// let report = trainer.fit(&mut net, &data, &data)?;
/// println!("{}", report.epochs[0]); // epoch 1  train loss ..  test loss ..  mae ..
/// assert!(report.epochs[0].metric("mae").is_some() && report.epochs[0].metric("r2").is_none());
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the training samples, each taken before its step.
    pub train_loss: f64,
    /// The mean loss over the test samples after the epoch, or over those that are measured instead of them.
    pub test_loss: f64,
    /// What these are called: `"test"`, unless [`Trainer::measured_on`](crate::Trainer::measured_on) says otherwise.
    pub measured_on: &'static str,
    /// The metrics over the same samples, by name.
    pub metrics: Vec<(&'static str, f64)>,
    /// How long it took, measuring included.
    pub seconds: f64,
}

impl EpochReport {
    /// A metric by its name.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// One line: `epoch 3  train loss 0.3478  test loss 0.2580  accuracy 0.9526  0.12 s`, or `8.5 ms` where it was that short.
impl fmt::Display for EpochReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EpochReport { epoch, train_loss, test_loss, measured_on, metrics, seconds } = self;
        write!(f, "epoch {epoch}  train loss {train_loss:.4}  {measured_on} loss {test_loss:.4}")?;
        metrics.iter().try_for_each(|(name, value)| write!(f, "  {name} {value:.4}"))?;
        write!(f, "  {}", time(*seconds))
    }
}

/// So many seconds, as a person reads them.
pub(crate) fn time(seconds: f64) -> String {
    match seconds < 0.1 {
        true => format!("{:.1} ms", seconds * 1e3),
        false => format!("{seconds:.2} s"),
    }
}

/// Why a training has ended, which [`Report::ended`] says.
///
/// ```
/// use nn::{Dataset, Ended, Linear, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut trainer = Trainer::new(Sgd::new(0.0)).loss(mse).epochs(100).stop_early(3); // with this rate it learns nothing
/// let report = trainer.fit(&mut net, &data, &data)?;
/// match &report.ended {
///     Ended::Finished => println!("more epochs might do it good"),
///     Ended::Interrupted => println!("a checkpoint goes on with it"),
///     ended => println!("{ended}"), // stopped by early stopping with a patience of 3: ..
/// }
/// assert!(report.ended.to_string().starts_with("stopped by early stopping with a patience of 3"));
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// All epochs are done.
    #[default]
    Finished,
    /// A callback has stopped it: which, or why, in its own words ([`Callback::why`](crate::Callback::why)).
    Stopped(String),
    /// The process has been asked to end, as by Ctrl-C.
    Interrupted,
    /// By the error that [`fit`](crate::Trainer::fit) gives in place of a report: only [`Callback::on_end`](crate::Callback::on_end) sees
    /// this one.
    Failed,
}

/// As it goes on behind "the training has ended: ".
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Finished => f.write_str("all epochs are done"),
            Ended::Stopped(why) => write!(f, "stopped by {why}"),
            Ended::Interrupted => f.write_str("interrupted"),
            Ended::Failed => f.write_str("failed"),
        }
    }
}

/// All epochs of a training.
///
/// ```
/// use nn::{Activation, Dataset, Ended, Mlp, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Mlp::new(&[2, 4, 1], Activation::Tanh, &mut Rng::seed(0));
/// let report = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).fit(&mut net, &data, &data)?;
/// assert_eq!((report.epochs.len(), report.last().unwrap().epoch), (3, 3));
/// assert!(report.seconds() >= 0.0 && report.ended == Ended::Finished);
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The epochs in order; after a checkpoint was resumed, with those before it.
    pub epochs: Vec<EpochReport>,
    /// The checkpoint from which training went on, if there was one.
    pub resumed: Option<PathBuf>,
    /// The epoch with which this training began, or went on: from 1.
    pub first_epoch: usize,
    /// Why there are no more.
    pub ended: Ended,
}

impl Report {
    /// The last epoch that was measured, if there was one.
    pub fn last(&self) -> Option<&EpochReport> {
        self.epochs.last()
    }

    /// The first epoch with the least [`test_loss`](EpochReport::test_loss), unless none is a number: the one that
    /// [early stopping](crate::EarlyStop) by the loss goes back to, if any improvement is one to it.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let report = Trainer::new(Sgd::new(0.01)).loss(mse).epochs(3).fit(&mut net, &data, &data)?;
    /// assert_eq!(report.best().unwrap().epoch, 3); // it goes down all the time
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn best(&self) -> Option<&EpochReport> {
        let measured = self.epochs.iter().filter(|epoch| !epoch.test_loss.is_nan());
        measured.min_by(|a, b| a.test_loss.total_cmp(&b.test_loss))
    }

    /// The time of all epochs together.
    pub fn seconds(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.seconds).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_are_told_in_milliseconds() {
        let times = [0.0, 0.000_34, 0.0042, 0.0876, 0.1, 2.345, 612.0].map(time);
        assert_eq!(times, ["0.0 ms", "0.3 ms", "4.2 ms", "87.6 ms", "0.10 s", "2.35 s", "612.00 s"]);
    }
}
