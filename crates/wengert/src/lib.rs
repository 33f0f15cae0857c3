//! A from-scratch deep-learning framework: automatic differentiation, networks, training.

#[doc(hidden)]
pub use nn::__derive;
pub use nn::{Module, Param, Path, Rng, Scalar, Tensor};
