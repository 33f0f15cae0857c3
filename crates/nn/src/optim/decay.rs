//! Weight decay: weights that nothing holds shrink at every step.

use autograd::Scalar;

/// How weights shrink at each step.
///
/// Coupled decay is the gradient of `λ/2 Σ w²` ([`l2`](crate::l2) with half of λ), added to that of the loss: what adapts to the
/// size of gradients, as Adam does, then adapts to it, too. Decoupled decay multiplies the weights by `1 - lr λ`, whatever the
/// gradient is. Source: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019.
///
/// ```
/// use nn::{Adam, AdamW, Decay, Optimizer};
/// let adam = Adam::<f32> { weight_decay: 0.1, ..Adam::new(1e-3) };
/// assert_eq!(adam.decay(), Decay::Coupled(0.1));
/// assert_eq!(AdamW::<f32>::new(1e-3).decay(), Decay::Decoupled(0.01));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// They do not.
    None,
    /// `g + λ w` in the place of the gradient `g`.
    Coupled(f64),
    /// `(1 - lr λ) w` in the place of the weight `w`.
    Decoupled(f64),
    /// `u + λ w` in the place of the direction `u` that the rule has found, before the rule sets the length of its step: of
    /// [`Lamb`](crate::Lamb).
    Directed(f64),
}

impl Decay {
    /// What the weight is multiplied by, and what times the weight is added to the gradient, if it decays.
    pub(super) fn factors<T: Scalar>(self, lr: f64) -> Option<[T; 2]> {
        match self {
            Decay::None | Decay::Coupled(0.0) | Decay::Decoupled(0.0) | Decay::Directed(_) => None,
            Decay::Coupled(decay) => Some([T::one(), T::of(decay)]),
            Decay::Decoupled(decay) => Some([T::of(1.0 - lr * decay), T::zero()]),
        }
    }
}
