//! Clipping of gradients: by norm, by value, unit by unit, and in a trainer.

use wengert::prelude::*;
use wengert::{clip_adaptive, clip_norm, clip_value};

#[derive(Module)]
#[module(scalar = f64)]
struct Two {
    weight: Param<f64>,
    bias: Param<f64>,
}

impl Two {
    /// With gradients `[[3, 0], [0, 4]]` and `[12]`, of norm 13.
    fn with_gradients() -> (Self, Gradients<f64>) {
        let two = Two {
            weight: Param::new(Tensor::from([[1.0, 0.0], [0.0, 10.0]])),
            bias: Param::new(Tensor::from([0.0])),
        };
        let loss = (&*two.weight * &Tensor::from([[3.0, 0.0], [0.0, 4.0]])).sum() + two.bias.sum() * 12.0;
        let grads = loss.backward();
        (two, grads)
    }
}

fn values(two: &Two, grads: &Gradients<f64>) -> Vec<f64> {
    [grads[&two.weight].to_vec(), grads[&two.bias].to_vec()].concat()
}

#[test]
fn the_norm_of_all_gradients_together_is_clipped() {
    let (two, mut grads) = Two::with_gradients();
    assert_eq!(clip_norm(&two, &mut grads, 14.0), 13.0);
    assert_eq!(values(&two, &grads), [3.0, 0.0, 0.0, 4.0, 12.0], "what is small enough stays");
    assert_eq!(clip_norm(&two, &mut grads, 6.5), 13.0);
    assert_eq!(values(&two, &grads), [1.5, 0.0, 0.0, 2.0, 6.0]);
    assert_eq!(clip_norm(&two, &mut grads, 6.5), 6.5);
}

/// Squares of what is here overflow.
#[test]
fn the_norm_of_large_gradients_is_finite() {
    let w = Param::new(Tensor::from([0.0_f32, 0.0]));
    let mut grads = (&*w * &Tensor::from([3e30, -4e30])).sum().backward();
    let norm = clip_norm(&w, &mut grads, 5.0);
    assert!((norm / 5e30 - 1.0).abs() < 1e-6, "{norm}");
    assert!((grads[&w].at([1]) + 4.0).abs() < 1e-6);
}

#[test]
fn elements_are_clipped_and_nan_is_not_hidden() {
    let (two, mut grads) = Two::with_gradients();
    grads.get_mut(&two.weight).expect("it has one").update(|g| g[1] = f64::NAN);
    clip_value(&two, &mut grads, 3.5);
    let found = values(&two, &grads);
    assert!(found[1].is_nan());
    assert_eq!([found[0], found[2], found[3], found[4]], [3.0, 0.0, 3.5, 3.5]);
}

/// The rows of the weight have norms 1 and 10, of which a half are 0.5 and 5; the bias counts as 0.01.
#[test]
fn each_unit_is_clipped_by_the_norm_of_its_weights() {
    let (two, mut grads) = Two::with_gradients();
    clip_adaptive(&two, &mut grads, 0.5, 0.02);
    assert_eq!(values(&two, &grads), [0.5, 0.0, 0.0, 4.0, 0.01]);
}

/// Plain descent with rate 1 moves by the gradient, so by the norm to which it is clipped.
#[test]
fn a_trainer_clips_before_its_step() {
    let data = Dataset::new(Tensor::<f32>::ones([4, 2]), Tensor::full([4, 1], 100.0)).expect("as many");
    let net = Linear::new(2, 1, &mut Rng::seed(0));
    let moved = |net: &Linear, before: &Linear| {
        let parts = net.parameters().into_iter().zip(before.parameters());
        parts.map(|((_, a), (_, b))| f64::from((&**a - &**b).square().sum().item())).sum::<f64>().sqrt()
    };
    let mut clipped = net.clone();
    let mut trainer = Trainer::new(Sgd::new(1.0)).loss(mse).epochs(1).batch(4).clip_norm(0.5);
    trainer.fit(&mut clipped, &data, &data).expect("it trains");
    assert!((moved(&clipped, &net) - 0.5).abs() < 1e-5, "{}", moved(&clipped, &net));
    let mut limited = net.clone();
    let mut trainer = Trainer::new(Sgd::new(1.0)).loss(mse).epochs(1).batch(4);
    trainer = trainer.gradients(|net, grads| clip_value(net, grads, 0.25));
    trainer.fit(&mut limited, &data, &data).expect("it trains");
    assert!((moved(&limited, &net) - 0.25 * 3.0_f64.sqrt()).abs() < 1e-5, "{}", moved(&limited, &net));
}

#[test]
#[should_panic(expected = "clip_norm: expected a positive number, found 0\n  help: ")]
fn nothing_is_clipped_to_nothing() {
    let (two, mut grads) = Two::with_gradients();
    clip_norm(&two, &mut grads, 0.0);
}
