//! How well scores tell two classes apart, whatever the threshold.

use crate::layers::blame::must;
use autograd::{Scalar, Tensor};

/// The area under the receiver operating characteristic, from 0 to 1: how likely a sample of class 1 has a higher score than one of
/// class 0, where equal scores count half. 0.5 is guessing.
///
/// The score is the logit of class 1 less that of class 0. In a trainer it belongs to
/// [`metric_over_all`](crate::Trainer::metric_over_all). For more than two classes, or targets that are a tensor, there is
/// [`binary_roc_auc`] with scores of one class against the rest.
///
/// Source: J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.
///
/// ```
/// use nn::{Tensor, metrics::roc_auc};
/// let logits = Tensor::from([[0.0, 0.1], [0.0, 0.4], [0.0, 0.35], [0.0, 0.8]]);
/// assert_eq!(roc_auc(&logits, &vec![0, 0, 1, 1]), 0.75);
/// ```
///
/// NaN if one of the classes has no sample, or a score is NaN.
///
/// # Panics
///
/// If the logits are not `[n, 2]`, or there are not `n` labels of 0 and 1.
#[track_caller]
pub fn roc_auc<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    let labels = labels.as_ref();
    must(logits.dims() == [labels.len(), 2] && labels.iter().all(|&label| label < 2), || {
        format!(
            "roc_auc: logits of shape {} for {} labels up to {:?}\n  help: it is for two classes, 0 and 1; of one class against the rest there is \
         `binary_roc_auc`",
            logits.shape(),
            labels.len(),
            labels.iter().max()
        )
    });
    let scores = logits.to_vec().chunks_exact(2).map(|pair| (pair[1] - pair[0]).into()).collect();
    area(scores, &labels.iter().map(|&label| label == 1).collect::<Vec<_>>())
}

/// As [`roc_auc`], of a score for each sample, such as a logit or a probability, and targets that are above 1/2 for those of class 1;
/// NaN if a target is.
///
/// ```
/// use nn::{Tensor, metrics::binary_roc_auc};
/// let scores = Tensor::from([0.1, 0.4, 0.35, 0.8]);
/// assert_eq!(binary_roc_auc(&scores, &Tensor::from([0.0, 0.0, 1.0, 1.0])), 0.75);
/// ```
///
/// # Panics
///
/// If the shapes differ.
#[track_caller]
pub fn binary_roc_auc<T: Scalar>(scores: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    must(scores.shape() == targets.shape(), || {
        format!(
            "binary_roc_auc: scores of shape {} for targets of {}\n  help: give a target for each score",
            scores.shape(),
            targets.shape()
        )
    });
    let targets = targets.to_vec();
    if targets.iter().any(|target| target.is_nan()) {
        return f64::NAN;
    }
    let is_one: Vec<bool> = targets.iter().map(|&target| target > T::of(0.5)).collect();
    area(scores.to_vec().into_iter().map(Into::into).collect(), &is_one)
}

/// From the ranks of the scores of class 1, where equal scores share the mean of their ranks.
fn area(scores: Vec<f64>, is_one: &[bool]) -> f64 {
    if scores.iter().any(|score| score.is_nan()) {
        return f64::NAN;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut ranks, mut before) = (0.0, 0);
    for equal in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let rank = before as f64 + (equal.len() as f64 + 1.0) / 2.0;
        ranks += rank * equal.iter().filter(|&&i| is_one[i]).count() as f64;
        before += equal.len();
    }
    let ones = is_one.iter().filter(|is_one| **is_one).count() as f64;
    let zeros = is_one.len() as f64 - ones;
    (ranks - ones * (ones + 1.0) / 2.0) / (ones * zeros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Rng;

    /// Against all pairs, with many equal scores, and both zeros among them.
    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        let mut rng = Rng::seed(1);
        for n in [2, 5, 50] {
            let scores: Vec<f64> = (0..n)
                .map(|_| (rng.below(7) as f64 - 3.0) * if rng.below(2) == 0 { 1.0 } else { -1.0 })
                .collect();
            let is_one: Vec<bool> = (0..n).map(|i| i % 3 == 1).collect();
            let (mut sum, mut pairs) = (0.0, 0.0);
            for one in (0..n).filter(|&i| is_one[i]) {
                for zero in (0..n).filter(|&i| !is_one[i]) {
                    pairs += 1.0;
                    sum += if scores[one] > scores[zero] {
                        1.0
                    } else if scores[one] == scores[zero] {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
            assert!((area(scores, &is_one) - sum / pairs).abs() < 1e-12);
        }
        assert!(
            area(vec![1.0, 2.0], &[true, true]).is_nan()
                && area(vec![f64::NAN, 2.0], &[true, false]).is_nan()
        );
    }

    #[test]
    #[should_panic(expected = "roc_auc: logits of shape [2, 3] for 2 labels up to Some(1)")]
    fn it_is_for_two_classes() {
        roc_auc(&Tensor::<f32>::zeros([2, 3]), &vec![0, 1]);
    }
}
