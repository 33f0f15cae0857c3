//! RMSProp: gradients in units of their root mean square.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::Scalar;
use std::ops::Bound;

/// RMSProp; centered, the mean gradient is taken from the mean square; with momentum, the steps are those of [`Sgd`](super::Sgd).
///
/// ```text
/// s = α s + (1 - α) g²        m = m + (1 - α) (g - m)    d = g / (√(s - m²) + ε), or g / (√s + ε)
/// v = momentum v + d          w = w - lr v
/// ```
/// Sources: T. Tieleman and G. Hinton, lecture 6.5 of "Neural Networks for Machine Learning", 2012; centered: A. Graves, "Generating
/// Sequences With Recurrent Neural Networks", 2013; in the form of PyTorch.
///
/// ```
/// use nn::{Optimizer, Param, RmsProp, Tensor};
/// let moved = |mut rmsprop: RmsProp<f64>| {
///     let mut w = Param::new(Tensor::from([1.0]));
///     let loss = (&*w * 3.0).sum();
///     rmsprop.step(&mut w, &loss.backward());
///     1.0 - w.item()
/// };
/// assert!((moved(RmsProp::new(0.01)) - 0.01 / 0.01_f64.sqrt()).abs() < 1e-8); // √(1 - α), however large the gradient
/// let centered = RmsProp { centered: true, ..RmsProp::new(0.01) };
/// assert!((moved(centered) - 0.01 / (0.01_f64 - 0.01 * 0.01).sqrt()).abs() < 1e-8);
/// ```
#[doc(alias = "RMSprop")]
#[derive(Clone, Debug)]
pub struct RmsProp<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the means is kept, in `[0, 1)`.
    pub alpha: f64,
    /// Keeps the step finite where gradients vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// Whether the variance counts and not the mean square.
    pub centered: bool,
    /// How much of the last step is kept, in `[0, 1)`; 0 for none.
    pub momentum: f64,
    /// How much of the weight is added to its gradient.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> RmsProp<T> {
    /// `alpha` 0.99, `epsilon` 1e-8; not centered, no momentum, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        RmsProp {
            lr: rate("RmsProp", lr),
            alpha: 0.99,
            epsilon: 1e-8,
            centered: false,
            momentum: 0.0,
            weight_decay: 0.0,
            state: State::default(),
        }
    }
}

impl<T: Scalar> Optimizer<T> for RmsProp<T> {
    fn slots(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum == 0.0) {
            (false, true) => &["s"],
            (false, false) => &["s", "v"],
            (true, true) => &["s", "m"],
            (true, false) => &["s", "m", "v"],
        }
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let (lr, alpha, rest) = (T::of(step.lr), T::of(self.alpha), T::of(1.0 - self.alpha));
        let (momentum, epsilon) = (T::of(self.momentum), T::of(self.epsilon));
        let square = move |g: T, s: T| alpha * s + rest * g * g;
        let mean = move |g: T, m: T| m + rest * (g - m);
        // Where the gradient stays the same both are equal, and rounding may leave less than nothing. NaN stays NaN.
        let deviation = |s: T, m: T| {
            let variance = s - m * m;
            if variance < T::zero() { T::zero() } else { variance.sqrt() }
        };
        match (self.centered, self.momentum == 0.0) {
            (false, true) => step.each(|w, g, [s]| {
                let s = square(g, s);
                (w - lr * g / (s.sqrt() + epsilon), [s])
            }),
            (false, false) => step.each(|w, g, [s, v]| {
                let s = square(g, s);
                let v = momentum * v + g / (s.sqrt() + epsilon);
                (w - lr * v, [s, v])
            }),
            (true, true) => step.each(|w, g, [s, m]| {
                let (s, m) = (square(g, s), mean(g, m));
                (w - lr * g / (deviation(s, m) + epsilon), [s, m])
            }),
            (true, false) => step.each(|w, g, [s, m, v]| {
                let (s, m) = (square(g, s), mean(g, m));
                let v = momentum * v + g / (deviation(s, m) + epsilon);
                (w - lr * v, [s, m, v])
            }),
        }
    }

    fn decay(&self) -> Decay {
        Decay::Coupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("alpha", self.alpha, SHARE);
        see("epsilon", self.epsilon, FROM_0);
        see("momentum", self.momentum, SHARE);
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
