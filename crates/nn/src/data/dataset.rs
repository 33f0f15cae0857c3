//! Data in memory: inputs and targets.

use super::batches::Batches;
use autograd::{Array, Scalar, Shape, ShapeError, Tensor};
use std::sync::Arc;

/// One side of a data set, inputs or targets: a value for each sample. Threads share it.
///
/// A tensor is one, with the samples along axis 0, and so is a vector of labels. What has several parts is a struct of these:
///
/// ```
/// use nn::{Dataset, Samples, ShapeError, Tensor};
///
/// #[derive(Clone)]
/// struct Letter {
///     image: Tensor,
///     language: Vec<usize>,
/// }
///
/// impl Samples for Letter {
///     fn count(&self) -> usize {
///         self.language.count()
///     }
///     fn select(&self, indices: &[usize]) -> Self {
///         Letter { image: self.image.select(indices), language: self.language.select(indices) }
///     }
///     fn concat(&self, other: &Self) -> Result<Self, ShapeError> {
///         let language = [&self.language[..], &other.language].concat();
///         Ok(Letter { image: Samples::concat(&self.image, &other.image)?, language })
///     }
///     fn detached(self) -> Self {
///         Letter { image: self.image.detached(), ..self }
///     }
/// }
///
/// let letters = Letter { image: Tensor::ones([3, 8, 8]), language: vec![0, 5, 0] };
/// let data = Dataset::new(letters, vec![7, 8, 9])?;
/// let twice = data.concat(&data)?;
/// let last = twice.batches(4).last().unwrap();
/// assert_eq!((last.x.image.dims(), last.x.language, last.y), (&[2, 8, 8][..], vec![5, 0], vec![8, 9]));
/// # Ok::<(), ShapeError>(())
/// ```
pub trait Samples: Clone + Send + Sync + 'static {
    /// The number of samples.
    fn count(&self) -> usize;
    /// The values of these samples, in this order. Indices are below [`count`](Self::count).
    fn select(&self, indices: &[usize]) -> Self;
    /// These values, and behind them the others.
    ///
    /// # Errors
    /// If a sample of the one does not have the form of a sample of the other.
    fn concat(&self, other: &Self) -> Result<Self, ShapeError>;
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
    fn concat(&self, other: &Self) -> Result<Self, ShapeError> {
        Ok([&self[..], other].concat())
    }
}

/// Indices along axis 0: sequences of words, each a row.
impl Samples for Array<usize> {
    fn count(&self) -> usize {
        self.shape().dims().first().copied().unwrap_or(0)
    }
    fn select(&self, indices: &[usize]) -> Self {
        let rows = self.view().contiguous();
        let mut shape = self.shape().dims().to_vec();
        let width = shape[1..].iter().product::<usize>();
        shape[0] = indices.len();
        let selected = indices.iter().flat_map(|&i| &rows[i * width..(i + 1) * width]).copied().collect();
        Array::from_vec(selected, shape).expect("a row for each index")
    }
    fn concat(&self, other: &Self) -> Result<Self, ShapeError> {
        let shape = joined(self.shape(), other.shape())?;
        Array::from_vec([self.to_vec(), other.to_vec()].concat(), shape)
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
    fn concat(&self, other: &Self) -> Result<Self, ShapeError> {
        joined(self.shape(), other.shape())?;
        Ok(Tensor::concat(&[self, other], 0))
    }
    fn detached(self) -> Self {
        self.detach()
    }
}

/// The shape of samples of these shapes one behind the other.
fn joined(first: &Shape, second: &Shape) -> Result<Vec<usize>, ShapeError> {
    match (first.dims(), second.dims()) {
        ([n, sample @ ..], [m, other @ ..]) if sample == other => Ok([&[n + m], sample].concat()),
        _ => Err(ShapeError::new("samples of different shapes make no data set")
            .operand("first", first, "")
            .operand("second", second, "")
            .help("all axes but the first have to agree: `reshape`, `pad` or cut the samples of one")),
    }
}

/// Samples in memory: inputs, by default a tensor of shape `[n, ..]`, and their targets, by default labels. A clone shares them.
///
/// ```
/// use nn::{Dataset, Rng, Tensor};
/// let data = Dataset::new(Tensor::<f32>::arange(10).reshape([10, 1]), (0..10).collect::<Vec<_>>())?;
/// let mut rng = Rng::seed(0);
/// let (train, test) = data.split(0.8, &mut rng);
/// assert_eq!((train.len(), test.len()), (8, 2));
/// assert_eq!(data.select(&[9, 0, 9]).y(), &[9, 0, 9]);
/// assert!(data.select(&[]).is_empty());
/// for batch in train.batches(3).shuffle(&mut rng) {
///     assert_eq!(batch.x.dims()[0], batch.y.len());
/// }
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[doc(alias = "TensorDataset")]
#[derive(Clone, Debug)]
pub struct Dataset<X = Tensor, Y = Vec<usize>> {
    x: Arc<X>,
    y: Arc<Y>,
}

/// Some samples of a data set, side by side.
///
/// ```
/// use nn::data::digits;
/// let batch = digits().batches(32).next().unwrap();
/// assert_eq!((batch.x.dims(), batch.y.len()), (&[32, 64][..], 32));
/// ```
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
            return Ok(Self::of(x.detached(), y.detached()));
        }
        Err(ShapeError::new(format!("{inputs} inputs for {targets} targets"))
            .help("give one target for each sample; the samples of a tensor lie along its axis 0"))
    }

    /// As many inputs as targets.
    fn of(x: X, y: Y) -> Self {
        Dataset { x: Arc::new(x), y: Arc::new(y) }
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
        let samples = self.len();
        if let Some((place, index)) = indices.iter().enumerate().find(|(_, index)| **index >= samples) {
            panic!(
                "select: index {index}, at place {place}, is out of range for {samples} samples\n  help: samples count from 0; `data.len()` is their number"
            );
        }
        Self::of(self.x.select(indices), self.y.select(indices))
    }

    /// All samples in batches of `size`, in order; the last may be smaller.
    ///
    /// # Panics
    /// If `size` is 0.
    #[doc(alias = "DataLoader")]
    #[track_caller]
    pub fn batches(&self, size: usize) -> Batches<X, Y> {
        Batches::new(self.clone(), size)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_targets_as_samples() {
        let message = Dataset::new(Tensor::<f32>::zeros([4, 2]), vec![0; 3]).unwrap_err().to_string();
        assert!(message.contains("4 inputs for 3 targets"), "{message}");
    }

    #[test]
    fn sequences_are_selected_and_joined_row_by_row() {
        let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6], [3, 2]).unwrap();
        let picked = a.select(&[2, 0]);
        assert_eq!((picked.shape().dims().to_vec(), picked.to_vec()), (vec![2, 2], vec![5, 6, 1, 2]));
        let both = picked.concat(&a).unwrap();
        assert_eq!((both.count(), both.to_vec()), (5, vec![5, 6, 1, 2, 1, 2, 3, 4, 5, 6]));
        let message = a.concat(&Array::from_slice(&[1])).unwrap_err().to_string();
        assert!(message.contains("[3, 2]") && message.contains("help"), "{message}");
    }
}
