//! A function of tensors, its value and its gradients.

use crate::backward::try_grad;
use crate::gradients::GradError;
use crate::tensor::Tensor;

/// A function of tensors, however many.
pub(super) type Function<'a> = &'a dyn Fn(&[&Tensor<f64>]) -> Tensor<f64>;

pub(super) fn call(f: Function<'_>, x: &[Tensor<f64>]) -> Tensor<f64> {
    f(&x.iter().collect::<Vec<_>>())
}

pub(super) fn contiguous(x: &Tensor<f64>) -> Tensor<f64> {
    Tensor::build(x.shape(), |y| y.copy_from_slice(&x.to_vec()))
}

/// How a gradient is computed.
#[derive(Clone, Copy)]
pub(super) enum Pass {
    /// By `backward`, which takes the fast ways.
    Plain,
    /// By `grad`, in tensors.
    Recorded,
}

/// The gradients of `<dy, f(x)>` with respect to the tracked inputs, zero where `f` does not depend on one: that it
/// truly does not is for the differences to say.
///
/// # Panics
/// If a gradient has not the shape of its input.
pub(super) fn gradients(
    f: Function<'_>,
    x: &[Tensor<f64>],
    dy: &Tensor<f64>,
    pass: Pass,
    is_tracked: impl Fn(usize) -> bool,
) -> Vec<Tensor<f64>> {
    evaluate(f, x, dy, pass, is_tracked).1
}

/// The value, and the [`gradients`].
pub(super) fn evaluate(
    f: Function<'_>,
    x: &[Tensor<f64>],
    dy: &Tensor<f64>,
    pass: Pass,
    is_tracked: impl Fn(usize) -> bool,
) -> (Tensor<f64>, Vec<Tensor<f64>>) {
    let leaf = |(i, x): (usize, &Tensor<f64>)| {
        if is_tracked(i) { x.detach().requires_grad() } else { x.detach() }
    };
    let x: Vec<_> = x.iter().enumerate().map(leaf).collect();
    let y = call(f, &x);
    let value = contiguous(&y);
    let found: Vec<_> = match pass {
        _ if !y.is_tracked() => vec![None; x.len()],
        Pass::Plain => {
            let grads = y.backward_from(dy);
            x.iter().map(|x| grads.get(x).cloned()).collect()
        }
        Pass::Recorded => {
            let root = (y * dy).sum();
            x.iter().map(|x| recorded(&root, x)).collect()
        }
    };
    let gradient = |(i, (dx, x)): (usize, (Option<Tensor<f64>>, &Tensor<f64>))| {
        let dx = dx.unwrap_or_else(|| Tensor::zeros(x.shape()));
        assert_eq!(dx.shape(), x.shape(), "the gradient of input {i} has not the input's shape");
        dx.detach()
    };
    (value, found.into_iter().zip(&x).enumerate().map(gradient).collect())
}

/// The recorded gradient of `root`, unless it does not depend on `x` or `x` is not tracked.
pub(super) fn recorded(root: &Tensor<f64>, x: &Tensor<f64>) -> Option<Tensor<f64>> {
    match try_grad(root, [x]) {
        Ok([dx]) => Some(dx),
        Err(GradError::Unused(_) | GradError::Untracked(_) | GradError::ConstantRoot) => None,
        Err(error) => panic!("{error}"),
    }
}
