//! Elastic distortion: every pixel moves a little, and its neighbours with it.

use super::shift::Border;
use super::warp::warp;
use super::{Augment, Sample};
use autograd::{Rng, Scalar};

/// An image distorted as if it were drawn on rubber.
///
/// Each pixel is moved along rows and along columns by `strength` times a random number, uniform in `[-1, 1)`, that a Gaussian of
/// deviation `smoothness` pixels has smoothed: without it, moves are noise; with a wide one, they are all alike.
///
/// Source: P. Simard, D. Steinkraus and J. Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis",
/// 2003, which takes strength 34 and smoothness 4 for digits of 28 by 28 pixels.
///
/// ```
/// use nn::data::{Elastic, digits};
/// use nn::Rng;
/// let images = digits().map(|x, y| (x.reshape([1797, 8, 8]), y.clone()))?;
/// let batch = images.batches(32).augment(&Elastic::new(6.0, 2.0), &mut Rng::seed(0)).next().unwrap();
/// assert_eq!(batch.x.dims(), [32, 8, 8]);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    strength: f64,
    smoothness: f64,
    border: Border,
}

impl Elastic {
    /// With this strength and smoothness, both in pixels. Beyond the border is 0.
    ///
    /// # Panics
    /// If the strength is negative, the smoothness is not above 0, or either is not finite.
    #[track_caller]
    pub fn new(strength: f64, smoothness: f64) -> Self {
        let fits = strength >= 0.0 && strength.is_finite() && smoothness > 0.0 && smoothness.is_finite();
        assert!(
            fits,
            "Elastic: strength {strength} and smoothness {smoothness}\n  help: the strength is at least 0, the smoothness above 0"
        );
        Elastic { strength, smoothness, border: Border::Fill(0.0) }
    }

    /// With this border.
    ///
    /// ```
    /// use nn::{Dataset, Rng, Tensor, data::{Border, Elastic}};
    /// let white = Dataset::new(Tensor::<f32>::ones([1, 8, 8]), vec![0])?;
    /// let darkest = |border| {
    ///     let elastic = Elastic::new(6.0, 1.0).border(border);
    ///     white.batches(1).augment(&elastic, &mut Rng::seed(0)).next().unwrap().x.min().item()
    /// };
    /// assert!(darkest(Border::Fill(0.0)) < 0.5 && darkest(Border::Edge) > 0.999);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    pub fn border(self, border: Border) -> Self {
        Elastic { border, ..self }
    }

    /// By how much each pixel is moved along one axis.
    fn moves(self, height: usize, width: usize, rng: &mut Rng) -> Vec<f64> {
        let noise: Vec<f64> =
            (0..height * width).map(|_| self.strength * (2.0 * rng.uniform::<f64>() - 1.0)).collect();
        self.smoothed(&self.smoothed(&noise, height, width), width, height)
    }

    /// The convolution of columns with a Gaussian, cut off at four deviations, where beyond the border is 0; and the result transposed, so
    /// that what is done twice is done along both axes.
    fn smoothed(self, x: &[f64], height: usize, width: usize) -> Vec<f64> {
        let reach = (4.0 * self.smoothness).ceil().min(height as f64) as usize;
        let weight = |i: usize| (-0.5 * (i as f64 / self.smoothness).powi(2)).exp();
        // Over all integers, so that what is cut off counts as 0.
        let total = weight(0) + 2.0 * (1..=(8.0 * self.smoothness).ceil() as usize).map(weight).sum::<f64>();
        let weights: Vec<f64> = (0..=reach).map(|i| weight(i) / total).collect();
        let mut smooth = vec![0.0; x.len()];
        let mut sum = vec![0.0; width];
        for row in 0..height {
            sum.fill(0.0);
            for other in row.saturating_sub(reach)..=(row + reach).min(height - 1) {
                let (weight, x) = (weights[row.abs_diff(other)], &x[other * width..][..width]);
                sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += weight * x);
            }
            sum.iter().enumerate().for_each(|(column, sum)| smooth[column * height + row] = *sum);
        }
        smooth
    }
}

impl<T: Scalar> Augment<T> for Elastic {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let mut image = sample.image("Elastic");
        let (height, width) = (image.height, image.width);
        let [down, right] = [(); 2].map(|()| self.moves(height, width, rng));
        warp(&mut image, self.border, |row, column| {
            let i = row * width + column;
            [row as f64 + down[i], column as f64 + right[i]]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{applied, image};
    use super::*;
    use crate::testing::panic_of;

    #[test]
    fn no_strength_is_no_change() {
        let (x, shape) = image(2, 5, 4);
        assert_eq!(applied(&Elastic::new(0.0, 2.0), &x, &shape, 3), x);
        assert!(panic_of(|| Elastic::new(1.0, 0.0)).contains("smoothness 0"));
    }

    /// A single one becomes the Gaussian itself, `exp(-(dx² + dy²) / 2 s²) / 2 π s²`. The sum over integers of a Gaussian of deviation 2
    /// is √(2π) 2 but for 1e-34, by Poisson's formula.
    #[test]
    fn smoothing_is_a_gaussian() {
        let elastic = Elastic::new(1.0, 2.0);
        let (height, width) = (21, 31);
        let mut one = vec![0.0; height * width];
        one[10 * width + 15] = 1.0;
        let smooth = elastic.smoothed(&elastic.smoothed(&one, height, width), width, height);
        for (i, smooth) in smooth.iter().enumerate() {
            let (y, x) = ((i / width) as f64 - 10.0, (i % width) as f64 - 15.0);
            let gaussian = (-(x * x + y * y) / 8.0).exp() / (8.0 * std::f64::consts::PI);
            let is_far = y.abs() > 8.0 || x.abs() > 8.0;
            assert!((smooth - if is_far { 0.0 } else { gaussian }).abs() < 1e-12, "{smooth} at {y}, {x}");
        }
    }

    /// The smoothed noise has deviation `strength √(1/3) / (2 √π s)`: the noise has variance 1/3, and the sum of the squares of a
    /// Gaussian in the plane is `1 / 4 π s²`.
    #[test]
    fn moves_are_as_large_as_their_formula() {
        let (strength, s) = (34.0, 4.0);
        let mut sum = 0.0;
        let mut rng = Rng::seed(0);
        for _ in 0..200 {
            let moves = Elastic::new(strength, s).moves(61, 61, &mut rng);
            sum += moves[30 * 61 + 30].powi(2);
        }
        let (deviation, expected) =
            ((sum / 200.0).sqrt(), strength / (12.0 * std::f64::consts::PI).sqrt() / s);
        // A deviation from 200 samples is itself off by 5 %: four of its deviations.
        assert!((deviation / expected - 1.0).abs() < 0.2, "{deviation} for {expected}");
    }

    /// Neighbours move together: a smooth image stays smooth.
    #[test]
    fn an_image_is_distorted_not_torn() {
        let x: Vec<f64> = (0..28 * 28).map(|i| ((i % 28) as f64 / 5.0).sin()).collect();
        let y = applied(&Elastic::new(20.0, 4.0).border(Border::Edge), &x, &[28, 28], 7);
        assert_ne!(x, y);
        let steepest = |x: &[f64]| {
            x.chunks(28).flat_map(|row| row.windows(2)).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max)
        };
        assert!(steepest(&y) < 2.0 * steepest(&x), "{}", steepest(&y));
    }
}
