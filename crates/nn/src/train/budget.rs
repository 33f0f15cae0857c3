//! Batches cut so that a step keeps within a budget of memory: how large the parts may be is found by trying.
//!
//! What a pass over `k` samples holds at most, `p(k)`, is the greatest of what it holds at each moment, and each of these grows by so much
//! a sample. The greatest of several straight lines is convex, so the line through two sizes that were tried lies below what any larger one
//! takes. Sizes for which that line is above the budget are therefore not tried: a search for what fits must not itself take all memory.

use super::health::{missing, nothing_to_train};
use super::{Loss, TrainError, Trainer};
use crate::data::Samples;
use crate::layer::Layer;
use crate::optim::Optimizer;
use autograd::{PeakBytes, Scalar, memory_stats};
use std::ops::Range;

/// How many bytes a step may take, and what was found of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) bytes: usize,
    /// The most samples of a part that keep within it, once they are known.
    pub(super) samples: Option<usize>,
}

impl Budget {
    /// As a checkpoint keeps it: the bytes and the samples, or nothing.
    pub(super) fn text(budget: Option<Self>) -> String {
        budget.map_or(String::new(), |Budget { bytes, samples }| format!("{bytes} {}", samples.unwrap_or(0)))
    }

    /// What such a text says.
    pub(super) fn read(text: &str) -> Option<Option<Self>> {
        if text.is_empty() {
            return Some(None);
        }
        let (bytes, samples) = text.split_once(' ')?;
        let samples = Some(samples.parse().ok()?).filter(|&samples| samples > 0);
        Some(Some(Budget { bytes: bytes.parse().ok()?, samples }))
    }

    /// Goes on as before, if the bytes are the same; with others, it is tried anew.
    pub(super) fn take_over(&mut self, before: Option<Self>) {
        if let Some(before) = before.filter(|before| before.bytes == self.bytes) {
            *self = before;
        }
    }
}

/// As few parts as have at most so many samples each, of sizes that differ by at most one, the larger ones first.
pub(super) fn parts(samples: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let count = samples.div_ceil(most);
    let (size, rest) = (samples / count.max(1), samples % count.max(1));
    let begin = move |i: usize| i * size + i.min(rest);
    (0..count).map(move |i| begin(i)..begin(i + 1))
}

/// What a pass over some samples took.
#[derive(Clone, Copy, Debug)]
struct Tried {
    samples: usize,
    /// The most that it held at once.
    peak: usize,
    /// What it left: the gradients.
    left: usize,
}

/// The search for the largest parts of a batch that keep within so many bytes beside the weights.
#[derive(Debug)]
struct Search {
    /// The samples of the batch, and the fewest and the most that a part may have.
    samples: usize,
    least: usize,
    most: usize,
    bytes: usize,
    /// Sizes that were tried, from small to large.
    tried: Vec<Tried>,
}

impl Search {
    /// What a step takes whose parts take as much as this. A whole batch leaves its gradients when all else has gone; where there are
    /// several, the sum of those before is there all the while.
    fn step(&self, part: &Tried) -> usize {
        part.peak + if part.samples < self.samples { part.left } else { 0 }
    }

    fn fits(&self, part: &Tried) -> bool {
        self.step(part) <= self.bytes
    }

    /// The largest size that fits, of those tried.
    fn best(&self) -> Option<usize> {
        self.tried.iter().rev().find(|part| self.fits(part)).map(|part| part.samples)
    }

    /// At least what a pass over so many samples would take.
    fn at_least(&self, samples: usize) -> Tried {
        let below = self.tried.partition_point(|part| part.samples < samples);
        let last = self.tried[below - 1];
        let slope = match below.checked_sub(2).map(|i| self.tried[i]) {
            Some(other) => {
                last.peak.saturating_sub(other.peak) as f64 / (last.samples - other.samples) as f64
            }
            None => 0.0,
        };
        let peak = last.peak + (slope * (samples - last.samples) as f64) as usize;
        Tried { samples, peak, left: last.left }
    }

    /// The size that is to be tried next, if any is left that may be larger than the best.
    fn next(&self) -> Option<usize> {
        let Some(largest) = self.tried.last() else { return Some(self.least) };
        let best = self.best().unwrap_or(0);
        // What is larger than a part that does not fit does not either; only a whole batch may, since it has no sum beside it.
        let too_large = self.tried.iter().find(|part| part.samples > best && !self.fits(part));
        let may_fit = |size: &usize| {
            let is_known = self.tried.iter().any(|part| part.samples == *size);
            let is_below = *size == self.samples || too_large.is_none_or(|part| *size < part.samples);
            !is_known && is_below && self.fits(&self.at_least(*size))
        };
        let sizes = || {
            let counts = self.samples.div_ceil(self.most)..=self.samples;
            counts.map(|count| self.samples.div_ceil(count)).filter(|size| *size > best.max(self.least))
        };
        let wanted = sizes().find(may_fit)?;
        match too_large {
            // Between what fits and what does not: halve the way.
            Some(part) if wanted < part.samples => {
                let middle = best + (part.samples - best) / 2;
                sizes().filter(may_fit).find(|size| *size <= middle).or_else(|| sizes().rfind(may_fit))
            }
            // Never more than twice what is known, so that what is tried takes little more than the budget.
            _ => Some(wanted.min(2 * largest.samples)),
        }
    }

    fn note(&mut self, tried: Tried) {
        let place = self.tried.partition_point(|part| part.samples < tried.samples);
        self.tried.insert(place, tried);
    }
}

