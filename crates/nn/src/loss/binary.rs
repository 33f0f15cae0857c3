//! Losses of yes and no: of logits, and of probabilities.

use super::mean_of;
use crate::layers::blame::fail;
use autograd::ops::{Sigmoid, Softplus};
use autograd::{Algebra, Keeps, Pointwise, Primitive, Scalar, ShapeError, Tensor};

/// The cross-entropy of yes and no, the mean over all elements: `-t ln σ(x) - (1 - t) ln (1 - σ(x))` for a logit `x` and the
/// probability `t` that it should have.
///
/// Takes logits, not probabilities, and is exact where the sigmoid would round to 0 or 1.
///
/// ```
/// use nn::{bce_with_logits, Tensor};
/// let (logits, targets) = (Tensor::from([0.0, 1e4, -1e4]), Tensor::from([1.0, 1.0, 1.0]));
/// let loss = bce_with_logits(&logits, &targets);
/// assert!((loss.item() - (2.0_f64.ln() + 1e4) / 3.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or a target is no number from 0 to 1.
#[doc(alias("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"))]
#[track_caller]
pub fn bce_with_logits<T: Scalar>(logits: &Tensor<T>, targets: &Tensor<T>) -> Tensor<T> {
    let loss = mean_of("bce_with_logits", BceWithLogits, logits, targets);
    must_be_probabilities("bce_with_logits", "target", OF_YES, targets);
    loss
}

/// The cross-entropy of yes and no, of one element: [`bce_with_logits`] is its mean.
///
/// Written with the softplus `s`, as `t s(-x) + (1 - t) s(x)`, it never subtracts numbers that are nearly equal. Its derivative
/// by the logit is `(1 - t) σ(x) - t σ(-x) = σ(x) - t`, that by the target `-x`.
///
/// ```
/// use nn::{BceWithLogits, Pointwise, Tensor};
/// let logits = Tensor::from([0.0_f64, 1e4]).requires_grad();
/// let losses = BceWithLogits.apply([&logits, &Tensor::from([1.0, 0.0])]);
/// assert!((losses.at([0]) - 2.0_f64.ln()).abs() < 1e-15 && losses.at([1]) == 1e4);
/// assert_eq!(losses.sum().backward()[&logits].to_vec(), [0.5 - 1.0, 1.0 - 0.0]);
/// ```
#[derive(Debug)]
pub struct BceWithLogits;

/// `p f` if `p` is above 0, and 0 if not, whatever `f` is.
#[inline(always)]
fn share<T: Scalar, A: Algebra<T>>(p: A, f: A) -> A {
    p.clone().if_positive(p * f, A::constant(T::zero()))
}

impl<T: Scalar> Pointwise<T, 2> for BceWithLogits {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x, t]: [A; 2]) -> A {
        let softplus = Softplus { beta: T::one(), threshold: T::infinity() };
        share(t.clone(), softplus.f([-x.clone()])) + share(A::one() - t, softplus.f([x]))
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [x, t]: [A; 2], _: A) -> A {
        match i {
            0 => (A::one() - t.clone()) * Sigmoid.f([x.clone()]) - t * Sigmoid.f([-x]),
            _ => -x,
        }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::x(1) } else { Keeps::x(0) }
    }
}

/// What a target is.
const OF_YES: &str = "it is the probability of yes: 0, 1 or between";

/// Each element must be a number from 0 to 1.
#[track_caller]
pub(super) fn must_be_probabilities<T: Scalar>(loss: &str, name: &str, help: &str, x: &Tensor<T>) {
    let no_probability = |x: &T| !(T::zero()..=T::one()).contains(x);
    if let Some(place) = x.array().view().contiguous().iter().position(no_probability) {
        let value = x.array().view().contiguous()[place];
        let problem = format!("{loss}: {name} {place} is {value}, which is no probability from 0 to 1");
        let error =
            ShapeError::new(problem).operand(format!("{name}s"), x.shape(), "counted in row-major order");
        fail(&error.help(help).to_string());
    }
}

/// The cross-entropy of yes and no of probabilities, the mean over all elements: `-t ln p - (1 - t) ln (1 - p)`.
///
/// Prefer [`bce_with_logits`]: near 0 and 1 a probability has lost what the loss is made of. As in PyTorch, logarithms are not
/// below -100, and the derivative `(p - t) / (p (1 - p))` not divided by less than 1e-12.
///
/// ```
/// use nn::{bce, Tensor};
/// let loss = bce(&Tensor::from([0.5, 1.0]), &Tensor::from([1.0, 1.0]));
/// assert!((loss.item() - 2.0_f64.ln() / 2.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or a prediction or a target is no number from 0 to 1.
#[doc(alias("BCELoss", "binary_cross_entropy"))]
#[track_caller]
pub fn bce<T: Scalar>(probabilities: &Tensor<T>, targets: &Tensor<T>) -> Tensor<T> {
    let loss = mean_of("bce", Bce, probabilities, targets);
    let before = "`bce_with_logits` takes outputs as they are, before a sigmoid makes probabilities of them";
    must_be_probabilities("bce", "prediction", before, probabilities);
    must_be_probabilities("bce", "target", OF_YES, targets);
    loss
}

/// The cross-entropy of yes and no of a probability, of one element: [`bce`] is its mean.
///
/// ```
/// use nn::{Bce, Pointwise, Tensor};
/// let probabilities = Tensor::from([0.25_f64, 0.0]).requires_grad();
/// let losses = Bce.apply([&probabilities, &Tensor::from([1.0, 1.0])]);
/// assert_eq!(losses.to_vec(), [4.0_f64.ln(), 100.0]); // and not infinity
/// assert_eq!(losses.sum().backward()[&probabilities].at([0]), -4.0); // -1 / p
/// ```
#[derive(Debug)]
pub struct Bce;

/// `ln p`, but at least -100.
#[inline(always)]
fn log<T: Scalar, A: Algebra<T>>(p: A) -> A {
    let (log, least) = (p.ln(), || A::number(-100.0));
    (log.clone() - least()).if_positive(log, least())
}

/// `p (1 - p)`, but at least 1e-12.
#[inline(always)]
fn variance<T: Scalar, A: Algebra<T>>(p: A) -> A {
    let (variance, least) = (p.clone() * (A::one() - p), || A::number(1e-12));
    (variance.clone() - least()).if_positive(variance, least())
}

/// `ln (1 - p) - ln p`, the derivative of [`Bce`] by the target, with logarithms of at least -100.
///
/// A function by itself, for its derivative: that of the formula would be infinite, or NaN, where `p` is 0 or 1, while that of the
/// derivative by `p` by the target is `-1 / (p (1 - p))` with its bound. Second derivatives are the same in both orders.
#[derive(Clone, Debug)]
struct Odds;

impl<T: Scalar> Primitive<T, 1> for Odds {
    #[inline(always)]
    fn value(&self, [p]: [T; 1]) -> T {
        let log = |p: T| {
            let (log, least) = (p.ln(), T::of(-100.0));
            if log < least { least } else { log }
        };
        log(T::one() - p) - log(p)
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [p]: [A; 1], _: A) -> A {
        -A::one() / variance(p)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

impl<T: Scalar> Pointwise<T, 2> for Bce {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [p, t]: [A; 2]) -> A {
        let no = A::one() - t.clone();
        -(t * log(p.clone()) + no * log(A::one() - p))
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [p, t]: [A; 2], _: A) -> A {
        if i == 0 { (p.clone() - t) / variance(p) } else { Odds.f([p]) }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::x(1) } else { Keeps::x(0) }
    }
}
