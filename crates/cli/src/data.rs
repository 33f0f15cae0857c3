//! The samples that the settings name, and what has been learnt of them: columns, classes, shapes.

use crate::describe::{Description, Outputs, numbers};
use crate::settings::{Config, Format, Scale};
use crate::{arrays, table};
use std::error::Error;
use std::path::Path;
use wengert::data::read_records;
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
}

/// The test part, for a model that is there: from the file for the test that the settings name, or else what the model's own settings
/// kept from it, whatever seed and share there are now.
pub(crate) fn test(config: &Config, own: Config, known: &Description) -> Result<Part> {
    let data = if config.data.format.has_test() { config.data.clone() } else { own.data };
    let (_, test, description) = load(&Config { data, ..own }, Some(known))?;
    if description.input == known.input {
        return Ok(test);
    }
    Err(format!(
        "a sample has shape {:?}, but the model has learnt from {:?}\n  help: test on samples of the same kind",
        description.input, known.input
    )
    .into())
}

/// The training and the test part. Columns and classes are those that a model knows, if there is one, and else those of the training.
pub(crate) fn load(config: &Config, known: Option<&Description>) -> Result<(Part, Part, Description)> {
    let mut rng = Rng::seed(config.training.seed);
    let (train, test, encoder, outputs) = match &config.data.format {
        Format::Csv(csv) => table::read(config, csv, &mut rng, known)?,
        _ => {
            let (train, test) = arrays::read(config, &mut rng)?;
            let outputs = match (known, &train.y) {
                (Some(known), _) => known.outputs.clone(),
                (None, Targets::Classes(y)) => {
                    let last = y.iter().copied().max().unwrap_or(0);
                    Outputs::Classes((0..=last).map(|class| class.to_string()).collect())
                }
                (None, Targets::Numbers(y)) => Outputs::Numbers(y.dims()[1]),
            };
            (train, test, None, outputs)
        }
    };
    if known.is_none() {
        several_classes(config, &train.y, &outputs)?;
    }
    let (inputs, others) = (&train.x.dims()[1..], &test.x.dims()[1..]);
    if inputs != others {
        return Err(format!(
            "the training inputs have shape {inputs:?}, those of the test {others:?}\n  help: test on samples of the same kind"
        )
        .into());
    }
    let description = Description { input: image(config, inputs)?, encoder, outputs };
    description.fits(&test.y)?;
    let shaped = |part: Part| {
        let dims = [&[part.x.dims()[0]], &description.input[..]].concat();
        Part { x: part.x.reshape(dims), y: part.y }
    };
    Ok((shaped(train), shaped(test), description))
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
            encoder.encode(&read_records(file, &table::options(csv))?)?
        }
        _ => arrays::inputs(config, file)?,
    };
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

/// The samples of the two parts, at random: none is in both.
pub(crate) fn parts(n: usize, config: &Config, rng: &mut Rng) -> Result<(Vec<usize>, Vec<usize>)> {
    let share = config.data.test_share;
    let test = (share * n as f64).round() as usize;
    if test == 0 || test == n {
        return Err(format!(
            "{n} samples do not fall into a training and a test part of {share}\n  help: give more samples, another `test_share`, or a file for the test"
        )
        .into());
    }
    let mut order: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut order);
    let train = order.split_off(test);
    Ok((train, order))
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
