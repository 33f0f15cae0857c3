//! What keeps networks small, smooth and well begun: regularizers, constraints, spectral normalisation and initialisers, against PyTorch
//! and by their laws.

use serde_json::Value;
use std::sync::LazyLock;
use tests::golden::{assert_close, tensor};
use wengert::autograd::{GradError, try_grad};
use wengert::prelude::*;
use wengert::{
    BatchNorm, Conv2d, ElasticNet, Entropy, GaussianNoise, GroupLasso, L1, L2, Orthogonal, Regularizer,
    SpectralNorm, entropy, gradient_penalty, init, jacobian_penalty, jacobian_penalty_exact, max_norm,
    penalty,
};

const TOLERANCE: f64 = 1e-12;

static GOLDEN: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../golden/regular.json")).expect("golden/regular.json")
});

fn tensors(list: &Value) -> Vec<Tensor<f64>> {
    list.as_array().expect("a list").iter().map(tensor).collect()
}

/// Gradients, 0 of what does not depend on an input.
fn derivatives(y: &Tensor<f64>, x: &[Param<f64>]) -> Vec<Tensor<f64>> {
    let of_one = |x: &Param<f64>| match try_grad(y, [x]) {
        Ok([dx]) => dx,
        Err(GradError::ConstantRoot | GradError::Unused(_)) => Tensor::zeros(x.shape()),
        Err(error) => panic!("{error}"),
    };
    x.iter().map(of_one).collect()
}

/// Compares value, gradients, by either sweep, and second derivatives with an entry.
fn compare(name: &str, f: impl Fn(&[Param<f64>]) -> Tensor<f64>) {
    let entry = &GOLDEN[name];
    let x: Vec<Param<f64>> = tensors(&entry["inputs"]).into_iter().map(Param::new).collect();
    let y = f(&x);
    assert_close(name, &[y.item()], &[entry["value"].as_f64().expect("a number")], TOLERANCE);
    let recorded = derivatives(&y, &x);
    let freed = y.backward();
    for (i, expected) in tensors(&entry["gradients"]).iter().enumerate() {
        for dx in [&recorded[i], &freed[&x[i]]] {
            assert_close(&format!("{name}: gradient {i}"), &dx.to_vec(), &expected.to_vec(), TOLERANCE);
        }
    }
    let directions = tensors(&entry["directions"]);
    let along = recorded
        .iter()
        .zip(&directions)
        .map(|(dx, d)| (dx * d).sum())
        .reduce(|a, b| a + b)
        .expect("an input");
    for (i, (second, expected)) in derivatives(&along, &x).iter().zip(tensors(&entry["second"])).enumerate() {
        assert_close(&format!("{name}: second {i}"), &second.to_vec(), &expected.to_vec(), TOLERANCE);
    }
}

#[test]
fn regularizers_are_their_formulas_to_the_second_derivative() {
    let check = |name, regularizer: &dyn Regularizer<f64>| compare(name, |x| penalty(&x[0], "", regularizer));
    check("l1", &L1(0.3));
    check("l2", &L2(0.3));
    check("elastic net", &ElasticNet { l1: 0.3, l2: 0.2 });
    check("group lasso", &GroupLasso(0.3));
    check("wide orthogonal", &Orthogonal(0.3));
    check("tall orthogonal", &Orthogonal(0.3));
}

/// Of a row of zeros, and of a bias, whose elements are units.
#[test]
fn the_lasso_of_groups_counts_units() {
    let w = Tensor::from([[3.0, 4.0], [0.0, 0.0]]).requires_grad();
    let grads = GroupLasso(1.0).cost(&w).backward();
    let root = 2.0_f64.sqrt();
    assert_close("rows", &grads[&w].to_vec(), &[0.6 * root, 0.8 * root, 0.0, 0.0], TOLERANCE);
    assert_eq!(GroupLasso(0.5).cost(&Tensor::from([3.0, -4.0])).item(), 3.5);
}

