//! Rates that fall, or rise, by a factor or along a line.

use super::{Schedule, progress};

/// `factorᵏ` after `k` times `every`: `StepLR`.
///
/// ```
/// use nn::{Schedule, StepDecay};
/// let schedule = StepDecay::new(30);
/// assert_eq!([29, 30, 59].map(|t| schedule.share(t)), [1.0, 0.1, 0.1]);
/// ```
#[doc(alias = "StepLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct StepDecay {
    /// How long the rate stays, at least 1.
    pub every: u64,
    /// What it is multiplied by then.
    pub factor: f64,
}

impl StepDecay {
    /// A tenth after each stretch of this length.
    ///
    /// # Panics
    /// If the length is 0.
    #[track_caller]
    pub fn new(every: u64) -> Self {
        let schedule = StepDecay { every, factor: 0.1 };
        schedule.must_last();
        schedule
    }

    #[track_caller]
    fn must_last(&self) {
        assert!(
            self.every > 0,
            "StepDecay: expected a length of at least 1, found 0\n  help: `Exponential` falls at each time"
        );
    }
}

impl Schedule for StepDecay {
    fn share(&self, t: u64) -> f64 {
        self.must_last();
        power(self.factor, t / self.every)
    }
}

/// `factorᵏ` after `k` of the milestones: `MultiStepLR`.
///
/// ```
/// use nn::{Schedule, Milestones};
/// let schedule = Milestones::new(&[30, 80]);
/// assert_eq!([29, 30, 79].map(|t| schedule.share(t)), [1.0, 0.1, 0.1]);
/// ```
#[doc(alias = "MultiStepLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct Milestones {
    /// When the rate falls.
    pub at: Vec<u64>,
    /// What it is multiplied by then.
    pub factor: f64,
}

impl Milestones {
    /// A tenth from each of these times on.
    pub fn new(at: &[u64]) -> Self {
        Milestones { at: at.to_vec(), factor: 0.1 }
    }
}

impl Schedule for Milestones {
    fn share(&self, t: u64) -> f64 {
        power(self.factor, self.at.iter().filter(|&&at| at <= t).count() as u64)
    }
}

/// `factorᵗ`: `ExponentialLR`.
///
/// ```
/// use nn::{Schedule, Exponential};
/// let schedule = Exponential::new(0.5);
/// assert_eq!([0, 1, 2].map(|t| schedule.share(t)), [1.0, 0.5, 0.25]);
/// ```
#[doc(alias = "ExponentialLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct Exponential {
    /// What the rate is multiplied by each time.
    pub factor: f64,
}

impl Exponential {
    /// With this factor, such as 0.95.
    pub fn new(factor: f64) -> Self {
        Exponential { factor }
    }
}

impl Schedule for Exponential {
    fn share(&self, t: u64) -> f64 {
        power(self.factor, t)
    }
}

fn power(factor: f64, exponent: u64) -> f64 {
    factor.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

/// Along a line, and then at its end: `LinearLR`.
///
/// ```
/// use nn::{Schedule, Line};
/// let schedule = Line::new(4);
/// assert_eq!([0, 1, 4, 9].map(|t| schedule.share(t)), [1.0, 0.75, 0.0, 0.0]);
/// ```
#[doc(alias = "LinearLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How long it takes.
    pub length: u64,
    /// Where it begins, as a share of the rate.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

impl Line {
    /// From the rate down to 0.
    pub fn new(length: u64) -> Self {
        Line { length, start: 1.0, end: 0.0 }
    }
}

impl Schedule for Line {
    fn share(&self, t: u64) -> f64 {
        self.start + (self.end - self.start) * progress(t, self.length)
    }
}

/// Linear warm-up: `1/n`, `2/n`, and so on, the whole rate from the time `n - 1` on.
///
/// Source: P. Goyal and others, "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.
///
/// ```
/// use nn::{Schedule, Warmup};
/// let schedule = Warmup::new(4);
/// assert_eq!([0, 1, 3, 9].map(|t| schedule.share(t)), [0.25, 0.5, 1.0, 1.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Warmup {
    /// How long it takes.
    pub length: u64,
}

impl Warmup {
    /// Of this length.
    pub fn new(length: u64) -> Self {
        Warmup { length }
    }
}

impl Schedule for Warmup {
    fn share(&self, t: u64) -> f64 {
        progress(t.saturating_add(1), self.length)
    }
}

/// `(1 - t / length)ᵖ`: `PolynomialLR`.
///
/// ```
/// use nn::{Schedule, Polynomial};
/// let schedule = Polynomial::new(4, 2.0);
/// assert_eq!([0, 2, 4].map(|t| schedule.share(t)), [1.0, 0.25, 0.0]);
/// ```
#[doc(alias = "PolynomialLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    /// How long it takes to 0.
    pub length: u64,
    /// The power.
    pub power: f64,
}

impl Polynomial {
    /// With this power; 1 is a line.
    pub fn new(length: u64, power: f64) -> Self {
        Polynomial { length, power }
    }
}

impl Schedule for Polynomial {
    fn share(&self, t: u64) -> f64 {
        (1.0 - progress(t, self.length)).powf(self.power)
    }
}

/// The square root of how long the warm-up is, over that of the time: the schedule of the first transformers, with [`Warmup`] before.
///
/// Source: A. Vaswani and others, "Attention Is All You Need", 2017.
///
/// ```
/// use nn::{Schedule, InverseRoot};
/// let schedule = InverseRoot::new(4);
/// assert_eq!([0, 3, 15].map(|t| schedule.share(t)), [1.0, 1.0, 0.5]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct InverseRoot {
    /// How long the whole rate holds.
    pub length: u64,
}

impl InverseRoot {
    /// From this time on.
    pub fn new(length: u64) -> Self {
        InverseRoot { length }
    }
}

impl Schedule for InverseRoot {
    fn share(&self, t: u64) -> f64 {
        let (t, length) = (t as f64 + 1.0, self.length.max(1) as f64);
        (length / t.max(length)).sqrt()
    }
}
