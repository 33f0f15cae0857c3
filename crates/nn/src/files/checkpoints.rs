//! Checkpoints: a training that dies goes on from the last one, to the same bits.
//!
//! A checkpoint is one safetensors file, written whole or not at all (see [`replace`](super::replace)), with a checksum of all that is
//! in it. Its name has the number of steps, and the last few are kept. So whenever the process is killed, the newest file in the folder
//! is a whole one.

use super::archive::Archive;
use super::error::{FileError, FileErrorKind};
use super::lock::{Lock, lock};
use super::record::{self, Record};
use super::replace::is_draft;
use autograd::Scalar;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const START: &str = "checkpoint-";
const END: &str = ".safetensors";
const CHECKSUM: &str = "_fnv1a64";

/// A folder of checkpoints: where, how often, and how many are kept.
///
/// A [`Trainer`](crate::Trainer) is given one by [`checkpoint`](crate::Trainer::checkpoint), and does the rest. In a loop by hand one
/// function shows all that has to survive, and serves both ways:
///
/// ```
/// use nn::files::{Checkpoints, Record};
/// use nn::{Adam, Layer, Linear, Mode, Optimizer, Rng, Tensor};
///
/// fn keep(record: &mut Record, net: &mut Linear, adam: &mut Adam, rng: &mut Rng, step: &mut u64) {
///     record.module("model", net);
///     record.optimizer("optimizer", adam);
///     record.value("rng", rng);
///     record.value("step", step);
/// }
///
/// # let folder = std::env::temp_dir().join(format!("wengert-checkpoints-doc-{}", std::process::id()));
/// let mut checkpoints = Checkpoints::new(&folder);
/// let mut rng = Rng::seed(0);
/// let (mut net, mut adam, mut step) = (Linear::new(2, 1, &mut rng), Adam::new(1e-2), 0);
/// checkpoints.restore(|record| keep(record, &mut net, &mut adam, &mut rng, &mut step))?; // if there is one
/// while step < 10 {
///     let x = Tensor::normal([8, 2], 0.0, 1.0, &mut rng);
///     let loss = net.forward(&x, &mut Mode::train(&mut rng)).square().mean();
///     adam.step(&mut net, &loss.backward());
///     step += 1;
///     if step % 5 == 0 {
///         checkpoints.save(step, |record| keep(record, &mut net, &mut adam, &mut rng, &mut step))?;
///     }
/// }
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// For a trainer, they say how often one is written, how many are kept, and whether it goes on from one:
///
/// ```
/// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, files::Checkpoints, mse};
/// # let folder = std::env::temp_dir().join(format!("wengert-checkpoints-trainer-{}", std::process::id()));
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let train = |epochs, checkpoints| {
///     let mut net = Linear::new(2, 1, &mut Rng::seed(0));
///     Trainer::new(Sgd::new(0.1)).loss(mse).batch(2).epochs(epochs).checkpoint(checkpoints).fit(&mut net, &data, &data)
/// };
/// let checkpoints = Checkpoints::new(&folder).every_steps(3).keep(2); // of 4 steps: after 3, and at the end
/// train(1, checkpoints.clone())?;
/// assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
/// assert!(train(2, checkpoints.clone()).is_err()); // which training are they of?
/// let report = train(2, checkpoints.resume())?;
/// assert!(report.resumed.unwrap().ends_with("checkpoint-0000000004.safetensors"));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), nn::TrainError>(())
/// ```
///
/// Two trainings must not share a folder. A trainer that begins while another is at work in it is told so, on Unix, where Rust is 1.89 or
/// newer; elsewhere, and in a loop by hand, the second to write a checkpoint is. Nothing is lost. A process that has died, by whatever
/// cause, is in nobody's way.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    steps: Option<u64>,
    resume: bool,
    /// The steps of the checkpoint that was last written or read.
    last: Option<u64>,
}

