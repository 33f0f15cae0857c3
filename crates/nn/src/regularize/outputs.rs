//! Penalties on what a network computes: how certain it is, and how steep.

use autograd::ops::{Square, SumOf};
use autograd::{Algebra, Keeps, Op, Pointwise, Rng, Scalar, Tensor, batch_jacobian, vjp};

/// The entropy of softmax, `-Σ p ln p` over the last axis, the mean over all others, in nats: 0 where the network is certain,
/// `ln classes` where it knows nothing. `loss - 0.1 * entropy(&logits)` penalises confidence.
///
/// Source: G. Pereyra and others, "Regularizing Neural Networks by Penalizing Confident Output Distributions", 2017.
///
/// ```
/// use nn::{Tensor, entropy};
/// let logits = Tensor::from([[0.0_f64, 0.0], [1e4, 0.0]]);
/// assert!((entropy(&logits).item() - 2.0_f64.ln() / 2.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// If there are no logits.
#[track_caller]
pub fn entropy<T: Scalar>(logits: &Tensor<T>) -> Tensor<T> {
    assert!(
        logits.rank() > 0 && logits.size() > 0,
        "entropy: nothing has no mean, found shape {}\n  help: logits are `[n, classes]`, a row for each sample",
        logits.shape()
    );
    let rows = logits.size() / logits.dims()[logits.rank() - 1];
    SumOf::all(Entropy).apply([&logits.softmax(-1)]) / T::of(rows as f64)
}

/// `-p ln p` for a probability `p`, of one class; 0 if it is 0: [`entropy`] is its sum over classes.
///
/// ```
/// use nn::{Entropy, Pointwise, Tensor};
/// let p = Tensor::from([0.5_f64, 1.0, 0.0]).requires_grad();
/// let parts = Entropy.apply([&p]);
/// assert_eq!(parts.to_vec(), [0.5 * 2.0_f64.ln(), 0.0, 0.0]);
/// assert_eq!(parts.sum().backward()[&p].at([1]), -1.0);
/// ```
#[derive(Debug)]
pub struct Entropy;

/// The logarithm, and 0 of what is not positive: a class without probability has no part in the entropy, nor in its gradients.
#[inline(always)]
fn ln_of<T: Scalar, A: Algebra<T>>(p: A) -> A {
    p.if_positive(p.clone(), A::one()).ln()
}

