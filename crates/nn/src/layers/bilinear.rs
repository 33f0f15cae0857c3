//! The bilinear layer: each output is a product of two inputs.

use crate::Module;
use crate::init::Init;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::param::Param;
use autograd::{Rng, Scalar, Tensor};

/// `y_k = aᵀ W_k b + c_k`: `[.., first]` and `[.., second]` to `[.., outputs]`. Names and shapes of the parameters are those of PyTorch.
///
/// ```
/// use nn::{Bilinear, Layer, Rng, Tensor};
/// let mut layer = Bilinear::new(2, 2, 1, &mut Rng::seed(0)).without_bias();
/// layer.weight.update(|w| w.copy_from_slice(&[1.0, 10.0, 0.0, 0.0]));
/// let (a, b) = (Tensor::from([[3.0, 4.0]]), Tensor::from([[5.0, 6.0]]));
/// assert_eq!(layer.of(&a, &b).to_vec(), [3.0 * 5.0 + 10.0 * 3.0 * 6.0]);
/// assert_eq!(layer.predict(&(a, b)).dims(), [1, 1]); // as a layer it takes a pair
/// ```
#[derive(Clone, Debug, Module)]
pub struct Bilinear<T: Scalar = f32> {
    /// The weight, of shape `[outputs, first, second]`.
    pub weight: Param<T>,
    /// The bias, of shape `[outputs]`, if there is one.
    pub bias: Option<Param<T>>,
}

impl<T: Scalar> Bilinear<T> {
    /// Weight and bias uniform within `1 / √first`, as in PyTorch.
    pub fn new(first: usize, second: usize, outputs: usize, rng: &mut Rng) -> Self {
        let init = Init::Uniform(1.0 / (first.max(1) as f64).sqrt());
        let weight = Param::new(init.sample([outputs, first, second], rng));
        Bilinear { weight, bias: Some(Param::new(init.sample([outputs], rng))) }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        Bilinear { bias: None, ..self }
    }

    /// The output for two inputs whose axes but the last are equal.
    ///
    /// # Panics
    /// If they are not, or the last do not fit.
    #[track_caller]
    pub fn of(&self, first: &Tensor<T>, second: &Tensor<T>) -> Tensor<T> {
        let (a, b, w) = (first.dims(), second.dims(), self.weight.dims());
        let fits = match (a, b) {
            ([axes @ .., i], [others @ .., j]) => axes == others && [*i, *j] == w[1..],
            _ => false,
        };
        assert!(
            fits,
            "Bilinear: inputs of shapes {} and {} do not fit the weight {}\n  help: inputs are [.., {}] and [.., {}], with equal axes in front",
            first.shape(),
            second.shape(),
            self.weight.shape(),
            w[1],
            w[2]
        );
        let rows: usize = a[..a.len() - 1].iter().product();
        let flat = [first.reshape([rows, w[1]]), second.reshape([rows, w[2]])];
        let y = Tensor::einsum("ni,kij,nj->nk", &[&flat[0], &self.weight, &flat[1]]);
        let y = y.reshape([&a[..a.len() - 1], &w[..1]].concat());
        match &self.bias {
            Some(bias) => y + bias,
            None => y,
        }
    }
}

impl<T: Scalar> Layer<T, (Tensor<T>, Tensor<T>)> for Bilinear<T> {
    #[track_caller]
    fn forward(&self, (first, second): &(Tensor<T>, Tensor<T>), _: &mut Mode) -> Tensor<T> {
        self.of(first, second)
    }
}
