//! Adam: steps of a length that does not depend on the size of the gradient.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, exponent, rate};
use autograd::Scalar;
use std::ops::Bound;

/// Adam, with the defaults of the paper.
///
/// ```text
/// m = β₁ m + (1 - β₁) g        v = β₂ v + (1 - β₂) g²
/// w = w - lr m̂ / (√v̂ + ε)      m̂ = m / (1 - β₁ᵗ)    v̂ = v / (1 - β₂ᵗ)
/// ```
/// Source: D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015. With `amsgrad`, `v̂` is made of the largest
/// `v` so far: S. Reddi, S. Kale and S. Kumar, "On the Convergence of Adam and Beyond", 2018.
///
/// ```
/// use nn::{Adam, Optimizer, Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0_f64]));
/// let loss = (&*w * 3.0).sum();
/// let mut adam = Adam { beta2: 0.99, ..Adam::new(0.1) };
/// adam.step(&mut w, &loss.backward());
/// assert!((w.item() - 0.9).abs() < 1e-8); // by the rate, however large the gradient
/// ```
#[derive(Clone, Debug)]
pub struct Adam<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of squared gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// Whether the largest mean of squares so far counts.
    pub amsgrad: bool,
    /// How much of the weight is added to its gradient; [`AdamW`] shrinks the weights instead.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Adam<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Adam {
            lr: rate("Adam", lr),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            amsgrad: false,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for Adam<T> {
    fn slots(&self) -> &'static [&'static str] {
        slots(self.amsgrad)
    }

    fn update(&self, step: ParamStep<'_, T>) {
        update(step, [self.beta1, self.beta2], self.epsilon, self.amsgrad);
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

/// Adam with decoupled weight decay: before each step the weights are multiplied by `1 - lr weight_decay`.
///
/// Source: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019.
///
/// ```
/// use nn::{AdamW, Optimizer, Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0_f64]));
/// let loss = (&*w * 3.0).sum();
/// AdamW { weight_decay: 0.2, ..AdamW::new(0.1) }.step(&mut w, &loss.backward());
/// assert!((w.item() - ((1.0 - 0.1 * 0.2) - 0.1)).abs() < 1e-8); // shrunk, and then moved by the rate
/// ```
#[derive(Clone, Debug)]
pub struct AdamW<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of squared gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// Whether the largest mean of squares so far counts.
    pub amsgrad: bool,
    /// How much of the weight goes at each step, times the learning rate.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> AdamW<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8, `weight_decay` 0.01.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        AdamW {
            lr: rate("AdamW", lr),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            amsgrad: false,
            weight_decay: 0.01,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for AdamW<T> {
    fn slots(&self) -> &'static [&'static str] {
        slots(self.amsgrad)
    }

    fn update(&self, step: ParamStep<'_, T>) {
        update(step, [self.beta1, self.beta2], self.epsilon, self.amsgrad);
    }

    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
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

fn slots(amsgrad: bool) -> &'static [&'static str] {
    if amsgrad { &["m", "v", "largest v"] } else { &["m", "v"] }
}

/// The rule of both.
fn update<T: Scalar>(step: ParamStep<'_, T>, [beta1, beta2]: [f64; 2], epsilon: f64, amsgrad: bool) {
    let t = exponent(step.step);
    let rate = T::of(step.lr / (1.0 - beta1.powi(t)));
    let root = T::of((1.0 - beta2.powi(t)).sqrt().recip());
    let (rest1, rest2) = (T::of(1.0 - beta1), T::of(1.0 - beta2));
    let (beta1, beta2, epsilon) = (T::of(beta1), T::of(beta2), T::of(epsilon));
    let means = move |g: T, m: T, v: T| (beta1 * m + rest1 * g, beta2 * v + rest2 * g * g);
    if amsgrad {
        return step.each(|w, g, [m, v, largest]| {
            let (m, v) = means(g, m, v);
            let largest = if v > largest { v } else { largest };
            (w - rate * m / (largest.sqrt() * root + epsilon), [m, v, largest])
        });
    }
    step.each(|w, g, [m, v]| {
        let (m, v) = means(g, m, v);
        (w - rate * m / (v.sqrt() * root + epsilon), [m, v])
    });
}
