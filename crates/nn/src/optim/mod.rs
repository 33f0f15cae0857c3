//! Optimizers: rules that turn gradients into better parameters.
//!
//! An optimizer is its public hyperparameters and a rule for *one* parameter, given as slices. The walk over the network,
//! and what the rule remembers of each parameter between steps, are the same for all, and kept under the parameter's path.

mod adam;
mod sgd;

pub use adam::Adam;
pub use sgd::Sgd;

use crate::module::{Module, Path};
use autograd::{Gradients, Scalar};

/// A rule for making steps, and what it remembers.
///
/// ```
/// use nn::{Optimizer, Param, Sgd, Tensor};
/// let mut w = Param::new(Tensor::from([4.0]));
/// let mut sgd = Sgd::new(0.25);
/// for _ in 0..10 {
///     let loss = (&*w * &*w).sum();
///     sgd.step(&mut w, &loss.backward()); // w halves
/// }
/// assert_eq!(w.item(), 4.0 / 1024.0);
/// ```
pub trait Optimizer<T: Scalar = f32> {
    /// The names of what is remembered of every parameter: as many numbers each as the parameter has, zeros at first.
    fn moments(&self) -> &'static [&'static str];

    /// Updates one parameter `w` by its gradient `g`, in step `step`, counted from 1.
    fn update(&self, step: u64, w: &mut [T], g: &[T], moments: &mut [Vec<T>]);

    /// What is remembered.
    fn state(&mut self) -> &mut State<T>;

    /// The learning rate.
    fn lr(&self) -> f64;

    /// Sets the learning rate, as a schedule does.
    fn set_lr(&mut self, lr: f64);

    /// Makes one step: updates every parameter that has a gradient.
    ///
    /// # Panics
    /// If no parameter of the module has one: then these gradients are of another network. If a parameter has not the
    /// size of the one that is remembered under its path: then that was another network's.
    #[track_caller]
    fn step(&mut self, module: &mut dyn Module<T>, grads: &Gradients<T>) {
        let mut state = std::mem::take(self.state());
        state.step += 1;
        let step = state.step;
        let (mut place, mut updated) = (0, 0);
        module.visit_mut(&mut Path::default(), &mut |path, param| {
            if let Some(g) = grads.get(param) {
                let moments = state.moments(place, path, param.size(), self.moments().len());
                let g = g.array().view().contiguous();
                param.update(|w| self.update(step, w, &g, moments));
                updated += 1;
            }
            place += 1;
        });
        *self.state() = state;
        assert!(
            updated > 0 || place == 0,
            "step: no parameter of the module has a gradient here: was the loss computed from it?"
        );
    }
}

/// What an optimizer remembers: the number of steps made, and the moments of every parameter under its path.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    step: u64,
    slots: Vec<Slot<T>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Slot<T> {
    path: String,
    moments: Vec<Vec<T>>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        State { step: 0, slots: Vec::new() }
    }
}

impl<T: Scalar> State<T> {
    /// The number of steps made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The moments of a parameter; its slot is most often the one at its place in the walk.
    fn moments(&mut self, place: usize, path: &Path, size: usize, count: usize) -> &mut [Vec<T>] {
        let is_of_path = |slot: &Slot<T>| slot.path == path.as_str();
        let slot = match self.slots.get(place).is_some_and(is_of_path) {
            true => place,
            false => self.slots.iter().position(is_of_path).unwrap_or_else(|| {
                self.slots.push(Slot { path: path.to_string(), moments: Vec::new() });
                self.slots.len() - 1
            }),
        };
        let moments = &mut self.slots[slot].moments;
        if let Some(other) = moments.iter().map(Vec::len).find(|&other| other != size) {
            panic!(
                "step: the parameter `{path}` has {size} elements, but the optimizer remembers one of {other}\n  help: \
                 use a new optimizer for another network"
            );
        }
        // More than before, if a hyperparameter was changed so that the rule remembers more.
        while moments.len() < count {
            moments.push(vec![T::zero(); size]);
        }
        moments
    }
}
