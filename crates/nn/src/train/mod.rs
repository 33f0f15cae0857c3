//! Training: epochs of batches, measured, reported and reproducible.
//!
//! A [`Trainer`] runs the loop that one would write by hand, and tells [`Callback`]s what happens.

mod callback;
mod early;
mod error;
mod finder;
mod health;
#[cfg(feature = "interrupt")]
mod interrupt;
mod log;
mod options;
mod place;
#[cfg(feature = "progress")]
mod progress;
mod rate;
mod tensorboard;

pub use callback::{Callback, Control, EpochReport, InTraining, Plan, Report, StepReport};
pub use early::{EarlyStop, EarlyStopState, Goal};
pub use error::TrainError;
pub use finder::{RateCurve, RateFinder, RatePoint};
#[cfg(feature = "interrupt")]
pub use interrupt::Interrupt;
pub use log::Log;
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use rate::{Plateau, PlateauState, Scheduled};
pub use tensorboard::TensorBoard;

use self::health::{look_at, missing};
use self::place::{Mean, Place};
use crate::data::{Dataset, Samples};
use crate::files::{Checkpoints, Record};
use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::{Module, name_all};
use crate::optim::Optimizer;
use autograd::{Gradients, Rng, Scalar, Tensor, no_grad, trace_nan};
use std::fmt;
use std::time::Instant;

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
    epochs: usize,
    batch: usize,
    rng: Rng,
    penalties: Vec<Penalty<'a, T>>,
    changes: Vec<Change<'a, T>>,
    metrics: Vec<Metric<'a, Y, T>>,
    callbacks: Vec<Box<dyn Callback<T> + 'a>>,
    checkpoints: Option<Checkpoints>,
}

/// The loss of a trainer that has none yet: call [`Trainer::loss`] before [`Trainer::fit`].
#[derive(Clone, Copy, Debug)]
pub struct NoLoss;

/// A named measure of outputs against targets: the mean over a batch, or of all at once.
struct Metric<'a, Y, T: Scalar> {
    name: &'static str,
    over_all: bool,
    measure: Measure<'a, Y, T>,
}

type Measure<'a, Y, T> = Box<dyn Fn(&Tensor<T>, &Y) -> f64 + 'a>;

/// What is added to the loss of every step for the parameters themselves.
type Penalty<'a, T> = Box<dyn Fn(&dyn Module<T>) -> Tensor<T> + 'a>;

/// What is done to the gradients before the step.
type Change<'a, T> = Box<dyn Fn(&dyn Module<T>, &mut Gradients<T>) + 'a>;

impl<'a, O, Y, T: Scalar> Trainer<'a, O, NoLoss, Y, T> {
    /// A trainer with this optimizer: 10 epochs, batches of 32 samples, seed 0.
    pub fn new(optimizer: O) -> Self {
        let (penalties, changes, metrics, callbacks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Trainer {
            optimizer,
            loss: NoLoss,
            epochs: 10,
            batch: 32,
            rng: Rng::seed(0),
            penalties,
            changes,
            metrics,
            callbacks,
            checkpoints: None,
        }
    }

    /// What is minimised: a function of the outputs and the targets of a batch to a number, the mean over the batch.
    pub fn loss<L>(self, loss: L) -> Trainer<'a, O, L, Y, T>
    where
        L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
    {
        let Trainer {
            optimizer,
            loss: NoLoss,
            epochs,
            batch,
            rng,
            penalties,
            changes,
            metrics,
            callbacks,
            checkpoints,
        } = self;
        Trainer { optimizer, loss, epochs, batch, rng, penalties, changes, metrics, callbacks, checkpoints }
    }
}

impl<O, L, Y, T> Trainer<'_, O, L, Y, T>
where
    O: Optimizer<T>,
    L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
    Y: Samples,
    T: Scalar,
{
    /// Trains on `train`, and measures on `test` after every epoch. Called again, it goes on where it was: with what the
    /// optimizer remembers, and the next random numbers. Another network wants another trainer.
    ///
    /// # Errors
    /// If a data set is empty, a loss or a gradient is not finite, a parameter gets no gradient in the whole first
    /// epoch, or a [checkpoint](Self::checkpoint) cannot be written or read.
    pub fn fit<N, X>(
        &mut self,
        net: &mut N,
        train: &Dataset<X, Y>,
        test: &Dataset<X, Y>,
    ) -> Result<Report, TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        for (name, data) in [("training", train), ("test", test)] {
            if data.is_empty() {
                return Err(TrainError::Empty { name });
            }
        }
        name_all(net);
        let mut place = Place::new(net, train.len(), &self.rng);
        let checkpoints = self.checkpoints.take();
        if let Some(mut checkpoints) = checkpoints {
            let begun = checkpoints.begin(|record| self.remember(net, &mut place, record));
            self.checkpoints = Some(checkpoints);
            place.report.resumed = begun?;
        }
        let steps_per_epoch = train.len().div_ceil(self.batch);
        let plan = Plan { epochs: self.epochs, steps_per_epoch, epoch: place.epoch, step: place.step };
        let begun = self.tell(net, |callback, training| {
            callback.on_start(&plan, training);
            Control::Continue
        });
        let outcome = begun.and_then(|_| self.run(net, train, test, &mut place));
        let ended = self.tell(net, |callback, training| {
            callback.on_end(&place.report, training);
            Control::Continue
        });
        outcome.and(ended).map(|_| place.report)
    }

