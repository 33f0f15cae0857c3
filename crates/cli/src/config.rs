//! Settings read from a file of TOML. A test compares the keys with those that `reference.md` lists.

use crate::fault::{Fault, Source};
use crate::section::{Document, Given, Section};
use crate::settings::{
    Augment, Config, Convolutions, Csv, Data, File, Files, Format, Loss, Model, Optimizer, Scale, Schedule,
    Task, Training, Use,
};
use std::path::Path;
use wengert::Activation;

impl Config {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!(
                "{}: the settings cannot be read ({error})\n  help: name a file of TOML; `wengert help settings` says what is in it",
                path.display()
            )
        })?;
        Ok(Config::parse(Source { path: path.to_path_buf(), text })?)
    }

    /// Understands settings. Whether the files that they name are there is seen when these are read.
    pub(crate) fn parse(source: Source) -> Result<Self, Fault> {
        let mut document = Document::parse(&source, &["data", "model", "training", "augment", "output"])?;
        let folder = source.path.parent().unwrap_or(Path::new("")).to_path_buf();
        let data = data(document.section("data")?, &folder)?;
        let model = model(document.section("model")?)?;
        let training = training(document.section("training")?)?;
        let augment = augment(document.section("augment")?)?;
        let mut output = document.section("output")?;
        let name = source.path.file_stem().unwrap_or_default().to_string_lossy();
        let own = output.or("folder", format!("runs/{name}"))?;
        output.finish()?;
        Ok(Config { data, model, training, augment, folder: folder.join(own), source })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Csv,
    Idx,
    Npy,
    Npz,
}

fn data(mut section: Section<'_>, folder: &Path) -> Result<Data, Fault> {
    let kinds = [
        ("csv", Kind::Csv),
        ("idx", Kind::Idx),
        ("npy", Kind::Npy),
        ("npz", Kind::Npz),
        ("digits", Kind::Digits),
    ];
    let kind = section.choice("format", &kinds)?;
    let kind = kind.ok_or_else(|| section.lacks("format", "format = \"csv\""))?.value;
    let format = match kind {
        Kind::Digits => Format::Digits,
        Kind::Csv => Format::Csv(csv(&mut section, folder)?),
        Kind::Idx => Format::Idx(files(&mut section, folder, "idx")?),
        Kind::Npy => Format::Npy(files(&mut section, folder, "npy")?),
        Kind::Npz => Format::Npz {
            files: single_files(&mut section, folder, "train = \"data.npz\"")?,
            inputs: section.or("inputs", "x".into())?,
            targets: section.or("targets", "y".into())?,
        },
    };
    let tasks = [("classes", Task::Classes), ("numbers", Task::Numbers)];
    let task = match kind {
        Kind::Digits | Kind::Idx => None,
        _ => section.choice("task", &tasks)?.map(|given| given.value),
    };
    if task.is_none() && matches!(kind, Kind::Npy | Kind::Npz) {
        return Err(section.lacks("task", "task = \"classes\""));
    }
    let scales = [("standardize", Scale::Standardize), ("none", Scale::None)];
    let scale = section.choice("scale", &scales)?.map(|given| given.value);
    let share = |share: f64| 0.0 < share && share < 1.0;
    let test_share = section.number("test_share", "a share between 0 and 1", share)?;
    let validation_share = match format.has(Use::Validation) {
        false => section.number("validation_share", "a share between 0 and 1", share)?,
        true => None,
    };
    section.belong(&["validation_share"], "a training without a file `validation`")?;
    section.belong(&["train", "validation", "test"], "a format of files")?;
    let targets = ["train_targets", "validation_targets", "test_targets"];
    section.belong(&targets, "`format = \"idx\"` or `\"npy\"`")?;
    section.belong(&["inputs", "targets"], "`format = \"npz\"`")?;
    let of_tables = [
        "target",
        "leave_out",
        "categories",
        "unknown_categories",
        "fill_missing",
        "header",
        "delimiter",
        "decimal",
    ];
    section.belong(&of_tables, "`format = \"csv\"`")?;
    section.belong(&["task"], "`format = \"csv\"`, `\"npy\"` or `\"npz\"`")?;
    section.finish()?;
    let own = if matches!(kind, Kind::Digits | Kind::Idx) { Scale::None } else { Scale::Standardize };
    let (scale, test_share) = (scale.unwrap_or(own), test_share.unwrap_or(0.2));
    Ok(Data { format, task, scale, test_share, validation_share })
}

