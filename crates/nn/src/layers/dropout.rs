//! Dropout: in training a part of what passes is left out at random, so that nothing relies on any single part.

use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use autograd::{Scalar, Tensor};

/// Sets a share of what passes to 0 in training, and divides the rest by what is left, so that the mean stays. In evaluation it does
/// nothing.
///
/// Source: N. Srivastava and others, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
///
/// ```
/// use nn::{Dropout, Layer, Mode, Rng, Tensor};
/// let (mut rng, x) = (Rng::seed(0), Tensor::<f32>::ones([100, 10, 4]));
/// let drop = Dropout::new(0.5);
/// let y = drop.forward(&x, &mut Mode::train(&mut rng));
/// assert!(y.to_vec().iter().all(|&y| y == 0.0 || y == 2.0) && (y.mean().item() - 1.0).abs() < 0.2);
/// assert_eq!(drop.predict(&x).to_vec(), x.to_vec());
///
/// // Each channel is left out, or stays, as a whole.
/// let y = Dropout::channels(0.5).forward(&x, &mut Mode::train(&mut rng));
/// assert!(y.mean_axes(-1).to_vec().iter().all(|&y| y == 0.0 || y == 2.0));
/// // Each sample.
/// let y = Dropout::samples(0.5).forward(&x, &mut Mode::train(&mut rng));
/// assert!(y.mean_axes([1, 2]).to_vec().iter().all(|&y| y == 0.0 || y == 2.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct Dropout {
    /// How much is left out, from 0 to 1.
    #[module(skip)]
    pub rate: f64,
    /// What is left out as a whole.
    #[module(skip)]
    pub unit: Dropped,
}

/// What [`Dropout`] keeps or leaves out as a whole.
///
/// ```
/// use nn::{Dropout, Dropped};
/// assert_eq!(Dropout::new(0.1).unit, Dropped::Element);
/// assert_eq!(Dropout { rate: 0.1, unit: Dropped::Sample }, Dropout::samples(0.1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub enum Dropped {
    /// Each number by itself.
    Element,
    /// Each channel of `[n, c, ..]`, whose neighbouring numbers say the same: J. Tompson and others, 2015.
    Channel,
    /// Each sample of `[n, ..]`; on a branch beside the identity, the branch ("stochastic depth"): G. Huang and others, 2016.
    Sample,
}

impl Dropout {
    /// Each number by itself.
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&rate),
            "Dropout: expected a rate from 0 to 1, found {rate}\n  help: it is the share that is left out, 0.1 to 0.5 as a rule"
        );
        Dropout { rate, unit: Dropped::Element }
    }

    /// Each channel of `[n, c, ..]` as a whole.
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn channels(rate: f64) -> Self {
        Dropout { unit: Dropped::Channel, ..Self::new(rate) }
    }

    /// Each sample of `[n, ..]` as a whole: stochastic depth, at the end of a branch.
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn samples(rate: f64) -> Self {
        Dropout { unit: Dropped::Sample, ..Self::new(rate) }
    }
}

impl<T: Scalar> Layer<T> for Dropout {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let Some(rng) = mode.rng().filter(|_| self.rate > 0.0) else { return x.clone() };
        let whole = match self.unit {
            Dropped::Element => x.rank(),
            Dropped::Channel => 2,
            Dropped::Sample => 1,
        };
        assert!(
            x.rank() >= whole,
            "Dropout: expected at least {whole} axes, found shape {}\n  help: axes are [batch, channels, ..]; `Dropout::new` takes any",
            x.shape()
        );
        let dims: Vec<usize> =
            x.dims().iter().enumerate().map(|(axis, &size)| if axis < whole { size } else { 1 }).collect();
        let left = 1.0 - self.rate;
        if left == 0.0 {
            return x * Tensor::zeros(dims);
        }
        x * (Tensor::bernoulli(dims, left, rng) / T::of(left))
    }
}
