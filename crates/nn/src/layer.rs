//! Layers: modules that map a tensor to a tensor.

use crate::layers::blame;
use crate::mode::Mode;
use crate::module::Module;
use autograd::{Recording, Scalar, Tensor};

/// A module with one input and one output. Networks are layers too. The input `X` is a tensor, unless said otherwise: a
/// layer that looks up words may take a `Vec<usize>`.
///
/// ```
/// use nn::{Layer, Linear, Mode, Module, Rng, Tensor};
///
/// #[derive(Module)]
/// struct Residual {
///     inner: Linear,
/// }
///
/// impl Layer for Residual {
///     fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
///         x + self.inner.forward(x, mode).tanh()
///     }
/// }
///
/// let net = Residual { inner: Linear::new(3, 3, &mut Rng::seed(0)) };
/// assert_eq!(net.predict(&Tensor::zeros([5, 3])).dims(), [5, 3]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer over `{T}` that takes `{X}`",
    label = "not a layer",
    note = "write `impl Layer for ..` with a `forward`, beside `#[derive(Module)]`",
    note = "over another precision than `f32` it is `impl Layer<f64> for ..`; of another input than a tensor, `impl Layer<f32, Vec<usize>> for ..`"
)]
pub trait Layer<T: Scalar = f32, X = Tensor<T>>: Module<T> {
    /// The output for `x`.
    ///
    /// # Panics
    /// If `x` does not fit.
    fn forward(&self, x: &X, mode: &mut Mode) -> Tensor<T>;

    /// The output for `x` in evaluation, with nothing recorded.
    ///
    /// # Panics
    /// If `x` does not fit.
    #[doc(alias = "inference_mode")]
    #[track_caller]
    fn predict(&self, x: &X) -> Tensor<T> {
        // No closure: a layer that the input does not fit blames the line that has called this.
        let _off = Recording::set(false);
        self.forward(x, &mut Mode::eval())
    }
}

impl<T: Scalar, X, L: Layer<T, X> + ?Sized> Layer<T, X> for Box<L> {
    #[track_caller]
    fn forward(&self, x: &X, mode: &mut Mode) -> Tensor<T> {
        blame::on_caller(|| (**self).forward(x, mode))
    }
}
