//! Losses of distributions: how unlikely the target is where the network describes a distribution.

use super::binary::must_be_probabilities;
use super::{mean_of, must_be_alike};
use autograd::ops::SumOf;
use autograd::{Algebra, Keeps, Op, Pointwise, Scalar, Tensor};

/// The Kullback-Leibler divergence of the prediction from the target, `Σ t (ln t - ln p)` over the last axis, the mean over all
/// others. The prediction is given by its logarithms, as `log_softmax` does; the target by probabilities.
///
/// It is PyTorch's with `reduction="batchmean"`, the mean that is the divergence; nothing of a class whose target is 0 is counted.
/// Source: S. Kullback and R. A. Leibler, "On Information and Sufficiency", 1951.
///
/// ```
/// use nn::{kl_divergence, Tensor};
/// let logits = Tensor::from([[0.0, 0.0]]);
/// let loss = kl_divergence(&logits.log_softmax(-1), &Tensor::from([[1.0, 0.0]]));
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or a target is no number from 0 to 1.
#[doc(alias("KLDivLoss", "kl_div"))]
#[track_caller]
pub fn kl_divergence<T: Scalar>(log_prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    must_be_alike("kl_divergence", log_prediction, target);
    let help = "it is the probability of its class; `softmax` makes such of any numbers";
    must_be_probabilities("kl_divergence", "target", help, target);
    let classes = target.dims().last().copied().unwrap_or(1);
    SumOf::all(KlDivergence).apply([log_prediction, target]) / T::of((target.size() / classes) as f64)
}

/// `t (ln t - x)` for the logarithm `x` of a probability and its target `t`, of one class; 0 if `t` is.
///
/// ```
/// use nn::{KlDivergence, Pointwise, Tensor};
/// let logs = Tensor::from([-2.0_f64, -2.0]).requires_grad();
/// let losses = KlDivergence.apply([&logs, &Tensor::from([1.0, 0.0])]);
/// assert_eq!(losses.to_vec(), [2.0, 0.0]);
/// assert_eq!(losses.sum().backward()[&logs].to_vec(), [-1.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct KlDivergence;

impl<T: Scalar> Pointwise<T, 2> for KlDivergence {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x, t]: [A; 2]) -> A {
        let zero = A::constant(T::zero());
        t.if_positive(t.clone() * (t.ln() - x), zero)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [x, t]: [A; 2], _: A) -> A {
        if i == 0 { -t } else { t.ln() + A::one() - x }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(1) } else { Keeps::x(0) | Keeps::x(1) }
    }
}

/// How unlikely counts are that follow Poisson's distribution, of which the network gives the logarithm of the rate: the mean of
/// `eˣ - t x`, without the part `ln t!`, which no prediction changes.
///
/// ```
/// use nn::{poisson_nll, Tensor};
/// assert_eq!(poisson_nll(&Tensor::from([0.0]), &Tensor::from([3.0])).item(), 1.0);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements.
#[doc(alias = "PoissonNLLLoss")]
#[track_caller]
pub fn poisson_nll<T: Scalar>(log_rate: &Tensor<T>, counts: &Tensor<T>) -> Tensor<T> {
    mean_of("poisson_nll", PoissonNll, log_rate, counts)
}

/// `eˣ - t x` for the logarithm `x` of a rate and a count `t`, of one element: [`poisson_nll`] is its mean.
///
/// ```
/// use nn::{PoissonNll, Pointwise, Tensor};
/// let log_rate = Tensor::from([0.0_f64]).requires_grad();
/// let loss = PoissonNll.apply([&log_rate, &Tensor::from([3.0])]);
/// assert_eq!(loss.item(), 1.0);
/// assert_eq!(loss.backward()[&log_rate].item(), 1.0 - 3.0); // the rate less the count
/// ```
#[derive(Debug)]
pub struct PoissonNll;

impl<T: Scalar> Pointwise<T, 2> for PoissonNll {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x, t]: [A; 2]) -> A {
        x.exp() - t * x
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [x, t]: [A; 2], _: A) -> A {
        if i == 0 { x.exp() - t } else { -x }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::x(1) } else { Keeps::x(0) }
    }
}

/// How unlikely numbers are that follow normal distributions, of which the network gives mean and variance: the mean of
/// `(ln v + (t - m)² / v) / 2`, without the part `ln 2π / 2`. A variance counts as at least 1e-6, and has no gradient below that.
///
/// Source: D. A. Nix and A. S. Weigend, "Estimating the Mean and Variance of the Target Probability Distribution", 1994.
///
/// ```
/// use nn::{gaussian_nll, Tensor};
/// let (mean, variance) = (Tensor::from([1.0]), Tensor::from([4.0]));
/// assert_eq!(gaussian_nll(&mean, &variance, &Tensor::from([5.0])).item(), (4.0_f64.ln() + 4.0) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements.
#[doc(alias = "GaussianNLLLoss")]
#[track_caller]
pub fn gaussian_nll<T: Scalar>(mean: &Tensor<T>, variance: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    must_be_alike("gaussian_nll", mean, target);
    must_be_alike("gaussian_nll", variance, target);
    SumOf::all(GaussianNll).apply([mean, variance, target]) / T::of(target.size() as f64)
}

/// `(ln v + (t - m)² / v) / 2` for mean `m`, variance `v` and target `t`, of one element: [`gaussian_nll`] is its mean.
///
/// ```
/// use nn::{GaussianNll, Pointwise, Tensor};
/// let [mean, variance] = [1.0_f64, 4.0].map(|x| Tensor::from([x]).requires_grad());
/// let loss = GaussianNll.apply([&mean, &variance, &Tensor::from([5.0])]);
/// assert_eq!(loss.item(), (4.0_f64.ln() + 4.0) / 2.0);
/// let grads = loss.backward();
/// assert_eq!((grads[&mean].item(), grads[&variance].item()), (-1.0, (1.0 / 4.0 - 1.0) / 2.0));
/// ```
#[derive(Debug)]
pub struct GaussianNll;

impl<T: Scalar> Pointwise<T, 3> for GaussianNll {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [m, v, t]: [A; 3]) -> A {
        let (v, d) = (at_least(v), t - m);
        A::number(0.5) * (v.ln() + d.clone() * d / v)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [m, v, t]: [A; 3], _: A) -> A {
        let (within, d) = (v.clone() - A::number(LEAST), (t - m) / at_least(v.clone()));
        match i {
            0 => -d,
            1 => {
                let slope = A::number(0.5) * (A::one() / at_least(v) - d.clone() * d);
                within.if_positive(slope, A::constant(T::zero()))
            }
            _ => d,
        }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1) | Keeps::x(2)
    }
}

/// The smallest variance.
const LEAST: f64 = 1e-6;

#[inline(always)]
fn at_least<T: Scalar, A: Algebra<T>>(v: A) -> A {
    (v.clone() - A::number(LEAST)).if_positive(v, A::number(LEAST))
}
