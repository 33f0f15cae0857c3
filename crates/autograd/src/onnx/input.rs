//! What a network may be given: tensors, and indices. Examples of them are varied, to see what a graph depends on.

use super::trace::Recorder;
use crate::array::Array;
use crate::error::OrPanic;
use crate::rng::Rng;
use crate::scalar::{Element, Scalar};
use crate::tensor::Tensor;

mod sealed {
    pub trait Sealed {}
    impl<T: crate::Scalar> Sealed for crate::Tensor<T> {}
    impl Sealed for crate::Array<usize> {}
}

/// An input that a graph can have: a [`Tensor`], or an [`Array`] of indices, whose first axis is the batch.
pub trait Input: sealed::Sealed + Sized {
    /// The size of the first axis, if there is one and it is not empty.
    #[doc(hidden)]
    fn batch(&self) -> Option<usize>;
    /// The same rows over and over, so that there are so many.
    #[doc(hidden)]
    fn with_batch(&self, rows: usize) -> Self;
    /// Others of the same shape: these in the opposite order, or others altogether if all are equal and any will do.
    #[doc(hidden)]
    fn varied(&self) -> Self;
    /// Makes it known as the input.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn announce(&self, recorder: &mut Recorder);
}

fn batch<E: Element>(x: &Array<E>) -> Option<usize> {
    x.shape().dims().first().copied().filter(|&batch| batch > 0)
}

fn with_batch<E: Element>(x: &Array<E>, rows: usize) -> Array<E> {
    let each = x.size() / x.shape()[0];
    let old = x.view().contiguous();
    Array::build(x.shape().with(0, rows), |new| {
        new.iter_mut().enumerate().for_each(|(i, new)| *new = old[i % (each * x.shape()[0])]);
    })
    .or_panic()
}

fn reversed<E: Element>(x: &Array<E>) -> Array<E> {
    let old = x.view().contiguous();
    Array::build(x.shape(), |new| new.iter_mut().zip(old.iter().rev()).for_each(|(new, &old)| *new = old))
        .or_panic()
}

impl<T: Scalar> Input for Tensor<T> {
    fn batch(&self) -> Option<usize> {
        batch(self.array())
    }
    fn with_batch(&self, rows: usize) -> Self {
        Tensor::constant(with_batch(self.array(), rows))
    }
    fn varied(&self) -> Self {
        let reversed = reversed(self.array());
        if reversed.view().iter().ne(self.array().view().iter()) {
            return Tensor::constant(reversed);
        }
        Tensor::normal(self.shape(), T::zero(), T::one(), &mut Rng::seed(0))
    }
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn announce(&self, recorder: &mut Recorder) {
        recorder.input("input", self.array());
    }
}

impl Input for Array<usize> {
    fn batch(&self) -> Option<usize> {
        batch(self)
    }
    fn with_batch(&self, rows: usize) -> Self {
        with_batch(self, rows)
    }
    fn varied(&self) -> Self {
        reversed(self)
    }
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn announce(&self, recorder: &mut Recorder) {
        recorder.input("input", self);
    }
}
