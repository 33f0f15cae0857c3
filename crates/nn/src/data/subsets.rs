//! Data sets made of others: parts, folds, unions, and what becomes of all samples at once.

use super::dataset::{Dataset, Samples};
use autograd::{Rng, Scalar, ShapeError, Tensor};
use std::collections::BTreeMap;

/// Up to so many classes are counted however few samples there are.
const CLASSES: usize = 1 << 20;

impl<X: Samples, Y: Samples> Dataset<X, Y> {
    /// The first `n` samples, or all if there are fewer.
    ///
    /// ```
    /// assert_eq!(nn::data::digits().take(5).len(), 5);
    /// ```
    pub fn take(&self, n: usize) -> Self {
        self.select(&(0..n.min(self.len())).collect::<Vec<_>>())
    }

    /// These samples, and behind them the others.
    ///
    /// ```
    /// use nn::data::digits;
    /// let few = digits().take(3);
    /// assert_eq!(few.concat(&few)?.len(), 6);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If a sample of the one does not have the shape of a sample of the other.
    pub fn concat(&self, other: &Self) -> Result<Self, ShapeError> {
        Dataset::new(self.x().concat(other.x())?, self.y().concat(other.y())?)
    }

    /// What a function makes of all inputs and all targets: scaled ones, other types, another shape. For what is to be random, and new in
    /// every epoch, see [`Batches::augment`](super::Batches::augment).
    ///
    /// ```
    /// use nn::{Tensor, data::digits};
    /// let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
    /// assert_eq!(images.x().dims(), [1797, 1, 8, 8]);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If it does not return as many targets as inputs.
    pub fn map<X2: Samples, Y2: Samples>(
        &self,
        f: impl FnOnce(&X, &Y) -> (X2, Y2),
    ) -> Result<Dataset<X2, Y2>, ShapeError> {
        let (x, y) = f(self.x(), self.y());
        Dataset::new(x, y)
    }

    /// Two data sets that have no sample in common: the first with `fraction` of them, rounded, at random.
    ///
    /// ```
    /// use nn::{Rng, data::digits};
    /// let (train, test) = digits().split(0.8, &mut Rng::seed(0));
    /// assert_eq!((train.len(), test.len()), (1438, 359));
    /// ```
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`.
    #[doc(alias("random_split", "train_test_split"))]
    #[track_caller]
    pub fn split(&self, fraction: f64, rng: &mut Rng) -> (Self, Self) {
        must_be_a_fraction("split", fraction);
        let mut order: Vec<usize> = (0..self.len()).collect();
        rng.shuffle(&mut order);
        let (first, second) = order.split_at((fraction * self.len() as f64).round() as usize);
        (self.select(first), self.select(second))
    }

    /// `k` pairs of a training part and the part held out, for cross-validation: every sample is held out once, the parts at random
    /// and as large as one another, but for one sample.
    ///
    /// ```
    /// use nn::{Rng, data::digits};
    /// let sizes: Vec<_> = digits().k_fold(5, &mut Rng::seed(0)).map(|(train, test)| (train.len(), test.len())).collect();
    /// assert_eq!(sizes, [(1437, 360), (1437, 360), (1438, 359), (1438, 359), (1438, 359)]);
    /// ```
    ///
    /// # Panics
    /// If there are less than 2 parts, or less samples than parts.
    #[track_caller]
    pub fn k_fold(&self, k: usize, rng: &mut Rng) -> impl ExactSizeIterator<Item = (Self, Self)> + use<X, Y> {
        let n = self.len();
        assert!(
            (2..=n).contains(&k),
            "k_fold: {n} samples in {k} parts\n  help: give at least 2 parts, and at most one for each sample"
        );
        let mut order: Vec<usize> = (0..n).collect();
        rng.shuffle(&mut order);
        let data = self.clone();
        (0..k).map(move |fold| {
            // The first `n % k` parts have one more.
            let begin = |fold: usize| fold * (n / k) + fold.min(n % k);
            let (begin, end) = (begin(fold), begin(fold + 1));
            let train = [&order[..begin], &order[end..]].concat();
            (data.select(&train), data.select(&order[begin..end]))
        })
    }
}