/// Two layers and the statistics between them.
fn net() -> (Linear<f64>, BatchNorm<f64>, Linear<f64>) {
    let mut rng = Rng::seed(0);
    (Linear::new(3, 4, &mut rng), BatchNorm::new(4), Linear::new(4, 2, &mut rng))
}

#[test]
fn a_penalty_is_of_trained_parameters_of_its_pattern() {
    let mut net = net();
    let squares = |x: &Tensor<f64>| (x * x).sum().item();
    let both = squares(&net.0.weight) + squares(&net.2.weight);
    let cost =
        |net: &(Linear<f64>, BatchNorm<f64>, Linear<f64>), pattern| penalty(net, pattern, &L2(0.1)).item();
    assert_close("all weights", &[cost(&net, "*.weight")], &[0.1 * (both + 4.0)], TOLERANCE);
    assert_close("one", &[cost(&net, "0.weight")], &[0.1 * squares(&net.0.weight)], TOLERANCE);
    // Neither statistics nor what is frozen costs anything, though they match.
    assert_eq!(cost(&net, "1.running_*"), 0.0);
    net.freeze("0.*");
    assert_eq!(cost(&net, "0.*"), 0.0);
    let trained = squares(&net.2.weight) + squares(net.2.bias.as_ref().expect("one")) + 4.0;
    assert_close("what is left", &[cost(&net, "*"), l2(&net, 0.1).item()], &[0.1 * trained; 2], TOLERANCE);
    let magnitudes = |x: &Tensor<f64>| x.abs().sum().item();
    let trained = magnitudes(&net.2.weight) + magnitudes(net.2.bias.as_ref().expect("one")) + 4.0;
    assert_close("magnitudes", &[l1(&net, 0.1).item()], &[0.1 * trained], TOLERANCE);
}

#[test]
fn a_trainer_takes_penalties() {
    let mut net = Linear::<f64>::new(2, 1, &mut Rng::seed(0));
    let data = Dataset::new(Tensor::zeros([4, 2]), Tensor::zeros([4, 1])).expect("a batch");
    let before = net.weight.to_vec();
    let sgd = Sgd::new(0.1);
    let mut trainer = Trainer::new(sgd).loss(mse).epochs(1).penalty(|net| penalty(net, "weight", &L2(0.5)));
    trainer.fit(&mut net, &data, &data).expect("finite");
    // The data say nothing of the weight, so that it shrinks by the rate.
    let expected: Vec<f64> = before.iter().map(|w| 0.9 * w).collect();
    assert_close("weight", &net.weight.to_vec(), &expected, TOLERANCE);
}

#[test]
#[should_panic(
    expected = "penalty: no parameter has a path like `encoder.*`\n  help: `*` stands for any characters; the paths are 0.weight, 0.bias,"
)]
fn a_pattern_that_matches_nothing_is_said() {
    penalty(&net(), "encoder.*", &L2(0.1));
}

#[test]
#[should_panic(
    expected = "Orthogonal: expected a weight of shape [outputs, inputs, ..], found [4]\n  help: "
)]
fn vectors_are_not_orthogonal() {
    penalty(&net(), "0.bias", &Orthogonal(0.1));
}

#[test]
fn long_units_are_shortened_and_no_others() {
    let mut net = net();
    net.0
        .weight
        .update(|w| w.copy_from_slice(&[3.0, 0.0, 4.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0]));
    let frozen = net.2.weight.to_vec();
    net.freeze("2.*");
    assert_eq!(max_norm(&mut net, "*.weight", 1.0), 2);
    assert_close(
        "rows",
        &net.0.weight.to_vec(),
        &[0.6, 0.0, 0.8, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0],
        TOLERANCE,
    );
    assert_eq!(max_norm(&mut net, "2.*", 1e-3), 0);
    assert_eq!(net.2.weight.to_vec(), frozen);
    assert_eq!(max_norm(&mut net, "1.*", 0.5), 4);
    assert_eq!(net.1.weight.to_vec(), [0.5; 4]);
    assert_eq!(net.1.running_var.to_vec(), [1.0; 4]);
    let mut filters = Conv2d::<f64>::new(1, 2, [2, 2], &mut Rng::seed(0));
    filters.weight.update(|w| w.copy_from_slice(&[2.0, 2.0, 2.0, 2.0, 0.5, 0.5, 0.5, 0.5]));
    assert_eq!(max_norm(&mut filters, "weight", 1.0), 1);
    assert_eq!(filters.weight.to_vec(), [0.5; 8]);
}

