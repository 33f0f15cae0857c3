//! Samples from tables: the target column told from the others.

use crate::columns::{comma, listed, notes};
use crate::data::{Part, Targets};
use crate::describe::Outputs;
use crate::instead::meant;
use crate::settings::{Config, Csv, File, Task};
use crate::tell::warn;
use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;
use wengert::Tensor;
use wengert::data::{
    CsvOptions, DataError, DataErrorKind, Encoder, Records, read_records, read_records_from,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much of a file is looked at for its first line.
const FIRST: u64 = 1 << 16;

/// The rows of a file that the settings name.
pub(crate) fn records(config: &Config, csv: &Csv, file: &File) -> Result<Records> {
    read(csv, config.source.file(file)?, false)
}

/// The rows of a file of any size; of one that is compressed, as many as are usual, since a few bytes may unpack to any number.
fn read(csv: &Csv, file: &Path, may_be_empty: bool) -> Result<Records> {
    let mut options = options(csv, may_be_empty);
    options.byte_limit = options.byte_limit.max(fs::metadata(file).map_or(0, |file| file.len()));
    read_records(file, &options).map_err(|error| match other_delimiter(csv, file) {
        Some(help) => format!("{}\n  help: {help}", error.finding()).into(),
        None => in_words(error),
    })
}

fn options(csv: &Csv, may_be_empty: bool) -> CsvOptions {
    CsvOptions {
        header: csv.header,
        delimiter: csv.delimiter,
        decimal: csv.decimal,
        may_be_empty,
        ..CsvOptions::default()
    }
}

/// What to set, if the first line of a file has another of the usual delimiters, and not the one that is set.
fn other_delimiter(csv: &Csv, file: &Path) -> Option<String> {
    // A pipe, which has been read, would be waited for.
    if !file.is_file() {
        return None;
    }
    let mut line = String::new();
    BufReader::new(fs::File::open(file).ok()?.take(FIRST)).read_line(&mut line).ok()?;
    another(csv, &line)
}

fn another(csv: &Csv, line: &str) -> Option<String> {
    let other = [";", "\t", ",", "|"].into_iter().find(|other| line.contains(other))?;
    let set = csv.delimiter.to_string();
    (!line.contains(&set)).then(|| {
        format!("its first line has no {set:?}, but {other:?}: set `delimiter = {other:?}` in `[data]`")
    })
}

/// What to do about a column that a table lacks.
fn columns(csv: &Csv, records: &Records, lacking: &str) -> String {
    let names: Vec<&str> = records.names().iter().map(String::as_str).collect();
    let delimiter = if let [line] = names[..] { another(csv, line) } else { None };
    let are = format!("its columns are {}", listed(records.names()));
    delimiter.or_else(|| meant(lacking, &names).map(|meant| format!("{meant} {are}"))).unwrap_or(are)
}

/// The samples of a file that the settings name, for a model that has learnt from others.
pub(crate) fn of_file(
    config: &Config,
    csv: &Csv,
    file: &File,
    encoder: &Encoder,
    outputs: &Outputs,
) -> Result<Part> {
    let records = records(config, csv, file)?;
    if let Some(name) = lacking(&records, encoder, Some(&csv.target.value)) {
        let message = format!("{} has no column {name:?}", file.value.display());
        let help = columns(csv, &records, name);
        return Err(config.source.fault(file.at.clone(), message, help).into());
    }
    part(csv, &records, encoder, outputs)
}

/// The inputs of samples that are to be told; `-` is standard input.
pub(crate) fn inputs(csv: &Csv, file: &Path, encoder: &Encoder) -> Result<Tensor> {
    let (name, records) = match file.to_str() {
        Some("-") => (
            "standard input".into(),
            read_records_from(stdin().lock(), "standard input", &options(csv, true)).map_err(in_words)?,
        ),
        _ => (file.display().to_string(), read(csv, file, true)?),
    };
    if let Some(lacking) = lacking(&records, encoder, None) {
        let help = columns(csv, &records, lacking);
        return Err(
            format!("{name} has no column {lacking:?}, from which the model tells\n  help: {help}").into()
        );
    }
    encoder.encode(&records).map_err(in_words)
}

/// The first of the columns that are needed and not there.
fn lacking<'a>(records: &Records, encoder: &'a Encoder, target: Option<&'a String>) -> Option<&'a String> {
    let needed = encoder.columns.iter().map(|column| &column.name).chain(target);
    needed.into_iter().find(|name| records.column(name).is_err())
}

/// What is wrong with samples, with a cure that files and settings have.
fn in_words(error: DataError) -> Box<dyn Error> {
    let cure = match error.kind() {
        DataErrorKind::MissingInput => "fill it in, drop the row, or train with `fill_missing = true`",
        DataErrorKind::UnknownCategory { .. } => {
            "correct it, drop the row, or train with `unknown_categories = \"none\"`, which takes it as none of them"
        }
        DataErrorKind::NoNumber { text } => &comma(text).unwrap_or_else(|| {
            "write a number, or train with the column in `leave_out` or `categories`".to_owned()
        }),
        DataErrorKind::TooLarge { .. } => "give it as a file that is not compressed",
        _ => return error.into(),
    };
    format!("{}\n  help: {cure}", error.finding()).into()
}

/// What the columns are, learnt of the training part: these of all rows.
pub(crate) fn learn(
    config: &Config,
    csv: &Csv,
    all: &Records,
    training: &[usize],
) -> Result<(Encoder, Outputs)> {
    let fault = |message, help: &str| config.source.fault(csv.target.at.clone(), message, help);
    let name = &csv.target.value;
    let Some(target) = all.names().iter().position(|own| own == name) else {
        let file = &csv.files.train.value;
        let message = format!("{} has no column {name:?}", file.display());
        return Err(fault(message, &columns(csv, all, name)).into());
    };
    let train = all.select(training);
    let values = train.values(target);
    let are_numbers = values.iter().all(|value| value.parse::<f64>().is_ok());
    let outputs = match config.data.task {
        Some(Task::Numbers) => {
            has_amounts(config, csv, all, target)?;
            Outputs::Numbers(1)
        }
        Some(Task::Classes) => classes(config, csv, all, target, values)?,
        None if !are_numbers => classes(config, csv, all, target, values)?,
        None => {
            let message = format!("the column {name:?} has numbers: are they amounts, or names of classes?");
            return Err(fault(message, "add `task = \"numbers\"` or `task = \"classes\"`").into());
        }
    };
    let encoder = encoder(config, csv, all)?;
    notes(config, csv, all).iter().for_each(warn);
    // Of several wrong cells the first in the file is told, whichever part it is in.
    let learnt = encoder.clone().fit(&train).map_err(|error| encoder.fit(all).err().unwrap_or(error));
    Ok((learnt.map_err(in_words)?, outputs))
}

/// The classes that the training part has, if it has all that there are.
fn classes(config: &Config, csv: &Csv, all: &Records, target: usize, known: Vec<String>) -> Result<Outputs> {
    let values = all.values(target);
    let in_training: HashSet<&String> = known.iter().collect();
    let Some(other) = values.iter().find(|value| !in_training.contains(value)) else {
        return Ok(Outputs::Classes(known));
    };
    let are_amounts = values.len() > all.len() / 2 && values.iter().all(|value| value.parse::<f64>().is_ok());
    let help = match are_amounts {
        true => "if its numbers are amounts, set `task = \"numbers\"`",
        false => "give more rows of it, or drop those that there are; another `seed` may do, too",
    };
    let message = format!(
        "the class {other:?} is in the test or the validation part only, by chance, since it is rare"
    );
    Err(config.source.fault(csv.target.at.clone(), message, help).into())
}

/// Whether no target, which this column has, is a text where numbers are to be told.
fn has_amounts(config: &Config, csv: &Csv, table: &Records, target: usize) -> Result<()> {
    let is_text = |row: &usize| table.cell(*row, target).is_some_and(|cell| cell.parse::<f64>().is_err());
    let Some(row) = (0..table.len()).find(is_text) else { return Ok(()) };
    let (text, line, file) =
        (table.cell(row, target).unwrap_or_default(), table.line(row), csv.files.train.value.display());
    let name = &csv.target.value;
    let message = format!("the target {name:?} is no number in line {line} of {file}, but {text:?}");
    let help = comma(text).unwrap_or_else(|| {
        "if its values are names, set `task = \"classes\"`; otherwise write a number there".to_owned()
    });
    Err(config.source.fault_of("data", &["task"], message, help).into())
}

/// Inputs and targets, row by row.
pub(crate) fn part(csv: &Csv, records: &Records, encoder: &Encoder, outputs: &Outputs) -> Result<Part> {
    let target = records.column(&csv.target.value)?;
    let y = match outputs {
        Outputs::Classes(classes) => Targets::Classes(records.labels(target, classes)?),
        Outputs::Numbers(_) => Targets::Numbers(records.numbers(target)?),
    };
    Ok(Part { x: encoder.encode(records).map_err(in_words)?, y })
}

/// An encoder as the settings want it, which has learnt nothing yet.
fn encoder(config: &Config, csv: &Csv, all: &Records) -> Result<Encoder> {
    let mut encoder = Encoder::new().leave_out(&csv.target.value);
    for (names, help) in [
        (&csv.leave_out, "drop it there: a target is no input in any case"),
        (&csv.categories, "drop it there: of a target, `task = \"classes\"` says that its numbers are names"),
    ] {
        if names.value.contains(&csv.target.value) {
            let message = format!("{:?} is the target, and no column of inputs", csv.target.value);
            return Err(config.source.fault(names.at.clone(), message, help).into());
        }
        if let Some(column) = names.value.iter().find(|column| !all.names().contains(column)) {
            let message = format!("{} has no column {column:?}", csv.files.train.value.display());
            return Err(config.source.fault(names.at.clone(), message, columns(csv, all, column)).into());
        }
        let mut seen = HashSet::new();
        if let Some(column) = names.value.iter().find(|column| !seen.insert(*column)) {
            let message = format!("the column {column:?} is named twice");
            return Err(config.source.fault(names.at.clone(), message, "name it once").into());
        }
    }
    if let Some(column) = csv.categories.value.iter().find(|column| csv.leave_out.value.contains(column)) {
        let message = format!("the column {column:?} is left out, and no input");
        let help = "drop it here, or in `leave_out`";
        return Err(config.source.fault(csv.categories.at.clone(), message, help).into());
    }
    encoder = csv.leave_out.value.iter().fold(encoder, Encoder::leave_out);
    encoder = csv.categories.value.iter().fold(encoder, Encoder::categories);
    if csv.fill_missing {
        encoder = encoder.fill_missing();
    }
    if csv.accept_unknown {
        encoder = encoder.accept_unknown();
    }
    Ok(encoder)
}
