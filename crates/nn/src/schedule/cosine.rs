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
///
/// ```
/// use nn::{Cosine, Schedule};
/// let schedule = Cosine::new(10);
/// assert_eq!(schedule.share(0), 1.0);
/// assert!((schedule.share(5) - 0.5).abs() < 1e-15 && schedule.share(20) < 1e-15);
/// ```
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
///
/// ```
/// use nn::{Schedule, WarmRestarts};
/// let schedule = WarmRestarts { growth: 2, ..WarmRestarts::new(4) };
/// assert_eq!([0, 4, 12].map(|t| schedule.share(t)), [1.0; 3]);
/// ```
#[doc(alias = "CosineAnnealingWarmRestarts")]
#[derive(Clone, Debug, PartialEq)]
pub struct WarmRestarts {
    /// How long the first takes, at least 1.
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
        let schedule = WarmRestarts { length, growth: 1, end: 0.0 };
        schedule.must_last();
        schedule
    }

    #[track_caller]
    fn must_last(&self) {
        assert!(
            self.length > 0,
            "WarmRestarts: expected a length of at least 1, found 0\n  help: give the time between restarts"
        );
    }
}

impl Schedule for WarmRestarts {
    fn share(&self, t: u64) -> f64 {
        self.must_last();
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
///
/// ```
/// use nn::{OneCycle, Schedule};
/// let schedule = OneCycle::new(100);
/// let is_near = |t, share: f64| (schedule.share(t) - share).abs() < 1e-12;
/// assert!(is_near(0, 1.0 / 25.0) && is_near(29, 1.0) && is_near(99, 1.0 / 25e4));
/// ```
#[doc(alias = "OneCycleLR")]
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// How long both take, at least 2.
    pub length: u64,
    /// How much of that is the way up, from 0 to 1. If it is all, the rate stays at the top.
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
        let schedule = OneCycle { length, rise: 0.3, start: 1.0 / 25.0, end: 1.0 / 25e4 };
        schedule.must_last();
        schedule
    }

    #[track_caller]
    fn must_last(&self) {
        let OneCycle { length, rise, .. } = self;
        assert!(
            *length > 1,
            "OneCycle: expected a length of at least 2, found {length}\n  help: count it in steps"
        );
        assert!(
            (0.0..=1.0).contains(rise),
            "OneCycle: expected a rise from 0 to 1, found {rise}\n  help: it is the share of the time in which the rate rises; 0.3 is usual"
        );
    }
}

impl Schedule for OneCycle {
    fn share(&self, t: u64) -> f64 {
        self.must_last();
        let last = self.length as f64 - 1.0;
        let (t, top) = ((t as f64).min(last), (self.rise * self.length as f64 - 1.0).max(0.0));
        if t < top {
            wave(self.start, 1.0, t / top)
        } else if t > top {
            wave(1.0, self.end, (t - top) / (last - top))
        } else {
            1.0
        }
    }
}
