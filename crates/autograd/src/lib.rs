//! Reverse-mode automatic differentiation over tensors.
//!
//! A [`Tensor`] that [requires a gradient](Tensor::requires_grad) remembers what is computed from it; `backward` walks
//! that memory from the youngest to the oldest, and carries the gradient along.
//!
//! ```
//! use autograd::{grad, Tensor};
//!
//! let x = Tensor::from([0.5, 1.0, 2.0]).requires_grad();
//! let y = (x.sin() * &x).sum();
//!
//! // Gradients are tensors, and can be differentiated again.
//! let [dy] = grad(&y, [&x]);
//! let grads = dy.sum().backward();
//! let second = &grads[&x]; // 2 cos x - x sin x
//! assert!((second.at([1]) - (2.0 * 1.0_f64.cos() - 1.0_f64.sin())).abs() < 1e-12);
//! ```
//!
//! Read the source in this order: each file is about one thing.
//! - [`Scalar`], [`Shape`], [`Layout`], [`Array`]: numbers, and how they lie in memory;
//! - [`Tensor`], [`Op`], and the graph: values that remember, and what an operator is;
//! - the sweep: [`Tensor::backward`], [`grad`], [`Gradients`];
//! - [`jacobian`], [`hessian`], [`vjp`], [`jvp`], [`hvp`], [`checkpoint`]: what is made of sweeps;
//! - [`Pointwise`], [`Algebra`] and [`Primitive`]: one formula, several readings;
//! - [`ops`]: the operators;
//! - [`profile`], [`graph`](fn@graph), [`trace_nan`]: what each of them costs, what was recorded, and where a NaN comes from;
//! - [`onnx`]: what was computed, for other programs;
//! - `check` (feature of that name): proof that an operator's gradient is right.

mod algebra;
mod array;
mod axes;
mod backward;
mod buffer;
mod calculus;
#[cfg(any(test, feature = "check"))]
mod check;
mod checkpoint;
mod create;
mod display;
mod dual;
mod error;
mod gradients;
mod graph;
mod idle;
mod kernels;
mod layout;
mod nan;
mod new_shape;
mod observe;
pub mod onnx;
mod op;
pub mod ops;
mod per_axis;
mod picture;
mod pointwise;
mod primitive;
mod profile;
mod recording;
mod rng;
mod scalar;
mod shape;
mod tensor;
mod watch;

pub use algebra::{Algebra, Number};
pub use array::{Array, Contiguous, Elements, View};
pub use axes::Axes;
pub use backward::{grad, grad_from, try_grad, try_grad_from};
pub use buffer::{MemoryStats, PeakBytes, memory_stats};
pub use calculus::{batch_jacobian, hessian, hvp, jacobian, jvp, vjp};
#[cfg(any(test, feature = "check"))]
pub use check::{Cases, check, check_fn, check_with};
pub use checkpoint::checkpoint;
pub use dual::Dual;
pub use error::ShapeError;
pub use gradients::{GradError, Gradients};
pub use graph::Call;
pub use idle::empty_cache;
pub use kernels::bf16::{Bf16, update_bf16};
pub use kernels::threads::{threads, with_threads};
pub use kernels::update::{update_decayed, update_each};
pub use layout::{Layout, Places};
pub use nan::{Birth, NanTrace, Operand, trace_nan};
pub use new_shape::NewShape;
pub use observe::{Applied, observe, show};
pub use op::{AnyOp, Keeps, Op};
pub use ops::{By, NewAxis, Padding};
pub use picture::{Picture, graph};
pub use pointwise::{Map, Pointwise};
pub use primitive::{Primitive, Routine};
pub use profile::{Cost, Event, Pass, Profile, Row, Span, profile, span};
pub use recording::{Recording, no_grad};
pub use rng::Rng;
pub use scalar::{Element, Scalar};
pub use shape::Shape;
pub use tensor::Tensor;
