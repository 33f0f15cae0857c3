//! Losses, regularizers and the affine layer against PyTorch: values, gradients and second derivatives.

use serde_json::Value;
use tests::golden::{self, assert_close};
use tests::messages::panic_of;
use wengert::autograd::{GradError, Op, try_grad};
use wengert::prelude::*;
use wengert::{
    CrossEntropy, bce, cosine_embedding, gaussian_nll, hinge, kl_divergence, margin_ranking, multi_margin,
    nll, poisson_nll, smooth_l1, soft_cross_entropy, triplet_margin,
};

const TOLERANCE: f64 = 1e-12;

/// The inputs of an entry, as parameters.
fn inputs(entry: &Value) -> Vec<Param<f64>> {
    let inputs = entry["inputs"].as_array().expect("a list of inputs");
    inputs.iter().map(|input| Param::new(golden::tensor(input))).collect()
}

/// Compares a loss and its gradients, once by the sweep that frees the graph and once by the one that records itself.
fn check_first(name: &str, loss: &Tensor<f64>, inputs: &[Param<f64>]) {
    let entry = &golden::nn()["losses"][name];
    let value = entry["value"].as_f64().expect("a number");
    assert_close(&format!("{name}: value"), &[loss.item()], &[value], TOLERANCE);
    let freed = loss.clone().backward();
    for (i, input) in inputs.iter().enumerate() {
        let expected = golden::numbers(&entry["gradients"][i]["values"]);
        let [recorded] = grad(loss, [input]);
        assert_close(&format!("{name}: gradient {i}"), &freed[input].to_vec(), &expected, TOLERANCE);
        assert_close(&format!("{name}: recorded gradient {i}"), &recorded.to_vec(), &expected, TOLERANCE);
    }
}

/// Compares the product of the first input's Hessian with a direction.
fn check_second(name: &str, loss: &Tensor<f64>, inputs: &[Param<f64>]) {
    let entry = &golden::nn()["losses"][name];
    let [dx] = grad(loss, [&inputs[0]]);
    // A gradient that depends on nothing, as that of a line, has the derivative 0.
    let product = match try_grad(&(dx * golden::tensor(&entry["direction"])).sum(), [&inputs[0]]) {
        Ok([product]) => product.to_vec(),
        Err(GradError::ConstantRoot) => vec![0.0; inputs[0].size()],
        Err(error) => panic!("{name}: {error}"),
    };
    let expected = golden::numbers(&entry["hessian times direction"]["values"]);
    assert_close(&format!("{name}: Hessian"), &product, &expected, TOLERANCE);
}

#[test]
fn cross_entropy_is_that_of_pytorch_to_the_second_derivative() {
    let losses = &golden::nn()["losses"];
    for (name, labels) in [("cross_entropy", "labels"), ("far cross_entropy", "far labels")] {
        let logits = inputs(&losses[name]);
        let labels = golden::labels(&losses[labels]);
        let loss = cross_entropy(&logits[0], &labels);
        assert_eq!(logits[0].cross_entropy(&labels).item(), loss.item(), "the method is the function");
        check_first(name, &loss, &logits);
        check_second(name, &loss, &logits);
    }
}

#[test]
fn the_squared_error_is_that_of_pytorch_to_the_second_derivative() {
    let both = inputs(&golden::nn()["losses"]["mse"]);
    let loss = mse(&both[0], &both[1]);
    assert_eq!(both[0].mse(&both[1]).item(), loss.item(), "the method is the function");
    check_first("mse", &loss, &both);
    check_second("mse", &loss, &both);
}

#[test]
fn the_cross_entropy_of_yes_and_no_is_that_of_pytorch_to_the_second_derivative() {
    let both = inputs(&golden::nn()["losses"]["bce_with_logits"]);
    let loss = bce_with_logits(&both[0], &both[1]);
    assert_eq!(both[0].bce_with_logits(&both[1]).item(), loss.item(), "the method is the function");
    check_first("bce_with_logits", &loss, &both);
    check_second("bce_with_logits", &loss, &both);
}

type Loss = fn(&[Param<f64>], &Value) -> Tensor<f64>;

