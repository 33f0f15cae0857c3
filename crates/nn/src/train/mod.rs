//! Training: epochs of batches, measured, reported and reproducible.
//!
//! A [`Trainer`] runs the loop that one would write by hand, and tells [`Callback`]s what happens.

mod callback;
mod error;
mod finder;
mod health;
mod options;
#[cfg(feature = "progress")]
mod progress;
mod rate;

pub use callback::{Callback, Control, EpochReport, InTraining, Plan, Report, StepReport};
pub use error::TrainError;
pub use finder::{RateCurve, RateFinder, RatePoint};
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use rate::{Plateau, PlateauState, Scheduled};

use self::health::{look_at, missing};
use crate::data::{Dataset, Samples};
use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::{Module, name_all};
use crate::optim::Optimizer;
use autograd::{Gradients, Rng, Scalar, Tensor, no_grad};
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
}

/// The loss of a trainer that has none yet: call [`Trainer::loss`] before [`Trainer::fit`].
#[derive(Clone, Copy, Debug)]
pub struct NoLoss;

/// A named measure of outputs against targets, the mean over a batch.
type Metric<'a, Y, T> = (&'static str, Box<dyn Fn(&Tensor<T>, &Y) -> f64 + 'a>);

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
        }
    }

    /// What is minimised: a function of the outputs and the targets of a batch to a number, the mean over the batch.
    pub fn loss<L>(self, loss: L) -> Trainer<'a, O, L, Y, T>
    where
        L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
    {
        let Trainer { optimizer, loss: NoLoss, epochs, batch, rng, penalties, changes, metrics, callbacks } =
            self;
        Trainer { optimizer, loss, epochs, batch, rng, penalties, changes, metrics, callbacks }
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
    /// If a data set is empty, a loss or a gradient is not finite, or a parameter gets no gradient in the whole first
    /// epoch.
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
        let plan = Plan { epochs: self.epochs, steps_per_epoch: train.len().div_ceil(self.batch) };
        let mut training = InTraining { module: net, optimizer: &mut self.optimizer };
        self.callbacks.iter_mut().for_each(|c| c.on_start(&plan, &mut training));
        let mut report = Report::default();
        let outcome = self.run(net, train, test, &mut report);
        self.callbacks.iter_mut().for_each(|c| c.on_end(&report));
        outcome.map(|()| report)
    }

    /// The mean loss over a data set, and every metric, in evaluation; NaN if it is empty.
    pub fn evaluate<N, X>(&self, net: &N, data: &Dataset<X, Y>) -> (f64, Vec<(&'static str, f64)>)
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let mut loss = Mean::default();
        let mut metrics = vec![Mean::default(); self.metrics.len()];
        for batch in data.batches(self.batch) {
            let (outputs, samples) = (net.predict(&batch.x), batch.y.count());
            loss.add(no_grad(|| (self.loss)(&outputs, &batch.y)).item().into(), samples);
            for (mean, (_, measure)) in metrics.iter_mut().zip(&self.metrics) {
                mean.add(measure(&outputs, &batch.y), samples);
            }
        }
        let names = self.metrics.iter().map(|(name, _)| *name);
        (loss.value(), names.zip(metrics.into_iter().map(Mean::value)).collect())
    }

    /// All epochs; those that were measured are in the report, also if an error ends them.
    fn run<N, X>(
        &mut self,
        net: &mut N,
        train: &Dataset<X, Y>,
        test: &Dataset<X, Y>,
        report: &mut Report,
    ) -> Result<(), TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let mut trained = vec![false; net.parameters().len()];
        for epoch in 1..=self.epochs {
            let start = Instant::now();
            let (train_loss, control) = self.epoch(epoch, net, train, &mut trained)?;
            if control == Control::Stop {
                break;
            }
            if let Some(missing) = missing(net, &trained) {
                return Err(missing);
            }
            let (test_loss, metrics) = self.evaluate(net, test);
            let seconds = start.elapsed().as_secs_f64();
            let measured = EpochReport { epoch, train_loss, test_loss, metrics, seconds };
            let mut training = InTraining { module: net, optimizer: &mut self.optimizer };
            let control = self.callbacks.iter_mut().fold(Control::Continue, |control, callback| {
                control.and(callback.on_epoch(&measured, &mut training))
            });
            report.epochs.push(measured);
            if control == Control::Stop {
                break;
            }
        }
        Ok(())
    }

    /// One pass over the training data; the mean of its losses. Notes in `trained` which parameters had a gradient.
    fn epoch<N, X>(
        &mut self,
        epoch: usize,
        net: &mut N,
        train: &Dataset<X, Y>,
        trained: &mut [bool],
    ) -> Result<(f64, Control), TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let mut mean = Mean::default();
        for (step, batch) in (1..).zip(train.batches(self.batch).shuffle(&mut self.rng)) {
            let outputs = net.forward(&batch.x, &mut Mode::train(&mut self.rng));
            let mut root = (self.loss)(&outputs, &batch.y);
            let shape = root.shape();
            assert!(
                root.size() == 1,
                "Trainer: the loss has shape {shape}, not a single number\n  help: end it by `.mean()`"
            );
            let loss: f64 = root.item().into();
            if !loss.is_finite() {
                return Err(TrainError::NotFinite { epoch, step, what: "the loss".into() });
            }
            for penalty in &self.penalties {
                root = root + penalty(net);
            }
            drop(outputs);
            if !root.is_tracked() {
                return Err(missing(net, trained).unwrap_or(TrainError::NoGradient { paths: Vec::new() }));
            }
            let mut grads = root.backward();
            if let Some(path) = look_at(net, &grads, trained) {
                return Err(TrainError::NotFinite { epoch, step, what: format!("the gradient of `{path}`") });
            }
            self.changes.iter().for_each(|change| change(net, &mut grads));
            self.optimizer.step(net, &grads);
            mean.add(loss, batch.y.count());
            let report = StepReport { epoch, step, loss };
            let mut training = InTraining { module: net, optimizer: &mut self.optimizer };
            let control = self.callbacks.iter_mut().fold(Control::Continue, |control, callback| {
                control.and(callback.on_step(&report, &mut training))
            });
            if control == Control::Stop {
                return Ok((mean.value(), control));
            }
        }
        Ok((mean.value(), Control::Continue))
    }
}

/// A mean over samples, built up batch by batch.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    samples: usize,
}

impl Mean {
    fn add(&mut self, mean: f64, samples: usize) {
        self.sum += mean * samples as f64;
        self.samples += samples;
    }
    fn value(self) -> f64 {
        self.sum / self.samples as f64
    }
}

impl<O: fmt::Debug, L, Y, T: Scalar> fmt::Debug for Trainer<'_, O, L, Y, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics: Vec<_> = self.metrics.iter().map(|(name, _)| name).collect();
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer)
            .field("epochs", &self.epochs)
            .field("batch", &self.batch)
            .field("metrics", &metrics)
            .finish_non_exhaustive()
    }
}
