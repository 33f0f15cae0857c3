//! Where the readers get their bytes: a file or any `Read`, decompressed on the way if it is gzip (RFC 1952).
//!
//! A gzip file of one megabyte can inflate to a gigabyte. So a [`Source`] hands out bytes as they are asked for, counts
//! them, and stops at a limit.

use std::{
    error::Error,
    fmt,
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use super::error::{DataError, DataErrorKind, Place};

/// The most bytes that a gzip file may inflate to: 1 GiB.
///
/// A larger one has to be decompressed first. Files that are not compressed have no such limit, for they cannot hold more
/// than their own size.
pub const INFLATED_LIMIT: u64 = 1 << 30;

/// The two bytes that every gzip file begins with. No IDX file does, and no UTF-8 text.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bytes of one file, after decompression.
pub(super) struct Source<'a> {
    name: String,
    reader: Box<dyn Read + 'a>,
    inflated: bool,
    position: u64,
    limit: u64,
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let file =
            File::open(path).map_err(|error| DataError::new(&name, Place::File, DataErrorKind::Io(error)))?;
        Self::new(file, &name)
    }

    /// Reads the first two bytes, and so knows whether to decompress.
    pub(super) fn new(mut reader: impl Read + 'a, name: &str) -> Result<Self, DataError> {
        let mut head = Vec::new();
        (&mut reader)
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(|error| DataError::new(name, Place::File, DataErrorKind::Io(error)))?;
        let inflated = head == GZIP_MAGIC;
        let whole = Cursor::new(head).chain(reader);
        let (reader, limit): (Box<dyn Read + 'a>, u64) = if inflated {
            (Box::new(MultiGzDecoder::new(whole)), INFLATED_LIMIT)
        } else {
            (Box::new(whole), u64::MAX)
        };
        Ok(Self { name: name.to_owned(), reader, inflated, position: 0, limit })
    }

    /// Lowers the number of bytes that may be read.
    pub(super) fn with_limit(mut self, limit: u64) -> Self {
        self.limit = self.limit.min(limit);
        self
    }

    /// Appends up to `count` bytes, fewer only where the file ends, and says how many.
    ///
    /// `bytes` grows as they arrive, so it never takes more than twice what the file really holds.
    pub(super) fn read_up_to(&mut self, count: u64, bytes: &mut Vec<u8>) -> Result<u64, DataError> {
        let before = self.position;
        self.take(count).read_to_end(bytes).map_err(|error| self.failed(error))?;
        Ok(self.position - before)
    }

    /// Appends exactly `count` bytes, of the `part` of the file that the error should name.
    pub(super) fn read_exactly(
        &mut self,
        count: u64,
        part: &'static str,
        bytes: &mut Vec<u8>,
    ) -> Result<(), DataError> {
        let found = self.read_up_to(count, bytes)?;
        if found < count {
            return Err(self.error(DataErrorKind::Truncated { part, expected: count, found }));
        }
        Ok(())
    }

    /// An error at the current position.
    pub(super) fn error(&self, kind: DataErrorKind) -> DataError {
        let place = Place::Byte { offset: self.position, inflated: self.inflated };
        DataError::new(&self.name, place, kind)
    }

    /// A breach of the format at the byte `offset`.
    pub(super) fn malformed(&self, offset: u64, reason: impl Into<String>, cure: &'static str) -> DataError {
        let place = Place::Byte { offset, inflated: self.inflated };
        DataError::new(&self.name, place, DataErrorKind::malformed(reason, cure))
    }

    /// The error behind a failed read: the limit, the compressed data or the operating system.
    pub(super) fn failed(&self, error: io::Error) -> DataError {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        self.error(match error.kind() {
            _ if error.get_ref().is_some_and(|inner| inner.is::<LimitReached>()) => {
                DataErrorKind::TooLarge { limit: self.limit }
            }
            InvalidData | InvalidInput | UnexpectedEof if self.inflated => DataErrorKind::Gzip(error),
            _ => DataErrorKind::Io(error),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte beyond the limit tells a file that ends there from one that goes on.
        let room = (self.limit - self.position).saturating_add(1);
        let wanted = usize::try_from(room).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.reader.read(&mut buffer[..wanted])?;
        if count as u64 == room {
            self.position = self.limit;
            return Err(io::Error::other(LimitReached));
        }
        self.position += count as u64;
        Ok(count)
    }
}

/// Carried by the `io::Error` that [`Source::read`] returns at its limit.
#[derive(Debug)]
struct LimitReached;

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more bytes than allowed")
    }
}

impl Error for LimitReached {}
