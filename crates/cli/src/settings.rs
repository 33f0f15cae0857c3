//! The settings of a training. `reference.md` says what each key means; `config.rs` reads them.

use crate::fault::{Fault, Source};
use crate::section::Given;
use std::fmt;
use std::mem::discriminant;
use std::path::PathBuf;
use wengert::Activation;

/// All settings.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) source: Source,
    pub(crate) data: Data,
    pub(crate) model: Model,
    pub(crate) training: Training,
    pub(crate) augment: Option<Augment>,
    /// The folder of all that a training writes.
    pub(crate) folder: PathBuf,
}

impl Config {
    /// These settings, for a model with such of its own: what is told from what is as it has learnt, where the files are and how
    /// they are to be read as it is now. A format has numbers of its own, such as pixels from 0 to 1: it has to be the same.
    pub(crate) fn to_tell(&self, own: &Config) -> Result<Config, Fault> {
        let mut now = self.clone();
        if discriminant(&now.data.format) != discriminant(&own.data.format) {
            let message = "the model has learnt from files of another format".to_owned();
            let help = "give files of that format, or train anew, into another folder";
            return Err(self.source.fault_of("data", &["format"], message, help));
        }
        match (&mut now.data.format, &own.data.format) {
            (Format::Csv(csv), Format::Csv(learnt)) => csv.target = learnt.target.clone(),
            (Format::Npz { inputs, targets, .. }, Format::Npz { inputs: x, targets: y, .. }) => {
                (*inputs, *targets) = (x.clone(), y.clone());
            }
            _ => {}
        }
        Ok(now)
    }
}

/// `[data]`.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) format: Format,
    /// The share of the samples that are kept for testing, where no file of their own is named.
    pub(crate) test_share: f64,
    /// The share of the others that are kept for validation.
    pub(crate) validation_share: Option<f64>,
    pub(crate) task: Option<Task>,
    pub(crate) scale: Scale,
}

impl Data {
    /// Whether there are samples by which an epoch can be chosen, beside those of the test.
    pub(crate) fn has_validation(&self) -> bool {
        self.validation_share.is_some() || self.format.has(Use::Validation)
    }
}

/// Where samples come from.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    /// The digits that are part of the library.
    Digits,
    Csv(Csv),
    /// Files of inputs and of targets.
    Idx(Files<[File; 2]>),
    Npy(Files<[File; 2]>),
    Npz {
        files: Files<File>,
        inputs: String,
        targets: String,
    },
}

impl Format {
    /// Whether samples of this use have a file of their own.
    pub(crate) fn has(&self, what: Use) -> bool {
        match self {
            Format::Digits => false,
            Format::Csv(csv) => csv.files.of(what).is_some(),
            Format::Idx(files) | Format::Npy(files) => files.of(what).is_some(),
            Format::Npz { files, .. } => files.of(what).is_some(),
        }
    }

    /// All files that are named.
    pub(crate) fn files(&self) -> Vec<&File> {
        match self {
            Format::Digits => Vec::new(),
            Format::Csv(csv) => csv.files.all().collect(),
            Format::Idx(files) | Format::Npy(files) => files.all().flatten().collect(),
            Format::Npz { files, .. } => files.all().collect(),
        }
    }
}

/// A path as it was given; `Source::file` sees that the file is there.
pub(crate) type File = Given<PathBuf>;

/// What samples are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Train,
    Validation,
    Test,
}

impl Use {
    /// The key of its file.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Use::Train => "train",
            Use::Validation => "validation",
            Use::Test => "test",
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Use::Train => "training",
            Use::Validation => "validation",
            Use::Test => "test",
        })
    }
}

/// What is named for each use.
#[derive(Clone, Debug)]
pub(crate) struct Files<F> {
    pub(crate) train: F,
    pub(crate) validation: Option<F>,
    pub(crate) test: Option<F>,
}

impl<F> Files<F> {
    pub(crate) fn of(&self, what: Use) -> Option<&F> {
        match what {
            Use::Train => Some(&self.train),
            Use::Validation => self.validation.as_ref(),
            Use::Test => self.test.as_ref(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &F> {
        [Use::Train, Use::Validation, Use::Test].into_iter().filter_map(|what| self.of(what))
    }
}

/// What is particular to a table.
#[derive(Clone, Debug)]
pub(crate) struct Csv {
    pub(crate) files: Files<File>,
    pub(crate) target: Given<String>,
    pub(crate) leave_out: Given<Vec<String>>,
    pub(crate) categories: Given<Vec<String>>,
    pub(crate) fill_missing: bool,
    /// Whether a category that the training part does not have is none, and no error.
    pub(crate) accept_unknown: bool,
    pub(crate) header: bool,
    pub(crate) delimiter: char,
    pub(crate) decimal: char,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Classes,
    Numbers,
}

/// How inputs are brought to one scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    None,
    Standardize,
}

/// `[model]`.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) hidden: Vec<usize>,
    pub(crate) activation: Activation,
    pub(crate) dropout: f64,
    pub(crate) convolutions: Option<Convolutions>,
}

/// What comes before the layers of a perceptron, if inputs are images.
#[derive(Clone, Debug)]
pub(crate) struct Convolutions {
    pub(crate) channels: Vec<usize>,
    pub(crate) kernel: usize,
    pub(crate) pool: usize,
    pub(crate) batch_norm: bool,
    /// Channels, height and width, where inputs are rows of numbers.
    pub(crate) image: Option<[usize; 3]>,
}

/// `[training]`.
#[derive(Clone, Debug)]
pub(crate) struct Training {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) seed: u64,
    pub(crate) optimizer: Optimizer,
    pub(crate) rate: f64,
    pub(crate) momentum: f64,
    pub(crate) weight_decay: f64,
    pub(crate) schedule: Schedule,
    pub(crate) warmup: usize,
    pub(crate) clip_norm: Option<f64>,
    pub(crate) loss: Option<Loss>,
    pub(crate) label_smoothing: f64,
    pub(crate) early_stopping: Option<usize>,
    pub(crate) workers: usize,
    pub(crate) checkpoint_steps: Option<usize>,
    pub(crate) tensorboard: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Optimizer {
    Sgd,
    Adam,
    AdamW,
    RmsProp,
    Lion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Constant,
    Cosine,
    OneCycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    CrossEntropy,
    Mse,
    Mae,
    Huber,
}

impl Loss {
    /// What it is a loss for.
    pub(crate) fn task(self) -> Task {
        if self == Loss::CrossEntropy { Task::Classes } else { Task::Numbers }
    }
}

/// `[augment]`: by how much images are changed at random, each time that they are shown.
#[derive(Clone, Debug)]
pub(crate) struct Augment {
    pub(crate) shift: f64,
    pub(crate) rotate: f64,
    pub(crate) scale: f64,
    pub(crate) flip: bool,
    pub(crate) noise: f64,
    pub(crate) cutout: usize,
}
