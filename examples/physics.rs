//! A physics-informed network: a differential equation is solved by making a network obey it.
//!
//! The equation is Poisson's in one dimension, `u'' = -π² sin πx` between `u(0) = 0` and `u(1) = 0`; its solution is `sin πx`, which the
//! network is never told. The loss contains second derivatives of the network by its input, and is differentiated once more, by the weights.

use std::f64::consts::PI;
use wengert::prelude::*;
use wengert::{Lbfgs, grad_from};

fn main() {
    let mut net: Mlp<f64> = Mlp::new(&[1, 16, 16, 1], Activation::Tanh, &mut Rng::seed(0));
    let inside = column(1..64);
    let ends = Tensor::from([[0.0], [1.0]]);
    let force = (&inside * PI).sin() * (-PI * PI);

    let mut optimizer = Lbfgs { strong_wolfe: true, ..Lbfgs::new(1.0) };
    for round in 1..=30 {
        let report = optimizer.step(&mut net, |net| {
            let equation = curvature(net, &inside).mse(&force);
            let boundary = net.forward(&ends, &mut Mode::eval()).square().mean();
            equation + boundary * 100.0
        });
        if round % 5 == 0 {
            println!("round {round:2}  loss {:.2e}", report.loss);
        }
    }

    println!("\n  x     u(x)      sin πx");
    for (x, u) in column(0..65).to_vec().iter().zip(net.predict(&column(0..65)).to_vec()).step_by(8) {
        println!("{x:.3}  {u:8.5}  {:8.5}", (PI * x).sin());
    }
    let x = column(0..65);
    let error = (net.predict(&x) - (&x * PI).sin()).abs().max().item();
    println!("largest error {error:.1e}; expected: below 1e-3");
    assert!(error < 1e-3, "the network does not obey the equation");
}

/// Places in sixty-fourths, one below the other.
fn column(places: std::ops::Range<i32>) -> Tensor<f64> {
    let places: Vec<f64> = places.map(|i| f64::from(i) / 64.0).collect();
    let n = places.len();
    Tensor::from_vec(places, [n, 1]).expect("a column")
}

/// The second derivative of the network at each place. Each output depends on its own row alone, so one sweep gives all of them.
fn curvature(net: &Mlp<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    let x = x.clone().requires_grad();
    let u = net.forward(&x, &mut Mode::eval());
    let ones = Tensor::ones(u.shape());
    let [slope] = grad_from(&u, &ones, [&x]);
    let [curvature] = grad_from(&slope, &ones, [&x]);
    curvature
}
