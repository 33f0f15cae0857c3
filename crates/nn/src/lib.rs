//! Neural networks on `autograd`.

#[cfg(feature = "data")]
pub mod data;
pub mod metrics;
