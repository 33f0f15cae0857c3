//! How weights begin.
//!
//! A layer keeps the variance of what passes through it if the variance of its weights is right: forwards
//! `1 / inputs`, backwards `1 / outputs`, and twice that where a rectifier drops one half.

mod orthogonal;
mod truncated;

use crate::module::{Module, Path};
use crate::pattern::Pattern;
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
    /// Normal, as far as it lies within bounds, as PyTorch's `trunc_normal_`. Mean and deviation are those of the whole distribution.
    TruncatedNormal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
        /// No weight is less than this, which may be infinite.
        low: f64,
        /// No weight is more than this, which may be infinite.
        high: f64,
    },
    /// Uniform with variance `2 / (inputs + outputs)`, for sigmoid and tanh (X. Glorot and Y. Bengio, 2010).
    XavierUniform,
    /// Normal with variance `2 / (inputs + outputs)`.
    XavierNormal,
    /// Uniform with variance `2 / inputs`, for relu (K. He et al., 2015).
    HeUniform,
    /// Normal with variance `2 / inputs`.
    HeNormal,
    /// Uniform with variance `1 / inputs`, for selu and linear layers (Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, "Efficient
    /// BackProp", 1998).
    LecunUniform,
    /// Normal with variance `1 / inputs`.
    LecunNormal,
    /// A random rotation times this gain: of the rows `[outputs, all else]`, or of the columns if these are fewer, each is as long as
    /// the gain, and all are at right angles; any rotation is equally likely (A. M. Saxe, J. L. McClelland and S. Ganguli, "Exact
    /// solutions to the nonlinear dynamics of learning in deep linear neural networks", 2014).
    Orthogonal(f64),
    /// Of each column of a matrix `[outputs, inputs]` this share is 0, rounded up; the others are normal. So each input reaches but a few
    /// outputs (J. Martens, "Deep learning via Hessian-free optimization", 2010).
    Sparse {
        /// The share of zeros, from 0 to 1.
        zeros: f64,
        /// The standard deviation of the others; 0.01 in PyTorch.
        deviation: f64,
    },
}

impl Init {
    /// Weights of this distribution.
    ///
    /// # Panics
    /// If a bound, deviation, gain or share is out of its range, or if the distribution depends on inputs and outputs and the shape has
    /// fewer than two axes; for [`Init::Sparse`], if it has not exactly two.
    #[track_caller]
    pub fn sample<T: Scalar>(self, shape: impl Into<Shape>, rng: &mut Rng) -> Tensor<T> {
        let shape = shape.into();
        match self.fits(&shape) {
            Ok(()) => self.draw(shape, rng),
            Err(problem) => panic!("{problem}"),
        }
    }

    /// Whether there are such weights; if not, why.
    fn fits(self, shape: &Shape) -> Result<(), String> {
        let is_size = |x: f64| x >= 0.0 && x.is_finite();
        let (parameters, expected) = match self {
            Init::Uniform(x) | Init::Normal(x) | Init::Orthogonal(x) => {
                (is_size(x), "a finite number of at least 0")
            }
            Init::TruncatedNormal { mean, deviation, low, high } => (
                mean.is_finite()
                    && (deviation > 0.0 && deviation.is_finite())
                    && (low < high
                        && low < mean + FARTHEST * deviation
                        && high > mean - FARTHEST * deviation),
                "a finite mean, a positive deviation, and low < high less than 1e8 deviations away",
            ),
            Init::Sparse { zeros, deviation } => (
                (0.0..=1.0).contains(&zeros) && is_size(deviation),
                "a share from 0 to 1 and a deviation of at least 0",
            ),
            _ => (true, ""),
        };
        if !parameters {
            return Err(format!("{self:?}: expected {expected}\n  help: see the documentation of `Init`"));
        }
        let (least, most) = match self {
            Init::Zeros | Init::Uniform(_) | Init::Normal(_) | Init::TruncatedNormal { .. } => {
                (0, usize::MAX)
            }
            Init::Sparse { .. } => (2, 2),
            _ => (2, usize::MAX),
        };
        if (least..=most).contains(&shape.rank()) {
            return Ok(());
        }
        let axes = if most == 2 { "[outputs, inputs]" } else { "[outputs, inputs, ..]" };
        Err(format!(
            "{self:?}: expected a weight of shape {axes}, found {shape}\n  help: biases begin by `Init::Zeros` or `Init::Uniform`"
        ))
    }

