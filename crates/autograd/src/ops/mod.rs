//! The operators that come with the engine. Each is written against the public trait, as one from outside is; only the loops
//! of `kernels`, which some of them call, are the crate's own.
//!
//! Most have a method of [`Tensor`](crate::Tensor). By itself, one is applied by its trait: by `apply` if it is an [`Op`](crate::Op), a
//! [`Pointwise`](crate::Pointwise) formula or a [`Primitive`](crate::Primitive), by `apply_to` if it is an [`AnyOp`](crate::AnyOp).
//! Where a formula is asked for, a primitive is one as [`Routine(Sigmoid)`](crate::Routine).
//!
//! ```
//! use autograd::{AnyOp, Op, Primitive, Routine, Tensor, ops};
//! let x = Tensor::from([0.0, 1000.0]);
//! assert_eq!(x.sigmoid().to_vec(), [0.5, 1.0]);
//! assert_eq!(ops::Sigmoid.apply([&x]).to_vec(), [0.5, 1.0]);
//! assert_eq!(ops::SumOf::all(Routine(ops::Sigmoid)).apply([&x]).item(), 1.5);
//! assert_eq!(ops::Concat { axis: 0 }.apply_to(&[&x, &x]).to_vec(), [0.0, 1000.0, 0.0, 1000.0]);
//! ```

mod arithmetic;
mod attention;
mod batch_norm;
mod cholesky;
mod compare;
mod concat;
mod convolution;
mod cumulative;
mod determinant;
mod einsum;
mod elementary;
mod exponential;
mod extremum;
mod gate;
mod group_norm;
mod index;
mod lanes;
mod linear;
mod matmul;
mod moments;
mod norm;
mod pad;
mod pool;
mod power;
mod products;
mod rectifier;
mod reduce;
mod repeat;
mod rounding;
mod slice;
mod softmax;
mod solve;
mod sort;
mod special;
mod subscript;
mod sum_of;
mod trigonometry;
mod unview;
mod vector_norm;
mod view;
mod where_;
mod window;

pub use arithmetic::{Add, AddScalar, Div, Mul, MulScalar, Neg, Sub};
pub use attention::Attention;
pub use batch_norm::BatchNorm;
pub use cholesky::Cholesky;
pub use compare::{Comparand, Lerp};
pub use concat::Concat;
pub use convolution::{Convolution, Wanted, Window};
pub use cumulative::CumSum;
pub use determinant::{Adjugate, Determinant, SignLogDeterminant};
pub use elementary::{Abs, Cos, Exp, Ln, Powi, Relu, Sigmoid, Sin, Sqrt, Tanh};
pub use exponential::{Exp2, ExpM1, Ln1p, Log2, Log10};
pub use extremum::Extremum;
pub use gate::{Gelu, GeluTanh, Hardsigmoid, Hardswish, Mish, Silu, Softsign};
pub use group_norm::GroupNorm;
pub use index::{Gather, ScatterAdd};
pub use linear::{Identity, Linear};
pub use matmul::Matmul;
pub use norm::LayerNorm;
pub use pad::Padding;
pub use pool::Pool;
pub use power::{Cbrt, Hypot, Pow, Powf, Recip, Rsqrt, Square};
pub use rectifier::{Elu, LeakyRelu, LogSigmoid, Softplus};
pub use reduce::Sum;
pub use rounding::{Ceil, Clamp, Floor, Round, Sign};
pub use slice::{Flip, Slice};
pub use softmax::{LogSoftmax, LogSumExp, Softmax};
pub use solve::{Inverse, Solve, SolveTriangular};
pub use special::{Erf, Erfc, Lgamma, NormalCdf, Polygamma};
pub use subscript::{By, Entry, IntoEntry, IntoSubscript, NewAxis, Subscript, Whole};
pub use sum_of::SumOf;
pub use trigonometry::{Acos, Asin, Atan, Atan2, Cosh, Sinh, Tan};
pub use unview::Unview;
pub use view::{BroadcastTo, Permute, Reshape};
pub use where_::Where;
pub use window::{Diagonal, Unfold};
