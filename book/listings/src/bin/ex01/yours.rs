//! Exercise 1: yours to change.

// ANCHOR: slope
/// The slope of `f` at `x`, by a nudge to the right.
pub(crate) fn slope(f: fn(f64) -> f64, x: f64, nudge: f64) -> f64 {
    (f(x + nudge) - f(x)) / nudge
}
// ANCHOR_END: slope
