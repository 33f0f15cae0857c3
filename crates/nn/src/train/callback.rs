//! What a trainer tells, and to whom.

use crate::diagnose::Diagnosis;
use crate::files::{FileError, Record};
use crate::module::Module;
use crate::optim::Optimizer;
use autograd::Scalar;
use std::fmt;
use std::path::PathBuf;

/// Is told how training proceeds, may look at and change what is in training, and can end it. Every method has a default
/// that does nothing.
///
/// A closure `FnMut(&EpochReport) -> Control` is one. One that is wanted again after the training goes into a trainer by
/// [`with_mut`](crate::Trainer::with_mut).
///
/// ```
/// use nn::{Control, EpochReport};
/// let stop_when_good = |epoch: &EpochReport| if epoch.test_loss < 0.1 { Control::Stop } else { Control::Continue };
/// # let _: Box<dyn nn::Callback> = Box::new(stop_when_good);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no callback of a trainer over `{T}`",
    label = "not a callback",
    note = "a callback is a closure `|epoch: &EpochReport| ..` that gives a `Control`, or a type with `impl Callback for ..`",
    note = "to keep one of your own, lend it: `.with_mut(&mut callback)`"
)]
pub trait Callback<T: Scalar = f32> {
    /// Training begins. A callback whose memory is of one training forgets it here, unless a checkpoint
    /// [is resumed](Plan::is_resumed): the same trainer may be used again.
    fn on_start(&mut self, plan: &Plan, training: &mut InTraining<'_, T>) {
        let _ = (plan, training);
    }
    /// A step has been made. To stop ends training after it, without a measurement; a checkpoint of it goes on with the next.
    fn on_step(&mut self, step: &StepReport, training: &mut InTraining<'_, T>) -> Control {
        let _ = (step, training);
        Control::Continue
    }
    /// An epoch is over, and has been measured. To stop ends training after it, also when a checkpoint is resumed.
    fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        let _ = (epoch, training);
        Control::Continue
    }
    /// Layers have been looked at, in the step with this number, from 1, which is being made: as often as
    /// [`Trainer::diagnose_every`](crate::Trainer::diagnose_every) says.
    fn on_diagnosis(&mut self, step: usize, diagnosis: &Diagnosis) {
        let _ = (step, diagnosis);
    }
    /// Training is over, by whatever cause: the epochs that were measured.
    fn on_end(&mut self, report: &Report, training: &mut InTraining<'_, T>) {
        let _ = (report, training);
    }
    /// What kept it from doing its work, such as a disk that is full: training ends with it, after the step or the epoch.
    fn failure(&mut self) -> Option<FileError> {
        None
    }
    /// Shows what it remembers from step to step, so that a checkpoint has it. By default it remembers nothing.
    fn remember(&mut self, record: &mut Record<'_, T>) {
        let _ = record;
    }
}

// Otherwise the compiler would tell that a type is no closure, which helps nobody.
#[diagnostic::do_not_recommend]
impl<T: Scalar, F: FnMut(&EpochReport) -> Control> Callback<T> for F {
    fn on_epoch(&mut self, epoch: &EpochReport, _: &mut InTraining<'_, T>) -> Control {
        self(epoch)
    }
}

/// A callback that somebody else keeps. A mutable reference can be none itself, since that of a closure is a closure.
pub(super) struct Lent<'a, C>(pub(super) &'a mut C);

#[warn(clippy::missing_trait_methods)]
impl<T: Scalar, C: Callback<T>> Callback<T> for Lent<'_, C> {
    fn on_start(&mut self, plan: &Plan, training: &mut InTraining<'_, T>) {
        self.0.on_start(plan, training);
    }
    fn on_step(&mut self, step: &StepReport, training: &mut InTraining<'_, T>) -> Control {
        self.0.on_step(step, training)
    }
    fn on_diagnosis(&mut self, step: usize, diagnosis: &Diagnosis) {
        self.0.on_diagnosis(step, diagnosis);
    }
    fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        self.0.on_epoch(epoch, training)
    }
    fn on_end(&mut self, report: &Report, training: &mut InTraining<'_, T>) {
        self.0.on_end(report, training);
    }
    fn failure(&mut self) -> Option<FileError> {
        self.0.failure()
    }
    fn remember(&mut self, record: &mut Record<'_, T>) {
        self.0.remember(record);
    }
}

/// What is in training: a schedule sets the optimizer's rate, an average looks at the parameters, and so on.
#[non_exhaustive]
pub struct InTraining<'a, T: Scalar = f32> {
    /// The network.
    pub module: &'a mut dyn Module<T>,
    /// The optimizer. Its rate is that of the next step, where a schedule or another callback has set it already.
    pub optimizer: &'a mut dyn Optimizer<T>,
    /// The learning rate of the step that was made last: of an epoch that is over, its last. Before the first, that of the optimizer.
    pub lr: f64,
}

impl<'a, T: Scalar> InTraining<'a, T> {
    /// This network and optimizer, for a loop by hand that calls what a trainer would tell.
    pub fn new(module: &'a mut dyn Module<T>, optimizer: &'a mut dyn Optimizer<T>) -> Self {
        let lr = optimizer.lr();
        InTraining { module, optimizer, lr }
    }
}

impl<T: Scalar> fmt::Debug for InTraining<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parameters, lr) = (self.module.parameter_count(), self.optimizer.lr());
        f.debug_struct("InTraining").field("parameters", &parameters).field("lr", &lr).finish()
    }
}

/// Whether to go on.
///
/// ```
/// use nn::{Activation, Dataset, Mlp, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Mlp::new(&[2, 4, 1], Activation::Tanh, &mut Rng::seed(0));
/// let good_enough = |epoch: &nn::EpochReport| match epoch.test_loss < 1e9 {
///     true => nn::Control::Stop,
///     false => nn::Control::Continue,
/// };
/// let report = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(50).with(good_enough).fit(&mut net, &data, &data)?;
/// assert_eq!(report.epochs.len(), 1);
/// # Ok::<(), nn::TrainError>(())
/// ```
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

/// One line: `epoch 3  train loss 0.3478  test loss 0.2580  accuracy 0.9526  0.12 s`.
impl fmt::Display for EpochReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EpochReport { epoch, train_loss, test_loss, metrics, seconds } = self;
        write!(f, "epoch {epoch}  train loss {train_loss:.4}  test loss {test_loss:.4}")?;
        metrics.iter().try_for_each(|(name, value)| write!(f, "  {name} {value:.4}"))?;
        write!(f, "  {seconds:.2} s")
    }
}

/// All epochs of a training.
///
/// ```
/// use nn::{Activation, Dataset, Mlp, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Mlp::new(&[2, 4, 1], Activation::Tanh, &mut Rng::seed(0));
/// let report = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).fit(&mut net, &data, &data)?;
/// assert_eq!((report.epochs.len(), report.last().unwrap().epoch), (3, 3));
/// assert!(report.seconds() >= 0.0);
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The epochs in order; after a checkpoint was resumed, with those before it.
    pub epochs: Vec<EpochReport>,
    /// The checkpoint from which training went on, if there was one.
    pub resumed: Option<PathBuf>,
}

impl Report {
    /// The last epoch that was measured, if there was one.
    pub fn last(&self) -> Option<&EpochReport> {
        self.epochs.last()
    }

    /// The time of all epochs together.
    pub fn seconds(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.seconds).sum()
    }
}
