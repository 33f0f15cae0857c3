//! How what an optimizer remembers is stored: in full, or in half the bytes.

use super::{Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, Optimizer, RAdam, Sgd};
use autograd::{Rng, Scalar};
use std::fmt;
use std::str::FromStr;

/// How the numbers that an optimizer remembers of every parameter are stored. See [`CompactMoments`].
///
/// ```
/// use nn::{Adam, CompactMoments, Storage};
/// let adam = Adam::<f32>::new(1e-3).moments(Storage::Bf16);
/// assert_eq!((adam.state.storage(), adam.state.storage().to_string()), (Storage::Bf16, "bf16".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Storage {
    /// As the parameters are.
    #[default]
    Full,
    /// In two bytes each, rounded at random, up or down, so that they are right in the mean.
    Bf16,
}

/// Optimizers whose moments may be stored in half the bytes. With parameters of `f32`, Adam then remembers 4 bytes a parameter in place
/// of 8.
///
/// A step reads them, works in full precision, and rounds what it stores to eight binary digits ([`Bf16`](autograd::Bf16)). To the
/// nearest number, a mean with `beta2` 0.999 would soon stand still, since its steps are less than half the distance to the next one; so it
/// is rounded up or down at random, with the probabilities that make it right in the mean. What a mean of squares then is off by, some 2 %,
/// is less than what batches at random do to it; a test holds the weights' path to that of full storage. The random bits follow from
/// the parameter's path, its step and the place in it: the same program gives the same bits, and so does one that goes on from a
/// [checkpoint](crate::Trainer::checkpoint), where these numbers stand in full width.
///
/// Optimizers that do more with what they remember than one element at a time, or take roots of differences, cannot do so.
///
/// ```
/// use nn::{Adam, CompactMoments, Optimizer, Param, Storage, Tensor};
/// let mut w: Param = Param::new(Tensor::ones([1000]));
/// let mut adam = Adam::new(0.01).moments(Storage::Bf16);
/// for _ in 0..100 {
///     let loss = w.square().sum();
///     adam.step(&mut w, &loss.backward());
/// }
/// assert!(w.abs().max().item() < 0.4);
/// assert_eq!(adam.state.bytes(), 2 * 2 * 1000); // two moments of two bytes
/// ```
pub trait CompactMoments<T: Scalar = f32>: Optimizer<T> + Sized {
    /// Stores what is remembered in this way.
    ///
    /// # Panics
    /// If it remembers something already.
    #[track_caller]
    fn moments(mut self, storage: Storage) -> Self {
        self.state().store(storage);
        self
    }
}

impl<T: Scalar> CompactMoments<T> for Adadelta<T> {}
impl<T: Scalar> CompactMoments<T> for Adagrad<T> {}
impl<T: Scalar> CompactMoments<T> for Adam<T> {}
impl<T: Scalar> CompactMoments<T> for AdamW<T> {}
impl<T: Scalar> CompactMoments<T> for Adamax<T> {}
impl<T: Scalar> CompactMoments<T> for Lion<T> {}
impl<T: Scalar> CompactMoments<T> for RAdam<T> {}
impl<T: Scalar> CompactMoments<T> for Sgd<T> {}

/// What the random bits of a parameter's step follow from.
pub(super) fn key(path: &str, step: u64) -> u64 {
    // FNV-1a, and then as numbers are made of a seed.
    let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Rng::seed(hash.wrapping_add(step)).bits()
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Storage::Full => "full",
            Storage::Bf16 => "bf16",
        })
    }
}

impl FromStr for Storage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Storage::Full, Storage::Bf16].into_iter().find(|storage| storage.to_string() == text).ok_or(())
    }
}
