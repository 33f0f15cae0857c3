//! Elementary and special functions: proved by the checker, and against the values of `golden/elementary.py`.

use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use wengert::autograd::ops::*;
use wengert::autograd::{Cases, Map, Pointwise, Rng, Tensor, check, check_with, grad};

/// Proves a function on an interval.
#[track_caller]
fn check_on(low: f64, high: f64, function: impl Pointwise<f64, 1>) {
    check_with(Map(function), Cases::default().range(low, high));
}

#[test]
fn powers_and_roots() {
    for c in [2.5, -0.5, 1.0, 0.0] {
        check_on(0.4, 3.0, Powf(c));
    }
    check(Map(Powf(3.0)));
    check(Map(Powf(-2.0)));
    check_with(Map(Pow), Cases::default().range(0.4, 3.0));
    check(Map(Recip));
    check(Map(Square));
    check_on(0.4, 3.0, Rsqrt);
    check(Map(Cbrt));
    check(Map(Hypot));
}

#[test]
fn exponentials_and_logarithms() {
    check(Map(Exp2));
    check(Map(ExpM1));
    check_on(-0.6, 3.0, Ln1p);
    check_on(0.4, 3.0, Log2);
    check_on(0.4, 3.0, Log10);
}

#[test]
fn functions_of_angles() {
    check_on(-1.2, 1.2, Tan);
    check_on(-0.8, 0.8, Asin);
    check_on(-0.8, 0.8, Acos);
    check(Map(Atan));
    check(Map(Atan2));
    check(Map(Sinh));
    check(Map(Cosh));
}

#[test]
fn special_functions() {
    check(Map(Erf));
    check(Map(Erfc));
    check(Map(NormalCdf));
    check_on(0.5, 4.0, Lgamma);
    check_on(-1.8, -1.2, Lgamma);
    for n in 0..3 {
        check_on(1.0, 4.0, Polygamma(n));
        check_on(-1.7, -1.3, Polygamma(n));
    }
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

/// A list of numbers, of which infinities and NaN are written as texts.
fn numbers(list: &Value) -> Vec<f64> {
    let number = |x: &Value| x.as_f64().or_else(|| x.as_str()?.parse().ok());
    list.as_array().unwrap().iter().map(|x| number(x).unwrap_or_else(|| panic!("{x} is no number"))).collect()
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
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let (a, b) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([2]));
    let message = Pow.try_apply([&a, &b]).unwrap_err().to_string();
    assert!(message.starts_with("pow: ") && message.contains("[2, 3]"), "{message}");
    let message = Atan2.try_apply([&a, &b]).unwrap_err().to_string();
    assert!(message.starts_with("atan2: "), "{message}");
}

/// Differentiated eight times, the sine is itself.
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
    same("hyperbolic sine", derivative(Tensor::sinh, 8, &x), x.sinh());
    same("exponential", derivative(Tensor::exp, 8, &x), x.exp());
    same("power", derivative(|x| x.powf(8.0), 8, &x), Tensor::full([20], 40320.0));
    let x = x.exp().detach().requires_grad();
    same("lgamma", derivative(Tensor::lgamma, 5, &x), x.polygamma(4));
}
