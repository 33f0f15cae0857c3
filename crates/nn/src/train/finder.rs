//! Which learning rate to begin with: the loss over one run in which the rate grows from step to step.
//!
//! Below some rate nothing is learned, above another the loss explodes; between them it falls. A good rate lies where it falls fastest,
//! or a tenth of the one at which it is least.

use crate::chart::{Axis, Chart};
use crate::data::{Dataset, Samples};
use crate::layer::Layer;
use crate::mode::Mode;
use crate::optim::Optimizer;
use crate::train::Loss;
use autograd::{Rng, Scalar, Tensor};

/// A run in which the rate grows by the same factor at each step.
///
/// Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
///
/// ```
/// use nn::{Activation, Dataset, Mlp, RateFinder, Rng, Sgd, Tensor, mse};
/// let mut rng = Rng::seed(0);
/// let x = Tensor::normal([256, 4], 0.0_f32, 1.0, &mut rng);
/// let y = x.sum_axes(1).unsqueeze(1);
/// let data = Dataset::new(x, y).unwrap();
/// let net = Mlp::new(&[4, 16, 1], Activation::Tanh, &mut rng);
/// let curve = RateFinder::new().find(&net, Sgd::new(1.0), &data, mse);
/// let rate = curve.steepest().unwrap();
/// assert!((1e-3..1.0).contains(&rate), "{rate}");
/// let picture = curve.svg(); // to be written to a file
/// # assert!(picture.starts_with("<svg"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RateFinder {
    /// The first rate.
    pub from: f64,
    /// The last rate.
    pub to: f64,
    /// The number of steps between them.
    pub steps: usize,
    /// How many samples make a batch.
    pub batch: usize,
    /// How much of the mean of losses is kept at each step, in `[0, 1)`.
    pub smoothing: f64,
    /// The run ends when the mean is so many times the least so far. Where that is below 0, there are no such times of it: then the run
    /// ends when the mean has grown, from the least, by one less than so many times how far that is from 0 or, if it is farther, from the
    /// first.
    pub explosion: f64,
    /// The seed of the order of samples and of everything random in the network.
    pub seed: u64,
}

impl RateFinder {
    /// From 1e-6 to 10 in 100 steps of 32 samples; smoothing 0.9, and an end at four times the least loss.
    pub fn new() -> Self {
        RateFinder { from: 1e-6, to: 10.0, steps: 100, batch: 32, smoothing: 0.9, explosion: 4.0, seed: 0 }
    }

    /// Trains a copy of the network with growing rates, over the data as often as it takes.
    ///
    /// # Panics
    /// If the rates are not positive and growing, there are fewer than two steps, or the data is empty.
    #[track_caller]
    pub fn find<N, O, L, X, Y, T>(
        &self,
        net: &N,
        mut optimizer: O,
        data: &Dataset<X, Y>,
        loss: L,
    ) -> RateCurve
    where
        N: Layer<T, X> + Clone,
        O: Optimizer<T>,
        L: Fn(&Tensor<T>, &Y) -> Tensor<T>,
        X: Samples,
        Y: Samples,
        T: Scalar,
    {
        let &RateFinder { from, to, steps, batch, smoothing, explosion, seed } = self;
        assert!(
            0.0 < from && from < to && to.is_finite() && steps > 1 && !data.is_empty(),
            "RateFinder: expected 0 < from < to, at least 2 steps and some data, found {from}, {to}, {steps} steps, {} samples\n  help: \
             `RateFinder::new()` has usual rates",
            data.len()
        );
        let (mut net, mut rng) = (net.clone(), Rng::seed(seed));
        let growth = (to / from).powf(1.0 / (steps - 1) as f64);
        let mut points: Vec<RatePoint> = Vec::with_capacity(steps);
        let (mut mean, mut weight, mut least) = (0.0, 0.0, f64::INFINITY);
        'run: loop {
            for batch in data.batches(batch).shuffle(&mut rng) {
                if points.len() == steps {
                    break 'run;
                }
                let rate = from * growth.powi(points.len() as i32);
                optimizer.set_lr(rate);
                let value = loss.of(&net.forward(&batch.x, &mut Mode::train(&mut rng)), &batch.y);
                let now: f64 = value.item().into();
                // A mean that begins at the first loss, and not at 0.
                mean = smoothing * mean + (1.0 - smoothing) * now;
                weight = smoothing * weight + (1.0 - smoothing);
                let smooth = mean / weight;
                let size = match points.first() {
                    Some(first) if least < 0.0 => (-least).max(first.smooth - least),
                    _ => least,
                };
                if !smooth.is_finite() || smooth > least + (explosion - 1.0) * size {
                    break 'run;
                }
                least = least.min(smooth);
                points.push(RatePoint { rate, loss: now, smooth });
                optimizer.step(&mut net, &value.backward());
            }
        }
        RateCurve { points }
    }
}

impl Default for RateFinder {
    fn default() -> Self {
        Self::new()
    }
}

/// The loss over the rate: what [`RateFinder`] has found.
///
/// ```
/// use nn::{Dataset, Linear, RateFinder, Rng, Sgd, Tensor, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let curve = RateFinder::new().find(&Linear::new(2, 1, &mut Rng::seed(0)), Sgd::new(1.0), &data, mse);
/// let least = curve.points.iter().min_by(|a, b| a.smooth.total_cmp(&b.smooth)).unwrap();
/// assert_eq!(curve.tenth_of_least(), Some(least.rate / 10.0));
/// let steepest = curve.steepest().unwrap();
/// assert!(steepest < least.rate && curve.svg().contains(&format!("steepest at {steepest:.1e}")));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateCurve {
    /// The steps, until the loss exploded.
    pub points: Vec<RatePoint>,
}

