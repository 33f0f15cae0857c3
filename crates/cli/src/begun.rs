//! What a training began with, its settings and its samples, and what is no longer so. A file beside the checkpoints keeps it.

use crate::data::Parts;
use crate::fault::{Fault, Source};
use crate::section::Value;
use crate::settings::{Config, Use};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};
use wengert::files::{Archive, FileError};
use wengert::{Callback, InTraining, Plan};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Keys that say when something is done, and not what; and the names of files, where it is the samples that count.
const FREE: [(&str, &[&str]); 3] = [
    ("data", &["train", "train_targets", "validation", "validation_targets", "test", "test_targets"]),
    ("training", &["epochs", "workers", "checkpoint_steps", "tensorboard"]),
    ("output", &["folder"]),
];
const SETTINGS: &str = "settings";

/// Keeps it, for a training that goes on. As one of its callbacks: when a training starts, it has the folder for itself.
pub(crate) struct Keep<'a> {
    pub(crate) config: &'a Config,
    pub(crate) parts: &'a Parts,
    pub(crate) failure: Option<FileError>,
}

impl Callback for Keep<'_> {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_>) {
        let path = path(self.config);
        // What has begun without it goes on with it.
        if plan.is_resumed() && path.exists() {
            return;
        }
        let mut archive = Archive::<f32>::default();
        archive.metadata.insert(SETTINGS.into(), self.config.source.text.clone());
        archive.metadata.extend(sums(self.parts).map(|(part, sum)| (part.to_string(), sum)));
        self.failure = archive.write(path).err();
    }
    fn failure(&mut self) -> Option<FileError> {
        self.failure.take()
    }
}

/// Sees that a training which is to go on has the settings and the samples that it began with. Gives those settings, if they are
/// known.
pub(crate) fn compare(config: &Config, parts: &Parts) -> Result<Option<Config>> {
    let path = path(config);
    if !path.exists() {
        return Ok(None);
    }
    let begun = Archive::<f32>::read(&path)?.metadata;
    let settings = begun.get(SETTINGS).ok_or_else(|| {
        format!("{}: this is not what a training began with\n  help: remove the file, if the settings have not changed since", path.display())
    })?;
    const CURE: &str =
        "go on as it began, or train anew: remove the folder, or give another by `folder` in `[output]`";
    if let Some(fault) = difference(settings, &config.source, "the training began", CURE) {
        return Err(fault.into());
    }
    let source = Source { path: config.source.path.clone(), text: settings.clone() };
    let before = Config::parse(source)?;
    for part in [Use::Validation, Use::Test] {
        let has = before.data.format.has(part);
        if config.data.format.has(part) != has {
            let message =
                format!("the training began {} a file for the {part}", if has { "with" } else { "without" });
            return Err(config.source.fault_of("data", &[part.key()], message, CURE).into());
        }
    }
    for (part, sum) in sums(parts) {
        if begun.get(&part.to_string()) != Some(&sum) {
            let message = format!(
                "the {part} part has other samples than the training began with, or in another order"
            );
            return Err(config.source.fault_of("data", &[part.key()], message, CURE).into());
        }
    }
    Ok(Some(before))
}

fn path(config: &Config) -> PathBuf {
    config.folder.join("checkpoints").join("begun.safetensors")
}

/// The sums of what is learnt from, and of what an epoch is chosen by.
fn sums(parts: &Parts) -> [(Use, String); 2] {
    let watched = if parts.validation.is_some() { Use::Validation } else { Use::Test };
    [(Use::Train, parts.train.sum()), (watched, parts.watched().sum())]
}

/// The first key that makes another training of these settings than of those `then`, with which `who`, such as "the training began".
pub(crate) fn difference(then: &str, now: &Source, who: &str, help: &str) -> Option<Fault> {
    let (before, after) = (values(then), values(&now.text));
    let is_free = |(section, key): &&(String, String)| {
        FREE.iter().any(|(free, keys)| section == free && keys.contains(&&**key))
    };
    let kept = |key: &&(String, String)| {
        before.get(*key).map(|value| &value.sense) == after.get(*key).map(|value| &value.sense)
    };
    let name = before.keys().chain(after.keys()).find(|key| !is_free(key) && !kept(key))?;
    let (section, key) = name;
    Some(match (before.get(name), after.get(name)) {
        (Some(before), Some(after)) => now.fault(
            after.at.clone(),
            format!("`{key}` is {}, but {who} with {}", after.text, before.text),
            help,
        ),
        (None, Some(after)) => {
            now.fault(after.at.clone(), format!("`{key}` is {}, but {who} without it", after.text), help)
        }
        (before, None) => {
            let text = before.map_or("", |before| &before.text);
            now.fault_of(section, &[], format!("`[{section}]` lacks `{key}`, but {who} with {text}"), help)
        }
    })
}

/// A value of the settings.
struct Found {
    text: String,
    at: Range<usize>,
    /// The same for values that mean the same.
    sense: String,
}

/// All settings of a text that has been understood, by section and key.
fn values(text: &str) -> BTreeMap<(String, String), Found> {
    let Ok(document) = DeTable::parse(text) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    for (section, table) in document.get_ref() {
        for (key, value) in table.get_ref().as_table().into_iter().flatten() {
            let (at, sense) = (value.span(), sense(value.get_ref()));
            let name = (section.get_ref().to_string(), key.get_ref().to_string());
            all.insert(name, Found { text: text[at.clone()].to_owned(), at, sense });
        }
    }
    all
}

fn sense(value: &DeValue<'_>) -> String {
    match (f64::of(value), value) {
        (Some(number), _) => number.to_string(),
        (None, DeValue::Array(values)) => values.iter().map(|value| sense(value.get_ref()) + ",").collect(),
        (None, value) => format!("{value:?}"),
    }
}
