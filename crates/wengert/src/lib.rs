#![doc = include_str!("../../../README.md")]

pub use autograd;
pub use nn;

pub use autograd::*;
#[doc(hidden)]
pub use nn::__derive;
pub use nn::*;

/// What most programs need: `use wengert::prelude::*;`.
pub mod prelude {
    pub use autograd::{Array, Gradients, Rng, Scalar, Shape, ShapeError, Tensor, grad, no_grad, profile};
    pub use nn::data::{Affine, Augmentation, Flip, Mixup, Scaler, Shift};
    #[cfg(feature = "data")]
    pub use nn::data::{digits, mnist};
    pub use nn::files::Checkpoints;
    pub use nn::metrics::{ConfusionMatrix, accuracy};
    pub use nn::{
        Activation, Adam, AdamW, Batch, Callback, Control, Conv2d, Dataset, Dropout, EarlyStop, Embedding,
        EpochReport, Flatten, InTraining, Init, Layer, LayerNorm, Linear, Losses, Lstm, MaxPool2d, Mlp, Mode,
        Module, MultiHeadAttention, Optimizer, Param, Report, Residual, Sequential, Sgd, StepReport,
        TrainError, Trainer, TransformerBlock, bce_with_logits, cross_entropy, huber, l1, l2, mae, mse,
    };
}
