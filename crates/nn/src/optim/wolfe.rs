//! The search for a step along a direction, until it satisfies Wolfe's strong conditions.
//!
//! Along the line `φ(t) = f(x + t d)`, with `φ'(0) < 0`, a step `t` is long enough and not too long if
//! ```text
//! φ(t) ≤ φ(0) + c₁ t φ'(0)        the loss has fallen by its share of what the slope promised
//! |φ'(t)| ≤ c₂ |φ'(0)|            and the slope is much flatter
//! ```
//! First the step grows until such a point lies before it; then the interval shrinks around one. Each trial is at the lowest point of the
//! cubic through values and slopes at two points (J. Nocedal and S. Wright, "Numerical Optimization", algorithms 3.5 and 3.6, with the
//! safeguards of M. Schmidt's minFunc that PyTorch took over).

use autograd::{Scalar, Tensor};

/// What the loss has to fall by, as a share of what the slope promises.
const FALL: f64 = 1e-4;
/// How steep the slope may still be, as a share of that at the start.
const FLAT: f64 = 0.9;

/// A point on the line.
#[derive(Clone, Debug)]
pub(super) struct Point<T: Scalar> {
    /// The step to it.
    pub t: f64,
    /// The loss there.
    pub loss: f64,
    /// How the loss changes with the step.
    pub slope: f64,
    /// The gradient of the loss, by all parameters.
    pub gradient: Tensor<T>,
}

impl<T: Scalar> Point<T> {
    /// Whether loss and gradient are numbers to go on with.
    pub(super) fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.gradient.norm(f64::INFINITY).item().is_finite()
    }
}

/// When to give up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The largest element of the direction.
    pub reach: f64,
    /// How far the parameters may still be from each other at the ends of the interval.
    pub tolerance: f64,
    /// How many points may be evaluated after the first.
    pub evaluations: usize,
}

/// A point that satisfies the conditions, or the lowest that was found. The first trial is at `t`. A loss that is no number counts as
/// infinite.
pub(super) fn strong_wolfe<T: Scalar>(
    start: &Point<T>,
    t: f64,
    limits: Limits,
    evaluate: &mut dyn FnMut(f64) -> Point<T>,
) -> Point<T> {
    let evaluate = &mut |t| {
        let point = evaluate(t);
        Point { loss: if point.loss.is_nan() { f64::INFINITY } else { point.loss }, ..point }
    };
    let falls_short = |point: &Point<T>| point.loss > start.loss + FALL * point.t * start.slope;
    let is_flat = |point: &Point<T>| point.slope.abs() <= -FLAT * start.slope;

    // The step grows.
    let (mut previous, mut point) = (start.clone(), evaluate(t));
    let mut trials = 0;
    let mut bracket = loop {
        if trials == limits.evaluations {
            break [start.clone(), point];
        }
        if falls_short(&point) || trials > 1 && point.loss >= previous.loss {
            break [previous, point];
        }
        if is_flat(&point) {
            return point;
        }
        if point.slope >= 0.0 {
            break [previous, point];
        }
        let bounds = [point.t + 0.01 * (point.t - previous.t), 10.0 * point.t];
        let next = evaluate(lowest_of_cubic(&previous, &point, bounds));
        (previous, point) = (point, next);
        trials += 1;
    };

    // The interval shrinks.
    let lower = |bracket: &[Point<T>; 2]| usize::from(bracket[0].loss > bracket[1].loss);
    let mut low = lower(&bracket);
    let mut near_an_end = false;
    while trials < limits.evaluations {
        let [least, most] = ends(&bracket);
        if (most - least) * limits.reach < limits.tolerance {
            break;
        }
        let mut t = lowest_of_cubic(&bracket[0], &bracket[1], [least, most]);
        // A trial next to an end tells little: at the end itself, or for the second time, it keeps a distance.
        let distance = 0.1 * (most - least);
        let is_near = (most - t).min(t - least) < distance;
        if is_near && (near_an_end || t >= most || t <= least) {
            t = if (t - most).abs() < (t - least).abs() { most - distance } else { least + distance };
            near_an_end = false;
        } else {
            near_an_end = is_near;
        }
        let point = evaluate(t);
        trials += 1;
        if falls_short(&point) || point.loss >= bracket[low].loss {
            bracket[1 - low] = point;
            low = lower(&bracket);
            continue;
        }
        let done = is_flat(&point);
        if !done && point.slope * (bracket[1 - low].t - bracket[low].t) >= 0.0 {
            bracket[1 - low] = bracket[low].clone();
        }
        bracket[low] = point;
        if done {
            break;
        }
    }
    let [first, second] = bracket;
    if low == 0 { first } else { second }
}

