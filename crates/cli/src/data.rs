//! The samples that the settings name, what each is for, and what has been learnt of them: columns, classes, shapes.

use crate::describe::{Description, Outputs, numbers};
use crate::settings::{Config, Format, Scale, Use};
use crate::tell::warn;
use crate::{arrays, table};
use std::error::Error;
use std::path::Path;
use wengert::{Dataset, Rng, Samples, Tensor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is to be told of the samples.
#[derive(Clone, Debug)]
pub(crate) enum Targets {
    Classes(Vec<usize>),
    /// `[n, numbers]`.
    Numbers(Tensor),
}

/// Inputs `[n, ..]` and targets.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) x: Tensor,
    pub(crate) y: Targets,
}

impl Part {
    /// The samples of these numbers.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let y = match &self.y {
            Targets::Classes(y) => Targets::Classes(y.select(rows)),
            Targets::Numbers(y) => Targets::Numbers(y.select(rows)),
        };
        Part { x: self.x.select(rows), y }
    }

    /// The number of samples and a sum of all that is in them, in their order: FNV-1a by 64 bits, a number at a time.
    pub(crate) fn sum(&self) -> String {
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bits: u64| sum = (sum ^ bits).wrapping_mul(0x0100_0000_01b3);
        self.x.array().iter().for_each(|x| add(x.to_bits().into()));
        match &self.y {
            Targets::Classes(y) => y.iter().for_each(|class| add(*class as u64)),
            Targets::Numbers(y) => y.array().iter().for_each(|y| add(y.to_bits().into())),
        }
        format!("{} {sum:016x}", self.x.dims()[0])
    }
}

/// All that a training needs.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) train: Part,
    /// What an epoch is chosen by, if there are samples for it.
    pub(crate) validation: Option<Part>,
    pub(crate) test: Part,
    pub(crate) description: Description,
}

impl Parts {
    /// What is measured after every epoch, and what an epoch is chosen by.
    pub(crate) fn watched(&self) -> &Part {
        self.validation.as_ref().unwrap_or(&self.test)
    }
}

/// The test part, for a model that is there: from the file for the test that the settings name, or else what the model's own settings
/// kept from it, whatever seed and share there are now.
pub(crate) fn test(config: &Config, own: Config, known: &Description) -> Result<Part> {
    let config = if config.data.format.has(Use::Test) {
        let Config { data, source, .. } = config.to_tell(&own)?;
        Config { data, source, ..own }
    } else {
        own
    };
    if let Some(test) = of_file(&config, Use::Test, known)? {
        return Ok(test);
    }
    let all = of_file(&config, Use::Train, known)?.expect("what is learnt from is named");
    if known.samples.as_ref().is_some_and(|then| *then != all.sum()) {
        return Err(format!(
            "{}: the training samples are others than when the model was trained, or stand in another order, so that those which were kept for the test are not known any more\n  help: put the file back, name one for the test by `test` in `[data]`, or train anew",
            config.source.path.display()
        )
        .into());
    }
    Ok(all.select(&Rows::of(all.x.dims()[0], &config)?.test))
}

/// The samples of a training. Columns and classes are those of the training part.
pub(crate) fn load(config: &Config) -> Result<Parts> {
    let (all, rows, encoder, outputs) = match &config.data.format {
        Format::Csv(csv) => {
            let records = table::records(config, csv, &csv.files.train)?;
            let rows = Rows::of(records.len(), config)?;
            let (encoder, outputs) = table::learn(config, csv, &records, &rows.train)?;
            (table::part(csv, &records, &encoder, &outputs)?, rows, Some(encoder), outputs)
        }
        _ => {
            let all = arrays::read(config, Use::Train)?.expect("what is learnt from is named");
            let rows = Rows::of(all.x.dims()[0], config)?;
            let outputs = match &all.y {
                Targets::Classes(y) => {
                    let last = rows.train.iter().map(|row| y[*row]).max().unwrap_or(0);
                    Outputs::Classes((0..=last).map(|class| class.to_string()).collect())
                }
                Targets::Numbers(y) => Outputs::Numbers(y.dims()[1]),
            };
            (all, rows, None, outputs)
        }
    };
    let (input, samples) = (image(config, &all.x.dims()[1..])?, Some(all.sum()));
    let range = encoder.is_none().then(|| range(&all.x));
    let description = Description { input, encoder, outputs, samples, range };
    let part = |rows: &[usize], what| fitting(config, all.select(rows), what, &description);
    let train = part(&rows.train, Use::Train)?;
    several_classes(config, &train.y, &description.outputs)?;
    let validation = match config.data.validation_share {
        Some(_) => Some(part(&rows.validation, Use::Validation)?),
        None => of_file(config, Use::Validation, &description)?,
    };
    let test = of_file(config, Use::Test, &description)?;
    let test = test.map_or_else(|| part(&rows.test, Use::Test), Ok)?;
    Ok(Parts { train, validation, test, description })
}

