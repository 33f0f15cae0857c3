//! Training: epochs of batches, measured, reported and reproducible.
//!
//! A [`Trainer`] runs the loop that one would write by hand, and tells [`Callback`]s what happens.

mod budget;
mod callback;
mod early;
mod error;
mod finder;
mod health;
#[cfg(feature = "interrupt")]
mod interrupt;
mod keep;
mod log;
mod loss;
mod measure;
mod options;
mod place;
#[cfg(feature = "progress")]
mod progress;
mod rate;
mod report;
mod run;
mod spike;
mod tensorboard;

pub use callback::{Callback, Control, InTraining};
pub use early::{EarlyStop, EarlyStopState, Goal};
pub use error::TrainError;
pub use finder::{RateCurve, RateFinder, RatePoint};
#[cfg(feature = "interrupt")]
pub use interrupt::Interrupt;
pub use log::Log;
pub use loss::{Loss, NoLoss};
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use rate::{Plateau, PlateauState, Scheduled};
pub(crate) use report::time;
pub use report::{Ended, EpochReport, Plan, Report, StepReport};
pub use spike::{SpikeGuard, SpikeState};
pub use tensorboard::TensorBoard;

use self::budget::Budget;
use self::keep::{Keep, Whole};
use self::measure::Metric;
use self::place::Place;
use crate::data::{Batches, Dataset, Samples};
use crate::diagnose::Diagnosis;
use crate::layer::Layer;
use crate::layers::blame;
use crate::module::{Module, name_all};
use crate::optim::Optimizer;
use autograd::{Gradients, Rng, Scalar, Tensor};
use std::fmt;

/// Trains a network: an optimizer, a loss, and how long.
///
/// ```
/// use nn::{Activation, Dataset, Mlp, Rng, Sgd, Tensor, Trainer, mse};
/// let x = Tensor::from([[0.0], [1.0], [2.0], [3.0]]);
/// let data = Dataset::new(x.clone(), x * 2.0 + 1.0).unwrap();
/// let mut net = Mlp::new(&[1, 1], Activation::Identity, &mut Rng::seed(0));
/// let report = Trainer::new(Sgd::<f32>::new(0.1)).loss(mse).epochs(200).batch(4).fit(&mut net, &data, &data)?;
/// assert!(report.last().unwrap().test_loss < 1e-4);
/// # Ok::<(), nn::TrainError>(())
/// ```
pub struct Trainer<'a, O, L = NoLoss, Y = Vec<usize>, T: Scalar = f32> {
    optimizer: O,
    loss: L,
    settings: Settings<'a, Y, T>,
}

/// All but what is minimised, and by what.
struct Settings<'a, Y, T: Scalar> {
    epochs: usize,
    batch: usize,
    rng: Rng,
    penalties: Vec<Penalty<'a, T>>,
    changes: Vec<Change<'a, T>>,
    metrics: Vec<Metric<'a, Y, T>>,
    callbacks: Vec<Box<dyn Callback<T> + 'a>>,
    checkpoints: Option<Box<dyn Keep<Y, T>>>,
    micro_batch: Option<usize>,
    budget: Option<Budget>,
    workers: usize,
    /// What the samples are called that are measured after every epoch.
    measured_on: &'static str,
    /// Every how many steps layers are looked at, and who is told.
    diagnoses: Option<(usize, Tell<'a>)>,
}

/// Who is told of a step and its diagnosis.
type Tell<'a> = Box<dyn FnMut(usize, &Diagnosis) + 'a>;

/// What is added to the loss of every step for the parameters themselves.
type Penalty<'a, T> = Box<dyn Fn(&dyn Module<T>) -> Tensor<T> + 'a>;

/// What is done to the gradients before the step.
type Change<'a, T> = Box<dyn Fn(&dyn Module<T>, &mut Gradients<T>) + 'a>;

