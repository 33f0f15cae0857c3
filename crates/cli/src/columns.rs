//! Which columns of a table are inputs, and as what: a few lines, however many columns there are.

use crate::describe::Description;
use crate::settings::{Config, Format};
use std::fmt::Write;
use wengert::data::Encoding;

/// How many columns are named of a kind, and how much of a name is shown.
const NAMED: usize = 8;
const LENGTH: usize = 40;

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
        let named = names[..names.len().min(NAMED)].join(", ");
        write!(text, "{kind}: {}: {named}", names.len()).expect("memory");
        if names.len() > NAMED {
            write!(text, " and {} more", names.len() - NAMED).expect("memory");
        }
        text.push('\n');
    }
    text
}

/// A name in quotation marks, or its beginning.
fn short(name: &str) -> String {
    let begin: String = name.chars().take(LENGTH).collect();
    format!("{begin:?}{}", if begin.len() < name.len() { "..." } else { "" })
}
