//! The affine layer.

use crate::Module;
use crate::init::Init;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::param::Param;
use autograd::{Pointwise, Rng, Scalar, Tensor};

/// `y = x Wᵀ + b`: `[.., inputs]` to `[.., outputs]`.
///
/// ```
/// use nn::{Init, Layer, Linear, Rng, Tensor};
/// let mut rng = Rng::seed(0);
/// let layer = Linear::new(3, 2, &mut rng);
/// assert_eq!(layer.predict(&Tensor::<f32>::zeros([10, 3])).dims(), [10, 2]);
/// let before_relu = Linear::<f32>::with_init(3, 2, Init::HeNormal, &mut rng);
/// assert_eq!(before_relu.bias.as_ref().unwrap().to_vec(), [0.0, 0.0]);
/// assert_eq!(before_relu.without_bias().predict(&Tensor::zeros([3])).to_vec(), [0.0, 0.0]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Linear<T: Scalar = f32> {
    /// The weight, of shape `[outputs, inputs]`.
    pub weight: Param<T>,
    /// The bias, of shape `[outputs]`, if there is one.
    pub bias: Option<Param<T>>,
}

impl<T: Scalar> Linear<T> {
    /// Weight and bias uniform within `1 / √inputs`, as in PyTorch.
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        let init = Init::Uniform(1.0 / (inputs.max(1) as f64).sqrt());
        let weight = Param::new(init.sample([outputs, inputs], rng));
        Linear { weight, bias: Some(Param::new(init.sample([outputs], rng))) }
    }

    /// The weight from `init`, the bias zero.
    pub fn with_init(inputs: usize, outputs: usize, init: Init, rng: &mut Rng) -> Self {
        let weight = Param::new(init.sample([outputs, inputs], rng));
        Linear { weight, bias: Some(Param::new(Tensor::zeros([outputs]))) }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Linear { bias: None, ..self }
    }

    #[track_caller]
    fn must_fit(&self, x: &Tensor<T>) {
        let inputs = self.weight.dims()[1];
        self.weight.must_fit(x.dims().last() == Some(&inputs), "Linear", x.shape(), &|| {
            let rows = x.rank() > 2 && x.dims()[1..].iter().product::<usize>() == inputs;
            let help = match rows {
                true => "`x.flatten(1, -1)` makes a row of each sample",
                false => "the last axis must have as many places as the layer has inputs",
            };
            format!("[.., {inputs}]\n  help: {help}")
        });
    }

    /// The layer followed by a function of each element, as `layer.forward(x, mode).relu()`, but in one pass over the output
    /// where the derivative of the function follows from its value, as those of relu, sigmoid and tanh do.
    ///
    /// ```
    /// use nn::{Linear, Rng, Tensor, ops::Relu};
    /// let layer = Linear::new(3, 2, &mut Rng::seed(0));
    /// let h = layer.then(&Tensor::<f32>::ones([10, 3]), Relu);
    /// assert!(h.to_vec().iter().all(|&h| h >= 0.0));
    /// ```
    #[track_caller]
    pub fn then(&self, x: &Tensor<T>, f: impl Pointwise<T, 1>) -> Tensor<T> {
        self.must_fit(x);
        x.linear_then(&self.weight, self.bias.as_deref(), f)
    }
}

impl<T: Scalar> Layer<T> for Linear<T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        self.must_fit(x);
        x.linear(&self.weight, self.bias.as_deref())
    }
}
