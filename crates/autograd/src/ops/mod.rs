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

mod compare;
mod exponential;
mod gate;
mod power;
mod rectifier;
mod rounding;
mod special;
mod trigonometry;

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

pub use compare::{Comparand, Lerp};
pub use exponential::{Exp2, ExpM1, Ln1p, Log2, Log10};
pub use gate::{Gelu, GeluTanh, Hardsigmoid, Hardswish, Mish, Silu, Softsign};
pub use power::{Cbrt, Hypot, Pow, Powf, Recip, Rsqrt, Square};
pub use rectifier::{Elu, LeakyRelu, LogSigmoid, Softplus};
pub use rounding::{Ceil, Clamp, Floor, Round, Sign};
pub use special::{Erf, Erfc, Lgamma, NormalCdf, Polygamma};
pub use trigonometry::{Acos, Asin, Atan, Atan2, Cosh, Sinh, Tan};
