//! `cargo xtask examples`: every file in `examples/` runs in release, without an argument and within its time, and
//! `digits` reaches its accuracy on each of five seeds. With `--long`, those on real data train to their end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workspace::Workspace;
use crate::{Result, apt, process};

/// The longest that all examples together may take to compile.
const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);
/// The longest that one example may run.
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// The longest that one may run to its end.
const LONG_LIMIT: Duration = Duration::from_secs(60 * 60);
/// The exit code of an example whose data is not there: `NO_DATA` in `examples/src/real.rs`.
const NO_DATA: i32 = 2;
/// A package with data, and where it puts it.
const FASHION: (&str, &str) = ("dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist");
/// `digits` must learn on each of these, not on a lucky one.
const SEEDS: std::ops::Range<u64> = 0..5;
/// The least accuracy of `digits` on held-out data.
const ACCURACY: f64 = 0.96;
/// The longest that `digits` may train, in seconds.
const SECONDS: f64 = 10.0;

/// Builds the examples once, runs each, those on real data in their short form, and then `digits` with its seeds. One failure does not
/// hide another. An example whose data is not there is left out, in so many words.
pub(crate) fn run(workspace: &Workspace) -> Result {
    let examples = discover(workspace)?;
    let mut failures = Vec::new();
    run_each(workspace, &examples, Form::Short, &mut failures)?;
    if examples.iter().any(|name| name == "digits") {
        for seed in SEEDS {
            match digits(workspace, seed) {
                Ok(line) => println!("  {line}"),
                Err(message) => failures.push(message),
            }
        }
    } else {
        failures.push("there is no example `digits`, whose accuracy this task is to check".to_owned());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n")) }
}

/// Runs the examples on real data to their end. Data that is not there is a failure.
pub(crate) fn long(workspace: &Workspace) -> Result {
    let mut examples = discover(workspace)?;
    examples.retain(|name| {
        let source = workspace.root.join("examples").join(format!("{name}.rs"));
        std::fs::read_to_string(source).is_ok_and(|source| source.contains("use examples::real::"))
    });
    let mut failures = Vec::new();
    run_each(workspace, &examples, Form::Long, &mut failures)?;
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n")) }
}

/// How far an example trains.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Short,
    Long,
}

/// Builds the examples and runs each of these.
fn run_each(workspace: &Workspace, examples: &[String], form: Form, failures: &mut Vec<String>) -> Result {
    let mut build = workspace.cargo("build --release -p examples");
    examples.iter().for_each(|name| {
        build.args(["--example", name]);
    });
    process::run(&mut build, BUILD_LIMIT, process::silent)?;
    let (package, folder) = FASHION;
    if !Path::new(folder).exists()
        && let Err(reason) = apt::install(package)
    {
        println!("  {reason}");
    }
    for name in examples {
        let start = Instant::now();
        let mut program = program(workspace, name)?;
        let limit = match form {
            Form::Short => {
                program.env("WENGERT_EXAMPLES", "short");
                RUN_LIMIT
            }
            Form::Long => {
                program.env_remove("WENGERT_EXAMPLES");
                LONG_LIMIT
            }
        };
        let outcome = process::finish(&mut program, limit, tells_what_was_reached)
            .and_then(|(status, output)| outcome(status.code(), &output.transcript, form));
        match outcome {
            Ok(Outcome::Passed) => println!("  {name}: {:.1} s", start.elapsed().as_secs_f64()),
            Ok(Outcome::LeftOut) => println!("  {name}: LEFT OUT, its data is not here; see README.md"),
            Err(message) => {
                println!("  {name}: FAILED; what it printed comes at the end");
                failures.push(format!("example {name}:\n{message}"));
            }
        }
    }
    Ok(())
}

/// The lines of an example on real data that are worth showing when all is well.
fn tells_what_was_reached(line: &str) -> bool {
    ["; expected ", " s of processor time"].iter().any(|part| line.contains(part))
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Passed,
    LeftOut,
}

/// What the exit code of an example means. Without its data it has shown nothing, which is well only where it need not.
fn outcome(code: Option<i32>, transcript: &str, form: Form) -> Result<Outcome> {
    match code {
        Some(0) => Ok(Outcome::Passed),
        Some(NO_DATA) if form == Form::Short => Ok(Outcome::LeftOut),
        Some(code) => Err(format!("{transcript}it ended with exit code {code}")),
        None => Err(format!("{transcript}it was ended by a signal")),
    }
}