impl<O, L, Y, T> Trainer<'_, O, L, Y, T>
where
    O: Optimizer<T>,
    L: Loss<T, Y>,
    Y: Samples,
    T: Scalar,
{
    /// The most samples that go through the network at once for the budget's sake.
    pub(super) fn most_within_budget(&self) -> usize {
        self.settings.budget.and_then(|budget| budget.samples).unwrap_or(usize::MAX)
    }

    /// Finds how many samples of a batch keep within this budget, by passes over parts of it that change nothing.
    #[track_caller]
    pub(super) fn keep_within<N, X>(&mut self, bytes: usize, net: &N, x: &X, y: &Y) -> Result<(), TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let samples = y.count();
        let parameters = net.parameters();
        let weights: usize = parameters.iter().map(|(_, param)| param.size() * size_of::<T>()).sum();
        let too_small = |samples, needed| TrainError::MemoryBudget { bytes, weights, samples, needed };
        let rest = bytes.checked_sub(weights).ok_or(too_small(0, weights))?;
        let most = samples.min(self.settings.micro_batch.unwrap_or(samples));
        // A single sample has no variance; what is cut into parts of at most three leaves none alone.
        let has_statistics = parameters.iter().any(|(_, param)| param.is_statistic());
        let least = most.min(if has_statistics { 3 } else { 1 });
        let mut search = Search { samples, least, most, bytes: rest, tried: Vec::new() };
        while let Some(size) = search.next() {
            let tried = self.try_pass(net, x, y, size)?;
            search.note(tried);
        }
        let needed = weights + search.step(&search.tried[0]);
        let samples = search.best().ok_or(too_small(least, needed))?;
        self.settings.budget = Some(Budget { bytes, samples: Some(samples) });
        Ok(())
    }

    /// A pass over the first samples of a batch, of which nothing stays: neither random numbers nor statistics.
    #[track_caller]
    fn try_pass<N, X>(&mut self, net: &N, x: &X, y: &Y, samples: usize) -> Result<Tried, TrainError>
    where
        N: Layer<T, X>,
        X: Samples,
    {
        let indices: Vec<usize> = (0..samples).collect();
        let (x, y, rng) = (x.select(&indices), y.select(&indices), self.settings.rng.clone());
        let before = memory_stats().live_bytes;
        let peak = PeakBytes::new();
        let (_, root) = self.root(net, &x, &y, 0.5); // as of a part
        self.settings.rng = rng;
        if !root.is_tracked() {
            let trained = vec![false; net.parameters().len()];
            return Err(missing(net, &trained).unwrap_or_else(|| nothing_to_train(net)));
        }
        let _grads = root.backward();
        let left = usize::try_from(memory_stats().live_bytes - before).unwrap_or(0);
        Ok(Tried { samples, peak: peak.bytes(), left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_few_and_as_equal_as_can_be() {
        for samples in 1..40 {
            for most in 1..45 {
                let parts: Vec<Range<usize>> = parts(samples, most).collect();
                assert_eq!(parts.len(), samples.div_ceil(most));
                assert!(parts.iter().flat_map(Clone::clone).eq(0..samples), "{samples} by {most}: {parts:?}");
                let sizes: Vec<usize> = parts.iter().map(ExactSizeIterator::len).collect();
                assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes[0] <= sizes[sizes.len() - 1] + 1);
                assert!(sizes[0] <= most);
            }
        }
        assert_eq!(parts(0, 3).count(), 0);
    }

    proptest! {
        /// For what grows by lines, of which the greatest counts, the search finds the fewest parts, and tries few sizes.
        #[test]
        fn the_fewest_parts_are_found(
            samples in 1_usize..300,
            most in 1_usize..300,
            lines in prop::collection::vec((0_usize..1000, 0_usize..50), 1..4),
            left in 0_usize..500,
            bytes in 0_usize..20_000,
        ) {
            let peak = |k: usize| lines.iter().map(|(at_zero, slope)| at_zero + slope * k).max().unwrap();
            let most = most.min(samples);
            let mut search = Search { samples, least: 1, most, bytes, tried: Vec::new() };
            while let Some(size) = search.next() {
                prop_assert!((1..=most).contains(&size) && search.tried.len() < 40, "{size}, {search:?}");
                // At most twice what is known.
                prop_assert!(search.tried.last().is_none_or(|last| size <= 2 * last.samples));
                search.note(Tried { samples: size, peak: peak(size), left });
            }
            let fits = |count: &usize| {
                let size = samples.div_ceil(*count);
                size <= most && peak(size) + if *count > 1 { left } else { 0 } <= bytes
            };
            let found = search.best().map(|size| parts(samples, size).count());
            prop_assert_eq!(found, (1..=samples).find(fits), "{:?}", search);
        }
    }

    #[test]
    fn a_checkpoint_keeps_what_was_found_for_the_same_budget() {
        let budget = |bytes, samples| Budget { bytes, samples };
        for kept in [None, Some(budget(1000, None)), Some(budget(1000, Some(7)))] {
            let read = Budget::read(&Budget::text(kept)).expect("a text of its own");
            assert_eq!(read, kept);
            let mut now = budget(1000, None);
            now.take_over(read);
            assert_eq!(now.samples, kept.and_then(|kept| kept.samples));
            let mut other = budget(2000, None);
            other.take_over(read);
            assert_eq!(other, budget(2000, None), "another budget is tried anew");
        }
        assert_eq!([Budget::read("1000"), Budget::read("a 7"), Budget::read("7 -")], [None; 3]);
    }

    #[test]
    fn what_would_surely_be_too_large_is_not_tried() {
        let mut search = Search { samples: 1000, least: 3, most: 1000, bytes: 10_500, tried: Vec::new() };
        let mut largest = 0;
        while let Some(size) = search.next() {
            assert!(size >= 3);
            largest = largest.max(100 * size);
            search.note(Tried { samples: size, peak: 100 * size, left: 500 });
        }
        assert_eq!((search.best(), largest), (Some(100), 10_000));
    }
}
