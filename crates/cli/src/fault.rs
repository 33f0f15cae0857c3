//! What is wrong with the settings: which line, why, and what to do.

use crate::section::Given;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{error, fmt};

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
        let message = format!("the file {} {what}", path.display());
        let help = "give a path from the folder of the settings, or a whole one";
        Err(self.fault(file.at.clone(), message, help))
    }

    /// A fault at these bytes.
    pub(crate) fn fault(&self, at: Range<usize>, message: String, help: impl Into<String>) -> Fault {
        Fault { source: self.clone(), at, message, help: help.into() }
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snippet = Snippet::source(&*self.source.text)
            .path(self.source.path.to_string_lossy())
            .annotation(AnnotationKind::Primary.span(self.at.clone()));
        let report = Level::ERROR
            .primary_title(&*self.message)
            .element(snippet)
            .element(Level::HELP.message(&*self.help));
        let text = Renderer::plain().render(&[report]);
        f.write_str(text.strip_prefix("error: ").unwrap_or(&text))
    }
}

impl error::Error for Fault {}
