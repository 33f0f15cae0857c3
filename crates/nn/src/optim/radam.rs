//! RAdam: Adam that waits until it knows the size of gradients.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, exponent, rate};
use autograd::Scalar;
use std::ops::Bound;

/// Rectified Adam: as long as the mean of squares is of too few steps to be trusted, the steps are those of momentum alone.
///
/// ```text
/// m, v, m̂ as Adam's        ρ∞ = 2 / (1 - β₂) - 1        ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
/// w = w - lr m̂ r √(1 - β₂ᵗ) / (√v + ε)   if ρ > 5, with   r² = (ρ - 4) (ρ - 2) ρ∞ / ((ρ∞ - 4) (ρ∞ - 2) ρ)
/// w = w - lr m̂                           if not
/// ```
/// Source: L. Liu and others, "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
///
/// ```
/// use nn::{Optimizer, Param, RAdam, Tensor};
/// let mut w = Param::new(Tensor::from([1.0_f64]));
/// let loss = (&*w * 3.0).sum();
/// RAdam::new(0.1).step(&mut w, &loss.backward());
/// assert!((w.item() - (1.0 - 0.1 * 3.0)).abs() < 1e-12); // as gradient descent, at first
/// ```
#[derive(Clone, Debug)]
pub struct RAdam<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of squared gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> RAdam<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        RAdam {
            lr: rate("RAdam", lr),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for RAdam<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let t = exponent(step.step);
        let (rate, left) = (step.lr / (1.0 - self.beta1.powi(t)), 1.0 - self.beta2.powi(t));
        let longest = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = longest - 2.0 * step.step as f64 * self.beta2.powi(t) / left;
        let (beta1, beta2, epsilon) = (T::of(self.beta1), T::of(self.beta2), T::of(self.epsilon));
        let (rest1, rest2) = (T::of(1.0 - self.beta1), T::of(1.0 - self.beta2));
        let means = move |g: T, m: T, v: T| (beta1 * m + rest1 * g, beta2 * v + rest2 * g * g);
        if length <= 5.0 {
            let rate = T::of(rate);
            return step.each(|w, g, [m, v]| {
                let (m, v) = means(g, m, v);
                (w - rate * m, [m, v])
            });
        }
        let parts = [(length - 4.0) / (longest - 4.0), (length - 2.0) / (longest - 2.0), longest / length];
        let rate = T::of(rate * (parts.iter().product::<f64>() * left).sqrt());
        step.each(|w, g, [m, v]| {
            let (m, v) = means(g, m, v);
            (w - rate * m / (v.sqrt() + epsilon), [m, v])
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