impl<X: Samples> Dataset<X> {
    /// As [`split`](Self::split), with the classes in the proportions of the whole: the first part has as many samples as there, and of
    /// each class its fraction, rounded up or down. Of classes that are too small for that, it is a matter of luck which are rounded up.
    ///
    /// ```
    /// use nn::{Dataset, Rng, Tensor};
    /// let data = Dataset::new(Tensor::<f32>::zeros([100, 1]), [vec![0; 90], vec![1; 10]].concat())?;
    /// let (train, test) = data.split_stratified(0.8, &mut Rng::seed(0));
    /// assert_eq!((train.class_counts(), test.class_counts()), (vec![72, 8], vec![18, 2]));
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`.
    #[track_caller]
    pub fn split_stratified(&self, fraction: f64, rng: &mut Rng) -> (Self, Self) {
        must_be_a_fraction("split_stratified", fraction);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut classes = by_class(self.y());
        classes.iter_mut().for_each(|samples| rng.shuffle(samples));
        // All are rounded down, and then those up that lost most by it, until there are enough: the method of largest remainders.
        rng.shuffle(&mut classes);
        let share = |samples: &Vec<usize>| fraction * samples.len() as f64;
        classes.sort_by(|a, b| share(b).fract().total_cmp(&share(a).fract()));
        let wanted = (fraction * self.len() as f64).round() as usize;
        let up = wanted.saturating_sub(classes.iter().map(|samples| share(samples) as usize).sum());
        for (i, samples) in classes.iter().enumerate() {
            let (a, b) = samples.split_at(share(samples) as usize + usize::from(i < up));
            first.extend(a);
            second.extend(b);
        }
        // Not one class behind the other.
        [&mut first, &mut second].into_iter().for_each(|part| rng.shuffle(part));
        (self.select(&first), self.select(&second))
    }

    /// How many samples each class has, up to the largest label.
    ///
    /// ```
    /// use nn::{Dataset, Tensor};
    /// let data = Dataset::new(Tensor::<f32>::zeros([3, 1]), vec![0, 2, 2])?;
    /// assert_eq!(data.class_counts(), [1, 0, 2]);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If a label is neither below the number of samples nor below 2²⁰: there would be next to nothing but zeros, in all memory. Labels
    /// from outside are looked at by [`with_classes`](Self::with_classes).
    #[track_caller]
    pub fn class_counts(&self) -> Vec<usize> {
        let (samples, mut counts) = (self.len(), Vec::new());
        for (sample, &label) in self.y().iter().enumerate() {
            assert!(
                label < samples.max(CLASSES),
                "class_counts: label {label}, of sample {sample}, is too large for {samples} samples\n  help: labels count from 0: \
                 number them anew; `with_classes` makes an error of a label that is out of range"
            );
            counts.resize(counts.len().max(label + 1), 0);
            counts[label] += 1;
        }
        counts
    }
}

impl<T: Scalar> Dataset<Tensor<T>> {
    /// The same samples with a probability for each class as target: 1 for that of the label. For losses against probabilities, such as
    /// [`soft_cross_entropy`](crate::soft_cross_entropy), and for samples that are mixed: [`Mixup`](super::Mixup).
    ///
    /// ```
    /// use nn::{Dataset, Tensor};
    /// let data = Dataset::new(Tensor::<f32>::zeros([2, 1]), vec![0, 2])?.one_hot(3)?;
    /// assert_eq!(data.y().to_vec(), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If a label is not below `classes`.
    pub fn one_hot(&self, classes: usize) -> Result<Dataset<Tensor<T>, Tensor<T>>, ShapeError> {
        let data = self.clone().with_classes(classes)?;
        data.map(|x, y| (x.clone(), Tensor::one_hot(&autograd::Array::from_slice(y), classes)))
    }
}

/// The samples of each class that has any, in the order of the labels, which may be far apart.
pub(super) fn by_class(labels: &[usize]) -> Vec<Vec<usize>> {
    let mut samples = BTreeMap::<usize, Vec<usize>>::new();
    labels.iter().enumerate().for_each(|(i, &label)| samples.entry(label).or_default().push(i));
    samples.into_values().collect()
}

