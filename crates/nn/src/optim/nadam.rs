//! NAdam: Adam that looks ahead along its momentum.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, exponent, rate};
use autograd::Scalar;
use std::ops::Bound;

/// NAdam: Adam with Nesterov's momentum, which rises with the steps `t`.
///
/// ```text
/// μₜ = β₁ (1 - 0.96^(t ψ) / 2)        m, v as Adam's
/// w = w - lr ((1 - μₜ) g / (1 - Π μ) + μₜ₊₁ m / (1 - μₜ₊₁ Π μ)) / (√v̂ + ε)        Π μ = μ₁ μ₂ .. μₜ
/// ```
/// Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
///
/// ```
/// use nn::{NAdam, Optimizer, Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0_f64]));
/// let loss = (&*w * 3.0).sum();
/// NAdam { momentum_decay: 0.0, ..NAdam::new(0.1) }.step(&mut w, &loss.backward());
/// let mu = 0.9 * 0.5; // at all steps
/// let ahead = 0.1 * mu / (1.0 - mu * mu);
/// assert!((1.0 - w.item() - 0.1 * (1.0 + ahead)).abs() < 1e-8); // further than Adam's 0.1
/// ```
#[derive(Clone, Debug)]
pub struct NAdam<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of squared gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How fast the momentum rises, `ψ`.
    pub momentum_decay: f64,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> NAdam<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8, `momentum_decay` 4e-3, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        NAdam {
            lr: rate("NAdam", lr),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            momentum_decay: 4e-3,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for NAdam<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["m", "v", "product"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let momentum = |t: u64| self.beta1 * (1.0 - 0.5 * 0.96_f64.powf(t as f64 * self.momentum_decay));
        let (now, next) = (momentum(step.step), momentum(step.step + 1));
        // The product of the momenta so far, one number.
        let product = &mut step.slots[2];
        product.truncate(1);
        let before: f64 = if step.step == 1 { 1.0 } else { product.first().map_or(1.0, |&p| p.into()) };
        let through = before * now;
        product.iter_mut().for_each(|p| *p = T::of(through));
        let of_g = T::of(step.lr * (1.0 - now) / (1.0 - through));
        let of_m = T::of(step.lr * next / (1.0 - through * next));
        let root = T::of((1.0 - self.beta2.powi(exponent(step.step))).sqrt().recip());
        let (beta1, beta2, epsilon) = (T::of(self.beta1), T::of(self.beta2), T::of(self.epsilon));
        let (rest1, rest2) = (T::of(1.0 - self.beta1), T::of(1.0 - self.beta2));
        step.each(|w, g, [m, v]| {
            let m = beta1 * m + rest1 * g;
            let v = beta2 * v + rest2 * g * g;
            (w - (of_g * g + of_m * m) / (v.sqrt() * root + epsilon), [m, v])
        });
    }

    fn decay(&self) -> Decay {
        Decay::Coupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("beta1", self.beta1, SHARE);
        see("beta2", self.beta2, SHARE);
        see("epsilon", self.epsilon, FROM_0);
        see("momentum_decay", self.momentum_decay, FROM_0);
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
