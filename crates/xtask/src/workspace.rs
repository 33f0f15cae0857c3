//! Where things are: the repository, cargo's target directory, and what cargo says about the packages.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Result, process};

/// The repository in which the task runs.
pub(crate) struct Workspace {
    /// The repository's top directory.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the environment or a configuration file puts it.
    pub(crate) target: PathBuf,
    packages: Vec<Value>,
}

impl Workspace {
    /// Asks `cargo metadata`.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("crates/xtask stands two levels below the root")
            .to_path_buf();
        let mut metadata = cargo_in(&root);
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = process::run(&mut metadata, Duration::from_secs(120), process::silent)?;
        let value: Value = serde_json::from_str(&output.stdout)
            .map_err(|error| format!("`cargo metadata` did not print JSON: {error}"))?;
        let target =
            value["target_directory"].as_str().ok_or("`cargo metadata` names no target directory")?;
        let packages = value["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
        Ok(Self { root, target: PathBuf::from(target), packages: packages.clone() })
    }

    /// The cargo that runs us, at the top of the repository.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut command = cargo_in(&self.root);
        command.args(arguments.split_whitespace());
        command
    }

    /// What the compiler that cargo takes answers.
    pub(crate) fn rustc(&self, arguments: &str) -> Result<String> {
        let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        command.args(arguments.split_whitespace()).current_dir(&self.root);
        let answer = process::run(&mut command, Duration::from_secs(20), process::silent)?;
        Ok(answer.stdout.trim().to_owned())
    }

    /// The names and source files of the targets of one kind (`example`, `bin`, ...) of a package.
    pub(crate) fn targets(&self, package: &str, kind: &str) -> Vec<(String, PathBuf)> {
        self.packages
            .iter()
            .filter(|candidate| candidate["name"] == package)
            .filter_map(|package| package["targets"].as_array())
            .flatten()
            .filter(|target| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == kind)))
            .filter_map(|target| {
                Some((target["name"].as_str()?.to_owned(), target["src_path"].as_str()?.into()))
            })
            .collect()
    }
}

fn cargo_in(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