impl<T: Scalar> Pointwise<T, 1> for Entropy {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [p]: [A; 1]) -> A {
        -(p.clone() * ln_of(p))
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, _: usize, [p]: [A; 1], _: A) -> A {
        -(ln_of(p) + A::one())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// How far the slope of a critic is from 1, `(|∇ critic(x)| - 1)²`, the mean over places `x` at random between each real sample and a
/// false one, as for Wasserstein's distance ("WGAN-GP"). Both are `[n, ..]`, and the critic judges each sample by itself. It can be
/// differentiated by the critic's parameters; samples are constants. The paper adds 10 times this to the critic's loss.
///
/// Source: I. Gulrajani and others, "Improved Training of Wasserstein GANs", 2017.
///
/// ```
/// use nn::{Layer, Linear, Mode, Rng, Tensor, gradient_penalty};
/// let mut rng = Rng::seed(0);
/// let (real, fake) = (Tensor::<f64>::ones([8, 3]), Tensor::zeros([8, 3]));
/// let critic = Linear::new(3, 1, &mut rng);
/// let slope = critic.weight.norm(2.0).item();
/// let penalty = gradient_penalty(|x| critic.forward(x, &mut Mode::eval()), &real, &fake, &mut rng);
/// assert!((penalty.item() - (slope - 1.0).powi(2)).abs() < 1e-12);
/// assert_eq!(penalty.backward()[&critic.weight].dims(), [1, 3]);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no samples.
#[track_caller]
pub fn gradient_penalty<T: Scalar>(
    critic: impl FnOnce(&Tensor<T>) -> Tensor<T>,
    real: &Tensor<T>,
    fake: &Tensor<T>,
    rng: &mut Rng,
) -> Tensor<T> {
    assert!(
        real.shape() == fake.shape() && real.rank() > 0 && real.size() > 0,
        "gradient_penalty: expected as many real samples as false ones, of one shape, found {} and {}\n  help: both are `[n, ..]`",
        real.shape(),
        fake.shape()
    );
    let (n, real, fake) = (real.dims()[0], real.detach(), fake.detach());
    let shares = Tensor::uniform([n], T::zero(), T::one(), rng).reshape(per_sample(&real));
    let between = &fake + (&real - &fake) * shares;
    let one = Tensor::scalar(T::one());
    let (_, [slopes]) = vjp(|[x]| critic(x).sum(), [&between], &one);
    let lengths = slopes.reshape([n, slopes.size() / n]).norm_axes(1, 2.0);
    SumOf::all(Square).apply([&(lengths - T::one())]) / T::of(n as f64)
}

/// The shape `[n, 1, ..]` of a number for each sample.
fn per_sample<T: Scalar>(x: &Tensor<T>) -> Vec<usize> {
    let mut shape = vec![1; x.rank()];
    shape[0] = x.dims()[0];
    shape
}

/// Half the squared Frobenius norm of the Jacobian of a network, `½ |∂y/∂x|²`, the mean over samples, estimated without bias from
/// so many random projections: the less, the further away from the samples its answers hold. Inputs are `[n, ..]`, outputs `[n, ..]`, and
/// the network maps each sample by itself. It can be differentiated by the network's parameters. One projection is usual; each costs a pass
/// forwards and one backwards.
///
/// Source: J. Hoffman, D. A. Roberts and S. Yaida, "Robust Learning with Jacobian Regularization", 2019, algorithm 1.
///
/// ```
/// use nn::{Layer, Linear, Mode, Rng, Tensor, jacobian_penalty};
/// let mut rng = Rng::seed(0);
/// let net = Linear::<f64>::new(3, 1, &mut rng);
/// let penalty = jacobian_penalty(|x| net.forward(x, &mut Mode::eval()), &Tensor::ones([8, 3]), 1, &mut rng);
/// assert!((penalty.item() - 0.5 * net.weight.norm(2.0).item().powi(2)).abs() < 1e-12); // of one output, it is exact
/// ```
///
/// # Panics
/// If there are no samples, no projections, or not as many outputs as samples.
#[track_caller]
pub fn jacobian_penalty<T: Scalar>(
    net: impl Fn(&Tensor<T>) -> Tensor<T>,
    x: &Tensor<T>,
    projections: usize,
    rng: &mut Rng,
) -> Tensor<T> {
    must_be_samples(x);
    assert!(
        projections > 0,
        "jacobian_penalty: expected at least one projection, found 0\n  help: 1 is usual"
    );
    let (n, x, one) = (x.dims()[0], x.detach(), Tensor::scalar(T::one()));
    let mut sum = None;
    for _ in 0..projections {
        let (mut outputs, mut wrong) = (0, None);
        let mut project = |y: Tensor<T>| {
            if y.dims().first() != Some(&n) || y.size() == 0 {
                wrong = Some(y.shape().clone());
                return y.sum();
            }
            outputs = y.size() / n;
            let directions = Tensor::normal([n, outputs], T::zero(), T::one(), rng);
            let directions = &directions / directions.norm_keepdims(1, 2.0);
            (&y * directions.reshape(y.shape())).sum()
        };
        let (_, [slopes]) = vjp(|[x]| project(net(x)), [&x], &one);
        if let Some(shape) = wrong {
            panic!(
                "jacobian_penalty: expected outputs of {n} samples, found shape {shape}\n  help: they are `[n, ..]`"
            )
        }
        // A direction of length 1 sees, in the mean, one share of the outputs.
        let cost =
            SumOf::all(Square).apply([&slopes]) * T::of(0.5 * outputs as f64 / (n * projections) as f64);
        sum = Some(match sum {
            Some(sum) => sum + cost,
            None => cost,
        });
    }
    sum.expect("at least one projection")
}

/// [`jacobian_penalty`] without chance, `½ |∂y/∂x|²`: a pass backwards for each output of a sample.
///
/// ```
/// use nn::{Tensor, jacobian_penalty_exact};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(jacobian_penalty_exact(|x| x.square(), &x).item(), 0.5 * (4.0 + 16.0 + 36.0 + 64.0) / 2.0);
/// ```
///
/// # Panics
/// If there are no samples, not as many outputs as samples, or an output depends on another sample.
#[track_caller]
pub fn jacobian_penalty_exact<T: Scalar>(
    net: impl FnOnce(&Tensor<T>) -> Tensor<T>,
    x: &Tensor<T>,
) -> Tensor<T> {
    must_be_samples(x);
    let [jacobian] = batch_jacobian(|[x]| net(x), [&x.detach()]);
    SumOf::all(Square).apply([&jacobian]) * T::of(0.5 / x.dims()[0] as f64)
}

#[track_caller]
fn must_be_samples<T: Scalar>(x: &Tensor<T>) {
    assert!(
        x.rank() > 0 && x.size() > 0,
        "jacobian_penalty: nothing has no mean, found shape {}\n  help: inputs are `[n, ..]`, with at least one sample",
        x.shape()
    );
}
