//! Elementary and special functions: proved by the checker, and against the values of `golden/elementary.py`.

use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tests::golden::numbers;
use wengert::autograd::ops::*;
use wengert::autograd::{
    Array, Cases, Map, Pointwise, Primitive, Rng, Routine, Tensor, check, check_fn, check_with, grad, hessian,
};

/// Proves a function on an interval.
#[track_caller]
fn check_on(low: f64, high: f64, function: impl Pointwise<f64, 1>) {
    check_with(Map(function), Cases::default().range(low, high));
}

#[test]
fn powers_and_roots() {
    for c in [2.5, -0.5, 1.0, 0.0] {
        check_on(0.4, 3.0, Routine(Powf(c)));
    }
    check(Map(Routine(Powf(3.0))));
    check(Map(Routine(Powf(-2.0))));
    check_with(Map(Routine(Pow)), Cases::default().range(0.4, 3.0));
    check(Map(Recip));
    check(Map(Square));
    check_on(0.4, 3.0, Rsqrt);
    check(Map(Routine(Cbrt)));
    check(Map(Routine(Hypot)));
}

#[test]
fn exponentials_and_logarithms() {
    check(Map(Routine(Exp2)));
    check(Map(Routine(ExpM1)));
    check_on(-0.6, 3.0, Routine(Ln1p));
    check_on(0.4, 3.0, Routine(Log2));
    check_on(0.4, 3.0, Routine(Log10));
}

#[test]
fn functions_of_angles() {
    check_on(-1.2, 1.2, Routine(Tan));
    check_on(-0.8, 0.8, Routine(Asin));
    check_on(-0.8, 0.8, Routine(Acos));
    check(Map(Routine(Atan)));
    check(Map(Routine(Atan2)));
    check(Map(Routine(Sinh)));
    check(Map(Routine(Cosh)));
}

#[test]
fn special_functions() {
    check(Map(Routine(Erf)));
    check(Map(Routine(Erfc)));
    check(Map(Routine(NormalCdf)));
    check_on(0.5, 4.0, Routine(Lgamma));
    check_on(-1.8, -1.2, Routine(Lgamma));
    for n in 0..3 {
        check_on(1.0, 4.0, Routine(Polygamma(n)));
        check_on(-1.7, -1.3, Routine(Polygamma(n)));
    }
}

/// Kinks are at 0, and for some at -3 and 3, where no case comes near them.
#[test]
fn activations() {
    check(Map(LogSigmoid));
    check(Map(Routine(Softplus { beta: 1.0, threshold: 20.0 })));
    check_on(-2.0, 0.9, Routine(Softplus { beta: 3.0, threshold: 3.0 }));
    check(Map(LeakyRelu(0.1)));
    check(Map(Elu { alpha: 0.7, scale: 1.3, tau: 0.4 }));
    check(Map(Routine(Gelu)));
    check(Map(GeluTanh));
    check(Map(Silu));
    check(Map(Mish));
    for (low, high) in [(-5.0, -3.1), (-2.9, 2.9), (3.1, 5.0)] {
        check_on(low, high, Hardswish);
        check_on(low, high, Hardsigmoid);
    }
    check(Map(Softsign));
    check_fn(|[x]| x.glu(-1), Cases::shapes(["..4"]));
    check_fn(|[x]| x.glu(0), Cases::shapes(["2ab"]));
}

#[test]
fn steps_and_choices() {
    check_on(0.1, 0.9, Routine(Sign));
    check_on(-1.9, -1.1, Routine(Floor));
    check_on(-1.9, -1.1, Routine(Ceil));
    check_on(0.6, 1.4, Routine(Round));
    for (low, high) in [(-0.25, 0.25), (-1.0, 2.5), (-9.0, 9.0)] {
        check(Map(Routine(Clamp { low, high })));
    }
    // The one is near whole numbers, the other is not.
    let apart = || {
        Cases::default()
            .values(|i, rng| (rng.below(7) as f64 - 3.0) + i as f64 * 0.5 + 0.1 * rng.uniform::<f64>())
    };
    check_fn(|[a, b]| a.maximum(b), apart());
    check_fn(|[a, b]| a.minimum(b), apart());
    check(Map(Lerp));
}

