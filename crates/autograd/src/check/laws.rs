//! The laws that every gradient obeys, each tried on one case.

use super::Verdict;
use super::cases::Case;
use super::differences::{derivative, normal};
use super::function::{Function, Pass, call, contiguous, evaluate, gradients, recorded};
use crate::array::Array;
use crate::rng::Rng;
use crate::tensor::Tensor;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Tries every law; an `Err` says which one does not hold, and where.
pub(super) fn hold(f: Function<'_>, case: &Case, draw: &dyn Fn(usize, &mut Rng) -> f64) -> Verdict {
    let mut trial = law("it takes inputs of these shapes", || Ok(Trial::new(f, case, draw)))
        .map_err(|what| what + "\n  help: if they do not suit it, say which do: `check_with(op, Cases::shapes([\"mk\", \"kn\"]))`")?;
    trial.dx = law("its gradient can be worked out", || {
        Ok(gradients(f, &trial.x, &trial.dy, Pass::Plain, |_| true))
    })
    .map_err(cure("`backward` is called with inputs, and a cotangent, of these shapes"))?;
    law("a call is repeatable to the bit, whatever its memory held before", || trial.repeats())
        .map_err(cure("`forward` writes every element of `y`, and reads none of them before"))?;
    law("the gradient equals central differences", || trial.first_order()).map_err(cure(
        "`backward` is not the derivative of `forward` there; at kinks there is none: `Cases::range` stays away from them",
    ))?;
    law("a recorded backward pass gives the same gradient", || trial.recorded_equals_plain())
        .map_err(cure("`backward` has two ways, by `Call::recorded`, which do not compute the same"))?;
    law("inputs and cotangent may lie in any layout", || trial.any_layout()).map_err(cure(
        "`View::iter`, `map_into` and `contiguous` give elements in row-major order, wherever they lie",
    ))?;
    law("inputs that are not tracked change no other gradient, and `keeps` suffices", || trial.any_tracked())
        .map_err(cure("`keeps(i)` names all that `backward(i)` reads"))?;
    law("a tensor given twice gets the sum of both gradients", || trial.given_twice())
        .map_err(cure("each gradient is that of its own input alone: the engine adds them up"))?;
    law("the second derivative equals central differences of the gradient", || trial.second_order()).map_err(
        cure("`backward` computes in tensors, with `call.x(i)`, `call.y()` and `dy`: what is detached, or a plain number, has no derivative"),
    )
}

/// Adds what can be done, unless what was caught says so itself.
fn cure(help: &str) -> impl Fn(String) -> String + '_ {
    move |what| if what.contains("help: ") { what } else { format!("{what}\n  help: {help}") }
}

/// Names the law that was broken; a panic breaks it, too.
fn law<R>(name: &str, attempt: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    let outcome = quietly(|| catch_unwind(AssertUnwindSafe(attempt))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    });
    outcome.map_err(|what| format!("it does not hold that {name}\n  {what}"))
}

/// Runs `attempt` without a word from the panic hook: what a law catches is told once, at the end, for the smallest case.
fn quietly<R>(attempt: impl FnOnce() -> R) -> R {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = attempt();
    QUIET.set(before);
    result
}

/// One case with its values, and what the function and its gradient are there.
struct Trial<'a> {
    f: Function<'a>,
    /// The inputs as the case arranges them, and the same values contiguous.
    arranged: Vec<Tensor<f64>>,
    x: Vec<Tensor<f64>>,
    /// A cotangent as the case arranges it, and the same values contiguous.
    arranged_dy: Tensor<f64>,
    dy: Tensor<f64>,
    y: Tensor<f64>,
    dx: Vec<Tensor<f64>>,
    /// The state of the random numbers from here on.
    rng: Rng,
}

