//! The message says how a callback is lent.
use wengert::prelude::*;
use wengert::Callback;

struct Own;

impl Callback for Own {}

fn main() {
    let mut own = Own;
    let _: Trainer<Sgd, _, Tensor> = Trainer::new(Sgd::new(0.1)).loss(mse).with(&mut own);
}