/// A function of this name in the golden file.
type Function = (&'static str, fn(&[Tensor<f64>]) -> Tensor<f64>);

const AGAINST_PYTORCH: &[Function] = &[
    ("powf(2.5)", |x| x[0].powf(2.5)),
    ("powf(0)", |x| x[0].powf(0.0)),
    ("powf(1)", |x| x[0].powf(1.0)),
    ("powf(-0.5)", |x| x[0].powf(-0.5)),
    ("powf(3)", |x| x[0].powf(3.0)),
    ("pow", |x| x[0].pow(&x[1])),
    ("recip", |x| x[0].recip()),
    ("square", |x| x[0].square()),
    ("rsqrt", |x| x[0].rsqrt()),
    ("exp2", |x| x[0].exp2()),
    ("exp_m1", |x| x[0].exp_m1()),
    ("ln_1p", |x| x[0].ln_1p()),
    ("log2", |x| x[0].log2()),
    ("log10", |x| x[0].log10()),
    ("tan", |x| x[0].tan()),
    ("asin", |x| x[0].asin()),
    ("acos", |x| x[0].acos()),
    ("atan", |x| x[0].atan()),
    ("atan2", |x| x[0].atan2(&x[1])),
    ("sinh", |x| x[0].sinh()),
    ("cosh", |x| x[0].cosh()),
    ("hypot", |x| x[0].hypot(&x[1])),
    ("sign", |x| x[0].sign()),
    ("floor", |x| x[0].floor()),
    ("ceil", |x| x[0].ceil()),
    ("round", |x| x[0].round()),
    ("clamp(-1, 3)", |x| x[0].clamp(-1.0, 3.0)),
    ("clamp(-inf, 0)", |x| x[0].clamp(f64::NEG_INFINITY, 0.0)),
    ("maximum", |x| x[0].maximum(&x[1])),
    ("minimum", |x| x[0].minimum(&x[1])),
    ("lerp", |x| x[0].lerp(&x[1], &x[2])),
    ("sigmoid", |x| x[0].sigmoid()),
    ("log_sigmoid", |x| x[0].log_sigmoid()),
    ("softplus(1, 20)", |x| x[0].softplus(1.0, 20.0)),
    ("softplus(2.5, 4)", |x| x[0].softplus(2.5, 4.0)),
    ("relu", |x| x[0].relu()),
    ("leaky_relu(0.01)", |x| x[0].leaky_relu(0.01)),
    ("leaky_relu(-0.5)", |x| x[0].leaky_relu(-0.5)),
    ("elu(0.7)", |x| x[0].elu(0.7)),
    ("selu", |x| x[0].selu()),
    ("celu(0.7)", |x| x[0].celu(0.7)),
    ("gelu", |x| x[0].gelu()),
    ("gelu_tanh", |x| x[0].gelu_tanh()),
    ("silu", |x| x[0].silu()),
    ("mish", |x| x[0].mish()),
    ("hardswish", |x| x[0].hardswish()),
    ("hardsigmoid", |x| x[0].hardsigmoid()),
    ("softsign", |x| x[0].softsign()),
    ("glu", |x| x[0].glu(0)),
];

const EXACT: &[Function] = &[
    ("erf", |x| x[0].erf()),
    ("erfc", |x| x[0].erfc()),
    ("normal_cdf", |x| x[0].normal_cdf()),
    ("cbrt", |x| x[0].cbrt()),
    ("lgamma", |x| x[0].lgamma()),
    ("digamma", |x| x[0].digamma()),
    ("polygamma(1)", |x| x[0].polygamma(1)),
    ("polygamma(2)", |x| x[0].polygamma(2)),
    ("polygamma(5)", |x| x[0].polygamma(5)),
];

/// A part of the golden file, which must hold these functions and no others.
fn golden(part: &str, functions: &[Function]) -> Value {
    static FILE: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(include_str!("../golden/elementary.json")).unwrap());
    let names: BTreeSet<&str> = functions.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = FILE[part].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, names, "{part}");
    FILE[part].clone()
}

fn leaf(x: &Value) -> Tensor<f64> {
    Tensor::from(numbers(x)).requires_grad()
}

