//! What is believed of a checkpoint: values in their ranges, and tensors that fit the network. All else is told in the visit that only looks.

use super::{Record, Way};
use crate::module::Module;
use autograd::{Scalar, Shape, Tensor};
use std::fmt::Display;
use std::str::FromStr;

/// The most that anything is believed to have been counted: up to here `f64`, in which rules calculate, has every number, and there is room
/// to count on. At a million steps a second that is 285 years.
pub(super) const MOST: u64 = 1 << 53;

impl<T: Scalar> Record<'_, T> {
    /// How often something has happened, as a value, which is not believed above 2^53.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub(crate) fn count<V: Display + FromStr>(&mut self, name: &str, value: &mut V) {
        self.value(name, value);
        if let Some(count) = self.found(name).filter(|&count: &u64| count > MOST) {
            self.problem(format!("too many: {} is {count}, expected at most {MOST}", self.full(name)));
        }
    }

    /// A value that is believed if it `can_be`: what that is stands in the message, behind "expected".
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub(crate) fn value_that<V: Display + FromStr>(
        &mut self,
        name: &str,
        value: &mut V,
        expected: &str,
        can_be: impl FnOnce(&V) -> bool,
    ) {
        self.value(name, value);
        if let Some(found) = self.found(name).filter(|found| !can_be(found)) {
            self.problem(format!("out of range: {} is {found}, expected {expected}", self.full(name)));
        }
    }

    /// As [`value`](Self::value), of what files have not had from the beginning: where it is not in one, it stays as it is.
    #[track_caller]
    pub(crate) fn value_of_late<V: Display + FromStr>(&mut self, name: &str, value: &mut V) {
        if matches!(self.way, Way::Save(_)) || self.now(name).is_some() {
            self.value(name, value);
        }
    }

    /// A value in the archive, when restoring, if it can be read.
    pub(crate) fn found<V: FromStr>(&self, name: &str) -> Option<V> {
        self.now(name)?.parse().ok()
    }

    /// The named tensors in the archive, when restoring, as far as they are there; see [`tensors`](Self::tensors).
    pub(crate) fn listed(&self, name: &str) -> Option<Vec<(String, Tensor<T>)>> {
        let Way::Restore { tensors, .. } = &self.way else { return None };
        let names = self.now(&format!("{name}.names"))?;
        let tensor = |line: &str| {
            let tensor: &Tensor<T> = tensors.get(self.full(&format!("{name}.{line}")).as_str())?;
            Some((line.to_owned(), tensor.clone()))
        };
        Some(names.lines().filter_map(tensor).collect())
    }

    /// Tells, when restoring, if these paths and shapes, which stand under this name, are not those of the module's parameters.
    pub(crate) fn must_be_of(
        &mut self,
        name: &str,
        found: &[(String, Shape)],
        module: &(impl Module<T> + ?Sized),
    ) {
        let expected = module.parameters();
        let expected: Vec<_> = expected.iter().map(|(path, param)| (path, param.shape())).collect();
        for i in 0..found.len().max(expected.len()) {
            let (found, expected) =
                (found.get(i).map(|(path, shape)| (path, shape)), expected.get(i).copied());
            if found != expected {
                let [found, expected] = [found, expected].map(|parameter| {
                    parameter.map_or("no more".to_owned(), |(path, shape)| format!("{path:?} of {shape}"))
                });
                let full = self.full(name);
                return self.problem(format!("of another network: {full} has {found}, expected {expected}"));
            }
        }
    }
}
