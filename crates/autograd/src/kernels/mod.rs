//! The loops that touch elements. Everything above them speaks of arrays and tensors.
//!
//! - [`elementary`]: the exponential and its relatives, vectorised;
//! - [`lanes`]: functions of whole lanes along an axis;
//! - [`map`]: pointwise functions of any number of operands that broadcast together;
//! - [`norm`]: layer normalisation of rows;
//! - [`normal`]: the error function and the normal distribution;
//! - [`reduce`]: sums over axes;
//! - [`matmul`]: the product of matrices;
//! - [`softmax`]: softmax of rows, and its logarithm;
//! - [`special`]: the derivatives of the logarithm of the gamma function;
//! - [`threads`]: work cut into parts for several threads;
//! - [`tiles`]: operands that broadcast or are strided, gathered piece by piece;
//! - [`update`]: the pass of an optimizer over a parameter;
//! - [`widest`]: loops compiled for each instruction set.
#![allow(unsafe_code)]

pub(crate) mod elementary;
pub(crate) mod lanes;
pub(crate) mod map;
pub(crate) mod matmul;
pub(crate) mod norm;
mod normal;
pub(crate) mod reduce;
pub(crate) mod softmax;
pub(crate) mod special;
pub(crate) mod threads;
mod tiles;
pub(crate) mod update;
pub(crate) mod widest;
