//! Early stopping: training ends when it no longer gets better, and goes back to where it was best.

use super::{Callback, Control, Ended, EpochReport, InTraining, Plan, Report, Trainer};
use crate::files::Record;
use crate::layers::blame;
use crate::module::{Module, Path};
use autograd::{Scalar, Tensor};

/// Ends training when what it watches has not become better for some epochs, and gives the network the parameters of the best one.
///
/// Source: L. Prechelt, "Early Stopping - But When?", 1998.
///
/// In a trainer, [`stop_early`](Trainer::stop_early) is the short form; each call of [`fit`](Trainer::fit) is watched by itself. What it
/// watches has chosen the epoch, and flatters it: judge the network by data that took no part in that. In a loop by hand (where a
/// [checkpoint](crate::files::Checkpoints) has its memory by [`early.remember(record)`](Callback::remember)):
///
/// ```
/// use nn::{Control, EarlyStop, Linear, Rng};
/// let mut net: Linear = Linear::new(2, 1, &mut Rng::seed(0));
/// let best = net.weight.to_vec();
/// let mut early = EarlyStop::new(2);
/// for (epoch, loss) in [0.5, 0.3, 0.4, 0.31, 0.2].into_iter().enumerate() {
///     let control = early.next(loss, &net);
///     net.weight.update(|w| w.fill(epoch as f32)); // what training does
///     if control == Control::Stop {
///         assert_eq!(epoch, 3); // twice no better than 0.3
///         break;
///     }
/// }
/// early.restore(&mut net);
/// assert_eq!(net.weight.to_vec(), [0.0, 0.0]); // as it was when 0.3 was measured
/// # let _ = best;
/// ```
#[derive(Clone, Debug)]
pub struct EarlyStop<T: Scalar = f32> {
    /// After how many epochs in a row that are not better it ends.
    pub patience: usize,
    /// By how much a better one has to be better.
    pub min_delta: f64,
    /// Whether the network is given the best parameters at the end, whatever ended it.
    pub restore_best: bool,
    /// A metric to watch instead of the test loss, and what is good: [`Goal::Most`] for an accuracy, [`Goal::Least`] for an error.
    pub metric: Option<(&'static str, Goal)>,
    /// What it remembers.
    pub state: EarlyStopState<T>,
}

/// Which of two values is better: what an [`EarlyStop`] looks for in a metric.
///
/// ```
/// use nn::{EarlyStop, Goal};
/// let early: EarlyStop = EarlyStop { metric: Some(("accuracy", Goal::Most)), ..EarlyStop::new(5) };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The smaller, as of losses.
    Least,
    /// The larger, as of accuracies.
    Most,
}

/// What [`EarlyStop`] remembers from epoch to epoch.
///
/// ```
/// use nn::{Control, EarlyStop, Linear, Rng};
/// let net: Linear = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut early = EarlyStop::new(2);
/// assert_eq!([3.0, 1.0, 2.0, 2.0].map(|loss| early.next(loss, &net)).last(), Some(&Control::Stop));
/// assert_eq!(early.state.best(), Some(1.0));
/// ```
#[derive(Clone, Debug)]
pub struct EarlyStopState<T: Scalar = f32> {
    /// The best value, if there was one.
    best: Option<f64>,
    /// How many epochs since then were not better.
    bad: usize,
    /// The parameters then, by their paths.
    parameters: Vec<(String, Tensor<T>)>,
    /// The epoch that a trainer has measured last, and what its samples are called.
    epoch: usize,
    measured_on: &'static str,
}

impl<T: Scalar> Default for EarlyStopState<T> {
    fn default() -> Self {
        EarlyStopState { best: None, bad: 0, parameters: Vec::new(), epoch: 0, measured_on: "test" }
    }
}

impl<T: Scalar> EarlyStopState<T> {
    /// The best value so far.
    pub fn best(&self) -> Option<f64> {
        self.best
    }
}

impl<T: Scalar> EarlyStop<T> {
    /// Watches the test loss, takes any improvement for one, and restores the best parameters.
    ///
    /// # Panics
    /// If the patience is 0.
    #[track_caller]
    pub fn new(patience: usize) -> Self {
        assert!(
            patience > 0,
            "EarlyStop: expected a patience of at least one epoch, found 0\n  help: 5 to 20 are usual"
        );
        EarlyStop {
            patience,
            min_delta: 0.0,
            restore_best: true,
            metric: None,
            state: EarlyStopState::default(),
        }
    }

    /// Takes note of an epoch with this value; whether to go on. NaN is never better.
    pub fn next(&mut self, value: f64, module: &(impl Module<T> + ?Sized)) -> Control {
        let goal = self.metric.map_or(Goal::Least, |(_, goal)| goal);
        let is_better = match (self.state.best, goal) {
            (None, _) => !value.is_nan(),
            (Some(best), Goal::Least) => value < best - self.min_delta,
            (Some(best), Goal::Most) => value > best + self.min_delta,
        };
        if is_better {
            if self.restore_best {
                // They share their memory with the network's until these change.
                let parameters = module.parameters().into_iter();
                self.state.parameters = parameters.map(|(path, param)| (path, param.detach())).collect();
            }
            (self.state.best, self.state.bad) = (Some(value), 0);
        } else {
            self.state.bad += 1;
        }
        if self.state.bad >= self.patience { Control::Stop } else { Control::Continue }
    }

