//! Exercise 1: an answer.

// ANCHOR: slope
/// The slope of `f` at `x`, by a nudge to each side: the error that is proportional to
/// the nudge has opposite signs on the two sides, and cancels.
pub(crate) fn slope(f: fn(f64) -> f64, x: f64, nudge: f64) -> f64 {
    (f(x + nudge) - f(x - nudge)) / (2.0 * nudge)
}
// ANCHOR_END: slope
