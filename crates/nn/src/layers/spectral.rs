//! Spectral normalisation: weights whose largest singular value is 1, so that no output changes faster than its input.
//!
//! ```text
//! W = W_orig / σ        σ = uᵀ W_orig v        v ← W_origᵀ u / |W_origᵀ u|        u ← W_orig v / |W_orig v|
//! ```
//! One such pair of products at each step (the power method) is enough, since weights change little from step to step. In the gradient,
//! u and v count as constants: at the largest singular value, where they are its vectors, σ does not depend on them.

use crate::layer::Layer;
use crate::layers::{Conv, Linear};
use crate::mode::Mode;
use crate::module::{Module, Path};
use crate::param::Param;
use autograd::{Rng, Scalar, Tensor, no_grad};

/// A layer with one weight, whose output can be worked out with another one in its place.
///
/// ```
/// use nn::{Layer, Mode, Module, Param, Rng, SpectralNorm, Tensor, Weighted};
///
/// #[derive(Module)]
/// struct Product {
///     weight: Param,
/// }
/// impl Layer for Product {
///     fn forward(&self, x: &Tensor, _: &mut Mode) -> Tensor {
///         self.forward_with(&self.weight, x)
///     }
/// }
/// impl Weighted<f32> for Product {
///     fn parts(&self) -> (&Param, Option<&Param>) {
///         (&self.weight, None)
///     }
///     fn parts_mut(&mut self) -> (&mut Param, Option<&mut Param>) {
///         (&mut self.weight, None)
///     }
///     fn forward_with(&self, weight: &Tensor, x: &Tensor) -> Tensor {
///         x.matmul(&weight.t())
///     }
/// }
///
/// let product = Product { weight: Param::new(Tensor::from([[3.0, 4.0]])) };
/// let layer = SpectralNorm::new(product, &mut Rng::seed(0));
/// let y = layer.predict(&Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
/// assert!((y - Tensor::from([[0.6], [0.8]])).abs().max().item() < 1e-6);
/// ```
pub trait Weighted<T: Scalar>: Layer<T> {
    /// The weight `[outputs, ..]`, and the bias, if there is one.
    fn parts(&self) -> (&Param<T>, Option<&Param<T>>);

    /// The same, to be changed.
    fn parts_mut(&mut self) -> (&mut Param<T>, Option<&mut Param<T>>);

    /// The output for `x` with this weight.
    ///
    /// # Panics
    /// If `x` or the weight does not fit.
    #[track_caller]
    fn forward_with(&self, weight: &Tensor<T>, x: &Tensor<T>) -> Tensor<T>;
}

impl<T: Scalar> Weighted<T> for Linear<T> {
    fn parts(&self) -> (&Param<T>, Option<&Param<T>>) {
        (&self.weight, self.bias.as_ref())
    }
    fn parts_mut(&mut self) -> (&mut Param<T>, Option<&mut Param<T>>) {
        (&mut self.weight, self.bias.as_mut())
    }
    fn forward_with(&self, weight: &Tensor<T>, x: &Tensor<T>) -> Tensor<T> {
        x.linear(weight, self.bias.as_deref())
    }
}

impl<const D: usize, T: Scalar> Weighted<T> for Conv<D, T> {
    fn parts(&self) -> (&Param<T>, Option<&Param<T>>) {
        (&self.weight, self.bias.as_ref())
    }
    fn parts_mut(&mut self) -> (&mut Param<T>, Option<&mut Param<T>>) {
        (&mut self.weight, self.bias.as_mut())
    }
    fn forward_with(&self, weight: &Tensor<T>, x: &Tensor<T>) -> Tensor<T> {
        self.convolve(weight, x)
    }
}

/// A layer, [`Linear`] or a convolution, whose weight is divided by its largest singular value, as a matrix `[outputs, all else]`.
///
/// In training each pass takes so many steps of the power method from the vectors that are kept, which follow at the optimizer's step; in
/// evaluation, and where they are frozen, they are used as they are. Several passes before one step therefore start from the same
/// vectors and have the same weight. Names and shapes of the parameters are those of PyTorch's `torch.nn.utils.spectral_norm`.
///
/// Source: T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida, "Spectral Normalization for Generative Adversarial Networks", 2018.
///
/// ```
/// use nn::{Layer, Linear, Module, Rng, SpectralNorm, Tensor};
/// let mut rng = Rng::seed(0);
/// let layer = SpectralNorm::new(Linear::<f64>::new(3, 1, &mut rng), &mut rng);
/// assert!((layer.weight().norm(2.0).item() - 1.0).abs() < 1e-12); // of one row, σ is its length
/// let paths: Vec<String> = layer.parameters().into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["bias", "weight_orig", "weight_u", "weight_v"]);
/// ```
#[doc(alias = "spectral_norm")]
#[derive(Clone, Debug)]
pub struct SpectralNorm<L, T: Scalar = f32> {
    /// The layer; its weight is `weight_orig`.
    pub layer: L,
    /// The vector `u` on the side of the outputs, a statistic of shape `[outputs]`.
    pub u: Param<T>,
    /// The vector `v` on the other side, a statistic.
    pub v: Param<T>,
    /// The steps of the power method in each pass of training.
    pub steps: usize,
    /// The least length by which a vector is divided.
    pub epsilon: f64,
}