    /// Gives a network the best parameters; if there are none yet, it keeps its own.
    ///
    /// # Panics
    /// If a parameter has another shape than it had.
    #[track_caller]
    pub fn restore(&self, module: &mut (impl Module<T> + ?Sized)) {
        let mut best = self.state.parameters.iter();
        module.visit_mut(&mut Path::default(), &mut |path, param| {
            let Some((known, value)) = best.next() else { return };
            assert!(
                known == path.as_str() && value.shape() == param.shape(),
                "EarlyStop: the network has `{path}` of shape {}, the best one had `{known}` of {}\n  help: restore the network that was watched",
                param.shape(),
                value.shape()
            );
            param.update(|w| w.copy_from_slice(&value.array().view().contiguous()));
        });
    }
}

impl<T: Scalar> Callback<T> for EarlyStop<T> {
    /// # Panics
    /// If there is no metric of the name that it is to watch.
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_, T>) {
        if let Some((name, _)) = self.metric.filter(|(name, _)| !plan.metrics.contains(name)) {
            unknown(name, &plan.metrics);
        }
        if !plan.is_resumed() {
            self.state = EarlyStopState::default();
        }
    }

    /// # Panics
    /// If there is no metric of the name that it is to watch.
    fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        let value = match self.metric {
            None => epoch.test_loss,
            Some((name, _)) => epoch.metric(name).unwrap_or_else(|| {
                let names: Vec<&str> = epoch.metrics.iter().map(|(name, _)| *name).collect();
                unknown(name, &names)
            }),
        };
        (self.state.epoch, self.state.measured_on) = (epoch.epoch, epoch.measured_on);
        self.next(value, training.module)
    }

    fn why(&self) -> Ended {
        let loss = || format!("{} loss", self.state.measured_on);
        let watched = self.metric.map_or_else(loss, |(name, _)| name.to_owned());
        let EarlyStopState { epoch, bad, .. } = self.state;
        let outcome = match epoch.checked_sub(bad) {
            None => "became no better".to_owned(),
            Some(0) => "was never a number".to_owned(),
            Some(best) => format!("became no better after epoch {best}"),
        };
        let patience = self.patience;
        Ended::Stopped(format!("early stopping with a patience of {patience}: the {watched} {outcome}"))
    }

    fn on_end(&mut self, _: &Report, training: &mut InTraining<'_, T>) {
        if self.restore_best {
            self.restore(training.module);
        }
    }

    fn remember(&mut self, record: &mut Record<'_, T>) {
        let EarlyStopState { best, bad, parameters, .. } = &mut self.state;
        let mut value = best.unwrap_or(f64::NAN);
        record.value("best", &mut value);
        *best = (!value.is_nan()).then_some(value);
        record.count("bad", bad);
        record.tensors("parameters", parameters);
    }

    fn remember_in(&mut self, record: &mut Record<'_, T>, training: &mut InTraining<'_, T>) {
        self.remember(record);
        if let Some(found) = record.listed("parameters").filter(|found| !found.is_empty()) {
            let found: Vec<_> =
                found.into_iter().map(|(path, value)| (path, value.shape().clone())).collect();
            record.must_be_of("parameters", &found, training.module);
        }
    }
}

fn unknown(name: &str, metrics: &[&str]) -> ! {
    let help = "add it by `Trainer::metric`; without a metric, the test loss is watched";
    blame::fail(&format!("EarlyStop: there is no metric {name:?} among {metrics:?}\n  help: {help}"))
}

impl<O, L, Y, T: Scalar> Trainer<'_, O, L, Y, T> {
    /// Ends training when the test loss has not become better for so many epochs, and restores the parameters of the best:
    /// [`EarlyStop`].
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Sgd::new(0.0)).loss(mse).epochs(100).stop_early(3); // with this rate it learns nothing
    /// let report = trainer.fit(&mut net, &data, &data)?;
    /// assert_eq!(report.epochs.len(), 1 + 3);
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    ///
    /// # Panics
    /// If the patience is 0.
    #[track_caller]
    pub fn stop_early(self, patience: usize) -> Self {
        self.with(EarlyStop::new(patience))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;
    use crate::param::Param;

    #[test]
    fn a_state_by_default_is_a_new_one() {
        let early = EarlyStop::<f32> { state: EarlyStopState::default(), ..EarlyStop::new(1) };
        assert_eq!(Callback::why(&early), Callback::why(&EarlyStop::<f32>::new(1)));
    }

    /// Its path is empty.
    #[test]
    fn the_best_of_a_network_of_one_parameter_is_remembered() {
        let mut net = Param::new(Tensor::from([1.0_f32]));
        let (mut early, mut again) = (EarlyStop::new(2), EarlyStop::new(2));
        early.next(0.5, &net);
        let kept = Memory::of(&mut |record| early.remember(record));
        kept.restore(&mut |record| again.remember(record)).unwrap();
        net.update(|w| w[0] = 7.0);
        again.restore(&mut net);
        assert_eq!((net.item(), again.state.best()), (1.0, Some(0.5)));
    }
}
