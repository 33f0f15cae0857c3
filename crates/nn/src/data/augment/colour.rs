//! Brightness, contrast and saturation, as under another light and with another camera.

use super::{Augment, Image, Sample, Span};
use autograd::{Rng, Scalar};
use std::ops::RangeInclusive;

/// How much red, green and blue count for the grey that is as bright (ITU-R BT.601).
const LUMA: [f64; 3] = [0.299, 0.587, 0.114];

/// The colours of an image of values from 0 to 1 changed, in this order: `brightness` times each value; away from the mean grey of the
/// image, `contrast` times as far; away from the grey of the pixel, `saturation` times as far. After each, what is below 0 or above 1
/// becomes 0 or 1. A factor of 1 changes nothing.
///
/// Images have three channels, red, green and blue, or one, which has no saturation.
///
/// ```
/// use nn::data::{Colour, digits};
/// use nn::Rng;
/// let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
/// let colour = Colour::new().brightness(0.8..=1.2).contrast(0.8..=1.2);
/// let batch = images.batches(32).augment(&colour, &mut Rng::seed(0)).next().unwrap();
/// assert!(batch.x.max().item() <= 1.0);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[doc(alias = "ColorJitter")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    brightness: Span,
    contrast: Span,
    saturation: Span,
}

impl Colour {
    /// The colours as they are.
    pub fn new() -> Self {
        let one = Span { low: 1.0, high: 1.0 };
        Colour { brightness: one, contrast: one, saturation: one }
    }

    /// So many times as bright; 0 is black.
    ///
    /// # Panics
    /// If the range is empty, not finite, or begins below 0.
    #[track_caller]
    pub fn brightness(self, times: RangeInclusive<f64>) -> Self {
        Colour { brightness: Span::new("brightness", times, 0.0), ..self }
    }

    /// With so many times the contrast; 0 is one grey.
    ///
    /// # Panics
    /// If the range is empty, not finite, or begins below 0.
    #[track_caller]
    pub fn contrast(self, times: RangeInclusive<f64>) -> Self {
        Colour { contrast: Span::new("contrast", times, 0.0), ..self }
    }

    /// With colours so many times as strong; 0 is grey.
    ///
    /// ```
    /// use nn::{Dataset, Rng, Tensor, data::Colour};
    /// let red = Dataset::new(Tensor::<f32>::from([1.0, 0.0, 0.0]).reshape([1, 3, 1, 1]), vec![0])?; // one pixel
    /// let grey = red.batches(1).augment(&Colour::new().saturation(0.0..=0.0), &mut Rng::seed(0)).next().unwrap();
    /// assert_eq!(grey.x.to_vec(), [0.299; 3]); // as bright as that red
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If the range is empty, not finite, or begins below 0.
    #[track_caller]
    pub fn saturation(self, times: RangeInclusive<f64>) -> Self {
        Colour { saturation: Span::new("saturation", times, 0.0), ..self }
    }
}

impl Default for Colour {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scalar> Augment<T> for Colour {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let image = sample.image("Colour");
        let count = image.height * image.width;
        assert!(
            image.channels == 1 || image.channels == 3,
            "Colour: an image of {} channels\n  help: give one channel, or three: red, green and blue",
            image.channels
        );
        if count == 0 {
            return;
        }
        let [brightness, contrast, saturation] =
            [self.brightness, self.contrast, self.saturation].map(|span| span.draw(rng));
        image.pixels.iter_mut().for_each(|x| *x = blend(*x, 0.0, brightness));
        let mean = grey(&image).iter().sum::<f64>() / count as f64;
        image.pixels.iter_mut().for_each(|x| *x = blend(*x, mean, contrast));
        if image.channels == 3 {
            let grey = grey(&image);
            for plane in image.pixels.chunks_exact_mut(count) {
                plane.iter_mut().zip(&grey).for_each(|(x, grey)| *x = blend(*x, *grey, saturation));
            }
        }
    }
}

/// `times` as far from `origin`, within 0 and 1.
fn blend<T: Scalar>(x: T, origin: f64, times: f64) -> T {
    if times == 1.0 {
        return x;
    }
    T::of((origin + times * (x.into() - origin)).clamp(0.0, 1.0))
}

/// The grey of every pixel.
fn grey<T: Scalar>(image: &Image<'_, T>) -> Vec<f64> {
    let planes: Vec<&[T]> = image.pixels.chunks_exact(image.height * image.width).collect();
    let value = |plane: &[T], i: usize| -> f64 { plane[i].into() };
    match planes[..] {
        [red, green, blue] => (0..red.len())
            .map(|i| LUMA[0] * value(red, i) + LUMA[1] * value(green, i) + LUMA[2] * value(blue, i))
            .collect(),
        _ => image.pixels.iter().map(|&x| x.into()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{applied, assert_close};
    use super::*;
    use crate::testing::panic_of;
    use proptest::prelude::*;

    /// One pixel of each channel: red 0.2, green 0.4, blue 0.6, and in a second pixel white.
    const IMAGE: [f64; 6] = [0.2, 1.0, 0.4, 1.0, 0.6, 1.0];

    #[test]
    fn factors_follow_their_formulas() {
        let of = |colour: Colour| applied(&colour, &IMAGE, &[3, 1, 2], 0);
        assert_close(&of(Colour::new().brightness(0.5..=0.5)), &[0.1, 0.5, 0.2, 0.5, 0.3, 0.5]);
        assert_close(&of(Colour::new().brightness(2.0..=2.0)), &[0.4, 1.0, 0.8, 1.0, 1.0, 1.0]);
        // The grey of the first pixel is 0.0598 + 0.2348 + 0.0684 = 0.363, that of white 1, their mean 0.6815.
        let half = |x: f64| 0.5 * x + 0.5 * 0.6815;
        assert_close(&of(Colour::new().contrast(0.5..=0.5)), &IMAGE.map(half));
        assert_close(&of(Colour::new().contrast(0.0..=0.0)), &[0.6815; 6]);
        assert_close(&of(Colour::new().saturation(0.0..=0.0)), &[0.363, 1.0, 0.363, 1.0, 0.363, 1.0]);
        assert_close(&of(Colour::new().saturation(1.5..=1.5)), &[0.1185, 1.0, 0.4185, 1.0, 0.7185, 1.0]);
        assert_eq!(of(Colour::new()), IMAGE);
    }

    #[test]
    fn grey_has_no_saturation_and_two_channels_no_colour() {
        let colour = Colour::new().saturation(0.0..=0.0);
        assert_eq!(applied(&colour, &[0.2, 0.4], &[1, 2], 0), [0.2, 0.4]);
        assert!(panic_of(|| applied(&colour, &[0.2, 0.4], &[2, 1, 1], 0)).contains("2 channels"));
    }

    proptest! {
        #[test]
        fn values_stay_in_their_range(pixels in prop::collection::vec(0.0..=1.0, 12), seed: u64) {
            let colour = Colour::new().brightness(0.0..=3.0).contrast(0.0..=3.0).saturation(0.0..=3.0);
            let y = applied(&colour, &pixels, &[3, 2, 2], seed);
            prop_assert!(y.iter().all(|y| (0.0..=1.0).contains(y)), "{:?}", y);
        }
    }
}
