//! Activations as layers.

use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use autograd::{Scalar, Tensor};

/// A function of each element, between layers.
///
/// ```
/// use nn::{Activation, Layer, Tensor};
/// let x = Tensor::from([-1.0_f32, 2.0]);
/// assert_eq!(Activation::Relu.predict(&x).to_vec(), [0.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
#[non_exhaustive]
pub enum Activation {
    /// The input as it is.
    Identity,
    /// `1 / (1 + e⁻ˣ)`, in (0, 1).
    #[default]
    Sigmoid,
    /// The hyperbolic tangent, in (-1, 1).
    Tanh,
    /// `max(x, 0)`.
    Relu,
    /// `x` above 0, `0.01 x` below.
    LeakyRelu,
    /// `x` above 0, `eˣ - 1` below.
    Elu,
    /// `x Φ(x)`, with the normal distribution `Φ`: the exact form, by the error function.
    Gelu,
    /// `x / (1 + e⁻ˣ)`, also called swish.
    Silu,
}

impl<T: Scalar> Layer<T> for Activation {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        match self {
            Activation::Identity => x.clone(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Tanh => x.tanh(),
            Activation::Relu => x.relu(),
            Activation::LeakyRelu => x.leaky_relu(T::of(0.01)),
            Activation::Elu => x.elu(T::one()),
            Activation::Gelu => x.gelu(),
            Activation::Silu => x.silu(),
        }
    }
}
