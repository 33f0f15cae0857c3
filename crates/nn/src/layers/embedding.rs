//! Embeddings: a vector for each word.

use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::param::Param;
use autograd::{Array, Rng, Scalar, Tensor};

/// A vector for each of `count` things: indices of any shape `[..]` to `[.., size]`.
///
/// ```
/// use nn::{Embedding, Layer, Rng};
/// let words = Embedding::<f32>::new(100, 16, &mut Rng::seed(0));
/// assert_eq!(words.predict(&vec![3, 99, 3]).dims(), [3, 16]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Embedding<T: Scalar = f32> {
    /// The vectors, of shape `[count, size]`.
    pub weight: Param<T>,
}

impl<T: Scalar> Embedding<T> {
    /// Normal with mean 0 and deviation 1, as in PyTorch.
    pub fn new(count: usize, size: usize, rng: &mut Rng) -> Self {
        Embedding { weight: Param::new(Tensor::normal([count, size], T::zero(), T::one(), rng)) }
    }
}

impl<T: Scalar> Embedding<T> {
    /// Panics unless there is a vector for each index.
    #[track_caller]
    fn must_have(&self, mut indices: impl Iterator<Item = usize>) {
        let count = self.weight.dims()[0];
        if let Some((place, index)) = indices.by_ref().enumerate().find(|(_, index)| *index >= count) {
            self.weight.blame(
                "Embedding",
                &format!(
                    "index {index}, at place {place}, is out of range for a weight of shape {}\n  help: there are {count} vectors, counted from 0; for all indices here it takes `Embedding::new({}, ..)`",
                    self.weight.shape(),
                    indices.fold(index, usize::max).saturating_add(1)
                ),
            )
        }
    }
}

impl<T: Scalar> Layer<T, Vec<usize>> for Embedding<T> {
    #[track_caller]
    fn forward(&self, x: &Vec<usize>, _: &mut Mode) -> Tensor<T> {
        self.must_have(x.iter().copied());
        self.weight.rows(x)
    }
}

impl<T: Scalar> Layer<T, Array<usize>> for Embedding<T> {
    #[track_caller]
    fn forward(&self, x: &Array<usize>, _: &mut Mode) -> Tensor<T> {
        self.must_have(x.view().iter());
        self.weight.index_select(0, x)
    }
}
