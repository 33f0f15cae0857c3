//! Two moons: points of two classes that no straight line parts.

use std::f32::consts::PI;
use wengert::prelude::*;

/// Points of two half circles that reach into each other, `[n, 2]`, with a normal noise of this deviation. Those with even numbers are of
/// the one, the others of the other.
pub fn moons(n: usize, noise: f32, rng: &mut Rng) -> Tensor {
    let angles = Tensor::uniform([n], 0.0_f32, PI, rng).to_vec();
    let noise = Tensor::normal([n, 2], 0.0, noise, rng);
    let point = |(i, angle): (usize, f32)| match i % 2 {
        0 => [angle.cos() - 0.5, angle.sin() - 0.25],
        _ => [0.5 - angle.cos(), 0.25 - angle.sin()],
    };
    let points = angles.into_iter().enumerate().flat_map(point).collect();
    Tensor::from_vec(points, [n, 2]).expect("two numbers for each") + noise
}
