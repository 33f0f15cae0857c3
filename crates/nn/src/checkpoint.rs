//! Layers that are evaluated again in the backward pass, instead of keeping what their gradient needs.

use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::Module;
use crate::param::Param;
use autograd::{Rng, Scalar, Tensor, checkpoint};
use std::sync::{Arc, Mutex, PoisonError};

/// `layer.forward(x, mode)` as a [checkpoint](autograd::checkpoint): of all that its gradient needs, only `x` is kept, and the
/// rest is computed anew in the backward pass. Value, gradients and the random numbers drawn, before and after, are the same to the
/// bit.
///
/// ```
/// use nn::{Activation, Layer, Mlp, Mode, Module, Rng, Tensor, checkpointed};
///
/// #[derive(Module)]
/// struct Deep {
///     blocks: Vec<Mlp>,
/// }
///
/// impl Layer for Deep {
///     fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
///         self.blocks.iter().fold(x.clone(), |x, block| checkpointed(block, &x, mode))
///     }
/// }
///
/// let mut rng = Rng::seed(0);
/// let net = Deep { blocks: (0..8).map(|_| Mlp::new(&[4, 16, 4], Activation::Tanh, &mut rng)).collect() };
/// let loss = net.forward(&Tensor::ones([2, 4]), &mut Mode::train(&mut rng)).sum();
/// assert_eq!(loss.backward().len(), 8 * 4);
/// ```
///
/// # Panics
/// If `x` does not fit.
#[doc(alias = "utils.checkpoint")]
#[track_caller]
pub fn checkpointed<T: Scalar, L: Layer<T> + Clone + 'static>(
    layer: &L,
    x: &Tensor<T>,
    mode: &mut Mode,
) -> Tensor<T> {
    let layer = alias(layer);
    let start = mode.rng().cloned();
    let end = Arc::new(Mutex::new(None::<Rng>));
    let end_of_forward = end.clone();
    let forward = move |[x]: [&Tensor<T>; 1]| {
        let mut rng = start.clone();
        let mut mode = rng.as_mut().map_or_else(Mode::eval, Mode::train);
        let y = layer.forward(x, &mut mode);
        *end.lock().unwrap_or_else(PoisonError::into_inner) = rng;
        y
    };
    let y = checkpoint(forward, [x]);
    let end = end_of_forward.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Some(rng), Some(end)) = (mode.rng(), end) {
        *rng = end;
    }
    y
}

/// Another handle to a module: the same parameters, not copies that learn for themselves.
fn alias<T: Scalar, M: Module<T> + Clone>(module: &M) -> M {
    let mut alias = module.clone();
    for ((_, to), (_, from)) in alias.parameters_mut().into_iter().zip(module.parameters()) {
        *to = Param::alias(from);
    }
    alias
}
