//! Adamax: Adam in the infinity norm.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, exponent, rate};
use autograd::Scalar;
use std::ops::Bound;

/// Adamax.
///
/// ```text
/// m = β₁ m + (1 - β₁) g        u = max(β₂ u, |g| + ε)        w = w - lr / (1 - β₁ᵗ) m / u
/// ```
/// Source: D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1; `ε` stands where PyTorch has it.
///
/// ```
/// use nn::{Adamax, Optimizer, Param, Tensor};
/// let (mut w, mut adamax) = (Param::new(Tensor::from([1.0_f64])), Adamax { beta1: 0.0, ..Adamax::new(0.1) });
/// for slope in [4.0, 1.0] {
///     let loss = (&*w * slope).sum();
///     adamax.step(&mut w, &loss.backward());
/// }
/// assert!((1.0 - w.item() - (0.1 + 0.1 / (0.999 * 4.0))).abs() < 1e-8); // the second in units of the larger gradient
/// ```
#[derive(Clone, Debug)]
pub struct Adamax<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the largest magnitude is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Adamax<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Adamax {
            lr: rate("Adamax", lr),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for Adamax<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["m", "u"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let rate = T::of(step.lr / (1.0 - self.beta1.powi(exponent(step.step))));
        let (beta1, beta2, rest) = (T::of(self.beta1), T::of(self.beta2), T::of(1.0 - self.beta1));
        let epsilon = T::of(self.epsilon);
        step.each(|w, g, [m, u]| {
            let (m, kept, size) = (beta1 * m + rest * g, beta2 * u, g.abs() + epsilon);
            let u = if size > kept { size } else { kept };
            (w - rate * m / u, [m, u])
        });
    }

    fn decay(&self) -> Decay {
        Decay::Coupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("beta1", self.beta1, SHARE);
        see("beta2", self.beta2, SHARE);
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
