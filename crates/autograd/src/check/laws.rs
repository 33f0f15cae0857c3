//! The laws that every gradient obeys, each tried on one case.

use super::Function;
use super::cases::Case;
use crate::array::Array;
use crate::backward::{GradError, try_grad};
use crate::rng::Rng;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Nothing, or what is wrong.
type Verdict = Result<(), String>;

/// Tries every law; an `Err` says which one does not hold, and where.
pub(super) fn hold(f: Function<'_>, case: &Case, draw: &dyn Fn(usize, &mut Rng) -> f64) -> Verdict {
    let trial = law("it can be called", || Ok(Trial::new(f, case, draw)))?;
    law("a call is repeatable to the bit, whatever its memory held before", || trial.repeats())?;
    law("the gradient equals central differences", || trial.first_order())?;
    law("a recorded backward pass gives the same gradient", || trial.recorded_equals_plain())?;
    law("inputs and cotangent may lie in any layout", || trial.any_layout())?;
    law("inputs that are not tracked change no other gradient, and `keeps` suffices", || {
        trial.any_tracked()
    })?;
    law("a tensor given twice gets the sum of both gradients", || trial.given_twice())?;
    law("the second derivative equals central differences of the gradient", || trial.second_order())
}

/// Names the law that was broken; a panic breaks it, too.
fn law<R>(name: &str, attempt: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    let outcome = catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    });
    outcome.map_err(|what| format!("it does not hold that {name}\n  {what}"))
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
        let dx = gradients(f, &x, &dy, Pass::Plain, |_| true);
        Trial { f, arranged, x, arranged_dy, dy, y, dx, rng }
    }

    /// Twice the same call, and once more on memory that held something else: an element that is left unwritten, or
    /// added to, shows what was there.
    fn repeats(&self) -> Verdict {
        let on_memory_of = |value| {
            spoil_memory(self.x.iter().map(Tensor::size).chain([self.y.size()]), value);
            let (y, dx) = evaluate(self.f, &self.x, &self.dy, Pass::Plain, |_| true);
            [vec![y], dx].concat()
        };
        let (first, again, other) = (on_memory_of(f64::NAN), on_memory_of(f64::NAN), on_memory_of(0.5));
        let parts =
            |i: usize| if i == 0 { "the value".into() } else { format!("the gradient of input {}", i - 1) };
        for (i, ((first, again), other)) in first.iter().zip(&again).zip(&other).enumerate() {
            let differ = |a: &Tensor<f64>, b: &Tensor<f64>| {
                let pairs = a.to_vec().into_iter().zip(b.to_vec());
                pairs.enumerate().find(|(_, (a, b))| a.to_bits() != b.to_bits())
            };
            if let Some((e, (a, b))) = differ(first, again) {
                let at = index(e, first.shape());
                return Err(format!("{} at {at} is {a:e} in one call and {b:e} in the next", parts(i)));
            }
            if let Some((e, (a, b))) = differ(first, other) {
                let at = index(e, first.shape());
                return Err(format!(
                    "{} at {at} is {a:e} on memory that held NaN and {b:e} on memory that held 0.5: `forward` must write every element and read none",
                    parts(i)
                ));
            }
        }
        Ok(())
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

    /// The first law again, for the function `(x, dy) ↦ Σ <w_i, dx_i>`, the gradient projected on random directions.
    fn second_order(&self) -> Verdict {
        let mut rng = self.rng.clone();
        let w: Vec<_> = self.x.iter().map(|x| normal(x.shape(), &mut rng)).collect();
        let projected_gradient = |x: &[&Tensor<f64>]| {
            let leaves: Vec<_> = x.iter().map(|&x| x.clone().requires_grad()).collect();
            let (dy, x) = leaves.split_last().expect("at least the cotangent");
            let root = (call(self.f, x) * dy).sum();
            let terms = x.iter().zip(&w).filter_map(|(x, w)| Some((recorded(&root, x)? * w).sum()));
            terms.fold(Tensor::scalar(0.0), |sum, term| sum + term)
        };
        let x = [&self.x[..], std::slice::from_ref(&self.dy)].concat();
        derivative(&projected_gradient, &x, &mut rng)
            .map_err(|what| format!("{what} (of second order; input {} is the cotangent)", self.x.len()))
    }
}

