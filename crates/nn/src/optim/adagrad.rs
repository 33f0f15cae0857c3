//! Adagrad: the more a weight has moved, the smaller are its steps.

use super::limits::FROM_0;
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::Scalar;
use std::ops::Bound;

/// Adagrad, with a rate that may fall with the steps `t`.
///
/// ```text
/// s = s + g²        w = w - lr / (1 + (t - 1) lr_decay) g / (√s + ε)
/// ```
/// Source: J. Duchi, E. Hazan and Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.
///
/// ```
/// use nn::{Adagrad, Optimizer, Param, Tensor};
/// let (mut w, mut adagrad) = (Param::new(Tensor::from([1.0_f64])), Adagrad::new(0.1));
/// for _ in 0..2 {
///     let loss = (&*w * 3.0).sum();
///     adagrad.step(&mut w, &loss.backward());
/// }
/// assert!((1.0 - w.item() - (0.1 + 0.1 / 2.0_f64.sqrt())).abs() < 1e-9); // by the rate, then by less, whatever the gradient
/// ```
#[derive(Clone, Debug)]
pub struct Adagrad<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// By how much the rate falls.
    pub lr_decay: f64,
    /// The sum of squares before the first step.
    pub initial: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Adagrad<T> {
    /// `epsilon` 1e-10; nothing else decays, and the sum begins with 0.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Adagrad {
            lr: rate("Adagrad", lr),
            lr_decay: 0.0,
            initial: 0.0,
            epsilon: 1e-10,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for Adagrad<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["s"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let rate = T::of(step.lr / (1.0 + (step.step - 1) as f64 * self.lr_decay));
        let initial = T::of(if step.step == 1 { self.initial } else { 0.0 });
        let epsilon = T::of(self.epsilon);
        step.each(|w, g, [s]| {
            let s = s + initial + g * g;
            (w - rate * g / (s.sqrt() + epsilon), [s])
        });
    }

    fn decay(&self) -> Decay {
        Decay::Coupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("lr_decay", self.lr_decay, FROM_0);
        see("initial", self.initial, FROM_0);
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
