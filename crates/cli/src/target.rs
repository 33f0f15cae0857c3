//! Files that a command may write: none that it reads, that the settings name, or that a training has left and goes on from.

use crate::model::{self, Network};
use crate::settings::Config;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Whether the file may be written, or replaced, by a command with these settings that reads `input`.
pub(crate) fn may_be_written(config: &Config, file: &Path, input: Option<&Path>) -> Result<(), String> {
    let is_left =
        || left(config).iter().any(|left| same(file, left)).then(|| "is what a training has left".to_owned());
    match use_of(config, file, input).or_else(is_left) {
        Some(what) => {
            Err(format!("{}: not written, since it {what}\n  help: name another file", file.display()))
        }
        None => Ok(()),
    }
}

/// What a training writes beside its model and its checkpoints.
fn left(config: &Config) -> [PathBuf; 2] {
    ["log.csv", "report.html"].map(|name| config.folder.join(name))
}

/// Whether a training by these settings may write what it leaves: over no file that they name, nor over a model from whose training it
/// does not go on.
pub(crate) fn may_be_trained(config: &Config, has_checkpoints: bool) -> Result<(), Box<dyn Error>> {
    let files = left(config);
    let used = files.iter().find_map(|file| Some((file, use_of(config, file, None)?)));
    if let Some((file, what)) = used {
        let message = format!("the training would write {}, which {what}", file.display());
        let help = "give a folder of its own by `folder` in `[output]`";
        return Err(config.source.fault_of("output", &["folder"], message, help).into());
    }
    if !has_checkpoints && Network::is_kept(config) {
        return Err(format!(
            "{} holds a model, and no checkpoints of its training\n  help: remove the folder, or give another by `folder` in `[output]`",
            config.folder.display()
        )
        .into());
    }
    Ok(())
}

/// What the file is to such a command, if it is to stay as it is.
fn use_of(config: &Config, file: &Path, input: Option<&Path>) -> Option<String> {
    let named = config.data.format.files();
    let (settings, model) = (&config.source.path, model::path(config));
    let read = input.map(|input| (input, "the samples that are to be told"));
    let kept = [(settings.as_path(), "the settings"), (model.as_path(), "the trained model")];
    let named = named.iter().map(|file| (file.value.as_path(), "data that the settings name"));
    let is_file = |(other, _): &(&Path, _)| same(file, other);
    match read.into_iter().chain(kept).chain(named).find(is_file) {
        Some((_, what)) => Some(format!("holds {what}")),
        None if is_within(file, &config.folder.join("checkpoints")) => {
            Some("is among the checkpoints, from which a training goes on".to_owned())
        }
        None => None,
    }
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
