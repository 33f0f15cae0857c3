//! `wengert predict`: what a model tells of samples whose targets nobody knows, as CSV.

use crate::data;
use crate::describe::Outputs;
use crate::evaluate;
use crate::model::Network;
use crate::settings::Config;
use crate::target::may_be_written;
use crate::tell::tell;
use std::error::Error;
use std::path::Path;
use std::{fs, io, iter};
use wengert::files::replace;

/// Tells the samples of a file, one line for each: the class and the probability of each class, or the numbers.
pub(crate) fn run(config: &Config, file: &Path, output: Option<&Path>) -> Result<(), Box<dyn Error>> {
    if let Some(output) = output {
        may_be_written(config, output, Some(file))?;
    }
    let (net, description, own) = Network::load(config)?;
    let x = data::inputs(&config.to_tell(&own)?, &description, file)?;
    let mut text = names(&description.outputs);
    let mut samples = 0..;
    for told in evaluate::outputs(&net, &x) {
        let numbers = match &description.outputs {
            Outputs::Classes(_) => told.softmax(-1),
            Outputs::Numbers(_) => told.clone(),
        };
        let rows = numbers.to_vec();
        for ((row, best), sample) in
            rows.chunks(numbers.dims()[1]).zip(told.argmax(-1).to_vec()).zip(&mut samples)
        {
            if !row.iter().all(|number| number.is_finite()) {
                return Err(format!(
                    "{}: of sample {sample}, counted from 0, the model tells what is no number\n  help: see whether its inputs are in the units of the training",
                    file.display()
                )
                .into());
            }
            let row: Vec<String> = match &description.outputs {
                Outputs::Classes(classes) => {
                    iter::once(cell(&classes[best])).chain(row.iter().map(|p| format!("{p:.6}"))).collect()
                }
                Outputs::Numbers(_) => row.iter().map(ToString::to_string).collect(),
            };
            text.push_str(&row.join(","));
            text.push('\n');
        }
    }
    match output {
        None => tell(text)?,
        Some(path) => write(path, text.as_bytes())
            .map_err(|error| format!("{}: cannot be written ({error})", path.display()))?,
    }
    Ok(())
}

/// Writes a file whole or not at all; a pipe or a device, which nothing can replace, as it comes.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => fs::write(path, text),
        _ => replace(path, |out| out.write_all(text)),
    }
}

/// The first line.
fn names(outputs: &Outputs) -> String {
    let names: Vec<String> = match outputs {
        Outputs::Classes(classes) => iter::once("class".into())
            .chain(classes.iter().map(|class| cell(&format!("p({class})"))))
            .collect(),
        Outputs::Numbers(1) => vec!["prediction".into()],
        Outputs::Numbers(count) => (1..=*count).map(|place| format!("prediction {place}")).collect(),
    };
    names.join(",") + "\n"
}

/// A text as a cell of CSV (RFC 4180).
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
