//! Which samples an epoch shows, and how often: by weight, or every class alike.

use super::batches::Batches;
use super::dataset::Samples;
use super::subsets::by_class;
use autograd::Rng;

impl<X: Samples, Y: Samples> Batches<X, Y> {
    /// `count` samples in place of all, drawn with replacement: each time, sample `i` with probability `weights[i] / Σ weights`.
    ///
    /// ```
    /// use nn::{Rng, data::digits};
    /// let data = digits().take(100);
    /// let hard: Vec<f64> = data.y().iter().map(|&y| if y == 8 { 3.0 } else { 1.0 }).collect();
    /// assert_eq!(data.batches(32).weighted(&hard, 200, &mut Rng::seed(0)).samples(), 200);
    /// ```
    ///
    /// # Panics
    /// If there is not one weight for each sample, a weight is negative or not finite, or all are 0.
    #[track_caller]
    pub fn weighted(self, weights: &[f64], count: usize, rng: &mut Rng) -> Self {
        let samples = self.data().len();
        assert!(
            weights.len() == samples,
            "weighted: {} weights for {samples} samples\n  help: give one weight for each sample",
            weights.len()
        );
        if let Some(i) = weights.iter().position(|weight| !(*weight >= 0.0 && weight.is_finite())) {
            panic!(
                "weighted: sample {i} has weight {}\n  help: weights are finite and at least 0",
                weights[i]
            );
        }
        // The sums up to each sample: a number below the last is below that of the sample it falls to.
        let mut total = 0.0;
        let sum = |weight: &f64| {
            total += weight;
            total
        };
        let sums: Vec<f64> = weights.iter().map(sum).collect();
        assert!(
            total > 0.0 && total.is_finite(),
            "weighted: the weights add up to {total}\n  help: give at least one sample a weight above 0"
        );
        let draw = |_| {
            let number = rng.uniform::<f64>() * total;
            // A product that is rounded up to the total falls to the last sample that weighs anything.
            let place = sums.partition_point(|sum| *sum <= number);
            place.min(sums.partition_point(|sum| *sum < total))
        };
        self.order((0..count).map(draw).collect())
    }
}

impl<X: Samples> Batches<X, Vec<usize>> {
    /// As many samples as there are, from every class that has any as many as from the others, but for one, in random order. Of a class
    /// that has too many, some are left out; those of one that has too few come again, each as often as the others, but for one.
    ///
    /// ```
    /// use nn::{Dataset, Rng, Tensor};
    /// let data = Dataset::new(Tensor::<f32>::zeros([100, 1]), [vec![0; 90], vec![1; 10]].concat())?;
    /// let labels: Vec<usize> = data.batches(10).balanced(&mut Rng::seed(0)).flat_map(|batch| batch.y).collect();
    /// assert_eq!(labels.iter().filter(|label| **label == 1).count(), 50);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    pub fn balanced(self, rng: &mut Rng) -> Self {
        let count = self.data().len();
        let mut classes = by_class(self.data().y());
        // Who gets one more is a matter of luck.
        rng.shuffle(&mut classes);
        let mut order = Vec::with_capacity(count);
        let among = classes.len();
        for (i, samples) in classes.iter_mut().enumerate() {
            let mut left = count / among + usize::from(i < count % among);
            while left > 0 {
                rng.shuffle(samples);
                let some = &samples[..left.min(samples.len())];
                order.extend(some);
                left -= some.len();
            }
        }
        rng.shuffle(&mut order);
        self.order(order)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dataset::Dataset;
    use super::*;
    use crate::testing::panic_of;
    use autograd::Rng; // proptest has one, too
    use autograd::Tensor;
    use proptest::prelude::*;

    fn of(labels: Vec<usize>) -> Dataset {
        Dataset::new(Tensor::arange(labels.len()), labels).unwrap()
    }

    /// Within five deviations of a binomial distribution.
    #[test]
    fn samples_come_as_often_as_they_weigh() {
        let (weights, n) = ([1.0, 0.0, 3.0, 0.5, 0.0], 20_000);
        let mut counts = [0.0; 5];
        let data = of((0..5).collect());
        data.batches(100)
            .weighted(&weights, n, &mut Rng::seed(2))
            .flat_map(|b| b.y)
            .for_each(|y| counts[y] += 1.0);
        for (count, weight) in counts.iter().zip(weights) {
            let (p, n) = (weight / 4.5, n as f64);
            assert!((count - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt(), "{counts:?}");
        }
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let message =
            |weights: &[f64]| panic_of(|| of(vec![0, 1]).batches(1).weighted(weights, 3, &mut Rng::seed(0)));
        assert!(message(&[1.0]).contains("1 weights for 2 samples"));
        assert!(message(&[1.0, -1.0]).contains("sample 1 has weight -1"));
        assert!(message(&[f64::NAN, 1.0]).contains("sample 0 has weight NaN"));
        assert!(message(&[0.0, 0.0]).contains("add up to 0"));
        assert!(message(&[f64::MAX, f64::MAX]).contains("add up to inf"));
    }

    proptest! {
        #[test]
        fn classes_come_alike_and_so_do_their_samples(labels in prop::collection::vec(0..5_usize, 0..60), seed: u64) {
            let data = of(labels.clone());
            let mut times = vec![0; labels.len()];
            let batches = data.batches(7).balanced(&mut Rng::seed(seed));
            prop_assert_eq!(batches.samples(), labels.len());
            batches.for_each(|batch| batch.x.to_vec().iter().for_each(|x| times[*x as usize] += 1));
            let mut of_class = Vec::new();
            for samples in by_class(&labels) {
                let times = samples.iter().map(|&i| times[i]);
                let (least, most) = (times.clone().min().unwrap(), times.clone().max().unwrap());
                prop_assert!(most - least <= 1);
                of_class.push(times.sum::<usize>());
            }
            let spread = of_class.iter().max().unwrap_or(&0) - of_class.iter().min().unwrap_or(&0);
            prop_assert!(spread <= 1, "{:?}", of_class);
        }
    }
}