#[test]
#[should_panic(expected = "max_norm: no parameter has a path like `x`\n  help: ")]
fn a_constraint_of_nothing_is_said() {
    max_norm(&mut net(), "x", 1.0);
}

#[test]
#[should_panic(expected = "max_norm: expected a positive length, found 0\n  help: ")]
fn a_length_is_positive() {
    max_norm(&mut net(), "*", 0.0);
}

#[test]
fn the_entropy_is_that_of_pytorch_to_the_second_derivative() {
    compare("entropy", |x| entropy(&x[0]));
    compare("far entropy", |x| entropy(&x[0]));
    // A class that is ruled out has no part in it.
    let x = Tensor::from([[1.0, f64::NEG_INFINITY, 1.0]]).requires_grad();
    let y = entropy(&x);
    assert_close("of two", &[y.item()], &[2.0_f64.ln()], TOLERANCE);
    assert_close("and its gradient", &y.backward()[&x].to_vec(), &[0.0; 3], TOLERANCE);
    wengert::autograd::check_with(
        wengert::autograd::Map(Entropy),
        wengert::autograd::Cases::default().range(0.05, 1.0),
    );
}

#[test]
#[should_panic(expected = "entropy: nothing has no mean, found shape [0, 3]\n  help: ")]
fn nothing_has_no_entropy() {
    entropy(&Tensor::<f64>::zeros([0, 3]));
}

fn network(x: &Tensor<f64>, w: &[Param<f64>]) -> Tensor<f64> {
    x.matmul(&w[0].t()).tanh().matmul(&w[1].t())
}

#[test]
fn penalties_of_slopes_are_those_of_pytorch_to_the_second_derivative() {
    let x = tensor(&GOLDEN["samples"]);
    // Between a sample and itself is the sample.
    compare("gradient penalty", |w| gradient_penalty(|x| network(x, w), &x, &x, &mut Rng::seed(0)));
    compare("jacobian penalty", |w| jacobian_penalty_exact(|x| network(x, w), &x));
}

/// The critic sees places between each pair, at a share of its own; and in evaluation, where nothing is recorded, the value is the same.
#[test]
fn the_critic_is_asked_between_the_samples() {
    let (real, fake) = (Tensor::from([[1.0, 3.0], [1.0, 3.0], [1.0, 3.0]]), Tensor::<f64>::zeros([3, 2]));
    let ask = || {
        let mut shares = Vec::new();
        let critic = |x: &Tensor<f64>| {
            let rows = x.to_vec();
            assert!(rows.chunks(2).all(|x| (x[1] - 3.0 * x[0]).abs() < 1e-15 && (0.0..1.0).contains(&x[0])));
            shares = rows.chunks(2).map(|x| x[0]).collect();
            x.square()
        };
        let value = gradient_penalty(critic, &real, &fake, &mut Rng::seed(3)).item();
        (value, shares)
    };
    let (value, shares) = ask();
    let expected = shares.iter().map(|e| (2.0 * e * 10.0_f64.sqrt() - 1.0).powi(2)).sum::<f64>() / 3.0;
    assert_close("value", &[value], &[expected], TOLERANCE);
    assert!(shares[0] != shares[1] && shares[1] != shares[2]);
    assert_eq!(no_grad(ask), (value, shares));
}

