//! A layer over f64 in a network over f32.
use wengert::{Module, Param, Scalar};

#[derive(Module)]
struct Linear<T: Scalar = f32> {
    weight: Param<T>,
}

#[derive(Module)]
struct Net {
    hidden: Linear,
    output: Linear<f64>,
}

fn main() {}
