//! Which columns of a table are inputs, and as what: a few lines, however many columns there are.

use crate::describe::{Description, Outputs};
use crate::settings::{Config, Csv, Format};
use std::collections::HashSet;
use std::fmt::Write;
use wengert::data::{Encoding, Records};

/// How many columns are named of a kind, how many in an error, how many in all, and how much of a name is shown.
const NAMED: usize = 8;
const LISTED: usize = 20;
const MOST: usize = 100;
const LENGTH: usize = 40;
/// What a column is called that is the number of each row; the first one of a table from Pandas has no name.
const ROW_NUMBERS: [&str; 5] = ["", "unnamed: 0", "id", "index", "row"];

/// A line for each kind of column; of what is no table, nothing.
pub(crate) fn of(config: &Config, description: &Description) -> String {
    let (Format::Csv(csv), Some(encoder)) = (&config.data.format, &description.encoder) else {
        return String::new();
    };
    let (mut numbers, mut categories) = (Vec::new(), Vec::new());
    for column in &encoder.columns {
        match &column.encoding {
            Encoding::Number { .. } => numbers.push(short(&column.name)),
            Encoding::Categories { values, .. } => {
                categories.push(format!("{} ({} values)", short(&column.name), values.len()));
            }
        }
    }
    let left_out: Vec<String> = csv.leave_out.value.iter().map(|name| short(name)).collect();
    let mut text = String::new();
    for (kind, names) in [
        ("columns of numbers", numbers),
        ("columns of categories", categories),
        ("columns left out", left_out),
    ] {
        if names.is_empty() {
            continue;
        }
        writeln!(text, "{kind}: {}: {}", names.len(), joined(&names, NAMED)).expect("memory");
    }
    text
}

/// What goes in of a table and comes out, in order, as one needs it who uses the network in another program.
pub(crate) fn in_order(description: &Description) -> String {
    let mut text = String::new();
    if let Some(encoder) = &description.encoder {
        let inputs = encoder.inputs();
        writeln!(text, "inputs in order: {}: {}", inputs.len(), named(&inputs, MOST)).expect("memory");
    }
    if let Outputs::Classes(classes) = &description.outputs {
        writeln!(text, "logits in order: {}: {}", classes.len(), named(classes, MOST)).expect("memory");
    }
    text
}

/// The names of columns, for an error.
pub(crate) fn listed(names: &[String]) -> String {
    named(names, LISTED)
}

fn named(names: &[String], most: usize) -> String {
    joined(&names.iter().map(|name| short(name)).collect::<Vec<_>>(), most)
}

/// So many of the texts at most, and how many more there are.
fn joined(texts: &[String], most: usize) -> String {
    let first = texts[..texts.len().min(most)].join(", ");
    match texts.len().saturating_sub(most) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A name in quotation marks, or its beginning.
fn short(name: &str) -> String {
    let begin: String = name.chars().take(LENGTH).collect();
    format!("{begin:?}{}", if begin.len() < name.len() { "..." } else { "" })
}

/// What columns of a table are taken for, and seldom meant as: of those that the settings leave to the program.
pub(crate) fn notes(config: &Config, csv: &Csv, table: &Records) -> Vec<String> {
    let named: HashSet<&String> =
        csv.leave_out.value.iter().chain(&csv.categories.value).chain([&csv.target.value]).collect();
    let open = || table.names().iter().enumerate().filter(|(_, name)| !named.contains(name));
    let note = |message, help: String| {
        config.source.fault_of("data", &["leave_out", "categories", "train"], message, help).note()
    };
    let numbers = open().find(|(column, name)| counts_rows(csv, table, *column, name)).map(|(_, name)| {
        let message = format!("the column {name:?} looks like the number of each row");
        note(message, format!("as an input it is learnt by heart: set `leave_out = [{name:?}]` if it is"))
    });
    let commas = open().find_map(|(column, name)| {
        let cell = with_commas(table, column)?;
        let message =
            format!("the column {name:?} has numbers with a comma, such as {cell:?}, which count as names");
        Some(note(message, format!("set `decimal = \",\"`, or `categories = [{name:?}]` if they are names")))
    });
    let is_number = |name: &String| name.parse::<f64>().is_ok();
    let no_header = (csv.header && table.names().iter().all(is_number)).then(|| {
        let message = "all columns are called by numbers, which the first line of the table has".to_owned();
        note(message, "set `header = false` if that line is a sample".to_owned())
    });
    numbers.into_iter().chain(commas).chain(no_header).collect()
}

/// Whether each cell is one more than that above it, and the column has a name that says so, or none.
fn counts_rows(csv: &Csv, table: &Records, column: usize, name: &str) -> bool {
    let number = |row| table.cell(row, column).and_then(|cell| cell.parse::<u64>().ok());
    let Some(first) = number(0) else { return false };
    let is_called_so = match csv.header {
        true => ROW_NUMBERS.contains(&&*name.to_lowercase()),
        false => column == 0 && first < 2,
    };
    let follows =
        |row: usize| number(row).is_some_and(|number| number.checked_sub(first) == Some(row as u64));
    is_called_so && table.len() > 1 && (1..table.len()).all(follows)
}

/// The first cell of a column whose cells are all numbers but for a comma.
fn with_commas(table: &Records, column: usize) -> Option<&str> {
    let mut cells = (0..table.len()).filter_map(|row| table.cell(row, column));
    let first = cells.next().filter(|cell| with_point(cell).is_some())?;
    cells.all(|cell| with_point(cell).is_some()).then_some(first)
}

/// What to do about a number with a comma, if the text is one.
pub(crate) fn comma(text: &str) -> Option<String> {
    with_point(text).map(|number| format!("write `{number}`, with a point, or set `decimal = \",\"`"))
}

/// A number that has a comma where a point should be, as it should be.
fn with_point(text: &str) -> Option<String> {
    let pointed = text.replacen(',', ".", 1);
    (pointed != text && pointed.parse::<f64>().is_ok()).then_some(pointed)
}