/// The ends of the interval, in order.
fn ends<T: Scalar>([a, b]: &[Point<T>; 2]) -> [f64; 2] {
    [a.t.min(b.t), a.t.max(b.t)]
}

/// Where between the bounds the cubic is lowest that has the values and slopes of two points; in the middle if it has no minimum.
fn lowest_of_cubic<T: Scalar>(a: &Point<T>, b: &Point<T>, [least, most]: [f64; 2]) -> f64 {
    let (a, b) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = square.sqrt();
        let t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
        t.max(least).min(most)
    } else {
        (least + most) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches along the line from 0, and gives the step, whether it satisfies the conditions, and the number of evaluations.
    fn search(line: impl Fn(f64) -> (f64, f64), t: f64, evaluations: usize) -> (f64, bool, usize) {
        let mut calls = 0;
        let point = |t| {
            let (loss, slope) = line(t);
            Point { t, loss, slope, gradient: Tensor::<f64>::scalar(slope) }
        };
        let start = point(0.0);
        let limits = Limits { reach: 1.0, tolerance: 1e-9, evaluations };
        let end = strong_wolfe(&start, t, limits, &mut |t| {
            calls += 1;
            point(t)
        });
        assert_eq!((end.loss, end.slope, end.gradient.item()), (line(end.t).0, line(end.t).1, line(end.t).1));
        let holds =
            end.loss <= start.loss + FALL * end.t * start.slope && end.slope.abs() <= -FLAT * start.slope;
        (end.t, holds, calls)
    }

    #[test]
    fn the_conditions_hold_wherever_the_search_begins() {
        type Line = fn(f64) -> (f64, f64);
        let lines: [(&str, Line); 3] = [
            ("a parabola", |t| ((t - 1.0).powi(2), 2.0 * (t - 1.0))),
            ("a narrow valley", |t| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2))),
            ("an exponential", |t| ((t - 3.0).exp() - t, (t - 3.0).exp() - 1.0)),
        ];
        for (name, line) in lines {
            for t in [1e-3, 0.1, 0.5, 1.0, 3.0, 10.0, 100.0] {
                let (found, holds, calls) = search(line, t, 25);
                assert!(holds && calls < 26, "{name} from {t}: {found} after {calls}");
            }
        }
    }

    /// The cubic through values and slopes of a cubic is itself: its minimum is found at once.
    #[test]
    fn the_minimum_of_a_cubic_is_exact() {
        let point = |t: f64| {
            let (loss, slope) = (t.powi(3) - 3.0 * t, 3.0 * t * t - 3.0);
            Point { t, loss, slope, gradient: Tensor::<f64>::scalar(0.0) }
        };
        for [a, b] in [[0.0, 3.0], [3.0, 0.0], [0.5, 1.25], [0.0, 0.5]] {
            let t = lowest_of_cubic(&point(a), &point(b), [-5.0, 5.0]);
            assert!((t - 1.0).abs() < 1e-14, "{t} between {a} and {b}");
        }
        assert_eq!(lowest_of_cubic(&point(0.0), &point(3.0), [1.5, 2.0]), 1.5);
        assert_eq!(lowest_of_cubic(&point(0.0), &point(3.0), [0.0, 0.5]), 0.5);
    }

    #[test]
    fn a_wall_beyond_which_there_is_no_loss_is_kept_away_from() {
        for beyond in [f64::NAN, f64::INFINITY] {
            let line =
                |t: f64| if t < 1.5 { ((t - 1.0).powi(2), 2.0 * (t - 1.0)) } else { (beyond, f64::NAN) };
            let (t, holds, _) = search(line, 100.0, 25);
            assert!(holds && t < 1.5, "{t}");
        }
    }

    #[test]
    fn no_more_points_are_evaluated_than_allowed() {
        let falling = |t: f64| (-t, -1.0);
        for most in 0..5 {
            let (t, _, calls) = search(falling, 1.0, most);
            assert_eq!((t, calls), (10.0_f64.powi(most as i32), most + 1));
        }
    }
}
