//! Augmentation: samples changed at random, in ways that leave their targets right, so that a network sees every one of them often
//! and never twice the same.
//!
//! An [`Augment`] changes one sample in place. Its random numbers come from the seed of the epoch and the index of the sample, so
//! that the order of samples, the size of batches and the number of workers change nothing. What mixes samples with one another,
//! [`Mixup`] and [`CutMix`], works on batches.

mod colour;
mod elastic;
mod erase;
mod mix;
mod noise;
mod shift;
mod warp;

pub use colour::Colour;
pub use elastic::Elastic;
pub use erase::{Cutout, Erase};
pub use mix::{CutMix, Mixup};
pub use noise::{Noise, Swap};
pub use shift::{Border, Flip, Shift};
pub use warp::{Affine, Crop};

use super::batches::Batches;
use super::dataset::Samples;
use autograd::{Rng, Scalar, Tensor};
use std::{fmt, ops::RangeInclusive, sync::Arc};

/// A change of one sample, at random.
///
/// One's own is a few lines:
///
/// ```
/// use nn::data::{Augment, Sample, digits};
/// use nn::{Rng, Scalar};
///
/// /// Paper and ink change places, half of the time.
/// #[derive(Clone)]
/// struct Negative;
///
/// impl<T: Scalar> Augment<T> for Negative {
///     fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
///         if rng.below(2) == 0 {
///             sample.values.iter_mut().for_each(|value| *value = T::one() - *value);
///         }
///     }
/// }
///
/// for batch in digits().batches(32).augment(&Negative, &mut Rng::seed(0)).take(2) {
///     assert_eq!(batch.x.dims(), [32, 64]);
/// }
/// ```
pub trait Augment<T: Scalar = f32>: Send + Sync {
    /// Changes the sample. All that is random comes from `rng`, so that the same seed makes the same sample again.
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng);
}

/// The numbers of one sample, and its shape: that of the inputs without axis 0.
///
/// ```
/// use nn::data::Sample;
/// let mut sample = Sample { values: &mut [0.0; 12], shape: &[3, 2, 2] };
/// let mut image = sample.image("blue");
/// assert_eq!((image.channels, image.height, image.width), (3, 2, 2));
/// image.planes().last().unwrap().fill(1.0);
/// assert_eq!(sample.values[7..9], [0.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Sample<'a, T = f32> {
    /// The numbers in row-major order, the last axis fastest.
    pub values: &'a mut [T],
    /// The size of each axis.
    pub shape: &'a [usize],
}

/// A sample as an image: the last two axes are its rows and columns, and all before them its channels.
///
/// ```
/// use nn::data::Image;
/// let mut image = Image { pixels: &mut [1, 2, 3, 4], channels: 2, height: 1, width: 2 };
/// assert_eq!(image.planes().map(|plane| plane[0]).collect::<Vec<_>>(), [1, 3]);
/// ```
#[derive(Debug)]
pub struct Image<'a, T = f32> {
    /// Channel by channel, and in each row by row.
    pub pixels: &'a mut [T],
    /// How many channels.
    pub channels: usize,
    /// How many rows.
    pub height: usize,
    /// How many columns.
    pub width: usize,
}

impl<T: Scalar> Sample<'_, T> {
    /// The sample as an image `[.., height, width]`, for the augmentation of this name.
    ///
    /// # Panics
    /// If it has less than two axes.
    pub fn image(&mut self, name: &str) -> Image<'_, T> {
        match *self.shape {
            [ref channels @ .., height, width] => {
                Image { pixels: self.values, channels: channels.iter().product(), height, width }
            }
            _ => panic!(
                "{name}: a sample of shape {:?} is no image\n  help: give the inputs axes for rows and columns, as in `data.map(|x, y| (x.reshape([n, 1, 28, 28]), y.clone()))`",
                self.shape
            ),
        }
    }
}

impl<T> Image<'_, T> {
    /// The pixels of each channel, row by row.
    pub fn planes(&mut self) -> impl Iterator<Item = &mut [T]> {
        self.pixels.chunks_exact_mut((self.height * self.width).max(1))
    }
}

