//! The most bytes that tensors take in a training step: `peak mlp` or `peak blocks`, for the comparison with PyTorch
//! (`benches/peers/run memory`). Parameters, gradients, activations and all that a step needs in passing are counted, from the
//! first parameter on; two steps are made, without an optimizer. Beside what our pool counts stands by how much the process's
//! resident set has grown at its peak, which holds what nobody counts, too. Linux only.
//!
//! - `mlp`: 1024 to 1024 three times and to 10, with relu, on a batch of 512, cross-entropy;
//! - `blocks`: twelve residual blocks on 512 rows of 256, each `x + W₂ gelu(W₁ layer_norm(x))` with 1024 in between, and the mean
//!   square of what comes out.

use wengert::prelude::*;
use wengert::{memory_stats, with_threads};

const BATCH: usize = 512;
const WIDTH: usize = 256;
const INNER: usize = 1024;
const BLOCKS: usize = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let steps: fn() = match name.as_str() {
        "mlp" => mlp,
        "blocks" => blocks,
        _ => return Err("usage: peak mlp, or peak blocks".into()),
    };
    let before = benches::resident("VmRSS")?;
    with_threads(1, steps);
    let grown = benches::resident("VmHWM")?.saturating_sub(before);
    println!("{}", serde_json::json!({"case": name, "bytes": memory_stats().peak_bytes, "grown": grown}));
    Ok(())
}

fn mlp() {
    let mut rng = Rng::seed(0);
    let net = Mlp::new(&[1024, 1024, 1024, 1024, 10], Activation::Relu, &mut rng);
    let x = Tensor::<f32>::normal([BATCH, 1024], 0.0, 1.0, &mut rng);
    let labels: Vec<usize> = (0..BATCH).map(|i| i % 10).collect();
    for _ in 0..2 {
        // On a line of its own: what an expression makes in passing lives until its end.
        let loss = net.forward(&x, &mut Mode::train(&mut rng)).cross_entropy(&labels);
        drop(loss.backward());
    }
}

struct Block {
    scale: Tensor,
    shift: Tensor,
    first: Linear,
    second: Linear,
}

fn blocks() {
    let mut rng = Rng::seed(0);
    let blocks: Vec<Block> = (0..BLOCKS)
        .map(|_| Block {
            scale: Tensor::ones([WIDTH]).requires_grad(),
            shift: Tensor::zeros([WIDTH]).requires_grad(),
            first: Linear::new(WIDTH, INNER, &mut rng),
            second: Linear::new(INNER, WIDTH, &mut rng),
        })
        .collect();
    let x = Tensor::<f32>::normal([BATCH, WIDTH], 0.0, 1.0, &mut rng);
    for _ in 0..2 {
        let mut mode = Mode::train(&mut rng);
        let y = blocks.iter().fold(x.clone(), |x, block| {
            let h = block.first.forward(&x.layer_norm(&block.scale, &block.shift, 1e-5), &mut mode).gelu();
            x + block.second.forward(&h, &mut mode)
        });
        let loss = y.square().mean();
        drop(y);
        drop(loss.backward());
    }
}
