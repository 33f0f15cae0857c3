//! Adam: steps of a length that does not depend on the size of the gradient.

use super::{Optimizer, ParamStep, State};
use autograd::Scalar;

/// Adam, with the defaults of the paper.
///
/// ```text
/// m = β₁ m + (1 - β₁) g        v = β₂ v + (1 - β₂) g²
/// w = w - lr m̂ / (√v̂ + ε)      m̂ = m / (1 - β₁ᵗ)    v̂ = v / (1 - β₂ᵗ)
/// ```
/// Source: D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2015.
///
/// ```
/// use nn::Adam;
/// let adam = Adam::<f32> { beta2: 0.99, ..Adam::new(1e-3) };
/// assert_eq!((adam.beta1, adam.epsilon), (0.9, 1e-8));
/// ```
#[derive(Clone, Debug)]
pub struct Adam<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean of squared gradients is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Keeps the step finite where gradients vanish; positive.
    pub epsilon: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Adam<T> {
    /// `beta1` 0.9, `beta2` 0.999, `epsilon` 1e-8.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        assert!(lr >= 0.0 && lr.is_finite(), "Adam: expected a learning rate of at least 0, found {lr}");
        Adam { lr, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, state: State::default() }
    }
}

impl<T: Scalar> Optimizer<T> for Adam<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let t = i32::try_from(step.step).unwrap_or(i32::MAX);
        let rate = T::of(self.lr / (1.0 - self.beta1.powi(t)));
        let root = T::of((1.0 - self.beta2.powi(t)).sqrt().recip());
        let (beta1, beta2, epsilon) = (T::of(self.beta1), T::of(self.beta2), T::of(self.epsilon));
        let (rest1, rest2) = (T::of(1.0 - self.beta1), T::of(1.0 - self.beta2));
        step.each(|w, g, [m, v]| {
            let m = beta1 * m + rest1 * g;
            let v = beta2 * v + rest2 * g * g;
            (w - rate * m / (v.sqrt() * root + epsilon), [m, v])
        });
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
