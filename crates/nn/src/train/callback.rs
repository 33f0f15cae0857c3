//! What a trainer tells, and to whom.

/// Is told how training proceeds, and can end it. Every method has a default that does nothing.
///
/// A closure `FnMut(&EpochReport) -> Control` is one.
///
/// ```
/// use nn::{Control, EpochReport};
/// let stop_when_good = |epoch: &EpochReport| if epoch.test_loss < 0.1 { Control::Stop } else { Control::Continue };
/// # let _: Box<dyn nn::Callback> = Box::new(stop_when_good);
/// ```
pub trait Callback {
    /// Training begins.
    fn on_start(&mut self, plan: &Plan) {
        let _ = plan;
    }
    /// A step has been made.
    fn on_step(&mut self, step: &StepReport) {
        let _ = step;
    }
    /// An epoch is over, and has been measured.
    fn on_epoch(&mut self, epoch: &EpochReport) -> Control {
        let _ = epoch;
        Control::Continue
    }
    /// Training is over.
    fn on_end(&mut self, report: &Report) {
        let _ = report;
    }
}

impl<F: FnMut(&EpochReport) -> Control> Callback for F {
    fn on_epoch(&mut self, epoch: &EpochReport) -> Control {
        self(epoch)
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// End training after this epoch.
    Stop,
}

impl Control {
    /// Stop, if either says so.
    pub(crate) fn and(self, other: Control) -> Control {
        if self == Control::Stop { self } else { other }
    }
}

/// What is going to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The number of epochs.
    pub epochs: usize,
    /// The number of batches in each.
    pub steps_per_epoch: usize,
}

/// A step that has been made.
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
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the training samples, each taken before its step.
    pub train_loss: f64,
    /// The mean loss over the test samples after the epoch.
    pub test_loss: f64,
    /// The metrics over the test samples, by name.
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

/// All epochs of a training.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The epochs in order.
    pub epochs: Vec<EpochReport>,
}

impl Report {
    /// The last epoch, if there was one.
    pub fn last(&self) -> Option<&EpochReport> {
        self.epochs.last()
    }

    /// The time of all epochs together.
    pub fn seconds(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.seconds).sum()
    }
}
