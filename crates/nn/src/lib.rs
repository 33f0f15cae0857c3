//! Neural networks on `autograd`.

// The derive writes `::wengert::...`, which inside this crate is this crate.
#[expect(unused_extern_crates, reason = "no layer derives `Module` yet")]
extern crate self as wengert;

mod module;
mod param;

pub use autograd::{Rng, Scalar, Tensor};
pub use module::{Module, Path};
pub use param::Param;
pub use wengert_derive::Module;

/// What the code that `#[derive(Module)]` writes refers to.
#[doc(hidden)]
pub mod __derive {
    pub use crate::{Module, Param, Path};
}
