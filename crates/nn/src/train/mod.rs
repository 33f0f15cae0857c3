//! Training: epochs of batches, measured, reported and reproducible.
//!
//! A [`Trainer`] runs the loop that one would write by hand, and tells [`Callback`]s what happens.

mod callback;
#[cfg(feature = "progress")]
mod progress;

pub use callback::{Callback, Control, EpochReport, Plan, Report, StepReport};
#[cfg(feature = "progress")]
pub use progress::Progress;

use crate::data::{Dataset, Targets};
use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::Module;
use crate::optim::Optimizer;
use autograd::{Gradients, Rng, Scalar, Tensor};
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
pub struct Trainer<'a, O, L = (), Y = Vec<usize>, T: Scalar = f32> {
    optimizer: O,
    loss: L,
    epochs: usize,
    batch: usize,
    seed: u64,
    metrics: Vec<Metric<'a, Y, T>>,
    callbacks: Vec<Box<dyn Callback + 'a>>,
}

/// A named measure of outputs against targets, the mean over a batch.
type Metric<'a, Y, T> = (&'static str, Box<dyn Fn(&Tensor<T>, &Y) -> f64 + 'a>);

impl<'a, O, Y, T: Scalar> Trainer<'a, O, (), Y, T> {
    /// A trainer with this optimizer: 10 epochs, batches of 32 samples, seed 0.
    pub fn new(optimizer: O) -> Self {
        Trainer {
            optimizer,
            loss: (),
            epochs: 10,
            batch: 32,
            seed: 0,
            metrics: Vec::new(),
            callbacks: Vec::new(),
        }
    }

    /// What is minimised: a function of the outputs and the targets of a batch to a number, the mean over the batch.
    pub fn loss<L>(self, loss: L) -> Trainer<'a, O, L, Y, T>
    where
        L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
    {
        let Trainer { optimizer, loss: (), epochs, batch, seed, metrics, callbacks } = self;
        Trainer { optimizer, loss, epochs, batch, seed, metrics, callbacks }
    }
}

impl<'a, O, L, Y, T: Scalar> Trainer<'a, O, L, Y, T> {
    /// How often every sample is shown.
    pub fn epochs(self, epochs: usize) -> Self {
        Trainer { epochs, ..self }
    }

    /// How many samples make a batch.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn batch(self, batch: usize) -> Self {
        assert!(batch > 0, "batch: the size of a batch is at least 1");
        Trainer { batch, ..self }
    }

    /// The seed of the order of samples and of everything random in the network. The same seed, data and network give
    /// the same bits.
    pub fn seed(self, seed: u64) -> Self {
        Trainer { seed, ..self }
    }

    /// Adds a measure to every report: a function of the outputs and the targets of a batch, the mean over the batch.
    pub fn metric(mut self, name: &'static str, measure: impl Fn(&Tensor<T>, &Y) -> f64 + 'a) -> Self {
        self.metrics.push((name, Box::new(measure)));
        self
    }

    /// Adds a callback: it is told of every step and epoch, and can end the training.
    pub fn with(mut self, callback: impl Callback + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Shows progress: a live bar where standard error is a terminal, a line for each epoch where it is not.
    #[cfg(feature = "progress")]
    pub fn progress(self) -> Self {
        self.with(Progress::new())
    }

    /// The optimizer, with all it remembers.
    pub fn optimizer(&self) -> &O {
        &self.optimizer
    }
}

