//! The batches of an epoch: in which order samples come, what is done to them, and who does it.
//!
//! A batch is a function of its number. So it is the same whether it is worked out where it is asked for or ahead of time
//! on another thread, and the batches before it need not be worked out to know it: random numbers are drawn from a seed, the
//! index of the sample, and how often this sample has come before in the epoch, never from what was drawn last.

use super::dataset::{Batch, Dataset, Samples};
use super::workers::Pool;
use autograd::{Rng, Tensor};
use std::{fmt, sync::Arc};

/// The batches of one epoch. See [`Dataset::batches`].
///
/// ```
/// use nn::{Rng, data::digits};
/// let (data, mut rng) = (digits(), Rng::seed(0));
/// for batch in data.batches(32).shuffle(&mut rng).workers(2).take(3) {
///     assert_eq!((batch.x.dims(), batch.y.len()), (&[32, 64][..], 32));
/// }
/// ```
///
/// [`skip`](Iterator::skip) and [`nth`](Iterator::nth) leave batches out without working them out, so that training goes on
/// in the middle of an epoch as if it had never stopped:
///
/// ```
/// # use nn::{Rng, data::digits};
/// # let data = digits();
/// let mut whole = data.batches(100).shuffle(&mut Rng::seed(1));
/// whole.by_ref().take(7).for_each(drop);
/// let place = whole.position(); // into the checkpoint, with the state of the generator before the epoch
/// let resumed = data.batches(100).shuffle(&mut Rng::seed(1)).skip(place);
/// assert!(whole.map(|batch| batch.y).eq(resumed.map(|batch| batch.y)));
/// ```
///
/// Which samples there are, and in which order, may come from a sampler of one's own:
///
/// ```
/// # let data = nn::data::digits();
/// let batches = data.batches(2).order(vec![4, 0, 4]);
/// assert_eq!((batches.samples(), batches.len()), (3, 2));
/// assert!(batches.drop_last().map(|batch| batch.y).eq([vec![4, 0]])); // the labels of two samples
/// ```
#[doc(alias = "DataLoader")]
pub struct Batches<X = Tensor, Y = Vec<usize>> {
    plan: Arc<Plan<X, Y>>,
    next: usize,
    workers: usize,
    pool: Option<Pool<Batch<X, Y>>>,
}

/// What is done to a batch, with the places that its random numbers are drawn from.
type Change<X, Y> = Arc<dyn Fn(Batch<X, Y>, &Places<'_>) -> Batch<X, Y> + Send + Sync>;

/// All that batches are a function of.
#[derive(Clone)]
struct Plan<X, Y> {
    data: Dataset<X, Y>,
    order: Vec<usize>,
    /// How often the sample at each place of the order has come before; nothing, if none comes twice.
    repeats: Vec<usize>,
    size: usize,
    changes: Vec<Change<X, Y>>,
}

/// Which samples a batch holds, and which batch it is.
pub(super) struct Places<'a> {
    number: usize,
    indices: &'a [usize],
    repeats: &'a [usize],
}

impl Places<'_> {
    /// The random numbers of every sample of the batch.
    pub(super) fn samples(&self, seed: u64) -> impl Iterator<Item = Rng> {
        let repeats = self.repeats.iter().chain(std::iter::repeat(&0));
        self.indices.iter().zip(repeats).map(move |(&index, &repeat)| seeded(seed, [index, repeat]))
    }

    /// The random numbers of the batch as a whole.
    pub(super) fn batch(&self, seed: u64) -> Rng {
        seeded(seed, [self.number])
    }
}

/// A generator for every seed and place, each of which changes all of its bits.
fn seeded<const N: usize>(seed: u64, place: [usize; N]) -> Rng {
    Rng::seed(place.into_iter().fold(seed, |seed, number| Rng::seed(seed ^ number as u64).bits()))
}

impl<X: Samples, Y: Samples> Plan<X, Y> {
    fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    fn batch(&self, number: usize) -> Batch<X, Y> {
        let begin = number * self.size;
        let end = self.order.len().min(begin + self.size);
        let indices = &self.order[begin..end];
        let repeats = self.repeats.get(begin..end).unwrap_or_default();
        let places = Places { number, indices, repeats };
        let batch = Batch { x: self.data.x().select(indices), y: self.data.y().select(indices) };
        self.changes.iter().fold(batch, |batch, change| change(batch, &places))
    }

    fn count_repeats(&mut self) {
        let mut seen = vec![0; self.data.len()];
        let count = |&i: &usize| {
            seen[i] += 1;
            seen[i] - 1
        };
        self.repeats = self.order.iter().map(count).collect();
    }
}