#[test]
#[should_panic(
    expected = "gradient_penalty: expected as many real samples as false ones, of one shape, found [2, 3] and [1, 3]\n  help: "
)]
fn pairs_are_pairs() {
    let [real, fake] = [2, 1].map(|n| Tensor::<f64>::zeros([n, 3]));
    gradient_penalty(Tensor::clone, &real, &fake, &mut Rng::seed(0));
}

/// Projections have the exact value in the mean; of one output, each of them has it.
#[test]
fn projections_estimate_the_jacobian_without_bias() {
    let entry = &GOLDEN["jacobian penalty"];
    let w: Vec<Param<f64>> = tensors(&entry["inputs"]).into_iter().map(Param::new).collect();
    let (x, exact) = (tensor(&GOLDEN["samples"]), entry["value"].as_f64().expect("a number"));
    let estimates: Vec<f64> = (0..400)
        .map(|seed| jacobian_penalty(|x| network(x, &w), &x, 2, &mut Rng::seed(seed)).item())
        .collect();
    let mean = estimates.iter().sum::<f64>() / 400.0;
    let variance = estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 400.0;
    assert!((mean - exact).abs() < 5.0 * (variance / 400.0).sqrt(), "{mean} for {exact}");
    assert!(variance > 0.0 && variance.sqrt() < exact, "{variance}");
    let first = |x: &Tensor<f64>| network(x, &w).slice(1, ..1);
    let one = jacobian_penalty(first, &x, 1, &mut Rng::seed(1));
    let all = jacobian_penalty_exact(first, &x);
    assert_close("of one output", &[one.item()], &[all.item()], TOLERANCE);
    let (one, all) = (one.backward(), all.backward());
    assert_close("its gradient", &one[&w[0]].to_vec(), &all[&w[0]].to_vec(), TOLERANCE);
}

#[test]
#[should_panic(expected = "jacobian_penalty: expected outputs of 2 samples, found shape []\n  help: ")]
fn a_jacobian_is_of_samples() {
    jacobian_penalty(|x| x.sum(), &Tensor::<f64>::ones([2, 3]), 1, &mut Rng::seed(0));
}

/// Gives a layer the parameters of an entry, and compares three passes, each of the first two followed by a step with rate 0.
fn compare_spectral<L: wengert::Weighted<f64>>(name: &str, layer: L) {
    let mut layer = SpectralNorm::new(layer, &mut Rng::seed(0));
    let entry = &GOLDEN[name];
    let given = entry["given"].as_object().expect("by name");
    assert_eq!(layer.parameters().len(), given.len(), "{name}");
    for (path, param) in layer.parameters_mut() {
        let given = tensor(&given[&path]);
        assert_eq!(param.shape(), given.shape(), "{name}: {path}");
        param.update(|w| w.copy_from_slice(&given.to_vec()));
    }
    let x = tensor(&entry["x"]);
    let passes = entry["passes"].as_array().expect("a list");
    for (i, pass) in passes.iter().enumerate() {
        let mut rng = Rng::seed(0);
        let mut mode = if i < 2 { Mode::train(&mut rng) } else { Mode::eval() };
        let y = layer.forward(&x, &mut mode);
        assert_close(&format!("{name} {i}"), &y.to_vec(), &tensor(&pass["y"]).to_vec(), TOLERANCE);
        let grads = y.backward_from(&tensor(&pass["cotangent"]));
        for (path, expected) in pass["gradients"].as_object().expect("by name") {
            let all = layer.parameters();
            let (_, param) = all.iter().find(|(at, _)| at == path).expect("the parameter");
            let what = format!("{name} {i}: d{path}");
            assert_close(&what, &grads[*param].to_vec(), &tensor(expected).to_vec(), TOLERANCE);
        }
        Sgd::new(0.0).step(&mut layer, &grads);
        for (param, path) in [(&layer.u, "weight_u"), (&layer.v, "weight_v")] {
            let expected = tensor(&pass["vectors"][path]).to_vec();
            assert_close(&format!("{name} {i}: {path}"), &param.to_vec(), &expected, TOLERANCE);
        }
    }
}

