//! The operators that come with the engine. Each is written against the public trait, as one from outside is; only the loops
//! of `kernels`, which some of them call, are the crate's own.

mod arithmetic;
mod concat;
mod elementary;
mod index;
mod linear;
mod matmul;
mod norm;
mod reduce;
mod softmax;
mod view;
mod where_;

mod cholesky;
mod determinant;
mod einsum;
mod products;
mod solve;

pub use arithmetic::{Add, AddScalar, Div, Mul, MulScalar, Neg, Sub};
pub use concat::Concat;
pub use elementary::{Abs, Cos, Exp, Ln, Powi, Relu, Sigmoid, Sin, Sqrt, Tanh};
pub use index::{Rows, ScatterRows};
pub use linear::{Identity, Linear};
pub use matmul::Matmul;
pub use norm::LayerNorm;
pub use reduce::Sum;
pub use softmax::{LogSoftmax, LogSumExp, Softmax};
pub use view::{BroadcastTo, Permute, Reshape, Slice, Unslice};
pub use where_::Where;

pub use cholesky::Cholesky;
pub use determinant::{Adjugate, Determinant, SignLogDeterminant};
pub use solve::{Inverse, Solve, SolveTriangular};
