//! Stochastic gradient descent, with momentum.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::Scalar;
use std::ops::Bound::{self, Excluded, Included};

/// Gradient descent: `v = momentum v + (1 - dampening) g`, at first `v = g`, and `w = w - lr v`; with Nesterov's look ahead
/// `w = w - lr (g + momentum v)`.
///
/// Sources: H. Robbins and S. Monro, 1951; B. T. Polyak, 1964; Y. Nesterov, 1983, in the form of I. Sutskever et al., 2013,
/// as PyTorch has it.
///
/// ```
/// use nn::{Optimizer, Param, Sgd, Tensor};
/// let after_two_steps = |mut sgd: Sgd<f64>| {
///     let mut w = Param::new(Tensor::from([1.0]));
///     for _ in 0..2 {
///         let loss = (&*w * 3.0).sum();
///         sgd.step(&mut w, &loss.backward());
///     }
///     w.item()
/// };
/// assert_eq!(after_two_steps(Sgd::new(0.125)), 1.0 - 0.125 * (3.0 + 3.0));
/// assert_eq!(after_two_steps(Sgd::new(0.125).momentum(0.5)), 1.0 - 0.125 * (3.0 + 4.5));
/// let nesterov = Sgd { momentum: 0.5, nesterov: true, ..Sgd::new(0.125) };
/// assert_eq!(after_two_steps(nesterov), 1.0 - 0.125 * (4.5 + 5.25));
/// ```
#[derive(Clone, Debug)]
pub struct Sgd<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the last step is kept, in `[0, 1)`; 0 for plain gradient descent.
    pub momentum: f64,
    /// How much of the gradient is left out of the momentum, from the second step on, from 0 to 1; 0 with `nesterov`.
    pub dampening: f64,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Sgd<T> {
    /// Plain gradient descent.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Sgd {
            lr: rate("Sgd", lr),
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            state: State::default(),
        }
    }

    /// With momentum.
    ///
    /// # Panics
    /// If the momentum is not in `[0, 1)`.
    #[track_caller]
    pub fn momentum(self, momentum: f64) -> Self {
        assert!(
            (0.0..1.0).contains(&momentum),
            "Sgd: expected a momentum from 0 to below 1, found {momentum}\n  help: it is the share of the last step that is kept; 0.9 is usual"
        );
        Sgd { momentum, ..self }
    }
}

impl<T: Scalar> Optimizer<T> for Sgd<T> {
    fn slots(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["velocity"] }
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let (lr, momentum) = (T::of(step.lr), T::of(self.momentum));
        if step.slot_count() == 0 {
            return step.each(|w, g, []| (w - lr * g, []));
        }
        let nesterov = self.nesterov;
        let fresh = if step.step == 1 { T::one() } else { T::of(1.0 - self.dampening) };
        step.each(|w, g, [v]| {
            let v = momentum * v + fresh * g;
            (w - lr * if nesterov { g + momentum * v } else { v }, [v])
        });
    }

    fn decay(&self) -> Decay {
        Decay::Coupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        if self.nesterov {
            see("momentum, with nesterov,", self.momentum, (Excluded(0.0), Excluded(1.0)));
            see("dampening, with nesterov,", self.dampening, (Included(0.0), Included(0.0)));
        }
        see("momentum", self.momentum, SHARE);
        see("dampening", self.dampening, (Included(0.0), Included(1.0)));
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
