//! What the states have to be that a pass over sequences begins with. Shapes that broadcast would make another batch.

use super::RecurrentWeights;
use autograd::{Scalar, Tensor};

/// Panics unless there is a state for each run, made of so many tensors `[n, size]`.
#[track_caller]
pub(super) fn must_fit<T: Scalar>(
    states: &[Vec<Tensor<T>>],
    runs: &[RecurrentWeights<T>],
    tensors: usize,
    n: usize,
) {
    assert!(
        states.len() == runs.len() && states.iter().all(|state| state.len() == tensors),
        "recurrent layer: expected {} states of {tensors} tensors each, found {} states\n  help: they are what `run` returns",
        runs.len(),
        states.len()
    );
    for (run, (state, RecurrentWeights { weight_hh, .. })) in states.iter().zip(runs).enumerate() {
        let expected = [n, weight_hh.dims()[1]];
        if let Some((i, found)) = state.iter().enumerate().find(|(_, state)| state.dims() != expected) {
            let problem =
                format!("tensor {i} of state {run} has shape {}, expected {expected:?}", found.shape());
            let help = "states are those that `run` returned for as many sequences; `None` begins with zeros";
            weight_hh.blame("Recurrent", &format!("{problem}\n  help: {help}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::panic_of;
    use crate::{Lstm, Mode, Rng};
    use autograd::Tensor;

    #[test]
    fn states_are_of_the_same_batch_and_size() {
        let lstm: Lstm = Lstm::new(2, 3, &mut Rng::seed(0));
        let run = |n: usize, hidden: &[usize], cell: &[usize]| {
            let states = [vec![Tensor::zeros(hidden), Tensor::zeros(cell)]];
            lstm.run(&Tensor::zeros([n, 4, 2]), Some(&states), &mut Mode::eval()).0
        };
        assert_eq!(run(5, &[5, 3], &[5, 3]).dims(), [5, 4, 3]);
        for (n, hidden, cell, part) in [
            (1, &[5, 3][..], &[5, 3][..], "tensor 0 of state 0 has shape [5, 3], expected [1, 3]"),
            (5, &[1, 3], &[1, 3], "tensor 0 of state 0 has shape [1, 3], expected [5, 3]"),
            (1, &[1, 3], &[4, 3], "tensor 1 of state 0 has shape [4, 3], expected [1, 3]"),
            (5, &[5, 3], &[5, 1], "tensor 1 of state 0 has shape [5, 1], expected [5, 3]"),
            (5, &[3], &[3], "tensor 0 of state 0 has shape [3], expected [5, 3]"),
        ] {
            let message = panic_of(|| run(n, hidden, cell));
            assert!(message.contains(part) && message.contains("help"), "{message}");
        }
    }
}
