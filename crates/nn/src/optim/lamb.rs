//! LAMB: Adam's direction, and steps as long as the weights are large.

use super::limits::{FROM_0, SHARE};
use super::norm::norm;
use super::{Decay, Optimizer, ParamStep, State, exponent, rate};
use autograd::{Scalar, Tensor, update_each};
use std::ops::Bound;

/// LAMB: each parameter moves by a share of its own norm, so that the rate can grow with the size of batches.
///
/// ```text
/// m, v, m̂, v̂ as Adam's        u = m̂ / (√v̂ + ε) + λ w
/// w = w - lr r u              r = ‖w‖ / ‖u‖, or 1 where one of them is 0
/// ```
/// Weight decay is a part of the direction, so the norm that counts is that of both: [`Decay::Directed`].
///
/// Source: Y. You and others, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2020, algorithm 2 with `φ(x) = x`.
///
/// ```
/// use nn::{Lamb, Optimizer, Param, Tensor};
/// let mut w = Param::new(Tensor::from([3.0_f64, 4.0]));
/// let (before, loss) = (w.detach(), (&*w * 100.0).sum());
/// Lamb { weight_decay: 0.0, ..Lamb::new(0.01) }.step(&mut w, &loss.backward());
/// assert!(((&*w - before).norm(2.0).item() - 0.01 * 5.0).abs() < 1e-8); // by a hundredth of its norm
/// ```
#[derive(Clone, Debug)]
pub struct Lamb<T: Scalar = f32> {
    /// The learning rate: which share of its norm a parameter moves by.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of squared gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How much of the weight is added to the direction.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Lamb<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-6, `weight_decay` 0.01.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Lamb {
            lr: rate("Lamb", lr),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-6,
            weight_decay: 0.01,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for Lamb<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let ParamStep { shape, lr, w, g, slots: [m, v, ..], .. } = step else {
            panic!(
                "Lamb: expected two slots, found {}\n  help: an optimizer that leaves its steps to this one names as many slots",
                step.slots.len()
            )
        };
        let t = exponent(step.step);
        let mean = T::of((1.0 - self.beta1.powi(t)).recip());
        let root = T::of((1.0 - self.beta2.powi(t)).sqrt().recip());
        let (beta1, beta2, epsilon) = (T::of(self.beta1), T::of(self.beta2), T::of(self.epsilon));
        let (rest1, rest2) = (T::of(1.0 - self.beta1), T::of(1.0 - self.beta2));
        let decay = match step.decay {
            Decay::Directed(decay) => T::of(decay),
            _ => T::zero(),
        };
        let direction = Tensor::build(shape.clone(), |u| {
            update_each(u, g, [m, v, &mut *w], |_, g, [m, v, w]| {
                let (m, v) = (beta1 * m + rest1 * g, beta2 * v + rest2 * g * g);
                (m * mean / (v.sqrt() * root + epsilon) + decay * w, [m, v, w])
            });
        });
        let u = direction.array().view().contiguous();
        let (size, length) = (norm(w), norm(&u));
        let ratio = if size > 0.0 && length > 0.0 { size / length } else { 1.0 };
        let rate = T::of(lr * ratio);
        update_each(w, &u, [], |w, u, []| (w - rate * u, []));
    }

    fn decay(&self) -> Decay {
        Decay::Directed(self.weight_decay)
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
