//! What can be wrong with a data file: [`DataError`] says which file, where in it, why, and what to do.

use super::csv::excerpt;
use std::{error::Error, fmt, io};

/// A file of data that cannot be read, or that does not hold what its format promises.
///
/// The text names the file, the place, the reason and a cure. `Debug` prints the same text, because that is what a `main`
/// that returns this error shows.
///
/// ```
/// use nn::data::{DataErrorKind, Place, read_idx_from};
///
/// let error = read_idx_from(&[0, 0, 8, 1, 0, 0, 0, 5, 7, 7][..], "labels").unwrap_err();
/// assert!(matches!(error.kind(), DataErrorKind::Truncated { expected: 5, found: 2, .. }));
/// assert_eq!((error.file(), error.place()), ("labels", Place::Byte { offset: 10, inflated: false }));
/// assert_eq!(
///     error.to_string(),
///     "labels, byte 10: the file ends after 2 of the 5 bytes of data; it is cut short: fetch or write it again"
/// );
/// ```
pub struct DataError {
    file: String,
    place: Place,
    /// What the column of the cell is called, if it has a name.
    column: Option<Box<str>>,
    /// How many more cells of the column are wrong.
    more: usize,
    kind: DataErrorKind,
}

/// Where in a file an error was found.
///
/// ```
/// use nn::data::{CsvOptions, Place, read_csv_from};
/// let error = read_csv_from(&b"1,2\n3,x\n"[..], "numbers", &CsvOptions::default()).unwrap_err();
/// assert_eq!(error.place(), Place::Cell { line: 2, column: 2 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file as a whole.
    File,
    /// A byte.
    Byte {
        /// How many bytes come before it.
        offset: u64,
        /// Whether the offset counts decompressed bytes, because the file is compressed with gzip.
        inflated: bool,
    },
    /// A cell of a table.
    Cell {
        /// The line of the file, counted from 1, header and empty lines included.
        line: u64,
        /// The cell of that line, counted from 1.
        column: u64,
    },
}

/// Why a file of data was refused.
///
/// ```
/// use nn::data::{DataErrorKind, read_idx};
/// let error = read_idx("no/such/file").unwrap_err();
/// assert!(matches!(error.kind(), DataErrorKind::Io(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum DataErrorKind {
    /// The operating system could not open or read the file.
    Io(io::Error),
    /// The file begins as gzip does, but cannot be decompressed: it is cut short, damaged or followed by other bytes.
    Gzip(io::Error),
    /// The file ends too early.
    Truncated {
        /// What was being read.
        part: &'static str,
        /// How many bytes that part has.
        expected: u64,
        /// How many of them are there.
        found: u64,
    },
    /// The file holds more bytes than the reader was allowed to take.
    TooLarge {
        /// The largest number of bytes allowed.
        limit: u64,
    },
    /// The images that are read together have more pixels than are taken.
    TooManyPixels {
        /// How many bytes they take with this one, when they are unpacked.
        bytes: u64,
        /// The largest number allowed.
        limit: u64,
    },
    /// A cell has no value, and the [`Encoder`](super::Encoder) fills none in.
    MissingInput,
    /// A cell is none of the categories that the [`Encoder`](super::Encoder) has learnt.
    UnknownCategory {
        /// What stands in the cell.
        value: String,
        /// The categories.
        known: Vec<String>,
    },
    /// A cell of a column that the [`Encoder`](super::Encoder) takes as numbers is none that is finite.
    NoNumber {
        /// What stands in the cell.
        text: String,
    },
    /// The bytes are there, but they do not follow the format.
    Malformed {
        /// What is wrong.
        reason: String,
        /// What to do about it.
        cure: &'static str,
    },
}

/// The first of some texts, and how many more there are, for an error: a table may have a hundred thousand columns.
pub(crate) fn listed<S: AsRef<str>>(texts: &[S]) -> String {
    const FIRST: usize = 20;
    let first: Vec<String> = texts.iter().take(FIRST).map(|text| excerpt(text.as_ref())).collect();
    match texts.len().saturating_sub(FIRST) {
        0 => format!("[{}]", first.join(", ")),
        more => format!("[{}, and {more} more]", first.join(", ")),
    }
}

impl DataError {
    pub(crate) fn new(file: &str, place: Place, kind: DataErrorKind) -> Self {
        Self { file: file.to_owned(), place, column: None, more: 0, kind }
    }

