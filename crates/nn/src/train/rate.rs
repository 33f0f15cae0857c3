//! The learning rate in training: by a schedule, or by what the loss does.

use super::{Callback, Control, EpochReport, InTraining, Plan, StepReport, Trainer};
use crate::files::Record;
use crate::schedule::Schedule;
use autograd::Scalar;

/// Sets the learning rate by a schedule, before each epoch or each step. The rate that the optimizer has when training begins is the
/// one of which the schedule gives shares.
///
/// Each call of [`fit`](Trainer::fit) goes through the schedule from its beginning, with the first rate of the first call.
///
/// In a loop by hand, `optimizer.set_lr(base * schedule.share(t))` is the same.
///
/// ```
/// use nn::{Dataset, Linear, Optimizer, Rng, Scheduled, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let half = |t: u64| 0.5_f64.powi(t as i32);
/// let rate_after = |scheduled| {
///     let mut net = Linear::new(2, 1, &mut Rng::seed(0));
///     let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).batch(4).epochs(3).with(scheduled);
///     trainer.fit(&mut net, &data, &data).map(|_| trainer.optimizer().lr())
/// };
/// assert_eq!(rate_after(Scheduled::per_epoch(half))?, 0.1 / 8.0); // three epochs
/// assert_eq!(rate_after(Scheduled::per_step(half))?, 0.1 / 64.0); // of two steps
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Debug)]
pub struct Scheduled<S> {
    schedule: S,
    per_step: bool,
    /// The rate at first.
    base: Option<f64>,
    t: u64,
}

impl<S: Schedule> Scheduled<S> {
    /// Time is counted in epochs.
    pub fn per_epoch(schedule: S) -> Self {
        Scheduled { schedule, per_step: false, base: None, t: 0 }
    }

    /// Time is counted in steps.
    pub fn per_step(schedule: S) -> Self {
        Scheduled { schedule, per_step: true, base: None, t: 0 }
    }

    fn set<T: Scalar>(&mut self, training: &mut InTraining<'_, T>) {
        let base = *self.base.get_or_insert_with(|| training.optimizer.lr());
        training.optimizer.set_lr(base * self.schedule.share(self.t));
    }
}

impl<T: Scalar, S: Schedule> Callback<T> for Scheduled<S> {
    fn on_start(&mut self, plan: &Plan, training: &mut InTraining<'_, T>) {
        if !plan.is_resumed() {
            self.t = 0;
        }
        self.set(training);
    }
    fn on_step(&mut self, _: &StepReport, training: &mut InTraining<'_, T>) -> Control {
        if self.per_step {
            self.t += 1;
            self.set(training);
        }
        Control::Continue
    }
    fn on_epoch(&mut self, _: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        if !self.per_step {
            self.t += 1;
            self.set(training);
        }
        Control::Continue
    }
    fn remember(&mut self, record: &mut Record<'_, T>) {
        record.count("t", &mut self.t);
        let mut base = self.base.unwrap_or(f64::NAN);
        let can_be = |base: &f64| base.is_nan() || (0.0..f64::INFINITY).contains(base);
        record.value_that("base", &mut base, "a finite rate of at least 0", can_be);
        self.base = (!base.is_nan()).then_some(base);
    }
}

/// Multiplies the rate by a factor when the test loss has not become smaller for some epochs: `ReduceLROnPlateau`.
///
/// Each call of [`fit`](Trainer::fit) looks for a smallest loss of its own; the rate that an earlier one has come to stays.
///
/// ```
/// use nn::Plateau;
/// let mut plateau = Plateau { factor: 0.5, patience: 1, ..Plateau::new() };
/// let mut rate = 0.1;
/// for loss in [3.0, 2.0, 2.5, 2.0] {
///     rate = plateau.next(loss, rate); // as a trainer does after each epoch, `.with(plateau)`
/// }
/// assert_eq!(rate, 0.05); // twice no better than 2
/// ```
#[doc(alias = "ReduceLROnPlateau")]
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// What the rate is multiplied by.
    pub factor: f64,
    /// How many epochs without a better loss are waited for; it is one more that counts.
    pub patience: usize,
    /// By which share of the best loss a better one is to be smaller.
    pub threshold: f64,
    /// How many epochs are not counted after the rate has been lowered.
    pub cooldown: usize,
    /// Below this the rate does not fall; one that is lower already stays.
    pub least: f64,
    /// What is remembered.
    pub state: PlateauState,
}

