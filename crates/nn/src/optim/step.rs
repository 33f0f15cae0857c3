//! What an optimizer's rule is given, and what is shown of its memory.

use super::{Decay, State, storage};
use crate::module::Path;
use autograd::{Bf16, Scalar, Shape, update_bf16, update_decayed, update_each};
use std::array::from_fn;

/// What is shown a state, with its path and the names of its slots: [`Optimizer::visit_states`](super::Optimizer::visit_states).
///
/// ```
/// use nn::{Adam, Optimizer, Param, Path, SeeState, Tensor};
/// let mut w = Param::new(Tensor::from([1.0, 2.0, 3.0]));
/// let mut adam = Adam::new(0.1);
/// let loss = w.sum();
/// adam.step(&mut w, &loss.backward());
/// let mut bytes = 0;
/// let see: &mut SeeState<'_, f32> = &mut |_, slots, state| bytes += state.bytes() * usize::from(!slots.is_empty());
/// adam.visit_states(&mut Path::default(), see);
/// assert_eq!(bytes, 2 * 3 * 4); // two means of three numbers
/// ```
pub type SeeState<'a, T> = dyn FnMut(&Path, &'static [&'static str], &mut State<T>) + 'a;

/// One parameter in one step: what an optimizer's rule is given.
///
/// ```
/// use nn::{Optimizer, Param, ParamStep, State, Tensor};
///
/// /// Each parameter moves by `lr`, as a whole, whatever the size of its gradient.
/// struct Normalized {
///     lr: f64,
///     state: State<f32>,
/// }
///
/// impl Optimizer for Normalized {
///     fn slots(&self) -> &'static [&'static str] {
///         &[]
///     }
///     fn update(&self, step: ParamStep<'_, f32>) {
///         let rate = step.lr as f32 / step.g.iter().map(|g| g * g).sum::<f32>().sqrt();
///         step.each(|w, g, []| (w - rate * g, []));
///     }
/// #     fn state(&mut self) -> &mut State<f32> {
/// #         &mut self.state
/// #     }
/// #     fn lr(&self) -> f64 {
/// #         self.lr
/// #     }
/// #     fn set_lr(&mut self, lr: f64) {
/// #         self.lr = lr;
/// #     }
/// }
///
/// let mut w = Param::new(Tensor::from([0.0, 0.0]));
/// let loss = (&*w * Tensor::from([30.0, 40.0])).sum();
/// Normalized { lr: 0.5, state: State::default() }.step(&mut w, &loss.backward());
/// assert!((w.norm(2.0).item() - 0.5).abs() < 1e-6);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ParamStep<'a, T> {
    /// The path of the parameter.
    pub path: &'a str,
    /// Its shape.
    pub shape: &'a Shape,
    /// The step, counted from 1: how many gradients this parameter has had.
    pub step: u64,
    /// Its learning rate: the optimizer's, times that of its [`Group`](super::Group).
    pub lr: f64,
    /// The parameter, to be changed, in row-major order.
    pub w: &'a mut [T],
    /// Its gradient.
    pub g: &'a [T],
    /// What is remembered of it: the slots that [`Optimizer::slots`](super::Optimizer::slots) names, in that order, each as long as the
    /// parameter, unless the rule makes one shorter or longer. None where they are stored in
    /// [half the bytes](super::CompactMoments): then [`each`](Self::each) sees to them.
    pub slots: &'a mut [Vec<T>],
    /// The slots where they are stored in half the bytes.
    pub(super) halves: &'a mut [Vec<Bf16>],
    /// How it shrinks: as [`Optimizer::decay`](super::Optimizer::decay) says, or its [`Group`](super::Group). [`each`](Self::each) sees
    /// to it, except for [`Decay::Directed`], which is the rule's own affair.
    pub decay: Decay,
}

impl<T: Scalar> ParamStep<'_, T> {
    /// Applies a rule to each element by itself: from weight, gradient and the first `N` slots to the new weight and the new
    /// slots. In one pass, vectorised, and on several threads where it is long enough. The weight has shrunk, or the gradient has
    /// its share of it, as [`Optimizer::decay`](super::Optimizer::decay) says.
    ///
    /// # Panics
    /// If there are fewer slots.
    pub fn each<const N: usize>(self, rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync) {
        let decay = self.decay.factors(self.lr);
        if !self.halves.is_empty() {
            let key = storage::key(self.path, self.step);
            return update_bf16(self.w, self.g, first(self.halves), decay, key, rule);
        }
        let slots = first(self.slots);
        match decay {
            None => update_each(self.w, self.g, slots, rule),
            Some(decay) => update_decayed(self.w, self.g, slots, decay, rule),
        }
    }

    /// How many slots there are, however they are stored.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.len().max(self.halves.len())
    }
}

/// The first slots.
fn first<X, const N: usize>(slots: &mut [Vec<X>]) -> [&mut [X]; N] {
    let mut slots = slots.iter_mut();
    from_fn(|_| slots.next().expect("no more slots than `Optimizer::slots` names").as_mut_slice())
}
