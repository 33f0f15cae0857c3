//! What functions do where they have no derivative, or no value: one table of points, values and gradients, each with its reason.
//!
//! The conventions: a slope that is infinite on the one side there is shows as infinity; at a kink, the gradient is one of the
//! slopes around it, or their mean; what is not chosen passes nothing; what has no value is NaN and stays it.

use wengert::autograd::ops::{Attention, Pool};
use wengert::autograd::{Array, Tensor};
use wengert::cross_entropy;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// A function of a list, and what is to be said of it at a point.
#[derive(Debug)]
pub struct Row {
    /// The function, as one writes it.
    pub what: &'static str,
    /// The function, as one calls it.
    pub function: fn(&Tensor<f64>) -> Tensor<f64>,
    /// The point.
    pub at: &'static [f64],
    /// What it is there.
    pub value: &'static [f64],
    /// The gradient of the sum of its values.
    pub gradient: &'static [f64],
    /// Why it is that.
    pub why: &'static str,
}

/// All rows: `tests/singular.rs` works them out, and the book shows them.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    Row { what: "sqrt x", function: |x| x.sqrt(), at: &[0.0, -1.0], value: &[0.0, NAN], gradient: &[INF, NAN], why: "the slope from the right; no root below" },
    Row { what: "cbrt x", function: |x| x.cbrt(), at: &[0.0], value: &[0.0], gradient: &[INF], why: "the slope on both sides" },
    Row { what: "|x|", function: |x| x.abs(), at: &[0.0], value: &[0.0], gradient: &[0.0], why: "the mean of both slopes" },
    Row { what: "relu x", function: |x| x.relu(), at: &[0.0], value: &[0.0], gradient: &[0.0], why: "the slope from the left" },
    Row { what: "sign x", function: |x| x.sign(), at: &[0.0], value: &[0.0], gradient: &[0.0], why: "a step, flat on both sides" },
    Row { what: "round x", function: |x| x.round(), at: &[0.5, 1.5, 2.5], value: &[0.0, 2.0, 2.0], gradient: &[0.0, 0.0, 0.0], why: "to even, as IEEE 754; flat on both sides" },
    Row { what: "clamp x to 0..1", function: |x| x.clamp(0.0, 1.0), at: &[0.0, 1.0, 2.0], value: &[0.0, 1.0, 1.0], gradient: &[0.0, 0.0, 0.0], why: "at a bound the slope from outside" },
    Row { what: "ln x", function: |x| x.ln(), at: &[0.0, -1.0], value: &[-INF, NAN], gradient: &[INF, -1.0], why: "the slope from the right; 1 / x is what it is even where there is no value" },
    Row { what: "1 / x", function: |x| x.recip(), at: &[0.0], value: &[INF], gradient: &[-INF], why: "as the sign of zero says" },
    Row { what: "x · 1/x", function: |x| x * x.recip(), at: &[0.0], value: &[NAN], gradient: &[NAN], why: "no value, no gradient" },
    Row { what: "x⁰", function: |x| x.powf(0.0), at: &[0.0], value: &[1.0], gradient: &[0.0], why: "1 everywhere" },
    Row { what: "x^½", function: |x| x.powf(0.5), at: &[0.0, -1.0], value: &[0.0, NAN], gradient: &[INF, NAN], why: "as the root" },
    Row { what: "xᵃ by a", function: |a| Tensor::scalar(0.0).pow(a), at: &[2.0, 0.0, -1.0], value: &[0.0, 1.0, INF], gradient: &[0.0, 0.0, -INF], why: "0 to any power is flat, but for where it becomes infinite" },
    Row { what: "xᵃ by x", function: |x| x.pow(&Tensor::scalar(0.0)), at: &[0.0], value: &[1.0], gradient: &[0.0], why: "1 everywhere, as x⁰" },
    Row { what: "atan2(x, x)", function: |x| x.atan2(x), at: &[0.0], value: &[0.0], gradient: &[0.0], why: "every direction meets here: the mean of all slopes" },
    Row { what: "acos x", function: |x| x.acos(), at: &[1.0], value: &[0.0], gradient: &[-INF], why: "the slope from the left" },
    Row { what: "hypot(x, x)", function: |x| x.hypot(x), at: &[0.0], value: &[0.0], gradient: &[0.0], why: "the tip of a cone: the mean of its slopes" },
    Row { what: "maximum(x, 1)", function: |x| x.maximum(&Tensor::scalar(1.0)), at: &[1.0], value: &[1.0], gradient: &[1.0], why: "of two equal ones the first is chosen" },
    Row { what: "max", function: |x| x.max(), at: &[2.0, 1.0, 2.0], value: &[2.0], gradient: &[0.5, 0.0, 0.5], why: "shared by those that are the largest" },
    Row { what: "max_pool1d(2)", function: |x| x.max_pool1d(Pool::new([2])), at: &[2.0, 2.0], value: &[2.0], gradient: &[1.0, 0.0], why: "the first of a window is chosen, as in PyTorch" },
    Row { what: "prod", function: |x| x.prod(), at: &[0.0, 3.0, 2.0], value: &[0.0], gradient: &[6.0, 0.0, 0.0], why: "the product of the others" },
    Row { what: "prod", function: |x| x.prod(), at: &[0.0, 3.0, 0.0], value: &[0.0], gradient: &[0.0, 0.0, 0.0], why: "the product of the others" },
    Row { what: "cumprod", function: |x| x.cumprod(0), at: &[2.0, 0.0, 5.0], value: &[2.0, 0.0, 0.0], gradient: &[1.0, 12.0, 0.0], why: "polynomials, with no rule that divides" },
    Row { what: "std", function: |x| x.std(1.0), at: &[4.0, 4.0], value: &[0.0], gradient: &[0.0, 0.0], why: "smallest there: a subgradient" },
    Row { what: "std of one", function: |x| x.std(1.0), at: &[4.0], value: &[NAN], gradient: &[NAN], why: "nothing can be estimated from one" },
    Row { what: "norm", function: |x| x.norm(2.0), at: &[0.0, 0.0], value: &[0.0], gradient: &[0.0, 0.0], why: "smallest there: a subgradient" },
    Row { what: "norm of order 1", function: |x| x.norm(1.0), at: &[0.0, -2.0], value: &[2.0], gradient: &[0.0, -1.0], why: "as |x|" },
    Row { what: "where(x > 0, sqrt x, 0)", function: root_where_positive, at: &[4.0, -1.0], value: &[2.0, 0.0], gradient: &[0.25, NAN], why: "0 times the NaN of the root: what is not chosen was computed" },
    Row { what: "sqrt where(x > 0, x, 1)", function: root_of_chosen, at: &[4.0, -1.0], value: &[2.0, 1.0], gradient: &[0.25, 0.0], why: "choose first, and nothing is computed where there is no value" },
    Row { what: "softmax", function: |x| x.softmax(-1).slice(0, ..1), at: &[0.0, -INF], value: &[1.0], gradient: &[0.0, 0.0], why: "what is masked has no part, and passes nothing" },
    Row { what: "softmax of nothing finite", function: |x| x.softmax(-1), at: &[-INF, -INF], value: &[NAN, NAN], gradient: &[NAN, NAN], why: "0 / 0" },
    Row { what: "logsumexp", function: |x| x.logsumexp(-1), at: &[-INF, 0.0], value: &[0.0], gradient: &[0.0, 1.0], why: "the softmax" },
    Row { what: "logsumexp of nothing", function: |x| x.logsumexp(-1), at: &[-INF, -INF], value: &[-INF], gradient: &[NAN, NAN], why: "the logarithm of zero, and the softmax of nothing" },
    Row { what: "attention of what sees nothing", function: blind_attention, at: &[1.0, 2.0], value: &[0.0, 0.0], gradient: &[0.0, 0.0], why: "a mean of no values is zero, by definition here" },
    Row { what: "cross-entropy of a zero probability", function: |x| cross_entropy(&x.reshape([1, 2]), &[0]), at: &[-INF, 0.0], value: &[INF], gradient: &[-1.0, 1.0], why: "the slope of -x" },
];

fn root_where_positive(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::where_(&x.gt(0.0), &x.sqrt(), &Tensor::scalar(0.0))
}

fn root_of_chosen(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::where_(&x.gt(0.0), x, &Tensor::scalar(1.0)).sqrt()
}

fn blind_attention(x: &Tensor<f64>) -> Tensor<f64> {
    let x = x.reshape([x.size(), 1]);
    let nothing = Array::from_slice(&[false]);
    x.scaled_dot_product_attention(&x, &x, Attention::new().mask(&nothing)).reshape([x.size()])
}
