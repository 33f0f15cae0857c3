//! Schedules: the learning rate as a function of time.
//!
//! A schedule is a pure function: of the rate that training began with, it gives the share at time `t`, counted from 0 in epochs or in
//! steps, whichever one likes. It remembers nothing, so nothing has to be saved with it. What reacts to the loss is
//! [`Plateau`](crate::Plateau).

mod cosine;
mod decay;

pub use cosine::{Cosine, OneCycle, WarmRestarts};
pub use decay::{Exponential, InverseRoot, Line, Milestones, Polynomial, StepDecay, Warmup};

use std::fmt;

/// The learning rate over time.
///
/// ```
/// use nn::{Cosine, Exponential, Schedule, Warmup};
/// // Five epochs up, then down for thirty-five.
/// let schedule = Warmup::new(5).then(5, Cosine::new(35));
/// assert_eq!([0, 1, 5, 40].map(|t| (schedule.share(t) * 1e3).round() / 1e3), [0.2, 0.4, 1.0, 0.0]);
/// // The same, and a tenth less at each time.
/// assert!((schedule.times(Exponential::new(0.9)).share(1) - 0.4 * 0.9).abs() < 1e-12);
/// ```
///
/// A closure from `u64` to `f64` is one, too: `|t: u64| 1.0 / (1.0 + t as f64)`.
#[doc(alias("lr_scheduler", "LRScheduler"))]
pub trait Schedule: Send + Sync {
    /// What the first rate is multiplied by at time `t`, counted from 0.
    fn share(&self, t: u64) -> f64;

    /// This one before the time `at`, and then the other, whose time begins there.
    fn then<S: Schedule>(self, at: u64, next: S) -> Then<Self, S>
    where
        Self: Sized,
    {
        Then { first: self, at, next }
    }

    /// The product of both.
    fn times<S: Schedule>(self, other: S) -> Times<Self, S>
    where
        Self: Sized,
    {
        Times(self, other)
    }
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for F {
    fn share(&self, t: u64) -> f64 {
        self(t)
    }
}

/// Two schedules one after the other: [`Schedule::then`].
///
/// ```
/// use nn::{Line, Schedule, Warmup};
/// let schedule = Warmup::new(2).then(2, Line::new(4));
/// assert_eq!([0, 1, 2, 4, 6].map(|t| schedule.share(t)), [0.5, 1.0, 1.0, 0.5, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Then<A, B> {
    first: A,
    at: u64,
    next: B,
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn share(&self, t: u64) -> f64 {
        t.checked_sub(self.at).map_or_else(|| self.first.share(t), |t| self.next.share(t))
    }
}

/// The product of two schedules: [`Schedule::times`].
///
/// ```
/// use nn::{Exponential, Schedule, Warmup};
/// let schedule = Warmup::new(2).times(Exponential::new(0.5));
/// assert_eq!([0, 1, 2].map(|t| schedule.share(t)), [0.5, 0.5, 0.25]);
/// ```
#[derive(Clone, Debug)]
pub struct Times<A, B>(A, B);

impl<A: Schedule, B: Schedule> Schedule for Times<A, B> {
    fn share(&self, t: u64) -> f64 {
        self.0.share(t) * self.1.share(t)
    }
}

/// How much of a stretch is over, from 0 to 1.
fn progress(t: u64, length: u64) -> f64 {
    if t >= length { 1.0 } else { t as f64 / length as f64 }
}

impl fmt::Debug for dyn Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule beginning with {}", self.share(0))
    }
}
