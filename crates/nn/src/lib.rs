//! Neural networks on [`autograd`]: modules, layers, losses, optimizers, data and a trainer.
//!
//! Read the source in this order:
//! - [`Param`], [`Module`], [`Layer`], [`Mode`]: what a network is;
//! - [`Linear`], [`Activation`], [`Mlp`], [`Conv2d`] and the other layers, [`Sequential`], [`Init`]: layers, and how they begin;
//! - [`mse`], [`cross_entropy`], [`bce_with_logits`] and the other losses, [`penalty`], [`l1`], [`l2`]: what is minimised;
//! - [`Optimizer`], [`Sgd`], [`Adam`], [`AdamW`] and the others, [`Split`], [`Lookahead`], [`Lbfgs`], [`Decay`], [`Schedule`], [`Average`]: how;
//! - [`Dataset`], [`Trainer`]: with which data, and the loop;
//! - [`files`]: weights to and from files;
//! - [`export_onnx`]: a network for other programs.

// The derive writes `::wengert::...`, which inside this crate is this crate.
extern crate self as wengert;

mod average;
mod capture;
mod chart;
mod checkpoint;
mod clip;
pub mod data;
mod diagnose;
pub mod files;
mod grad_report;
mod html;
mod init;
mod layer;
mod layer_history;
mod layers;
mod loss;
pub mod metrics;
mod mode;
mod module;
mod onnx;
mod optim;
mod param;
mod pattern;
mod regularize;
mod schedule;
mod summary;
#[cfg(test)]
mod testing;
mod train;

pub use autograd::ops::{Pool, Window};
pub use autograd::{
    Gradients, PeakBytes, Pointwise, Profile, Rng, Scalar, Shape, ShapeError, Tensor, ops, profile, span,
    threads, with_threads,
};
pub use average::{Average, update_statistics};
pub use capture::{Captured, capture};
pub use checkpoint::checkpointed;
pub use clip::{clip_adaptive, clip_norm, clip_value};
pub use data::{Batch, Batches, Dataset, Samples};
pub use diagnose::{Diagnosis, LayerState, Trouble, diagnose};
pub use files::{FileError, Load, LoadReport, load, save};
pub use grad_report::{GradReport, GradRow, GradState, grad_report};
pub use html::Page;
pub use init::{Init, init};
pub use layer::Layer;
pub use layer_history::LayerHistory;
pub use layers::{
    Activation, AdaptiveAvgPool2d, AvgPool2d, BatchNorm, BatchNorm1d, BatchNorm2d, Bilinear, Cell, Conv,
    Conv1d, Conv2d, ConvTranspose, ConvTranspose1d, ConvTranspose2d, Dropout, Dropped, ElmanCell, Embedding,
    Flatten, GaussianNoise, GroupNorm, Gru, GruCell, LayerNorm, Linear, Lstm, LstmCell, MaxPool2d, Mlp,
    MultiHeadAttention, Recurrent, RecurrentWeights, Residual, RmsNorm, Rnn, Sequential, Sizes, SpectralNorm,
    TransformerBlock, Unflatten, Weighted,
};
pub use loss::{
    AbsoluteDifference, Bce, BceWithLogits, CrossEntropy, Ctc, GaussianNll, Hinge, Huber, KlDivergence,
    Losses, PoissonNll, SquaredDifference, bce, bce_with_logits, cosine_embedding, cross_entropy, ctc,
    gaussian_nll, hinge, huber, kl_divergence, mae, margin_ranking, mse, multi_margin, nll, poisson_nll,
    smooth_l1, soft_cross_entropy, triplet_margin,
};
pub use mode::Mode;
pub use module::{Module, Path, Step};
pub use onnx::{OnnxError, OnnxOptions, export_onnx, export_onnx_with, onnx_graph, onnx_graph_with};
pub use optim::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, CompactMoments, Decay, Group, Lamb, Lbfgs,
    LbfgsReport, LbfgsState, LbfgsStop, Lion, Lookahead, Muon, MuonRate, NAdam, Optimizer, ParamStep, RAdam,
    RmsProp, SeeState, Sgd, Split, State, Storage,
};
pub use param::Param;
pub use pattern::Pattern;
pub use regularize::{
    ElasticNet, Entropy, GroupLasso, L1, L2, Orthogonal, Regularizer, entropy, gradient_penalty,
    jacobian_penalty, jacobian_penalty_exact, l1, l2, max_norm, penalty,
};
pub use schedule::{
    Cosine, Exponential, InverseRoot, Line, Milestones, OneCycle, Polynomial, Schedule, StepDecay, Then,
    Times, WarmRestarts, Warmup,
};
pub use summary::{LayerSummary, ParamKind, ParamSummary, Summary, summary, summary_of};
#[cfg(feature = "interrupt")]
pub use train::Interrupt;
#[cfg(feature = "progress")]
pub use train::Progress;
pub use train::{
    Callback, Control, EarlyStop, EarlyStopState, Ended, EpochReport, Goal, InTraining, Log, Loss, NoLoss,
    Plan, Plateau, PlateauState, RateCurve, RateFinder, RatePoint, Report, Scheduled, SpikeGuard, SpikeState,
    StepReport, TensorBoard, TrainError, Trainer,
};
pub use wengert_derive::Module;

/// What the code that `#[derive(Module)]` writes refers to.
#[doc(hidden)]
pub mod __derive {
    pub use crate::{Module, Param, Path};
    pub use autograd::Scalar;
}
