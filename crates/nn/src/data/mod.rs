//! Data from files: the IDX format of MNIST, tables of numbers in CSV, and 1,797 handwritten digits that travel with
//! the crate.
//!
//! A file is never trusted. Whatever its bytes, a reader returns what the file says or a [`DataError`] that names the
//! file, the place and the reason; it does not panic, and it holds memory in proportion to the bytes it has read, not to
//! the sizes that a header promises. Files compressed with gzip are recognised by their first bytes and read as they are.

mod csv;
mod digits;
mod error;
mod gz;
mod idx;
#[cfg(test)]
mod testing;

pub use csv::{CsvOptions, Table, read_csv, read_csv_from};
pub use error::{DataError, DataErrorKind, Place};
pub use gz::INFLATED_LIMIT;
pub use idx::{Idx, read_idx, read_idx_from};