/// The samples of a use that has a file of its own, for a model of this kind.
fn of_file(config: &Config, what: Use, known: &Description) -> Result<Option<Part>> {
    let part = match (&config.data.format, &known.encoder) {
        (Format::Csv(csv), Some(encoder)) => {
            let part = |file| table::of_file(config, csv, file, encoder, &known.outputs);
            csv.files.of(what).map(part).transpose()?
        }
        (Format::Csv(_), None) => return Err("the model has not learnt from a table".into()),
        _ => arrays::read(config, what)?,
    };
    if what != Use::Train && part.as_ref().is_some_and(|part| known.samples == Some(part.sum())) {
        let message = format!(
            "the {what} part is the training samples: how good the model is on others it does not tell"
        );
        let help = "name other samples, or drop the line: a share of the training samples is then kept";
        warn(config.source.fault_of("data", &[what.key()], message, help).note());
    }
    part.map(|part| fitting(config, part, what, known)).transpose()
}

/// The samples in the shape that the model wants, if they are of its kind.
fn fitting(config: &Config, part: Part, what: Use, known: &Description) -> Result<Part> {
    let dims = &part.x.dims()[1..];
    if numbers(dims) != numbers(&known.input) || image(config, dims)? != known.input {
        let message = format!(
            "a sample of the {what} has shape {dims:?}, but the model has learnt from {:?}",
            known.input
        );
        let help = "take samples of the same kind";
        return Err(config.source.fault_of("data", &[what.key()], message, help).into());
    }
    known.fits(&part.y, what)?;
    Ok(Part { x: part.x.reshape([&[part.x.dims()[0]], &known.input[..]].concat()), y: part.y })
}

/// Whether there is something to tell apart.
fn several_classes(config: &Config, train: &Targets, outputs: &Outputs) -> Result<()> {
    let (Targets::Classes(y), Outputs::Classes(classes)) = (train, outputs) else { return Ok(()) };
    if y.iter().any(|class| *class != y[0]) {
        return Ok(());
    }
    let message = format!(
        "all {} training samples are of class {:?}: there is nothing to tell apart",
        y.len(),
        classes[y[0]]
    );
    let help = "learn from samples of two classes or more";
    Err(match &config.data.format {
        Format::Csv(csv) => config.source.fault(csv.target.at.clone(), message, help).into(),
        _ => format!("{}: {message}\n  help: {help}", config.source.path.display()).into(),
    })
}

/// Inputs alone, of samples that are to be told.
pub(crate) fn inputs(config: &Config, description: &Description, file: &Path) -> Result<Tensor> {
    let x = match &config.data.format {
        Format::Csv(csv) => {
            let encoder = description.encoder.as_ref().ok_or("the model has not learnt from a table")?;
            table::inputs(csv, file, encoder)?
        }
        _ if file == Path::new("-") => {
            return Err("`-`, standard input, is for tables\n  help: name a file".into());
        }
        _ => arrays::inputs(config, file)?,
    };
    if let (Some(known), false) = (description.range, x.size() == 0) {
        other_unit(known, range(&x), file).iter().for_each(warn);
    }
    if x.rank() == 0 || numbers(&x.dims()[1..]) != numbers(&description.input) {
        return Err(format!(
            "{}: the inputs have shape {}, where the model wants [n, {}]\n  help: give samples of the kind that it has learnt from",
            file.display(),
            x.shape(),
            description.input.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        )
        .into());
    }
    let dims = [&[x.dims()[0]], &description.input[..]].concat();
    Ok(x.reshape(dims))
}