#[test]
fn spectral_normalisation_is_that_of_pytorch() {
    let rng = &mut Rng::seed(0);
    compare_spectral("spectral linear", Linear::new(4, 3, rng));
    compare_spectral("spectral conv", Conv2d::new(2, 3, [2, 2], rng).without_bias());
}

/// Steps of the power method lead to the largest singular value; evaluation and frozen vectors change nothing.
#[test]
fn the_largest_singular_value_becomes_one() {
    let mut rng = Rng::seed(1);
    let mut layer = SpectralNorm::new(Linear::<f64>::new(6, 4, &mut rng), &mut rng).steps(200);
    let x = Tensor::normal([3, 6], 0.0, 1.0, &mut rng);
    let before = layer.u.to_vec();
    let y = layer.predict(&x);
    assert_eq!(
        (layer.predict(&x).to_vec(), layer.u.to_vec()),
        (y.to_vec(), before.clone()),
        "evaluation is pure"
    );
    let grads = layer.forward(&x, &mut Mode::train(&mut rng)).sum().backward();
    Sgd::new(0.0).step(&mut layer, &grads);
    // By power method on W Wᵀ, of another start, until nothing moves.
    let w = layer.weight().detach();
    let gram = w.matmul(&w.t());
    let mut direction = Tensor::from([1.0, -2.0, 3.0, 0.5]);
    let mut largest = 0.0;
    for _ in 0..2000 {
        direction = gram.matmul(&direction);
        largest = direction.norm(2.0).item();
        direction = direction / largest;
    }
    assert_close("the square of the largest", &[largest], &[1.0], 1e-10);
    layer.freeze("weight_?");
    let before = layer.u.to_vec();
    let trained = layer.forward(&x, &mut Mode::train(&mut rng));
    assert_eq!(trained.to_vec(), layer.predict(&x).to_vec());
    Sgd::new(0.0).step(&mut layer, &trained.sum().backward());
    assert_eq!(layer.u.to_vec(), before);
}

/// While the weight is trained, `u` and `v` follow it, each unless it is frozen: not a bit of what is frozen moves.
#[test]
fn frozen_vectors_of_spectral_normalisation_stay_bit_equal() {
    let mut rng = Rng::seed(2);
    let mut layer = SpectralNorm::new(Linear::<f64>::new(6, 4, &mut rng), &mut rng);
    let x = Tensor::normal([3, 6], 0.0, 1.0, &mut rng);
    let bits = |x: &Param<f64>| x.to_vec().into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for (frozen, stays) in [
        (None, [false; 2]),
        (Some("weight_?"), [true; 2]),
        (Some("weight_u"), [true, false]),
        (Some("weight_v"), [false, true]),
    ] {
        layer.unfreeze("weight_?");
        if let Some(pattern) = frozen {
            layer.freeze(pattern);
        }
        for step in 0..3 {
            let before = [&layer.layer.weight, &layer.u, &layer.v].map(bits);
            let y = layer.forward(&x, &mut Mode::train(&mut rng));
            if stays == [true; 2] {
                assert_eq!(
                    y.to_vec(),
                    layer.predict(&x).to_vec(),
                    "step {step}: what is frozen is used as it is"
                );
            }
            Sgd::new(0.1).step(&mut layer, &y.square().sum().backward());
            let after = [&layer.layer.weight, &layer.u, &layer.v].map(bits);
            let same = [0, 1, 2].map(|i| before[i] == after[i]);
            assert_eq!(
                same,
                [false, stays[0], stays[1]],
                "step {step}, frozen: {frozen:?}: whether weight_orig, weight_u and weight_v stay"
            );
        }
    }
}

