//! The loops that touch elements. Everything above them speaks of arrays and tensors.
//!
//! - [`argmax`]: the place of the largest element of each lane;
//! - [`attention`]: attention, some queries at a time;
//! - [`bands`]: columns of matrices, some neighbours at a time;
//! - [`batch_norm`]: batch normalisation of channels;
//! - [`bf16`]: numbers in two bytes, and the update that keeps what it remembers in them;
//! - [`convolution`]: convolution, as products of matrices;
//! - [`cumulative`]: sums of all elements so far;
//! - [`elementary`]: the exponential and its relatives, vectorised;
//! - [`extremum`]: the largest or the smallest element of each lane;
//! - [`factor`]: factors of small matrices, and what is solved with them;
//! - [`map`]: pointwise functions of any number of operands that broadcast together;
//! - [`matmul`]: the product of matrices;
//! - [`norm`]: layer normalisation of rows;
//! - [`normal`]: the error function and the normal distribution;
//! - [`pairwise`]: sums of runs and of rows;
//! - [`pool`]: means and largest elements of windows;
//! - [`reduce`]: sums over axes;
//! - [`run`]: the sum and the largest of a short run, on vectors;
//! - [`scatter`]: elements taken by index, and added where they came from;
//! - [`simd`]: vectors of numbers, as each instruction set has them;
//! - [`softmax`]: softmax along an axis, and its logarithm;
//! - [`sort`]: the order of the elements of each lane;
//! - [`special`]: the derivatives of the logarithm of the gamma function;
//! - [`threads`]: work cut into parts for several threads;
//! - [`tiles`]: operands that broadcast or are strided, gathered piece by piece;
//! - [`update`]: the pass of an optimizer over a parameter;
//! - [`widest`]: loops compiled for each instruction set.
#![allow(unsafe_code)]

pub(crate) mod argmax;
pub(crate) mod attention;
mod bands;
pub(crate) mod batch_norm;
pub(crate) mod bf16;
pub(crate) mod convolution;
pub(crate) mod cumulative;
pub(crate) mod elementary;
pub(crate) mod extremum;
pub(crate) mod factor;
pub(crate) mod map;
pub(crate) mod matmul;
pub(crate) mod norm;
mod normal;
pub(crate) mod pairwise;
pub(crate) mod pool;
pub(crate) mod reduce;
pub(crate) mod run;
pub(crate) mod scatter;
mod simd;
pub(crate) mod softmax;
pub(crate) mod sort;
pub(crate) mod special;
pub(crate) mod sum_of;
pub(crate) mod threads;
mod tiles;
pub(crate) mod update;
pub(crate) mod widest;
