//! Times training steps of an MLP in candle: `candle CASES.json`, as `case.rs` tells.

#[path = "../../case.rs"]
mod case;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, SGD, loss, ops};
use case::Case;

fn main() -> Result<()> {
    for case in Case::all() {
        let parameters = parameters(&case)?;
        if case.adam {
            let rates = ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() };
            train(&case, &parameters, AdamW::new(parameters.clone(), rates)?)?;
        } else {
            train(&case, &parameters, SGD::new(parameters.clone(), 0.01)?)?;
        }
    }
    Ok(())
}

/// Weight and bias of each layer, in turn.
fn parameters(case: &Case) -> Result<Vec<Var>> {
    let mut parameters = Vec::new();
    for (weight, size) in case.weights.iter().zip(case.sizes.windows(2)) {
        parameters.push(Var::from_slice(weight, (size[1], size[0]), &Device::Cpu)?);
        parameters.push(Var::from_vec(vec![0_f32; size[1]], size[1], &Device::Cpu)?);
    }
    Ok(parameters)
}

fn train(case: &Case, parameters: &[Var], mut optimizer: impl Optimizer) -> Result<()> {
    let x = Tensor::from_slice(&case.x, (case.batch, case.sizes[0]), &Device::Cpu)?;
    let y = Tensor::from_iter(case.y.iter().map(|&class| class as u32), &Device::Cpu)?;
    let layer = |pair: &[Var]| Linear::new(pair[0].as_tensor().clone(), Some(pair[1].as_tensor().clone()));
    let layers: Vec<Linear> = parameters.chunks(2).map(layer).collect();
    let (output, hidden) = layers.split_last().expect("there are layers");
    let activation = match case.activation.as_str() {
        "sigmoid" => ops::sigmoid,
        "tanh" => Tensor::tanh,
        _ => Tensor::relu,
    };
    let mut step = || -> Result<f32> {
        let mut h = x.clone();
        for layer in hidden {
            h = activation(&layer.forward(&h)?)?;
        }
        let loss = loss::cross_entropy(&output.forward(&h)?, &y)?;
        optimizer.backward_step(&loss)?;
        loss.to_scalar()
    };
    case.time("candle", || step().expect("a step of candle"));
    Ok(())
}
