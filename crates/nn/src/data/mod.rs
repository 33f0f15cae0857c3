//! Data: sets of samples in memory, and readers for files of them.
//!
//! A file is never trusted. Whatever its bytes, a reader returns what the file says or a [`DataError`] that names the
//! file, the place and the reason; it does not panic, and it holds memory in proportion to the bytes it has read, not to
//! the sizes that a header promises. Files compressed with gzip are recognised by their first bytes and read as they are.

mod augment;
mod batches;
mod dataset;
mod sampler;
mod scaler;
mod subsets;
mod workers;

#[cfg(feature = "data")]
mod arrays;
#[cfg(feature = "data")]
mod csv;
#[cfg(feature = "data")]
mod digits;
#[cfg(feature = "data")]
mod error;
#[cfg(feature = "data")]
mod gz;
#[cfg(feature = "data")]
mod idx;
#[cfg(feature = "images")]
mod images;
#[cfg(feature = "data")]
mod mnist;
#[cfg(feature = "data")]
mod table;
#[cfg(all(test, feature = "data"))]
mod testing;
#[cfg(feature = "data")]
mod text;

pub use augment::{
    Affine, Augment, Augmentation, Border, Colour, Crop, CutMix, Cutout, Elastic, Erase, Flip, Image, Mixup,
    Noise, Sample, Shift, Swap,
};
pub use batches::Batches;
pub use dataset::{Batch, Dataset, Samples};
pub use scaler::Scaler;

#[cfg(feature = "data")]
pub use self::{
    arrays::{FromNumpy, npy, npz},
    csv::{CsvOptions, Table, read_csv, read_csv_from},
    digits::digits,
    error::{DataError, DataErrorKind, Place},
    gz::INFLATED_LIMIT,
    idx::{Idx, read_idx, read_idx_from},
    mnist::mnist,
    table::{csv_classes, csv_regression},
    text::{Text, read_text, read_text_from},
};

#[cfg(feature = "images")]
pub use self::images::{Images, images, images_of};