fn csv(section: &mut Section<'_>, folder: &Path) -> Result<Csv, Fault> {
    let files = single_files(section, folder, "train = \"table.csv\"")?;
    let delimiter = character(section, "delimiter", "separate cells", "\";\" or \"\\t\"")?;
    let decimal = character(section, "decimal", "stand before fractions", "\",\"")?;
    let (at, delimiter) = delimiter.map_or((0..0, ','), |given| (given.at, given.value));
    if let Some(decimal) = decimal.as_ref().filter(|decimal| decimal.value == delimiter) {
        let at = if at.is_empty() { decimal.at.clone() } else { at };
        let message = format!("{delimiter:?} cannot stand both between cells and before fractions");
        return Err(section.fault(
            at,
            message,
            "set `delimiter` to what the file has between cells, such as \";\"",
        ));
    }
    let unknown = section.choice("unknown_categories", &[("error", false), ("none", true)])?;
    Ok(Csv {
        files,
        target: section.need("target", "target = \"price\"")?,
        leave_out: section.get("leave_out")?.unwrap_or(Given { value: Vec::new(), at: 0..0 }),
        categories: section.get("categories")?.unwrap_or(Given { value: Vec::new(), at: 0..0 }),
        fill_missing: section.or("fill_missing", false)?,
        accept_unknown: unknown.is_some_and(|given| given.value),
        header: section.or("header", true)?,
        delimiter,
        decimal: decimal.map_or('.', |given| given.value),
    })
}

/// A single character, which does what is said, such as this.
fn character(
    section: &mut Section<'_>,
    key: &'static str,
    does: &str,
    such: &str,
) -> Result<Option<Given<char>>, Fault> {
    let Some(Given { value, at }) = section.get::<String>(key)? else { return Ok(None) };
    match *value.chars().collect::<Vec<_>>() {
        [one] if !matches!(one, '"' | '\n' | '\r') => Ok(Some(Given { value: one, at })),
        _ => {
            let message = format!("`{key}` is {value:?}, which cannot {does}");
            Err(section.fault(at, message, format!("give one character, such as {such}")))
        }
    }
}

/// A file for each use; `help` is a line that names that for training.
fn single_files(section: &mut Section<'_>, folder: &Path, help: &str) -> Result<Files<File>, Fault> {
    let mut file = |key| file(section, key, folder);
    let (train, validation, test) = (file("train")?, file("validation")?, file("test")?);
    Ok(Files { train: train.ok_or_else(|| section.lacks("train", help))?, validation, test })
}

/// Files of inputs and of targets for each use; `ending` is that of names which are proposed.
fn files(section: &mut Section<'_>, folder: &Path, ending: &str) -> Result<Files<[File; 2]>, Fault> {
    let mut pair = |inputs, targets| match (file(section, inputs, folder)?, file(section, targets, folder)?) {
        (None, None) => Ok(None),
        (Some(x), Some(y)) => Ok(Some([x, y])),
        (Some(_), None) => Err(section.lacks(targets, &format!("{targets} = \"{inputs}-targets.{ending}\""))),
        (None, Some(_)) => Err(section.lacks(inputs, &format!("{inputs} = \"{inputs}-inputs.{ending}\""))),
    };
    let train = pair("train", "train_targets")?;
    let (validation, test) = (pair("validation", "validation_targets")?, pair("test", "test_targets")?);
    let train = train.ok_or_else(|| section.lacks("train", &format!("train = \"train-inputs.{ending}\"")))?;
    Ok(Files { train, validation, test })
}

/// A path, which starts from the folder of the settings.
fn file(section: &mut Section<'_>, key: &'static str, folder: &Path) -> Result<Option<File>, Fault> {
    let given = section.get::<String>(key)?;
    Ok(given.map(|Given { value, at }| Given { value: folder.join(value), at }))
}

/// The activations by their names.
const ACTIVATIONS: [(&str, Activation); 8] = [
    ("relu", Activation::Relu),
    ("leaky-relu", Activation::LeakyRelu),
    ("elu", Activation::Elu),
    ("gelu", Activation::Gelu),
    ("silu", Activation::Silu),
    ("sigmoid", Activation::Sigmoid),
    ("tanh", Activation::Tanh),
    ("identity", Activation::Identity),
];

fn model(mut section: Section<'_>) -> Result<Model, Fault> {
    let kind = section.choice("kind", &[("mlp", false), ("cnn", true)])?;
    let is_cnn = kind.is_some_and(|kind| kind.value);
    let hidden = sizes(&mut section, "hidden")?;
    let activation = section.choice("activation", &ACTIVATIONS)?;
    let share = |share: f64| (0.0..1.0).contains(&share);
    let dropout = section.number("dropout", "a share from 0 to below 1", share)?;
    let mut convolutions = None;
    if is_cnn {
        let channels = sizes(&mut section, "channels")?.unwrap_or_else(|| vec![16, 32]);
        let odd = |kernel: usize| kernel % 2 == 1;
        let kernel = section.number("kernel", "an odd number, such as 3", odd)?.unwrap_or(3);
        let pool = section.number("pool", "a whole number from 1 on", |pool: usize| pool > 0)?.unwrap_or(2);
        let image = match section.get::<Vec<usize>>("image")? {
            None => None,
            Some(Given { value, at }) => Some(
                <[usize; 3]>::try_from(value).ok().filter(|image| !image.contains(&0)).ok_or_else(|| {
                    let message = "`image` is to be three numbers from 1 on".to_owned();
                    section.fault(at, message, "give channels, height and width: `image = [1, 28, 28]`")
                })?,
            ),
        };
        let batch_norm = section.or("batch_norm", false)?;
        convolutions = Some(Convolutions { channels, kernel, pool, batch_norm, image });
    }
    section.belong(&["channels", "kernel", "pool", "batch_norm", "image"], "`kind = \"cnn\"`")?;
    section.finish()?;
    Ok(Model {
        hidden: hidden.unwrap_or_else(|| vec![64]),
        activation: activation.map_or(Activation::Relu, |given| given.value),
        dropout: dropout.unwrap_or(0.0),
        convolutions,
    })
}

