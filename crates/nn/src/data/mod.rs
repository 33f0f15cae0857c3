//! Data: sets of samples in memory, batches of them, augmentation, and readers for files.
//!
//! - [`Dataset`]: inputs and targets, split into parts and folds, joined and mapped; [`Scaler`]: columns on one scale;
//! - [`Batches`]: an epoch, in order, shuffled, weighted or balanced, worked out by threads ahead of time;
//! - [`Augmentation`]: samples changed at random, reproducibly;
//! - readers, each for a format; [`Encoder`]: the texts of a table as numbers.
//!
//! ```
//! use nn::data::{Affine, Augmentation, Elastic, digits};
//! use nn::Rng;
//!
//! let mut rng = Rng::seed(0);
//! let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
//! let (train, test) = images.split_stratified(0.8, &mut rng);
//! let augmentation = Augmentation::new().then(Affine::new().rotate(-10.0..=10.0)).sometimes(0.5, Elastic::new(4.0, 2.0));
//! for epoch in 0..2 {
//!     for batch in train.batches(64).shuffle(&mut rng).augment(&augmentation, &mut rng).workers(2) {
//!         assert_eq!(batch.x.dims()[1..], [1, 8, 8]); // a step with this batch
//!     }
//! }
//! # Ok::<(), nn::ShapeError>(())
//! ```
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
mod cells;
#[cfg(feature = "data")]
mod csv;
#[cfg(feature = "data")]
mod digits;
#[cfg(feature = "data")]
mod encoder;
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
mod records;
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
    encoder::{Column, Encoder, Encoding},
    error::{DataError, DataErrorKind, Place},
    gz::INFLATED_LIMIT,
    idx::{Idx, read_idx, read_idx_from},
    mnist::mnist,
    records::{Records, read_records, read_records_from},
    table::{csv_classes, csv_regression},
    text::{Text, read_text, read_text_from},
};

#[cfg(feature = "data")]
pub(crate) use error::listed;

#[cfg(feature = "images")]
pub use self::images::{Images, images, images_of};
