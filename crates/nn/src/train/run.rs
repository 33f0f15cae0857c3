//! The loop of a trainer: epochs, steps, and what is told and kept after each.

use super::budget::parts;
use super::health::{look_at, missing, nothing_to_train};
use super::keep::Whole;
use super::place::Place;
use super::{Callback, Control, Ended, EpochReport, InTraining, Loss, StepReport, TrainError, Trainer};
use crate::data::{Batches, Dataset, Samples};
use crate::diagnose::{Diagnosis, look_on};
use crate::layer::Layer;
use crate::layers::blame;
use crate::mode::Mode;
use crate::module::Module;
use crate::optim::Optimizer;
use autograd::{Gradients, Rng, Scalar, Tensor, trace_nan};
use std::time::Instant;

impl<O, L, Y, T> Trainer<'_, O, L, Y, T>
where
    O: Optimizer<T>,
    L: Loss<T, Y>,
    Y: Samples,
    T: Scalar,
{
    /// All epochs from this place on; those that were measured are in its report, also if an error ends them.
    #[track_caller]
    pub(super) fn run<N, X>(
        &mut self,
        net: &mut N,
        batches: &dyn Fn(&mut Rng) -> Batches<X, Y>,
        test: &Dataset<X, Y>,
        place: &mut Place,
    ) -> Result<(), TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        while place.epoch <= self.settings.epochs && !place.is_over {
            let start = Instant::now();
            let before = place.seconds;
            if let Some(ended) = self.epoch(net, batches, place, start)? {
                place.report.ended = ended;
                return self.save(net, place);
            }
            if let Some(missing) = missing(net, &place.trained) {
                return Err(missing);
            }
            let (test_loss, metrics) = self.evaluate(net, test);
            let seconds = before + start.elapsed().as_secs_f64();
            let train_loss = place.loss.value();
            let (epoch, measured_on) = (place.epoch, self.settings.measured_on);
            let measured = EpochReport { epoch, train_loss, test_loss, measured_on, metrics, seconds };
            let ended =
                self.tell(net, place.lr, |callback, training| callback.on_epoch(&measured, training))?;
            let is_last = ended.is_some();
            place.end_epoch(measured, ended);
            self.save(net, place)?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// One pass over the training data, or what is left of it; why it has been stopped within, if it has.
    #[track_caller]
    fn epoch<N, X>(
        &mut self,
        net: &mut N,
        batches: &dyn Fn(&mut Rng) -> Batches<X, Y>,
        place: &mut Place,
        start: Instant,
    ) -> Result<Option<Ended>, TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let before = place.seconds;
        if place.step == 0 {
            place.order = self.settings.rng.clone();
        }
        let mut order = place.order.clone();
        let batches = batches(&mut order);
        if place.step == 0 {
            self.settings.rng = order;
        }
        for batch in batches.skip(place.step) {
            let loss = self.step(net, &batch.x, &batch.y, place)?;
            place.loss.add(loss, batch.y.count());
            place.step += 1;
            place.steps += 1;
            place.lr = self.optimizer.lr();
            place.seconds = before + start.elapsed().as_secs_f64();
            let report = StepReport { epoch: place.epoch, step: place.step, loss };
            let ended = self.tell(net, place.lr, |callback, training| callback.on_step(&report, training))?;
            if ended.is_some() {
                return Ok(ended);
            }
            if self.settings.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(place.steps)) {
                self.save(net, place)?;
            }
        }
        Ok(None)
    }

    /// A step with this batch: its loss before the step.
    #[track_caller]
    fn step<N, X>(&mut self, net: &mut N, x: &X, y: &Y, place: &mut Place) -> Result<f64, TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let most = self.settings.micro_batch.unwrap_or(usize::MAX).min(self.most_within_budget());
        let samples = y.count();
        if samples <= most {
            let (loss, mut grads) = self.gradients_of(net, x, y, 1.0, place)?;
            self.update(net, &mut grads);
            return Ok(loss);
        }
        let (mut mean, mut sum) = (0.0, None);
        for part in parts(samples, most) {
            let indices: Vec<usize> = part.collect();
            let share = indices.len() as f64 / samples as f64;
            let (x, y) = (x.select(&indices), y.select(&indices));
            let (loss, grads) = self.gradients_of(net, &x, &y, share, place)?;
            mean += share * loss;
            sum = Some(match sum {
                None => grads,
                Some(sum) => sum + grads,
            });
        }
        self.update(net, &mut sum.expect("a batch has samples"));
        Ok(mean)
    }

    #[track_caller]
    fn update(&mut self, net: &mut dyn Module<T>, grads: &mut Gradients<T>) {
        self.settings.changes.iter().for_each(|change| change(net, grads));
        self.optimizer.step(net, grads);
    }

    /// The mean loss of samples, and the gradients of this share of it and its penalties.
    #[track_caller]
    fn gradients_of<N, X>(
        &mut self,
        net: &N,
        x: &X,
        y: &Y,
        share: f64,
        place: &mut Place,
    ) -> Result<(f64, Gradients<T>), TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let before = self.settings.rng.clone();
        let (epoch, step) = (place.epoch, place.step + 1);
        let is_due = |(every, _): &(usize, _)| {
            place.steps.is_multiple_of(*every as u64) && place.diagnosed != Some(place.steps)
        };
        let is_due = self.settings.diagnoses.as_ref().is_some_and(is_due);
        let ((loss, root), values) = match is_due {
            true => look_on(net, || self.root(net, x, y, share)),
            false => (self.root(net, x, y, share), Vec::new()),
        };
        let not_finite = |trainer: &mut Self, what: String| {
            // Once more, with the same random numbers, to see where it comes from.
            trainer.settings.rng = before.clone();
            let (_, trace) = trace_nan(|| trainer.root(net, x, y, share).1.backward());
            let birth = trace.named(net.parameters().into_iter().map(|(path, param)| (path, &**param)));
            TrainError::NotFinite { epoch, step, what, birth: without_lines_of_ours(&birth.to_string()) }
        };
        if !loss.is_finite() {
            return Err(not_finite(self, "the loss".into()));
        }
        if !root.is_tracked() {
            return Err(missing(net, &place.trained).unwrap_or_else(|| nothing_to_train(net)));
        }
        let grads = root.backward();
        if let Some(path) = look_at(net, &grads, &mut place.trained) {
            return Err(not_finite(self, format!("the gradient of `{path}`")));
        }
        if let Some((_, tell)) = self.settings.diagnoses.as_mut().filter(|_| is_due) {
            let (step, diagnosis) = (place.steps as usize + 1, Diagnosis::of(net, values, &grads));
            tell(step, &diagnosis);
            for callback in &mut self.settings.callbacks {
                callback.on_diagnosis(step, &diagnosis);
            }
            place.diagnosed = Some(place.steps);
        }
        Ok((loss, grads))
    }

    /// The mean loss of samples in training, and what is differentiated: this share of it, with as much of the penalties.
    #[track_caller]
    pub(super) fn root<N, X>(&mut self, net: &N, x: &X, y: &Y, share: f64) -> (f64, Tensor<T>)
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let outputs = net.forward(x, &mut Mode::train(&mut self.settings.rng));
        let mut root = self.loss.of(&outputs, y);
        let shape = root.shape();
        assert!(
            root.size() == 1,
            "Trainer: the loss has shape {shape}, not a single number\n  help: end it by `.mean()`"
        );
        let loss: f64 = root.item().into();
        for penalty in &self.settings.penalties {
            root = root + penalty(net);
        }
        if share < 1.0 {
            root = root * T::of(share);
        }
        (loss, root)
    }

    /// Tells every callback, and the rate of the last step; why training is to stop, if one says so, and an error if one has failed.
    pub(super) fn tell(
        &mut self,
        net: &mut dyn Module<T>,
        lr: f64,
        mut what: impl FnMut(&mut (dyn Callback<T> + '_), &mut InTraining<'_, T>) -> Control,
    ) -> Result<Option<Ended>, TrainError> {
        let mut training = InTraining { module: net, optimizer: &mut self.optimizer, lr };
        let (mut ended, mut failure) = (None, None);
        for callback in &mut self.settings.callbacks {
            if what(&mut **callback, &mut training) == Control::Stop {
                ended = ended.or_else(|| Some(callback.why()));
            }
            failure = failure.or_else(|| callback.failure());
        }
        failure.map_or(Ok(ended), |failure| Err(failure.into()))
    }

    /// Writes a checkpoint, if there are to be any.
    fn save(&mut self, net: &mut dyn Module<T>, place: &mut Place) -> Result<(), TrainError> {
        let Some(mut checkpoints) = self.settings.checkpoints.take() else { return Ok(()) };
        let Trainer { settings, optimizer, .. } = self;
        let saved = checkpoints.save(&mut Whole { settings, optimizer, net, place });
        self.settings.checkpoints = Some(checkpoints);
        Ok(saved?)
    }
}

/// What a trace says, without the places of calls that are not in the user's program, such as that of a loss which is passed by name.
fn without_lines_of_ours(trace: &str) -> String {
    let line = |line: &str| match line.split_once(", called at ") {
        Some((what, place)) if blame::is_ours(place) => format!("{what}\n"),
        _ => format!("{line}\n"),
    };
    trace.lines().map(line).collect()
}
