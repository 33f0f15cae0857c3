//! The samples that the settings name, and what has been learnt of them: columns, classes, shapes.

use crate::describe::{Description, Outputs};
use crate::settings::{Config, Files, Format, Scale, Task};
use crate::table;
use std::error::Error;
use std::path::{Path, PathBuf};
use wengert::data::{read_idx, read_records};
use wengert::files::{read_npy, read_npz};
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

/// The test part, for a model that is there.
pub(crate) fn test(config: &Config, known: &Description) -> Result<Part> {
    let (_, test, description) = load(config, Some(known))?;
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
        format => {
            let (train, test) = match format {
                Format::Digits => {
                    let digits = wengert::data::digits();
                    let x = digits.x().reshape([digits.len(), 8, 8]);
                    (
                        Raw { x, y: Tensor::from(digits.y().iter().map(|y| *y as f64).collect::<Vec<_>>()) },
                        None,
                    )
                }
                Format::Idx(Files { train, test }) => (idx(train)?, test.as_ref().map(idx).transpose()?),
                Format::Npy(Files { train, test }) => {
                    let read = |files: &[PathBuf; 2]| {
                        Raw::new(read_npy(&files[0])?, read_npy(&files[1])?, &files[1])
                    };
                    (read(train)?, test.as_ref().map(read).transpose()?)
                }
                Format::Npz { train, test, inputs, targets } => {
                    let read = |file: &PathBuf| npz(file, inputs, targets);
                    (read(train)?, test.as_ref().map(read).transpose()?)
                }
                Format::Csv(_) => unreachable!("tables are read above"),
            };
            let (train, test) = match test {
                Some(test) => (train, test),
                None => train.split(config, &mut rng)?,
            };
            let task = config.data.task.unwrap_or(Task::Classes);
            let train = train.part(task)?;
            let outputs = match (known, &train.y) {
                (Some(known), _) => known.outputs.clone(),
                (None, Targets::Classes(y)) => {
                    let last = y.iter().copied().max().unwrap_or(0);
                    Outputs::Classes((0..=last).map(|class| class.to_string()).collect())
                }
                (None, Targets::Numbers(y)) => Outputs::Numbers(y.dims()[1]),
            };
            (train, test.part(task)?, None, outputs)
        }
    };
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

/// Inputs alone, of samples that are to be told.
pub(crate) fn inputs(config: &Config, description: &Description, file: &Path) -> Result<Tensor> {
    let x = match &config.data.format {
        Format::Csv(csv) => {
            let encoder = description.encoder.as_ref().ok_or("the model has not learnt from a table")?;
            encoder.encode(&read_records(file, &table::options(csv))?)?
        }
        Format::Idx(_) => pixels(file)?,
        Format::Npz { inputs, .. } => entry(file, inputs)?,
        Format::Npy(_) | Format::Digits => read_npy(file)?,
    };
    let sizes: usize = description.input.iter().product();
    if x.rank() == 0 || x.size() != x.dims()[0] * sizes {
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

/// Numbers as a file has them, before the task is known.
struct Raw {
    x: Tensor,
    y: Tensor<f64>,
}

impl Raw {
    fn new(x: Tensor, y: Tensor<f64>, file: &Path) -> Result<Self> {
        if x.rank() < 2 || y.rank() == 0 || x.dims()[0] != y.dims()[0] || x.size() == 0 {
            return Err(format!(
                "{}: targets of shape {} for inputs of shape {}\n  help: both have an entry along axis 0 for each sample, and inputs have an axis more",
                file.display(),
                y.shape(),
                x.shape()
            )
            .into());
        }
        Ok(Raw { x, y })
    }

    fn split(self, config: &Config, rng: &mut Rng) -> Result<(Self, Self)> {
        let (train, test) = parts(self.x.dims()[0], config, rng)?;
        let of = |rows: &[usize]| Raw { x: self.x.select(rows), y: self.y.select(rows) };
        Ok((of(&train), of(&test)))
    }

    fn part(self, task: Task) -> Result<Part> {
        let n = self.x.dims()[0];
        let y = match task {
            Task::Classes => {
                let numbers = self.y.to_vec();
                let label = |y: &f64| (*y >= 0.0 && y.fract() == 0.0 && *y < 1e6).then_some(*y as usize);
                let labels: Option<Vec<usize>> = numbers.iter().map(label).collect();
                let labels = labels.filter(|labels| labels.len() == n);
                Targets::Classes(labels.ok_or_else(|| {
                    format!(
                        "the targets, of shape {}, are no classes: whole numbers from 0 to 999999, one for each sample\n  help: number the classes from 0 on, or set `task = \"numbers\"`",
                        self.y.shape()
                    )
                })?)
            }
            Task::Numbers => {
                let numbers = self.y.to_vec().into_iter().map(|y| y as f32).collect();
                Targets::Numbers(Tensor::from_vec(numbers, [n, self.y.size() / n])?)
            }
        };
        Ok(Part { x: self.x, y })
    }
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

fn idx([images, labels]: &[PathBuf; 2]) -> Result<Raw> {
    let y = read_idx(labels)?;
    let y = Tensor::from_vec(y.data.iter().map(|y| f64::from(*y)).collect(), y.shape)?;
    Raw::new(pixels(images)?, y, labels)
}

/// Bytes from 0 to 255 as numbers from 0 to 1.
fn pixels(file: &Path) -> Result<Tensor> {
    let idx = read_idx(file)?;
    Ok(Tensor::from_vec(idx.data.iter().map(|ink| f32::from(*ink) / 255.0).collect(), idx.shape)?)
}

fn npz(file: &Path, inputs: &str, targets: &str) -> Result<Raw> {
    Raw::new(entry(file, inputs)?, entry(file, targets)?, file)
}

fn entry<T: wengert::Scalar>(file: &Path, name: &str) -> Result<Tensor<T>> {
    let archive = read_npz::<T>(file)?;
    archive.get(name).cloned().ok_or_else(|| {
        let names: Vec<&str> = archive.tensors.iter().map(|(name, _)| name.as_str()).collect();
        format!(
            "{}: there is no array {name:?}, only {names:?}\n  help: name them by `inputs` and `targets`",
            file.display()
        )
        .into()
    })
}

/// The shape of a sample as the model wants it: for convolutions channels, height and width.
fn image(config: &Config, dims: &[usize]) -> Result<Vec<usize>> {
    let Some(convolutions) = &config.model.convolutions else {
        let at = config
            .augment
            .as_ref()
            .filter(|_| !(2..=3).contains(&dims.len()))
            .map(|augment| augment.at.clone());
        return match (at, dims) {
            (Some(at), _) => {
                let message = format!("`[augment]` changes images, but a sample has shape {dims:?}");
                Err(config.source.fault(at, message, "drop the section, or learn from images").into())
            }
            (None, [height, width]) if config.augment.is_some() => Ok(vec![1, *height, *width]),
            (None, dims) => Ok(dims.to_vec()),
        };
    };
    let fault =
        |message: String, help: &str| Err(config.source.fault(config.model.at.clone(), message, help).into());
    let size: usize = dims.iter().product();
    match (convolutions.image, dims) {
        (Some(image), _) if image.iter().product::<usize>() == size => Ok(image.to_vec()),
        (Some(image), _) => fault(
            format!("`image` is {image:?}, which are not the {size} numbers of a sample"),
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