/// The least and the greatest of all numbers.
fn range(x: &Tensor) -> [f64; 2] {
    let all = x.array().iter().map(f64::from);
    all.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
}

/// That numbers lie far beyond those of the training, or within a small part of them, as in another unit.
fn other_unit([low, high]: [f64; 2], [least, greatest]: [f64; 2], file: &Path) -> Option<String> {
    let width = high - low;
    let is_far = least < low - width || greatest > high + width || (greatest - least) * 10.0 < width;
    is_far.then(|| {
        format!(
            "note: {}: the inputs lie from {least} to {greatest}, those of the training from {low} to {high}\n  help: give them in the same unit",
            file.display()
        )
    })
}

/// The samples of the training file by what they are for, at random: none is for two.
struct Rows {
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
}

impl Rows {
    fn of(n: usize, config: &Config) -> Result<Self> {
        let data = &config.data;
        let count = |n: usize, share: f64, what: Use| match (share * n as f64).round() as usize {
            count if count == 0 || count == n => Err(format!(
                "{n} samples do not fall into a training and a {what} part of {share}\n  help: give more samples, another `{what}_share`, or a file for the {what}"
            )),
            count => Ok(count),
        };
        let test = if data.format.has(Use::Test) { 0 } else { count(n, data.test_share, Use::Test)? };
        let validation = data.validation_share.map(|share| count(n - test, share, Use::Validation));
        let validation = validation.transpose()?.unwrap_or(0);
        let mut order: Vec<usize> = (0..n).collect();
        if test + validation > 0 {
            Rng::seed(config.training.seed).shuffle(&mut order);
        }
        let train = order.split_off(test + validation);
        let validation = order.split_off(test);
        Ok(Rows { train, validation, test: order })
    }
}

/// The shape of a sample as the model wants it: for convolutions channels, height and width.
fn image(config: &Config, dims: &[usize]) -> Result<Vec<usize>> {
    let Some(convolutions) = &config.model.convolutions else {
        return match (&config.augment, dims) {
            (Some(_), [height, width]) => Ok(vec![1, *height, *width]),
            (None, _) | (_, [_, _, _]) => Ok(dims.to_vec()),
            _ => {
                let message = format!("`[augment]` changes images, but a sample has shape {dims:?}");
                let help = "drop the section, or learn from images";
                Err(config.source.fault_of("augment", &[], message, help).into())
            }
        };
    };
    let fault = |message: String, help: &str| {
        Err(config.source.fault_of("model", &["image", "kind"], message, help).into())
    };
    match (convolutions.image, dims) {
        (Some(image), _) if numbers(&image) == numbers(dims) => Ok(image.to_vec()),
        (Some(image), _) => fault(
            format!(
                "`image` is {image:?}, which are not the {} numbers of a sample",
                dims.iter().product::<usize>()
            ),
            "give channels, height and width of what the data has",
        ),
        (None, [height, width]) => Ok(vec![1, *height, *width]),
        (None, [_, _, _]) => Ok(dims.to_vec()),
        _ => fault(
            format!("convolutions want images, but a sample has shape {dims:?}"),
            "say what shape an image has: `image = [1, 28, 28]`, or take `kind = \"mlp\"`",
        ),
    }
}

/// Whether inputs are brought to one scale.
pub(crate) fn is_scaled(config: &Config) -> bool {
    config.data.scale == Scale::Standardize
}

/// A part for a trainer that tells classes or numbers.
pub(crate) fn dataset<Y: Samples>(x: &Tensor, y: Y) -> Result<Dataset<Tensor, Y>> {
    Ok(Dataset::new(x.clone(), y)?)
}
