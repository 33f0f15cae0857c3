//! Samples mixed with one another, and their targets in the same proportion.
//!
//! Targets have to be numbers that can be mixed: probabilities of classes ([`Dataset::one_hot`](crate::data::Dataset::one_hot)) for
//! [`soft_cross_entropy`](crate::soft_cross_entropy), or those of a regression.

use crate::data::Batch;
use autograd::{Rng, Scalar, Tensor};

/// Every sample mixed with another of its batch: `λ x + (1 - λ) x'` with targets `λ y + (1 - λ) y'`, where `λ` is drawn from
/// `Beta(alpha, alpha)` for each batch.
///
/// Source: H. Zhang, M. Cisse, Y. Dauphin and D. Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018, with `alpha` from 0.1 to
/// 0.4 for images.
///
/// ```
/// use nn::{Rng, data::{Mixup, digits}, soft_cross_entropy};
/// let (data, mut rng) = (digits().one_hot(10)?, Rng::seed(0));
/// let mixup = Mixup::new(0.2);
/// let batches = data.batches(32).shuffle(&mut rng).map_batch(move |batch, rng| mixup.apply(batch, rng), &mut rng);
/// for batch in batches.workers(2).take(2) {
///     assert!((batch.y.sum_axes(1) - 1.0).abs().max().item() < 1e-6);
/// }
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixup {
    alpha: f64,
}

impl Mixup {
    /// With this `alpha`: near 0, most samples stay nearly what they are; at 1, every proportion is equally likely.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(alpha: f64) -> Self {
        Mixup { alpha: checked("Mixup", alpha) }
    }

    /// The batch, mixed.
    pub fn apply<T: Scalar>(
        &self,
        batch: Batch<Tensor<T>, Tensor<T>>,
        rng: &mut Rng,
    ) -> Batch<Tensor<T>, Tensor<T>> {
        let (share, others) = (beta(self.alpha, rng), others(&batch, rng));
        let Batch { x, y } = batch;
        Batch { x: mixed(&x, &others, share), y: mixed(&y, &others, share) }
    }
}

/// A rectangle of every image taken from another of its batch, and the targets mixed by area. The rectangle has the proportions of the
/// image and `1 - λ` of its area, with `λ` drawn from `Beta(alpha, alpha)`, around any of its pixels; what goes beyond the border is cut
/// off, and does not count.
///
/// Source: S. Yun, D. Han, S. Oh, S. Chun, J. Choe and Y. Yoo, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
/// Features", 2019, with `alpha` 1.
///
/// ```
/// use nn::{Dataset, Rng, Tensor, data::CutMix};
/// let y = Tensor::<f32>::arange(16).reshape([16, 1]);
/// let x = y.reshape([16, 1, 1, 1]) * Tensor::ones([1, 1, 8, 8]); // images of one grey each, which is their target
/// let (data, mut rng, cut_mix) = (Dataset::new(x, y)?, Rng::seed(0), CutMix::new(1.0));
/// let mut batches = data.batches(16).map_batch(move |batch, rng| cut_mix.apply(batch, rng), &mut rng);
/// let batch = batches.next().unwrap();
/// let mean = batch.x.mean_axes([1, 2, 3]);
/// assert!((mean - batch.y.reshape([16])).abs().max().item() < 1e-5); // mixed by area
/// assert!((batch.y - data.y()).abs().max().item() > 0.5);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutMix {
    alpha: f64,
}

impl CutMix {
    /// With this `alpha`.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(alpha: f64) -> Self {
        CutMix { alpha: checked("CutMix", alpha) }
    }

    /// The batch, mixed.
    ///
    /// # Panics
    /// If the inputs have less than three axes.
    pub fn apply<T: Scalar>(
        &self,
        batch: Batch<Tensor<T>, Tensor<T>>,
        rng: &mut Rng,
    ) -> Batch<Tensor<T>, Tensor<T>> {
        let dims = batch.x.dims().to_vec();
        let [samples, channels @ .., height, width] = &dims[..] else {
            panic!(
                "CutMix: inputs of shape {dims:?} are no images\n  help: `reshape` them to `[n, channels, height, width]`"
            )
        };
        let (samples, planes) = (*samples, channels.iter().product::<usize>());
        let (side, others) = ((1.0 - beta(self.alpha, rng)).sqrt(), others(&batch, rng));
        if batch.x.size() == 0 {
            return batch;
        }
        let mut along = |size: usize| {
            let (middle, side) = (rng.below(size), (size as f64 * side) as usize);
            middle.saturating_sub(side / 2)..(middle + side.div_ceil(2)).min(size)
        };
        let (rows, columns) = (along(*height), along(*width));
        let share = 1.0 - (rows.len() * columns.len()) as f64 / (height * width) as f64;
        let Batch { mut x, y } = batch;
        let from = x.to_vec();
        x.update(|x| {
            for (plane, other) in (0..samples * planes).map(|i| (i, others[i / planes] * planes + i % planes))
            {
                for row in rows.clone() {
                    let place = |plane: usize| {
                        let begin = (plane * height + row) * width;
                        begin + columns.start..begin + columns.end
                    };
                    x[place(plane)].copy_from_slice(&from[place(other)]);
                }
            }
        });
        Batch { x, y: mixed(&y, &others, share) }
    }
}

#[track_caller]
fn checked(name: &str, alpha: f64) -> f64 {
    assert!(
        alpha >= 0.0 && alpha.is_finite(),
        "{name}: alpha is {alpha}\n  help: give a finite number of at least 0; 0 mixes nothing"
    );
    alpha
}