/// How a gradient is computed.
#[derive(Clone, Copy)]
enum Pass {
    /// By `backward`, which takes the fast ways.
    Plain,
    /// By `grad`, in tensors.
    Recorded,
}

/// The gradients of `<dy, f(x)>` with respect to the tracked inputs, zero where `f` does not depend on one: that it
/// truly does not is for the differences to say.
///
/// # Panics
/// If a gradient has not the shape of its input.
fn gradients(
    f: Function<'_>,
    x: &[Tensor<f64>],
    dy: &Tensor<f64>,
    pass: Pass,
    is_tracked: impl Fn(usize) -> bool,
) -> Vec<Tensor<f64>> {
    evaluate(f, x, dy, pass, is_tracked).1
}

/// The value, and the [`gradients`].
fn evaluate(
    f: Function<'_>,
    x: &[Tensor<f64>],
    dy: &Tensor<f64>,
    pass: Pass,
    is_tracked: impl Fn(usize) -> bool,
) -> (Tensor<f64>, Vec<Tensor<f64>>) {
    let leaf = |(i, x): (usize, &Tensor<f64>)| {
        if is_tracked(i) { x.detach().requires_grad() } else { x.detach() }
    };
    let x: Vec<_> = x.iter().enumerate().map(leaf).collect();
    let y = call(f, &x);
    let value = contiguous(&y);
    let found: Vec<_> = match pass {
        _ if !y.is_tracked() => vec![None; x.len()],
        Pass::Plain => {
            let grads = y.backward_from(dy);
            x.iter().map(|x| grads.get(x).cloned()).collect()
        }
        Pass::Recorded => {
            let root = (y * dy).sum();
            let targets = x.iter().enumerate();
            targets.map(|(i, x)| recorded(&root, x).filter(|_| is_tracked(i))).collect()
        }
    };
    let gradient = |(i, (dx, x)): (usize, (Option<Tensor<f64>>, &Tensor<f64>))| {
        let dx = dx.unwrap_or_else(|| Tensor::zeros(x.shape()));
        assert_eq!(dx.shape(), x.shape(), "the gradient of input {i} has not the input's shape");
        dx.detach()
    };
    (value, found.into_iter().zip(&x).enumerate().map(gradient).collect())
}

