//! Images turned, scaled, sheared and cut: each pixel takes its value from another place of the image.
//!
//! A place between pixels has the value that is linear along rows and along columns between its four neighbours.

use super::shift::{Border, remade};
use super::{Augment, Image, Sample, Span};
use autograd::{Rng, Scalar};
use std::ops::RangeInclusive;

/// Every pixel gets the value at `source` of its row and column, a row and a column again.
pub(super) fn warp<T: Scalar>(
    image: &mut Image<'_, T>,
    border: Border,
    source: impl Fn(usize, usize) -> [f64; 2],
) {
    remade(image, |plane, size, row, column| {
        let [y, x] = source(row, column);
        let (top, left) = (y.floor(), x.floor());
        let (down, right) = (y - top, x - left);
        let [height, width] = size;
        let is_within = top >= 0.0 && left >= 0.0 && top + 1.0 < height as f64 && left + 1.0 < width as f64;
        if is_within && down > 0.0 && right > 0.0 {
            let begin = top as usize * width + left as usize;
            let along = |begin: usize| {
                let (x, next): (f64, f64) = (plane[begin].into(), plane[begin + 1].into());
                (1.0 - right) * x + right * next
            };
            return T::of((1.0 - down) * along(begin) + down * along(begin + width));
        }
        let mut value = 0.0;
        for (row, weight) in [(top, 1.0 - down), (top + 1.0, down)] {
            for (column, weight) in [(left, weight * (1.0 - right)), (left + 1.0, weight * right)] {
                // On a pixel its neighbours do not count, whatever they are.
                if weight > 0.0 {
                    let pixel: f64 = border.pixel(plane, size, row as isize, column as isize).into();
                    value += weight * pixel;
                }
            }
        }
        T::of(value)
    });
}

/// An image turned, scaled, sheared and moved about its centre, by numbers that are drawn for each sample.
///
/// A point at `p` from the centre, `x` to the right and `y` down, goes to `R S K p + t`: first the shear
/// `K: x += y tan k`, then the scale, then the turn `x' = x cos a + y sin a`, `y' = y cos a - x sin a`, counter-clockwise as one sees
/// it, and the shift.
///
/// ```
/// use nn::data::{Affine, digits};
/// use nn::Rng;
/// let images = digits().map(|x, y| (x.reshape([1797, 8, 8]), y.clone()))?;
/// let affine = Affine::new().rotate(-15.0..=15.0).scale(0.9..=1.1).shear(-5.0..=5.0).shift(-1.0..=1.0);
/// let batch = images.batches(32).augment(&affine, &mut Rng::seed(0)).next().unwrap();
/// assert_eq!(batch.x.dims(), [32, 8, 8]);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    degrees: Span,
    scale: Span,
    shear: Span,
    shift: Span,
    border: Border,
}

impl Affine {
    /// A map that changes nothing. Beyond the border is 0.
    pub fn new() -> Self {
        let [zero, one] = [0.0, 1.0].map(|x| Span { low: x, high: x });
        Affine { degrees: zero, scale: one, shear: zero, shift: zero, border: Border::Fill(0.0) }
    }

    /// Turned by so many degrees, counter-clockwise.
    ///
    /// # Panics
    /// If the range is empty or not finite.
    #[track_caller]
    pub fn rotate(self, degrees: RangeInclusive<f64>) -> Self {
        Affine { degrees: Span::new("rotate", degrees, f64::NEG_INFINITY), ..self }
    }

    /// Enlarged so many times.
    ///
    /// # Panics
    /// If the range is empty, not finite, or begins below a thousandth.
    #[track_caller]
    pub fn scale(self, times: RangeInclusive<f64>) -> Self {
        Affine { scale: Span::new("scale", times, 0.001), ..self }
    }

    /// Slanted by so many degrees: positive ones move what is below the centre to the right.
    ///
    /// # Panics
    /// If the range is empty or goes beyond 89 degrees to either side.
    #[track_caller]
    pub fn shear(self, degrees: RangeInclusive<f64>) -> Self {
        let shear = Span::new("shear", degrees, -89.0);
        assert!(shear.high <= 89.0, "shear: {} degrees\n  help: give at most 89", shear.high);
        Affine { shear, ..self }
    }

    /// Moved by so many pixels or parts of them, along rows and along columns each.
    ///
    /// # Panics
    /// If the range is empty or not finite.
    #[track_caller]
    pub fn shift(self, pixels: RangeInclusive<f64>) -> Self {
        Affine { shift: Span::new("shift", pixels, f64::NEG_INFINITY), ..self }
    }