    /// Says what the column of a wrong cell is called.
    #[must_use]
    pub(crate) fn in_column(self, name: &str) -> Self {
        Self { column: Some(name.into()), ..self }
    }

    /// Says of a wrong cell how many more of its column are wrong.
    #[must_use]
    pub(crate) fn and_more(self, more: usize) -> Self {
        Self { more, ..self }
    }

    /// The path of the file, or the name that was given to the reader.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where in the file.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What was wrong.
    pub fn kind(&self) -> &DataErrorKind {
        &self.kind
    }

    /// The file, the place and the reason, without the cure: for programs that have another one.
    ///
    /// ```
    /// use nn::data::{CsvOptions, DataErrorKind, Encoder, read_records_from};
    /// let options = CsvOptions { header: true, ..CsvOptions::default() };
    /// let pets = read_records_from(&b"kind,weight\ncat,4\ndog,\n"[..], "pets", &options)?;
    /// let error = Encoder::new().fit(&pets).unwrap_err();
    /// assert!(matches!(error.kind(), DataErrorKind::MissingInput));
    /// assert_eq!(error.finding(), "pets, line 3, column 2 (\"weight\"): the value is missing");
    /// # Ok::<(), nn::data::DataError>(())
    /// ```
    pub fn finding(&self) -> String {
        let column = self.column.as_ref().map_or(String::new(), |column| format!(" ({})", excerpt(column)));
        let more = match self.more {
            0 => String::new(),
            1 => " (1 more wrong cell in this column)".to_owned(),
            more => format!(" ({more} more wrong cells in this column)"),
        };
        format!("{}{}{column}: {}{more}", self.file, self.place, self.kind.reason())
    }
}

impl DataErrorKind {
    pub(crate) fn malformed(reason: impl Into<String>, cure: &'static str) -> Self {
        Self::Malformed { reason: reason.into(), cure }
    }

    fn reason(&self) -> String {
        match self {
            Self::Io(error) => format!("cannot be read ({error})"),
            Self::Gzip(error) => format!("the gzip data are cut short or damaged ({error})"),
            Self::Truncated { part, expected, found } => {
                format!("the file ends after {found} of the {expected} bytes of {part}")
            }
            Self::TooLarge { limit } => format!("the file holds more than the {limit} bytes allowed"),
            Self::TooManyPixels { bytes, limit } => format!(
                "with this image the pixels take {bytes} bytes when unpacked, more than the {limit} allowed"
            ),
            Self::MissingInput => "the value is missing".to_owned(),
            Self::UnknownCategory { value, known } => {
                format!("{} is none of {}", excerpt(value), listed(known))
            }
            Self::NoNumber { text } => format!("{} is not a finite number", excerpt(text)),
            Self::Malformed { reason, .. } => reason.clone(),
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Io(_) => "check the path and the permissions",
            Self::Gzip(_) => "fetch or compress the file again",
            Self::Truncated { .. } => "it is cut short: fetch or write it again",
            Self::TooLarge { .. } => {
                "raise the limit of the reader, or decompress the file with gunzip, if you trust it"
            }
            Self::TooManyPixels { .. } => {
                "make the images smaller, or read fewer at a time, from several folders"
            }
            Self::MissingInput => {
                "fill it in, drop the row, or accept it in training by `Encoder::fill_missing`"
            }
            Self::UnknownCategory { .. } => {
                "correct it, drop the row, or accept it in training by `Encoder::accept_unknown`"
            }
            Self::NoNumber { .. } => {
                "write a number, or in training leave the column out, or name it as one of categories"
            }
            Self::Malformed { cure, .. } => cure,
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.finding(), self.kind.cure())
    }
}

impl fmt::Debug for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            DataErrorKind::Io(error) | DataErrorKind::Gzip(error) => Some(error),
            _ => None,
        }
    }
}

/// Written to follow the name of the file: `", line 3, column 1"`, or nothing for the whole file.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Byte { offset, inflated: false } => write!(f, ", byte {offset}"),
            Self::Byte { offset, inflated: true } => write!(f, ", byte {offset} after decompression"),
            Self::Cell { line, column } => write!(f, ", line {line}, column {column}"),
        }
    }
}

impl fmt::Display for DataErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason(), self.cure())
    }
}
