//! The operators that come with the engine. Each is written against the public trait, as one from outside is; only the loops
//! of `kernels`, which some of them call, are the crate's own.

mod arithmetic;
mod concat;
mod elementary;
mod index;
mod linear;
mod matmul;
mod norm;
mod pad;
mod reduce;
mod repeat;
mod slice;
mod softmax;
mod subscript;
mod view;
mod where_;
mod window;

mod cholesky;
mod determinant;
mod einsum;
mod products;
mod solve;

pub use arithmetic::{Add, AddScalar, Div, Mul, MulScalar, Neg, Sub};
pub use concat::Concat;
pub use elementary::{Abs, Cos, Exp, Ln, Powi, Relu, Sigmoid, Sin, Sqrt, Tanh};
pub use index::{Gather, ScatterAdd};
pub use linear::{Identity, Linear};
pub use matmul::Matmul;
pub use norm::LayerNorm;
pub use pad::Padding;
pub use reduce::Sum;
pub use slice::{Flip, Slice};
pub use softmax::{LogSoftmax, LogSumExp, Softmax};
pub use subscript::{By, Entry, IntoEntry, IntoSubscript, NewAxis, Subscript, Whole};
pub use view::{BroadcastTo, Permute, Reshape, Unview};
pub use where_::Where;

pub use cholesky::Cholesky;
pub use determinant::{Adjugate, Determinant, SignLogDeterminant};
pub use solve::{Inverse, Solve, SolveTriangular};
pub use window::{Diagonal, Unfold};
