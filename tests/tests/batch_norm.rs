//! Batch normalisation against PyTorch's, and how its running statistics learn: by the optimizer's step, and only by it.

use serde_json::Value;
use std::sync::LazyLock;
use tests::golden::{assert_close, tensor};
use wengert::prelude::*;
use wengert::{BatchNorm, checkpointed, clip_norm, grad_report};

const TOLERANCE: f64 = 1e-10;

static GOLDEN: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../golden/layers.json")).expect("golden/layers.json")
});

fn same(name: &str, mut norm: BatchNorm<f64>) {
    let entry = &GOLDEN[name];
    for (param, name) in [(&mut norm.weight, "weight"), (&mut norm.bias, "bias")] {
        param.update(|w| w.copy_from_slice(&tensor(&entry[name]).to_vec()));
    }
    let mut nothing = Sgd::new(0.0);
    let close = |what: &str, found: &Tensor<f64>, expected: &Value| {
        assert_close(&format!("{name}: {what}"), &found.to_vec(), &tensor(expected).to_vec(), TOLERANCE);
    };
    for step in entry["steps"].as_array().expect("steps") {
        let x = tensor(&step["x"]).requires_grad();
        let y = norm.forward(&x, &mut Mode::train(&mut Rng::seed(0)));
        close("y", &y, &step["y"]);
        let grads = y.backward_from(&tensor(&step["cotangent"]));
        close("dx", &grads[&x], &step["dx"]);
        close("dweight", &grads[&norm.weight], &step["dweight"]);
        close("dbias", &grads[&norm.bias], &step["dbias"]);
        nothing.step(&mut norm, &grads);
        close("running_mean", &norm.running_mean, &step["running_mean"]);
        close("running_var", &norm.running_var, &step["running_var"]);
    }
    let first = &entry["steps"][0]["x"];
    close("evaluated", &norm.predict(&tensor(first)), &entry["evaluated"]);
    // Evaluation changes nothing, and neither does a training pass that leads to no step.
    let before = [norm.running_mean.to_vec(), norm.running_var.to_vec()];
    let _ = norm.forward(&tensor(first), &mut Mode::train(&mut Rng::seed(0))).sum().backward();
    assert_eq!([norm.running_mean.to_vec(), norm.running_var.to_vec()], before);
}

#[test]
fn batch_norm_is_that_of_pytorch() {
    same("batch norm 1d", BatchNorm::new(3));
    same("batch norm 2d", BatchNorm { epsilon: 1e-3, ..BatchNorm::with_momentum(2, 0.3) });
}

#[derive(Clone, Module)]
#[module(scalar = f64)]
struct Net {
    encoder: (Linear<f64>, BatchNorm<f64>),
    head: Linear<f64>,
}

impl Net {
    fn new() -> Self {
        let mut rng = Rng::seed(1);
        Net { encoder: (Linear::new(3, 4, &mut rng), BatchNorm::new(4)), head: Linear::new(4, 2, &mut rng) }
    }
}

impl Layer<f64> for Net {
    fn forward(&self, x: &Tensor<f64>, mode: &mut Mode) -> Tensor<f64> {
        let h = self.encoder.1.forward(&self.encoder.0.forward(x, mode), mode).tanh();
        self.head.forward(&h, mode)
    }
}

fn batch(seed: u64) -> Tensor<f64> {
    Tensor::normal([6, 3], 0.5, 2.0, &mut Rng::seed(seed))
}

fn train(net: &Net, x: &Tensor<f64>) -> Gradients<f64> {
    net.forward(x, &mut Mode::train(&mut Rng::seed(0))).square().mean().backward()
}

fn bits(net: &Net, prefix: &str) -> Vec<u64> {
    let of = net.parameters().into_iter().filter(|(path, _)| path.starts_with(prefix));
    of.flat_map(|(_, param)| param.to_vec()).map(f64::to_bits).collect()
}

/// Frozen, nothing of the encoder moves by a bit, nothing of it is recorded, and its running statistics are used as in evaluation.
#[test]
fn what_is_frozen_stays_bit_equal_and_records_nothing() {
    let mut net = Net::new();
    let mut adam = AdamW::new(0.1);
    for seed in 0..3 {
        let grads = train(&net, &batch(seed));
        adam.step(&mut net, &grads);
    }
    assert_eq!(net.freeze("encoder.*"), 6);
    let (before, head) = (bits(&net, "encoder"), bits(&net, "head"));
    for seed in 3..6 {
        let x = batch(seed);
        assert!(
            !net.encoder
                .1
                .forward(&x.matmul(&Tensor::ones([3, 4])), &mut Mode::train(&mut Rng::seed(0)))
                .is_tracked()
        );
        assert_eq!(
            net.forward(&x, &mut Mode::train(&mut Rng::seed(0))).to_vec(),
            net.predict(&x).to_vec(),
            "in training as in evaluation"
        );
        let grads = train(&net, &x);
        assert_eq!(grads.len(), 2, "weight and bias of the head");
        adam.step(&mut net, &grads);
    }
    assert_eq!(bits(&net, "encoder"), before);
    assert!(bits(&net, "head") != head);
    assert_eq!(net.parameter_count(), 4 * 2 + 2);
    let copy = net.clone();
    assert!(
        copy.encoder.1.running_mean.is_frozen() && copy.encoder.0.weight.is_frozen(),
        "a clone is as frozen"
    );

    assert_eq!(net.unfreeze("encoder.*"), 6);
    let grads = train(&net, &batch(6));
    adam.step(&mut net, &grads);
    let moved = bits(&net, "encoder");
    assert!(moved.iter().zip(&before).all(|(a, b)| a != b), "all of it moves again");
}