#[track_caller]
fn assert_same(what: &str, found: &Tensor<f64>, expected: &Value, tolerance: f64) {
    let expected = numbers(expected);
    assert_eq!(found.size(), expected.len(), "{what}");
    for (i, (found, expected)) in found.to_vec().into_iter().zip(expected).enumerate() {
        let same = found == expected
            || found.is_nan() && expected.is_nan()
            || (found - expected).abs() <= tolerance * expected.abs();
        assert!(same, "{what}: number {i} is {found:e}, expected {expected:e}");
    }
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let golden = golden("pytorch", AGAINST_PYTORCH);
    for (name, function) in AGAINST_PYTORCH {
        let entry = &golden[name];
        let x: Vec<_> = entry["x"].as_array().unwrap().iter().map(leaf).collect();
        let y = function(&x);
        assert_same(name, &y, &entry["y"], 1e-12);
        let dy = leaf(&entry["dy"]).detach().reshape(y.shape());
        for (i, x) in x.iter().enumerate() {
            let [recorded] = grad(&(&y * &dy).sum(), [x]);
            assert_same(&format!("{name}: recorded gradient {i}"), &recorded, &entry["dx"][i], 1e-12);
        }
        let grads = y.backward_from(&dy);
        for (i, x) in x.iter().enumerate() {
            assert_same(&format!("{name}: gradient {i}"), &grads[x], &entry["dx"][i], 1e-12);
        }
    }
}

/// Only what does not depend on its argument has a value for NaN.
#[test]
fn nan_is_never_swallowed() {
    for (name, function) in AGAINST_PYTORCH.iter().chain(EXACT) {
        let x = Tensor::from([f64::NAN, f64::NAN]);
        let y = function(&[x, Tensor::scalar(1.0), Tensor::scalar(0.25)]);
        assert!(*name == "powf(0)" || y.to_vec().iter().all(|y| y.is_nan()), "{name}");
    }
}

/// In `f64` to four units in the last place, the derivatives to a few more, which the factors in front of them cost.
#[test]
fn special_functions_are_exact_to_four_units_in_the_last_place() {
    let golden = golden("exact", EXACT);
    for (name, function) in EXACT {
        let entry = &golden[name];
        let x = leaf(&entry["x"]);
        let y = function(std::slice::from_ref(&x));
        assert_same(name, &y, &entry["y"], 4.0 * f64::EPSILON);
        let ones = Tensor::ones(y.shape());
        assert_same(&format!("{name}: gradient"), &y.backward_from(&ones)[&x], &entry["dx"], 1e-13);
    }
}

#[test]
fn singular_points_of_special_functions() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let x = Tensor::from([inf, -inf, nan, 0.0, -0.0, -2.0]);
    let show = |y: Tensor<f64>| format!("{:?}", y.to_vec());
    assert_eq!(show(x.erf()), "[1.0, -1.0, NaN, 0.0, -0.0, -0.9953222650189527]");
    assert_eq!(show(x.lgamma()), "[inf, inf, NaN, inf, inf, inf]");
    assert_eq!(show(x.digamma()), "[inf, NaN, NaN, -inf, inf, NaN]");
    assert_eq!(show(x.polygamma(1)), "[0.0, NaN, NaN, inf, inf, inf]");
    assert_eq!(show(x.polygamma(2)), "[-0.0, NaN, NaN, NaN, NaN, NaN]");
}

/// In single precision every value is that of double precision, rounded.
#[test]
fn single_precision_follows_from_double() {
    let x = Tensor::from([0.3_f32, 1.7, 5.2]);
    let wide = Tensor::from(x.to_vec().into_iter().map(f64::from).collect::<Vec<_>>());
    let round = |y: Tensor<f64>| y.to_vec().into_iter().map(|y| y as f32).collect::<Vec<_>>();
    assert_eq!(x.lgamma().to_vec(), round(wide.lgamma()));
    assert_eq!(x.digamma().to_vec(), round(wide.digamma()));
    assert_eq!(x.erfc().to_vec(), round(wide.erfc()));
}

