//! What a network may be given: tensors, indices and masks, one or several. Examples of them are varied, to see what a graph depends on.

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
    impl Sealed for crate::Array<bool> {}
}

/// What a graph can be given: a [`Tensor`], an [`Array`] of indices, an array of truths (a mask), or a tuple of these, of two to six,
/// each of which is an input of its own.
///
/// ```
/// use autograd::{Array, Tensor, onnx};
/// let score = |(x, mask): &(Tensor, Array<bool>)| x.masked_fill(mask, 0.0);
/// let example = (Tensor::from([[1.0_f32, 2.0], [3.0, 4.0]]), Array::from_vec(vec![true, false, false, true], [2, 2])?);
/// let graph = onnx::trace(score, &example, [] as [(&str, &Tensor); 0])?;
/// assert!(graph.inputs().eq(["input_0: f32[batch, 2]", "input_1: bool[batch, 2]"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(private_interfaces, reason = "the trait is sealed")]
pub trait Input: sealed::Sealed + Sized {
    /// Adds, for each input, the size of its first axis, if there is one and it is not empty.
    #[doc(hidden)]
    fn add_rows(&self, rows: &mut Vec<Option<usize>>);
    /// Copies, which share no memory with anything else; those for which a number comes have so many rows, the same over and over.
    #[doc(hidden)]
    fn copied(&self, rows: &mut dyn Iterator<Item = Option<usize>>) -> Self;
    /// Others of the same shapes: these in the opposite order, or others altogether if all are equal and any will do.
    #[doc(hidden)]
    fn varied(&self) -> Self;
    /// With the numbers of tensors negated: what depends on a sum or a mean does not see their order.
    #[doc(hidden)]
    fn negated(&self) -> Self;
    /// Makes them known as inputs with these names.
    #[doc(hidden)]
    fn announce(&self, names: &mut dyn Iterator<Item = &String>, recorder: &mut Recorder);
}

fn rows<E: Element>(x: &Array<E>) -> Option<usize> {
    x.shape().dims().first().copied().filter(|&rows| rows > 0)
}

fn copied<E: Element>(x: &Array<E>, rows: &mut dyn Iterator<Item = Option<usize>>) -> Array<E> {
    let old = x.view().contiguous();
    let shape = rows.next().flatten().map_or_else(|| x.shape().clone(), |rows| x.shape().with(0, rows));
    Array::build(shape, |new| new.iter_mut().zip(old.iter().cycle()).for_each(|(new, &old)| *new = old))
        .or_panic()
}

fn reversed<E: Element>(x: &Array<E>) -> Array<E> {
    let old = x.view().contiguous();
    Array::build(x.shape(), |new| new.iter_mut().zip(old.iter().rev()).for_each(|(new, &old)| *new = old))
        .or_panic()
}

fn announce<E: Element>(x: &Array<E>, names: &mut dyn Iterator<Item = &String>, recorder: &mut Recorder) {
    recorder.input(names.next().expect("there is a name for each input"), x);
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl<T: Scalar> Input for Tensor<T> {
    fn add_rows(&self, all: &mut Vec<Option<usize>>) {
        all.push(rows(self.array()));
    }
    fn copied(&self, rows: &mut dyn Iterator<Item = Option<usize>>) -> Self {
        Tensor::constant(copied(self.array(), rows))
    }
    fn varied(&self) -> Self {
        let reversed = reversed(self.array());
        if reversed.view().iter().ne(self.array().view().iter()) {
            return Tensor::constant(reversed);
        }
        Tensor::normal(self.shape(), T::zero(), T::one(), &mut Rng::seed(0))
    }
    fn negated(&self) -> Self {
        -self
    }
    fn announce(&self, names: &mut dyn Iterator<Item = &String>, recorder: &mut Recorder) {
        announce(self.array(), names, recorder);
    }
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl Input for Array<usize> {
    fn add_rows(&self, all: &mut Vec<Option<usize>>) {
        all.push(rows(self));
    }
    fn copied(&self, rows: &mut dyn Iterator<Item = Option<usize>>) -> Self {
        copied(self, rows)
    }
    fn varied(&self) -> Self {
        reversed(self)
    }
    fn negated(&self) -> Self {
        copied(self, &mut std::iter::empty())
    }
    fn announce(&self, names: &mut dyn Iterator<Item = &String>, recorder: &mut Recorder) {
        announce(self, names, recorder);
    }
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl Input for Array<bool> {
    fn add_rows(&self, all: &mut Vec<Option<usize>>) {
        all.push(rows(self));
    }
    fn copied(&self, rows: &mut dyn Iterator<Item = Option<usize>>) -> Self {
        copied(self, rows)
    }
    fn varied(&self) -> Self {
        let reversed = reversed(self);
        if reversed != *self {
            return reversed;
        }
        // Every second one is turned round: a mask that lets all pass would else let nothing pass.
        let old = self.view().contiguous();
        let turn = |new: &mut [bool]| {
            new.iter_mut().zip(old.iter()).enumerate().for_each(|(i, (new, &old))| *new = old ^ (i % 2 == 0));
        };
        Array::build(self.shape(), turn).or_panic()
    }
    fn negated(&self) -> Self {
        copied(self, &mut std::iter::empty())
    }
    fn announce(&self, names: &mut dyn Iterator<Item = &String>, recorder: &mut Recorder) {
        announce(self, names, recorder);
    }
}

macro_rules! tuples {
    ($(($($X:ident $i:tt),+))*) => {$(
        impl<$($X: Input),+> sealed::Sealed for ($($X,)+) {}
        #[expect(private_interfaces, reason = "the trait is sealed")]
        impl<$($X: Input),+> Input for ($($X,)+) {
            fn add_rows(&self, all: &mut Vec<Option<usize>>) {
                $(self.$i.add_rows(all);)+
            }
            fn copied(&self, rows: &mut dyn Iterator<Item = Option<usize>>) -> Self {
                ($(self.$i.copied(rows),)+)
            }
            fn varied(&self) -> Self {
                ($(self.$i.varied(),)+)
            }
            fn negated(&self) -> Self {
                ($(self.$i.negated(),)+)
            }
            fn announce(&self, names: &mut dyn Iterator<Item = &String>, recorder: &mut Recorder) {
                $(self.$i.announce(names, recorder);)+
            }
        }
    )*};
}
tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