/// The recorded gradient of `root`, unless it does not depend on `x`.
fn recorded(root: &Tensor<f64>, x: &Tensor<f64>) -> Option<Tensor<f64>> {
    match try_grad(root, [x]) {
        Ok([dx]) => Some(dx),
        Err(GradError::Unused(_) | GradError::Untracked(_) | GradError::ConstantRoot) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Compares the gradient of `<dy, f(x)>` with differences along random directions, for random `dy`; and, where there
/// are few elements, the whole Jacobian.
fn derivative(f: Function<'_>, x: &[Tensor<f64>], rng: &mut Rng) -> Verdict {
    let y = call(f, x);
    for _ in 0..3 {
        let dy = normal(y.shape(), rng);
        let dx = gradients(f, x, &dy, Pass::Plain, |_| true);
        for i in 0..x.len() {
            let along = Direction { f, x, i, u: normal(x[i].shape(), rng).to_vec() };
            if let Err((found, expected)) = along.agrees(&dx[i], &dy) {
                every_element(f, x, &dx, &dy)?;
                return Err(format!(
                    "the gradient of input {i} along a random direction: {found:e} by backward, {expected:e} by differences"
                ));
            }
        }
    }
    let elements: usize = x.iter().map(Tensor::size).sum();
    if elements + y.size() <= 24 {
        for e in 0..y.size() {
            let dy = unit(e, y.shape());
            let dx = gradients(f, x, &dy, Pass::Plain, |_| true);
            let of = |what| format!("{what}, of output {}", index(e, y.shape()));
            every_element(f, x, &dx, &dy).map_err(of)?;
        }
    }
    Ok(())
}

/// Compares the gradient with differences along each axis of the space of inputs.
fn every_element(f: Function<'_>, x: &[Tensor<f64>], dx: &[Tensor<f64>], dy: &Tensor<f64>) -> Verdict {
    for i in 0..x.len() {
        for e in 0..x[i].size() {
            let along = Direction { f, x, i, u: unit(e, x[i].shape()).to_vec() };
            along.agrees(&dx[i], dy).map_err(|(found, expected)| {
                let at = index(e, x[i].shape());
                let hint = if found.is_nan() && !expected.is_nan() { "; does `keeps` list all that it reads?" } else { "" };
                format!("the gradient of input {i} at {at}: {found:e} by backward, {expected:e} by differences{hint}")
            })?;
        }
    }
    Ok(())
}

/// A direction `u` in which input `i` of a function is moved.
struct Direction<'a> {
    f: Function<'a>,
    x: &'a [Tensor<f64>],
    i: usize,
    u: Vec<f64>,
}

impl Direction<'_> {
    /// Whether the gradient says what differences say: two points close by, or else, where a high derivative or
    /// cancellation spoils those, four points further away (errors of order h² and h⁴).
    fn agrees(&self, dx: &Tensor<f64>, dy: &Tensor<f64>) -> Result<(), (f64, f64)> {
        let (found, expected) = self.two_points(1e-5, dx, dy);
        if near(found, expected) {
            return Ok(());
        }
        let ((_, close), (exact, far)) = (self.two_points(2e-4, dx, dy), self.two_points(4e-4, dx, dy));
        if near(exact, (4.0 * close - far) / 3.0) { Ok(()) } else { Err((found, expected)) }
    }

    /// The derivative of `<dy, f(x)>` along `u`, by the gradient and by the central difference of step `h`. Each step
    /// is relative to the element, and taken as it is represented.
    fn two_points(&self, h: f64, dx: &Tensor<f64>, dy: &Tensor<f64>) -> (f64, f64) {
        let x = self.x[self.i].to_vec();
        let moved = |sign: f64| {
            let step = |(x, u): (&f64, &f64)| x + sign * h * x.abs().max(1.0) * u;
            x.iter().zip(&self.u).map(step).collect::<Vec<f64>>()
        };
        let (ahead, behind) = (moved(1.0), moved(-1.0));
        let at = |x: &[f64]| {
            let mut inputs = self.x.to_vec();
            inputs[self.i] = Tensor::build(self.x[self.i].shape(), |to| to.copy_from_slice(x));
            call(self.f, &inputs).to_vec()
        };
        let along = |weights: &Tensor<f64>, ahead: &[f64], behind: &[f64]| {
            let differences = ahead.iter().zip(behind).map(|(a, b)| a - b);
            weights.to_vec().iter().zip(differences).map(|(w, d)| w * d).sum::<f64>() / (2.0 * h)
        };
        (along(dx, &ahead, &behind), along(dy, &at(&ahead), &at(&behind)))
    }
}

/// The tolerance of differences. There is no floor of 1: a gradient that vanishes must vanish.
fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-8 + 1e-6 * expected.abs()
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
        Some(e) => Err(format!("{what} at {} is {:e}, {other} {:e}", index(e, a.shape()), left[e], right[e])),
        None => Ok(()),
    }
}

fn all_agree(what: &str, a: &[Tensor<f64>], other: &str, b: &[Tensor<f64>]) -> Verdict {
    let mut pairs = a.iter().zip(b).enumerate();
    pairs.try_for_each(|(i, (a, b))| agree(&format!("the gradient of input {i} {what}"), a, other, b))
}

fn call(f: Function<'_>, x: &[Tensor<f64>]) -> Tensor<f64> {
    f(&x.iter().collect::<Vec<_>>())
}

fn contiguous(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::build(x.shape(), |y| y.copy_from_slice(&x.to_vec()))
}

fn normal(shape: &Shape, rng: &mut Rng) -> Tensor<f64> {
    Tensor::normal(shape, 0.0, 1.0, rng)
}

fn unit(e: usize, shape: &Shape) -> Tensor<f64> {
    Tensor::build(shape, |y| y.iter_mut().enumerate().for_each(|(i, y)| *y = f64::from(u8::from(i == e))))
}

/// Fills idle memory of these sizes with `value`: the next buffers are made of it.
fn spoil_memory(sizes: impl IntoIterator<Item = usize>, value: f64) {
    for size in sizes {
        let held: Vec<_> = (0..4).map(|_| Array::build([size], |y| y.fill(value))).collect();
        drop(held);
    }
}

/// The index of element `e`, counted in row-major order.
fn index(mut e: usize, shape: &Shape) -> String {
    let mut index = vec![0; shape.rank()];
    for (axis, &size) in shape.dims().iter().enumerate().rev() {
        (index[axis], e) = (e % size, e / size);
    }
    format!("{index:?}")
}
