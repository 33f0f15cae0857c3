//! Samples from tables: the target column told from the others.

use crate::data::{Part, Targets};
use crate::describe::Outputs;
use crate::settings::{Config, Csv, File, Task};
use std::error::Error;
use wengert::data::{CsvOptions, Encoder, Records, read_records};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The rows of a file that the settings name.
pub(crate) fn records(config: &Config, csv: &Csv, file: &File) -> Result<Records> {
    Ok(read_records(config.source.file(file)?, &options(csv))?)
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
        let (file, names) = (csv.files.train.value.display(), all.names());
        return Err(
            fault(format!("{file} has no column {name:?}"), &format!("its columns are {names:?}")).into()
        );
    };
    let train = all.select(training);
    let values = train.values(target);
    let are_numbers = values.iter().all(|value| value.parse::<f64>().is_ok());
    let outputs = match config.data.task {
        Some(Task::Numbers) => {
            has_amounts(config, csv, all, target)?;
            Outputs::Numbers(1)
        }
        Some(Task::Classes) => Outputs::Classes(values),
        None if !are_numbers => Outputs::Classes(values),
        None => {
            let message = format!("the column {name:?} has numbers: are they amounts, or names of classes?");
            return Err(fault(message, "add `task = \"numbers\"` or `task = \"classes\"`").into());
        }
    };
    let encoder = encoder(config, csv, all)?;
    // Of several wrong cells the first in the file is told, whichever part it is in.
    let learnt = encoder.clone().fit(&train).map_err(|error| encoder.fit(all).err().unwrap_or(error))?;
    Ok((learnt, outputs))
}

/// Whether no target, which this column has, is a text where numbers are to be told.
fn has_amounts(config: &Config, csv: &Csv, table: &Records, target: usize) -> Result<()> {
    let is_text = |row: &usize| table.cell(*row, target).is_some_and(|cell| cell.parse::<f64>().is_err());
    let Some(row) = (0..table.len()).find(is_text) else { return Ok(()) };
    let (text, line, file) =
        (table.cell(row, target).unwrap_or_default(), table.line(row), csv.files.train.value.display());
    let name = &csv.target.value;
    let message = format!("the target {name:?} is no number in line {line} of {file}, but {text:?}");
    let help = "if its values are names, set `task = \"classes\"`; otherwise write a number there";
    Err(config.source.fault_of("data", &["task"], message, help).into())
}

/// Inputs and targets, row by row.
pub(crate) fn part(csv: &Csv, records: &Records, encoder: &Encoder, outputs: &Outputs) -> Result<Part> {
    let target = records.column(&csv.target.value)?;
    let y = match outputs {
        Outputs::Classes(classes) => Targets::Classes(records.labels(target, classes)?),
        Outputs::Numbers(_) => Targets::Numbers(records.numbers(target)?),
    };
    Ok(Part { x: encoder.encode(records)?, y })
}

/// An encoder as the settings want it, which has learnt nothing yet.
fn encoder(config: &Config, csv: &Csv, all: &Records) -> Result<Encoder> {
    let mut encoder = Encoder::new().leave_out(&csv.target.value);
    for names in [&csv.leave_out, &csv.categories] {
        if let Some(column) = names.value.iter().find(|column| !all.names().contains(column)) {
            let message = format!("{} has no column {column:?}", csv.files.train.value.display());
            let help = format!("its columns are {:?}", all.names());
            return Err(config.source.fault(names.at.clone(), message, help).into());
        }
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

pub(crate) fn options(csv: &Csv) -> CsvOptions {
    CsvOptions { header: csv.header, delimiter: csv.delimiter, ..CsvOptions::default() }
}