impl<'a, O, Y, T: Scalar> Trainer<'a, O, NoLoss, Y, T> {
    /// A trainer with this optimizer: 10 epochs, batches of 32 samples, seed 0.
    pub fn new(optimizer: O) -> Self {
        let (penalties, changes, metrics, callbacks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let settings = Settings {
            epochs: 10,
            batch: 32,
            rng: Rng::seed(0),
            penalties,
            changes,
            metrics,
            callbacks,
            checkpoints: None,
            micro_batch: None,
            budget: None,
            workers: 0,
            measured_on: "test",
            diagnoses: None,
        };
        Trainer { optimizer, loss: NoLoss, settings }
    }

    /// What is minimised: a function of the outputs and the targets of a batch to a number, the mean over the batch.
    ///
    /// A loss that does not fit its targets panics, as [`cross_entropy`](crate::cross_entropy) does at a label that the network has no
    /// output for. [`Dataset::with_classes`] gives an error before the training, with the sample that is to blame.
    pub fn loss<L>(self, loss: L) -> Trainer<'a, O, L, Y, T>
    where
        L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
    {
        let Trainer { optimizer, loss: NoLoss, settings } = self;
        Trainer { optimizer, loss, settings }
    }
}

impl<O, L, Y, T> Trainer<'_, O, L, Y, T>
where
    O: Optimizer<T>,
    Y: Samples,
    T: Scalar,
{
    /// Trains on `train`, and measures on `test` after every epoch. The [report](Report) also says why it has ended.
    ///
    /// Called again, it is another training of as many epochs, of the network as it is:
    /// - The optimizer goes on with what it remembers, such as its moments, and with the rate that it has come to; the random numbers go on.
    /// - The callbacks begin anew: a [schedule](Self::schedule) at its beginning, with the rate that the first call began with;
    ///   [early stopping](Self::stop_early), [`Plateau`] and [`SpikeGuard`] forget the losses and the parameters they have seen. A [`Log`]
    ///   goes on behind its rows.
    /// - An [`Average`](crate::Average), which is yours, goes on with its mean.
    ///
    /// When a checkpoint is resumed, all of them remember what is in it. What the optimizer remembers is of one network: another network
    /// wants another trainer.
    ///
    /// # Errors
    /// If a data set is empty, a loss or a gradient is not finite, a parameter gets no gradient in the whole first
    /// epoch, a [checkpoint](Self::checkpoint) cannot be written or read, or no step keeps within the
    /// [budget](Self::memory_budget).
    #[track_caller]
    pub fn fit<N, X>(
        &mut self,
        net: &mut N,
        train: &Dataset<X, Y>,
        test: &Dataset<X, Y>,
    ) -> Result<Report, TrainError>
    where
        L: Loss<T, Y>,
        N: Layer<T, X>,
        X: Samples,
    {
        let (batch, workers) = (self.settings.batch, self.settings.workers);
        self.fit_batches(net, |rng| train.batches(batch).shuffle(rng).workers(workers), test)
    }

    /// As [`fit`](Self::fit), with batches of one's own in every epoch: augmented, sampled by weight, or by several workers. All that is
    /// random in them has to come from the generator that is given: then a checkpoint that is resumed goes on with the same ones.
    ///
    /// ```
    /// use nn::data::{Augmentation, Shift, digits};
    /// use nn::{Activation, Adam, Mlp, Rng, Trainer, cross_entropy};
    /// let mut rng = Rng::seed(0);
    /// let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
    /// let (train, test) = images.split(0.1, &mut rng);
    /// let augmentation = Augmentation::new().then(Shift::up_to(1));
    /// let mut net = nn::Sequential::new().then(nn::Flatten).then(Mlp::new(&[64, 16, 10], Activation::Relu, &mut rng));
    /// let report = Trainer::new(Adam::new(0.01))
    ///     .loss(cross_entropy)
    ///     .epochs(2)
    ///     .fit_batches(&mut net, |rng| train.batches(32).shuffle(rng).augment(&augmentation, rng).workers(1), &test)?;
    /// # assert_eq!(report.epochs.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    #[track_caller]
    pub fn fit_batches<N, X>(
        &mut self,
        net: &mut N,
        batches: impl Fn(&mut Rng) -> Batches<X, Y>,
        test: &Dataset<X, Y>,
    ) -> Result<Report, TrainError>
    where
        L: Loss<T, Y>,
        N: Layer<T, X>,
        X: Samples,
    {
        let mut first = batches(&mut self.settings.rng.clone());
        for (name, is_empty) in [("training", first.len() == 0), (self.settings.measured_on, test.is_empty())]
        {
            if is_empty {
                return Err(TrainError::Empty { name });
            }
        }
        name_all(net);
        let mut place =
            Place::new(net, first.samples(), first.len(), &self.settings.rng, self.optimizer.lr());
        self.settings.budget = self.settings.budget.map(|budget| Budget { samples: None, ..budget });
        let _alone_until_it_ends =
            self.settings.checkpoints.as_ref().map(|checkpoints| checkpoints.lock()).transpose()?;
        let checkpoints = self.settings.checkpoints.take();
        if let Some(mut checkpoints) = checkpoints {
            let Trainer { settings, optimizer, .. } = self;
            let begun = checkpoints.begin(&mut Whole { settings, optimizer, net, place: &mut place });
            self.settings.checkpoints = Some(checkpoints);
            place.report.resumed = begun?;
        }
        place.report.first_epoch = place.epoch;
        let plan = Plan {
            epochs: self.settings.epochs,
            steps_per_epoch: first.len(),
            epoch: place.epoch,
            step: place.step,
            metrics: self.settings.metrics.iter().map(|metric| metric.name).collect(),
        };
        if let Some(Budget { bytes, samples: None }) = self.settings.budget
            && let Some(batch) = first.next()
        {
            self.keep_within(bytes, net, &batch.x, &batch.y)?;
        }
        drop(first);
        let begun = blame::on_caller(|| {
            self.tell(net, place.lr, |callback, training| {
                callback.on_start(&plan, training);
                Control::Continue
            })
        });
        // No closure: what panics in a step blames the line that has called this.
        let outcome = match begun {
            Ok(_) => self.run(net, &batches, test, &mut place),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            place.report.ended = Ended::Failed;
        }
        let told = self.tell(net, place.lr, |callback, training| {
            callback.on_end(&place.report, training);
            Control::Continue
        });
        outcome.and(told).map(|_| place.report)
    }
}

impl<O: fmt::Debug, L, Y, T: Scalar> fmt::Debug for Trainer<'_, O, L, Y, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics: Vec<_> = self.settings.metrics.iter().map(|metric| metric.name).collect();
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer)
            .field("epochs", &self.settings.epochs)
            .field("batch", &self.settings.batch)
            .field("metrics", &metrics)
            .finish_non_exhaustive()
    }
}