/// Augmentations one after the other, each of them always or with a probability.
///
/// ```
/// use nn::data::{Affine, Augmentation, Erase, Flip, Shift, digits};
/// use nn::Rng;
/// let augmentation = Augmentation::new()
///     .sometimes(0.5, Flip::Horizontal)
///     .then(Shift::up_to(1))
///     .then(Affine::new().rotate(-10.0..=10.0).scale(0.9..=1.1))
///     .sometimes(0.25, Erase::new(0.02..=0.2));
///
/// let mut rng = Rng::seed(0);
/// let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
/// for epoch in 0..2 {
///     for batch in images.batches(64).shuffle(&mut rng).augment(&augmentation, &mut rng).workers(2) {
///         assert_eq!(batch.x.dims()[1..], [1, 8, 8]);
///     }
/// }
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone)]
pub struct Augmentation<T: Scalar = f32>(Vec<Step<T>>);

/// With which probability, and what.
type Step<T> = (f64, Arc<dyn Augment<T>>);

impl Augmentation {
    /// None, which changes nothing. In another precision than `f32`: `Augmentation::<f64>::default()`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Scalar> Augmentation<T> {
    /// One more, for every sample.
    pub fn then(self, augment: impl Augment<T> + 'static) -> Self {
        self.sometimes(1.0, augment)
    }

    /// One more, for each sample with this probability.
    ///
    /// # Panics
    /// If the probability is not in `[0, 1]`.
    #[track_caller]
    pub fn sometimes(mut self, probability: f64, augment: impl Augment<T> + 'static) -> Self {
        must_be_a_probability("sometimes", probability);
        self.0.push((probability, Arc::new(augment)));
        self
    }
}

impl<T: Scalar> Default for Augmentation<T> {
    fn default() -> Self {
        Augmentation(Vec::new())
    }
}

impl<T: Scalar> fmt::Debug for Augmentation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let probabilities: Vec<f64> = self.0.iter().map(|(probability, _)| *probability).collect();
        f.debug_struct("Augmentation").field("probabilities", &probabilities).finish_non_exhaustive()
    }
}

impl<T: Scalar> Augment<T> for Augmentation<T> {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        for (probability, augment) in &self.0 {
            // A generator for each, so that one that is changed or left out does not change the others.
            let mut own = rng.fork();
            if own.uniform::<f64>() < *probability {
                augment.apply(sample, &mut own);
            }
        }
    }
}

impl<T: Scalar, Y: Samples> Batches<Tensor<T>, Y> {
    /// Changes every sample at random, after what was asked for before. The random numbers of a sample depend on the next of `rng`, the
    /// index of the sample and how often it has come before in this epoch: not on its place in a batch, nor on the number of workers.
    ///
    /// ```
    /// use nn::{Rng, data::{Noise, digits}};
    /// let (data, mut rng) = (digits(), Rng::seed(0));
    /// let noisy = data.batches(32).augment(&Noise::new(0.1), &mut rng).next().unwrap();
    /// assert!(noisy.x.to_vec() != data.take(32).x().to_vec());
    /// ```
    pub fn augment(self, augment: &(impl Augment<T> + Clone + 'static), rng: &mut Rng) -> Self {
        let (augment, seed) = (augment.clone(), rng.bits());
        self.changed(move |mut batch, places| {
            let dims = batch.x.dims().to_vec();
            let size = dims[1..].iter().product::<usize>().max(1);
            batch.x.update(|values| {
                for (values, mut rng) in values.chunks_exact_mut(size).zip(places.samples(seed)) {
                    augment.apply(&mut Sample { values, shape: &dims[1..] }, &mut rng);
                }
            });
            batch
        })
    }
}

/// Numbers from which one is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    low: f64,
    high: f64,
}

impl Span {
    /// The range, if it is one and begins at `least` or above.
    #[track_caller]
    fn new(name: &str, range: RangeInclusive<f64>, least: f64) -> Self {
        let (low, high) = range.into_inner();
        assert!(
            least <= low && low <= high && high.is_finite(),
            "{name}: {low}..={high} is no range to draw from\n  help: give finite bounds, the lower first{}",
            if least.is_finite() { format!(", none below {least}") } else { String::new() }
        );
        Span { low, high }
    }

    fn draw(self, rng: &mut Rng) -> f64 {
        (self.low + (self.high - self.low) * rng.uniform::<f64>()).min(self.high)
    }
}

