//! Spoiled files and instruments that the tests of the readers share.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use super::{DataError, DataErrorKind, Place};
pub(super) use crate::testing::Folder;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A gzip file that inflates to `begin` and then to 256 MB of `fill`, over and over.
pub(super) fn bomb(begin: &[u8], fill: &[u8; 4]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(begin).unwrap();
    let block = fill.repeat(250_000);
    for _ in 0..256 {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

/// The bytes with one bit of the byte at `index` turned over.
pub(super) fn flip(bytes: &[u8], index: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[index] ^= 1;
    bytes
}

/// Counts the bytes that a reader has pulled out of a file.
pub(super) struct Counted<'a> {
    rest: &'a [u8],
    pub(super) pulled: usize,
}

impl<'a> Counted<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, pulled: 0 }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(buffer)?;
        self.pulled += count;
        Ok(count)
    }
}

/// A folder, a path that leads nowhere and a link to itself are errors that name the path.
pub(super) fn check_what_is_not_a_file(read: impl Fn(&Path) -> Result<(), DataError>) {
    let folder = Folder::new();
    let check = |path: &Path, kind| {
        let error = read(path).unwrap_err();
        assert!(matches!(error.kind(), DataErrorKind::Io(inner) if inner.kind() == kind), "{error}");
        assert_eq!((error.file(), error.place()), (path.to_str().unwrap(), Place::File));
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    };
    check(&folder.path().join("missing"), io::ErrorKind::NotFound);
    #[cfg(unix)]
    {
        check(folder.path(), io::ErrorKind::IsADirectory);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        assert!(matches!(read(&link).unwrap_err().kind(), DataErrorKind::Io(_)));
    }
}
