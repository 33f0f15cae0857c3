//! How good a classifier is, from its outputs and the true classes.

use super::ConfusionMatrix;
use crate::layers::blame::{fail, must};
use crate::loss::{cross_entropy, must_be_labels};
use autograd::{Scalar, Tensor, no_grad};
use std::cmp::Ordering;

/// The fraction of samples, from 0 to 1, whose largest logit is at their label: a metric for a
/// [`Trainer`](crate::Trainer). A row with NaN for its largest is wrong.
///
/// ```
/// use nn::{Tensor, metrics::accuracy};
///
/// let logits = Tensor::from([[0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]);
/// assert_eq!(accuracy(&logits, &[1, 1, 0, 1]), 0.75);
/// ```
///
/// # Panics
///
/// If the logits are not `[n, classes]` with `n` above 0 and `classes` above 1, or there are not `n` labels.
#[track_caller]
pub fn accuracy<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    let labels = labels.as_ref();
    let expected = matches!(*logits.dims(), [n, classes] if n == labels.len() && n > 0 && classes > 0);
    must(expected, || {
        format!(
            "accuracy: logits of shape {} for {} labels\n  help: give a row of logits for each label, of one batch",
            logits.shape(),
            labels.len()
        )
    });
    must(logits.dims()[1] > 1, || {
        format!(
            "accuracy: logits of shape {} name a single class, which is always the largest\n  help: a binary classifier with one logit has \
         a `binary_accuracy`",
            logits.shape()
        )
    });
    let predicted = logits.argmax(-1);
    let is_right = |(row, (predicted, &label)): (usize, (usize, &usize))| {
        predicted == label && !logits.at([row, label]).is_nan()
    };
    let right = predicted.view().iter().zip(labels).enumerate().filter(|&it| is_right(it)).count();
    right as f64 / labels.len() as f64
}

/// The fraction of numbers, from 0 to 1, whose logit is positive where the target is above 1/2, and not where it is below: a metric for
/// binary classifiers, beside [`bce_with_logits`](crate::bce_with_logits). NaN, as a logit or as a target, is wrong.
///
/// ```
/// use nn::{Tensor, metrics::binary_accuracy};
///
/// let (logits, targets) = (Tensor::from([[-2.0], [0.5], [3.0], [1.0]]), Tensor::from([[0.0], [0.0], [1.0], [1.0]]));
/// assert_eq!(binary_accuracy(&logits, &targets), 0.75);
/// ```
///
/// # Panics
///
/// If the shapes differ, or there are no numbers.
#[track_caller]
pub fn binary_accuracy<T: Scalar>(logits: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    must(logits.shape() == targets.shape() && logits.size() > 0, || {
        format!(
            "binary_accuracy: logits of shape {} for targets of {}\n  help: give a target for each logit",
            logits.shape(),
            targets.shape()
        )
    });
    let half = T::of(0.5);
    let is_right = |(x, t): (T, T)| !x.is_nan() && !t.is_nan() && (x > T::zero()) == (t > half);
    let right =
        logits.array().view().iter().zip(targets.array().view().iter()).filter(|&it| is_right(it)).count();
    right as f64 / logits.size() as f64
}

/// The fraction of samples, from 0 to 1, whose label is among the `k` largest logits: a metric for a [`Trainer`](crate::Trainer). Of equal
/// logits the one of the lower class counts as the larger, and a row with NaN is wrong.
///
/// ```
/// use nn::{Tensor, metrics::top_k};
/// let logits = Tensor::from([[0.1, 0.9, 0.5], [0.2, 0.8, 0.3], [0.7, 0.3, 0.1]]);
/// assert_eq!(top_k(2)(&logits, &vec![2, 0, 1]), 2.0 / 3.0);
/// ```
///
/// # Panics
///
/// If `k` is 0; and the metric if the logits are not `[n, classes]` with `n` above 0, there are not `n` labels, or one is out of range.
#[track_caller]
pub fn top_k<T: Scalar>(k: usize) -> impl Fn(&Tensor<T>, &Vec<usize>) -> f64 {
    assert!(
        k > 0,
        "top_k: expected at least the largest, found k = 0\n  help: `top_k(5)` is usual, `top_k(1)` the accuracy"
    );
    move |logits, labels| {
        let classes = must_fit("top_k", logits, labels);
        let is_right = |(row, &label): (&[T], &usize)| {
            let before = |(class, x): (usize, &T)| match x.partial_cmp(&row[label]) {
                Some(order) => order == Ordering::Greater || order == Ordering::Equal && class < label,
                None => true,
            };
            !row.iter().any(|x| x.is_nan()) && row.iter().enumerate().filter(|&it| before(it)).count() < k
        };
        let all = logits.to_vec();
        let right = all.chunks_exact(classes).zip(labels).filter(|&it| is_right(it)).count();
        right as f64 / labels.len() as f64
    }
}