impl<X: Samples, Y: Samples> Batches<X, Y> {
    #[track_caller]
    pub(super) fn new(data: Dataset<X, Y>, size: usize) -> Self {
        assert!(
            size > 0,
            "batches: expected a size of at least 1, found 0\n  help: 32 is usual; `data.batches(data.len())` makes one batch of all samples"
        );
        let order = (0..data.len()).collect();
        let plan = Plan { data, order, repeats: Vec::new(), size, changes: Vec::new() };
        Batches { plan: Arc::new(plan), next: 0, workers: 0, pool: None }
    }

    fn with(mut self, change: impl FnOnce(&mut Plan<X, Y>)) -> Self {
        self.pool = None;
        change(Arc::make_mut(&mut self.plan));
        self
    }

    pub(super) fn data(&self) -> &Dataset<X, Y> {
        &self.plan.data
    }

    /// The same samples in a new random order, every order equally likely; each sample comes as often as before.
    pub fn shuffle(self, rng: &mut Rng) -> Self {
        self.with(|plan| {
            rng.shuffle(&mut plan.order);
            if !plan.repeats.is_empty() {
                plan.count_repeats();
            }
        })
    }

    /// The samples with these indices, in this order, in place of all: a sampler of one's own. An index may come more than once.
    ///
    /// # Panics
    /// If an index is out of range.
    #[track_caller]
    pub fn order(self, order: Vec<usize>) -> Self {
        let samples = self.data().len();
        if let Some(index) = order.iter().find(|index| **index >= samples) {
            panic!(
                "order: index {index} is out of range for {samples} samples\n  help: indices count from 0"
            );
        }
        self.with(|plan| {
            plan.order = order;
            plan.count_repeats();
        })
    }

    /// Leaves out a last batch that is smaller than the others.
    pub fn drop_last(self) -> Self {
        self.with(|plan| plan.order.truncate(plan.order.len() / plan.size * plan.size))
    }

    /// Does this to every batch, after what was asked for before: a transform of one's own, of inputs and targets together. Its
    /// random numbers depend on the next of `rng` and the number of the batch.
    ///
    /// ```
    /// use nn::{Rng, data::digits};
    /// let (data, mut rng) = (digits(), Rng::seed(0));
    /// let mut batches = data.batches(8).map_batch(|mut batch, _| { batch.x = batch.x * 2.0; batch }, &mut rng);
    /// assert_eq!(batches.next().unwrap().x.at([0, 3]), 2.0 * data.x().at([0, 3]));
    /// ```
    pub fn map_batch(
        self,
        change: impl Fn(Batch<X, Y>, &mut Rng) -> Batch<X, Y> + Send + Sync + 'static,
        rng: &mut Rng,
    ) -> Self {
        let seed = rng.bits();
        self.changed(move |batch, places| change(batch, &mut places.batch(seed)))
    }

    pub(super) fn changed(
        self,
        change: impl Fn(Batch<X, Y>, &Places<'_>) -> Batch<X, Y> + Send + Sync + 'static,
    ) -> Self {
        self.with(|plan| plan.changes.push(Arc::new(change)))
    }

    /// Has the batches worked out ahead of time by so many threads, two for each of them at most; with 0, as they are asked for.
    /// They are the same batches for any number, bit for bit.
    ///
    /// Threads are started by the first call of `next`, and end with the epoch, or when this is dropped. If one panics, so does the
    /// call of `next` that asks for its batch, with the same message.
    pub fn workers(mut self, workers: usize) -> Self {
        self.pool = None;
        self.workers = workers;
        self
    }

    /// The number of batches that have been given or skipped: where to [`skip`](Iterator::skip) to, to go on from here.
    pub fn position(&self) -> usize {
        self.next
    }

    /// The number of samples in all batches together.
    pub fn samples(&self) -> usize {
        self.plan.order.len()
    }
}

impl<X: Samples, Y: Samples> Iterator for Batches<X, Y> {
    type Item = Batch<X, Y>;

    fn next(&mut self) -> Option<Batch<X, Y>> {
        if self.next >= self.plan.len() {
            self.pool = None;
            return None;
        }
        let batch = if self.workers == 0 {
            self.plan.batch(self.next)
        } else {
            let (plan, numbers) = (&self.plan, self.next..self.plan.len());
            let start = || {
                let plan = Arc::clone(plan);
                Pool::start(self.workers, numbers, Arc::new(move |number| plan.batch(number)))
            };
            match self.pool.get_or_insert_with(start).next() {
                Ok(batch) => batch,
                Err(panic) => {
                    self.pool = None;
                    std::panic::resume_unwind(panic)
                }
            }
        };
        self.next += 1;
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.plan.len().saturating_sub(self.next);
        (left, Some(left))
    }

