//! The layers.

mod activation;
mod attention;
mod batch_norm;
mod bilinear;
pub(crate) mod blame;
mod cell;
mod containers;
mod conv;
mod dropout;
mod embedding;
mod linear;
mod mlp;
mod noise;
mod norm;
mod pool;
mod recurrent;
mod sizes;
mod spectral;

pub use activation::Activation;
pub use attention::{MultiHeadAttention, TransformerBlock};
pub use batch_norm::{BatchNorm, BatchNorm1d, BatchNorm2d};
pub use bilinear::Bilinear;
pub use cell::{Cell, ElmanCell, GruCell, LstmCell};
pub use containers::{Flatten, Residual, Sequential, Unflatten};
pub use conv::{Conv, Conv1d, Conv2d, ConvTranspose, ConvTranspose1d, ConvTranspose2d};
pub use dropout::{Dropout, Dropped};
pub use embedding::Embedding;
pub use linear::Linear;
pub use mlp::Mlp;
pub use noise::GaussianNoise;
pub use norm::{GroupNorm, LayerNorm, RmsNorm};
pub use pool::{AdaptiveAvgPool2d, AvgPool2d, MaxPool2d};
pub use recurrent::{Gru, Lstm, Recurrent, RecurrentWeights, Rnn};
pub use sizes::Sizes;
pub use spectral::{SpectralNorm, Weighted};
