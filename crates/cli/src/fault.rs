//! What is wrong with the settings: which line, why, and what to do.

use crate::section::Given;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{error, fmt};
use toml::de::DeTable;

/// A file of settings, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where it lies; the paths in it start from its folder.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) text: String,
}

impl Source {
    /// The path of a file that these settings name, which has to be there.
    pub(crate) fn file<'a>(&self, file: &'a Given<PathBuf>) -> Result<&'a Path, Fault> {
        let path = &file.value;
        if path.is_file() {
            return Ok(path);
        }
        let what = if path.is_dir() { "is a folder" } else { "is not there" };
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let message = format!("the file {} {what}", whole.display());
        let help = "paths start from the folder of the settings, unless they begin at the root";
        Err(self.fault(file.at.clone(), message, help))
    }

    /// A fault at these bytes.
    pub(crate) fn fault(&self, at: Range<usize>, message: String, help: impl Into<String>) -> Fault {
        Fault { source: self.clone(), at, message, help: help.into() }
    }

    /// A fault at the value of the first of these keys that is there, or else at their section.
    pub(crate) fn fault_of(
        &self,
        section: &str,
        keys: &[&str],
        message: String,
        help: impl Into<String>,
    ) -> Fault {
        self.fault(self.place(section, keys).unwrap_or_default(), message, help)
    }

    fn place(&self, section: &str, keys: &[&str]) -> Option<Range<usize>> {
        let document = DeTable::parse(&self.text).ok()?.into_inner();
        let section = document.get(section)?;
        let table = section.get_ref().as_table()?;
        Some(keys.iter().find_map(|key| table.get(*key)).unwrap_or(section).span())
    }
}

/// Something wrong at a place in the settings.
#[derive(Debug)]
pub(crate) struct Fault {
    source: Source,
    at: Range<usize>,
    message: String,
    help: String,
}

impl Fault {
    /// As a note, of what is allowed and seldom meant.
    pub(crate) fn note(&self) -> String {
        self.shown(Level::NOTE)
    }

    fn shown(&self, level: Level<'_>) -> String {
        let snippet = Snippet::source(&*self.source.text)
            .path(self.source.path.to_string_lossy())
            .annotation(AnnotationKind::Primary.span(self.at.clone()));
        let report =
            level.primary_title(&*self.message).element(snippet).element(Level::HELP.message(&*self.help));
        Renderer::plain().render(&[report])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.shown(Level::ERROR);
        f.write_str(text.strip_prefix("error: ").unwrap_or(&text))
    }
}

impl error::Error for Fault {}
