//! When to share, and when to do without: what helpers have brought, and trials of what small jobs gain.

use std::time::{Duration, Instant};

/// The nanoseconds of work that pass by sleeping helpers before they are woken.
const WORTH_WAKING: usize = 50_000;
/// A caller that has lost so many nanoseconds by its helpers, all in all, does without them for a while.
const LOSS: i64 = 200_000;
/// For how long it does without, at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(128)];
/// Work of fewer nanoseconds is shared only where trials show that this pays.
const SMALL: usize = 50_000;
/// How long a trial of either way takes, and how long its outcome holds.
const TRIAL: Duration = Duration::from_millis(2);
const HOLDS: Duration = Duration::from_millis(200);
/// Longer pauses between two jobs count for neither way.
const GAP: Duration = Duration::from_micros(100);

/// What is known of the helpers' worth.
pub(super) struct Account {
    trials: Trials,
    /// Work, in nanoseconds, that passed by while helpers slept.
    missed: usize,
    /// What helpers have spared the caller, in nanoseconds, less what it waited for them; at most `LOSS`.
    balance: i64,
    /// Until when to do without helpers, and for how long next time.
    alone_until: Option<Instant>,
    pause: Duration,
}

impl Account {
    pub(super) const fn new() -> Self {
        Account { trials: Trials::new(), missed: 0, balance: 0, alone_until: None, pause: PAUSE[0] }
    }

    /// Whether to share work of so many nanoseconds that comes `now`.
    pub(super) fn is_worth_sharing(&mut self, nanoseconds: usize, now: Instant) -> bool {
        if self.alone_until.is_some_and(|until| now < until) {
            return false;
        }
        self.alone_until = None;
        nanoseconds >= SMALL || self.trials.is_shared(nanoseconds, now)
    }

    /// Books work that would be shared if all helpers were awake. Whether it is time to wake them.
    pub(super) fn is_worth_waking(&mut self, nanoseconds: usize) -> bool {
        self.missed += nanoseconds;
        let enough = self.missed >= WORTH_WAKING;
        if enough {
            self.missed = 0;
        }
        enough
    }

    /// Books what a job of so many parts, of which the caller took `mine`, has brought.
    pub(super) fn settle(&mut self, parts: usize, mine: usize, worked: Duration, waited: Duration) {
        let nanoseconds = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        // Parts are about equal. A caller that got none knows only that it waited for no more than the work.
        let spared = match mine {
            0 => nanoseconds(waited),
            _ => nanoseconds(worked).saturating_mul((parts - mine) as i64) / mine as i64,
        };
        self.balance = self.balance.saturating_add(spared).saturating_sub(nanoseconds(waited)).min(LOSS);
        if self.balance == LOSS {
            self.pause = PAUSE[0];
        } else if self.balance < -LOSS {
            self.balance = 0;
            self.alone_until = Some(Instant::now() + self.pause);
            self.pause = (2 * self.pause).min(PAUSE[1]);
        }
    }
}

/// A trial for each power of two of a small job's nanoseconds: what is better for some is worse for others.
struct Trials {
    of_size: [Trial; SMALL.ilog2() as usize + 1],
    /// When the last job came, and its size. The time until the next is its own: the longer, if it was done in the worse way.
    last: Option<(Instant, usize)>,
}

impl Trials {
    const fn new() -> Self {
        Trials { of_size: [const { Trial::new() }; SMALL.ilog2() as usize + 1], last: None }
    }

    /// Whether to share a small job that comes `now`.
    fn is_shared(&mut self, nanoseconds: usize, now: Instant) -> bool {
        if let Some((last, size)) = self.last {
            self.of_size[size].passed += (now - last).min(GAP);
        }
        let size = nanoseconds.max(1).ilog2() as usize;
        self.last = Some((now, size));
        let trial = &mut self.of_size[size];
        if trial.last.replace(now).is_some_and(|last| now - last > HOLDS) {
            // What comes now may be quite another function.
            *trial = Trial { last: Some(now), ..Trial::new() };
        }
        trial.is_shared(nanoseconds)
    }
}

