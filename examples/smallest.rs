//! The smallest program: a gradient in ten lines.

use wengert::prelude::*;

fn main() {
    let x = Tensor::from([1.0, 2.0, 3.0]).requires_grad();
    let y = (&x * &x + x.sin()).sum();
    let grads = y.backward();
    println!("x      = {x}");
    println!("dy/dx  = {}  (2 x + cos x)", grads[&x]);
}
