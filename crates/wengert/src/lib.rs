//! Deep learning in Rust, built from nothing: tensors, reverse-mode automatic differentiation to any order, neural networks and
//! their training. All of it is named here: what belongs to tensors is from [`autograd`], what belongs to networks from [`nn`], and
//! most programs need no more than the [`prelude`].
//!
//! ```
//! use wengert::prelude::*;
//!
//! #[derive(Module)]
//! struct Net {
//!     hidden: Linear,
//!     output: Linear,
//! }
//!
//! impl Layer for Net {
//!     fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
//!         let h = self.hidden.forward(x, mode).sigmoid();
//!         self.output.forward(&h, mode)
//!     }
//! }
//!
//! # #[cfg(feature = "data")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = Rng::seed(7);
//! let (train, test) = digits().split(0.8, &mut rng); // 1,797 handwritten digits, part of the library
//! let mut net = Net { hidden: Linear::new(64, 32, &mut rng), output: Linear::new(32, 10, &mut rng) };
//! let mut trainer = Trainer::new(Adam::new(1e-2)).loss(cross_entropy).metric("accuracy", accuracy).epochs(5);
//! let report = trainer.fit(&mut net, &train, &test)?;
//! println!("{}", report.last().unwrap());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "data"))]
//! # fn main() {}
//! ```
//!
//! # Where to look
//! - [Coming from PyTorch](coming_from_pytorch), or from NumPy: what is called how.
//! - [`Tensor`]: its methods are the operators. Gradients: [`Tensor::backward`], [`grad`], [`jacobian`], [`hessian`], [`checkpoint`].
//! - [`Module`] and [`Layer`]: what a network is. [`Linear`], [`Conv2d`], [`Lstm`], [`MultiHeadAttention`], [`Sequential`] and others.
//! - [`Dataset`], [`data`]: samples, batches and readers. [`Trainer`]: the loop. [`Optimizer`], [`Schedule`], [`Regularizer`]: how it learns.
//! - [`Callback`]: what a trainer tells, and its kinds: [`EarlyStop`], [`Average`] (EMA), [`Log`], [`TensorBoard`], [`SpikeGuard`]; each
//!   works in a loop by hand. [`files::Checkpoints`]: training that goes on to the same bits. [`Page`]: a training as a page to look at.
//! - [`cross_entropy`], [`mse`] and the other losses; [`metrics`].
//! - [`files`]: weights to and from files. [`export_onnx`]: networks for other programs.
//! - [`profile`], [`summary`], [`graph`](fn@graph), [`trace_nan`], [`grad_report`], [`capture`], [`diagnose`], [`observe`]: seeing inside.
//! - [`Op`], [`Pointwise`] and [`Primitive`]: operators of one's own, and `check`, which proves their gradients.
//!
//! Types written without a parameter are over `f32`; bare literals infer `f64`, as everywhere in Rust, so name the type once where
//! nothing else does: `let net: Mlp = ...`. The same seed gives the same bits, on any number of threads. Examples in this
//! documentation that name `autograd` or `nn` mean the modules of that name.
//!
//! # Features
//! - `data` (by default): readers for IDX, CSV and gzip files, and the embedded digits.
//! - `progress` (by default): a live bar while training on a terminal.
//! - `check`: the gradient checker, for the tests of your own operators.

pub mod coming_from_pytorch;

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
    pub use nn::metrics::{ConfusionMatrix, accuracy, binary_accuracy, top_k};
    pub use nn::{
        Activation, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, AdaptiveAvgPool2d, Average, AvgPool2d,
        Batch, BatchNorm1d, BatchNorm2d, Callback, CompactMoments, Control, Conv1d, Conv2d, ConvTranspose2d,
        Cosine, Dataset, Dropout, EarlyStop, Embedding, Ended, EpochReport, Exponential, Flatten, GroupNorm,
        Gru, InTraining, Init, Lamb, Layer, LayerHistory, LayerNorm, Lbfgs, Linear, Lion, Log, Lookahead,
        Losses, Lstm, MaxPool2d, Mlp, Mode, Module, MultiHeadAttention, Muon, NAdam, OneCycle, Optimizer,
        Page, Param, Plateau, Polynomial, RAdam, Report, Residual, RmsNorm, RmsProp, Rnn, Schedule,
        Sequential, Sgd, StepDecay, StepReport, Storage, TensorBoard, TrainError, Trainer, TransformerBlock,
        WarmRestarts, Warmup, bce, bce_with_logits, capture, clip_norm, clip_value, cross_entropy, diagnose,
        export_onnx, grad_report, hinge, huber, kl_divergence, l1, l2, load, mae, mse, nll, save, smooth_l1,
        summary, summary_of,
    };
}

/// The programs of the README are tested as those of the documentation are.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
