//! Where training is: all that a checkpoint has to know beside the network, the optimizer and the callbacks.

use super::{Ended, EpochReport, Report};
use crate::files::Record;
use crate::module::Module;
use autograd::{Rng, Scalar};
use std::fmt::Write;

/// A place in training, between two steps.
#[derive(Debug)]
pub(super) struct Place {
    /// The epoch that is under way, from 1, and the steps made in it.
    pub(super) epoch: usize,
    pub(super) step: usize,
    /// The steps made in all epochs.
    pub(super) steps: u64,
    /// How many of them had been made when layers were looked at last.
    pub(super) diagnosed: Option<u64>,
    /// The learning rate of the last of them; of the optimizer, if there is none.
    pub(super) lr: f64,
    /// The random numbers that the order of this epoch's samples was drawn from.
    pub(super) order: Rng,
    /// The losses of this epoch.
    pub(super) loss: Mean,
    /// The time that this epoch has taken.
    pub(super) seconds: f64,
    /// Which parameters have had a gradient.
    pub(super) trained: Vec<bool>,
    /// Whether a callback has ended the training.
    pub(super) is_over: bool,
    pub(super) report: Report,
    /// The samples and the batches of an epoch.
    samples: usize,
    batches: usize,
}

impl Place {
    /// The beginning.
    pub(super) fn new<T: Scalar>(
        net: &dyn Module<T>,
        samples: usize,
        batches: usize,
        rng: &Rng,
        lr: f64,
    ) -> Self {
        Place {
            epoch: 1,
            step: 0,
            steps: 0,
            diagnosed: None,
            lr,
            order: rng.clone(),
            loss: Mean::default(),
            seconds: 0.0,
            trained: vec![false; net.parameters().len()],
            is_over: false,
            report: Report::default(),
            samples,
            batches,
        }
    }

    /// Goes on to the beginning of the next epoch, which there is none of if a callback has ended the training, other than by an interrupt.
    pub(super) fn end_epoch(&mut self, measured: EpochReport, ended: Option<Ended>) {
        self.report.epochs.push(measured);
        self.is_over = ended.as_ref().is_some_and(|ended| *ended != Ended::Interrupted);
        self.report.ended = ended.unwrap_or_default();
        (self.epoch, self.step) = (self.epoch + 1, 0);
        (self.loss, self.seconds) = (Mean::default(), 0.0);
    }

    /// Shows itself to a record, with the values of these metrics, which were measured on samples of this name.
    pub(super) fn remember<T: Scalar>(
        &mut self,
        metrics: &[&'static str],
        measured_on: &'static str,
        record: &mut Record<'_, T>,
    ) {
        record.same("samples", &self.samples);
        record.same("batches", &self.batches);
        record.count("epoch", &mut self.epoch);
        record.count("step", &mut self.step);
        record.count("steps", &mut self.steps);
        if let (Some(epoch), Some(step), Some(steps)) =
            (record.found::<u64>("epoch"), record.found::<u64>("step"), record.found::<u64>("steps"))
            && (epoch == 0 || step > steps)
        {
            let full = record.full("epoch");
            record.problem(format!(
                "no place in a training: {full} {epoch}, step {step}, of {steps} steps in all"
            ));
        }
        record.value_of_late("lr", &mut self.lr);
        record.value("order", &mut self.order);
        record.value("loss.sum", &mut self.loss.sum);
        record.count("loss.samples", &mut self.loss.samples);
        let can_be = |seconds: &f64| (0.0..f64::INFINITY).contains(seconds);
        record.value_that("seconds", &mut self.seconds, "a time", can_be);
        record.value("is_over", &mut self.is_over);
        let mut why = match &self.report.ended {
            Ended::Stopped(why) if self.is_over => why.clone(),
            _ => "a callback".to_owned(),
        };
        record.value_of_late("why", &mut why);
        if self.is_over && record.changes() {
            self.report.ended = Ended::Stopped(why);
        }
        let text = self.trained.iter().map(|&trained| if trained { '1' } else { '0' }).collect();
        let (parameters, mut found) = (self.trained.len(), None);
        let trained = record.parsed("trained", text, |text| {
            found = Some(text.len());
            text.chars().map(|digit| digit.to_digit(2).map(|digit| digit == 1)).collect::<Option<Vec<bool>>>()
        });
        if let Some(found) = found.filter(|found| *found != parameters) {
            record.problem(format!(
                "another network: that of the checkpoint has {found} parameters, this one has {parameters}"
            ));
        }
        let (text, now) = (written(&self.report.epochs), record.found("epoch"));
        let epochs = record.parsed("epochs", text, |text| {
            let epochs =
                text.lines().map(|line| read(line, metrics, measured_on)).collect::<Option<Vec<_>>>()?;
            let are_in_order = (1..).zip(&epochs).all(|(i, measured)| measured.epoch == i);
            (are_in_order && now.is_none_or(|epoch: usize| epochs.len() + 1 == epoch)).then_some(epochs)
        });
        if let (Some(trained), Some(epochs)) = (trained, epochs) {
            (self.trained, self.report.epochs) = (trained, epochs);
        }
    }
}

/// A line for each epoch: its number, its losses, its seconds, and `name=value` of each metric.
fn written(epochs: &[EpochReport]) -> String {
    let mut text = String::new();
    for EpochReport { epoch, train_loss, test_loss, metrics, seconds, .. } in epochs {
        write!(text, "{epoch}\t{train_loss}\t{test_loss}\t{seconds}").expect("memory");
        metrics.iter().for_each(|(name, value)| write!(text, "\t{name}={value}").expect("memory"));
        text.push('\n');
    }
    text
}

/// The epoch of such a line, with those metrics that are still among these.
fn read(line: &str, metrics: &[&'static str], measured_on: &'static str) -> Option<EpochReport> {
    let mut words = line.split('\t');
    let mut next = || words.next();
    let (epoch, train_loss, test_loss, seconds) = (next()?, next()?, next()?, next()?);
    let mut measured = Vec::new();
    for word in words {
        let (name, value) = word.rsplit_once('=')?;
        let value = value.parse().ok()?;
        measured.extend(metrics.iter().find(|metric| **metric == name).map(|name| (*name, value)));
    }
    Some(EpochReport {
        epoch: epoch.parse().ok()?,
        train_loss: train_loss.parse().ok()?,
        test_loss: test_loss.parse().ok()?,
        measured_on,
        metrics: measured,
        seconds: seconds.parse().ok()?,
    })
}

/// A mean over samples, built up batch by batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    sum: f64,
    samples: usize,
}

impl Mean {
    pub(super) fn add(&mut self, mean: f64, samples: usize) {
        self.sum += mean * samples as f64;
        self.samples += samples;
    }
    pub(super) fn value(self) -> f64 {
        self.sum / self.samples as f64
    }
}
