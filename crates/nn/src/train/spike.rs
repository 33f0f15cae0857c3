//! Spikes of the loss: a step that has gone astray is undone.
//!
//! Large models are thrown back now and then by a batch or a step that is out of the ordinary, and take long to come back, if they do.
//! What they had learned is kept in memory every so often, and when the loss of a step is far above the usual, they go on from there.
//!
//! Source: A. Chowdhery et al., "PaLM: Scaling Language Modeling with Pathways", 2022, section 5.1.

use super::{Callback, Control, InTraining, Plan, StepReport};
use crate::files::{Memory, Record};
use autograd::Scalar;

/// Goes back to the last good state when the loss of a step is more than `factor` times the usual, the mean of the last steps, of which
/// about `memory` count. The network and the optimizer are as they were then, the data goes on: the batches that led astray are
/// left behind.
///
/// In a trainer, each call of [`fit`](crate::Trainer::fit) begins with no usual and nothing kept. In a loop by hand, [`look`](Self::look)
/// does it.
///
/// ```
/// use nn::{Dataset, Linear, Rng, Sgd, SpikeGuard, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let guard = SpikeGuard { factor: 5.0, lower: 0.5, ..SpikeGuard::new() };
/// Trainer::new(Sgd::new(0.1)).loss(mse).with(guard).fit(&mut net, &data, &data)?;
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpikeGuard<T: Scalar = f32> {
    /// A loss of more than so many times the usual is a spike; above 1.
    pub factor: f64,
    /// About how many of the last steps make the usual.
    pub memory: u64,
    /// After how many steps the state is kept anew.
    pub every: u64,
    /// What the learning rate is multiplied by after a spike; a schedule sets it anew.
    pub lower: f64,
    /// What it remembers.
    pub state: SpikeState<T>,
}

/// What [`SpikeGuard`] remembers from step to step.
///
/// ```
/// use nn::{Dataset, Linear, Rng, Sgd, SpikeGuard, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut guard = SpikeGuard::new();
/// Trainer::new(Sgd::new(0.1)).loss(mse).with_mut(&mut guard).fit(&mut net, &data, &data)?;
/// assert_eq!(guard.state.rollbacks(), 0);
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SpikeState<T: Scalar = f32> {
    usual: f64,
    seen: u64,
    since_kept: u64,
    rollbacks: u64,
    kept: Memory<T>,
}

impl<T: Scalar> SpikeState<T> {
    /// How often training has gone back.
    pub fn rollbacks(&self) -> u64 {
        self.rollbacks
    }
}

impl<T: Scalar> SpikeGuard<T> {
    /// Three times the mean of about fifty steps; the state is kept every hundred, and the rate stays.
    pub fn new() -> Self {
        SpikeGuard { factor: 3.0, memory: 50, every: 100, lower: 1.0, state: SpikeState::default() }
    }

    /// Takes note of the loss of a step that has been made, and goes back if it is a spike; whether it did. The first `memory` steps are
    /// none: there is no usual yet. A state of another network or optimizer is not gone back to, but forgotten; from a checkpoint
    /// [`remember_in`](Callback::remember_in) takes none.
    ///
    /// ```
    /// use nn::{InTraining, Param, Sgd, SpikeGuard, Tensor};
    /// let (mut w, mut sgd): (Param, Sgd) = (Param::new(Tensor::from([0.0])), Sgd::new(0.1));
    /// let mut guard = SpikeGuard { memory: 2, every: 1, lower: 0.5, ..SpikeGuard::new() };
    /// for loss in [1.0, 1.0, 50.0] {
    ///     w.update(|w| w[0] += 1.0); // what a step does
    ///     if guard.look(loss, &mut InTraining::new(&mut w, &mut sgd)) {
    ///         println!("back to the second step");
    ///     }
    /// }
    /// assert_eq!((w.item(), sgd.lr, guard.state.rollbacks()), (2.0, 0.05, 1));
    /// ```
    pub fn look(&mut self, loss: f64, training: &mut InTraining<'_, T>) -> bool {
        let SpikeState { usual, seen, since_kept, rollbacks, kept } = &mut self.state;
        if *seen >= self.memory && !kept.is_empty() && loss > self.factor * *usual {
            let lr = training.optimizer.lr();
            if kept.restore(&mut |record| show(training, record)).is_err() {
                *kept = Memory::default();
                return false;
            }
            // The rate is that of a schedule, and does not go back.
            training.optimizer.set_lr(lr * self.lower);
            (*rollbacks, *since_kept) = (*rollbacks + 1, 0);
            return true;
        }
        *seen += 1;
        let share = (*seen).min(self.memory.max(1)) as f64;
        *usual += (loss - *usual) / share;
        *since_kept += 1;
        if *seen >= self.memory && (kept.is_empty() || *since_kept >= self.every) {
            *kept = Memory::of(&mut |record| show(training, record));
            *since_kept = 0;
        }
        false
    }
}

impl<T: Scalar> Default for SpikeGuard<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn show<T: Scalar>(training: &mut InTraining<'_, T>, record: &mut Record<'_, T>) {
    record.module("model", training.module);
    record.optimizer("optimizer", training.optimizer);
}

impl<T: Scalar> Callback<T> for SpikeGuard<T> {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_, T>) {
        if !plan.is_resumed() {
            self.state = SpikeState::default();
        }
    }

    fn on_step(&mut self, step: &StepReport, training: &mut InTraining<'_, T>) -> Control {
        self.look(step.loss, training);
        Control::Continue
    }

    fn remember(&mut self, record: &mut Record<'_, T>) {
        let SpikeState { usual, seen, since_kept, rollbacks, kept } = &mut self.state;
        record.value_that("usual", usual, "a mean of losses", |usual| !usual.is_infinite());
        record.count("seen", seen);
        record.count("since_kept", since_kept);
        record.count("rollbacks", rollbacks);
        kept.remember(record);
    }

    fn remember_in(&mut self, record: &mut Record<'_, T>, training: &mut InTraining<'_, T>) {
        self.remember(record);
        Memory::must_fit(record, &mut |record| show(training, record));
    }
}
