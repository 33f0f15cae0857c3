//! The multilayer perceptron.

use crate::Module;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Activation, Linear};
use crate::mode::Mode;
use autograd::ops::{Relu, Sigmoid, Tanh};
use autograd::{Rng, Routine, Scalar, Tensor};

/// Linear layers with an activation between them, given by a list of sizes.
///
/// The last layer has no activation: its outputs are logits, or the values of a regression.
///
/// ```
/// use nn::{Activation, Layer, Mlp, Module, Rng, Tensor};
/// let net = Mlp::new(&[64, 32, 10], Activation::Sigmoid, &mut Rng::seed(0));
/// assert_eq!(net.predict(&Tensor::<f32>::zeros([5, 64])).dims(), [5, 10]);
/// assert_eq!(net.parameter_count(), 64 * 32 + 32 + 32 * 10 + 10);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Mlp<T: Scalar = f32> {
    /// The layers, from input to output.
    pub layers: Vec<Linear<T>>,
    /// What stands between them.
    pub activation: Activation,
}

impl<T: Scalar> Mlp<T> {
    /// A network whose layers have these sizes: first the inputs, last the outputs. Weights begin as Xavier's for what is
    /// bounded (sigmoid, tanh) or linear and as He's otherwise, biases as zeros.
    ///
    /// # Panics
    /// If there are fewer than two sizes, or one is 0.
    #[track_caller]
    pub fn new(sizes: &[usize], activation: Activation, rng: &mut Rng) -> Self {
        assert!(
            sizes.len() >= 2 && !sizes.contains(&0),
            "Mlp: expected two sizes or more, none of them 0, found {sizes:?}\n  help: first the inputs, last the outputs: `&[4, 16, 3]` makes three numbers of four, by way of sixteen"
        );
        let init = match activation {
            Activation::Identity | Activation::Sigmoid | Activation::Tanh => Init::XavierUniform,
            _ => Init::HeUniform,
        };
        let layers = sizes.windows(2).map(|pair| Linear::with_init(pair[0], pair[1], init, rng)).collect();
        Mlp { layers, activation }
    }
}

impl<T: Scalar> Layer<T> for Mlp<T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let Some((last, hidden)) = self.layers.split_last() else { return x.clone() };
        let mut h = x.clone();
        for layer in hidden {
            h = match self.activation {
                Activation::Sigmoid => layer.then(&h, Routine(Sigmoid)),
                Activation::Tanh => layer.then(&h, Tanh),
                Activation::Relu => layer.then(&h, Relu),
                other => other.forward(&layer.forward(&h, mode), mode),
            };
        }
        last.forward(&h, mode)
    }
}
