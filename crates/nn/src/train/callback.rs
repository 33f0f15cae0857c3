//! Whom a trainer tells what happens, and what they may change.

use super::report::{Ended, EpochReport, Plan, Report, StepReport};
use crate::diagnose::Diagnosis;
use crate::files::{FileError, Record};
use crate::module::Module;
use crate::optim::Optimizer;
use autograd::Scalar;
use std::fmt;

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
///
/// A type of one's own sees more, and has a memory that checkpoints keep:
///
/// ```
/// use nn::files::Record;
/// use nn::{Callback, Control, Dataset, Diagnosis, EpochReport, InTraining, Linear, Plan, Report, Rng, Sgd, StepReport};
/// use nn::{Tensor, Trainer, mse};
///
/// /// Halves the learning rate after each epoch, and writes down what it is told.
/// #[derive(Default)]
/// struct Story {
///     lines: Vec<String>,
///     steps: u64,
/// }
///
/// impl Callback for Story {
///     fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_>) {
///         self.lines.push(format!("{} epochs of {} steps", plan.epochs, plan.steps_per_epoch));
///     }
///     fn on_step(&mut self, _: &StepReport, _: &mut InTraining<'_>) -> Control {
///         self.steps += 1;
///         Control::Continue
///     }
///     fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_>) -> Control {
///         let rate = training.optimizer.lr() / 2.0;
///         training.optimizer.set_lr(rate);
///         self.lines.push(format!("epoch {} is over, on at {rate}", epoch.epoch));
///         Control::Continue
///     }
///     fn on_diagnosis(&mut self, step: usize, diagnosis: &Diagnosis) {
///         self.lines.push(format!("step {step}: layer `{}`", diagnosis.rows[0].path));
///     }
///     fn on_end(&mut self, report: &Report, _: &mut InTraining<'_>) {
///         self.lines.push(format!("{} epochs, {} steps", report.epochs.len(), self.steps));
///     }
///     fn remember(&mut self, record: &mut Record<'_>) {
///         record.value("steps", &mut self.steps);
///     }
/// }
///
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut story = Story::default();
/// let trainer = Trainer::new(Sgd::new(0.5)).loss(mse).batch(4).epochs(2).diagnose_every(100, |_, _| {});
/// trainer.with_mut(&mut story).fit(&mut net, &data, &data)?;
/// let halved = ["epoch 1 is over, on at 0.25", "epoch 2 is over, on at 0.125"];
/// assert_eq!(story.lines, ["2 epochs of 2 steps", "step 1: layer ``", halved[0], halved[1], "2 epochs, 4 steps"]);
/// # Ok::<(), nn::TrainError>(())
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
    /// An epoch is over, and has been measured. To stop ends training after it, also when a checkpoint is resumed, unless it says by
    /// [`why`](Self::why) that training was [interrupted](Ended::Interrupted).
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
    /// Why it has said [`Control::Stop`], which is asked right after: what [`Report::ended`] then is. By default the name of its type, as
    /// the compiler knows it.
    ///
    /// ```
    /// use nn::{Callback, Control, Dataset, Ended, InTraining, Linear, Rng, Sgd, StepReport, Tensor, Trainer, mse};
    ///
    /// struct Steps(u64);
    ///
    /// impl Callback for Steps {
    ///     fn on_step(&mut self, _: &StepReport, _: &mut InTraining<'_>) -> Control {
    ///         self.0 -= 1;
    ///         if self.0 == 0 { Control::Stop } else { Control::Continue }
    ///     }
    ///     fn why(&self) -> Ended {
    ///         Ended::Stopped("the last of its steps".into())
    ///     }
    /// }
    ///
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let report = Trainer::new(Sgd::new(0.1)).loss(mse).with(Steps(3)).fit(&mut net, &data, &data)?;
    /// assert_eq!(report.ended.to_string(), "stopped by the last of its steps");
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    fn why(&self) -> Ended {
        Ended::Stopped(std::any::type_name::<Self>().into())
    }
    /// What kept it from doing its work, such as a disk that is full: training ends with it, after the step or the epoch.
    ///
    /// ```
    /// use nn::files::FileError;
    /// use nn::{Callback, Control, Dataset, InTraining, Linear, Log, Rng, Sgd, StepReport, Tensor, TrainError, Trainer, mse};
    ///
    /// /// A row for each step.
    /// struct Steps(Log, Option<FileError>);
    ///
    /// impl Callback for Steps {
    ///     fn on_step(&mut self, step: &StepReport, _: &mut InTraining<'_>) -> Control {
    ///         self.1 = self.0.row(&[("loss", step.loss)]).err();
    ///         Control::Continue
    ///     }
    ///     fn failure(&mut self) -> Option<FileError> {
    ///         self.1.take()
    ///     }
    /// }
    ///
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let steps = Steps(Log::csv("Cargo.toml/steps.csv"), None); // which is no folder
    /// let error = Trainer::new(Sgd::new(0.1)).loss(mse).with(steps).fit(&mut net, &data, &data).unwrap_err();
    /// assert!(matches!(error, TrainError::File(_)), "{error}");
    /// ```
    fn failure(&mut self) -> Option<FileError> {
        None
    }
    /// Shows what it remembers from step to step, so that a checkpoint has it. By default it remembers nothing.
    fn remember(&mut self, record: &mut Record<'_, T>) {
        let _ = record;
    }
    /// As [`remember`](Self::remember), which it calls, and sees that what a checkpoint gives is of what is in training: for callbacks
    /// that keep parameters, or states of an optimizer. What is not is a [`problem`](Record::problem). A trainer calls this one.
    ///
    /// ```
    /// use nn::files::{Checkpoints, Record};
    /// use nn::{Callback, Dataset, InTraining, Linear, Rng, Sgd, Tensor, Trainer, mse};
    ///
    /// /// What belongs to one path alone.
    /// struct Of(&'static str);
    ///
    /// impl Callback for Of {
    ///     fn remember_in(&mut self, record: &mut Record<'_>, training: &mut InTraining<'_>) {
    ///         let size = training.module.parameters().iter().find(|(path, _)| *path == self.0).map_or(0, |(_, p)| p.size());
    ///         record.same("size", &size);
    ///     }
    /// }
    ///
    /// # let folder = std::env::temp_dir().join(format!("wengert-remember-in-{}", std::process::id()));
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let fit = |path| {
    ///     let trainer = Trainer::new(Sgd::new(0.1)).loss(mse).checkpoint(Checkpoints::new(&folder).resume());
    ///     trainer.with(Of(path)).fit(&mut Linear::new(2, 1, &mut Rng::seed(0)), &data, &data)
    /// };
    /// assert!(fit("weight").is_ok());
    /// assert!(fit("bias").unwrap_err().to_string().contains("size"));
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// ```
    fn remember_in(&mut self, record: &mut Record<'_, T>, training: &mut InTraining<'_, T>) {
        let _ = training;
        self.remember(record);
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
    fn why(&self) -> Ended {
        self.0.why()
    }
    fn failure(&mut self) -> Option<FileError> {
        self.0.failure()
    }
    fn remember(&mut self, record: &mut Record<'_, T>) {
        self.0.remember(record);
    }
    fn remember_in(&mut self, record: &mut Record<'_, T>, training: &mut InTraining<'_, T>) {
        self.0.remember_in(record, training);
    }
}

/// What is in training: a schedule sets the optimizer's rate, an average looks at the parameters, and so on.
///
/// ```
/// use nn::{InTraining, Module, Optimizer, Param, Sgd, Tensor};
/// let (mut net, mut sgd): (Param, Sgd) = (Param::new(Tensor::from([1.0, 2.0])), Sgd::new(0.1));
/// let training = InTraining::new(&mut net, &mut sgd);
/// assert_eq!((training.module.parameter_count(), training.optimizer.lr()), (2, 0.1));
/// training.optimizer.set_lr(0.05); // as a schedule does
/// assert_eq!(sgd.lr, 0.05);
/// ```
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
    /// This network and optimizer, for a loop by hand that calls [`SpikeGuard::look`](crate::SpikeGuard::look) or [`Callback::remember_in`].
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
