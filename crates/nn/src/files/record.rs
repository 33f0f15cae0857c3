//! What has to survive, named and visited: the same visit writes it down and, later, gives it back.
//!
//! Two functions, one that saves and one that restores, drift apart. Here there is one, which shows everything to a [`Record`]; whether
//! that reads or writes is the record's affair. When it restores, it visits all twice: the first time only to see that everything is
//! there and fits, so that what does not fit changes nothing.

mod remembered;

use super::archive::Archive;
use super::error::{FileError, FileErrorKind};
use crate::module::{Module, Path};
use crate::optim::Optimizer;
use autograd::{Scalar, Shape, Tensor};
use remembered::Claims;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::str::FromStr;

/// Is shown what has to survive, each thing under a name. See [`Checkpoints`](super::Checkpoints).
///
/// In the file, tensors are entries, and all else is text in the metadata.
#[derive(Debug)]
pub struct Record<'a, T: Scalar = f32> {
    way: Way<'a, T>,
    /// What stands before every name.
    prefix: String,
}

#[derive(Debug)]
enum Way<'a, T: Scalar> {
    Save(&'a mut Archive<T>),
    Restore {
        archive: &'a Archive<T>,
        tensors: HashMap<&'a str, &'a Tensor<T>>,
        asked: BTreeSet<String>,
        problems: Vec<String>,
        claims: Box<Claims>,
        /// Whether this visit changes what it sees.
        changes: bool,
    },
}

/// Shows everything to a record that writes it down.
pub(super) fn save<T: Scalar>(what: &mut dyn FnMut(&mut Record<'_, T>)) -> Archive<T> {
    let mut archive = Archive::default();
    what(&mut Record { way: Way::Save(&mut archive), prefix: String::new() });
    archive
}

/// Gives back to everything what the archive has of it, or tells all that does not fit, and changes nothing. What is of metadata only,
/// and begins with `_`, belongs to whoever made the archive.
pub(super) fn restore<T: Scalar>(
    archive: &Archive<T>,
    what: &mut dyn FnMut(&mut Record<'_, T>),
) -> Result<(), FileErrorKind> {
    for changes in [false, true] {
        let tensors = archive.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let (asked, problems, claims) = (BTreeSet::new(), Vec::new(), Box::default());
        let mut record = Record {
            way: Way::Restore { archive, tensors, asked, problems, claims, changes },
            prefix: String::new(),
        };
        what(&mut record);
        let Way::Restore { asked, mut problems, claims, .. } = record.way else {
            unreachable!("it restores")
        };
        problems.extend(claims.problems());
        let names = archive.tensors.iter().map(|(name, _)| name).chain(archive.metadata.keys());
        let rest = names.filter(|name| !name.starts_with('_') && !asked.contains(*name));
        problems.extend(rest.map(|name| format!("extra: {name}")));
        if !problems.is_empty() {
            return Err(FileErrorKind::Unfit(problems));
        }
    }
    Ok(())
}

impl<T: Scalar> Record<'_, T> {
    /// A value that can be written as text and read again: a number, a name, a generator of random numbers.
    ///
    /// # Panics
    /// If something else has been shown under this name.
    #[track_caller]
    pub fn value<V: Display + FromStr>(&mut self, name: &str, value: &mut V) {
        let name = self.full(name);
        match &mut self.way {
            Way::Save(archive) => {
                let text = value.to_string();
                let before = archive.metadata.insert(name, text);
                assert!(
                    before.is_none(),
                    "Record: two values have one name\n  help: give each a name of its own"
                );
            }
            Way::Restore { archive, asked, problems, changes, .. } => {
                match archive.metadata.get(&name).map(|text| (text, text.parse())) {
                    Some((_, Ok(found))) => {
                        if *changes {
                            *value = found;
                        }
                    }
                    Some((text, Err(_))) => problems.push(format!("not to be read: {name} is {text:?}")),
                    None => problems.push(format!("missing: {name}")),
                }
                asked.insert(name);
            }
        }
    }

    /// As [`value`](Self::value), of what files have not had from the beginning: where it is not in one, it stays as it is.
    #[track_caller]
    pub(crate) fn value_of_late<V: Display + FromStr>(&mut self, name: &str, value: &mut V) {
        if matches!(self.way, Way::Save(_)) || self.now(name).is_some() {
            self.value(name, value);
        }
    }

    /// A value of the program that has to be the one that was saved, such as the number of samples.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub fn same<V: Display + FromStr + PartialEq + Clone>(&mut self, name: &str, value: &V) {
        self.value(name, &mut value.clone());
        if let Some(text) = self.now(name).filter(|text| text.parse().is_ok_and(|found: V| found != *value)) {
            self.problem(format!("not the same: {} was {text}, and is {value}", self.full(name)));
        }
    }

    /// Something that is written as this text, which `parse` reads again. Gives what is to take its place, if this visit changes something;
    /// a text that cannot be read is found by the visit before, which only looks.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    #[track_caller]
    pub fn parsed<V>(
        &mut self,
        name: &str,
        text: String,
        parse: impl FnOnce(&str) -> Option<V>,
    ) -> Option<V> {
        self.value(name, &mut { text });
        let text = self.now(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.problem(format!("not to be read: {} is {text:?}", self.full(name)));
        }
        parsed.filter(|_| self.changes())
    }

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
                record.within(path.as_str(), |record| record.state(slots, state));
            });
        });
    }

    /// What `show` shows, under names that begin with this one and a dot. An empty name adds nothing.
    pub fn within<R>(&mut self, name: &str, show: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.prefix.len();
        if !name.is_empty() {
            self.prefix.push_str(name);
            self.prefix.push('.');
        }
        let result = show(self);
        self.prefix.truncate(before);
        result
    }

    /// Whether what is shown is changed by this visit: not when it is saved, nor when it is only looked at.
    pub fn changes(&self) -> bool {
        matches!(self.way, Way::Restore { changes: true, .. })
    }

    /// Tells, when restoring, that something does not fit: then nothing is changed.
    pub fn problem(&mut self, problem: String) {
        if let Way::Restore { problems, .. } = &mut self.way {
            problems.push(problem);
        }
    }

    pub(super) fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The text of a name in the archive, when restoring.
    pub(super) fn now(&self, name: &str) -> Option<String> {
        match &self.way {
            Way::Save(_) => None,
            Way::Restore { archive, .. } => archive.metadata.get(&self.full(name)).cloned(),
        }
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

impl FileErrorKind {
    /// The same kind as an error of this file.
    pub(crate) fn of_file(self, path: &std::path::Path) -> FileError {
        FileError::new(&path.display().to_string(), None, self)
    }
}