/// A list of sizes, none of which is 0.
fn sizes(section: &mut Section<'_>, key: &'static str) -> Result<Option<Vec<usize>>, Fault> {
    match section.get::<Vec<usize>>(key)? {
        Some(given) if given.value.contains(&0) => {
            let message = format!("`{key}` has a layer of size 0");
            Err(section.fault(given.at, message, "drop it, or give it a size; `[]` means no such layer"))
        }
        given => Ok(given.map(|given| given.value)),
    }
}

fn training(mut section: Section<'_>) -> Result<Training, Fault> {
    let (some, positive) = ("a whole number from 1 on", "a number above 0");
    let from_1 = |n: usize| n > 0;
    let above_0 = |x: f64| x > 0.0 && x.is_finite();
    let from_0 = |x: f64| x >= 0.0 && x.is_finite();
    let optimizers = [
        ("adam", Optimizer::Adam),
        ("adamw", Optimizer::AdamW),
        ("sgd", Optimizer::Sgd),
        ("rmsprop", Optimizer::RmsProp),
        ("lion", Optimizer::Lion),
    ];
    let optimizer = section.choice("optimizer", &optimizers)?.map_or(Optimizer::Adam, |given| given.value);
    let schedules =
        [("constant", Schedule::Constant), ("cosine", Schedule::Cosine), ("one-cycle", Schedule::OneCycle)];
    let losses = [
        ("cross-entropy", Loss::CrossEntropy),
        ("mse", Loss::Mse),
        ("mae", Loss::Mae),
        ("huber", Loss::Huber),
    ];
    let share = |share: f64| (0.0..1.0).contains(&share);
    let momentum = match optimizer {
        Optimizer::Sgd | Optimizer::RmsProp => {
            section.number("momentum", "a share from 0 to below 1", share)?
        }
        _ => None,
    };
    let schedule = section.choice("schedule", &schedules)?.map_or(Schedule::Constant, |given| given.value);
    let warmup = match schedule {
        Schedule::OneCycle => None,
        _ => section.number("warmup", "a number of whole epochs", |_: usize| true)?,
    };
    let own_rate = match optimizer {
        Optimizer::Sgd => 1e-1,
        Optimizer::Lion => 1e-4,
        _ => 1e-3,
    };
    let read = Training {
        epochs: section.number("epochs", some, from_1)?.unwrap_or(20),
        batch: section.number("batch", some, from_1)?.unwrap_or(32),
        seed: section.or::<usize>("seed", 0)? as u64,
        rate: section.number("rate", positive, above_0)?.unwrap_or(own_rate),
        weight_decay: section.number("weight_decay", "a number from 0 on", from_0)?.unwrap_or(0.0),
        clip_norm: section.number("clip_norm", positive, above_0)?,
        loss: section.choice("loss", &losses)?.map(|given| given.value),
        label_smoothing: section
            .number("label_smoothing", "a share from 0 to below 1", share)?
            .unwrap_or(0.0),
        early_stopping: section.number("early_stopping", some, from_1)?,
        workers: section.or("workers", 0)?,
        checkpoint_steps: section.number("checkpoint_steps", some, from_1)?,
        tensorboard: section.or("tensorboard", false)?,
        momentum: momentum.unwrap_or(0.0),
        warmup: warmup.unwrap_or(0),
        optimizer,
        schedule,
    };
    section.belong(&["momentum"], "`optimizer = \"sgd\"` or `\"rmsprop\"`")?;
    section.belong(&["warmup"], "another schedule than `\"one-cycle\"`, which has its own")?;
    section.finish()?;
    Ok(read)
}

fn augment(mut section: Section<'_>) -> Result<Option<Augment>, Fault> {
    let is_there = section.is_there();
    let from_0 = |x: f64| x >= 0.0 && x.is_finite();
    let below_1 = |x: f64| (0.0..1.0).contains(&x);
    let read = Augment {
        shift: section.number("shift", "pixels from 0 on", from_0)?.unwrap_or(0.0),
        rotate: section
            .number("rotate", "degrees from 0 to 180", |x| (0.0..=180.0).contains(&x))?
            .unwrap_or(0.0),
        scale: section.number("scale", "a share from 0 to below 1", below_1)?.unwrap_or(0.0),
        flip: section.or("flip", false)?,
        noise: section.number("noise", "a deviation from 0 on", from_0)?.unwrap_or(0.0),
        cutout: section.or("cutout", 0)?,
    };
    section.finish()?;
    Ok(is_there.then_some(read))
}
