//! What a forward pass is for: training or evaluation.
//!
//! The mode is an argument, never a hidden flag. In evaluation a network is a pure function. In training the mode carries
//! the random numbers, so that a run is the same for the same seed.

use autograd::Rng;

/// Whether a network is being trained, and the random numbers of that training.
///
/// ```
/// use nn::{Mode, Rng};
/// let mut rng = Rng::seed(0);
/// let noise = |mode: &mut Mode| mode.rng().map(|rng| rng.uniform::<f32>());
/// assert!(Mode::train(&mut rng).is_train() && noise(&mut Mode::train(&mut rng)).is_some());
/// assert!(!Mode::eval().is_train() && noise(&mut Mode::eval()).is_none());
/// ```
#[doc(alias = "training")]
#[derive(Debug)]
pub struct Mode<'a> {
    rng: Option<&'a mut Rng>,
}

impl<'a> Mode<'a> {
    /// Training: layers may draw random numbers.
    pub fn train(rng: &'a mut Rng) -> Self {
        Mode { rng: Some(rng) }
    }

    /// Evaluation: every layer is a pure function.
    pub fn eval() -> Self {
        Mode { rng: None }
    }

    /// Whether this is training.
    pub fn is_train(&self) -> bool {
        self.rng.is_some()
    }

    /// The random numbers of training, or `None` in evaluation.
    pub fn rng(&mut self) -> Option<&mut Rng> {
        self.rng.as_deref_mut()
    }
}