/// Which way is better for small jobs of one size: work per time, as estimated and as measured, in turns.
struct Trial {
    phase: Phase,
    /// What has passed of the phase, and the work since it began.
    passed: Duration,
    work: usize,
    /// Work per time when shared.
    shared: f64,
    /// When the last job of this size came.
    last: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    TryShared,
    TryAlone,
    Shared,
    Alone,
}

impl Trial {
    const fn new() -> Self {
        Trial { phase: Phase::TryShared, passed: Duration::ZERO, work: 0, shared: 0.0, last: None }
    }

    /// Whether to share the next job.
    fn is_shared(&mut self, nanoseconds: usize) -> bool {
        let length = if matches!(self.phase, Phase::TryShared | Phase::TryAlone) { TRIAL } else { HOLDS };
        if self.passed >= length {
            let rate = self.work as f64 / self.passed.as_secs_f64();
            self.phase = match self.phase {
                Phase::TryShared => {
                    self.shared = rate;
                    Phase::TryAlone
                }
                Phase::TryAlone if self.shared > rate => Phase::Shared,
                Phase::TryAlone => Phase::Alone,
                Phase::Shared | Phase::Alone => Phase::TryShared,
            };
            (self.passed, self.work) = (Duration::ZERO, 0);
        }
        self.work += nanoseconds;
        matches!(self.phase, Phase::TryShared | Phase::Shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs of 10 us that come every 10 us when alone, and faster or slower when shared.
    #[test]
    fn trials_find_the_better_way() {
        for (alone, shared, better) in [(10, 6, true), (10, 20, false)] {
            let (mut trials, mut now) = (Trials::new(), Instant::now());
            let mut count = 0;
            for _ in 0..100_000 {
                let is_shared = trials.is_shared(10_000, now);
                count += usize::from(is_shared);
                now += Duration::from_micros(if is_shared { shared } else { alone });
            }
            let most = 97_000;
            assert!(if better { count > most } else { 100_000 - count > most }, "{count} of 100000 shared");
        }
    }

    /// Jobs of two sizes by turns: the small ones lose by being shared more than the large ones gain.
    #[test]
    fn each_size_is_done_in_its_better_way() {
        let (mut trials, mut now) = (Trials::new(), Instant::now());
        let mut counts = [0; 2];
        for i in 0..200_000 {
            let (nanoseconds, alone, shared) = [(5_000, 5, 20), (40_000, 40, 30)][i % 2];
            let is_shared = trials.is_shared(nanoseconds, now);
            counts[i % 2] += usize::from(is_shared);
            now += Duration::from_micros(if is_shared { shared } else { alone });
        }
        assert!(counts[0] < 3_000 && counts[1] > 97_000, "{counts:?} of 100000 each shared");
    }

    /// After a while without jobs of a size, an old outcome is worth nothing: what comes then is tried, and found to be slower shared.
    #[test]
    fn an_outcome_is_forgotten_after_a_pause() {
        let (mut trials, mut now) = (Trials::new(), Instant::now());
        let mut shared_of = |shared: u64| {
            let mut count = 0;
            for _ in 0..1000 {
                let is_shared = trials.is_shared(10_000, now);
                count += usize::from(is_shared);
                now += Duration::from_micros(if is_shared { shared } else { 10 });
            }
            now += 2 * HOLDS;
            count
        };
        let counts = [shared_of(6), shared_of(20)];
        assert!(counts[0] > 700 && counts[1] < 300, "{counts:?} of 1000 each shared");
    }

    /// A helper that is late again and again is done without, the longer the more often.
    #[test]
    fn who_loses_by_helpers_does_without() {
        let us = Duration::from_micros;
        let mut account = Account::new();
        let mut pauses = Vec::new();
        for _ in 0..1000 {
            account.settle(2, 1, us(10), us(100));
            if let Some(until) = account.alone_until.take() {
                pauses.push(until - Instant::now());
            }
        }
        assert!(pauses[0] <= PAUSE[0] && pauses[3] > 4 * PAUSE[0], "{pauses:?}");
        // Helpers that pay off are welcome again.
        (0..100).for_each(|_| account.settle(2, 1, us(10), us(1)));
        assert!(account.is_worth_sharing(SMALL, Instant::now()) && account.pause == PAUSE[0]);
    }
}