    fn nth(&mut self, n: usize) -> Option<Batch<X, Y>> {
        if n > 0 {
            self.pool = None;
            self.next = self.plan.len().min(self.next.saturating_add(n));
        }
        self.next()
    }
}

impl<X: Samples, Y: Samples> ExactSizeIterator for Batches<X, Y> {}

impl<X: Samples, Y: Samples> std::iter::FusedIterator for Batches<X, Y> {}

/// Another pass over the rest of the batches.
impl<X, Y> Clone for Batches<X, Y> {
    fn clone(&self) -> Self {
        Batches { plan: Arc::clone(&self.plan), next: self.next, workers: self.workers, pool: None }
    }
}

impl<X, Y> fmt::Debug for Batches<X, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("samples", &self.plan.order.len())
            .field("size", &self.plan.size)
            .field("next", &self.next)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;
    use autograd::Rng; // proptest has one, too
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    fn numbered(n: usize) -> Dataset {
        Dataset::new(Tensor::arange(2 * n).reshape([n, 2]), (0..n).collect()).unwrap()
    }

    /// Every sample comes once, beside its own target.
    #[test]
    fn an_epoch_shows_every_sample_once() {
        let data = numbered(10);
        for batches in
            [data.batches(3), data.batches(3).shuffle(&mut Rng::seed(1)), data.batches(3).workers(2)]
        {
            assert_eq!(batches.len(), 4);
            let mut seen = Vec::new();
            for batch in batches {
                let firsts: Vec<usize> =
                    batch.x.slice(1, 0..1).to_vec().iter().map(|&x| x as usize / 2).collect();
                assert_eq!(firsts, batch.y);
                seen.extend(batch.y);
            }
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..10));
        }
        assert_eq!(data.batches(3).drop_last().map(|b| b.y.len()).collect::<Vec<_>>(), [3, 3, 3]);
        assert_eq!(data.batches(100).len(), 1);
    }

    #[test]
    fn shuffling_is_of_the_seed() {
        let order = |seed| {
            numbered(50).batches(7).shuffle(&mut Rng::seed(seed)).flat_map(|b| b.y).collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert_ne!(order(1), (0..50).collect::<Vec<_>>());
    }

    /// Batches whose inputs are random numbers of the sample, and whose targets get one of the batch.
    fn random(data: &Dataset, order: &[usize], size: usize, workers: usize) -> Batches {
        let mut rng = Rng::seed(5);
        let seed = rng.bits();
        let batches =
            data.batches(size).order(order.to_vec()).shuffle(&mut rng).changed(move |mut batch, places| {
                let numbers = places.samples(seed).map(|mut rng| rng.uniform::<f32>()).collect();
                batch.x = Tensor::from_vec(numbers, [batch.y.len(), 1]).unwrap();
                batch
            });
        let of_batch = |mut batch: Batch, rng: &mut Rng| {
            let number = rng.below(1000);
            batch.y.iter_mut().for_each(|y| *y += 1000 * number);
            batch
        };
        batches.map_batch(of_batch, &mut rng).workers(workers)
    }

    fn bits(batches: impl Iterator<Item = Batch>) -> Vec<(Vec<f32>, Vec<usize>)> {
        batches.map(|batch| (batch.x.to_vec(), batch.y)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_number_of_workers_gives_the_same_batches_from_any_place_on(
            order in prop::collection::vec(0..20_usize, 1..60),
            size in 1..9_usize,
            workers in 1..5_usize,
            place in 0..12_usize,
        ) {
            let data = numbered(20);
            let expected = bits(random(&data, &order, size, 0));
            prop_assert_eq!(&bits(random(&data, &order, size, workers)), &expected);
            let rest = &expected[place.min(expected.len())..];
            prop_assert_eq!(&bits(random(&data, &order, size, workers).skip(place)), rest);
            // In the middle of an epoch, when threads are at work already.
            let mut begun = random(&data, &order, size, workers);
            let first = begun.next().map(|batch| batch.y);
            prop_assert_eq!(first.as_ref(), Some(&expected[0].1));
            let there = begun.nth(place).map(|batch| batch.y);
            prop_assert_eq!(there.as_ref(), expected.get(place + 1).map(|(_, y)| y));
            prop_assert_eq!(begun.position(), expected.len().min(place + 2));
        }
    }

    /// What a sample becomes depends on its index, not on where in the epoch it comes; and a sample that comes twice becomes
    /// two different ones.
    #[test]
    fn random_numbers_are_of_the_sample() {
        let data = numbered(6);
        let of = |order: &[usize], size| -> Vec<(usize, f32)> {
            let mut seen: Vec<_> = random(&data, order, size, 0)
                .flat_map(|batch| {
                    batch.y.into_iter().map(|y| y % 1000).zip(batch.x.to_vec()).collect::<Vec<_>>()
                })
                .collect();
            seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
            seen
        };
        assert_eq!(of(&[0, 1, 2, 3, 4, 5], 2), of(&[5, 3, 1, 0, 2, 4], 4));
        let mut numbers: Vec<f32> =
            of(&[0, 1, 2, 3, 4, 5], 2).into_iter().map(|(_, number)| number).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), 6, "each sample has its own");
        let twice = of(&[3, 3], 1);
        assert!(twice[0].0 == twice[1].0 && twice[0].1 != twice[1].1, "{twice:?}");
    }

    /// Of a million million numbers, ten are different ones.
    #[test]
    fn random_numbers_are_of_the_batch() {
        let draw = |mut batch: Batch, rng: &mut Rng| {
            batch.y = vec![rng.below(1_000_000_000_000)];
            batch
        };
        let mut numbers: Vec<usize> =
            numbered(10).batches(1).map_batch(draw, &mut Rng::seed(0)).flat_map(|batch| batch.y).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 10);
    }

    #[test]
    fn skipped_batches_are_not_worked_out() {
        static WORKED_OUT: AtomicUsize = AtomicUsize::new(0);
        let counted = |batch, _: &mut Rng| {
            WORKED_OUT.fetch_add(1, Ordering::Relaxed);
            batch
        };
        let batches = numbered(1000).batches(1).map_batch(counted, &mut Rng::seed(0));
        assert_eq!(
            batches.skip(990).map(|batch| batch.y[0]).collect::<Vec<_>>(),
            (990..1000).collect::<Vec<_>>()
        );
        assert_eq!(WORKED_OUT.load(Ordering::Relaxed), 10);
    }

    #[test]
    fn a_panic_reaches_the_caller_in_its_place() {
        for workers in 0..4 {
            let spoiled = |batch: Batch, _: &mut Rng| {
                assert!(!batch.y.contains(&7), "sample 7 is spoiled");
                batch
            };
            let mut batches = numbered(20).batches(2).map_batch(spoiled, &mut Rng::seed(0)).workers(workers);
            assert_eq!(batches.by_ref().take(3).count(), 3);
            for _ in 0..2 {
                // A spoiled batch is never skipped in silence.
                assert_eq!(panic_of(|| batches.next()), "sample 7 is spoiled", "with {workers} workers");
            }
        }
    }

    /// Threads wait for room, and end when nobody waits for them: all of them hold the data set, and then none does.
    #[test]
    fn an_epoch_that_is_left_early_ends_its_workers() {
        let start = Instant::now();
        let data = numbered(1000);
        let worked_out = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&worked_out);
        let count = move |batch, _: &mut Rng| {
            counter.fetch_add(1, Ordering::Relaxed);
            batch
        };
        let mut batches = data.batches(1).map_batch(count, &mut Rng::seed(0)).workers(3);
        batches.by_ref().take(5).for_each(drop);
        std::thread::sleep(Duration::from_millis(20));
        // Five were taken; for each thread one waits in the channel, and one in its hands.
        assert!(worked_out.load(Ordering::Relaxed) <= 5 + 6, "{worked_out:?} batches for 5");
        drop(batches);
        assert_eq!(Arc::strong_count(&worked_out), 1, "a thread lives on");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    /// Twenty batches that take 5 ms to make and 5 ms to use: 200 ms in turn, some 105 together.
    #[test]
    fn making_a_batch_is_hidden_behind_using_the_last() {
        let time = |workers| {
            let slow = |batch, _: &mut Rng| {
                std::thread::sleep(Duration::from_millis(5));
                batch
            };
            let start = Instant::now();
            for _ in numbered(20).batches(1).map_batch(slow, &mut Rng::seed(0)).workers(workers) {
                std::thread::sleep(Duration::from_millis(5));
            }
            start.elapsed()
        };
        // Whoever is busy elsewhere may make one attempt slow, hardly five.
        let is_hidden = (0..5).any(|_| time(1).as_secs_f64() < 0.8 * time(0).as_secs_f64());
        assert!(is_hidden);
    }

    #[test]
    fn an_order_of_ones_own_is_checked() {
        let message = panic_of(|| numbered(3).batches(1).order(vec![0, 3]));
        assert!(message.contains("index 3 is out of range for 3 samples"), "{message}");
    }
}
