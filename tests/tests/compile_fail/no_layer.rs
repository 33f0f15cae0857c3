//! The message says what makes a layer of a type.
use wengert::prelude::*;

#[derive(Module)]
struct Net {
    inner: Linear,
}

fn main() {
    let net = Net { inner: Linear::new(2, 1, &mut Rng::seed(0)) };
    let _ = Sequential::new().then(net);
}
