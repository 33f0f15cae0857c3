//! What can be wrong with a file of tensors: [`FileError`] says which file, which entry of it, where, why, and what to do.

use autograd::Shape;
use std::{error::Error, fmt, io};

/// What to do about a file that breaks its format.
pub(super) const DAMAGED: &str = "the file is damaged: fetch or write it again";

/// A file that cannot be read or written, that does not hold what its format promises, or that does not fit a network.
///
/// The text names the file, the entry, the place, the reason and a cure. `Debug` prints the same text, because that is what a
/// `main` that returns this error shows.
///
/// ```
/// use nn::files::{Archive, FileErrorKind};
///
/// let error = Archive::<f32>::from_bytes(&[9, 0, 0, 0, 0, 0, 0, 0, b'{', b'}']).unwrap_err();
/// assert!(matches!(error.kind(), FileErrorKind::Truncated { expected: 9, found: 2, .. }));
/// assert_eq!((error.file(), error.entry(), error.offset()), ("the bytes", None, Some(10)));
/// assert_eq!(
///     error.to_string(),
///     "the bytes, byte 10: the file ends after 2 of the 9 bytes of header; it is cut short or of another format: fetch or write it again"
/// );
/// ```
pub struct FileError {
    file: String,
    entry: Option<String>,
    offset: Option<u64>,
    kind: FileErrorKind,
}

