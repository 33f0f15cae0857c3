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
    #[cfg(feature = "data")]
    pub use nn::data::{digits, mnist};
    pub use nn::metrics::{ConfusionMatrix, accuracy};
    pub use nn::{
        Activation, Adam, AdamW, Batch, Callback, Control, Dataset, EpochReport, InTraining, Init, Layer,
        Linear, Losses, Mlp, Mode, Module, Optimizer, Param, Report, Sgd, StepReport, TrainError, Trainer,
        bce_with_logits, cross_entropy, huber, l1, l2, mae, mse,
    };
}
