//! `smoke CASE STEPS`: that many training steps of a case of `peers/cases.json`, or that many runs of an operator, on one
//! thread and with nothing measured. `cargo xtask bench-smoke` counts the instructions of it.

use benches::Case;
use std::error::Error;
use std::hint::black_box;
use wengert::autograd::ops::Window;
use wengert::prelude::*;
use wengert::with_threads;

const CASES: &str = include_str!("../../peers/cases.json");

const USAGE: &str = "usage: smoke CASE STEPS, with a case of peers/cases.json, or chain, softmax, layer-norm, sum, transpose, rows, conv2d or max-pool";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, steps] = args.as_slice() else { return Err(USAGE.into()) };
    let steps: usize = steps.parse().map_err(|error| format!("STEPS={steps}: {error}"))?;
    with_threads(1, || {
        let mut step = step(name)?;
        for _ in 0..steps {
            step();
        }
        Ok(())
    })
}

/// One step of that name: a training step, or an operator forward and, where it is written so, backward.
fn step(name: &str) -> Result<Box<dyn FnMut()>, Box<dyn Error>> {
    if let Some(case) = benches::cases(CASES)?.get(name) {
        let mut training = Case::parse(case)?.training();
        return Ok(Box::new(move || {
            black_box(training());
        }));
    }
    let mut rng = Rng::seed(0);
    let mut normal = |shape: [usize; 2]| Tensor::<f32>::normal(shape, 0.0, 1.0, &mut rng);
    Ok(match name {
        // A hundred operators that compute next to nothing, recorded and swept: what the engine costs.
        "chain" => {
            let x = normal([2, 4]).requires_grad();
            let cotangent: Tensor = Tensor::ones([2, 4]);
            Box::new(move || {
                let y = (0..100).fold(black_box(&x).clone(), |y, _| -y);
                drop(black_box(y.backward_from(&cotangent)));
            })
        }
        "softmax" => {
            let x = normal([64, 100]);
            Box::new(move || drop(black_box(black_box(&x).softmax(-1))))
        }
        "layer-norm" => {
            let (x, cotangent) = (normal([64, 100]).requires_grad(), normal([64, 100]));
            let scale: Tensor = Tensor::ones([100]).requires_grad();
            let shift: Tensor = Tensor::zeros([100]).requires_grad();
            Box::new(move || {
                let y = black_box(&x).layer_norm(&scale, &shift, 1e-5);
                drop(black_box(y.backward_from(&cotangent)));
            })
        }
        "sum" => {
            let x = normal([100, 1000]);
            Box::new(move || drop(black_box(black_box(&x).sum())))
        }
        // The columns of a transposed view, read one after another, are copied.
        "transpose" => {
            let x = normal([100, 200]);
            Box::new(move || drop(black_box(black_box(&x).t().reshape([100 * 200]))))
        }
        "rows" => {
            let (x, cotangent) = (normal([1000, 32]).requires_grad(), normal([500, 32]));
            let indices: Vec<usize> = (0..500).map(|i| i * 7 % 1000).collect();
            Box::new(move || {
                let y = black_box(&x).rows(&indices);
                drop(black_box(y.backward_from(&cotangent)));
            })
        }
        "conv2d" => {
            let (x, w) = (
                normal([2 * 8, 14 * 14]).reshape([2, 8, 14, 14]),
                normal([16, 8 * 9]).reshape([16, 8, 3, 3]),
            );
            let (x, w, cotangent) = (x.requires_grad(), w.requires_grad(), Tensor::ones([2, 16, 14, 14]));
            let window = Window::new().padding(1);
            Box::new(move || drop(black_box(black_box(&x).conv2d(&w, window, 1).backward_from(&cotangent))))
        }
        "max-pool" => {
            let x = normal([16 * 28, 28]).reshape([16, 28, 28]).requires_grad();
            let cotangent = Tensor::ones([16, 14, 14]);
            Box::new(move || drop(black_box(black_box(&x).max_pool2d(2).backward_from(&cotangent))))
        }
        _ => return Err(format!("there is no case `{name}`; {USAGE}").into()),
    })
}