/// The sample that each is mixed with: all of the batch, in random order.
fn others<T: Scalar>(batch: &Batch<Tensor<T>, Tensor<T>>, rng: &mut Rng) -> Vec<usize> {
    let mut others: Vec<usize> = (0..batch.x.dims()[0]).collect();
    rng.shuffle(&mut others);
    others
}

fn mixed<T: Scalar>(x: &Tensor<T>, others: &[usize], share: f64) -> Tensor<T> {
    x * T::of(share) + x.rows(others) * T::of(1.0 - share)
}

/// A number from `Beta(alpha, alpha)`, as `G / (G + G')` with two numbers of the gamma distribution; 1 for `alpha` 0.
fn beta(alpha: f64, rng: &mut Rng) -> f64 {
    if alpha == 0.0 {
        return 1.0;
    }
    // From logarithms: for a small `alpha` both numbers are 0 to all digits.
    let (a, b) = (log_gamma_sample(alpha, rng), log_gamma_sample(alpha, rng));
    1.0 / (1.0 + (b - a).exp())
}

/// The logarithm of a number from the gamma distribution of this shape (G. Marsaglia and W. W. Tsang, "A Simple Method for Generating Gamma
/// Variables", 2000): that of shape `a + 1`, times `U^(1/a)`.
fn log_gamma_sample(shape: f64, rng: &mut Rng) -> f64 {
    let d = shape + 1.0 - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    // Uniform in (0, 1], of which there is a logarithm.
    let log_uniform = |rng: &mut Rng| (1.0 - rng.uniform::<f64>()).ln();
    loop {
        let x: f64 = rng.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && log_uniform(rng) < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return (d * v).ln() + log_uniform(rng) / shape;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;
    use autograd::Rng;
    use proptest::prelude::*;

    /// Samples whose pixels are all their number, and whose target is their number as well: one formula holds for both.
    fn numbered(n: usize, dims: &[usize]) -> Batch<Tensor<f64>, Tensor<f64>> {
        let mut shape = vec![1; dims.len() + 1];
        shape[0] = n;
        let x = Tensor::arange(n).reshape(shape) * Tensor::ones([&[n], dims].concat());
        Batch { x, y: Tensor::arange(n).reshape([n, 1]) }
    }

    proptest! {
        #[test]
        fn inputs_and_targets_are_one_combination(n in 1..9_usize, alpha in 0.0..3.0, seed: u64) {
            let mixed = Mixup::new(alpha).apply(numbered(n, &[2, 3]), &mut Rng::seed(seed));
            let (x, y) = (mixed.x.to_vec(), mixed.y.to_vec());
            for (sample, pixels) in x.chunks(6).enumerate() {
                prop_assert!(pixels.iter().all(|pixel| (pixel - y[sample]).abs() < 1e-12));
                prop_assert!((0.0..=(n - 1) as f64 + 1e-12).contains(&y[sample]));
            }
            // Each sample is given away as much as it is kept.
            prop_assert!((y.iter().sum::<f64>() - (n * (n - 1) / 2) as f64).abs() < 1e-9);
        }

        /// The mean of an image is its target, if areas are counted right; and pixels are whole ones.
        #[test]
        fn targets_are_mixed_by_area(n in 1..9_usize, height in 1..7_usize, width in 1..7_usize, seed: u64) {
            let mixed = CutMix::new(1.0).apply(numbered(n, &[2, height, width]), &mut Rng::seed(seed));
            let (x, y) = (mixed.x.to_vec(), mixed.y.to_vec());
            for (image, target) in x.chunks(2 * height * width).zip(y) {
                prop_assert!(image.iter().all(|pixel| pixel.fract() == 0.0));
                let mean = image.iter().sum::<f64>() / image.len() as f64;
                prop_assert!((mean - target).abs() < 1e-9, "{} for {}", mean, target);
            }
        }
    }

    #[test]
    fn no_alpha_mixes_nothing() {
        let batch = numbered(4, &[3, 3]);
        for mixed in [
            Mixup::new(0.0).apply(batch.clone(), &mut Rng::seed(1)),
            CutMix::new(0.0).apply(batch.clone(), &mut Rng::seed(1)),
        ] {
            assert_eq!((mixed.x.to_vec(), mixed.y.to_vec()), (batch.x.to_vec(), batch.y.to_vec()));
        }
        assert!(panic_of(|| Mixup::new(f64::NAN)).contains("alpha is NaN"));
        assert!(
            panic_of(|| CutMix::new(1.0).apply(numbered(2, &[3]), &mut Rng::seed(0)))
                .contains("are no images")
        );
    }

    /// The variance of Beta(a, a) is `1 / 4 (2 a + 1)`, its mean 1/2; its fourth central moment is `3 / 16 (2a + 1) (2a + 3)`.
    #[test]
    fn shares_have_the_moments_of_beta() {
        let n = 20_000;
        for alpha in [0.001, 0.2, 1.0, 4.0] {
            let mut rng = Rng::seed(3);
            let shares: Vec<f64> = (0..n).map(|_| beta(alpha, &mut rng)).collect();
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{alpha}");
            let moment = |k: i32| shares.iter().map(|x| (x - 0.5).powi(k)).sum::<f64>() / f64::from(n);
            let variance = 0.25 / (2.0 * alpha + 1.0);
            let fourth = 3.0 / (16.0 * (2.0 * alpha + 1.0) * (2.0 * alpha + 3.0));
            let five = |variance: f64| 5.0 * (variance / f64::from(n)).sqrt();
            assert!(moment(1).abs() < five(variance), "{alpha}: {}", moment(1));
            assert!(
                (moment(2) - variance).abs() < five(fourth - variance * variance) + 1e-4,
                "{alpha}: {}",
                moment(2)
            );
        }
    }
}
