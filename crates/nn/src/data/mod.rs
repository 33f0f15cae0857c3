//! Data sets.

mod dataset;

pub use dataset::{Batch, Batches, Dataset, Targets};