#[track_caller]
fn must_be_a_probability(name: &str, probability: f64) {
    assert!(
        (0.0..=1.0).contains(&probability),
        "{name}: {probability} is no probability\n  help: give a number from 0 to 1"
    );
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use super::testing::{applied, image};
    use super::*;
    use crate::data::Dataset;
    use crate::testing::panic_of;
    use autograd::Rng;
    use proptest::prelude::*;

    fn everything() -> Augmentation {
        Augmentation::new()
            .sometimes(0.5, Flip::Horizontal)
            .then(Shift::up_to(2).border(Border::Reflect))
            .then(Affine::new().rotate(-20.0..=20.0).scale(0.8..=1.2).shear(-5.0..=5.0).shift(-1.0..=1.0))
            .then(Crop::new(0.5..=1.0))
            .sometimes(0.7, Elastic::new(4.0, 2.0))
            .then(Colour::new().brightness(0.5..=1.5).contrast(0.5..=1.5).saturation(0.0..=2.0))
            .sometimes(0.5, Erase::new(0.1..=0.3))
            .sometimes(0.5, Cutout::new(3))
            .then(Noise::new(0.1))
    }

    fn images(n: usize) -> Dataset {
        let x = Tensor::uniform([n, 3, 6, 5], 0.0, 1.0, &mut Rng::seed(9));
        Dataset::new(x, (0..n).collect()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// The numbers of a sample, whatever the order, the size of batches and the workers.
        #[test]
        fn a_sample_is_the_same_wherever_it_is_made(
            seed: u64, order: u64, size in 1..7_usize, workers in 0..4_usize,
        ) {
            let data = images(12);
            let of = |size: usize, workers, order: Option<u64>| {
                let mut batches = data.batches(size);
                if let Some(order) = order {
                    batches = batches.shuffle(&mut Rng::seed(order));
                }
                let mut samples = vec![Vec::new(); 12];
                for batch in batches.augment(&everything(), &mut Rng::seed(seed)).workers(workers) {
                    let values = batch.x.to_vec();
                    values.chunks(90).zip(&batch.y).for_each(|(sample, &y)| samples[y] = sample.to_vec());
                }
                samples
            };
            let expected = of(12, 0, None);
            prop_assert_eq!(of(size, workers, Some(order)), expected.clone());
            prop_assert!(expected.iter().all(|sample| sample.iter().all(|value| value.is_finite())));
            // Another seed makes others, and no sample is made like its neighbour.
            let other = data.batches(12).augment(&everything(), &mut Rng::seed(!seed)).next().unwrap();
            prop_assert_ne!(other.x.to_vec(), expected.concat());
        }
    }

    #[test]
    fn the_data_set_itself_is_left_as_it_is() {
        let data = images(4);
        let before = data.x().to_vec();
        data.batches(4).augment(&everything(), &mut Rng::seed(0)).for_each(drop);
        assert_eq!(data.x().to_vec(), before);
    }

    #[test]
    fn a_probability_is_how_often() {
        let data = Dataset::new(Tensor::<f32>::ones([4000, 1, 1]), vec![0; 4000]).unwrap();
        let erased = |p| {
            let augment = Augmentation::new().sometimes(p, Cutout::new(1));
            data.batches(4000).augment(&augment, &mut Rng::seed(1)).next().unwrap().x.sum().item()
        };
        assert_eq!((erased(0.0), erased(1.0)), (4000.0, 0.0));
        // Five deviations of a binomial distribution.
        assert!((erased(0.3) - 2800.0).abs() < 145.0, "{}", erased(0.3));
    }

    /// Noise of deviation 0 changes nothing, but it draws a number for every pixel.
    #[test]
    fn what_an_augmentation_draws_does_not_change_another() {
        let (x, shape) = image(1, 6, 6);
        let chain = |probability| {
            Augmentation::default().sometimes(probability, Noise::new(0.0)).then(Shift::up_to(3))
        };
        for seed in 0..8 {
            assert_eq!(applied(&chain(0.0), &x, &shape, seed), applied(&chain(1.0), &x, &shape, seed));
        }
    }

    #[test]
    fn what_is_no_image_is_refused_in_the_callers_thread() {
        let flat = Dataset::new(Tensor::<f32>::ones([4, 64]), vec![0; 4]).unwrap();
        for workers in [0, 2] {
            let batches = flat.batches(2).augment(&Shift::up_to(1), &mut Rng::seed(0)).workers(workers);
            let message = panic_of(|| batches.for_each(drop));
            assert!(message.contains("Shift: a sample of shape [64] is no image"), "{message}");
        }
        assert!(
            panic_of(|| Augmentation::new().sometimes(1.5, Flip::Vertical)).contains("1.5 is no probability")
        );
        assert!(panic_of(|| Affine::new().scale(0.0..=1.0)).contains("help"));
        assert!(panic_of(|| Affine::new().rotate(f64::NAN..=1.0)).contains("no range"));
    }
}
