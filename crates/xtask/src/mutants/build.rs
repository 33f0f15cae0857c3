//! Compiles all mutants at once, in a copy of the sources.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::find::Rule;
use super::{Mutant, Tests};
use crate::workspace::Workspace;
use crate::{Result, process};

/// The library that reads the number.
const LIBRARY: &str = "crates/autograd/src/lib.rs";

/// What is added to the library.
const READER: &str = r#"
/// The mutant that the environment chooses.
pub(crate) fn mutant() -> usize {
    static MUTANT: std::sync::LazyLock<usize> =
        std::sync::LazyLock::new(|| std::env::var("WENGERT_MUTANT").map_or(0, |number| number.parse().unwrap_or(0)));
    *MUTANT
}
"#;

const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Writes the mutants into the copy and builds the tests, without those that do not compile.
pub(super) fn build(
    workspace: &Workspace,
    copy: &Path,
    files: &HashMap<String, (String, Vec<Rule>)>,
    mutants: &mut [Mutant],
) -> Result<Vec<Tests>> {
    let library = read(&workspace.root.join(LIBRARY))?;
    write(&copy.join(LIBRARY), &format!("{library}{READER}"))?;
    loop {
        for (file, (source, rules)) in files {
            write(&copy.join(file), &with_arms(file, source, rules, mutants))?;
        }
        println!("  building {} of them", mutants.iter().filter(|mutant| mutant.compiles).count());
        let mut command =
            workspace.cargo("test --no-run --message-format=json -p tests -p wengert-autograd --lib --tests");
        command
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", workspace.target.join("mutants"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("RUSTFLAGS", "--cap-lints=allow");
        let (failed, messages) = match process::run(&mut command, BUILD_LIMIT, process::silent) {
            Ok(output) => (false, output.stdout),
            Err(transcript) => (true, transcript),
        };
        let messages: Vec<Value> =
            messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if !failed {
            return Ok(messages.iter().filter_map(tests_of).collect());
        }
        let mut dropped = 0;
        for (file, line) in messages.iter().flat_map(errors) {
            for mutant in mutants.iter_mut().filter(|m| m.compiles && m.file == file && m.arm.contains(&line))
            {
                mutant.compiles = false;
                dropped += 1;
            }
        }
        if dropped == 0 {
            let texts = messages.iter().filter_map(|m| m["message"]["rendered"].as_str());
            return Err(format!(
                "the copy does not compile, and no mutant is to blame\n{}",
                texts.collect::<String>()
            ));
        }
    }
}

/// The text of a file with an arm for each mutant that compiles, as far as that is known.
fn with_arms(file: &str, source: &str, rules: &[Rule], mutants: &mut [Mutant]) -> String {
    let (mut text, mut done) = (String::new(), 0);
    for rule in rules {
        text.push_str(&source[done..rule.body.start]);
        text.push_str("{ match crate::mutant() {\n");
        let body = &source[rule.body.clone()];
        for (number, mutant) in (1..).zip(&mut *mutants) {
            let at = &mutant.change.at;
            if !mutant.compiles || mutant.file != file || at.start < rule.body.start || at.end > rule.body.end
            {
                continue;
            }
            let mut changed = body.to_owned();
            changed.replace_range(at.start - rule.body.start..at.end - rule.body.start, &mutant.change.by);
            let first = 1 + text.matches('\n').count();
            text.push_str(&format!("{number} => {changed}\n"));
            mutant.arm = first..1 + text.matches('\n').count();
        }
        text.push_str(&format!("_ => {body}\n}} }}"));
        done = rule.body.end;
    }
    text + &source[done..]
}

/// The file and line of each place to which a message of the compiler points, if it is an error.
fn errors(message: &Value) -> Vec<(String, usize)> {
    let message = &message["message"];
    if message["level"] != "error" {
        return Vec::new();
    }
    let spans = message["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true);
    let place =
        |span: &Value| Some((span["file_name"].as_str()?.to_owned(), span["line_start"].as_u64()? as usize));
    spans.filter_map(place).collect()
}

/// The program that a message of cargo names, if it is one of tests.
fn tests_of(message: &Value) -> Option<Tests> {
    if message["profile"]["test"] != true {
        return None;
    }
    Some(Tests {
        program: message["executable"].as_str()?.into(),
        directory: Path::new(message["manifest_path"].as_str()?).parent()?.to_owned(),
    })
}

/// Copies what git knows or would take.
pub(super) fn copy_sources(workspace: &Workspace, to: &Path) -> Result {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(&workspace.root);
    let files = process::run(&mut git, Duration::from_secs(60), process::silent)?.stdout;
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    for file in files.lines().filter(|file| workspace.root.join(file).is_file()) {
        let (from, to) = (workspace.root.join(file), to.join(file));
        let folder = to.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        std::fs::copy(&from, &to).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// The Rust files below a folder, relative to `root`, in order.
pub(super) fn sources(root: &Path, folder: &Path) -> Result<Vec<String>> {
    let entries =
        std::fs::read_dir(root.join(folder)).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        if root.join(&path).is_dir() {
            found.extend(sources(root, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
