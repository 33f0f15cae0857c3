//! `wengert`: a network trained from a file of settings, without a program of one's own.

mod arrays;
mod begun;
mod checks;
mod columns;
mod config;
mod data;
mod describe;
mod evaluate;
mod export;
mod fault;
mod help;
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

use lexopt::Arg::{Long, Short, Value};
use settings::Config;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use tell::tell;

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
    if let Some(threads) = std::env::var_os("WENGERT_THREADS")
        && threads.to_str().and_then(|threads| threads.parse().ok()).is_none_or(|threads: usize| threads == 0)
    {
        return Err(format!(
            "WENGERT_THREADS is {threads:?}, and no number of threads\n  help: give one from 1 on"
        )
        .into());
    }
    let (mut words, mut resume, mut output) = (Vec::<PathBuf>::new(), false, None);
    while let Some(arg) = args.next()? {
        match arg {
            Value(word) => words.push(PathBuf::from(word)),
            Long("resume") => resume = true,
            Long("output") => output = Some(PathBuf::from(args.value()?)),
            Short('h') | Long("help") => {
                let command = words.first().and_then(|word| help::of(word.to_str()?));
                tell(command.unwrap_or_else(|| help::ALL.to_owned()))?;
                return Ok(ExitCode::SUCCESS);
            }
            Short('V') | Long("version") => {
                tell(format_args!("wengert {}\n", env!("CARGO_PKG_VERSION")))?;
                return Ok(ExitCode::SUCCESS);
            }
            Long(name) => return Err(help::no_option(&format!("--{name}")).into()),
            Short(name) => return Err(help::no_option(&format!("-{name}")).into()),
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
        ("help", [topic]) => tell(help::on(&topic.to_string_lossy())?)?,
        ("help" | "", []) => tell(help::ALL)?,
        (command, _) => return Err(help::misused(command).into()),
    }
    Ok(ExitCode::SUCCESS)
}