/// Why a file was refused.
///
/// ```
/// use nn::files::{FileErrorKind, npy_from_bytes, read_npy};
/// let missing = read_npy::<f32>("no/such/file.npy").unwrap_err();
/// assert!(matches!(missing.kind(), FileErrorKind::Read(error) if error.kind() == std::io::ErrorKind::NotFound));
/// let wrong = npy_from_bytes::<f32>(b"PK\x03\x04 is no array").unwrap_err();
/// assert!(matches!(wrong.kind(), FileErrorKind::Malformed { .. }));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The operating system could not open or read the file.
    Read(io::Error),
    /// The operating system could not write the file. What was there before is unchanged.
    Write(io::Error),
    /// The file ends too early.
    Truncated {
        /// What was to be read.
        part: &'static str,
        /// How many bytes that part has.
        expected: u64,
        /// How many of them are there.
        found: u64,
    },
    /// The bytes are there, but they do not follow the format.
    Malformed {
        /// What is wrong.
        reason: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// The format allows it, but a tensor of this type cannot hold it, or a file of this format cannot.
    Unsupported {
        /// What is asked for.
        reason: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// There is no memory for the tensor.
    Memory {
        /// How many bytes it takes.
        bytes: u64,
    },
    /// The file is sound, but holds other tensors than the network, which is unchanged.
    Mismatch(Box<Mismatch>),
    /// The checkpoint is sound, but holds other things than the program shows it, each of which has a line here.
    Unfit(Vec<String>),
}

/// All in which a file and a network differ. Names are those of the file, paths those of the network.
///
/// ```
/// use nn::{Linear, Rng, Shape, files::{FileErrorKind, from_bytes, to_bytes}};
/// let mut linear = |inputs, outputs| Linear::<f32>::new(inputs, outputs, &mut Rng::seed(0));
/// let bytes = to_bytes(&linear(3, 2))?;
/// let error = from_bytes(&mut (linear(4, 2), linear(2, 1)).0, &bytes).unwrap_err();
/// let FileErrorKind::Mismatch(found) = error.kind() else { panic!("{error}") };
/// assert_eq!(found.shapes, [("weight".to_owned(), Shape::from([2, 3]), Shape::from([2, 4]))]);
/// assert!(found.missing.is_empty() && found.extra.is_empty()); // the bias fits
/// # Ok::<(), nn::files::FileError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Paths for which the file has no entry.
    pub missing: Vec<String>,
    /// Names of entries for which the network has no parameter.
    pub extra: Vec<String>,
    /// Names of entries of another shape than their parameter: with the shape in the file, and that in the network.
    pub shapes: Vec<(String, Shape, Shape)>,
    /// Names of entries whose numbers are no weights, such as integers: with the name of their type in the file.
    pub kinds: Vec<(String, &'static str)>,
    /// Names of entries whose path another entry has already: with that path.
    pub doubled: Vec<(String, String)>,
}

impl FileError {
    pub(crate) fn new(file: &str, offset: Option<u64>, kind: FileErrorKind) -> Self {
        FileError { file: file.to_owned(), entry: None, offset, kind }
    }

    /// The same error, of the entry with this name.
    pub(crate) fn of_entry(self, name: &str) -> Self {
        FileError { entry: Some(name.to_owned()), ..self }
    }

    /// The path of the file, or what stands for it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The name of the tensor, if one is to blame.
    pub fn entry(&self) -> Option<&str> {
        self.entry.as_deref()
    }

    /// The place in the file, as the number of bytes before it.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// What was wrong.
    pub fn kind(&self) -> &FileErrorKind {
        &self.kind
    }
}

impl FileErrorKind {
    pub(crate) fn malformed(reason: impl Into<String>, cure: &'static str) -> Self {
        Self::Malformed { reason: reason.into(), cure }
    }

    pub(crate) fn unsupported(reason: impl Into<String>, cure: &'static str) -> Self {
        Self::Unsupported { reason: reason.into(), cure }
    }
}

impl Mismatch {
    /// Whether file and network fit.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What stands in the file before every path that is missing, if there is such a prefix.
    fn prefix(&self) -> Option<&str> {
        let first = self.missing.first()?;
        let begins = |name: &str, prefix: &str, path: &str| name.strip_prefix(prefix) == Some(path);
        self.extra.iter().filter_map(|name| name.strip_suffix(first.as_str())).find(|prefix| {
            let is_there = |path: &String| self.extra.iter().any(|name| begins(name, prefix, path));
            prefix.ends_with('.') && self.missing.iter().all(is_there)
        })
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(entry) = &self.entry {
            write!(f, ", entry {entry:?}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, ", byte {offset}")?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl fmt::Debug for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            FileErrorKind::Read(error) | FileErrorKind::Write(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for FileErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read ({error}); check the path and the permissions"),
            Self::Write(error) => write!(
                f,
                "cannot be written ({error}); check the folder, its permissions and the space left: what was there is unchanged"
            ),
            Self::Truncated { part, expected, found } => write!(
                f,
                "the file ends after {found} of the {expected} bytes of {part}; it is cut short or of another format: fetch \
                 or write it again"
            ),
            Self::Malformed { reason, cure } | Self::Unsupported { reason, cure } => {
                write!(f, "{reason}; {cure}")
            }
            Self::Memory { bytes } => {
                write!(f, "there is no memory for its {bytes} bytes; free some, or read on a larger machine")
            }
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Unfit(problems) => {
                f.write_str("the checkpoint does not fit the program, in which nothing is changed")?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))?;
                f.write_str("\n  help: go on with the network, the optimizer and the callbacks that wrote it, or begin anew in another folder")
            }
        }
    }
}

/// Every difference on a line of its own.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file does not fit the network, which is unchanged")?;
        for path in &self.missing {
            write!(f, "\n  missing: {path}")?;
        }
        for name in &self.extra {
            write!(f, "\n  extra: {name}")?;
        }
        for (name, file, network) in &self.shapes {
            write!(f, "\n  of another shape: {name} is {file} in the file, {network} in the network")?;
        }
        for (name, kind) in &self.kinds {
            write!(f, "\n  no weight: {name} holds {kind}, and weights are F64, F32, F16 or BF16")?;
        }
        for (name, path) in &self.doubled {
            write!(f, "\n  twice: {name} is renamed to {path}, as another entry is")?;
        }
        if let Some(prefix) = self.prefix() {
            return write!(
                f,
                "\n  help: names in the file begin with {prefix:?}: `Load::new().rename(|name| \
                 name.strip_prefix({prefix:?}).map(str::to_owned))`"
            );
        }
        match (self.missing.is_empty(), self.extra.is_empty()) {
            (true, true) => f.write_str("\n  help: build the network as the one that was saved, or leave entries out by `Load::rename`"),
            _ => f.write_str("\n  help: give names other paths by `Load::rename`, or let them be by `allow_missing` and `allow_extra`"),
        }
    }
}
