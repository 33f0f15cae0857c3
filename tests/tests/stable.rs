//! Functions that a careless formula would let overflow, underflow or cancel: one table of values and gradients, in both
//! precisions, against formulas in double precision that are exact there.
//!
//! All are functions of one number `x`, some of them of the lane `[x, 0]`: its softmax is the sigmoid, its `logsumexp` the
//! softplus, and its cross-entropy against the first label the softplus of `-x`. A lane that holds infinity has no softmax.

use wengert::autograd::{Scalar, Tensor};
use wengert::{bce_with_logits, cross_entropy};

const POINTS: [f64; 11] =
    [0.0, 1e-40, -1e-40, 1.0, -1.0, 88.8, -88.8, 1e4, -1e4, f64::INFINITY, f64::NEG_INFINITY];

/// How exact a number is.
#[derive(Clone, Copy)]
enum Exact {
    /// To the precision of its own size.
    Relative,
    /// To the precision of 1: it is the difference between 1 and a number near 1, or the logarithm of such a number, of which
    /// there is nothing left to be seen.
    Absolute,
}

/// A function of `[x]`, its value and derivative in double precision, how exact both are, and whether infinity has a place in it.
struct Row<T: Scalar> {
    name: &'static str,
    function: fn(&Tensor<T>) -> Tensor<T>,
    value: (fn(f64) -> f64, Exact),
    derivative: (fn(f64) -> f64, Exact),
    at_infinity: bool,
}

fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn d_sigmoid(x: f64) -> f64 {
    sigmoid(x) * sigmoid(-x)
}

/// `[x, 0]`, the lane that makes the two-class functions out of functions of one number.
fn lane<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    Tensor::concat(&[x, &Tensor::zeros([1])], 0)
}

fn table<T: Scalar>() -> [Row<T>; 9] {
    use Exact::{Absolute, Relative};
    [
        Row {
            name: "sigmoid",
            function: |x| x.sigmoid(),
            value: (sigmoid, Relative),
            derivative: (d_sigmoid, Absolute),
            at_infinity: true,
        },
        Row {
            name: "softplus",
            function: |x| x.softplus(T::one(), T::infinity()),
            value: (softplus, Relative),
            derivative: (sigmoid, Relative),
            at_infinity: true,
        },
        Row {
            name: "log_sigmoid",
            function: |x| x.log_sigmoid(),
            value: (|x| -softplus(-x), Relative),
            derivative: (|x| sigmoid(-x), Relative),
            at_infinity: true,
        },
        Row {
            name: "softmax",
            function: |x| lane(x).softmax(-1).slice(0, ..1),
            value: (sigmoid, Relative),
            derivative: (d_sigmoid, Absolute),
            at_infinity: false,
        },
        Row {
            name: "log_softmax",
            function: |x| lane(x).log_softmax(-1).slice(0, ..1),
            value: (|x| -softplus(-x), Absolute),
            derivative: (|x| sigmoid(-x), Absolute),
            at_infinity: false,
        },
        Row {
            name: "logsumexp",
            function: |x| lane(x).logsumexp(-1),
            value: (softplus, Absolute),
            derivative: (sigmoid, Relative),
            at_infinity: false,
        },
        Row {
            name: "cross_entropy",
            function: |x| cross_entropy(&lane(x).unsqueeze(0), &[0]),
            value: (|x| softplus(-x), Absolute),
            derivative: (|x| -sigmoid(-x), Absolute),
            at_infinity: false,
        },
        Row {
            name: "bce_with_logits of no",
            function: |x| bce_with_logits(x, &Tensor::zeros([1])),
            value: (softplus, Relative),
            derivative: (sigmoid, Relative),
            at_infinity: true,
        },
        Row {
            name: "bce_with_logits of yes",
            function: |x| bce_with_logits(x, &Tensor::ones([1])),
            value: (|x| softplus(-x), Relative),
            derivative: (|x| -sigmoid(-x), Relative),
            at_infinity: true,
        },
    ]
}

/// Compares every function at every point; what is smaller than the smallest number may be 0.
fn stable<T: Scalar>(tolerance: f64) {
    let smallest = Into::<f64>::into(T::min_positive_value() * T::epsilon());
    for row in table::<T>() {
        for point in POINTS.into_iter().filter(|x| row.at_infinity || *x < f64::INFINITY) {
            // What the number type makes of the point is what the function is asked for.
            let x = Tensor::from([T::of(point)]).requires_grad();
            let point: f64 = T::of(point).into();
            let y = (row.function)(&x).sum();
            let value: f64 = y.item().into();
            let derivative: f64 = y.backward()[&x].at([0]).into();
            for (what, found, (expected, exact)) in
                [("", value, row.value), ("'", derivative, row.derivative)]
            {
                let expected = expected(point);
                let scale = match exact {
                    Exact::Relative => expected.abs(),
                    Exact::Absolute => expected.abs().max(1.0),
                };
                assert!(
                    found == expected || (found - expected).abs() <= tolerance * scale + smallest,
                    "{}{what}({point:e}) in {} is {found:e}, expected {expected:e}",
                    row.name,
                    T::NAME
                );
            }
        }
    }
}

#[test]
fn values_and_gradients_are_stable_in_single_precision() {
    stable::<f32>(1e-6);
}

#[test]
fn values_and_gradients_are_stable_in_double_precision() {
    stable::<f64>(1e-14);
}