impl<'a> Trial<'a> {
    fn new(f: Function<'a>, case: &Case, draw: &dyn Fn(usize, &mut Rng) -> f64) -> Self {
        let mut rng = Rng::seed(case.seed);
        let inputs = case.shapes.iter().zip(&case.arrangements).enumerate();
        let arranged: Vec<_> =
            inputs.map(|(i, (shape, how))| how.fill(shape, || draw(i, &mut rng))).collect();
        let x: Vec<_> = arranged.iter().map(contiguous).collect();
        let y = call(f, &x);
        let arranged_dy = case.arrangements[x.len()].fill(y.shape(), || rng.normal());
        let dy = contiguous(&arranged_dy);
        Trial { f, arranged, x, arranged_dy, dy, y, dx: Vec::new(), rng }
    }

    /// Twice the same call, and once more on memory that held something else: an element that is left unwritten, or
    /// added to, shows what was there.
    fn repeats(&self) -> Verdict {
        let on_memory_of = |value| {
            spoil_memory(self.x.iter().map(Tensor::size).chain([self.y.size()]), value);
            let (y, dx) = evaluate(self.f, &self.x, &self.dy, Pass::Plain, |_| true);
            [vec![y], dx].concat()
        };
        let same_bits = |a: &[Tensor<f64>], b: &[Tensor<f64>], where_: &str| {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                let part =
                    if i == 0 { "the value".into() } else { format!("the gradient of input {}", i - 1) };
                let mut pairs = a.to_vec().into_iter().zip(b.to_vec()).enumerate();
                if let Some((e, (once, then))) = pairs.find(|(_, (a, b))| a.to_bits() != b.to_bits()) {
                    return Err(format!(
                        "{part} at {:?} is {once:e}, then {then:e} {where_}",
                        a.shape().index_of(e)
                    ));
                }
            }
            Ok(())
        };
        let on_nan = on_memory_of(f64::NAN);
        same_bits(&on_nan, &on_memory_of(f64::NAN), "in the same call")?;
        let hint = "on memory that held NaN, then 0.5: every element must be written, and none read before";
        same_bits(&on_nan, &on_memory_of(0.5), hint)
    }

    fn first_order(&self) -> Verdict {
        derivative(self.f, &self.x, &mut self.rng.clone())
    }

    fn recorded_equals_plain(&self) -> Verdict {
        let recorded = gradients(self.f, &self.x, &self.dy, Pass::Recorded, |_| true);
        all_agree("recorded", &recorded, "not recorded", &self.dx)
    }

    fn any_layout(&self) -> Verdict {
        agree("the value as arranged", &call(self.f, &self.arranged), "contiguous", &self.y)?;
        for pass in [Pass::Plain, Pass::Recorded] {
            let arranged = gradients(self.f, &self.arranged, &self.arranged_dy, pass, |_| true);
            all_agree("as arranged", &arranged, "contiguous", &self.dx)?;
        }
        Ok(())
    }

    fn any_tracked(&self) -> Verdict {
        for chosen in 1..(1_u32 << self.x.len()) - 1 {
            let is_tracked = |i: usize| chosen >> i & 1 == 1;
            let tracked: Vec<usize> = (0..self.x.len()).filter(|&i| is_tracked(i)).collect();
            for pass in [Pass::Plain, Pass::Recorded] {
                let part = law(&format!("a gradient can be had with inputs {tracked:?} tracked"), || {
                    Ok(gradients(self.f, &self.x, &self.dy, pass, is_tracked))
                })?;
                for &i in &tracked {
                    let what = format!("with inputs {tracked:?} tracked, the gradient of input {i}");
                    agree(&what, &part[i], "with all", &self.dx[i])?;
                }
            }
        }
        Ok(())
    }

    fn given_twice(&self) -> Verdict {
        for j in 1..self.x.len() {
            for i in (0..j).filter(|&i| self.x[i].shape() == self.x[j].shape()) {
                let mut x = self.x.clone();
                x[j] = x[i].clone();
                let apart = gradients(self.f, &x, &self.dy, Pass::Plain, |_| true);
                let shared = |x: &[&Tensor<f64>]| {
                    let mut x = x.to_vec();
                    x[j] = x[i];
                    (self.f)(&x)
                };
                let together = gradients(&shared, &x, &self.dy, Pass::Plain, |_| true);
                let what = format!("the gradient of one tensor as inputs {i} and {j}");
                agree(&what, &together[i], "the sum of two", &(&apart[i] + &apart[j]))?;
            }
        }
        Ok(())
    }

    /// The law of the first order again, for the function `(x, dy) ↦ Σ <w_i, dx_i>`: the gradient projected on random
    /// directions. Where it does not hold, it is tried on each `dx_i` alone, so that the one at fault can be named.
    fn second_order(&self) -> Verdict {
        let Err(of_all) = self.derivative_of(&|_| true) else { return Ok(()) };
        let alone = (0..self.x.len()).find_map(|i| Some((i, self.derivative_of(&|j| i == j).err()?)));
        let (of, what) = match alone {
            Some((i, what)) => (format!(": of the first gradient of input {i}, by `backward({i})`"), what),
            None => (String::new(), of_all),
        };
        Err(format!("{what} (of second order{of}; input {} is the cotangent)", self.x.len()))
    }

    /// The law of the first order, for the sum of `<w_i, dx_i>` over those `i` that are `chosen`.
    fn derivative_of(&self, chosen: &dyn Fn(usize) -> bool) -> Verdict {
        let mut rng = self.rng.clone();
        let w: Vec<_> = self.x.iter().map(|x| normal(x.shape(), &mut rng)).collect();
        let projected_gradient = |x: &[&Tensor<f64>]| {
            let leaves: Vec<_> = x.iter().map(|&x| x.clone().requires_grad()).collect();
            let (dy, x) = leaves.split_last().expect("at least the cotangent");
            let root = (call(self.f, x) * dy).sum();
            let pairs = x.iter().zip(&w).enumerate().filter(|(i, _)| chosen(*i));
            let terms = pairs.filter_map(|(_, (x, w))| Some((recorded(&root, x)? * w).sum()));
            terms.fold(Tensor::scalar(0.0), |sum, term| sum + term)
        };
        let x = [&self.arranged[..], std::slice::from_ref(&self.arranged_dy)].concat();
        derivative(&projected_gradient, &x, &mut rng)
    }
}