/// The distance of two numbers at the origin has the gradient 0, and powers of 0 stay finite where they can.
#[test]
fn singular_points_of_powers() {
    let gradients = |y: Tensor<f64>, x: [&Tensor<f64>; 2]| {
        let grads = y.sum().backward();
        x.map(|x| grads[x].to_vec())
    };
    let [a, b] = [[0.0, 0.0], [0.0, 2.0]].map(|x| Tensor::from(x).requires_grad());
    assert_eq!(gradients(a.hypot(&b), [&a, &b]), [[0.0, 0.0], [0.0, 1.0]]);
    // Of order two, too: nothing that is not chosen gets through.
    let [x, e] = [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]].map(|x| Tensor::from(x).requires_grad());
    let [dx, de] = grad(&x.pow(&e).sum(), [&x, &e]);
    assert_eq!((dx.to_vec(), de.to_vec()), (vec![0.0, 1.0, 0.0], vec![0.0; 3]));
    let [second] = grad(&dx.sum(), [&x]);
    assert_eq!(second.to_vec(), [0.0, 0.0, 2.0]);
    let [mixed] = grad(&de.sum(), [&x]);
    assert_eq!(mixed.to_vec(), [0.0; 3]);
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let (a, b) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([2]));
    let message = Pow.try_apply([&a, &b]).unwrap_err().to_string();
    assert!(message.starts_with("pow: ") && message.contains("[2, 3]"), "{message}");
    let message = Atan2.try_apply([&a, &b]).unwrap_err().to_string();
    assert!(message.starts_with("atan2: "), "{message}");
    let message = panic_message(|| a.gt(&b));
    assert!(
        message.starts_with("gt: ") && message.contains("[2, 3]") && message.contains("[2]"),
        "{message}"
    );
    let message = panic_message(|| a.maximum(&b));
    assert!(message.starts_with("maximum: "), "{message}");
    let message = panic_message(|| a.gt(0.0) & b.gt(0.0));
    assert!(message.starts_with("and: "), "{message}");
    let message = panic_message(|| a.glu(-1));
    assert!(message.starts_with("glu: an axis of odd size") && message.contains("axis 1 is 3"), "{message}");
    let message = panic_message(|| a.clamp(2.0, 1.0));
    assert_eq!(message, "clamp: there is nothing between 2 and 1\n  help: give the lower bound first");
}

fn panic_message<R>(attempt: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt)).err().expect("a panic");
    *panic.downcast::<String>().expect("a message")
}

/// NaN is neither above nor below; a mask of logic broadcasts as its operands do.
#[test]
fn comparisons_and_masks() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let a = Tensor::from([[1.0, 2.0, nan, -0.0], [inf, -inf, 3.0, nan]]);
    let b = Tensor::from([1.0, 3.0, nan, 0.0]);
    let show = |mask: Array<bool>| -> String {
        mask.to_vec().into_iter().map(|holds| if holds { '1' } else { '0' }).collect()
    };
    let with_tensor = [a.gt(&b), a.ge(&b), a.lt(&b), a.le(&b), a.eq(&b), a.ne(&b)];
    assert_eq!(
        with_tensor.map(show),
        ["00001000", "10011000", "01000100", "11010100", "10010000", "01101111"]
    );
    let with_number = [a.gt(2.0), a.ge(2.0), a.lt(2.0), a.le(2.0), a.eq(2.0), a.ne(2.0)];
    assert_eq!(
        with_number.map(show),
        ["00001010", "01001010", "10010100", "11010100", "01000000", "10111111"]
    );
    let (row, all) = (b.gt(0.5), a.gt(0.5));
    assert_eq!((show(row.clone()), show(all.clone())), ("1100".into(), "11001010".into()));
    assert_eq!(show(&row & &all), "11001000");
    assert_eq!(show(&row | all.clone()), "11001110");
    assert_eq!(show(row.clone() ^ &all), "00000110");
    assert_eq!((show(!&row), show(!(row & all))), ("0011".into(), "00110111".into()));
}

