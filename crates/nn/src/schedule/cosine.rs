//! Rates along half a cosine: flat at both ends.

use super::{Schedule, progress};
use std::f64::consts::PI;

/// From `start` to `end` along half a wave.
fn wave(start: f64, end: f64, progress: f64) -> f64 {
    end + (start - end) * (1.0 + (PI * progress).cos()) / 2.0
}

/// Down along half a cosine: `CosineAnnealingLR`, which stays at its end.
///
/// Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
#[doc(alias = "CosineAnnealingLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct Cosine {
    /// How long it takes.
    pub length: u64,
    /// Where it ends, as a share of the first rate.
    pub end: f64,
}

impl Cosine {
    /// To 0.
    pub fn new(length: u64) -> Self {
        Cosine { length, end: 0.0 }
    }
}

impl Schedule for Cosine {
    fn share(&self, t: u64) -> f64 {
        wave(1.0, self.end, progress(t, self.length))
    }
}

/// Cosines one after the other, each longer than the one before: `CosineAnnealingWarmRestarts`.
///
/// Source: as of [`Cosine`].
#[doc(alias = "CosineAnnealingWarmRestarts")]
#[derive(Clone, Debug, PartialEq)]
pub struct WarmRestarts {
    /// How long the first takes.
    pub length: u64,
    /// How many times longer each is than the one before.
    pub growth: u64,
    /// Where each ends, as a share of the first rate.
    pub end: f64,
}

impl WarmRestarts {
    /// All of this length, each to 0.
    ///
    /// # Panics
    /// If the length is 0.
    #[track_caller]
    pub fn new(length: u64) -> Self {
        assert!(
            length > 0,
            "WarmRestarts: expected a length of at least 1\n  help: give the time between restarts"
        );
        WarmRestarts { length, growth: 1, end: 0.0 }
    }
}

impl Schedule for WarmRestarts {
    fn share(&self, t: u64) -> f64 {
        let (mut t, mut length) = (t, self.length);
        if self.growth <= 1 {
            t %= length;
        }
        while t >= length {
            t -= length;
            length = length.saturating_mul(self.growth);
        }
        wave(1.0, self.end, progress(t, length))
    }
}

/// Up to the rate and down to almost nothing, along half a cosine each: `OneCycleLR`, whose largest rate is the optimizer's.
///
/// Source: L. N. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018.
#[doc(alias = "OneCycleLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// How long both take, at least 2.
    pub length: u64,
    /// How much of that is the way up.
    pub rise: f64,
    /// Where it begins, as a share of the rate.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

impl OneCycle {
    /// Three tenths of the time up from a 25th, then down to the 10,000th part of that.
    ///
    /// # Panics
    /// If the length is less than 2.
    #[track_caller]
    pub fn new(length: u64) -> Self {
        assert!(
            length > 1,
            "OneCycle: expected a length of at least 2, found {length}\n  help: count it in steps"
        );
        OneCycle { length, rise: 0.3, start: 1.0 / 25.0, end: 1.0 / 25e4 }
    }
}

impl Schedule for OneCycle {
    fn share(&self, t: u64) -> f64 {
        let (t, length) = (t as f64, self.length as f64);
        let (top, last) = ((self.rise * length - 1.0).max(0.0), length - 1.0);
        if t < top {
            wave(self.start, 1.0, t / top)
        } else {
            wave(1.0, self.end, ((t - top) / (last - top)).min(1.0))
        }
    }
}
