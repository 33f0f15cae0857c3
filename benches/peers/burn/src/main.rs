//! Times training steps of an MLP in burn: `burn-flex CASES.json`, as `case.rs` tells.

#[path = "../../case.rs"]
mod case;

use burn::module::Param;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::prelude::*;
use burn::tensor::activation::{relu, sigmoid, tanh};
use case::Case;

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

fn main() {
    let device = Device::flex().autodiff();
    for case in Case::all() {
        let data = TensorData::new(case.x.clone(), [case.batch, case.sizes[0]]);
        let x = Tensor::<2>::from_data(data, &device);
        let classes: Vec<i64> = case.y.iter().map(|&class| class as i64).collect();
        let y = Tensor::<1, Int>::from_data(TensorData::new(classes, [case.batch]), &device);
        let cross_entropy = CrossEntropyLossConfig::new().init(&device);
        let mut net = Some(network(&case, &device));
        let mut optimizer =
            if case.adam { AdamConfig::new().with_epsilon(1e-8).init() } else { SgdConfig::new().init() };
        let rate = if case.adam { 1e-3 } else { 0.01 };
        case.time("burn-flex", || {
            let before = net.take().expect("each step puts the network back");
            let loss = cross_entropy.forward(forward(&case, &before, x.clone()), y.clone());
            let gradients = GradientsParams::from_grads(loss.backward(), &before);
            net = Some(optimizer.step(rate, before, gradients));
            loss.into_scalar()
        });
    }
}

/// The network of the case. A weight is `[inputs, outputs]` in burn.
fn network(case: &Case, device: &Device) -> Mlp {
    let layer = |(weight, size): (&Vec<f32>, &[usize])| {
        let data = TensorData::new(weight.clone(), [size[1], size[0]]);
        let mut layer = LinearConfig::new(size[0], size[1]).init(device);
        layer.weight = Param::from_tensor(Tensor::<2>::from_data(data, device).transpose());
        layer.bias = Some(Param::from_tensor(Tensor::zeros([size[1]], device)));
        layer
    };
    Mlp { layers: case.weights.iter().zip(case.sizes.windows(2)).map(layer).collect() }
}

fn forward(case: &Case, net: &Mlp, x: Tensor<2>) -> Tensor<2> {
    let (output, hidden) = net.layers.split_last().expect("there are layers");
    let h = hidden.iter().fold(x, |h, layer| match case.activation.as_str() {
        "sigmoid" => sigmoid(layer.forward(h)),
        "tanh" => tanh(layer.forward(h)),
        _ => relu(layer.forward(h)),
    });
    output.forward(h)
}
