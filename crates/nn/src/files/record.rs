//! What has to survive, named and visited: the same visit writes it down and, later, gives it back.
//!
//! Two functions, one that saves and one that restores, drift apart. Here there is one, which shows everything to a [`Record`]; whether
//! that reads or writes is the record's affair. When it restores, it visits all twice: the first time only to see that everything is
//! there and fits, so that what does not fit changes nothing.

mod believed;
mod remembered;
mod tensors;

use super::archive::Archive;
use super::error::{FileError, FileErrorKind};
use autograd::{Scalar, Tensor};
use remembered::Claims;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::str::FromStr;

/// Is shown what has to survive, each thing under a name. See [`Checkpoints`](super::Checkpoints).
///
/// In the file, tensors are entries, and all else is text in the metadata.
///
/// ```
/// use nn::files::{Checkpoints, Record};
/// use nn::{Linear, Rng, Sgd, Tensor};
///
/// struct Training {
///     net: Linear,
///     sgd: Sgd,
///     samples: usize,
///     mean: Tensor,
///     best: Vec<(String, Tensor)>,
/// }
///
/// impl Training {
///     fn new(seed: u64, samples: usize) -> Self {
///         let (net, sgd) = (Linear::new(2, 1, &mut Rng::seed(seed)), Sgd::new(0.1));
///         Training { net, sgd, samples, mean: Tensor::zeros([2]), best: Vec::new() }
///     }
///     fn show(&mut self, record: &mut Record) {
///         record.module("model", &mut self.net);
///         record.optimizer("optimizer", &mut self.sgd);
///         record.within("data", |record| {
///             record.same("samples", &self.samples); // with other data it would be another training
///             record.tensor("mean", &mut self.mean);
///         });
///         record.tensors("best", &mut self.best); // of which there may be any number
///     }
/// }
///
/// # let folder = std::env::temp_dir().join(format!("wengert-record-{}", std::process::id()));
/// let mut checkpoints = Checkpoints::new(&folder);
/// let (mut before, mut after, mut other) = (Training::new(0, 100), Training::new(1, 100), Training::new(2, 99));
/// before.best.push(("score".into(), Tensor::scalar(0.9)));
/// checkpoints.save(1, |record| before.show(record))?;
/// checkpoints.restore(|record| after.show(record))?;
/// assert_eq!(after.net.weight.to_vec(), before.net.weight.to_vec());
/// assert_eq!(after.best[0].1.item(), 0.9);
///
/// let error = checkpoints.restore(|record| other.show(record)).unwrap_err().to_string();
/// assert!(error.contains("not the same: data.samples was 100, and is 99"), "{error}");
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
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
        let problems = visit(archive, what, changes);
        if !problems.is_empty() {
            return Err(FileErrorKind::Unfit(problems));
        }
    }
    Ok(())
}

/// All that does not fit what the archive has, of which nothing is given back unless this visit `changes` what it sees.
pub(super) fn visit<T: Scalar>(
    archive: &Archive<T>,
    what: &mut dyn FnMut(&mut Record<'_, T>),
    changes: bool,
) -> Vec<String> {
    let tensors = archive.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let (asked, problems, claims) = (BTreeSet::new(), Vec::new(), Box::default());
    let mut record = Record {
        way: Way::Restore { archive, tensors, asked, problems, claims, changes },
        prefix: String::new(),
    };
    what(&mut record);
    let Way::Restore { asked, mut problems, claims, .. } = record.way else { unreachable!("it restores") };
    problems.extend(claims.problems());
    let names = archive.tensors.iter().map(|(name, _)| name).chain(archive.metadata.keys());
    let rest = names.filter(|name| !name.starts_with('_') && !asked.contains(*name));
    problems.extend(rest.map(|name| format!("extra: {name}")));
    problems
}

impl<T: Scalar> Record<'_, T> {
    /// A value that can be written as text and read again: a number, a name, a generator of random numbers.
    ///
    /// ```
    /// use nn::{Rng, files::{Checkpoints, Record}};
    /// # let folder = std::env::temp_dir().join(format!("wengert-record-value-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::new(&folder);
    /// let [mut rng, mut again] = [0, 1].map(Rng::seed);
    /// checkpoints.save(1, |record: &mut Record| record.value("rng", &mut rng))?;
    /// checkpoints.restore(|record: &mut Record| record.value("rng", &mut again))?;
    /// assert_eq!(again.bits(), rng.bits());
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), nn::files::FileError>(())
    /// ```
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
    /// ```
    /// use nn::files::{Checkpoints, Record};
    /// fn show(record: &mut Record, losses: &mut Vec<f64>) {
    ///     let text = losses.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    ///     let parse = |text: &str| text.split(' ').map(|loss| loss.parse().ok()).collect();
    ///     if let Some(restored) = record.parsed("losses", text, parse) {
    ///         *losses = restored;
    ///     }
    /// }
    /// # let folder = std::env::temp_dir().join(format!("wengert-record-parsed-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::new(&folder);
    /// checkpoints.save(1, |record| show(record, &mut vec![0.5, 0.25]))?;
    /// let mut losses = vec![9.0];
    /// checkpoints.restore(|record| show(record, &mut losses))?;
    /// assert_eq!(losses, [0.5, 0.25]);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), nn::files::FileError>(())
    /// ```
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
    ///
    /// ```
    /// use nn::files::{Checkpoints, Record};
    /// # let folder = std::env::temp_dir().join(format!("wengert-record-changes-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::new(&folder);
    /// let (mut visits, mut step) = (Vec::new(), 7);
    /// let mut show = |record: &mut Record| {
    ///     record.value("step", &mut step);
    ///     visits.push(record.changes()); // the place to work out anew what follows from the step
    /// };
    /// checkpoints.save(1, &mut show)?;
    /// checkpoints.restore(&mut show)?;
    /// assert_eq!(visits, [false, false, true]);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), nn::files::FileError>(())
    /// ```
    pub fn changes(&self) -> bool {
        matches!(self.way, Way::Restore { changes: true, .. })
    }

    /// Tells, when restoring, that something does not fit: then nothing is changed.
    ///
    /// ```
    /// use nn::files::{Checkpoints, Record};
    /// fn show(record: &mut Record, class: &str) {
    ///     let mut found = class.to_owned();
    ///     record.parsed("class", class.to_owned(), |text| Some(found = text.to_owned()));
    ///     if !["cat", "dog"].contains(&&found[..]) {
    ///         record.problem(format!("not of this program: {found}"));
    ///     }
    /// }
    /// # let folder = std::env::temp_dir().join(format!("wengert-record-problem-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::new(&folder);
    /// checkpoints.save(1, |record| show(record, "owl"))?;
    /// let error = checkpoints.restore(|record| show(record, "cat")).unwrap_err();
    /// assert!(error.to_string().contains("not of this program: owl"), "{error}");
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), nn::files::FileError>(())
    /// ```
    pub fn problem(&mut self, problem: String) {
        if let Way::Restore { problems, .. } = &mut self.way {
            problems.push(problem);
        }
    }

    pub(crate) fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The text of a name in the archive, when restoring.
    pub(super) fn now(&self, name: &str) -> Option<String> {
        match &self.way {
            Way::Save(_) => None,
            Way::Restore { archive, .. } => archive.metadata.get(&self.full(name)).cloned(),
        }
    }
}

impl FileErrorKind {
    /// The same kind as an error of this file.
    pub(crate) fn of_file(self, path: &std::path::Path) -> FileError {
        FileError::new(&path.display().to_string(), None, self)
    }
}
