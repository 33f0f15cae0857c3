//! Lion: the sign of the momentum alone.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::Scalar;
use std::ops::Bound;

/// Lion.
///
/// ```text
/// w = (1 - lr weight_decay) w - lr sign(β₁ m + (1 - β₁) g)        m = β₂ m + (1 - β₂) g
/// ```
/// Every weight moves by `lr`, so the rate is to be three to ten times smaller than Adam's, and the decay as much larger.
/// Source: X. Chen and others, "Symbolic Discovery of Optimization Algorithms", 2023.
///
/// ```
/// use nn::{Lion, Optimizer, Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0, 1.0]));
/// let loss = (&*w * Tensor::from([300.0, -0.01])).sum();
/// Lion::new(0.25).step(&mut w, &loss.backward());
/// assert_eq!(w.to_vec(), [0.75, 1.25]); // all weights by the rate
/// ```
#[derive(Clone, Debug)]
pub struct Lion<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean is in the direction of a step, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// How much of the weight goes at each step, times the learning rate.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Lion<T> {
    /// `beta1` 0.9, `beta2` 0.99, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Lion { lr: rate("Lion", lr), beta1: 0.9, beta2: 0.99, weight_decay: 0.0, state: State::default() }
    }
}

impl<T: Scalar> Optimizer<T> for Lion<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["m"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let (lr, beta1, beta2) = (T::of(step.lr), T::of(self.beta1), T::of(self.beta2));
        let (rest1, rest2) = (T::of(1.0 - self.beta1), T::of(1.0 - self.beta2));
        step.each(|w, g, [m]| {
            let direction = beta1 * m + rest1 * g;
            let sign = if direction == T::zero() { direction } else { direction.signum() };
            (w - lr * sign, [beta2 * m + rest2 * g])
        });
    }

    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("beta1", self.beta1, SHARE);
        see("beta2", self.beta2, SHARE);
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
