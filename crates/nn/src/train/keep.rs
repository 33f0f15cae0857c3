//! What a trainer asks of its checkpoints.
//!
//! It holds them behind a trait, so that only a program that calls [`Trainer::checkpoint`](super::Trainer::checkpoint) has in it the
//! code that writes files, reads them and sets everything back.

use super::budget::Budget;
use super::place::Place;
use super::{InTraining, Settings};
use crate::files::{Checkpoints, FileError, Lock, Record};
use crate::module::Module;
use crate::optim::Optimizer;
use autograd::Scalar;
use std::path::PathBuf;

/// All that a checkpoint holds.
pub(super) struct Whole<'t, 'a, Y, T: Scalar> {
    pub(super) settings: &'t mut Settings<'a, Y, T>,
    pub(super) optimizer: &'t mut dyn Optimizer<T>,
    pub(super) net: &'t mut dyn Module<T>,
    pub(super) place: &'t mut Place,
}

/// Checkpoints, as a trainer sees them.
pub(super) trait Keep<Y, T: Scalar> {
    /// Keeps other trainings away until what is given is dropped.
    fn lock(&self) -> Result<Option<Lock>, FileError>;
    /// Before the first step: where it goes on from, if it is not the beginning.
    fn begin(&mut self, whole: &mut Whole<'_, '_, Y, T>) -> Result<Option<PathBuf>, FileError>;
    /// Whether one is to be written after this step.
    fn is_due(&self, step: u64) -> bool;
    /// Writes one.
    fn save(&mut self, whole: &mut Whole<'_, '_, Y, T>) -> Result<(), FileError>;
}

impl<Y, T: Scalar> Keep<Y, T> for Checkpoints {
    fn lock(&self) -> Result<Option<Lock>, FileError> {
        self.lock()
    }
    fn begin(&mut self, whole: &mut Whole<'_, '_, Y, T>) -> Result<Option<PathBuf>, FileError> {
        self.begin(|record| whole.remember(record))
    }
    fn is_due(&self, step: u64) -> bool {
        self.is_due(step)
    }
    fn save(&mut self, whole: &mut Whole<'_, '_, Y, T>) -> Result<(), FileError> {
        self.save(whole.place.steps, |record| whole.remember(record)).map(drop)
    }
}

impl<Y, T: Scalar> Whole<'_, '_, Y, T> {
    /// Shows itself.
    fn remember(&mut self, record: &mut Record<'_, T>) {
        let Whole { settings, optimizer, net, place } = self;
        record.module("model", *net);
        record.optimizer("optimizer", *optimizer);
        record.within("trainer", |record| {
            record.same("batch", &settings.batch);
            record.value("rng", &mut settings.rng);
            let budget = record.parsed("memory_budget", Budget::text(settings.budget), Budget::read);
            if let (Some(found), Some(now)) = (budget, &mut settings.budget) {
                now.take_over(found);
            }
            let names: Vec<&'static str> = settings.metrics.iter().map(|metric| metric.name).collect();
            place.remember(&names, settings.measured_on, record);
            // Of the last epoch there is no network any more, nor one of the whole epoch behind it.
            if let (Some(epoch), Some(step)) = (record.found::<usize>("epoch"), record.found::<usize>("step"))
                && epoch > settings.epochs
                && step > 0
            {
                let last = settings.epochs;
                record.problem(format!(
                    "beyond the end: the checkpoint is of epoch {epoch}, step {step}, but training ends after epoch {last}"
                ));
            }
        });
        for (i, callback) in settings.callbacks.iter_mut().enumerate() {
            let mut training = InTraining { module: &mut **net, optimizer: &mut **optimizer, lr: place.lr };
            record.within(&format!("callback.{i}"), |record| callback.remember_in(record, &mut training));
        }
    }
}