impl<O, L, Y, T> Trainer<'_, O, L, Y, T>
where
    O: Optimizer<T>,
    L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
    Y: Targets,
    T: Scalar,
{
    /// Trains on `train`, and measures on `test` after every epoch. Called again, it goes on with what the optimizer
    /// remembers.
    ///
    /// # Errors
    /// If a data set is empty, a loss is not finite, or a parameter gets no gradient in the first step.
    pub fn fit<N>(
        &mut self,
        net: &mut N,
        train: &Dataset<Y, T>,
        test: &Dataset<Y, T>,
    ) -> Result<Report, TrainError>
    where
        N: Layer<T>,
    {
        for (name, data) in [("training", train), ("test", test)] {
            if data.is_empty() {
                return Err(TrainError::Empty { name });
            }
        }
        let mut rng = Rng::seed(self.seed);
        let plan = Plan { epochs: self.epochs, steps_per_epoch: train.len().div_ceil(self.batch) };
        self.callbacks.iter_mut().for_each(|c| c.on_start(&plan));
        let mut report = Report::default();
        for epoch in 1..=self.epochs {
            let start = Instant::now();
            let train_loss = self.epoch(epoch, net, train, &mut rng)?;
            let (test_loss, metrics) = self.evaluate(net, test);
            let seconds = start.elapsed().as_secs_f64();
            let epoch = EpochReport { epoch, train_loss, test_loss, metrics, seconds };
            let mut control = Control::Continue;
            for callback in &mut self.callbacks {
                control = control.and(callback.on_epoch(&epoch));
            }
            report.epochs.push(epoch);
            if control == Control::Stop {
                break;
            }
        }
        self.callbacks.iter_mut().for_each(|c| c.on_end(&report));
        Ok(report)
    }

    /// The mean loss over a data set, and every metric, in evaluation.
    pub fn evaluate<N>(&self, net: &N, data: &Dataset<Y, T>) -> (f64, Vec<(&'static str, f64)>)
    where
        N: Layer<T>,
    {
        let mut loss = Mean::default();
        let mut metrics: Vec<(&'static str, Mean)> =
            self.metrics.iter().map(|(name, _)| (*name, Mean::default())).collect();
        for batch in data.batches(self.batch) {
            let (outputs, samples) = (net.predict(&batch.x), batch.y.count());
            loss.add((self.loss)(&outputs, &batch.y).item().into(), samples);
            for ((_, mean), (_, measure)) in metrics.iter_mut().zip(&self.metrics) {
                mean.add(measure(&outputs, &batch.y), samples);
            }
        }
        (loss.value(), metrics.into_iter().map(|(name, mean)| (name, mean.value())).collect())
    }

    /// One pass over the training data; the mean of its losses.
    fn epoch<N>(
        &mut self,
        epoch: usize,
        net: &mut N,
        train: &Dataset<Y, T>,
        rng: &mut Rng,
    ) -> Result<f64, TrainError>
    where
        N: Layer<T>,
    {
        let mut mean = Mean::default();
        for (step, batch) in train.batches(self.batch).shuffle(rng).enumerate() {
            let outputs = net.forward(&batch.x, &mut Mode::train(rng));
            let root = (self.loss)(&outputs, &batch.y);
            let loss: f64 = root.item().into();
            if !loss.is_finite() {
                return Err(TrainError::NotFinite { epoch, step: step + 1, loss });
            }
            drop(outputs);
            if !root.is_tracked() {
                // A constant: it depends on no parameter at all.
                let paths = net.parameters().into_iter().map(|(path, _)| path).collect();
                return Err(TrainError::NoGradient { paths });
            }
            let grads = root.backward();
            if (epoch, step) == (1, 0) {
                complete(net, &grads)?;
            }
            self.optimizer.step(net, &grads);
            mean.add(loss, batch.y.count());
            let report = StepReport { epoch, step: step + 1, loss };
            self.callbacks.iter_mut().for_each(|c| c.on_step(&report));
        }
        Ok(mean.value())
    }
}

/// Whether every parameter has a gradient.
fn complete<T: Scalar>(net: &impl Module<T>, grads: &Gradients<T>) -> Result<(), TrainError> {
    let without = net.parameters().into_iter().filter(|(_, param)| grads.get(param).is_none());
    let paths: Vec<String> = without.map(|(path, _)| path).collect();
    if paths.is_empty() { Ok(()) } else { Err(TrainError::NoGradient { paths }) }
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
            .field("seed", &self.seed)
            .field("metrics", &metrics)
            .finish_non_exhaustive()
    }
}

/// Why training ended early.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrainError {
    /// A data set has no samples.
    Empty {
        /// Which: `"training"` or `"test"`.
        name: &'static str,
    },
    /// The loss became NaN or infinite. The parameters are those before the step.
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step in the epoch, from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// Parameters that the loss does not depend on, so that they would never be trained.
    NoGradient {
        /// Their paths; empty if the network has no parameters.
        paths: Vec<String>,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Empty { name } => write!(f, "the {name} data has no samples"),
            TrainError::NotFinite { epoch, step, loss } => write!(
                f,
                "the loss is {loss} in epoch {epoch}, step {step}; the parameters are those before the step\n  help: lower the learning rate, and look for NaN or infinite numbers in the data"
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
