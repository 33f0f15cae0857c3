//! What the program `resumable` trains, and its tests know.

use std::hash::{DefaultHasher, Hash, Hasher};
use wengert::BatchNorm;
use wengert::prelude::*;

/// Steps between two checkpoints.
pub const INTERVAL: u64 = 3;

/// A network that draws random numbers, keeps statistics, and takes a moment to save.
pub fn network() -> Sequential {
    let mut rng = Rng::seed(1);
    Sequential::new()
        .then(Linear::new(64, 256, &mut rng))
        .then(BatchNorm::new(256))
        .then(Activation::Relu)
        .then(Dropout::new(0.2))
        .then(Linear::new(256, 256, &mut rng))
        .then(Activation::Tanh)
        .then(Linear::new(256, 10, &mut rng))
}

/// Some digits for training, and some for measuring.
pub fn samples() -> (Dataset, Dataset) {
    let (train, test) = digits().split(0.2, &mut Rng::seed(2));
    (train, test.split(0.05, &mut Rng::seed(3)).0)
}

/// The bits of all parameters.
pub fn bits(net: &dyn Module) -> Vec<u32> {
    net.parameters().into_iter().flat_map(|(_, param)| param.to_vec()).map(f32::to_bits).collect()
}

/// A number for all that is in a value.
pub fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
