//! Data in memory: inputs, targets, and the batches they come in.

use autograd::{Rng, Scalar, ShapeError, Tensor};

/// One side of a data set, inputs or targets: a value for each sample.
pub trait Samples: Clone {
    /// The number of samples.
    fn count(&self) -> usize;
    /// The values of these samples, in this order. Indices are below [`count`](Self::count).
    fn select(&self, indices: &[usize]) -> Self;
    /// The values alone, cut off from whatever they were computed from.
    fn detached(self) -> Self {
        self
    }
}

/// Labels of classes, counted from 0, or any other whole numbers.
impl Samples for Vec<usize> {
    fn count(&self) -> usize {
        self.len()
    }
    fn select(&self, indices: &[usize]) -> Self {
        indices.iter().map(|&i| self[i]).collect()
    }
}

/// Entries along axis 0.
impl<T: Scalar> Samples for Tensor<T> {
    fn count(&self) -> usize {
        self.dims().first().copied().unwrap_or(0)
    }
    fn select(&self, indices: &[usize]) -> Self {
        self.rows(indices)
    }
    fn detached(self) -> Self {
        self.detach()
    }
}

/// Samples in memory: inputs, by default a tensor of shape `[n, ..]`, and their targets, by default labels.
///
/// ```
/// use nn::{Dataset, Rng, Tensor};
/// let data = Dataset::new(Tensor::<f32>::arange(10).reshape([10, 1]), (0..10).collect::<Vec<_>>())?;
/// let mut rng = Rng::seed(0);
/// let (train, test) = data.split(0.8, &mut rng);
/// assert_eq!((train.len(), test.len()), (8, 2));
/// for batch in train.batches(3).shuffle(&mut rng) {
///     assert_eq!(batch.x.dims()[0], batch.y.len());
/// }
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dataset<X = Tensor, Y = Vec<usize>> {
    x: X,
    y: Y,
}

/// Some samples of a data set, side by side.
#[derive(Clone, Debug)]
pub struct Batch<X = Tensor, Y = Vec<usize>> {
    /// The inputs.
    pub x: X,
    /// The targets.
    pub y: Y,
}

impl<X: Samples, Y: Samples> Dataset<X, Y> {
    /// Samples with these inputs and these targets. They are data: no gradient flows back to where they came from.
    ///
    /// # Errors
    /// If there are not as many targets as inputs.
    pub fn new(x: X, y: Y) -> Result<Self, ShapeError> {
        let (inputs, targets) = (x.count(), y.count());
        if inputs == targets {
            return Ok(Dataset { x: x.detached(), y: y.detached() });
        }
        Err(ShapeError::new(format!("{inputs} inputs for {targets} targets"))
            .help("give one target for each sample; the samples of a tensor lie along its axis 0"))
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.y.count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs.
    pub fn x(&self) -> &X {
        &self.x
    }

    /// The targets.
    pub fn y(&self) -> &Y {
        &self.y
    }

    /// The samples with these indices, in this order.
    ///
    /// # Panics
    /// If an index is out of range.
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Self {
        Dataset { x: self.x.select(indices), y: self.y.select(indices) }
    }

    /// Two data sets that have no sample in common: the first with `fraction` of them, rounded, at random.
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`.
    #[track_caller]
    pub fn split(&self, fraction: f64, rng: &mut Rng) -> (Self, Self) {
        assert!((0.0..=1.0).contains(&fraction), "split: expected a fraction in [0, 1], found {fraction}");
        let mut order: Vec<usize> = (0..self.len()).collect();
        rng.shuffle(&mut order);
        let (first, second) = order.split_at((fraction * self.len() as f64).round() as usize);
        (self.select(first), self.select(second))
    }

    /// All samples in batches of `size`, in order; the last may be smaller.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn batches(&self, size: usize) -> Batches<'_, X, Y> {
        assert!(size > 0, "batches: the size of a batch is at least 1");
        Batches { data: self, order: (0..self.len()).collect(), size, next: 0 }
    }
}

impl<X: Samples> Dataset<X> {
    /// The same data, after a look at every label. For data from outside: a loss panics when it meets a label beyond the
    /// outputs of its network.
    ///
    /// ```
    /// use nn::{Dataset, Tensor};
    /// let data = Dataset::new(Tensor::<f32>::zeros([3, 2]), vec![0, 7, 1]).unwrap();
    /// assert!(data.with_classes(5).unwrap_err().to_string().contains("label 7, of sample 1"));
    /// ```
    ///
    /// # Errors
    /// If a label is not below `classes`.
    pub fn with_classes(self, classes: usize) -> Result<Self, ShapeError> {
        match self.y.iter().enumerate().find(|(_, label)| **label >= classes) {
            None => Ok(self),
            Some((sample, label)) => Err(ShapeError::new(format!(
                "label {label}, of sample {sample}, is out of range for {classes} classes"
            ))
            .help("labels count from 0: number them anew, or raise the number of classes")),
        }
    }
}

/// The batches of one epoch. See [`Dataset::batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a, X = Tensor, Y = Vec<usize>> {
    data: &'a Dataset<X, Y>,
    order: Vec<usize>,
    size: usize,
    next: usize,
}

