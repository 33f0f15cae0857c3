//! A trainer that was not told what to minimise.
use wengert::prelude::*;

fn main() {
    let mut rng = Rng::seed(0);
    let (train, test) = digits().split(0.8, &mut rng);
    let mut net = Mlp::new(&[64, 32, 10], Activation::Relu, &mut rng);
    let report = Trainer::new(Adam::new(1e-2)).epochs(3).fit(&mut net, &train, &test);
    drop(report);
}
