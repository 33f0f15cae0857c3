//! Data in memory: inputs, targets, and the batches they come in.

use autograd::{Rng, Scalar, ShapeError, Tensor};

/// What the samples of a data set are to be mapped to: labels, or tensors.
pub trait Targets: Clone {
    /// The number of samples.
    fn count(&self) -> usize;
    /// The targets of these samples, in this order. Indices are below [`count`](Self::count).
    fn select(&self, indices: &[usize]) -> Self;
}

/// Labels of classes, counted from 0.
impl Targets for Vec<usize> {
    fn count(&self) -> usize {
        self.len()
    }
    fn select(&self, indices: &[usize]) -> Self {
        indices.iter().map(|&i| self[i]).collect()
    }
}

/// The values of a regression, a row for each sample.
impl<T: Scalar> Targets for Tensor<T> {
    fn count(&self) -> usize {
        self.dims().first().copied().unwrap_or(0)
    }
    fn select(&self, indices: &[usize]) -> Self {
        self.rows(indices)
    }
}

/// Samples in memory: inputs `x` of shape `[n, ..]` and their targets, labels by default.
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
pub struct Dataset<Y = Vec<usize>, T: Scalar = f32> {
    x: Tensor<T>,
    y: Y,
}

/// Some samples of a data set, side by side.
#[derive(Clone, Debug)]
pub struct Batch<Y = Vec<usize>, T: Scalar = f32> {
    /// The inputs, of shape `[size, ..]`.
    pub x: Tensor<T>,
    /// The targets.
    pub y: Y,
}

impl<Y: Targets, T: Scalar> Dataset<Y, T> {
    /// Samples with these inputs, one along axis 0 each, and these targets.
    ///
    /// # Errors
    /// If there are not as many targets as inputs, or the inputs have no axes.
    pub fn new(x: Tensor<T>, y: Y) -> Result<Self, ShapeError> {
        match x.dims().first() {
            Some(&n) if n == y.count() => Ok(Dataset { x: x.detach(), y }),
            found => Err(ShapeError::new("expected one target for each sample")
                .operand("inputs", x.shape(), found.map_or("no axes".into(), |n| format!("{n} samples")))
                .help(format!("there are {} targets", y.count()))),
        }
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.y.count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs, of shape `[n, ..]`.
    pub fn x(&self) -> &Tensor<T> {
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
        Dataset { x: self.x.rows(indices), y: self.y.select(indices) }
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
    pub fn batches(&self, size: usize) -> Batches<'_, Y, T> {
        assert!(size > 0, "batches: the size of a batch is at least 1");
        Batches { data: self, order: (0..self.len()).collect(), size, next: 0 }
    }
}

/// The batches of one epoch. See [`Dataset::batches`].
#[derive(Clone, Debug)]
pub struct Batches<'a, Y = Vec<usize>, T: Scalar = f32> {
    data: &'a Dataset<Y, T>,
    order: Vec<usize>,
    size: usize,
    next: usize,
}

impl<Y, T: Scalar> Batches<'_, Y, T> {
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

impl<Y: Targets, T: Scalar> Iterator for Batches<'_, Y, T> {
    type Item = Batch<Y, T>;

    fn next(&mut self) -> Option<Batch<Y, T>> {
        let rest = &self.order[self.next..];
        let indices = &rest[..self.size.min(rest.len())];
        if indices.is_empty() {
            return None;
        }
        self.next += indices.len();
        Some(Batch { x: self.data.x.rows(indices), y: self.data.y.select(indices) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl<Y: Targets, T: Scalar> ExactSizeIterator for Batches<'_, Y, T> {}

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
        assert!(message.contains("4 samples") && message.contains("3 targets"), "{message}");
    }
}
