//! Samples from tables: the target column told from the others.

use crate::data::{Part, Targets, parts};
use crate::describe::{Description, Outputs};
use crate::settings::{Config, Csv, Task};
use std::error::Error;
use wengert::Rng;
use wengert::data::{CsvOptions, Encoder, Records, read_records};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

type Table = (Part, Part, Option<Encoder>, Outputs);

/// The training and the test part, and what was learnt of them; see [`crate::data::load`].
pub(crate) fn read(config: &Config, csv: &Csv, rng: &mut Rng, known: Option<&Description>) -> Result<Table> {
    let train = read_records(&csv.train, &options(csv))?;
    if known.is_none() && config.data.task == Some(Task::Numbers) {
        has_amounts(config, csv, &train)?;
    }
    let (train, test) = match &csv.test {
        Some(test) => (train, read_records(test, &options(csv))?),
        None => {
            let (rows, others) = parts(train.len(), config, rng)?;
            (train.select(&rows), train.select(&others))
        }
    };
    let fault = |message, help: &str| config.source.fault(csv.target.at.clone(), message, help);
    let name = &csv.target.value;
    let Some(target) = train.names().iter().position(|own| own == name) else {
        let (file, names) = (csv.train.display(), train.names());
        return Err(
            fault(format!("{file} has no column {name:?}"), &format!("its columns are {names:?}")).into()
        );
    };
    let values = train.values(target);
    let are_numbers = values.iter().all(|value| value.parse::<f64>().is_ok());
    let outputs = match (known, config.data.task) {
        (Some(known), _) => known.outputs.clone(),
        (None, Some(Task::Numbers)) => Outputs::Numbers(1),
        (None, Some(Task::Classes)) => Outputs::Classes(values),
        (None, None) if !are_numbers => Outputs::Classes(values),
        (None, None) => {
            let message = format!("the column {name:?} has numbers: are they amounts, or names of classes?");
            return Err(fault(message, "add `task = \"numbers\"` or `task = \"classes\"`").into());
        }
    };
    let encoder = match known.and_then(|known| known.encoder.clone()) {
        Some(encoder) => encoder,
        None => encoder(config, csv, &train)?,
    };
    let part = |records: &Records| -> Result<Part> {
        let target = records.column(name)?;
        let y = match &outputs {
            Outputs::Classes(classes) => Targets::Classes(records.labels(target, classes)?),
            Outputs::Numbers(_) => Targets::Numbers(records.numbers(target)?),
        };
        Ok(Part { x: encoder.encode(records)?, y })
    };
    Ok((part(&train)?, part(&test)?, Some(encoder), outputs))
}

/// Whether no target is a text, where numbers are to be told.
fn has_amounts(config: &Config, csv: &Csv, table: &Records) -> Result<()> {
    let name = &csv.target.value;
    let Some(target) = table.names().iter().position(|own| own == name) else { return Ok(()) };
    let is_text = |row: &usize| table.cell(*row, target).is_some_and(|cell| cell.parse::<f64>().is_err());
    let Some(row) = (0..table.len()).find(is_text) else { return Ok(()) };
    let (text, line, file) =
        (table.cell(row, target).unwrap_or_default(), table.line(row), csv.train.display());
    let message = format!("the target {name:?} is no number in line {line} of {file}, but {text:?}");
    let help = "if its values are names, set `task = \"classes\"`; otherwise write a number there";
    Err(config.source.fault_of("data", &["task"], message, help).into())
}

/// What the columns of the training part are.
fn encoder(config: &Config, csv: &Csv, train: &Records) -> Result<Encoder> {
    let mut encoder = Encoder::new().leave_out(&csv.target.value);
    for names in [&csv.leave_out, &csv.categories] {
        if let Some(column) = names.value.iter().find(|column| !train.names().contains(column)) {
            let message = format!("{} has no column {column:?}", csv.train.display());
            let help = format!("its columns are {:?}", train.names());
            return Err(config.source.fault(names.at.clone(), message, help).into());
        }
    }
    encoder = csv.leave_out.value.iter().fold(encoder, Encoder::leave_out);
    encoder = csv.categories.value.iter().fold(encoder, Encoder::categories);
    if csv.fill_missing {
        encoder = encoder.fill_missing();
    }
    Ok(encoder.fit(train)?)
}

pub(crate) fn options(csv: &Csv) -> CsvOptions {
    CsvOptions { header: csv.header, delimiter: csv.delimiter, ..CsvOptions::default() }
}