/// Of equal ones the first takes the gradient; the other's is exactly 0, whatever it is.
#[test]
fn ties_and_nan_of_the_larger_and_the_smaller() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let [a, b] =
        [[1.0, inf, nan, 2.0, 0.0], [1.0, inf, 1.0, nan, -0.0]].map(|x| Tensor::from(x).requires_grad());
    for y in [a.maximum(&b), a.minimum(&b)] {
        assert!(y.at([2]).is_nan() && y.at([3]).is_nan());
        let grads = y.sum().backward();
        assert_eq!(grads[&a].to_vec(), [1.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!(grads[&b].to_vec(), [0.0, 0.0, 0.0, 1.0, 0.0]);
    }
}

/// Where the exponential would overflow it is not taken, and it does not spoil what is, at any order.
#[test]
fn the_branch_that_is_not_taken_leaves_no_nan() {
    let functions: [Function; 4] = [
        ("elu", |x| x[0].elu(1.0)),
        ("softplus", |x| x[0].softplus(1.0, 20.0)),
        ("relu", |x| x[0].relu()),
        ("leaky_relu", |x| x[0].leaky_relu(0.1)),
    ];
    for (name, f) in functions {
        let x = Tensor::from([2000.0, 0.0]).requires_grad();
        let [first] = grad(&f(std::slice::from_ref(&x)).sum(), [&x]);
        assert_eq!(first.at([0]), 1.0, "{name}");
        let second = first.is_tracked().then(|| grad(&first.sum(), [&x])[0].at([0]));
        assert_eq!(second.unwrap_or(0.0), 0.0, "{name}");
    }
}

/// Differentiated eight times, the sine is itself, and six times, its negative.
#[test]
fn derivatives_of_whole_order() {
    let derivative = |f: fn(&Tensor<f64>) -> Tensor<f64>, order: usize, x: &Tensor<f64>| {
        (0..order).fold(f(x), |y, _| {
            let [dx] = grad(&y.sum(), [x]);
            dx
        })
    };
    let mut rng = Rng::seed(5);
    let x = Tensor::uniform([20], -3.0, 3.0, &mut rng).requires_grad();
    let same = |what: &str, found: Tensor<f64>, expected: Tensor<f64>| {
        for (found, expected) in found.to_vec().into_iter().zip(expected.to_vec()) {
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{what}: {found} {expected}"
            );
        }
    };
    same("sine", derivative(Tensor::sin, 8, &x), x.sin());
    same("sine", derivative(Tensor::sin, 6, &x), -x.sin());
    same("hyperbolic sine", derivative(Tensor::sinh, 6, &x), x.sinh());
    same("exponential", derivative(Tensor::exp, 8, &x), x.exp());
    same("power", derivative(|x| x.powf(8.0), 8, &x), Tensor::full([20], 40320.0));
    let x = x.exp().detach().requires_grad();
    same("lgamma", derivative(Tensor::lgamma, 5, &x), x.polygamma(4));
}

/// `∂²xᵃ / ∂x ∂a = xᵃ⁻¹ (1 + a ln x)`, from either side, also where the exponent is 0; and NaN stays.
#[test]
fn a_power_has_mixed_derivatives_where_the_exponent_is_0() {
    for a in [0.0_f64, 1.0, -2.0, 0.5] {
        let h = hessian(|[x, a]| x.pow(a).sum(), [&Tensor::from([2.0]), &Tensor::from([a])]);
        let expected = 2.0_f64.powf(a - 1.0) * (1.0 + a * 2.0_f64.ln());
        for found in [h[0][1].item(), h[1][0].item()] {
            assert!((found - expected).abs() < 1e-14, "{a}: {found}, {expected}");
        }
    }
    let slope = |x: f64, a: f64| {
        let x = Tensor::from([x]).requires_grad();
        x.pow(&Tensor::from([a])).sum().backward()[&x].item()
    };
    assert_eq!([slope(0.0, 0.0), slope(0.0, 1.0), slope(0.0, 2.0), slope(3.0, 0.0)], [0.0, 1.0, 0.0, 0.0]);
    assert!(slope(f64::NAN, 2.0).is_nan() && slope(2.0, f64::NAN).is_nan());
}

/// Far out `gelu` is `x` or 0, in any form.
#[test]
fn gelu_has_a_slope_at_any_number() {
    let x = Tensor::from([-1e20_f32, -1e10, 1e10, 1e20, f32::MAX]).requires_grad();
    for gelu in [Tensor::gelu, Tensor::gelu_tanh] {
        assert_eq!(gelu(&x).sum().backward()[&x].to_vec(), [0.0, 0.0, 1.0, 1.0, 1.0]);
    }
}

/// Where factorials are infinite or powers 0, and their product is neither. From mpmath's `polygamma`.
#[test]
fn polygamma_of_high_order_is_finite() {
    for (n, x, expected) in [(200, 300.0, -2.03e-123), (150, 200.0, -3.79e-85), (171, 1e3, 7.9e-207)] {
        let found = Tensor::scalar(x).polygamma(n).item();
        assert!((found / expected - 1.0_f64).abs() < 5e-3, "{n} at {x}: {found}");
    }
    let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-11;
    // ψₙ(x + 1) = ψₙ(x) + (-1)ⁿ n! / xⁿ⁺¹
    let at = |x: f64| Tensor::scalar(x).polygamma(120).item();
    let step = (1..=120).map(f64::from).fold(1.0, |product, k| product * k / 300.0) / 300.0;
    assert!(near(at(301.0) - at(300.0), step), "{} {}", at(301.0) - at(300.0), step);
}