/// What [`Plateau`] remembers from epoch to epoch.
///
/// ```
/// use nn::Plateau;
/// let mut plateau = Plateau::new();
/// plateau.next(1.0, 0.1);
/// assert_ne!(plateau.state, Plateau::new().state); // 1 is the best so far
/// plateau.state = Plateau::new().state; // forgotten, for another training by hand
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PlateauState {
    /// The smallest loss so far.
    best: f64,
    /// How many epochs have not been better.
    bad: usize,
    /// How many more are not counted.
    resting: usize,
}

impl PlateauState {
    fn new() -> Self {
        PlateauState { best: f64::INFINITY, bad: 0, resting: 0 }
    }
}

impl Plateau {
    /// To a tenth after more than ten epochs, with a threshold of 1e-4 and no cooldown.
    pub fn new() -> Self {
        Plateau {
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            cooldown: 0,
            least: 0.0,
            state: PlateauState::new(),
        }
    }

    /// The rate after an epoch with this loss: for loops by hand.
    pub fn next(&mut self, loss: f64, lr: f64) -> f64 {
        let PlateauState { best, bad, resting } = &mut self.state;
        // The best is infinite at first.
        if loss < *best - self.threshold * best.abs().min(f64::MAX) {
            (*best, *bad) = (loss, 0);
        } else {
            *bad += 1;
        }
        if *resting > 0 {
            (*resting, *bad) = (*resting - 1, 0);
        }
        if *bad <= self.patience {
            return lr;
        }
        (*resting, *bad) = (self.cooldown, 0);
        (lr * self.factor).max(self.least).min(lr)
    }
}

impl Default for Plateau {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scalar> Callback<T> for Plateau {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_, T>) {
        if !plan.is_resumed() {
            self.state = PlateauState::new();
        }
    }
    fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        let lr = self.next(epoch.test_loss, training.optimizer.lr());
        training.optimizer.set_lr(lr);
        Control::Continue
    }
    fn remember(&mut self, record: &mut Record<'_, T>) {
        let PlateauState { best, bad, resting } = &mut self.state;
        record.value_that("best", best, "a loss", |best| !best.is_nan());
        record.count("bad", bad);
        record.count("resting", resting);
    }
}

impl<'a, O, L, Y, T: Scalar> Trainer<'a, O, L, Y, T> {
    /// Sets the learning rate before each epoch by a schedule whose time is counted in epochs.
    ///
    /// ```
    /// use nn::{Cosine, Dataset, Linear, Optimizer, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(4).schedule(Cosine { end: 0.1, ..Cosine::new(4) });
    /// trainer.fit(&mut net, &data, &data)?;
    /// assert!((trainer.optimizer().lr() - 0.01).abs() < 1e-12);
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn schedule(self, schedule: impl Schedule + 'a) -> Self {
        self.with(Scheduled::per_epoch(schedule))
    }

    /// Sets the learning rate before each step by a schedule whose time is counted in steps.
    ///
    /// ```
    /// use nn::{Dataset, Line, Linear, Optimizer, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).batch(2).epochs(2).schedule_steps(Line::new(16));
    /// trainer.fit(&mut net, &data, &data)?;
    /// assert!((trainer.optimizer().lr() - 0.05).abs() < 1e-12); // after 8 of 16 steps
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn schedule_steps(self, schedule: impl Schedule + 'a) -> Self {
        self.with(Scheduled::per_step(schedule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plateau_never_raises_the_rate() {
        let mut plateau = Plateau { patience: 0, least: 0.05, ..Plateau::new() };
        // The first loss is the best so far; the others are no better.
        let rates = |plateau: &mut Plateau, first: f64| {
            let mut lr = first;
            [(); 4].map(|()| {
                lr = plateau.next(1.0, lr);
                lr
            })
        };
        assert_eq!(rates(&mut plateau, 1e-4), [1e-4; 4]);
        assert_eq!(rates(&mut plateau, 1.0), [0.1, 0.05, 0.05, 0.05]);
    }

    /// Better is smaller, below 0 too.
    #[test]
    fn a_loss_below_zero_that_grows_is_a_plateau() {
        let mut plateau = Plateau { patience: 0, threshold: 0.1, ..Plateau::new() };
        let rates = [-1.0, -0.95, -1.05, -1.2].map(|loss| plateau.next(loss, 1.0));
        assert_eq!(rates, [1.0, 0.1, 0.1, 1.0]);
    }
}
