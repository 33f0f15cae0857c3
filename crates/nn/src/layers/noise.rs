//! Noise: in training, what passes is shaken, so that nothing relies on its last digits.

use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use autograd::{Scalar, Tensor};

/// Adds to each number one of its own from the normal distribution with mean 0, in training; in evaluation it does nothing.
///
/// Source: C. M. Bishop, "Training with Noise is Equivalent to Tikhonov Regularization", 1995.
///
/// ```
/// use nn::{GaussianNoise, Layer, Mode, Rng, Tensor};
/// let (noise, x) = (GaussianNoise::new(0.1), Tensor::<f32>::zeros([1000]));
/// let y = noise.forward(&x, &mut Mode::train(&mut Rng::seed(0)));
/// assert!((y.std(1.0).item() - 0.1).abs() < 0.02);
/// assert_eq!(noise.predict(&x).to_vec(), x.to_vec());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct GaussianNoise {
    /// The standard deviation, in units of the input.
    #[module(skip)]
    pub deviation: f64,
}

impl GaussianNoise {
    /// Noise of this standard deviation, in units of the input.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(deviation: f64) -> Self {
        assert!(
            deviation >= 0.0 && deviation.is_finite(),
            "GaussianNoise: expected a standard deviation of at least 0, found {deviation}\n  help: it is in units of the input; 0.1 of inputs with variance 1 is usual"
        );
        GaussianNoise { deviation }
    }
}

impl<T: Scalar> Layer<T> for GaussianNoise {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        match mode.rng().filter(|_| self.deviation > 0.0) {
            Some(rng) => x + Tensor::normal(x.shape(), T::zero(), T::of(self.deviation), rng),
            None => x.clone(),
        }
    }
}