/// Steps of the power method before training, as in PyTorch's newer form.
const FIRST_STEPS: usize = 15;

impl<T: Scalar, L: Weighted<T>> SpectralNorm<L, T> {
    /// One step of the power method in each pass; `epsilon` 1e-12. The vectors are random at first, and then improved by 15 steps.
    ///
    /// # Panics
    /// If the weight has no elements, or fewer than two axes.
    #[track_caller]
    pub fn new(layer: L, rng: &mut Rng) -> Self {
        let weight = layer.parts().0;
        assert!(
            weight.rank() >= 2 && weight.size() > 0,
            "SpectralNorm: expected a weight of shape [outputs, inputs, ..], found {}\n  help: vectors have no singular values",
            weight.shape()
        );
        let rows = weight.dims()[0];
        let mut vector = |size| Tensor::normal([size], T::zero(), T::one(), rng);
        let (u, v) = (vector(rows), vector(weight.size() / rows));
        let [u, v] = [u, v].map(|x| Param::statistic(x, 1.0));
        let norm = SpectralNorm { layer, u, v, steps: 1, epsilon: 1e-12 };
        let [u, v] = norm.improved(FIRST_STEPS).map(|x| Param::statistic(x, 1.0));
        SpectralNorm { u, v, ..norm }
    }

    /// With so many steps of the power method in each pass of training.
    ///
    /// ```
    /// use nn::{Layer, Linear, Mode, Rng, SpectralNorm, Tensor};
    /// let mut rng = Rng::seed(0);
    /// let mut linear = Linear::<f64>::new(2, 2, &mut rng).without_bias();
    /// linear.weight.update(|w| w.copy_from_slice(&[2.0, 0.0, 0.0, 1.9])); // values that are close take many steps to tell
    /// let layer = SpectralNorm::new(linear, &mut rng).steps(200);
    /// let y = layer.forward(&Tensor::from([1.0, 0.0]), &mut Mode::train(&mut rng));
    /// assert!((y.at([0]) - 1.0).abs() < 1e-6);
    /// ```
    pub fn steps(self, steps: usize) -> Self {
        SpectralNorm { steps, ..self }
    }

    /// The weight as evaluation has it, divided by its largest singular value.
    pub fn weight(&self) -> Tensor<T> {
        let weight = self.layer.parts().0;
        weight / self.sigma(&self.u, &self.v)
    }

    /// The weight as a matrix.
    fn matrix(&self) -> Tensor<T> {
        let weight = self.layer.parts().0;
        weight.reshape([self.u.size(), self.v.size()])
    }

    /// `uᵀ W v`.
    fn sigma(&self, u: &Tensor<T>, v: &Tensor<T>) -> Tensor<T> {
        u.dot(&self.matrix().matmul(v))
    }

    /// The vectors, and then so many steps.
    fn improved(&self, steps: usize) -> [Tensor<T>; 2] {
        no_grad(|| {
            let w = self.matrix().detach();
            let unit = |x: Tensor<T>| &x / x.norm(2.0).maximum(&Tensor::scalar(T::of(self.epsilon)));
            let start = [self.u.detach(), self.v.detach()];
            (0..steps).fold(start, |[u, _], _| {
                let v = unit(w.t().matmul(&u));
                [unit(w.matmul(&v)), v]
            })
        })
    }
}

impl<T: Scalar, L: Weighted<T>> Layer<T> for SpectralNorm<L, T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        if !mode.is_train() || self.u.is_frozen() && self.v.is_frozen() {
            return self.layer.forward_with(&self.weight(), x);
        }
        let [u, v] = self.improved(self.steps);
        let sigma = self.u.tell(&self.sigma(&u, &v), &u);
        let sigma = self.v.tell(&sigma, &v);
        self.layer.forward_with(&(self.layer.parts().0 / sigma), x)
    }
}

/// Paths as PyTorch's: the weight is `weight_orig`, beside `bias`, and the vectors are `weight_u` and `weight_v`.
impl<T: Scalar, L: Weighted<T>> Module<T> for SpectralNorm<L, T> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        let (weight, bias) = self.layer.parts();
        if let Some(bias) = bias {
            path.enter("bias", |path| see(path, bias));
        }
        for (name, param) in NAMES.into_iter().zip([weight, &self.u, &self.v]) {
            path.enter(name, |path| see(path, param));
        }
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        let (weight, bias) = self.layer.parts_mut();
        if let Some(bias) = bias {
            path.enter("bias", |path| see(path, bias));
        }
        for (name, param) in NAMES.into_iter().zip([weight, &mut self.u, &mut self.v]) {
            path.enter(name, |path| see(path, param));
        }
    }
}

const NAMES: [&str; 3] = ["weight_orig", "weight_u", "weight_v"];