/// The mean precision of the classes: of those predicted to be of a class, the fraction that are. A class that was never predicted
/// counts 0; one that is neither predicted nor there does not count: scikit-learn's `precision_score` with `average="macro"`. A row with
/// NaN predicts no class.
///
/// It is no mean over batches, so in a trainer it belongs to [`metric_over_all`](crate::Trainer::metric_over_all), as [`recall`] and
/// [`f1`] do.
///
/// ```
/// use nn::{Tensor, metrics::{f1, precision, recall}};
/// let logits = Tensor::from([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0], [3.0, 1.0]]); // classes 0, 0, 1, 0
/// let labels = vec![0, 1, 1, 0];
/// assert_eq!(precision(&logits, &labels), (2.0 / 3.0 + 1.0) / 2.0);
/// assert_eq!(recall(&logits, &labels), (1.0 + 0.5) / 2.0);
/// assert_eq!(f1(&logits, &labels), (0.8 + 2.0 / 3.0) / 2.0);
/// ```
///
/// # Panics
///
/// If the logits are not `[n, classes]` with `n` above 0, or there are not `n` labels below `classes`.
#[track_caller]
pub fn precision<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    macro_mean("precision", logits, labels.as_ref(), ConfusionMatrix::precision)
}

/// The mean recall of the classes: of those that are of a class, the fraction predicted to be. Otherwise as [`precision`].
///
/// ```
/// use nn::{Tensor, metrics::recall};
/// let logits = Tensor::from([[2.0, 1.0], [0.0, 3.0]]);
/// assert_eq!(recall(&logits, &vec![0, 1]), 1.0);
/// ```
///
/// # Panics
///
/// As [`precision`].
#[track_caller]
pub fn recall<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    macro_mean("recall", logits, labels.as_ref(), ConfusionMatrix::recall)
}

/// The mean F1 of the classes: the harmonic mean of precision and recall of each. Otherwise as [`precision`].
///
/// ```
/// use nn::{Tensor, metrics::f1};
/// let logits = Tensor::from([[2.0, 1.0], [0.0, 3.0]]);
/// assert_eq!(f1(&logits, &vec![0, 1]), 1.0);
/// ```
///
/// # Panics
///
/// As [`precision`].
#[track_caller]
pub fn f1<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    macro_mean("f1", logits, labels.as_ref(), ConfusionMatrix::f1)
}

/// `e` to the mean cross-entropy, from 1 on: among how many equally likely classes the network hesitates. Of a model of language, whose
/// logits are `[n, classes]`, with a label each. In a trainer it belongs to [`metric_over_all`](crate::Trainer::metric_over_all).
///
/// ```
/// use nn::{Tensor, metrics::perplexity};
/// assert!((perplexity(&Tensor::<f64>::zeros([3, 5]), &vec![0, 4, 2]) - 5.0).abs() < 1e-12);
/// ```
///
/// # Panics
///
/// As [`cross_entropy`].
#[track_caller]
pub fn perplexity<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    must_be_labels("perplexity", logits.shape(), labels.as_ref());
    let loss: f64 = no_grad(|| cross_entropy(logits, labels)).item().into();
    loss.exp()
}