impl<X, Y> Batches<'_, X, Y> {
    /// The same samples in a new random order, every order equally likely; each sample still comes once.
    pub fn shuffle(mut self, rng: &mut Rng) -> Self {
        rng.shuffle(&mut self.order);
        self
    }

    /// Leaves out a last batch that is smaller than the others.
    pub fn drop_last(mut self) -> Self {
        self.order.truncate(self.order.len() / self.size * self.size);
        self
    }
}

impl<X: Samples, Y: Samples> Iterator for Batches<'_, X, Y> {
    type Item = Batch<X, Y>;

    fn next(&mut self) -> Option<Batch<X, Y>> {
        let rest = &self.order[self.next..];
        let indices = &rest[..self.size.min(rest.len())];
        if indices.is_empty() {
            return None;
        }
        self.next += indices.len();
        Some(Batch { x: self.data.x.select(indices), y: self.data.y.select(indices) })
    }

    /// Passes by `n` batches, without working them out.
    fn nth(&mut self, n: usize) -> Option<Batch<X, Y>> {
        self.next = self.next.saturating_add(n.saturating_mul(self.size)).min(self.order.len());
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl<X: Samples, Y: Samples> ExactSizeIterator for Batches<'_, X, Y> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(n: usize) -> Dataset {
        Dataset::new(Tensor::arange(2 * n).reshape([n, 2]), (0..n).collect()).unwrap()
    }

    /// Every sample comes once, beside its own target.
    #[test]
    fn an_epoch_shows_every_sample_once() {
        let data = numbered(10);
        for batches in [data.batches(3), data.batches(3).shuffle(&mut Rng::seed(1))] {
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
    fn batches_that_are_passed_by_change_nothing_of_the_others() {
        let data = numbered(10);
        let batches = || data.batches(3).shuffle(&mut Rng::seed(1)).map(|batch| batch.y);
        for n in 0..6 {
            assert!(
                batches().skip(n).eq(batches().enumerate().filter(|(i, _)| *i >= n).map(|(_, y)| y)),
                "{n}"
            );
        }
        let mut batches = batches();
        assert!(batches.nth(usize::MAX).is_none() && batches.next().is_none());
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

    #[test]
    fn the_parts_of_a_split_have_nothing_in_common() {
        let (a, b) = numbered(11).split(0.7, &mut Rng::seed(3));
        assert_eq!((a.len(), b.len()), (8, 3));
        let mut all = [a.y().clone(), b.y().clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..11));
    }

    #[test]
    fn as_many_targets_as_samples() {
        let message = Dataset::new(Tensor::<f32>::zeros([4, 2]), vec![0; 3]).unwrap_err().to_string();
        assert!(message.contains("4 inputs for 3 targets"), "{message}");
    }
}
