//! A gradient against central differences of the function it is the gradient of.

use super::Verdict;
use super::function::{Function, Pass, call, gradients};
use crate::rng::Rng;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Compares the gradient of `<dy, f(x)>` with differences along random directions, for random `dy`; and, where there
/// are few elements, the whole Jacobian.
pub(super) fn derivative(f: Function<'_>, x: &[Tensor<f64>], rng: &mut Rng) -> Verdict {
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
            let of = |what| format!("{what}, of output {:?}", y.shape().index_of(e));
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
                let at = x[i].shape().index_of(e);
                let hint = if found.is_nan() && !expected.is_nan() { "; does `keeps` list all that it reads?" } else { "" };
                format!("the gradient of input {i} at {at:?}: {found:e} by backward, {expected:e} by differences{hint}")
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

pub(super) fn normal(shape: &Shape, rng: &mut Rng) -> Tensor<f64> {
    Tensor::normal(shape, 0.0, 1.0, rng)
}

fn unit(e: usize, shape: &Shape) -> Tensor<f64> {
    Tensor::build(shape, |y| y.iter_mut().enumerate().for_each(|(i, y)| *y = f64::from(u8::from(i == e))))
}