    /// With this border.
    ///
    /// ```
    /// use nn::{Dataset, Rng, Tensor, data::{Affine, Border}};
    /// let white = Dataset::new(Tensor::<f32>::ones([1, 4, 4]), vec![0])?;
    /// let half = Affine::new().scale(0.5..=0.5).border(Border::Fill(0.25));
    /// let batch = white.batches(1).augment(&half, &mut Rng::seed(0)).next().unwrap();
    /// assert_eq!((batch.x.at([0, 1, 1]), batch.x.at([0, 0, 0])), (1.0, 0.25)); // the middle, and a corner
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    pub fn border(self, border: Border) -> Self {
        Affine { border, ..self }
    }
}

impl Default for Affine {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Scalar> Augment<T> for Affine {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let mut image = sample.image("Affine");
        let (sin, cos) = self.degrees.draw(rng).to_radians().sin_cos();
        let (scale, shear) = (self.scale.draw(rng), self.shear.draw(rng).to_radians().tan());
        let [down, right] = [(); 2].map(|()| self.shift.draw(rng));
        let centre = [image.height, image.width].map(|size| (size as f64 - 1.0) / 2.0);
        warp(&mut image, self.border, |row, column| {
            let (y, x) = (row as f64 - centre[0] - down, column as f64 - centre[1] - right);
            // Back by the same way: the turn, the scale, the shear.
            let (x, y) = ((x * cos - y * sin) / scale, (x * sin + y * cos) / scale);
            [centre[0] + y, centre[1] + x - shear * y]
        });
    }
}

/// A rectangle cut out of an image at random and enlarged to its size.
///
/// Source: C. Szegedy et al., "Going Deeper with Convolutions", 2015, section 6.
///
/// ```
/// use nn::data::{Crop, digits};
/// use nn::Rng;
/// let images = digits().map(|x, y| (x.reshape([1797, 8, 8]), y.clone()))?;
/// let crop = Crop::new(0.6..=1.0).aspect(0.75..=1.33);
/// let batch = images.batches(32).augment(&crop, &mut Rng::seed(0)).next().unwrap();
/// assert_eq!(batch.x.dims(), [32, 8, 8]);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[doc(alias = "RandomResizedCrop")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    pub(super) area: Span,
    pub(super) aspect: Span,
}

impl Crop {
    /// Rectangles with so much of the area of the image, and its proportions.
    ///
    /// # Panics
    /// If the range is empty or does not lie within 0 and 1.
    #[track_caller]
    pub fn new(area: RangeInclusive<f64>) -> Self {
        let area = Span::new("Crop", area, 0.0);
        assert!(area.high <= 1.0, "Crop: an area of {}\n  help: give at most 1, all of the image", area.high);
        Crop { area, aspect: Span { low: 1.0, high: 1.0 } }
    }

    /// So many times as wide as with the proportions of the image.
    ///
    /// # Panics
    /// If the range is empty, not finite, or begins below a thousandth.
    #[track_caller]
    pub fn aspect(self, times: RangeInclusive<f64>) -> Self {
        Crop { aspect: Span::new("aspect", times, 0.001), ..self }
    }

    /// The height and width of a rectangle in an image of this size; no larger than it.
    pub(super) fn draw(self, size: [usize; 2], rng: &mut Rng) -> [f64; 2] {
        let area = self.area.draw(rng);
        // As often twice as wide as half as wide.
        let aspect = Span { low: self.aspect.low.ln(), high: self.aspect.high.ln() }.draw(rng).exp();
        let [height, width] = size.map(|size| size as f64);
        [(height * (area / aspect).sqrt()).min(height), (width * (area * aspect).sqrt()).min(width)]
    }
}

