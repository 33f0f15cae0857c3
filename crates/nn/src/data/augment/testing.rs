//! Images for tests of augmentations, in `f64`, each pixel with a number of its own.

use super::{Augment, Sample};
use autograd::Rng;

/// Pixels 1, 2, 3, ..
pub(super) fn image(channels: usize, height: usize, width: usize) -> (Vec<f64>, [usize; 3]) {
    ((1..=channels * height * width).map(|i| i as f64).collect(), [channels, height, width])
}

/// The sample after an augmentation with this seed.
pub(super) fn applied(augment: &impl Augment<f64>, values: &[f64], shape: &[usize], seed: u64) -> Vec<f64> {
    let mut values = values.to_vec();
    augment.apply(&mut Sample { values: &mut values, shape }, &mut Rng::seed(seed));
    values
}

#[track_caller]
pub(super) fn assert_close(a: &[f64], b: &[f64]) {
    let is_close = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9);
    assert!(is_close, "{a:?}\nis not\n{b:?}");
}
