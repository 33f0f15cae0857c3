//! Regularizers: what is added to the loss so that weights stay small, few, or apart.
//!
//! A [`Regularizer`] is a number that a tensor of weights costs, and [`penalty`] adds up what the parameters of a pattern of paths cost.
//! A parameter that is not trained, as a statistic or what is frozen, costs nothing. [`max_norm`] and
//! [`SpectralNorm`](crate::SpectralNorm) bound weights instead; [`entropy`], [`gradient_penalty`] and [`jacobian_penalty`] are of what
//! the network computes.

mod constraint;
mod outputs;

pub use constraint::max_norm;
pub(crate) use constraint::unit_width;
pub use outputs::{Entropy, entropy, gradient_penalty, jacobian_penalty, jacobian_penalty_exact};

use crate::module::Module;
use crate::pattern::Pattern;
use autograd::ops::{Abs, Square, SumOf};
use autograd::{Op, Scalar, Tensor};

/// What a tensor of weights costs.
///
/// ```
/// use nn::{Linear, Regularizer, Rng, Scalar, Tensor, penalty};
/// /// Rows that do not sum to 1.
/// struct Stochastic;
/// impl<T: Scalar> Regularizer<T> for Stochastic {
///     fn cost(&self, w: &Tensor<T>) -> Tensor<T> {
///         (w.sum_axes(-1) - T::one()).square().sum()
///     }
/// }
/// let net = Linear::<f32>::new(3, 2, &mut Rng::seed(0));
/// assert!(penalty(&net, "weight", &Stochastic).item() > 0.0);
/// ```
pub trait Regularizer<T: Scalar> {
    /// The cost, a scalar, which can be differentiated.
    ///
    /// # Panics
    /// If the weights have not the axes that it needs.
    #[track_caller]
    fn cost(&self, w: &Tensor<T>) -> Tensor<T>;
}

/// What the trained parameters whose path matches the [pattern](crate::Pattern) cost together; 0 if all that match are frozen or
/// statistics.
///
/// ```
/// use nn::{GroupLasso, L2, Linear, Rng, penalty};
/// let mut rng = Rng::seed(0);
/// let net = (Linear::<f32>::new(4, 3, &mut rng), Linear::new(3, 2, &mut rng));
/// let cost = penalty(&net, "*.weight", &L2(1e-4)) + penalty(&net, "0.weight", &GroupLasso(1e-3));
/// assert!(cost.item() > 0.0);
/// ```
/// While training: `Trainer::penalty(|net| penalty(net, "*.weight", &L2(1e-4)))`.
///
/// # Panics
/// If no parameter matches, or a regularizer needs axes that one does not have.
#[track_caller]
pub fn penalty<T: Scalar>(
    module: &(impl Module<T> + ?Sized),
    pattern: &str,
    regularizer: &(impl Regularizer<T> + ?Sized),
) -> Tensor<T> {
    let mut trained = Vec::new();
    Pattern::new(pattern).visit("penalty", module, &mut |_, param| {
        trained.extend(param.is_trained().then_some(param));
    });
    let mut sum = None;
    for param in trained {
        let cost = regularizer.cost(param);
        sum = Some(match sum {
            Some(sum) => sum + cost,
            None => cost,
        });
    }
    sum.unwrap_or_else(|| Tensor::scalar(T::zero()))
}

/// `strength Σ w²` over all trained parameters of the module (ridge; A. N. Tikhonov, 1943). Of some: [`penalty`] with [`L2`].
///
/// Its gradient is `2 strength w`. PyTorch's `weight_decay = d` is `strength = d / 2`.
///
/// ```
/// use nn::{l2, Param, Tensor};
/// let w = Param::new(Tensor::from([3.0, -4.0]));
/// assert_eq!(l2(&w, 0.1).item(), 2.5);
/// ```
pub fn l2<T: Scalar>(module: &(impl Module<T> + ?Sized), strength: f64) -> Tensor<T> {
    of_all(module, squares) * T::of(strength)
}

/// `strength Σ |w|` over all trained parameters of the module (lasso; R. Tibshirani, 1996): drives weights to exactly 0. Of some:
/// [`penalty`] with [`L1`].
///
/// ```
/// use nn::{l1, Param, Tensor};
/// let w = Param::new(Tensor::from([3.0, -4.0]));
/// assert_eq!(l1(&w, 0.5).item(), 3.5);
/// ```
pub fn l1<T: Scalar>(module: &(impl Module<T> + ?Sized), strength: f64) -> Tensor<T> {
    of_all(module, magnitudes) * T::of(strength)
}

/// The sum over all trained parameters, before it is multiplied: one multiplication serves all.
fn of_all<T: Scalar>(module: &(impl Module<T> + ?Sized), of_one: fn(&Tensor<T>) -> Tensor<T>) -> Tensor<T> {
    let trained = module.parameters().into_iter().filter(|(_, param)| param.is_trained());
    let terms = trained.map(|(_, param)| of_one(param));
    terms.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::scalar(T::zero()))
}