impl<T: Scalar> Augment<T> for Crop {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let mut image = sample.image("Crop");
        let size = [image.height, image.width];
        let window = self.draw(size, rng);
        let axis = |i: usize, rng: &mut Rng| {
            let whole = size[i] as f64;
            (rng.uniform::<f64>() * (whole - window[i]), window[i] / whole)
        };
        let ((top, down), (left, across)) = (axis(0, rng), axis(1, rng));
        // A pixel is a square around its place: its middle is half a pixel from its border.
        let along = |begin: f64, step: f64, i: usize| begin + step * (i as f64 + 0.5) - 0.5;
        warp(&mut image, Border::Edge, |row, column| [along(top, down, row), along(left, across, column)]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{applied, assert_close, image};
    use super::*;
    use proptest::prelude::*;

    fn turned(x: &[f64], shape: &[usize], degrees: f64) -> Vec<f64> {
        applied(&Affine::new().rotate(degrees..=degrees).border(Border::Edge), x, shape, 0)
    }

    proptest! {
        /// `numpy.rot90`: what was in the last column comes to the top.
        #[test]
        fn a_right_angle_is_a_permutation(n in 1..7_usize) {
            let (x, shape) = image(2, n, n);
            let permuted = |place: &dyn Fn(usize, usize) -> usize| -> Vec<f64> {
                let plane = n * n;
                (0..2 * plane).map(|i| x[i / plane * plane + place(i % plane / n, i % n)]).collect()
            };
            assert_close(&turned(&x, &shape, 90.0), &permuted(&|row, column| column * n + n - 1 - row));
            assert_close(&turned(&x, &shape, 180.0), &permuted(&|row, column| (n - 1 - row) * n + n - 1 - column));
            assert_close(&turned(&x, &shape, -90.0), &permuted(&|row, column| (n - 1 - column) * n + row));
        }

        /// Bilinear interpolation is exact on a plane `a + b x + c y`, away from the border.
        #[test]
        fn a_slope_is_mapped_as_its_formula(
            degrees in -40.0..40.0, scale in 1.0..2.0, shear in -30.0..30.0, shift in -1.0..1.0,
        ) {
            let plane = |y: f64, x: f64| 3.0 + 2.0 * x - 5.0 * y;
            let centred = |i: usize| (i as f64 / 9.0).floor() - 4.0;
            let x: Vec<f64> = (0..81).map(|i| plane(centred(i), (i % 9) as f64 - 4.0)).collect();
            let affine = Affine::new()
                .rotate(degrees..=degrees)
                .scale(scale..=scale)
                .shear(shear..=shear)
                .shift(shift..=shift);
            let y = applied(&affine, &x, &[9, 9], 0);
            // The matrix forward, `p' = M p + t` with M = scale R K, and its inverse by Cramer's rule.
            let (sin, cos) = f64::to_radians(degrees).sin_cos();
            let k = f64::to_radians(shear).tan();
            let m = [[cos, cos * k + sin], [-sin, cos - sin * k]].map(|row| row.map(|x| scale * x));
            let det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
            let mut inside = 0;
            for (i, &y) in y.iter().enumerate() {
                let (below, right) = (centred(i) - shift, (i % 9) as f64 - 4.0 - shift);
                let from_x = (m[1][1] * right - m[0][1] * below) / det;
                let from_y = (m[0][0] * below - m[1][0] * right) / det;
                if from_x.abs() <= 4.0 && from_y.abs() <= 4.0 {
                    inside += 1;
                    prop_assert!((y - plane(from_y, from_x)).abs() < 1e-9, "{} at {}, {}", y, from_y, from_x);
                }
            }
            prop_assert!(inside > 20);
        }

        #[test]
        fn a_cut_is_part_of_the_image(area in 0.05..=1.0, aspect in 0.4..=2.5, seed: u64) {
            // Columns are numbered, so that a cut shows where it lies and how wide it is.
            let x: Vec<f64> = (0..80).map(|i| (i % 10) as f64).collect();
            let y = applied(&Crop::new(area..=area).aspect(aspect..=aspect), &x, &[8, 10], seed);
            prop_assert!(y.iter().all(|y| (-1e-9..=9.0 + 1e-9).contains(y)));
            prop_assert!((0..80).all(|i| (y[i] - y[i % 10]).abs() < 1e-9), "rows are alike");
            // Between pixels that the edge has not touched, the step is the width of the cut over that of the image.
            let width = (10.0 * f64::sqrt(area * aspect)).min(10.0);
            let steps = (0..9).map(|i| (y[i], y[i + 1])).filter(|(a, b)| *a > 1e-9 && *b < 9.0 - 1e-9);
            for (a, b) in steps {
                prop_assert!((b - a - width / 10.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn nothing_drawn_changes_nothing() {
        let (x, shape) = image(3, 4, 5);
        assert_eq!(applied(&Affine::new(), &x, &shape, 1), x);
        assert_close(&applied(&Crop::new(1.0..=1.0), &x, &shape, 1), &x);
    }

    /// By hand: half a pixel to the right lies half way between neighbours, and the first half on the fill.
    #[test]
    fn between_pixels_lies_their_mean() {
        let y = applied(&Affine::new().shift(0.5..=0.5).border(Border::Fill(8.0)), &[2.0, 4.0], &[1, 2], 0);
        // Rows: the mean of row -1, the fill, and row 0. Columns in the same way.
        assert_close(&y, &[(8.0 + (8.0 + 2.0) / 2.0) / 2.0, (8.0 + (2.0 + 4.0) / 2.0) / 2.0]);
        // What lies beside a pixel does not spoil it.
        assert_eq!(applied(&Affine::new(), &[1.0, f64::INFINITY], &[1, 2], 0), [1.0, f64::INFINITY]);
    }
}
