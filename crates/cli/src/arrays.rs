//! Samples from arrays: NumPy's files, images in IDX, and the digits.

use crate::data::{Part, Targets};
use crate::settings::{Config, File, Format, Task, Use};
use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::Path;
use wengert::data::read_idx;
use wengert::files::{read_npy, read_npz_array};
use wengert::{Scalar, Tensor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The samples of this use, if they have a file of their own.
pub(crate) fn read(config: &Config, what: Use) -> Result<Option<Part>> {
    let task = config.data.task.unwrap_or(Task::Classes);
    let part = match &config.data.format {
        Format::Digits => (what == Use::Train).then(|| {
            let digits = wengert::data::digits();
            let x = digits.x().reshape([digits.len(), 8, 8]);
            Ok(Part { x, y: Targets::Classes(digits.y().clone()) })
        }),
        Format::Idx(files) => files.of(what).map(|files| idx(pair(config, files)?)),
        Format::Npy(files) => files.of(what).map(|files| {
            let [inputs, targets] = pair(config, files)?;
            let names = [inputs, targets].map(|file| file.display().to_string());
            part(read_npy(inputs)?, &read_npy(targets)?, task, &names)
        }),
        Format::Npz { files, inputs, targets } => files.of(what).map(|file| {
            let file = config.source.file(file)?;
            let names = [inputs, targets].map(|array| name(file, array));
            part(read_npz_array(file, inputs)?, &read_npz_array(file, targets)?, task, &names)
        }),
        Format::Csv(_) => unreachable!("`table` reads it"),
    };
    part.transpose()
}

/// The paths of inputs and targets, which have to be there.
fn pair<'a>(config: &Config, [inputs, targets]: &'a [File; 2]) -> Result<[&'a Path; 2]> {
    Ok([config.source.file(inputs)?, config.source.file(targets)?])
}

/// Inputs alone, from a file of the format of the settings, or from a single array of NumPy.
pub(crate) fn inputs(config: &Config, file: &Path) -> Result<Tensor> {
    let is_npy = || begins_with(file, b"\x93NUMPY");
    match &config.data.format {
        Format::Idx(_) if is_npy() => shares(read_npy(file)?, file),
        Format::Idx(_) => pixels(file).map_err(|error| match file.is_file() {
            true => {
                format!("{error}\n  help: give images in IDX, or in `.npy` as numbers from 0 to 1").into()
            }
            false => error,
        }),
        Format::Npz { inputs, .. } if !is_npy() => finite(read_npz_array(file, inputs)?, &name(file, inputs)),
        _ => finite(read_npy(file)?, &file.display().to_string()),
    }
}

fn begins_with(file: &Path, magic: &[u8]) -> bool {
    let mut begin = vec![0; magic.len()];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == magic
}

/// Pixels of the file as a model of IDX has learnt from them.
fn shares(x: Tensor, file: &Path) -> Result<Tensor> {
    let mut pixels = x.array().iter().enumerate();
    let Some((place, pixel)) = pixels.find(|(_, x)| !(0.0..=1.0).contains(x)) else { return Ok(x) };
    Err(format!(
        "{}: the element {:?}, counted from 0, is {pixel}, but pixels are from 0 to 1\n  help: divide bytes by 255",
        file.display(),
        x.shape().index_of(place)
    )
    .into())
}

/// What an array of an archive is called in a message.
fn name(file: &Path, array: &str) -> String {
    format!("{}, array {array:?}", file.display())
}

fn idx([images, labels]: [&Path; 2]) -> Result<Part> {
    let y = read_idx(labels)?;
    let y = Tensor::from_vec(y.data.iter().map(|y| f64::from(*y)).collect(), y.shape)?;
    let names = [images, labels].map(|file| file.display().to_string());
    part(pixels(images)?, &y, Task::Classes, &names)
}

/// Bytes from 0 to 255 as numbers from 0 to 1.
fn pixels(file: &Path) -> Result<Tensor> {
    let idx = read_idx(file)?;
    Ok(Tensor::from_vec(idx.data.iter().map(|ink| f32::from(*ink) / 255.0).collect(), idx.shape)?)
}

/// Inputs `[n, ..]` and what is to be told of them, from two arrays of these names.
fn part(x: Tensor, y: &Tensor<f64>, task: Task, [inputs, targets]: &[String; 2]) -> Result<Part> {
    if x.rank() < 2 || y.rank() == 0 || x.dims()[0] != y.dims()[0] || x.size() == 0 || y.size() == 0 {
        return Err(format!(
            "{targets}: targets of shape {} for inputs of shape {}\n  help: both have an entry along axis 0 for each sample, and inputs have an axis more",
            y.shape(),
            x.shape()
        )
        .into());
    }
    let n = x.dims()[0];
    let y = match task {
        Task::Classes => Targets::Classes(labels(y, n, targets)?),
        Task::Numbers => {
            let y = finite(y.clone(), targets)?;
            let numbers = y.to_vec().into_iter().map(|y| y as f32).collect();
            Targets::Numbers(Tensor::from_vec(numbers, [n, y.size() / n])?)
        }
    };
    Ok(Part { x: finite(x, inputs)?, y })
}

fn labels(y: &Tensor<f64>, n: usize, name: &str) -> Result<Vec<usize>> {
    const HELP: &str = "number the classes from 0 on, or set `task = \"numbers\"`";
    if y.size() != n {
        return Err(format!(
            "{name}: the targets, of shape {}, are no classes: one for each sample\n  help: {HELP}",
            y.shape()
        )
        .into());
    }
    let label = |(sample, y): (usize, f64)| {
        let is_label = y >= 0.0 && y.fract() == 0.0 && y < 1e6;
        let reason = || {
            format!(
                "{name}: the target of sample {sample}, counted from 0, is {y:?}, no whole number from 0 to 999999\n  help: {HELP}"
            )
        };
        is_label.then_some(y as usize).ok_or_else(|| reason().into())
    };
    y.to_vec().into_iter().enumerate().map(label).collect()
}

/// The array, if all its numbers are finite and of 32 bits; what is not is told with its place in the file.
fn finite<T: Scalar>(x: Tensor<T>, name: &str) -> Result<Tensor<T>> {
    let mut numbers = x.array().iter().map(Into::<f64>::into).enumerate();
    let Some((place, number)) = numbers.find(|(_, x)| !(*x as f32).is_finite()) else { return Ok(x) };
    let subscript = x.shape().index_of(place);
    let (what, help) = match number.is_finite() {
        true => ("beyond all numbers of 32 bits", "give it in a larger unit"),
        false => ("no finite number", "fill in what is missing, or leave the sample out"),
    };
    Err(format!("{name}: the element {subscript:?}, counted from 0, is {number:e}, {what}\n  help: {help}")
        .into())
}
