//! How weights begin.
//!
//! A layer keeps the variance of what passes through it if the variance of its weights is right: forwards
//! `1 / inputs`, backwards `1 / outputs`, and twice that where a rectifier drops one half.

use autograd::{Rng, Scalar, Shape, Tensor};

/// A distribution of initial weights of shape `[outputs, inputs]`; a kernel's further axes count to both.
///
/// ```
/// use nn::{Init, Rng, Tensor};
/// let w: Tensor = Init::XavierUniform.sample([100, 50], &mut Rng::seed(0));
/// let bound = (6.0_f32 / 150.0).sqrt();
/// assert!(w.to_vec().iter().all(|w| w.abs() <= bound));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// All zeros: for biases.
    Zeros,
    /// Uniform in `[-bound, bound)`.
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Uniform with variance `2 / (inputs + outputs)`, for sigmoid and tanh (X. Glorot and Y. Bengio, 2010).
    XavierUniform,
    /// Normal with variance `2 / (inputs + outputs)`.
    XavierNormal,
    /// Uniform with variance `2 / inputs`, for relu (K. He et al., 2015).
    HeUniform,
    /// Normal with variance `2 / inputs`.
    HeNormal,
}

impl Init {
    /// Weights of this distribution.
    ///
    /// # Panics
    /// If a bound or deviation is negative or not finite, or if the variance depends on the number of inputs and the shape
    /// has fewer than two axes.
    #[track_caller]
    pub fn sample<T: Scalar>(self, shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
        let shape = shape.into();
        let fans = || match *shape.dims() {
            [outputs, inputs, ref kernel @ ..] => {
                let size: usize = kernel.iter().product();
                ((inputs * size) as f64, (outputs * size) as f64)
            }
            _ => panic!("{self:?}: expected a weight of shape [outputs, inputs, ..], found {shape}"),
        };
        let variance = |init: Init| match (init, fans()) {
            (Init::XavierUniform | Init::XavierNormal, (inputs, outputs)) => {
                2.0 / (inputs + outputs).max(1.0)
            }
            (_, (inputs, _)) => 2.0 / inputs.max(1.0),
        };
        match self {
            Init::Zeros => Tensor::zeros(shape),
            Init::Uniform(0.0) => Tensor::zeros(shape),
            Init::Uniform(bound) => Tensor::uniform(shape, T::of(-bound), T::of(bound), rng),
            Init::Normal(deviation) => Tensor::normal(shape, T::zero(), T::of(deviation), rng),
            Init::XavierUniform | Init::HeUniform => {
                Init::Uniform((3.0 * variance(self)).sqrt()).sample(shape, rng)
            }
            Init::XavierNormal | Init::HeNormal => Init::Normal(variance(self).sqrt()).sample(shape, rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variance of 40,000 weights is within five deviations of what was asked for.
    #[test]
    fn variances_are_those_of_the_papers() {
        let mut rng = Rng::seed(4);
        let xavier = 2.0 / 500.0;
        let he = 2.0 / 100.0;
        for (init, expected) in [
            (Init::XavierUniform, xavier),
            (Init::XavierNormal, xavier),
            (Init::HeUniform, he),
            (Init::HeNormal, he),
            (Init::Normal(0.5), 0.25),
            (Init::Uniform(0.3), 0.03),
        ] {
            let w: Tensor<f64> = init.sample([400, 100], &mut rng);
            let variance = (&w * &w).mean().item() - w.mean().item().powi(2);
            assert!((variance / expected - 1.0).abs() < 0.04, "{init:?}: {variance} for {expected}");
        }
    }

    #[test]
    fn the_axes_of_a_kernel_count_to_both_sides() {
        let w: Tensor<f64> = Init::HeNormal.sample([100, 10, 5, 5], &mut Rng::seed(5));
        let variance = (&w * &w).mean().item();
        assert!((variance / (2.0 / 250.0) - 1.0).abs() < 0.05, "{variance}");
    }
}
