//! How far numbers are off.

use crate::layers::blame::must;
use autograd::{Scalar, Tensor};

/// The mean absolute error.
///
/// ```
/// use nn::{Tensor, metrics::{mae, r2, rmse}};
/// let (found, expected) = (Tensor::from([2.5, 0.0, 2.0, 8.0]), Tensor::from([3.0, -0.5, 2.0, 7.0]));
/// assert_eq!(mae(&found, &expected), 0.5);
/// assert_eq!(rmse(&found, &expected), 0.375_f64.sqrt());
/// assert!((r2(&found, &expected) - 0.948_608).abs() < 1e-6);
/// ```
///
/// # Panics
///
/// If the shapes differ.
#[track_caller]
pub fn mae<T: Scalar>(outputs: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    let pairs = pairs("mae", outputs, targets);
    pairs.iter().map(|(y, t)| (y - t).abs()).sum::<f64>() / pairs.len() as f64
}

/// The root of the mean squared error. It is no mean over batches, so in a trainer it belongs to
/// [`metric_over_all`](crate::Trainer::metric_over_all).
///
/// ```
/// use nn::{Tensor, metrics::rmse};
/// let (told, truth) = (Tensor::from([[3.0], [5.0]]), Tensor::from([[0.0], [1.0]]));
/// assert_eq!(rmse(&told, &truth), 12.5_f64.sqrt());
/// ```
///
/// # Panics
///
/// If the shapes differ.
#[track_caller]
pub fn rmse<T: Scalar>(outputs: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    let pairs = pairs("rmse", outputs, targets);
    (pairs.iter().map(|(y, t)| (y - t).powi(2)).sum::<f64>() / pairs.len() as f64).sqrt()
}

/// The coefficient of determination, `1 - Σ (y - t)² / Σ (t - mean t)²`: 1 where all is right, 0 where the mean of the targets would be as
/// good, and below 0 where it would be better. Over all numbers together. In a trainer it belongs to
/// [`metric_over_all`](crate::Trainer::metric_over_all).
///
/// NaN or `-inf` if all targets are equal.
///
/// ```
/// use nn::{Tensor, metrics::r2};
/// let truth = Tensor::from([[0.0], [1.0], [2.0]]);
/// assert_eq!((r2(&truth, &truth), r2(&Tensor::ones([3, 1]), &truth)), (1.0, 0.0));
/// ```
///
/// # Panics
///
/// If the shapes differ.
#[track_caller]
pub fn r2<T: Scalar>(outputs: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    let pairs = pairs("r2", outputs, targets);
    let mean = pairs.iter().map(|(_, t)| t).sum::<f64>() / pairs.len() as f64;
    let off: f64 = pairs.iter().map(|(y, t)| (y - t).powi(2)).sum();
    1.0 - off / pairs.iter().map(|(_, t)| (t - mean).powi(2)).sum::<f64>()
}

#[track_caller]
fn pairs<T: Scalar>(what: &str, outputs: &Tensor<T>, targets: &Tensor<T>) -> Vec<(f64, f64)> {
    must(outputs.shape() == targets.shape(), || {
        format!(
            "{what}: outputs of shape {} for targets of {}\n  help: they must be equal: `squeeze` or `unsqueeze` one of them",
            outputs.shape(),
            targets.shape()
        )
    });
    outputs.to_vec().into_iter().map(Into::into).zip(targets.to_vec().into_iter().map(Into::into)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_targets_explains_nothing() {
        let targets = Tensor::from([[1.0], [2.0], [6.0]]);
        assert_eq!(r2(&Tensor::full([3, 1], 3.0), &targets), 0.0);
        assert!(r2(&Tensor::full([3, 1], 9.0), &targets) < 0.0);
        assert_eq!(
            [mae(&targets, &targets), rmse(&targets, &targets), r2(&targets, &targets)],
            [0.0, 0.0, 1.0]
        );
    }

    #[test]
    #[should_panic(expected = "rmse: outputs of shape [3] for targets of [3, 1]")]
    fn shapes_are_equal() {
        rmse(&Tensor::<f32>::zeros([3]), &Tensor::zeros([3, 1]));
    }
}
