//! Files that a command may write: none that it reads, that the settings name, or that a training has left and goes on from.

use crate::model;
use crate::settings::Config;
use std::fs;
use std::path::{Path, PathBuf};

/// Whether the file may be written, or replaced, by a command with these settings that reads `input`.
pub(crate) fn may_be_written(config: &Config, file: &Path, input: Option<&Path>) -> Result<(), String> {
    let named = config.data.format.files();
    let (settings, model) = (&config.source.path, model::path(config));
    let read = input.map(|input| (input, "the samples that are to be told"));
    let kept = [(settings.as_path(), "the settings"), (model.as_path(), "the trained model")];
    let named = named.iter().map(|file| (file.value.as_path(), "data that the settings name"));
    let is_file = |(other, _): &(&Path, _)| same(file, other);
    let why = match read.into_iter().chain(kept).chain(named).find(is_file) {
        Some((_, what)) => format!("it holds {what}"),
        None if is_within(file, &config.folder.join("checkpoints")) => {
            "it is among the checkpoints, from which a training goes on".to_owned()
        }
        None => return Ok(()),
    };
    Err(format!("{}: not written, since {why}\n  help: name another file", file.display()))
}

/// Whether both paths lead to one file, which is there.
fn same(a: &Path, b: &Path) -> bool {
    identity(a).is_some_and(|a| identity(b) == Some(a))
}

/// Whether the file is in the folder, or would be when it is written.
fn is_within(file: &Path, folder: &Path) -> bool {
    let parent = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let whole: Option<PathBuf> = fs::canonicalize(file).or_else(|_| fs::canonicalize(parent)).ok();
    whole.is_some_and(|whole| whole.ancestors().any(|above| same(above, folder)))
}

/// What is one for all names of a file, hard links among them.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// What is one for all paths of a file.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}