    /// The mean loss over a data set, and every metric, in evaluation; NaN if it is empty.
    pub fn evaluate<N, X>(&self, net: &N, data: &Dataset<X, Y>) -> (f64, Vec<(&'static str, f64)>)
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let mut loss = Mean::default();
        let mut means = vec![Mean::default(); self.metrics.len()];
        let mut all = Vec::new();
        let keeps_all = self.metrics.iter().any(|metric| metric.over_all);
        for batch in data.batches(self.batch) {
            let (outputs, samples) = (net.predict(&batch.x), batch.y.count());
            loss.add(no_grad(|| (self.loss)(&outputs, &batch.y)).item().into(), samples);
            for (mean, metric) in means.iter_mut().zip(&self.metrics).filter(|(_, metric)| !metric.over_all) {
                mean.add((metric.measure)(&outputs, &batch.y), samples);
            }
            if keeps_all {
                all.push(outputs);
            }
        }
        let all = (!all.is_empty()).then(|| Tensor::concat(&all.iter().collect::<Vec<_>>(), 0));
        let value = |(metric, mean): (&Metric<'_, Y, T>, Mean)| match &all {
            Some(outputs) if metric.over_all => (metric.name, (metric.measure)(outputs, data.y())),
            _ => (metric.name, mean.value()),
        };
        (loss.value(), self.metrics.iter().zip(means).map(value).collect())
    }

    /// All epochs from this place on; those that were measured are in its report, also if an error ends them.
    fn run<N, X>(
        &mut self,
        net: &mut N,
        train: &Dataset<X, Y>,
        test: &Dataset<X, Y>,
        place: &mut Place,
    ) -> Result<(), TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        while place.epoch <= self.epochs && !place.is_over {
            let start = Instant::now();
            let before = place.seconds;
            let control = self.epoch(net, train, place, start)?;
            if control == Control::Stop {
                return self.save(net, place);
            }
            if let Some(missing) = missing(net, &place.trained) {
                return Err(missing);
            }
            let (test_loss, metrics) = self.evaluate(net, test);
            let seconds = before + start.elapsed().as_secs_f64();
            let train_loss = place.loss.value();
            let measured = EpochReport { epoch: place.epoch, train_loss, test_loss, metrics, seconds };
            let control = self.tell(net, |callback, training| callback.on_epoch(&measured, training))?;
            place.end_epoch(measured, control);
            self.save(net, place)?;
        }
        Ok(())
    }