#[test]
fn noise_is_of_training_alone() {
    let (noise, x) = (GaussianNoise::new(0.5), Tensor::<f64>::ones([10_000]).requires_grad());
    let y = noise.forward(&x, &mut Mode::train(&mut Rng::seed(1)));
    assert!((y.mean().item() - 1.0).abs() < 5.0 * 0.5 / 100.0);
    assert!((y.std(0.0).item() / 0.5 - 1.0).abs() < 5.0 / 20_000.0_f64.sqrt());
    assert_eq!(noise.forward(&x, &mut Mode::train(&mut Rng::seed(1))).to_vec(), y.to_vec(), "the same seed");
    assert_eq!(y.sum().backward()[&x].to_vec(), vec![1.0; 10_000]);
    assert_eq!(noise.predict(&x).to_vec(), x.to_vec());
    let none = GaussianNoise::new(0.0).forward(&x, &mut Mode::train(&mut Rng::seed(1)));
    assert_eq!(none.to_vec(), x.to_vec());
}

#[test]
#[should_panic(expected = "GaussianNoise: expected a standard deviation of at least 0, found -1\n  help: ")]
fn noise_has_a_deviation() {
    GaussianNoise::new(-1.0);
}

/// Weights of a pattern begin anew; statistics and all others stay.
#[test]
fn weights_begin_anew_by_pattern() {
    let mut net = net();
    let others = net.2.weight.to_vec();
    assert_eq!(init(&mut net, "0.*", Init::Normal(0.1), &mut Rng::seed(5)), 2);
    assert_eq!(net.2.weight.to_vec(), others);
    let again = {
        let mut rng = Rng::seed(5);
        let mut sample = |dims: &[usize]| Init::Normal(0.1).sample::<f64>(dims, &mut rng).to_vec();
        (sample(&[4, 3]), sample(&[4]))
    };
    assert_eq!((net.0.weight.to_vec(), net.0.bias.as_ref().expect("one").to_vec()), again);
    assert_eq!(init(&mut net, "1.*", Init::Zeros, &mut Rng::seed(0)), 2, "statistics are no weights");
    assert_eq!((net.1.weight.to_vec(), net.1.running_var.to_vec()), (vec![0.0; 4], vec![1.0; 4]));
}

#[test]
#[should_panic(expected = "init: no parameter has a path like `x.*`\n  help: ")]
fn nothing_begins_anew() {
    init(&mut net(), "x.*", Init::Zeros, &mut Rng::seed(0));
}

#[test]
#[should_panic(
    expected = "init: 0.bias: HeNormal: expected a weight of shape [outputs, inputs, ..], found [4]\n  help: "
)]
fn a_bias_has_no_inputs() {
    init(&mut net(), "0.*", Init::HeNormal, &mut Rng::seed(0));
}

#[test]
fn truncated_weights_lie_within_their_bounds() {
    let init = Init::TruncatedNormal { mean: 1.0, deviation: 2.0, low: -1.0, high: 2.0 };
    let w: Tensor<f64> = init.sample([200, 100], &mut Rng::seed(0));
    assert!(w.to_vec().iter().all(|w| (-1.0..=2.0).contains(w)));
    // Mean and variance of the standard one within -1 and 1/2, by sums over a fine grid.
    let (mean, variance) = (-0.206631218, 0.172773259);
    assert!((w.mean().item() - (1.0 + 2.0 * mean)).abs() < 5.0 * 2.0 * (variance / 20_000.0_f64).sqrt());
    assert!((w.var(0.0).item() / (4.0 * variance) - 1.0).abs() < 0.05);
    assert_eq!(init.sample::<f64>([200, 100], &mut Rng::seed(0)).to_vec(), w.to_vec());
}

