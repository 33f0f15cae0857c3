//! An operator of one's own, in one file, outside the library: `softsign(x) = x / (1 + |x|)`.
//!
//! It states its value and its derivative once. From that it has a vectorised forward and backward pass, gradients of any
//! order, and a proof: `cargo test -p examples --example softsign`.

use wengert::prelude::*;
use wengert::{Algebra, Keeps, Pointwise};

/// `x / (1 + |x|)`, with the derivative `1 / (1 + |x|)²`.
#[derive(Debug)]
struct Softsign;

impl<T: Scalar> Pointwise<T, 1> for Softsign {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() / (A::one() + x.abs())
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        (A::one() + x.abs()).powi(-2)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

fn softsign<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    Softsign.apply([x])
}

fn main() {
    let x = Tensor::from([-3.0, -1.0, 0.0, 1.0, 3.0]).requires_grad();
    let y = softsign(&x);
    let [first] = grad(&y.sum(), [&x]);
    let [second] = grad(&first.sum(), [&x]);
    println!("x        {x}\nsoftsign {y}\nfirst    {first}\nsecond   {second}");
}

#[test]
fn its_gradients_are_right() {
    wengert::check(wengert::Map(Softsign));
}