    /// One pass over the training data, or what is left of it.
    fn epoch<N, X>(
        &mut self,
        net: &mut N,
        train: &Dataset<X, Y>,
        place: &mut Place,
        start: Instant,
    ) -> Result<Control, TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let before = place.seconds;
        if place.step == 0 {
            place.order = self.rng.clone();
        }
        let mut order = place.order.clone();
        let batches = train.batches(self.batch).shuffle(&mut order);
        if place.step == 0 {
            self.rng = order;
        }
        for batch in batches.skip(place.step) {
            let loss = self.step(net, &batch.x, &batch.y, place)?;
            place.loss.add(loss, batch.y.count());
            place.step += 1;
            place.steps += 1;
            place.seconds = before + start.elapsed().as_secs_f64();
            let report = StepReport { epoch: place.epoch, step: place.step, loss };
            let control = self.tell(net, |callback, training| callback.on_step(&report, training))?;
            if control == Control::Stop {
                return Ok(control);
            }
            if self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(place.steps)) {
                self.save(net, place)?;
            }
        }
        Ok(Control::Continue)
    }

    /// A step with this batch: its loss before the step.
    fn step<N, X>(&mut self, net: &mut N, x: &X, y: &Y, place: &mut Place) -> Result<f64, TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let before = self.rng.clone();
        let (epoch, step) = (place.epoch, place.step + 1);
        let (loss, root) = self.root(net, x, y);
        let not_finite = |trainer: &mut Self, what: String| {
            // Once more, with the same random numbers, to see where it comes from.
            trainer.rng = before.clone();
            let (_, trace) = trace_nan(|| trainer.root(net, x, y).1.backward());
            let birth = trace.named(net.parameters().into_iter().map(|(path, param)| (path, &**param)));
            TrainError::NotFinite { epoch, step, what, birth: birth.to_string() }
        };
        if !loss.is_finite() {
            return Err(not_finite(self, "the loss".into()));
        }
        if !root.is_tracked() {
            return Err(missing(net, &place.trained).unwrap_or(TrainError::NoGradient { paths: Vec::new() }));
        }
        let mut grads = root.backward();
        if let Some(path) = look_at(net, &grads, &mut place.trained) {
            return Err(not_finite(self, format!("the gradient of `{path}`")));
        }
        self.changes.iter().for_each(|change| change(net, &mut grads));
        self.optimizer.step(net, &grads);
        Ok(loss)
    }

    /// The loss of a batch in training, and what is differentiated: the loss with its penalties.
    fn root<N, X>(&mut self, net: &N, x: &X, y: &Y) -> (f64, Tensor<T>)
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let outputs = net.forward(x, &mut Mode::train(&mut self.rng));
        let mut root = (self.loss)(&outputs, y);
        let shape = root.shape();
        assert!(
            root.size() == 1,
            "Trainer: the loss has shape {shape}, not a single number\n  help: end it by `.mean()`"
        );
        let loss: f64 = root.item().into();
        for penalty in &self.penalties {
            root = root + penalty(net);
        }
        (loss, root)
    }

    /// Tells every callback; stop, if one says so, and an error if one has failed.
    fn tell(
        &mut self,
        net: &mut dyn Module<T>,
        mut what: impl FnMut(&mut (dyn Callback<T> + '_), &mut InTraining<'_, T>) -> Control,
    ) -> Result<Control, TrainError> {
        let mut training = InTraining { module: net, optimizer: &mut self.optimizer };
        let (mut control, mut failure) = (Control::Continue, None);
        for callback in &mut self.callbacks {
            control = control.and(what(&mut **callback, &mut training));
            failure = failure.or_else(|| callback.failure());
        }
        failure.map_or(Ok(control), |failure| Err(failure.into()))
    }

    /// Writes a checkpoint, if there are to be any.
    fn save(&mut self, net: &mut dyn Module<T>, place: &mut Place) -> Result<(), TrainError> {
        let Some(mut checkpoints) = self.checkpoints.take() else { return Ok(()) };
        let saved = checkpoints.save(place.steps, |record| self.remember(net, place, record));
        self.checkpoints = Some(checkpoints);
        saved?;
        Ok(())
    }

    /// Shows all that a checkpoint has to hold.
    fn remember(&mut self, net: &mut dyn Module<T>, place: &mut Place, record: &mut Record<'_, T>) {
        record.module("model", net);
        record.optimizer("optimizer", &mut self.optimizer);
        record.within("trainer", |record| {
            record.same("batch", &self.batch);
            record.value("rng", &mut self.rng);
            let names: Vec<&'static str> = self.metrics.iter().map(|metric| metric.name).collect();
            place.remember(&names, record);
        });
        for (i, callback) in self.callbacks.iter_mut().enumerate() {
            record.within(&format!("callback.{i}"), |record| callback.remember(record));
        }
    }
}

impl<O: fmt::Debug, L, Y, T: Scalar> fmt::Debug for Trainer<'_, O, L, Y, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics: Vec<_> = self.metrics.iter().map(|metric| metric.name).collect();
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer)
            .field("epochs", &self.epochs)
            .field("batch", &self.batch)
            .field("metrics", &metrics)
            .finish_non_exhaustive()
    }
}