#[test]
fn a_share_of_each_column_is_zero() {
    let w: Tensor<f64> = Init::Sparse { zeros: 0.33, deviation: 0.5 }.sample([10, 200], &mut Rng::seed(0));
    let columns = w.t().to_vec();
    assert!(columns.chunks(10).all(|column| column.iter().filter(|w| **w == 0.0).count() == 4));
    // Each row is as likely as any other: of 200 columns, 80 on average.
    let rows = w.to_vec();
    let counts: Vec<usize> = rows.chunks(200).map(|row| row.iter().filter(|w| **w == 0.0).count()).collect();
    assert!(counts.iter().all(|count| (45..=115).contains(count)), "{counts:?}");
    let others: Vec<f64> = rows.into_iter().filter(|w| *w != 0.0).collect();
    let variance = others.iter().map(|w| w * w).sum::<f64>() / others.len() as f64;
    assert!((variance / 0.25 - 1.0).abs() < 0.2, "{variance}");
}

#[test]
fn distributions_that_do_not_exist_are_said() {
    let message = |init: Init, shape: &[usize]| {
        let sample = || init.sample::<f64>(shape, &mut Rng::seed(0));
        let panic = std::panic::catch_unwind(sample).expect_err("no such weights");
        panic.downcast::<String>().map_or_else(|_| String::new(), |text| *text)
    };
    let truncated = |deviation, low, high| Init::TruncatedNormal { mean: 0.0, deviation, low, high };
    for (init, shape, expected) in [
        (truncated(0.0, -1.0, 1.0), &[2, 2][..], "expected a finite mean, a positive deviation"),
        (truncated(1.0, 1.0, 1.0), &[2, 2], "low < high"),
        (truncated(1.0, 1e9, f64::INFINITY), &[2, 2], "less than 1e8 deviations away"),
        (truncated(1.0, f64::NAN, 1.0), &[2, 2], "low < high"),
        (Init::Orthogonal(f64::NAN), &[2, 2], "expected a finite number of at least 0"),
        (Init::Uniform(-1.0), &[2, 2], "expected a finite number of at least 0"),
        (Init::Orthogonal(1.0), &[2], "expected a weight of shape [outputs, inputs, ..], found [2]"),
        (Init::LecunNormal, &[2], "expected a weight of shape [outputs, inputs, ..], found [2]"),
        (Init::Sparse { zeros: 1.5, deviation: 0.1 }, &[2, 2], "expected a share from 0 to 1"),
        (
            Init::Sparse { zeros: 0.5, deviation: 0.1 },
            &[2, 2, 2],
            "expected a weight of shape [outputs, inputs], found [2, 2, 2]",
        ),
    ] {
        let message = message(init, shape);
        assert!(message.contains(expected) && message.contains("\n  help: "), "{init:?}: {message}");
    }
}

/// The penalty teaches the critic alone: whoever made the false samples gets no gradient from it.
#[test]
fn a_gradient_penalty_is_the_critics_affair() {
    let mut rng = Rng::seed(5);
    let w = Tensor::<f64>::normal([3, 2], 0.0, 1.0, &mut rng).requires_grad();
    let [real, fake] = [0, 1].map(|_| Tensor::normal([4, 3], 0.0, 1.0, &mut rng).requires_grad());
    let critic = |x: &Tensor<f64>| x.matmul(&w).square().sum_axes(1);
    let grads = gradient_penalty(critic, &real, &fake, &mut rng).backward();
    assert!(grads.get(&w).is_some());
    assert!(grads.get(&real).is_none() && grads.get(&fake).is_none());
}

/// A layer that has just been made is already divided by about its spectral norm, before any step of training improves the estimate.
#[test]
fn spectral_normalisation_begins_with_a_good_estimate() {
    let mut rng = Rng::seed(6);
    let norm = SpectralNorm::<_, f64>::new(Linear::new(40, 30, &mut rng), &mut rng);
    let w = norm.weight();
    let mut v = Tensor::<f64>::normal([40], 0.0, 1.0, &mut rng);
    for _ in 0..500 {
        v = w.t().matmul(&w.matmul(&v));
        v = &v / v.norm(2.0);
    }
    let largest = w.matmul(&v).norm(2.0).item();
    assert!((0.99..1.1).contains(&largest), "{largest}");
}