/// One step.
///
/// ```
/// use nn::{Dataset, Linear, RateFinder, Rng, Sgd, Tensor, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let finder = RateFinder { from: 1e-3, to: 1e-1, steps: 3, ..RateFinder::new() };
/// let curve = finder.find(&Linear::new(2, 1, &mut Rng::seed(0)), Sgd::new(1.0), &data, mse);
/// let [first, second, _] = curve.points[..] else { panic!("a point for each step") };
/// assert!(first.rate == 1e-3 && (second.rate - 1e-2).abs() < 1e-12);
/// // A mean of both, which weighs the later one more.
/// assert!((first.smooth - first.loss).abs() < 1e-9 && (second.smooth - (0.9 * first.loss + second.loss) / 1.9).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RatePoint {
    /// The learning rate.
    pub rate: f64,
    /// The loss of the batch, before the step.
    pub loss: f64,
    /// The mean of the losses so far, the last of which count most.
    pub smooth: f64,
}

impl RateCurve {
    /// The rate at which the mean loss falls fastest over the logarithm of the rate; `None` if it falls nowhere.
    pub fn steepest(&self) -> Option<f64> {
        // Over several steps, and not at the very first, where the mean is one of few losses.
        let width = (self.points.len() / 10).max(1);
        let falling = self.points.get(width - 1..=self.least_place()?)?;
        let slopes = falling
            .windows(width + 1)
            .map(|steps| (steps[width].smooth - steps[0].smooth, steps[width / 2].rate));
        let (slope, rate) = slopes.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
        (slope < 0.0).then_some(rate)
    }

    /// A tenth of the rate at which the mean loss is least; `None` if it falls nowhere.
    pub fn tenth_of_least(&self) -> Option<f64> {
        let least = self.least_place().filter(|&place| place > 0)?;
        Some(self.points[least].rate / 10.0)
    }

    fn least_place(&self) -> Option<usize> {
        let smooth = |&i: &usize| self.points[i].smooth;
        (0..self.points.len()).min_by(|a, b| smooth(a).total_cmp(&smooth(b)))
    }

    /// A picture of the curve: the losses as dots, their mean as a line, over the logarithm of the rate; the steepest place is marked.
    pub fn svg(&self) -> String {
        let points = || self.points.iter();
        let rates = Axis::log_over(points().map(|point| point.rate));
        let mut chart = Chart::new(rates, "learning rate", Axis::over(points().map(|point| point.smooth)));
        chart.dots(points().map(|point| (point.rate, point.loss)));
        chart.line("mean loss", points().map(|point| (point.rate, point.smooth)));
        if let Some(rate) = self.steepest() {
            chart.mark(rate, &format!("steepest at {rate:.1e}"));
        }
        chart.svg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Linear, Sgd, mse};

    fn curve(smooth: &[f64]) -> RateCurve {
        let point = |(i, &smooth): (usize, &f64)| RatePoint {
            rate: 10.0_f64.powi(i as i32 - 4),
            loss: smooth,
            smooth,
        };
        RateCurve { points: smooth.iter().enumerate().map(point).collect() }
    }

    #[test]
    fn the_steepest_place_is_before_the_least() {
        let curve = curve(&[2.0, 1.9, 1.0, 0.8, 3.0, 0.9]);
        assert_eq!(curve.steepest(), Some(1e-3));
        assert!((curve.tenth_of_least().unwrap() - 1e-2).abs() < 1e-9);
        let svg = curve.svg();
        assert_eq!(svg.matches("<circle").count(), 6);
        assert!(svg.contains("steepest at 1.0e-3"));
    }

    #[test]
    fn where_nothing_falls_there_is_no_rate() {
        assert_eq!(curve(&[1.0, 2.0]).steepest(), None);
        assert_eq!(curve(&[1.0, 2.0]).tenth_of_least(), None);
        assert_eq!(curve(&[]).tenth_of_least(), None);
        assert!(curve(&[]).svg().ends_with("</svg>\n"));
    }

    /// A loss of any sign, such as the logarithm of a density, falls until the rate is too large.
    #[test]
    fn a_loss_below_zero_does_not_end_the_run() {
        let mut rng = Rng::seed(0);
        let x = Tensor::<f64>::normal([256, 4], 0.0, 1.0, &mut rng);
        let data = Dataset::new(x.clone(), x.sum_axes(1).unsqueeze(1)).unwrap();
        let net = Linear::new(4, 1, &mut rng);
        let finder = RateFinder { to: 1e3, ..RateFinder::new() };
        // It begins below 0, and above.
        for below in [100.0, 1.0] {
            let loss = |y: &Tensor<f64>, t: &Tensor<f64>| mse(y, t) - below;
            let curve = finder.find(&net, Sgd::new(1.0), &data, loss);
            assert!((60..100).contains(&curve.points.len()), "{} points", curve.points.len());
            for rate in [curve.steepest().unwrap(), curve.tenth_of_least().unwrap()] {
                assert!((1e-3..1.0).contains(&rate), "{rate}");
            }
        }
    }
}
