//! `wengert`: a network trained from a file of settings, without a program of one's own.

mod arrays;
mod checks;
mod columns;
mod config;
mod data;
mod describe;
mod evaluate;
mod export;
mod fault;
mod instead;
mod model;
mod predict;
mod section;
mod settings;
mod summary;
mod table;
mod target;
mod tell;
mod train;

use instead::instead;
use lexopt::Arg::{Long, Short, Value};
use settings::Config;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use tell::tell;

const HELP: &str = "\
Trains a multilayer perceptron or a convolutional network from a file of settings, and uses it.

Usage: wengert COMMAND SETTINGS.toml [OPTIONS]

Commands:
  train SETTINGS           Trains, and writes model, checkpoints, log and report into the folder of the settings
      --resume             Goes on from the last checkpoint, to the same bits
  eval SETTINGS            Measures the model on the test part
  predict SETTINGS FILE    Tells the samples of a file, as CSV
      --output FILE        Writes it there instead of printing it
  summary SETTINGS         Prints columns and layers, their shapes and sizes
  export SETTINGS FILE     Writes the model as FILE.onnx or FILE.safetensors
  help [settings]          Prints this, or what may be in the settings

Ctrl-C ends a training after the step, with a checkpoint. WENGERT_THREADS=1 in the environment keeps it to one thread.
";

/// The commands, and what each takes.
const COMMANDS: [(&str, &str); 6] = [
    ("train", "SETTINGS [--resume]"),
    ("eval", "SETTINGS"),
    ("predict", "SETTINGS FILE [--output FILE]"),
    ("summary", "SETTINGS"),
    ("export", "SETTINGS FILE"),
    ("help", "[settings]"),
];

/// What each key of the settings means.
const REFERENCE: &str = include_str!("../reference.md");

fn main() -> ExitCode {
    match run(lexopt::Parser::from_env()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let (mut words, mut resume, mut output) = (Vec::new(), false, None);
    while let Some(arg) = args.next()? {
        match arg {
            Value(word) => words.push(PathBuf::from(word)),
            Long("resume") => resume = true,
            Long("output") => output = Some(PathBuf::from(args.value()?)),
            Short('h') | Long("help") => {
                tell(HELP)?;
                return Ok(ExitCode::SUCCESS);
            }
            Short('V') | Long("version") => {
                tell(format_args!("wengert {}\n", env!("CARGO_PKG_VERSION")))?;
                return Ok(ExitCode::SUCCESS);
            }
            other => {
                return Err(
                    format!("{}\n  help: `wengert help` lists what there is", other.unexpected()).into()
                );
            }
        }
    }
    let words: Vec<&std::path::Path> = words.iter().map(PathBuf::as_path).collect();
    let command = words.first().and_then(|word| word.to_str()).unwrap_or("");
    if resume && command != "train" || output.is_some() && command != "predict" {
        return Err("`--resume` belongs to `train`, `--output` to `predict`".into());
    }
    match (command, &words[words.len().min(1)..]) {
        ("train", [settings]) => return train::run(&Config::read(settings)?, resume),
        ("eval", [settings]) => {
            let config = Config::read(settings)?;
            let (net, description, own) = model::Network::load(&config)?;
            let result = evaluate::of(&net, &description, &data::test(&config, own, &description)?);
            tell(format_args!("{result}\n"))?;
        }
        ("predict", [settings, file]) => predict::run(&Config::read(settings)?, file, output.as_deref())?,
        ("summary", [settings]) => summary::run(&Config::read(settings)?)?,
        ("export", [settings, file]) => export::run(&Config::read(settings)?, file)?,
        ("help", [topic]) if topic.to_str() == Some("settings") => tell(REFERENCE)?,
        ("help" | "", []) => tell(HELP)?,
        (command, _) => return Err(misused(command).into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a command that there is not, or whose arguments are not those that it takes.
fn misused(command: &str) -> String {
    match COMMANDS.iter().find(|(name, _)| *name == command) {
        Some((name, takes)) => format!(
            "`{name}` takes other arguments\n  usage: wengert {name} {takes}\n  help: `wengert help` says what they are"
        ),
        None => {
            let names = COMMANDS.map(|(name, _)| name);
            let meant = instead(command, &names, "the commands are");
            format!(
                "there is no command `{command}`\n  help: {meant}\n  help: `wengert help` says what there is"
            )
        }
    }
}