/// Names in the file, and the same losses here.
const FURTHER: [(&str, Loss); 16] = [
    ("mae", |x, _| x[0].mae(&x[1])),
    ("huber", |x, _| x[0].huber(&x[1], 0.7)),
    ("smooth l1", |x, _| smooth_l1(&x[0], &x[1], 0.5)),
    ("bce", |x, _| bce(&x[0], &x[1])),
    ("kl", |x, _| kl_divergence(&x[0], &x[1])),
    ("poisson", |x, _| poisson_nll(&x[0], &x[1])),
    ("gaussian", |x, _| gaussian_nll(&x[0], &x[1], &x[2])),
    ("hinge", |x, losses| hinge(&x[0], &golden::tensor(&losses["signs"]))),
    ("margin ranking", |x, losses| margin_ranking(&x[0], &x[1], &golden::tensor(&losses["signs"]), 0.3)),
    ("multi margin", |x, _| multi_margin(&x[0], &[3, 0, 2], 0.8)),
    ("triplet", |x, _| triplet_margin(&x[0], &x[1], &x[2], 0.7)),
    ("cosine", |x, losses| cosine_embedding(&x[0], &x[1], &golden::tensor(&losses["signs"]), 0.1)),
    ("nll", |x, _| nll(&x[0], &[3, 0, 2])),
    ("soft cross_entropy", |x, _| soft_cross_entropy(&x[0], &x[1])),
    ("weighted cross_entropy", |x, losses| {
        let labels = CrossEntropy::new(&golden::labels(&losses["counted labels"]));
        let weights = golden::tensor(&losses["weights"]).to_vec();
        labels.weights(&weights).ignore(9).smoothing(0.1).apply([&x[0]])
    }),
    ("smooth cross_entropy", |x, _| CrossEntropy::new(&[3, 0, 2]).smoothing(0.2).apply([&x[0]])),
];

#[test]
fn all_others_are_those_of_pytorch_to_the_second_derivative() {
    let losses = &golden::nn()["losses"];
    for (name, loss) in FURTHER {
        let inputs = inputs(&losses[name]);
        let loss = loss(&inputs, losses);
        check_first(name, &loss, &inputs);
        // Where PyTorch has none.
        if !losses[name]["hessian times direction"].is_null() {
            check_second(name, &loss, &inputs);
        }
    }
}

/// Whatever logits a row has that does not count, nothing of it is in the gradient, nor in the second derivative.
#[test]
fn rows_that_are_ignored_may_hold_anything() {
    for spoiled in [f64::NAN, f64::INFINITY] {
        let logits = Tensor::from([[0.0, 1.0], [spoiled, 0.0]]).requires_grad();
        let loss = CrossEntropy::new(&[0, 9]).ignore(9).apply([&logits]);
        // σ(1) is the probability of class 1.
        let p = 1.0 / (1.0 + (-1.0_f64).exp());
        assert_close("value", &[loss.item()], &[-(1.0 - p).ln()], TOLERANCE);
        let [recorded] = grad(&loss, [&logits]);
        let [second] = grad(&recorded.slice(1, ..1).sum(), [&logits]);
        let [lost] = grad(&(&loss * f64::NAN), [&logits]);
        assert_eq!(lost.to_vec()[2..], [0.0, 0.0], "though what comes after the loss is NaN");
        assert_close("recorded gradient", &recorded.to_vec(), &[-p, p, 0.0, 0.0], TOLERANCE);
        assert_close("gradient", &loss.backward()[&logits].to_vec(), &[-p, p, 0.0, 0.0], TOLERANCE);
        let slope = p * (1.0 - p);
        assert_close("second derivative", &second.to_vec(), &[slope, -slope, 0.0, 0.0], TOLERANCE);
    }
}

/// Where a probability is 0 or 1, too: the derivative by probability and target is `-1 / (p (1 - p))` in both orders, with the bound
/// 1e-12 below, and 0 between different elements.
#[test]
fn the_hessian_of_bce_is_finite_and_symmetric() {
    let p = Tensor::from([0.0, 0.5, 1.0, 1e-50, 0.2]);
    let t = Tensor::from([0.0, 1.0, 1.0, 0.0, 0.3]);
    let [[_, of_p], [of_t, _]] = wengert::autograd::hessian(|[p, t]| bce(p, t) * 5.0, [&p, &t]);
    let slopes = [-1e12, -4.0, -1e12, -1e12, -1.0 / (0.2 * 0.8)];
    let expected: Vec<f64> = (0..25).map(|at| if at / 5 == at % 5 { slopes[at / 5] } else { 0.0 }).collect();
    assert_close("by p, then t", &of_p.to_vec(), &expected, TOLERANCE);
    assert_close("by t, then p", &of_t.to_vec(), &expected, TOLERANCE);
}