#[track_caller]
pub(super) fn must_be_a_fraction(of: &str, fraction: f64) {
    assert!(
        (0.0..=1.0).contains(&fraction),
        "{of}: expected a fraction from 0 to 1, found {fraction}\n  help: it is no percentage: 0.8 puts 80 of 100 into the first part"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;
    use autograd::Rng; // proptest has one, too
    use proptest::prelude::*;

    fn numbered(n: usize) -> Dataset {
        Dataset::new(Tensor::arange(n).reshape([n, 1]), (0..n).collect()).unwrap()
    }

    #[test]
    fn the_parts_of_a_split_have_nothing_in_common() {
        let (a, b) = numbered(11).split(0.7, &mut Rng::seed(3));
        assert_eq!((a.len(), b.len()), (8, 3));
        let mut all = [a.y().clone(), b.y().clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..11));
    }

    #[test]
    fn others_are_made_of_data_sets() {
        let data = numbered(3);
        assert_eq!(data.take(2).concat(&data).unwrap().y(), &[0, 1, 0, 1, 2]);
        assert_eq!(data.take(2).concat(&data).unwrap().x().to_vec(), [0.0, 1.0, 0.0, 1.0, 2.0]);
        assert_eq!(data.take(9).len(), 3);
        let wider = Dataset::new(Tensor::zeros([1, 2]), vec![0]).unwrap();
        assert!(data.concat(&wider).unwrap_err().to_string().contains("help: all axes but the first"));
        assert!(data.map(|x, _| (x.clone(), vec![1])).is_err());
        assert_eq!(data.one_hot(3).unwrap().y().to_vec(), [1., 0., 0., 0., 1., 0., 0., 0., 1.]);
        assert!(data.one_hot(2).unwrap_err().to_string().contains("label 2"));
    }

    /// Vectors up to the largest label would take all memory.
    #[test]
    fn labels_far_apart_take_no_memory() {
        let labels = vec![7, usize::MAX, 7, 4_294_967_295];
        let data = Dataset::new(Tensor::<f32>::arange(4), labels).unwrap();
        let (a, b) = data.split_stratified(0.5, &mut Rng::seed(0));
        assert_eq!((a.len(), b.len()), (2, 2));
        let balanced = data.batches(4).balanced(&mut Rng::seed(0)).next().unwrap().y;
        assert!([usize::MAX, 4_294_967_295].iter().all(|label| balanced.contains(label)), "{balanced:?}");
        let message = panic_of(|| data.class_counts());
        assert!(message.contains(&format!("label {}, of sample 1", usize::MAX)) && message.contains("help"));
        let few = Dataset::new(Tensor::<f32>::zeros([2]), vec![1, 50_000]).unwrap().class_counts();
        assert_eq!((few.len(), few[1], few[50_000]), (50_001, 1, 1));
    }

    /// By hand: of classes too small to be halved, half of all samples, and not of the same classes for every seed.
    #[test]
    fn a_stratified_split_is_as_large_as_a_plain_one() {
        for (classes, each) in [(100, 3), (100, 1), (7, 1)] {
            let labels: Vec<usize> = (0..classes * each).map(|i| i % classes).collect();
            let data = Dataset::new(Tensor::<f32>::arange(labels.len()), labels).unwrap();
            let split = |seed| data.split_stratified(0.5, &mut Rng::seed(seed));
            let (a, b) = split(0);
            assert_eq!((a.len(), b.len()), ((classes * each).div_ceil(2), classes * each / 2));
            assert_eq!(a.y(), split(0).0.y());
            assert_ne!(a.class_counts(), split(1).0.class_counts());
        }
    }

    proptest! {
        #[test]
        fn every_sample_is_held_out_once(n in 2..40_usize, k in 2..9_usize, seed: u64) {
            prop_assume!(k <= n);
            let (mut held_out, mut folds) = (Vec::new(), 0);
            for (train, test) in numbered(n).k_fold(k, &mut Rng::seed(seed)) {
                prop_assert!(test.len() == n / k || test.len() == n / k + 1);
                let mut all = [&train.y()[..], test.y()].concat();
                all.sort_unstable();
                prop_assert!(all.into_iter().eq(0..n));
                held_out.extend(test.y().clone());
                folds += 1;
            }
            held_out.sort_unstable();
            prop_assert!(held_out.into_iter().eq(0..n) && folds == k);
        }

        #[test]
        fn a_stratified_split_has_the_share_of_each_class(
            labels in prop::collection::vec(0..4_usize, 1..80), fraction in 0.0..=1.0, seed: u64,
        ) {
            let n = labels.len();
            let data = Dataset::new(Tensor::<f32>::arange(n), labels).unwrap();
            let (a, b) = data.split_stratified(fraction, &mut Rng::seed(seed));
            for (class, count) in data.class_counts().into_iter().enumerate() {
                let of = |part: &Dataset| part.y().iter().filter(|y| **y == class).count();
                prop_assert!((of(&a) as f64 - fraction * count as f64).abs() < 1.0);
                prop_assert_eq!(of(&a) + of(&b), count);
            }
            prop_assert_eq!(a.len(), (fraction * n as f64).round() as usize);
            let mut all = [a.x().to_vec(), b.x().to_vec()].concat();
            all.sort_by(f32::total_cmp);
            prop_assert!(all.into_iter().eq((0..n).map(|i| i as f32)));
        }
    }
}