/// The names of the examples. A file that no target declares would never be compiled, so it is an error.
fn discover(workspace: &Workspace) -> Result<Vec<String>> {
    let directory = workspace.root.join("examples");
    let declared = workspace.targets("examples", "example");
    let files = std::fs::read_dir(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut forgotten: Vec<PathBuf> = files
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter(|file| !declared.iter().any(|(_, source)| source == file))
        .collect();
    forgotten.sort();
    if let Some(file) = forgotten.first() {
        return Err(format!(
            "{} is not declared as an [[example]] in examples/Cargo.toml, so nothing compiles it",
            file.strip_prefix(&workspace.root).unwrap_or(file).display()
        ));
    }
    let mut names: Vec<String> = declared.into_iter().map(|(name, _)| name).collect();
    names.sort();
    Ok(names)
}

/// The built example, to be run in an empty directory of its own: the pictures it draws do not belong in the tree.
fn program(workspace: &Workspace, name: &str) -> Result<Command> {
    let directory = workspace.target.join("examples-run").join(name);
    empty(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(workspace.target.join("release").join("examples").join(file));
    command.current_dir(directory);
    Ok(command)
}

fn empty(directory: &Path) -> std::io::Result<()> {
    if directory.exists() {
        std::fs::remove_dir_all(directory)?;
    }
    std::fs::create_dir_all(directory)
}

/// Trains `digits` once and judges the line of JSON that it prints.
fn digits(workspace: &Workspace, seed: u64) -> Result<String> {
    let mut command = program(workspace, "digits")?;
    command.args(["--json", "--seed", &seed.to_string()]);
    let output = process::run(&mut command, RUN_LIMIT, process::silent)?;
    judge(output.stdout.trim(), seed).map_err(|reason| format!("digits --json --seed {seed}: {reason}"))
}

/// Whether a report of `digits` is good enough; in either case in words.
fn judge(json: &str, seed: u64) -> Result<String> {
    let report: Value = serde_json::from_str(json)
        .map_err(|error| format!("expected one line of JSON on standard output, got {json:?}: {error}"))?;
    let number = |key: &str| report[key].as_f64().ok_or(format!("no number `{key}` in {json}"));
    if report["example"] != "digits" || report["seed"] != seed {
        return Err(format!("expected `example` to be \"digits\" and `seed` to be {seed}, got {json}"));
    }
    for key in ["epochs", "test_loss"] {
        number(key)?;
    }
    let (accuracy, seconds) = (number("test_accuracy")?, number("seconds")?);
    if !(ACCURACY..=1.0).contains(&accuracy) {
        return Err(format!("test accuracy {accuracy:.4}, expected {ACCURACY} to 1"));
    }
    if !(0.0..SECONDS).contains(&seconds) {
        return Err(format!("{seconds:.1} s, expected less than {SECONDS}"));
    }
    Ok(format!("digits, seed {seed}: test accuracy {accuracy:.4}, {seconds:.1} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(accuracy: &str, seconds: &str) -> String {
        format!(
            r#"{{"example":"digits","seed":3,"epochs":40,"test_accuracy":{accuracy},"test_loss":0.1,"seconds":{seconds}}}"#
        )
    }

    #[test]
    fn an_example_without_its_data_is_left_out_but_not_of_the_long_run() {
        assert_eq!(outcome(Some(0), "", Form::Long), Ok(Outcome::Passed));
        assert_eq!(outcome(Some(NO_DATA), "", Form::Short), Ok(Outcome::LeftOut));
        for (code, form, reason) in [
            (Some(NO_DATA), Form::Long, "exit code 2"),
            (Some(1), Form::Short, "exit code 1"),
            (Some(101), Form::Short, "exit code 101"),
            (None, Form::Short, "a signal"),
        ] {
            let message = outcome(code, "loss: 1.8 falls short\n", form).unwrap_err();
            assert!(message.contains("loss: 1.8") && message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_good_report_passes() {
        assert_eq!(judge(&report("0.96", "1.25"), 3).unwrap(), "digits, seed 3: test accuracy 0.9600, 1.2 s");
    }

    #[test]
    fn what_is_missing_or_not_good_enough_is_named() {
        for (json, seed, complaint) in [
            (report("0.9599", "1"), 3, "test accuracy 0.9599"),
            (report("96.5", "1"), 3, "expected 0.96 to 1"),
            (report("0.97", "10"), 3, "10.0 s"),
            (report("null", "1"), 3, "no number `test_accuracy`"),
            (report("0.97", "1"), 4, "`seed` to be 4"),
            ("epoch 1\n{}".to_owned(), 3, "one line of JSON"),
            (String::new(), 3, "one line of JSON"),
        ] {
            let message = judge(&json, seed).unwrap_err();
            assert!(message.contains(complaint), "{json}: {message}");
        }
    }
}
