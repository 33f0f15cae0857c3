//! Parts of an image blotted out, so that a network does not lean on one of them alone.

use super::warp::Crop;
use super::{Augment, Image, Sample};
use autograd::{Rng, Scalar};
use std::ops::{Range, RangeInclusive};

/// A square blotted out, around any pixel of the image; what goes beyond the border is cut off.
///
/// Source: T. DeVries and G. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
///
/// ```
/// use nn::{Dataset, Rng, Tensor, data::Cutout};
/// let black = Dataset::new(Tensor::<f32>::zeros([32, 8, 8]), vec![0; 32])?;
/// let batch = black.batches(32).augment(&Cutout::new(4).fill(1.0), &mut Rng::seed(0)).next().unwrap();
/// let area = batch.x.sum_axes([1, 2]); // of each square
/// assert!(area.max().item() == 16.0 && area.min().item() < 16.0 && area.min().item() >= 4.0);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cutout {
    side: usize,
    fill: f64,
}

impl Cutout {
    /// A square of so many pixels each way, with 0 in it.
    pub fn new(side: usize) -> Self {
        Cutout { side, fill: 0.0 }
    }

    /// With this value in it, such as the mean of all pixels.
    pub fn fill(self, fill: f64) -> Self {
        Cutout { fill, ..self }
    }
}

impl<T: Scalar> Augment<T> for Cutout {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let mut image = sample.image("Cutout");
        if image.pixels.is_empty() {
            return;
        }
        let mut along = |size: usize| {
            let middle = rng.below(size);
            let begin = middle.saturating_sub(self.side / 2);
            begin..(middle + self.side.div_ceil(2)).min(size)
        };
        let (rows, columns) = (along(image.height), along(image.width));
        fill(&mut image, rows, columns, || T::of(self.fill));
    }
}

/// A rectangle blotted out, with noise in it.
///
/// Source: Z. Zhong, L. Zheng, G. Kang, S. Li and Y. Yang, "Random Erasing Data Augmentation", 2020, which erases half of the samples:
/// [`sometimes`](super::Augmentation::sometimes)`(0.5, Erase::new(0.02..=0.4))`.
///
/// ```
/// use nn::{Dataset, Rng, Tensor, data::Erase};
/// let black = Dataset::new(Tensor::<f32>::zeros([32, 8, 8]), vec![0; 32])?;
/// let noise = black.batches(32).augment(&Erase::new(0.1..=0.3), &mut Rng::seed(0)).next().unwrap();
/// assert!(noise.x.min().item() == 0.0 && noise.x.max().item() > 0.9);
/// let squares = Erase::new(0.25..=0.25).aspect(1.0..=1.0).fill(1.0); // of 4 by 4 pixels, anywhere
/// let batch = black.batches(32).augment(&squares, &mut Rng::seed(0)).next().unwrap();
/// assert_eq!(batch.x.sum_axes([1, 2]).to_vec(), [16.0; 32]);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Erase {
    rectangle: Crop,
    fill: Option<f64>,
}

impl Erase {
    /// So much of the area of the image, up to 3.3 times as wide or as high as with its proportions, and in it numbers uniform in
    /// `[0, 1)`.
    ///
    /// # Panics
    /// If the range is empty or does not lie within 0 and 1.
    #[track_caller]
    pub fn new(area: RangeInclusive<f64>) -> Self {
        Erase { rectangle: Crop::new(area).aspect(1.0 / 3.3..=3.3), fill: None }
    }

    /// So many times as wide as with the proportions of the image.
    ///
    /// # Panics
    /// If the range is empty, not finite, or begins below a thousandth.
    #[track_caller]
    pub fn aspect(self, times: RangeInclusive<f64>) -> Self {
        Erase { rectangle: self.rectangle.aspect(times), ..self }
    }

    /// With this value in it in place of noise.
    pub fn fill(self, fill: f64) -> Self {
        Erase { fill: Some(fill), ..self }
    }
}