fn squares<T: Scalar>(w: &Tensor<T>) -> Tensor<T> {
    SumOf::all(Square).apply([w])
}

fn magnitudes<T: Scalar>(w: &Tensor<T>) -> Tensor<T> {
    SumOf::all(Abs).apply([w])
}

/// `strength Σ |w|`, which drives weights to exactly 0. Its gradient at 0 is 0.
///
/// ```
/// use nn::{L1, Regularizer, Tensor};
/// assert_eq!(L1(0.5).cost(&Tensor::from([1.0, -2.0])).item(), 1.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L1(
    /// The strength.
    pub f64,
);

impl<T: Scalar> Regularizer<T> for L1 {
    fn cost(&self, w: &Tensor<T>) -> Tensor<T> {
        magnitudes(w) * T::of(self.0)
    }
}

/// `strength Σ w²`, which keeps weights small.
///
/// ```
/// use nn::{L2, Regularizer, Tensor};
/// assert_eq!(L2(0.5).cost(&Tensor::from([1.0, -2.0])).item(), 2.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L2(
    /// The strength.
    pub f64,
);

impl<T: Scalar> Regularizer<T> for L2 {
    fn cost(&self, w: &Tensor<T>) -> Tensor<T> {
        squares(w) * T::of(self.0)
    }
}

/// `l1 Σ |w| + l2 Σ w²`: few weights, and of those that say the same not one, but all.
///
/// Source: H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", 2005.
///
/// ```
/// use nn::{ElasticNet, Regularizer, Tensor};
/// assert_eq!(ElasticNet { l1: 1.0, l2: 0.5 }.cost(&Tensor::from([1.0, -2.0])).item(), 5.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ElasticNet {
    /// The strength of the sum of magnitudes.
    pub l1: f64,
    /// The strength of the sum of squares.
    pub l2: f64,
}

impl<T: Scalar> Regularizer<T> for ElasticNet {
    fn cost(&self, w: &Tensor<T>) -> Tensor<T> {
        L1(self.l1).cost(w) + L2(self.l2).cost(w)
    }
}

/// `strength √width Σ |row|`, the lengths of units, rows of `width` weights along axis 0: drives whole units to exactly 0. Of a bias,
/// each element is a unit. Its gradient at a row of zeros is 0.
///
/// Source: M. Yuan and Y. Lin, "Model selection and estimation in regression with grouped variables", 2006.
///
/// ```
/// use nn::{GroupLasso, Regularizer, Tensor};
/// let w = Tensor::from([[3.0_f64, 4.0], [0.0, 0.0]]);
/// assert!((GroupLasso(0.5).cost(&w).item() - 0.5 * 2.0_f64.sqrt() * 5.0).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupLasso(
    /// The strength.
    pub f64,
);

impl<T: Scalar> Regularizer<T> for GroupLasso {
    fn cost(&self, w: &Tensor<T>) -> Tensor<T> {
        let width = unit_width(w);
        let lengths = w.reshape([w.size() / width, width]).norm_axes(1, 2.0);
        lengths.sum() * T::of(self.0 * (width as f64).sqrt())
    }
}

/// `strength |W Wᵀ - 1|²`, the sum of squares, of the rows along axis 0; or of `Wᵀ W`, if these are fewer: keeps them at right angles
/// and of length 1, so that what passes keeps its length.
///
/// Source: A. Brock, T. Lim, J. M. Ritchie and N. Weston, "Neural Photo Editing with Introspective Adversarial Networks", 2017.
///
/// ```
/// use nn::{Orthogonal, Regularizer, Tensor};
/// let turn = Tensor::from([[0.6_f64, -0.8], [0.8, 0.6]]);
/// assert!(Orthogonal(1.0).cost(&turn).item() < 1e-30);
/// assert_eq!(Orthogonal(0.5).cost(&Tensor::from([[1.0, 1.0]])).item(), 0.5);
/// ```
///
/// # Panics
/// If there are fewer than two axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orthogonal(
    /// The strength.
    pub f64,
);

impl<T: Scalar> Regularizer<T> for Orthogonal {
    fn cost(&self, w: &Tensor<T>) -> Tensor<T> {
        assert!(
            w.rank() >= 2,
            "Orthogonal: expected a weight of shape [outputs, inputs, ..], found {}\n  help: name weights alone, as by `*.weight`",
            w.shape()
        );
        let (rows, width) = (w.dims()[0], unit_width(w));
        let w = w.reshape([rows, width]);
        let gram = if rows <= width { w.matmul(&w.t()) } else { w.t().matmul(&w) };
        let size = gram.dims()[0];
        let one = Tensor::build([size, size], |one| {
            one.iter_mut()
                .enumerate()
                .for_each(|(i, one)| *one = if i % (size + 1) == 0 { T::one() } else { T::zero() });
        });
        squares(&(gram - one)) * T::of(self.0)
    }
}