    fn draw<T: Scalar>(self, shape: Shape, rng: &mut Rng) -> Tensor<T> {
        let normal = |variance: f64, rng| Tensor::normal(&shape, T::zero(), T::of(variance.sqrt()), rng);
        let uniform = |bound: f64, rng| match bound {
            0.0 => Tensor::zeros(&shape),
            bound => Tensor::uniform(&shape, T::of(-bound), T::of(bound), rng),
        };
        // A uniform distribution in `±b` has the variance b²/3.
        let of_variance = |variance: f64| (3.0 * variance).sqrt();
        match self {
            Init::Zeros => Tensor::zeros(shape),
            Init::Uniform(bound) => uniform(bound, rng),
            Init::Normal(deviation) => Tensor::normal(shape, T::zero(), T::of(deviation), rng),
            Init::TruncatedNormal { mean, deviation, low, high } => {
                let [low, high] = [low, high].map(|bound| (bound - mean) / deviation);
                let mut draw = || T::of(mean + deviation * truncated::standard(low, high, rng));
                Tensor::build(shape, |w| w.iter_mut().for_each(|w| *w = draw()))
            }
            Init::XavierUniform => uniform(of_variance(2.0 / both_fans(&shape)), rng),
            Init::XavierNormal => normal(2.0 / both_fans(&shape), rng),
            Init::HeUniform => uniform(of_variance(2.0 / fan_in(&shape)), rng),
            Init::HeNormal => normal(2.0 / fan_in(&shape), rng),
            Init::LecunUniform => uniform(of_variance(1.0 / fan_in(&shape)), rng),
            Init::LecunNormal => normal(1.0 / fan_in(&shape), rng),
            Init::Orthogonal(gain) => orthogonal::sample(&shape, gain, rng),
            Init::Sparse { zeros, deviation } => {
                let (outputs, inputs) = (shape[0], shape[1]);
                let none = (zeros * outputs as f64).ceil() as usize;
                let mut w = Tensor::normal(shape, T::zero(), T::of(deviation), rng);
                w.update(|w| {
                    let mut rows: Vec<usize> = (0..outputs).collect();
                    for column in 0..inputs {
                        rng.shuffle(&mut rows);
                        rows[..none].iter().for_each(|row| w[row * inputs + column] = T::zero());
                    }
                });
                w
            }
        }
    }
}

/// By how many deviations the nearer bound of a truncated normal distribution may lie off: farther away, neighbouring numbers of double
/// precision have nothing between them.
const FARTHEST: f64 = 1e8;

/// How many numbers an output sees.
fn fan_in(shape: &Shape) -> f64 {
    shape.dims()[1..].iter().product::<usize>().max(1) as f64
}

/// That, and how many outputs see an input.
fn both_fans(shape: &Shape) -> f64 {
    let kernel: usize = shape.dims()[2..].iter().product();
    ((shape[0] + shape[1]) * kernel).max(1) as f64
}

/// Begins anew all weights whose path matches the [pattern](crate::Pattern), frozen ones too; statistics are no weights. Gives their
/// number.
///
/// ```
/// use nn::{Init, Linear, Rng, init};
/// let mut rng = Rng::seed(0);
/// let mut net = (Linear::<f32>::new(4, 4, &mut rng), Linear::new(4, 2, &mut rng));
/// assert_eq!(init(&mut net, "*.weight", Init::Orthogonal(1.0), &mut rng), 2);
/// assert_eq!(init(&mut net, "*.bias", Init::Zeros, &mut rng), 2);
/// assert!((net.0.weight.norm(2.0).item() - 2.0).abs() < 1e-6); // four rows of length 1
/// ```
///
/// # Panics
/// If no weight matches, or one that does has a shape of which there is no such distribution; then none is changed.
#[track_caller]
pub fn init<T: Scalar>(
    module: &mut (impl Module<T> + ?Sized),
    pattern: &str,
    init: Init,
    rng: &mut Rng,
) -> usize {
    let pattern = Pattern::new(pattern);
    let (mut found, mut problem) = (0, None);
    module.visit(&mut Path::default(), &mut |path, param| {
        if pattern.matches(path.as_str()) && !param.is_statistic() {
            found += 1;
            let wrong = init.fits(param.shape()).err();
            problem = problem.take().or_else(|| wrong.map(|wrong| format!("init: {path}: {wrong}")));
        }
    });
    assert!(found > 0, "{}", pattern.matches_none("init", module));
    if let Some(problem) = problem {
        panic!("{problem}");
    }
    module.visit_mut(&mut Path::default(), &mut |path, param| {
        if pattern.matches(path.as_str()) && !param.is_statistic() {
            let values = init.draw::<T>(param.shape().clone(), rng);
            param.update(|w| w.copy_from_slice(&values.array().view().contiguous()));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variance of 40,000 weights is within five deviations of what was asked for.
    #[test]
    fn variances_are_those_of_the_papers() {
        let mut rng = Rng::seed(4);
        let (xavier, he, lecun) = (2.0 / 500.0, 2.0 / 100.0, 1.0 / 100.0);
        for (init, expected) in [
            (Init::XavierUniform, xavier),
            (Init::XavierNormal, xavier),
            (Init::HeUniform, he),
            (Init::HeNormal, he),
            (Init::LecunUniform, lecun),
            (Init::LecunNormal, lecun),
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
        for (init, expected) in [(Init::HeNormal, 2.0 / 250.0), (Init::XavierNormal, 2.0 / 2750.0)] {
            let w: Tensor<f64> = init.sample([100, 10, 5, 5], &mut Rng::seed(5));
            let variance = (&w * &w).mean().item();
            assert!((variance / expected - 1.0).abs() < 0.05, "{init:?}: {variance}");
        }
    }
}
