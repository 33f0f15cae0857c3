//! Gradients of a network by path, and layers that are evaluated again.

use wengert::autograd::{Array, Call, Keeps, Op, View, memory_stats};
use wengert::prelude::*;
use wengert::{GradState, Tensor, checkpointed, grad_report};

#[derive(Module)]
struct Parts {
    sound: Param,
    unused: Param,
    zero: Param,
    spoiled: Param,
    exploding: Param,
    empty: Param,
}

#[test]
fn every_state_of_a_gradient_is_told_by_path() {
    let param = |v: &[f32]| Param::new(Tensor::from(v.to_vec()));
    let net = Parts {
        sound: param(&[3.0, 4.0]),
        unused: param(&[1.0]),
        zero: param(&[1.0, 1.0]),
        spoiled: param(&[0.0, 1.0, 2.0]),
        exploding: param(&[1.0]),
        empty: param(&[]),
    };
    let sum = |x: &Tensor, by: f32| (x * by).sum();
    let loss = sum(&net.sound, 0.5)
        + sum(&net.zero, 0.0)
        + (net.spoiled.sqrt() * 0.0).sum()
        + sum(&net.exploding, 1e6)
        + net.empty.sum();
    let report = grad_report(&net, &loss.backward());
    let states: Vec<_> = report.rows.iter().map(|row| (row.path.as_str(), row.state)).collect();
    use GradState::{Exploding, Missing, NotFinite, Sound, Zero};
    let expected = [
        ("sound", Sound),
        ("unused", Missing),
        ("zero", Zero),
        ("spoiled", NotFinite(1)),
        ("exploding", Exploding),
        ("empty", Sound),
    ];
    assert_eq!(states, expected);
    let sound = &report.rows[0];
    assert_eq!((sound.norm, sound.largest, sound.weight_norm), (0.5_f64.sqrt(), 0.5, 5.0));
    assert_eq!(report.problems().count(), 4);
    expect_test::expect![[r#"
        parameter  shape        norm     largest  of weights  gradient
        sound      [2]      7.071e-1    5.000e-1     5.000e0  sound
        unused     [1]             -           -     1.000e0  NONE
        zero       [2]       0.000e0     0.000e0     1.414e0  ZERO
        spoiled    [3]           NaN     0.000e0     2.236e0  1 NOT FINITE
        exploding  [1]       1.000e6     1.000e6     1.000e0  EXPLODING
        empty      [0]       0.000e0     0.000e0     0.000e0  sound
        2 of 6 parameters have a sound gradient
    "#]]
    .assert_eq(&report.to_string());
}

#[test]
fn every_parameter_of_a_network_has_a_sound_gradient() {
    let net = Mlp::<f32>::new(&[8, 16, 4], Activation::Tanh, &mut Rng::seed(0));
    let x = Tensor::normal([6, 8], 0.0, 1.0, &mut Rng::seed(1));
    let report =
        grad_report(&net, &net.forward(&x, &mut Mode::eval()).cross_entropy(&[0, 1, 2, 3, 0, 1]).backward());
    assert_eq!((report.problems().count(), report.rows.len()), (0, 4), "{report}");
}

/// Dropout, by hand.
#[derive(Clone, Debug, Module)]
struct Block {
    inner: Mlp,
}

impl Layer for Block {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        let y = x + self.inner.forward(x, mode);
        match mode.rng() {
            None => y,
            Some(rng) => {
                let noise = Tensor::<f32>::uniform(y.shape(), 0.0, 1.0, rng);
                Tensor::where_(&noise.mask(|u| u < 0.8), &(y * 1.25), &Tensor::scalar(0.0))
            }
        }
    }
}

#[derive(Module)]
struct Net {
    blocks: Vec<Block>,
    #[module(skip)]
    checkpoint: bool,
}

impl Layer for Net {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        self.blocks.iter().fold(x.clone(), |x, block| match self.checkpoint {
            true => checkpointed(block, &x, mode),
            false => block.forward(&x, mode),
        })
    }
}

fn net(checkpoint: bool) -> Net {
    let mut rng = Rng::seed(3);
    let block = |_| Block { inner: Mlp::new(&[16, 64, 16], Activation::Relu, &mut rng) };
    Net { blocks: (0..6).map(block).collect(), checkpoint }
}

/// Training with dropout: the same weights and the same random numbers, step by step, with less memory.
#[test]
fn checkpointed_layers_train_to_the_same_bits() {
    let run = |checkpoint| {
        let (mut net, mut rng, mut adam) = (net(checkpoint), Rng::seed(4), Adam::new(1e-2));
        let x = Tensor::normal([32, 16], 0.0, 1.0, &mut Rng::seed(5));
        let mut kept = 0;
        for _ in 0..3 {
            let before = memory_stats().live_bytes;
            let loss = net.forward(&x, &mut Mode::train(&mut rng)).powi(2).mean();
            kept = memory_stats().live_bytes - before;
            adam.step(&mut net, &loss.backward());
        }
        let weights: Vec<u32> =
            net.parameters().iter().flat_map(|(_, p)| p.to_vec()).map(f32::to_bits).collect();
        (weights, rng, kept)
    };
    let (plain, again) = (run(false), run(true));
    assert!(plain.0 == again.0, "the weights differ");
    assert_eq!(plain.1, again.1);
    assert!(again.2 * 3 < plain.2, "{} of {} bytes", again.2, plain.2);
    // In evaluation there is nothing to draw.
    let x = Tensor::ones([1, 16]);
    assert_eq!(net(true).predict(&x).to_vec(), net(false).predict(&x).to_vec());
}

/// An operator without a gradient says so when one reaches it.
#[derive(Debug)]
struct Staircase;

impl Op<f32, 1> for Staircase {
    fn forward(&self, [x]: [View<'_, f32>; 1], y: &mut [f32]) {
        x.map_into(y, f32::floor);
    }
    fn backward(&self, _: usize, _: &Call<'_, f32>, _: &Tensor) -> Tensor {
        unreachable!("nobody is asked for a gradient that there is none of")
    }
    fn backward_all(&self, _: &Call<'_, f32>, _: Tensor) -> [Option<Tensor>; 1] {
        [None]
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

#[test]
fn no_gradient_is_lost_in_silence() {
    let w = Param::new(Tensor::constant(Array::from_slice(&[1.5_f32])));
    let loss = Staircase.apply([&w]).sum();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| loss.backward())).unwrap_err();
    let message = panic.downcast::<String>().unwrap();
    assert!(
        message.starts_with("staircase: gave no gradient for input 0")
            && message.contains("inside_networks.rs")
    );
}