#[test]
fn targets_of_the_divergence_are_probabilities() {
    for (wrong, value) in [(-0.5, "-0.5"), (1.5, "1.5"), (f64::NAN, "NaN")] {
        let logs = Tensor::from([[0.0, 0.0], [1.0, 0.0]]).log_softmax(-1);
        let (message, file, _) = panic_of(|| kl_divergence(&logs, &Tensor::from([[1.0, 0.0], [wrong, 0.0]])));
        let expected = format!("kl_divergence: target 2 is {value}, which is no probability from 0 to 1\n");
        assert!(message.starts_with(&expected) && message.contains("\n  help: "), "{message}");
        assert_eq!(file, file!(), "the caller's line is blamed");
    }
}

/// One of the elements is 0, where the gradient of `|w|` is 0 by convention, PyTorch's and ours.
#[test]
fn regularizers_are_those_of_pytorch() {
    let losses = &golden::nn()["losses"];
    let weights = inputs(&losses["l1"]);
    check_first("l1", &l1(&weights, 0.3), &weights);
    let weights = inputs(&losses["l2"]);
    check_first("l2", &l2(&weights, 0.3), &weights);
    check_second("l2", &l2(&weights, 0.3), &weights);
}

/// What has no parameters is not penalised, and adding that to a loss changes nothing.
#[test]
fn the_penalty_of_nothing_is_zero() {
    assert_eq!((l1::<f64>(&(), 0.3).item(), l2::<f64>(&(), 0.3).item()), (0.0, 0.0));
}

#[test]
fn the_affine_layer_is_that_of_pytorch() {
    let golden = &golden::nn()["linear"];
    let given = |name: &str| golden::tensor(&golden[name]);
    let x = given("x").requires_grad();
    let layer = Linear { weight: Param::new(given("weight")), bias: Some(Param::new(given("bias"))) };
    let output = layer.forward(&x, &mut Mode::eval());
    assert_eq!(output.dims(), given("output").dims());
    assert_close("output", &output.to_vec(), &given("output").to_vec(), TOLERANCE);
    let grads = output.tanh().sum().backward();
    let bias = layer.bias.as_ref().unwrap();
    for (name, found) in [("dx", &grads[&x]), ("dweight", &grads[&layer.weight]), ("dbias", &grads[bias])] {
        assert_eq!(found.dims(), given(name).dims(), "{name}");
        assert_close(name, &found.to_vec(), &given(name).to_vec(), TOLERANCE);
    }
    let linear = layer.without_bias();
    let expected = (given("output") - given("bias")).to_vec();
    assert_close("without bias", &linear.predict(&given("x")).to_vec(), &expected, TOLERANCE);
}

/// Of every distribution with a bound, no weight lies beyond it, and the largest of ten thousand comes close to it on
/// both sides: beyond 99.5 % of the bound with a probability of more than 1 - 2e-11.
#[test]
fn weights_begin_within_their_bounds() {
    let mut rng = Rng::seed(1);
    let (inputs, outputs) = (50, 200);
    let xavier = (6.0 / (inputs + outputs) as f64).sqrt();
    let he = (6.0 / inputs as f64).sqrt();
    let of_linear = 1.0 / (inputs as f64).sqrt();
    let mut weights = |init: Init| init.sample::<f64>([outputs, inputs], &mut rng).to_vec();
    let [uniform, xavier_uniform, he_uniform] =
        [Init::Uniform(0.25), Init::XavierUniform, Init::HeUniform].map(&mut weights);
    let layer = Linear::new(inputs, outputs, &mut rng);
    for (name, weights, bound) in [
        ("Uniform", uniform, 0.25),
        ("XavierUniform", xavier_uniform, xavier),
        ("HeUniform", he_uniform, he),
        ("Linear::new", layer.weight.to_vec(), of_linear),
    ] {
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max) / bound;
        let smallest = weights.iter().copied().fold(f64::INFINITY, f64::min) / bound;
        assert!((0.995..=1.0).contains(&largest), "{name}: the largest weight is {largest} of the bound");
        assert!(
            (-1.0..=-0.995).contains(&smallest),
            "{name}: the smallest weight is {smallest} of the bound"
        );
    }
    let bias = layer.bias.unwrap().to_vec();
    assert!(bias.iter().all(|b| b.abs() <= of_linear) && bias.iter().any(|b| b.abs() > 0.9 * of_linear));
    let layer: Linear<f64> = Linear::with_init(3, 4, Init::HeNormal, &mut rng);
    assert_eq!(layer.bias.unwrap().to_vec(), [0.0; 4]);
}