#[test]
#[should_panic(
    expected = "freeze: no parameter has a path like `encode.*`\n  help: `*` stands for any characters; the paths are encoder.0.weight, encoder.0.bias, "
)]
fn a_pattern_that_nothing_matches_is_an_error() {
    Net::new().freeze("encode.*");
}

/// Of two small batches the statistics see the mean, and not the sum, so that more of them do no harm.
#[test]
fn small_batches_are_averaged() {
    let mut norm = BatchNorm::<f64>::new(3);
    let means = [0, 1].map(|seed| batch(seed).mean_axes(0));
    let mut grads = Gradients::default();
    for seed in 0..2 {
        grads += norm.forward(&batch(seed), &mut Mode::train(&mut Rng::seed(0))).sum().backward();
    }
    Sgd::new(0.0).step(&mut norm, &grads);
    let expected = (&means[0] + &means[1]) * 0.05;
    assert_close("mean of two", &norm.running_mean.to_vec(), &expected.to_vec(), 1e-14);
}

/// What is computed again in the backward pass tells it once.
#[test]
fn a_checkpointed_part_learns_the_same() {
    let (mut plain, mut saving) = (Net::new(), Net::new());
    for seed in 0..3 {
        let grads = train(&plain, &batch(seed));
        Sgd::new(0.1).step(&mut plain, &grads);
        let y = checkpointed(&saving, &batch(seed), &mut Mode::train(&mut Rng::seed(0)));
        let grads = y.square().mean().backward();
        Sgd::new(0.1).step(&mut saving, &grads);
    }
    assert_eq!(bits(&plain, ""), bits(&saving, ""));
}

/// Statistics are no weights: no clipping, no report, no decay, no state.
#[test]
fn statistics_are_not_weights() {
    let mut net = Net::new();
    let mut grads = train(&net, &batch(0));
    assert_eq!(net.parameter_count(), 3 * 4 + 4 + 4 + 4 + 4 * 2 + 2);
    assert_eq!(grad_report(&net, &grads).rows.len(), 6);
    clip_norm(&net, &mut grads, 1e-9);
    let mean = net.encoder.0.forward(&batch(0), &mut Mode::eval()).mean_axes(0);
    AdamW { weight_decay: 10.0, ..AdamW::new(0.05) }.step(&mut net, &grads);
    assert_close("moved by a tenth", &net.encoder.1.running_mean.to_vec(), &(mean * 0.1).to_vec(), 1e-14);
}

#[test]
fn a_trainer_moves_them() {
    let x = batch(0);
    let data = Dataset::new(x.clone(), x.slice(1, ..2)).expect("as many");
    let mut net = Net::new();
    Trainer::new(Adam::new(0.01)).loss(mse).epochs(60).batch(3).fit(&mut net, &data, &data).expect("trained");
    let expected = net.encoder.0.forward(&x, &mut Mode::eval()).mean_axes(0).to_vec();
    assert_close("the mean", &net.encoder.1.running_mean.to_vec(), &expected, 0.2);
}

#[test]
#[should_panic(
    expected = "BatchNorm: in training each channel needs more than one element, found shape [1, 3]"
)]
fn one_element_is_its_own_mean() {
    BatchNorm::<f64>::new(3).forward(&batch(0).slice(0, ..1), &mut Mode::train(&mut Rng::seed(0)));
}

/// Only where both statistics are frozen do they take the place of those of the batch.
#[test]
fn one_frozen_statistic_does_not_freeze_the_other() {
    let mut norm = BatchNorm::<f64>::new(2);
    norm.freeze("running_mean");
    let x = Tensor::normal([8, 2], 3.0, 2.0, &mut Rng::seed(0)).requires_grad();
    let y = norm.forward(&x, &mut Mode::train(&mut Rng::seed(0)));
    assert!(y.mean_axes(0).abs().max().item() < 1e-12, "the batch's own mean is taken");
    let before = norm.running_mean.to_vec();
    Sgd::new(0.0).step(&mut norm, &y.square().sum().backward());
    assert_eq!(norm.running_mean.to_vec(), before);
    assert!(norm.running_var.to_vec() != [1.0, 1.0]);
}