/// Two ways to one tensor must agree up to the rounding of its largest elements.
fn agree(what: &str, a: &Tensor<f64>, other: &str, b: &Tensor<f64>) -> Verdict {
    if a.shape() != b.shape() {
        return Err(format!("{what} has shape {}, {other} {}", a.shape(), b.shape()));
    }
    let (left, right) = (a.to_vec(), b.to_vec());
    let largest = left.iter().chain(&right).fold(1.0_f64, |max, x| max.max(x.abs()));
    let same = |a: f64, b: f64| (a - b).abs() <= 1e-12 * largest || a == b || a.is_nan() && b.is_nan();
    match (0..left.len()).find(|&e| !same(left[e], right[e])) {
        Some(e) => {
            let at = a.shape().index_of(e);
            Err(format!("{what} at {at:?} is {:e}, {other} {:e}", left[e], right[e]))
        }
        None => Ok(()),
    }
}

fn all_agree(what: &str, a: &[Tensor<f64>], other: &str, b: &[Tensor<f64>]) -> Verdict {
    let mut pairs = a.iter().zip(b).enumerate();
    pairs.try_for_each(|(i, (a, b))| agree(&format!("the gradient of input {i} {what}"), a, other, b))
}

/// Fills idle memory of these sizes with `value`: the next buffers are made of it.
fn spoil_memory(sizes: impl IntoIterator<Item = usize>, value: f64) {
    for size in sizes {
        let held: Vec<_> = (0..4).map(|_| Array::build([size], |y| y.fill(value))).collect();
        drop(held);
    }
}