impl Checkpoints {
    /// In this folder, which is made when it is needed. A trainer writes one after each epoch; the last three are kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Checkpoints { folder: folder.into(), keep: 3, steps: None, resume: false, last: None }
    }

    /// How many are kept: 1 or more.
    ///
    /// # Panics
    /// If none is.
    #[track_caller]
    pub fn keep(self, keep: usize) -> Self {
        assert!(
            keep > 0,
            "Checkpoints: expected to keep at least one, found 0\n  help: without any there is no need of `Checkpoints`"
        );
        Checkpoints { keep, ..self }
    }

    /// A trainer also writes one after so many steps, counted from the first of all.
    ///
    /// # Panics
    /// If they are none.
    #[track_caller]
    pub fn every_steps(self, steps: u64) -> Self {
        assert!(
            steps > 0,
            "Checkpoints: expected at least one step between two, found 0\n  help: `every_steps(100)` is usual"
        );
        Checkpoints { steps: Some(steps), ..self }
    }

    /// A trainer goes on from the newest, if there is one; one in the midst of an epoch beyond its last is an error. Without this, a
    /// folder that has some is an error: they are of an earlier training.
    pub fn resume(self) -> Self {
        Checkpoints { resume: true, ..self }
    }

    /// Whether one is due after so many steps.
    pub(crate) fn is_due(&self, step: u64) -> bool {
        self.steps.is_some_and(|every| step.is_multiple_of(every))
    }

    /// The folder for this training alone, as long as what is given is held.
    pub(crate) fn lock(&self) -> Result<Option<Lock>, FileError> {
        lock(&self.folder)
    }

    /// Goes on from the newest, if that was asked for; or else sees that there is none.
    pub(crate) fn begin<T: Scalar>(
        &mut self,
        what: impl FnMut(&mut Record<'_, T>),
    ) -> Result<Option<PathBuf>, FileError> {
        if self.resume {
            return self.restore(what);
        }
        match self.newest()? {
            None => Ok(None),
            Some((_, path)) => Err(FileErrorKind::unsupported(
                "the folder has checkpoints of an earlier training",
                "go on from them by `Checkpoints::resume`, or give this training a folder of its own",
            )
            .of_file(&path)),
        }
    }

    /// Writes a checkpoint after so many steps, and removes the oldest of those that are too many. Of a step that has one already, as
    /// it was written or read here, nothing is written.
    ///
    /// # Errors
    /// If the folder cannot be made, or the file not written, as on a full disk; if there is a checkpoint of this step that another
    /// training has written. Those that are there stay as they are.
    ///
    /// # Panics
    /// If two things are shown under one name.
    #[track_caller]
    pub fn save<T: Scalar>(
        &mut self,
        step: u64,
        mut what: impl FnMut(&mut Record<'_, T>),
    ) -> Result<PathBuf, FileError> {
        let path = self.folder.join(format!("{START}{step:010}{END}"));
        if self.last == Some(step) {
            return Ok(path);
        }
        let mut archive = record::save(&mut what);
        let checksum = checksum(&archive).map_err(|kind| kind.of_file(&path))?;
        archive.metadata.insert(CHECKSUM.to_owned(), checksum);
        let made = fs::create_dir_all(&self.folder).map_err(FileErrorKind::Write);
        made.and_then(|()| archive.write_new(&path)).map_err(|kind| match kind {
            FileErrorKind::Write(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                FileErrorKind::unsupported(
                    "another training has written this checkpoint in the meantime",
                    "give each training a folder of its own",
                )
                .of_file(&path)
            }
            kind => kind.of_file(&path),
        })?;
        self.last = Some(step);
        self.remove_oldest()?;
        Ok(path)
    }

    /// Gives back what the newest checkpoint has, and says which that is; `None`, and nothing is changed, if there is none.
    ///
    /// # Errors
    /// If the folder or the file cannot be read, if the file is damaged, or if it does not hold all that is shown, and nothing else; if
    /// what it says an optimizer remembers cannot be: slots or shapes that are not those of the parameters, a learning rate that is
    /// negative or not finite, a number of steps beyond all training. Then nothing is changed.
    pub fn restore<T: Scalar>(
        &mut self,
        mut what: impl FnMut(&mut Record<'_, T>),
    ) -> Result<Option<PathBuf>, FileError> {
        self.remove_drafts()?;
        let mut all = self.all()?;
        let Some((step, path)) = all.pop() else { return Ok(None) };
        let damaged = |reason: &str| {
            let cure = match all.is_empty() {
                true => {
                    "the checkpoint is damaged: remove it, and training begins anew, as there is no other"
                }
                false => "the checkpoint is damaged: remove it, and training goes on from the one before it",
            };
            FileErrorKind::malformed(reason, cure).of_file(&path)
        };
        let mut archive = Archive::read(&path).map_err(|error| match error.kind() {
            FileErrorKind::Truncated { .. } => damaged("the file is cut short"),
            FileErrorKind::Malformed { reason, .. } | FileErrorKind::Unsupported { reason, .. } => {
                damaged(reason)
            }
            _ => error,
        })?;
        let kept = archive.metadata.remove(CHECKSUM);
        if kept.as_ref() != Some(&checksum(&archive).map_err(|kind| kind.of_file(&path))?) {
            return Err(damaged("the checksum is not that of the contents"));
        }
        record::restore(&archive, &mut what).map_err(|kind| kind.of_file(&path))?;
        self.last = Some(step);
        Ok(Some(path))
    }

    /// The checkpoints that are there, by their steps, the oldest first.
    fn all(&self) -> Result<Vec<(u64, PathBuf)>, FileError> {
        let names = self.names().map_err(|error| FileErrorKind::Read(error).of_file(&self.folder))?;
        let step = |name: &str| name.strip_prefix(START)?.strip_suffix(END)?.parse().ok();
        let mut all: Vec<(u64, PathBuf)> =
            names.iter().filter_map(|name| Some((step(name)?, self.folder.join(name)))).collect();
        all.sort_unstable();
        Ok(all)
    }

    /// The newest that is there, if any is: after how many steps it was written, and its file.
    ///
    /// ```
    /// use nn::files::{Checkpoints, Record};
    /// # let folder = std::env::temp_dir().join(format!("wengert-checkpoints-newest-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::new(&folder);
    /// assert_eq!(checkpoints.newest()?, None);
    /// let path = checkpoints.save(7, |record: &mut Record| record.value("step", &mut 7))?;
    /// assert_eq!(checkpoints.newest()?, Some((7, path)));
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), nn::files::FileError>(())
    /// ```
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn newest(&self) -> Result<Option<(u64, PathBuf)>, FileError> {
        Ok(self.all()?.pop())
    }

    /// The names of what is in the folder; of none, if there is no folder.
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        // A name that is no Unicode is none of ours.
        entries
            .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
            .collect()
    }

    fn remove_oldest(&self) -> Result<(), FileError> {
        let all = self.all()?;
        all.iter().take(all.len().saturating_sub(self.keep)).try_for_each(|(_, path)| remove(path))
    }

    /// Removes what trainings that were killed have half written.
    fn remove_drafts(&self) -> Result<(), FileError> {
        let names = self.names().map_err(|error| FileErrorKind::Read(error).of_file(&self.folder))?;
        let drafts = names.iter().filter(|name| is_draft(name));
        drafts.map(|name| self.folder.join(name)).try_for_each(|path| remove(&path))
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Checkpoints {
    fn from(folder: &P) -> Self {
        Checkpoints::new(folder.as_ref())
    }
}

/// Removes a file, which may be gone already.
fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileErrorKind::Write(error).of_file(path))
        }
        _ => Ok(()),
    }
}

/// The 64 bits of FNV-1a (G. Fowler, L. C. Noll and K.-P. Vo, 1991) of what the archive is as a file: each byte changes the sum in a way that can be undone, so
/// that a single wrong byte always shows, and of all else one fault in 2^64 does not.
fn checksum<T: Scalar>(archive: &Archive<T>) -> Result<String, FileErrorKind> {
    struct Sum(u64);
    impl io::Write for Sum {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            for &byte in bytes {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sum = Sum(0xcbf2_9ce4_8422_2325);
    archive.write_to(&mut sum)?;
    Ok(format!("{:016x}", sum.0))
}
