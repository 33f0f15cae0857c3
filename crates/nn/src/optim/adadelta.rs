//! Adadelta: steps in the units of the weights.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::Scalar;
use std::ops::Bound;

/// Adadelta.
///
/// ```text
/// s = ρ s + (1 - ρ) g²        d = √(a + ε) / √(s + ε) g
/// a = ρ a + (1 - ρ) d²        w = w - lr d
/// ```
/// Source: M. D. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, where the rate is 1.
///
/// ```
/// use nn::{Adadelta, Optimizer, Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0_f64]));
/// let loss = (&*w * 3.0).sum();
/// Adadelta::new(1.0).step(&mut w, &loss.backward());
/// assert!((1.0 - w.item() - (1e-6_f64 / 0.1).sqrt()).abs() < 1e-8); // √(ε / (1 - ρ)), however large the gradient
/// ```
#[derive(Clone, Debug)]
pub struct Adadelta<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of both means of squares is kept, in `[0, 1)`.
    pub rho: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Adadelta<T> {
    /// `rho` 0.9, `epsilon` 1e-6, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Adadelta {
            lr: rate("Adadelta", lr),
            rho: 0.9,
            epsilon: 1e-6,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for Adadelta<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["s", "a"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let (lr, rho, rest) = (T::of(step.lr), T::of(self.rho), T::of(1.0 - self.rho));
        let epsilon = T::of(self.epsilon);
        step.each(|w, g, [s, a]| {
            let s = rho * s + rest * g * g;
            let d = (a + epsilon).sqrt() / (s + epsilon).sqrt() * g;
            (w - lr * d, [s, rho * a + rest * d * d])
        });
    }

    fn decay(&self) -> Decay {
        Decay::Coupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("rho", self.rho, SHARE);
        see("epsilon", self.epsilon, FROM_0);
        see("weight_decay", self.weight_decay, FROM_0);
    }

    fn state(&mut self) -> &mut State<T> {
        &mut self.state
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }
}
