//! Whether the gradients of a step are fit to be used: finite, and there for every trained parameter at one time or another.

use super::error::TrainError;
use crate::module::{Module, Path};
use autograd::{Gradients, Scalar};
use num_traits::Float;

/// Notes which parameters have a gradient; the path of the first with one that is not finite, if there is one.
pub(super) fn look_at<T: Scalar>(
    net: &dyn Module<T>,
    grads: &Gradients<T>,
    trained: &mut [bool],
) -> Option<String> {
    let (mut place, mut spoiled) = (0, None);
    net.visit(&mut Path::default(), &mut |path, param| {
        if let Some(g) = grads.get(param) {
            trained[place] = true;
            // A sum is finite only if all its terms are; where it is not, it may itself have overflowed.
            let is_finite = || g.sum().item().is_finite() || g.array().view().iter().all(Float::is_finite);
            if spoiled.is_none() && !is_finite() {
                spoiled = Some(path.to_string());
            }
        }
        place += 1;
    });
    spoiled
}

/// The parameters that had no gradient, if there are any, as an error.
pub(super) fn missing<T: Scalar>(net: &dyn Module<T>, trained: &[bool]) -> Option<TrainError> {
    let untrained = net.parameters().into_iter().zip(trained);
    let paths: Vec<String> = untrained
        .filter(|((_, param), trained)| param.is_trained() && !**trained)
        .map(|((path, _), _)| path)
        .collect();
    (!paths.is_empty()).then_some(TrainError::NoGradient { paths })
}

/// Why a network has no parameter that is trained.
pub(super) fn nothing_to_train<T: Scalar>(net: &dyn Module<T>) -> TrainError {
    match net.parameters().iter().any(|(_, param)| !param.is_statistic()) {
        true => TrainError::Frozen,
        false => TrainError::NoGradient { paths: Vec::new() },
    }
}
