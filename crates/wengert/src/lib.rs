//! To come.

pub use autograd;
