//! Where the readers get their bytes: a file, or bytes in memory, whose length is known before anything else is read.
//!
//! What a header promises is compared with that length before memory is taken for it. The numbers of a tensor pass through a
//! small block, so that a file is never in memory as a whole.

use super::error::{FileError, FileErrorKind};
use super::number::Number;
use autograd::{Array, Scalar, Shape};
use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

/// How many bytes are decoded at once: a multiple of the size of every number.
pub(super) const BLOCK: usize = 1 << 16;

trait Bytes: Read + Seek {}
impl<B: Read + Seek> Bytes for B {}

/// A file of known length.
pub(super) struct Source<'a> {
    name: String,
    bytes: Box<dyn Bytes + 'a>,
    length: u64,
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let name = path.display().to_string();
        let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        });
        match file {
            Ok(file) => Self::new(name, file),
            Err(error) => Err(FileError::new(&name, None, FileErrorKind::Read(error))),
        }
    }

    /// Bytes in memory.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, FileError> {
        Self::new("the bytes".into(), Cursor::new(bytes))
    }

    /// Bytes that were in a file, whose name errors have.
    #[cfg(feature = "data")]
    pub(super) fn within(file: &Source<'_>, bytes: &'a [u8]) -> Result<Self, FileError> {
        Self::new(file.name.clone(), Cursor::new(bytes))
    }

    fn new(name: String, mut bytes: impl Read + Seek + 'a) -> Result<Self, FileError> {
        match bytes.seek(SeekFrom::End(0)) {
            Ok(length) => Ok(Source { name, bytes: Box::new(bytes), length }),
            Err(error) => Err(FileError::new(&name, None, FileErrorKind::Read(error))),
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn error(&self, offset: u64, kind: FileErrorKind) -> FileError {
        FileError::new(&self.name, Some(offset), kind)
    }

    pub(super) fn malformed(&self, offset: u64, reason: impl Into<String>, cure: &'static str) -> FileError {
        self.error(offset, FileErrorKind::malformed(reason, cure))
    }

    /// An error of the file as a whole.
    pub(super) fn whole(&self, kind: FileErrorKind) -> FileError {
        FileError::new(&self.name, None, kind)
    }

    /// Checks that there are so many bytes from `offset` on.
    fn check(&self, offset: u64, count: u64, part: &'static str) -> Result<(), FileError> {
        let found = self.length.saturating_sub(offset);
        if found < count {
            return Err(self.error(self.length, FileErrorKind::Truncated { part, expected: count, found }));
        }
        Ok(())
    }

    /// The bytes from `offset` on; `part` is what the error calls them. Memory is taken only for what is there.
    pub(super) fn take(&mut self, offset: u64, count: u64, part: &'static str) -> Result<Vec<u8>, FileError> {
        self.check(offset, count, part)?;
        let no_memory = |_| FileErrorKind::Memory { bytes: count };
        let mut bytes = Vec::new();
        usize::try_from(count)
            .map_err(no_memory)
            .and_then(|count| {
                bytes.try_reserve_exact(count).map_err(|_| FileErrorKind::Memory { bytes: count as u64 })?;
                bytes.resize(count, 0);
                self.fill(offset, &mut bytes).map_err(FileErrorKind::Read)
            })
            .map_err(|kind| self.error(offset, kind))?;
        Ok(bytes)
    }

    fn fill(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.bytes.seek(SeekFrom::Start(offset))?;
        self.bytes.read_exact(bytes)
    }

    /// The array of this shape whose numbers, of one kind, lie from `offset` on; and whether any had to be rounded.
    pub(super) fn array<T: Scalar>(
        &mut self,
        offset: u64,
        shape: &Shape,
        kind: Number,
        big_endian: bool,
    ) -> Result<(Array<T>, bool), FileError> {
        let (width, size) = (kind.bytes() as u64, shape.size() as u64);
        self.check(offset, size.saturating_mul(width), "data")?;
        let mut outcome = Ok(false);
        let array = Array::build(shape.clone(), |y| outcome = self.decode(offset, kind, big_endian, y));
        match array {
            Ok(array) => Ok((array, outcome?)),
            Err(_) => Err(self.error(offset, FileErrorKind::Memory { bytes: size * size_of::<T>() as u64 })),
        }
    }

    fn decode<T: Scalar>(
        &mut self,
        mut offset: u64,
        kind: Number,
        big_endian: bool,
        y: &mut [T],
    ) -> Result<bool, FileError> {
        let width = kind.bytes();
        let mut block = vec![0; BLOCK.min(y.len() * width)];
        let mut rounded = false;
        for y in y.chunks_mut(BLOCK / width) {
            let bytes = &mut block[..y.len() * width];
            self.fill(offset, bytes).map_err(|error| self.error(offset, FileErrorKind::Read(error)))?;
            rounded |= kind
                .decode(bytes, big_endian, y)
                .map_err(|unfit| self.error(offset + (unfit.place * width) as u64, unfit.kind))?;
            offset += bytes.len() as u64;
        }
        Ok(rounded)
    }
}
