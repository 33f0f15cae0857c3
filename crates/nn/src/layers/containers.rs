//! Layers made of layers.

use super::blame;
use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::Path;
use crate::param::Param;
use autograd::{Scalar, ShapeError, Tensor};
use std::fmt;

/// Layers one after the other. Parameters have the paths `0.weight`, `0.bias`, and so on.
///
/// ```
/// use nn::{Activation, Conv2d, Flatten, Layer, Linear, MaxPool2d, Rng, Sequential, Tensor};
/// let mut rng = Rng::seed(0);
/// let net = Sequential::new()
///     .then(Conv2d::new(1, 8, 3, &mut rng))
///     .then(Activation::Relu)
///     .then(MaxPool2d::new(2))
///     .then(Flatten)
///     .then(Linear::new(8 * 13 * 13, 10, &mut rng));
/// assert_eq!(net.predict(&Tensor::zeros([4, 1, 28, 28])).dims(), [4, 10]);
/// ```
///
/// [`new`](Self::new) is for `f32`, so that nobody has to say so. In another precision, a network begins with `default`:
///
/// ```
/// use nn::{Layer, Linear, Rng, Sequential, Tensor};
/// let net = Sequential::<f64>::default().then(Linear::new(3, 2, &mut Rng::seed(0)));
/// assert_eq!(net.predict(&Tensor::zeros([4, 3])).dims(), [4, 2]);
/// ```
#[derive(Module)]
pub struct Sequential<T: Scalar = f32>(
    /// The layers.
    pub Vec<Box<dyn Layer<T>>>,
);

impl Sequential {
    /// No layers, which give back what they are given. In another precision than `f32`: `Sequential::<f64>::default()`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Scalar> Sequential<T> {
    /// One more, at the end.
    pub fn then(mut self, mut layer: impl Layer<T> + 'static) -> Self {
        Path::default().enter(self.0.len(), |path| {
            layer.visit_mut(path, &mut |path, param| param.set_path(path));
        });
        self.0.push(Box::new(layer));
        self
    }
}

impl<T: Scalar> Default for Sequential<T> {
    fn default() -> Self {
        Sequential(Vec::new())
    }
}

impl<T: Scalar> fmt::Debug for Sequential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters();
        let shapes = parameters.iter().map(|(path, param)| (path, param.shape()));
        f.debug_struct("Sequential")
            .field("layers", &self.0.len())
            .field("parameters", &shapes.collect::<Vec<_>>())
            .finish()
    }
}

impl<T: Scalar> Layer<T> for Sequential<T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        blame::on_caller(|| self.0.iter().fold(x.clone(), |x, layer| (**layer).forward(&x, mode)))
    }
}

/// What a layer gives, added to what it is given: the layer learns the difference, and gradients pass beside it.
///
/// Source: K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", 2016.
///
/// ```
/// use nn::{Layer, Linear, Residual, Rng, Tensor};
/// let block = Residual(Linear::new(8, 8, &mut Rng::seed(0)));
/// assert_eq!(block.predict(&Tensor::<f32>::zeros([4, 8])).dims(), [4, 8]);
/// ```
///
/// # Panics
/// If what the layer gives has another shape than what it is given. Shapes are not broadcast: that hides mistakes.
#[derive(Clone, Debug)]
pub struct Residual<L>(
    /// The layer.
    pub L,
);

/// Parameters have the paths that they have in the layer.
impl<T: Scalar, L: Module<T>> Module<T> for Residual<L> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        self.0.visit(path, see);
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        self.0.visit_mut(path, see);
    }
}

impl<T: Scalar, L: Layer<T>> Layer<T> for Residual<L> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let difference = self.0.forward(x, mode);
        if difference.shape() != x.shape() {
            let error = ShapeError::new("Residual: the layer gives another shape than it is given")
                .operand("given", x.shape(), "")
                .operand("gives", difference.shape(), "")
                .help("make a layer with as many outputs as inputs, or add by hand what is to be broadcast");
            blame::fail(&error.to_string());
        }
        x + difference
    }
}

/// All axes behind the batch as one: `[n, ..]` to `[n, size]`.
///
/// ```
/// use nn::{Flatten, Layer, Tensor};
/// assert_eq!(Flatten.predict(&Tensor::<f32>::zeros([4, 8, 3, 3])).dims(), [4, 72]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct Flatten;

impl<T: Scalar> Layer<T> for Flatten {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        x.flatten(1, -1)
    }
}

/// The axis behind the batch as several, the opposite of [`Flatten`]: `[n, size]` to `[n, ..dims]`.
///
/// ```
/// use nn::{Layer, Tensor, Unflatten};
/// let image = Unflatten::new(&[1, 8, 8]);
/// assert_eq!(image.predict(&Tensor::<f32>::zeros([4, 64])).dims(), [4, 1, 8, 8]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Module)]
pub struct Unflatten {
    /// The sizes of the axes behind the batch.
    #[module(skip)]
    pub dims: Vec<usize>,
}

impl Unflatten {
    /// Axes of these sizes.
    pub fn new(dims: &[usize]) -> Self {
        Unflatten { dims: dims.to_vec() }
    }
}

impl<T: Scalar> Layer<T> for Unflatten {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        let size: usize = self.dims.iter().product();
        let fits = x.rank() > 0 && x.size() == x.dims()[0] * size;
        assert!(
            fits,
            "Unflatten: shape {} does not fall into a batch of {:?}\n  help: the sizes behind the batch must multiply to the same",
            x.shape(),
            self.dims
        );
        x.reshape([&[x.dims()[0]], &self.dims[..]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;
    use crate::{Linear, Rng};

    #[test]
    fn what_a_residual_adds_has_the_shape_of_what_it_is_given() {
        let wide: Residual<Linear> = Residual(Linear::new(1, 4, &mut Rng::seed(0)));
        let message = panic_of(|| wide.predict(&Tensor::zeros([3, 1])));
        assert!(
            message.contains("[3, 1]") && message.contains("[3, 4]") && message.contains("help"),
            "{message}"
        );
    }
}