impl<T: Scalar> Augment<T> for Erase {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let mut image = sample.image("Erase");
        let size = [image.height, image.width];
        let [height, width] = self.rectangle.draw(size, rng).map(|side| side.round() as usize);
        let mut along = |size: usize, side: usize| {
            let begin = rng.below(size - side + 1);
            begin..begin + side
        };
        let (rows, columns) = (along(size[0], height), along(size[1], width));
        fill(&mut image, rows, columns, || self.fill.map_or_else(|| rng.uniform(), T::of));
    }
}

/// Gives every pixel of a rectangle, in every channel, a value of its own.
fn fill<T>(
    image: &mut Image<'_, T>,
    rows: Range<usize>,
    columns: Range<usize>,
    mut value: impl FnMut() -> T,
) {
    let width = image.width;
    for plane in image.planes() {
        for row in rows.clone() {
            plane[row * width..][columns.clone()].iter_mut().for_each(|pixel| *pixel = value());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{applied, image};
    use super::*;
    use proptest::prelude::*;

    /// The rows and columns in which a channel differs, if it differs in all of them and nowhere else.
    fn rectangle(x: &[f64], y: &[f64], width: usize) -> Option<[usize; 2]> {
        let places: Vec<usize> = (0..x.len()).filter(|&i| x[i] != y[i]).collect();
        let of = |f: &dyn Fn(usize) -> usize| {
            let places = places.iter().map(|&i| f(i));
            Some((places.clone().min()?, places.max()?))
        };
        let ((top, bottom), (left, right)) = (of(&|i| i / width)?, of(&|i| i % width)?);
        let sides = [bottom - top + 1, right - left + 1];
        (sides[0] * sides[1] == places.len()).then_some(sides)
    }

    proptest! {
        #[test]
        fn a_square_is_cut_out_of_every_channel(
            height in 1..9_usize, width in 1..9_usize, side in 1..12_usize, seed: u64,
        ) {
            let (x, shape) = image(2, height, width);
            let y = applied(&Cutout::new(side).fill(-1.0), &x, &shape, seed);
            let plane = height * width;
            let sides = rectangle(&x[..plane], &y[..plane], width).expect("a rectangle");
            for (found, size) in sides.into_iter().zip([height, width]) {
                // Around the border, at least the half of it that lies inside.
                prop_assert!(found <= side && found >= side.div_ceil(2).min(size), "{} of {}", found, side);
            }
            prop_assert!(y.iter().all(|y| *y == -1.0 || *y >= 1.0));
            prop_assert!((0..plane).all(|i| (y[i] == -1.0) == (y[plane + i] == -1.0)));
        }

        /// Rounded to whole pixels, the sides are those of the area and the proportions.
        #[test]
        fn a_rectangle_is_erased(area in 0.01..=1.0, aspect in 0.5..=2.0, seed: u64) {
            let (x, shape) = image(1, 20, 30);
            let erase = Erase::new(area..=area).aspect(aspect..=aspect).fill(0.0);
            let sides = rectangle(&x, &applied(&erase, &x, &shape, seed), 30).expect("a rectangle");
            let expected = [20.0 * f64::sqrt(area / aspect), 30.0 * f64::sqrt(area * aspect)];
            prop_assert_eq!(sides, [expected[0].round().min(20.0) as usize, expected[1].round().min(30.0) as usize]);
        }
    }

    #[test]
    fn a_middle_cut_has_its_whole_side() {
        let (x, shape) = image(1, 30, 30);
        let sides: Vec<_> = (0..50)
            .map(|seed| rectangle(&x, &applied(&Cutout::new(5), &x, &shape, seed), 30).unwrap())
            .collect();
        assert!(sides.contains(&[5, 5]) && sides.iter().flatten().all(|side| *side <= 5), "{sides:?}");
    }

    #[test]
    fn nothing_erased_is_no_change() {
        let (x, shape) = image(2, 3, 3);
        assert_eq!(applied(&Cutout::new(0), &x, &shape, 1), x);
        assert_eq!(applied(&Erase::new(0.0..=0.0), &x, &shape, 1), x);
        let noise = applied(&Erase::new(1.0..=1.0).aspect(1.0..=1.0), &x, &shape, 1);
        assert!(noise.iter().all(|y| (0.0..1.0).contains(y)) && noise[0] != noise[1]);
    }
}
