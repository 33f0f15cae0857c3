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
/// about `memory` count. Losses may be below 0, as the logarithm of a density is: see [below](#what-a-spike-is). The network and the optimizer are as they were then, the data goes on: the batches that led astray are
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
///
/// # What a spike is
/// ```text
/// loss - usual > (factor - 1) · size        size = max(|usual|, usual - least)
/// ```
/// where `least` is the least of the last losses, of which about ten times `memory` count. Of losses that are not negative, `size` is
/// the usual itself. Where they are negative, it is how far the usual is from 0; and where it is near 0, or passes by it, how far it is above
/// the least, which is how far losses spread or fall.
#[derive(Clone, Debug)]
pub struct SpikeGuard<T: Scalar = f32> {
    /// A loss of more than so many times the usual is a [spike](#what-a-spike-is); above 1.
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
    least: f64,
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
        let SpikeState { usual, least, seen, since_kept, rollbacks, kept } = &mut self.state;
        let size = usual.abs().max(*usual - *least);
        if *seen >= self.memory && !kept.is_empty() && loss - *usual > (self.factor - 1.0) * size {
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
        // Were it forgotten as fast as the usual, noise about 0 would be a spike now and then.
        *least = loss.min(*least + (*usual - *least) / (10.0 * share));
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
        let SpikeState { usual, least, seen, since_kept, rollbacks, kept } = &mut self.state;
        record.value_that("usual", usual, "a mean of losses", |usual| !usual.is_infinite());
        record.value_of_late("least", least);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Param, Sgd};
    use autograd::{Rng, Tensor};

    /// The steps that are undone of those with these losses.
    fn undone(losses: impl IntoIterator<Item = f64>) -> Vec<usize> {
        let (mut w, mut sgd) = (Param::new(Tensor::ones([1])), Sgd::new(0.1));
        let mut guard: SpikeGuard = SpikeGuard { every: 1, ..SpikeGuard::new() };
        let losses = losses.into_iter().enumerate();
        let spikes = losses.filter(|(_, loss)| guard.look(*loss, &mut InTraining::new(&mut w, &mut sgd)));
        spikes.map(|(step, _)| step).collect()
    }

    /// As the mean of positive losses is 1, so is their distance from 0.
    #[test]
    fn a_positive_loss_is_a_spike_above_three_times_the_usual() {
        let calm = || [0.5, 1.5].repeat(100);
        assert_eq!(undone(calm().into_iter().chain([2.9])), []);
        assert_eq!(undone(calm().into_iter().chain([3.1])), [200]);
    }

    /// The logarithm of a density falls from 2 to -3.4, and stays; then it is spoiled.
    #[test]
    fn losses_below_zero_are_no_spikes() {
        let falling = |step: i32| 5.4 * (-f64::from(step) / 30.0).exp() - 3.4;
        assert_eq!(undone((0..400).map(falling)), []);
        assert_eq!(undone((0..400).map(falling).chain([-2.0, 3.3, 3.5, -3.4])), [402]);
        // Of a rate that is too low to learn, with noise.
        let noise = Tensor::<f64>::normal([400], -1.0, 0.3, &mut Rng::seed(0)).to_vec();
        assert_eq!(undone(noise.into_iter().chain([4.0])), [400]);
    }

    /// Where the usual is 0, or passes by it, so many times the usual would be nothing.
    #[test]
    fn losses_about_zero_are_no_spikes() {
        let noise = Tensor::<f64>::normal([1000], 0.0, 0.1, &mut Rng::seed(0)).to_vec();
        assert_eq!(undone(noise.iter().copied().chain([1.0])), [1000]);
        let passing = noise.iter().enumerate().map(|(step, x)| 1.0 - 0.002 * step as f64 + x);
        assert_eq!(undone(passing.chain([3.0])), [1000]);
    }
}
