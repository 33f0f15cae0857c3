//! Proof that an operator's gradient is right: random cases, and laws that must hold in each.
//!
//! A gradient is a claim about a function, and the function itself is the judge. With `L(x) = <dy, f(x)>` for a random
//! cotangent `dy`, the derivative along a random direction `u` is both
//!
//! ```text
//! <∇L(x), u>    and    (L(x + h u) - L(x - h u)) / 2h + O(h²) ,
//! ```
//!
//! the first by the operator's `backward`, the second by its `forward` alone. The cotangent is random because one of
//! ones forgives much: the gradient of a sum of a softmax is 0, and so is its wrong sign. In `f64` with `h = 1e-5`
//! the two agree to nine digits, and are asked to agree to `1e-8 + 1e-6 |v|`.
//!
//! The second order is the same question about another function: the gradient itself, as a function of the inputs and
//! the cotangent.
//!
//! # What a failure says
//! Which law was broken, by which element of which input, both numbers, the smallest shapes and layouts that show it,
//! and the seed. Cases are drawn by proptest from a fixed seed, so that a test does the same every time; its variables
//! `PROPTEST_CASES=1024` and `PROPTEST_RNG_SEED=7` ask for more cases and for others.

mod cases;
mod differences;
mod function;
mod laws;

pub use cases::Cases;

use self::function::Function;
use crate::op::Op;
use crate::tensor::Tensor;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};
use std::array::from_fn;
use std::sync::Arc;

/// Nothing, or what is wrong.
type Verdict = Result<(), String>;

/// Proves an operator whose inputs broadcast together, at values of either sign away from 0.
///
/// ```
/// use autograd::{Map, Routine, check, ops::{Add, Sigmoid}};
/// check(Add);
/// check(Map(Routine(Sigmoid)));
/// ```
///
/// # Panics
/// If one of the laws of [`check_with`] does not hold.
#[doc(alias("gradcheck", "gradgradcheck"))]
#[track_caller]
pub fn check<O: Op<f64, N>, const N: usize>(op: O) {
    check_with(op, Cases::default());
}

/// Proves an operator on cases of a certain kind: other shapes, or a domain of its own.
///
/// In every case:
/// - a call is repeatable to the bit, and what its memory held before does not show;
/// - each gradient has its input's shape, and equals central differences;
/// - a recorded backward pass gives the same gradient;
/// - inputs and cotangent may lie in memory in any layout;
/// - inputs that are not tracked change no other gradient, and `keeps` suffices for every choice of them;
/// - a tensor given twice gets the sum of both gradients;
/// - the second derivative equals central differences of the gradient.
///
/// ```
/// use autograd::{Cases, Map, check_with, ops::{Ln, Matmul}};
/// check_with(Map(Ln), Cases::default().range(0.5, 3.0));
/// check_with(Matmul, Cases::shapes(["..mk", "..kn"]));
/// ```
///
/// # Panics
/// If one of these laws does not hold.
#[track_caller]
pub fn check_with<O: Op<f64, N>, const N: usize>(op: O, cases: Cases<N>) {
    let op = Arc::new(op);
    run(&op.name(), &|x| op.clone().apply(from_fn(|i| x[i])), &cases);
}

/// Proves the gradient of any function of tensors, by the same laws: a composition, a network, or an
/// [`AnyOp`](crate::AnyOp).
///
/// ```
/// use autograd::{Cases, Tensor, check_fn};
/// check_fn(|[x]| x.transpose(0, -1), Cases::shapes(["..abc"]));
/// check_fn(|[a, b]| Tensor::concat(&[a, b], 0), Cases::shapes(["an", "bn"]));
/// ```
///
/// # Panics
/// If a law does not hold.
#[track_caller]
pub fn check_fn<const N: usize>(f: impl Fn([&Tensor<f64>; N]) -> Tensor<f64>, cases: Cases<N>) {
    run(std::any::type_name_of_val(&f), &|x| f(from_fn(|i| x[i])), &cases);
}

#[track_caller]
fn run<const N: usize>(name: &str, f: Function<'_>, cases: &Cases<N>) {
    let outcome = TestRunner::new(cases.config()).run(&cases.strategy(), |case| {
        laws::hold(f, &case, &|i, rng| cases.draw(i, rng)).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{name}: no cases to check: {reason}"),
        Err(TestError::Fail(reason, case)) => {
            let seed = cases.chosen_seed();
            panic!("{name}: {reason}\n{case}\n  cases from seed {seed}; `PROPTEST_RNG_SEED` sets another")
        }
    }
}
