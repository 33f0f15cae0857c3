//! `wengert predict`: what a model tells of samples whose targets nobody knows, as CSV.

use crate::data;
use crate::describe::Outputs;
use crate::evaluate;
use crate::model::Network;
use crate::settings::Config;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Tells the samples of a file, one line for each: the class and the probability of each class, or the numbers.
pub(crate) fn run(config: &Config, file: &Path, output: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let (net, description) = Network::load(config)?;
    let told = evaluate::outputs(&net, &data::inputs(config, &description, file)?);
    let mut text = String::new();
    let width = description.outputs.count();
    match &description.outputs {
        Outputs::Classes(classes) => {
            text.push_str("class");
            for class in classes {
                text.push_str(&format!(",{}", cell(&format!("p({class})"))));
            }
            let probabilities = told.softmax(-1).to_vec();
            for (row, best) in probabilities.chunks(width).zip(told.argmax(-1).to_vec()) {
                write!(text, "\n{}", cell(&classes[best]))?;
                row.iter().try_for_each(|p| write!(text, ",{p:.6}"))?;
            }
        }
        Outputs::Numbers(count) => {
            let names: Vec<String> = match count {
                1 => vec!["prediction".into()],
                count => (1..=*count).map(|place| format!("prediction {place}")).collect(),
            };
            text.push_str(&names.join(","));
            for row in told.to_vec().chunks(width) {
                let row: Vec<String> = row.iter().map(ToString::to_string).collect();
                write!(text, "\n{}", row.join(","))?;
            }
        }
    }
    text.push('\n');
    match output {
        None => std::io::stdout().write_all(text.as_bytes())?,
        Some(path) => {
            std::fs::write(path, text)
                .map_err(|error| format!("{}: cannot be written ({error})", path.display()))?;
        }
    }
    Ok(())
}

/// A text as a cell of CSV (RFC 4180).
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