/// The number of classes.
#[track_caller]
fn must_fit<T: Scalar>(what: &str, logits: &Tensor<T>, labels: &[usize]) -> usize {
    match *logits.dims() {
        [n, classes] if n == labels.len() && n > 0 && classes > 0 => {
            if let Some((i, label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes) {
                fail(&format!(
                    "{what}: label {label}, of sample {i}, is out of range for {classes} classes\n  help: labels count from 0"
                ));
            }
            classes
        }
        _ => fail(&format!(
            "{what}: logits of shape {} for {} labels\n  help: give a row of logits for each label",
            logits.shape(),
            labels.len()
        )),
    }
}

#[track_caller]
fn macro_mean<T: Scalar>(
    what: &str,
    logits: &Tensor<T>,
    labels: &[usize],
    of_class: impl Fn(&ConfusionMatrix, usize) -> Option<f64>,
) -> f64 {
    let classes = must_fit(what, logits, labels);
    // One more, of which no sample is, for what predicts none.
    let mut matrix = ConfusionMatrix::new(classes + 1);
    let largest = logits.argmax(-1);
    let predicted = largest.view().iter().enumerate().map(|(row, class)| {
        let is_nan = logits.at([row, class]).is_nan();
        if is_nan { classes } else { class }
    });
    matrix.record(&predicted.collect::<Vec<_>>(), labels);
    let counts = |class: usize| matrix.f1(class).is_some();
    let there: Vec<usize> = (0..classes).filter(|&class| counts(class)).collect();
    there.iter().map(|&class| of_class(&matrix, class).unwrap_or(0.0)).sum::<f64>() / there.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "accuracy: logits of shape [2, 3] for 1 labels")]
    fn accuracy_needs_as_many_labels_as_rows() {
        accuracy(&Tensor::<f32>::zeros([2, 3]), &[1]);
    }

    #[test]
    #[should_panic(expected = "accuracy: logits of shape [0, 3] for 0 labels")]
    fn accuracy_needs_a_sample() {
        accuracy(&Tensor::<f32>::zeros([0, 3]), &[]);
    }

    /// Against a count of classes one by one, of random predictions, some of classes that never occur.
    #[test]
    fn scores_are_those_of_counting() {
        let mut rng = autograd::Rng::seed(4);
        for classes in [2, 3, 7] {
            let n = 40;
            let logits: Tensor<f64> = Tensor::normal([n, classes], 0.0, 1.0, &mut rng);
            let labels: Vec<usize> = (0..n).map(|_| rng.below(classes.min(5))).collect();
            let predicted: Vec<usize> = (0..n)
                .map(|i| {
                    (0..classes).max_by(|&a, &b| logits.at([i, a]).total_cmp(&logits.at([i, b]))).unwrap()
                })
                .collect();
            let count = |is: &dyn Fn(usize) -> bool| (0..n).filter(|&i| is(i)).count() as f64;
            let (mut sums, mut there) = ([0.0; 3], 0.0);
            for c in 0..classes {
                let both = count(&|i| labels[i] == c && predicted[i] == c);
                let (is, said) = (count(&|i| labels[i] == c), count(&|i| predicted[i] == c));
                if is + said > 0.0 {
                    there += 1.0;
                    let [p, r] = [said, is].map(|of| if of > 0.0 { both / of } else { 0.0 });
                    sums[0] += p;
                    sums[1] += r;
                    sums[2] += if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 };
                }
            }
            let found = [precision(&logits, &labels), recall(&logits, &labels), f1(&logits, &labels)];
            for (found, sum) in found.into_iter().zip(sums) {
                assert!((found - sum / there).abs() < 1e-12, "{found} for {}", sum / there);
            }
            assert!((top_k(1)(&logits, &labels) - accuracy(&logits, &labels)).abs() < 1e-12);
            assert_eq!(top_k(classes)(&logits, &labels), 1.0);
        }
    }

    #[test]
    fn of_equal_logits_the_first_counts_and_nan_is_wrong() {
        let logits = Tensor::from([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [f64::NAN, 1.0, 0.0]]);
        assert_eq!(top_k(1)(&logits, &vec![0, 1, 1]), 1.0 / 3.0);
        assert_eq!(top_k(2)(&logits, &vec![0, 1, 1]), 2.0 / 3.0);
    }

    /// By hand: of two samples of class 0 one is found, of one of class 1 none, and nothing else is predicted.
    #[test]
    fn a_row_of_nan_is_no_prediction() {
        let nan = [f64::NAN; 2];
        let (logits, labels) = (Tensor::from([[1.0, 0.0], nan, nan]), vec![0, 1, 0]);
        assert_eq!(accuracy(&logits, &labels), 1.0 / 3.0);
        assert_eq!(precision(&logits, &labels), 0.5);
        assert_eq!(recall(&logits, &labels), 0.25);
        assert_eq!(f1(&logits, &labels), (2.0 / 3.0) / 2.0);
        assert_eq!(f1(&Tensor::from([nan]), &vec![1]), 0.0);
    }

    #[test]
    fn a_target_of_nan_is_of_no_class() {
        let (logits, targets) = (Tensor::from([-1.0, -1.0, 2.0]), Tensor::from([0.0, f64::NAN, 1.0]));
        assert_eq!(binary_accuracy(&logits, &targets), 2.0 / 3.0);
        assert!(crate::metrics::binary_roc_auc(&logits, &targets).is_nan());
    }

    #[test]
    #[should_panic(expected = "f1: label 3, of sample 1, is out of range for 3 classes")]
    fn labels_are_in_range() {
        f1(&Tensor::<f32>::zeros([2, 3]), &vec![0, 3]);
    }
}
