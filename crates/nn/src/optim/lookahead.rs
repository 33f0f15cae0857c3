//! Lookahead: weights that follow those of a fast optimizer from afar.

use super::limits::must_be_allowed;
use super::{Decay, Group, Optimizer, ParamStep, SeeState, State};
use crate::module::{Module, Path, must_have_own_paths};
use crate::param::Param;
use autograd::{Gradients, Scalar, update_each};
use std::ops::Bound::{self, Excluded, Included};

/// Lets an optimizer run ahead, and every `k` steps goes a part of the way after it, from where both set out anew.
///
/// ```text
/// w = step of the inner optimizer;   every k steps:   s = s + α (w - s),   w = s      with s = w at first
/// ```
/// What the inner optimizer remembers, it keeps. Measure the network after a multiple of `k` steps: between them `w` is ahead. Statistics
/// are left to the inner optimizer. A weight that gets its first gradient later sets out where it is then.
///
/// Source: M. R. Zhang, J. Lucas, G. Hinton and J. Ba, "Lookahead Optimizer: k steps forward, 1 step back", 2019.
///
/// ```
/// use nn::{Lookahead, Optimizer, Param, Sgd, Tensor};
/// let mut w = Param::new(Tensor::from([0.0_f64]));
/// let mut optimizer = Lookahead { k: 2, alpha: 0.25, ..Lookahead::new(Sgd::<f64>::new(1.0)) };
/// let steps = [(); 2].map(|()| {
///     let loss = w.sum();
///     optimizer.step(&mut w, &loss.backward());
///     w.item()
/// });
/// assert_eq!(steps, [-1.0, -0.5]); // ahead; and from -2 back to a quarter of the way
/// ```
#[derive(Clone, Debug)]
pub struct Lookahead<O, T: Scalar = f32> {
    /// The optimizer that runs ahead.
    pub inner: O,
    /// How many steps ahead it runs; at least 1.
    pub k: u64,
    /// Which part of the way is followed, in `(0, 1]`.
    pub alpha: f64,
    /// The number of steps, and the slow weights.
    pub state: State<T>,
}

impl<T: Scalar, O: Optimizer<T>> Lookahead<O, T> {
    /// Five steps ahead, and half of the way.
    pub fn new(inner: O) -> Self {
        Lookahead { inner, k: 5, alpha: 0.5, state: State::default() }
    }
}

impl<T: Scalar, O: Optimizer<T>> Optimizer<T> for Lookahead<O, T> {
    fn slots(&self) -> &'static [&'static str] {
        &["slow"]
    }

    /// By the rule of the inner optimizer.
    fn update(&self, step: ParamStep<'_, T>) {
        self.inner.update(step);
    }

    fn state(&mut self) -> &mut State<T> {
        &mut self.state
    }

    /// Its own, and that of the inner optimizer under `inner`.
    fn visit_states(&mut self, path: &mut Path, see: &mut SeeState<'_, T>) {
        see(path, &["slow"], &mut self.state);
        path.enter("inner", |path| self.inner.visit_states(path, see));
    }

    fn lr(&self) -> f64 {
        self.inner.lr()
    }
    fn set_lr(&mut self, lr: f64) {
        self.inner.set_lr(lr);
    }
    fn decay(&self) -> Decay {
        self.inner.decay()
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("alpha", self.alpha, (Excluded(0.0), Included(1.0)));
    }

    #[track_caller]
    fn add_group(&mut self, pattern: &str, group: Group) {
        self.inner.add_group(pattern, group);
    }

    #[track_caller]
    fn step_where(
        &mut self,
        module: &mut dyn Module<T>,
        grads: &Gradients<T>,
        belongs: &dyn Fn(&Path, &Param<T>) -> bool,
    ) -> usize {
        must_be_allowed(self);
        let Lookahead { inner, k, alpha, state } = self;
        assert!(
            *k > 0,
            "Lookahead: expected to look at least one step ahead\n  help: `k` is 5 or 10 as a rule"
        );
        if state.steps == 0 {
            must_have_own_paths("step", module);
        }
        let mut path = std::mem::take(&mut state.path);
        let mut place = 0;
        module.visit(&mut path, &mut |path, param| {
            if belongs(path, param) && grads.get(param).is_some() {
                let slot = state.slot("step", place, path.as_str(), param.shape());
                if slot.values.is_empty() {
                    slot.values.push(param.to_vec());
                }
            }
            place += 1;
        });
        let updated = inner.step_where(module, grads, belongs);
        state.steps += u64::from(updated > 0);
        if updated > 0 && state.steps % *k == 0 {
            let (alpha, mut place) = (T::of(*alpha), 0);
            module.visit_mut(&mut path, &mut |path, param| {
                let known =
                    state.find(place, path.as_str()).filter(|_| belongs(path, param) && param.is_trained());
                if let Some(known) = known {
                    let slow = &mut state.slots[known].values[0];
                    param.update(|w| {
                        update_each(slow, w, [], |s, w, []| (s + alpha * (w - s), []));
                        w.copy_from_slice(slow);
                    });
                }
                place += 1;
            });
        }
        state.path = path;
        updated
    }
}
