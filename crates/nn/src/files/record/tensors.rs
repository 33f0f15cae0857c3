//! What a record is shown that has tensors: these themselves, modules, and optimizers.

use super::{Record, Way};
use crate::module::{Module, Path};
use crate::optim::Optimizer;
use autograd::{Scalar, Shape, Tensor};

impl<T: Scalar> Record<'_, T> {
    /// A tensor, which keeps its shape.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub fn tensor(&mut self, name: &str, tensor: &mut Tensor<T>) {
        let shape = tensor.shape().clone();
        if let Some(found) = self.entry(name, tensor, Some(&shape)) {
            *tensor = found;
        }
    }

    /// Named tensors, of which there may be any number.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub fn tensors(&mut self, name: &str, tensors: &mut Vec<(String, Tensor<T>)>) {
        self.within(name, |record| {
            // Each with its end: so one empty name is not none.
            let mut names: String = tensors.iter().map(|(name, _)| format!("{name}\n")).collect();
            record.value("names", &mut names);
            let names = record.now("names").unwrap_or(names);
            let mut found = Vec::new();
            for (i, name) in names.lines().enumerate() {
                let mut tensor =
                    tensors.get(i).map_or_else(|| Tensor::zeros([0]), |(_, tensor)| tensor.clone());
                if let Some(read) = record.entry(name, &mut tensor, None) {
                    found.push((name.to_owned(), read));
                }
            }
            if record.changes() {
                *tensors = found;
            }
        });
    }

    /// All parameters of a module, under their paths: weights, frozen ones, and statistics.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub fn module(&mut self, name: &str, module: &mut (impl Module<T> + ?Sized)) {
        self.within(name, |record| {
            module.visit_mut(&mut Path::default(), &mut |path, param| {
                let mut value = param.detach();
                let shape = value.shape().clone();
                let full = record.full(path.as_str());
                if let Way::Restore { claims, .. } = &mut record.way {
                    claims.see(&full, path.as_str(), &shape);
                }
                if let Some(found) = record.entry(path.as_str(), &mut value, Some(&shape)) {
                    param.update(|w| w.copy_from_slice(&found.array().view().contiguous()));
                }
            });
        });
    }

    /// An optimizer: its learning rate, and all that it remembers. Other hyperparameters, and groups, stay those of the program.
    ///
    /// A slot with the name of one of our rules', such as `m`, has to be as long as theirs; under other names, rules of users may make
    /// slots as long as they like.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub fn optimizer(&mut self, name: &str, optimizer: &mut (impl Optimizer<T> + ?Sized)) {
        self.within(name, |record| {
            let mut lr = optimizer.lr();
            record.value("lr", &mut lr);
            let found = record.now("lr").and_then(|text| text.parse().ok());
            if let Some(found) = found.filter(|found: &f64| !(0.0..f64::INFINITY).contains(found)) {
                let full = record.full("lr");
                record.problem(format!(
                    "not a learning rate: {full} is {found}, expected a finite number of at least 0"
                ));
            }
            if record.changes() && lr != optimizer.lr() {
                optimizer.set_lr(lr);
            }
            optimizer.visit_states(&mut Path::default(), &mut |path, slots, state| {
                record.within(path.as_str(), |record| _ = record.state(slots, state));
            });
        });
    }

    /// A tensor: writes it down, or gives the one that is to take its place.
    #[track_caller]
    pub(super) fn entry(
        &mut self,
        name: &str,
        tensor: &mut Tensor<T>,
        shape: Option<&Shape>,
    ) -> Option<Tensor<T>> {
        let name = self.full(name);
        match &mut self.way {
            Way::Save(archive) => {
                archive.tensors.push((name, tensor.detach()));
                None
            }
            Way::Restore { tensors, asked, problems, changes, .. } => {
                let found = tensors.get(name.as_str()).copied();
                match (found, shape) {
                    (None, _) => problems.push(format!("missing: {name}")),
                    (Some(found), Some(shape)) if found.shape() != shape => {
                        problems
                            .push(format!("of another shape: {name} is {}, expected {shape}", found.shape()));
                    }
                    _ => {}
                }
                asked.insert(name);
                found.filter(|_| *changes).cloned()
            }
        }
    }
}
