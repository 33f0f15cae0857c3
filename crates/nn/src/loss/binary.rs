//! Losses of yes and no: of logits, and of probabilities.

use super::mean_of;
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
    must_be_probabilities("bce_with_logits", "target", targets);
    loss
}

/// The cross-entropy of yes and no, of one element: [`bce_with_logits`] is its mean.
///
/// Written with the softplus `s`, as `t s(-x) + (1 - t) s(x)`, it never subtracts numbers that are nearly equal. Its derivative
/// by the logit is `(1 - t) σ(x) - t σ(-x) = σ(x) - t`, that by the target `-x`.
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

/// Each element must be a number from 0 to 1.
#[track_caller]
fn must_be_probabilities<T: Scalar>(loss: &str, name: &str, x: &Tensor<T>) {
    let no_probability = |x: &T| !(T::zero()..=T::one()).contains(x);
    if let Some(place) = x.array().view().contiguous().iter().position(no_probability) {
        let value = x.array().view().contiguous()[place];
        let help = match name {
            "prediction" => {
                "`bce_with_logits` takes outputs as they are, before a sigmoid makes probabilities of them"
            }
            _ => "it is the probability of yes: 0, 1 or between",
        };
        let problem = format!("{loss}: {name} {place} is {value}, which is no probability from 0 to 1");
        let error =
            ShapeError::new(problem).operand(format!("{name}s"), x.shape(), "counted in row-major order");
        panic!("{}", error.help(help));
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
    must_be_probabilities("bce", "prediction", probabilities);
    must_be_probabilities("bce", "target", targets);
    loss
}

/// The cross-entropy of yes and no of a probability, of one element: [`bce`] is its mean.
#[derive(Debug)]
pub struct Bce;

/// `ln p`, but at least -100.
#[inline(always)]
fn log<T: Scalar, A: Algebra<T>>(p: A) -> A {
    let (log, least) = (p.ln(), || A::number(-100.0));
    (log.clone() - least()).if_positive(log, least())
}

impl<T: Scalar> Pointwise<T, 2> for Bce {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [p, t]: [A; 2]) -> A {
        let no = A::one() - t.clone();
        -(t * log(p.clone()) + no * log(A::one() - p))
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [p, t]: [A; 2], _: A) -> A {
        if i == 1 {
            return log(A::one() - p.clone()) - log(p);
        }
        let (both, least) = (p.clone() * (A::one() - p.clone()), || A::number(1e-12));
        (p - t) / (both.clone() - least()).if_positive(both, least())
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::x(1) } else { Keeps::x(0) }
    }
}
