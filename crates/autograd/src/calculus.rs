//! Derivatives of functions: products with the Jacobian from either side, Jacobians and Hessians.
//!
//! The sweep multiplies by the transposed Jacobian: it carries a cotangent `u` of `y = f(x)` back to `Jᵀu`. This is linear
//! in `u`, so that differentiating it by `u` multiplies by the Jacobian itself, whatever the value of `u`:
//!
//! ```text
//! J v = ∂/∂u <Jᵀu, v> .
//! ```
//!
//! Two sweeps therefore give forward mode, for every operator whose gradient can be differentiated (J. Townsend, "A new
//! trick for calculating Jacobian vector products", 2017).
//!
//! All functions here take a function of `N` tensors, written as a closure that takes an array, and the tensors:
//! `jacobian(|[a, b]| a.matmul(b), [&a, &b])`. They differentiate by the closure's arguments alone: what it captures is
//! constant to them. Where the result does not depend on an argument, the derivative is 0; if it depends on none, that is a
//! mistake, such as a function that records nothing (`predict`) or uses what it captured in the place of its argument, and they panic.
//!
//! They compose. What they return can itself be differentiated, by tracked tensors among the arguments and the captured
//! ones, unless within [`no_grad`](crate::no_grad); where there is no such tensor, it is constant.

use crate::backward::{depends, one_for, sweep};
use crate::checkpoint::older_than;
use crate::error::OrPanic;
use crate::gradients::{GradError, Gradients, check_tangents};
use crate::graph::next_id;
use crate::op::AnyOp;
use crate::ops::Reshape;
use crate::recording::{is_recording, with_recording};
use crate::rng::Rng;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// The value `y = f(x)`, and for each input the product of a cotangent with the Jacobian, `Jᵀ dy`, in the shape of the input:
/// the gradients of `sum(y * dy)`.
///
/// ```
/// use autograd::{Tensor, vjp};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// let (y, [da, db]) = vjp(|[a, b]| a * b, [&a, &b], &Tensor::from([1.0, 10.0]));
/// assert_eq!((y.to_vec(), da.to_vec(), db.to_vec()), (vec![3.0, 8.0], vec![3.0, 40.0], vec![1.0, 20.0]));
/// ```
///
/// # Panics
/// If the cotangent has not the shape of `f(x)`. If the result depends on none of the arguments.
#[track_caller]
pub fn vjp<T: Scalar, const N: usize>(
    f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    x: [&Tensor<T>; N],
    dy: &Tensor<T>,
) -> (Tensor<T>, [Tensor<T>; N]) {
    let at = At::new("vjp", f, x);
    if at.y.shape() != dy.shape() {
        let (root, cotangent) = (at.y.shape().clone(), dy.shape().clone());
        return Err(GradError::Cotangent { root, cotangent }).or_panic();
    }
    let recorded = at.recorded || is_recording() && dy.is_tracked();
    let dx = with_recording(recorded, || pull(&at.y, dy, &at.x));
    (at.value(), dx)
}

/// The value `y = f(x)`, and its derivative along the tangents `v`, `J v`, in the shape of `y`: forward mode. It costs two to
/// three times as much as `f`, whatever the number of inputs.
///
/// ```
/// use autograd::{Tensor, jvp};
/// let x = Tensor::from([1.0, 2.0]);
/// let (y, dy) = jvp(|[x]| x * x, [&x], [&Tensor::from([1.0, 0.5])]);
/// assert_eq!((y.to_vec(), dy.to_vec()), (vec![1.0, 4.0], vec![2.0, 2.0]));
/// ```
///
/// # Panics
/// If a tangent has not the shape of its input. If the result depends on none of the arguments.
#[track_caller]
pub fn jvp<T: Scalar, const N: usize>(
    f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    x: [&Tensor<T>; N],
    v: [&Tensor<T>; N],
) -> (Tensor<T>, Tensor<T>) {
    let at = At::new("jvp", f, x);
    check_tangents(x, v).or_panic();
    let (u, transposed) = at.transposed();
    let recorded = at.recorded || is_recording() && v.iter().any(|v| v.is_tracked());
    let [dy] = along(&transposed, v, &[u], recorded);
    (at.value(), dy)
}

/// The Jacobian with respect to each input, `∂y / ∂x`, of the shape of the output followed by that of the input: its element
/// at `[i.., j..]` is the derivative of `y[i..]` by `x[j..]`.
///
/// It takes one sweep for each element of `y`, or for each of the inputs if they are fewer.
///
/// ```
/// use autograd::{Tensor, jacobian};
/// let (a, x) = (Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), Tensor::from([1.0, 0.5, 0.0]));
/// let [j] = jacobian(|[x]| x.linear(&a, None), [&x]);
/// assert_eq!((j.dims(), j.to_vec()), (&[2, 3][..], a.to_vec()));
/// ```
///
/// # Panics
/// If the result depends on none of the arguments.
#[doc(alias("jacrev", "jacfwd"))]
#[track_caller]
pub fn jacobian<T: Scalar, const N: usize>(
    f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    x: [&Tensor<T>; N],
) -> [Tensor<T>; N] {
    let at = At::new("jacobian", f, x);
    if at.y.size() <= at.x.iter().map(Tensor::size).sum() {
        return with_recording(at.recorded, || rows(&at.y, &at.x, 0));
    }
    // By columns: the rows of the transpose.
    let (u, transposed) = at.transposed();
    let u = [u];
    with_recording(at.recorded, || {
        transposed.each_ref().map(|jtu| {
            let [transposed] = rows(jtu, &u, 0);
            let (first, all) = (jtu.rank(), transposed.rank());
            transposed.permute(&(first..all).chain(0..first).collect::<Vec<_>>())
        })
    })
}

/// The Jacobian of each row, for a function that maps rows, along axis 0, one by one: `∂y[b] / ∂x[b]`, of the shape of the
/// output followed by that of a row of the input.
///
/// It takes one sweep for each element of a row of `y`, and two for each binary digit of the number of rows, to see that they are apart;
/// [`jacobian`] would take one for each element of `y`, to find mostly zeros.
///
/// ```
/// use autograd::{Tensor, batch_jacobian};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// let [j] = batch_jacobian(|[x]| x.powi(2), [&x]);
/// assert_eq!(j.dims(), [3, 2, 2]);
/// assert_eq!(j.slice(0, 1..2).to_vec(), [6.0, 0.0, 0.0, 8.0]);
/// ```
///
/// # Panics
/// If the output has not as many rows as each input, or a row depends on another one of an input. If the result
/// depends on none of the arguments.
#[track_caller]
pub fn batch_jacobian<T: Scalar, const N: usize>(
    f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    x: [&Tensor<T>; N],
) -> [Tensor<T>; N] {
    let at = At::new("batch_jacobian", f, x);
    at.assert_rows_are_apart();
    with_recording(at.recorded, || rows(&at.y, &at.x, 1))
}

/// The second derivatives of a number: for each pair of inputs the block `∂²y / ∂x_i ∂x_j`, of the shape of `x_i` followed by
/// that of `x_j`. It is the Jacobian of the gradient, and takes one sweep for each element of the inputs.
///
/// ```
/// use autograd::{Tensor, hessian};
/// let x = Tensor::from([1.0, 2.0]);
/// let [[h]] = hessian(|[x]| x.powi(3).sum(), [&x]);
/// assert_eq!((h.dims(), h.to_vec()), (&[2, 2][..], vec![6.0, 0.0, 0.0, 12.0]));
/// ```
///
/// # Panics
/// If `f` does not return a single number. If the result depends on none of the arguments.
#[track_caller]
pub fn hessian<T: Scalar, const N: usize>(
    f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    x: [&Tensor<T>; N],
) -> [[Tensor<T>; N]; N] {
    let at = At::new("hessian", f, x);
    let gradient = at.gradient("hessian");
    with_recording(at.recorded, || gradient.each_ref().map(|g| rows(g, &at.x, 0)))
}

/// The product of the Hessian of a number with tangents `v`, in the shapes of the inputs: two sweeps, without the Hessian.
///
/// ```
/// use autograd::{Tensor, hvp};
/// let x = Tensor::from([1.0, 2.0]);
/// let [hv] = hvp(|[x]| x.powi(3).sum(), [&x], [&Tensor::from([1.0, 1.0])]);
/// assert_eq!(hv.to_vec(), [6.0, 12.0]);
/// ```
///
/// # Panics
/// If `f` does not return a single number, or a tangent has not the shape of its input. If the result depends on
/// none of the arguments.
#[track_caller]
pub fn hvp<T: Scalar, const N: usize>(
    f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>,
    x: [&Tensor<T>; N],
    v: [&Tensor<T>; N],
) -> [Tensor<T>; N] {
    let at = At::new("hvp", f, x);
    check_tangents(x, v).or_panic();
    let gradient = at.gradient("hvp");
    // The Hessian is symmetric: H v is the gradient of <∇f, v>.
    along(&gradient, v, &at.x, at.recorded || is_recording() && v.iter().any(|v| v.is_tracked()))
}

/// A function's value at a place, recorded, whose arguments are variables of its own.
struct At<T: Scalar, const N: usize> {
    x: [Tensor<T>; N],
    y: Tensor<T>,
    /// Whether derivatives can be differentiated: recording is on, and `y` depends on something tracked from outside.
    recorded: bool,
}

impl<T: Scalar, const N: usize> At<T, N> {
    #[track_caller]
    fn new(name: &str, f: impl FnOnce([&Tensor<T>; N]) -> Tensor<T>, x: [&Tensor<T>; N]) -> Self {
        let since = next_id();
        let (x, y) = with_recording(true, || {
            // A tracked argument gets a place of its own, too: the closure may have captured the same tensor.
            let x = x.map(|x| match x.is_tracked() {
                true => Reshape(x.shape().clone()).apply_to(&[x]),
                false => x.clone().requires_grad(),
            });
            let y = f(x.each_ref());
            (x, y)
        });
        let ids: Vec<_> = x.iter().filter_map(|x| Some(x.node()?.id)).collect();
        assert!(
            N == 0 || depends(&y, &ids),
            "{name}: the result depends on none of the arguments\n  help: use the closure's arguments, not what it captures; \
             `no_grad` and `predict` record nothing: a network's `forward` with `Mode::eval()` does"
        );
        let recorded = is_recording() && !older_than(since, &y).is_empty();
        At { x, y, recorded }
    }

    fn value(self) -> Tensor<T> {
        if self.recorded { self.y } else { self.y.detach() }
    }

    /// A cotangent `u`, and `Jᵀu` as a function of it. The value of `u` does not matter.
    fn transposed(&self) -> (Tensor<T>, [Tensor<T>; N]) {
        let u = Tensor::zeros(self.y.shape()).requires_grad();
        let jtu = with_recording(true, || pull(&self.y, &u, &self.x));
        (u, jtu)
    }

    /// That rows are mapped one by one is tried by random cotangents, twice as many as the number of rows has binary digits.
    #[track_caller]
    fn assert_rows_are_apart(&self) {
        let batch = self.y.dims().first();
        for (i, x) in self.x.iter().enumerate() {
            let (rows, y) = (x.shape(), self.y.shape());
            assert!(
                batch.is_some() && x.dims().first() == batch,
                "batch_jacobian: input {i} has shape {rows}, the output {y}\n  help: both must have the batch as axis 0"
            );
        }
        // Any two rows differ in a bit of their numbers, so one of these sets has the one and not the other.
        let rows = batch.map_or(1, |&batch| batch.max(1));
        let (row, digits) = (self.y.size() / rows, usize::BITS - (rows - 1).leading_zeros());
        let mut rng = Rng::seed(0);
        for set in 0..2 * digits as usize {
            let is_chosen = |i: usize| i >> (set / 2) & 1 == set % 2;
            let mut number = |i| if is_chosen(i / row) { rng.normal() } else { T::zero() };
            let dy = Tensor::build(self.y.shape(), |dy| (0..).zip(dy).for_each(|(i, dy)| *dy = number(i)));
            let dx = with_recording(false, || pull(&self.y, &dy, &self.x));
            for (i, dx) in dx.iter().enumerate().filter(|(_, dx)| dx.size() > 0) {
                let (len, dx) = (dx.size() / rows, dx.to_vec());
                let is_apart = |(i, dx): (usize, T)| is_chosen(i / len) || dx == T::zero() || dx.is_nan();
                assert!(
                    dx.into_iter().enumerate().all(is_apart),
                    "batch_jacobian: a row of the output depends on another row of input {i}\n  help: the function must map each row by itself; `jacobian` takes any function"
                );
            }
        }
    }

    /// The gradient of a number, as a function of the arguments, for what is called `name`.
    #[track_caller]
    fn gradient(&self, name: &str) -> [Tensor<T>; N] {
        let Ok(one) = one_for(&self.y) else {
            panic!(
                "{name}: the function gives shape {}, not a single number\n  help: reduce it, as by `.sum()` or `.mean()`; what gives several numbers has a `jacobian`",
                self.y.shape()
            )
        };
        with_recording(true, || pull(&self.y, &one, &self.x))
    }
}

/// The gradients of `<y, dy>` with respect to variables, 0 where there is none.
fn pull<T: Scalar, const N: usize>(y: &Tensor<T>, dy: &Tensor<T>, x: &[Tensor<T>; N]) -> [Tensor<T>; N] {
    let ids: Vec<_> = x.iter().filter_map(|x| Some(x.node()?.id)).collect();
    let none = || Gradients { by_age: Vec::new() };
    let grads = sweep(y.clone(), dy.clone(), Some(&ids)).unwrap_or_else(|_| none());
    x.each_ref().map(|x| grads.get(x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape())))
}

/// The gradients of `Σ <y_i, v_i>` with respect to variables.
fn along<T: Scalar, const M: usize, const N: usize>(
    y: &[Tensor<T>; M],
    v: [&Tensor<T>; M],
    x: &[Tensor<T>; N],
    recorded: bool,
) -> [Tensor<T>; N] {
    let products = with_recording(true, || y.iter().zip(v).map(|(y, v)| (y * v).sum()).reduce(|a, b| a + b));
    let sum = products.unwrap_or_else(|| Tensor::scalar(T::zero()));
    with_recording(recorded, || pull(&sum, &Tensor::scalar(T::one()), x))
}

/// The Jacobians of `y`, row by row: of axes in front that `y` and `x` share, so many as `shared`, each place is a batch entry
/// of its own. A sweep for each element of an entry.
fn rows<T: Scalar, const N: usize>(y: &Tensor<T>, x: &[Tensor<T>; N], shared: usize) -> [Tensor<T>; N] {
    let batch: usize = y.dims()[..shared].iter().product();
    let count = y.size() / batch.max(1);
    let unit = |k| {
        let place = |i: usize| if i % count == k { T::one() } else { T::zero() };
        Tensor::build(y.shape(), |e| e.iter_mut().enumerate().for_each(|(i, e)| *e = place(i)))
    };
    let sweeps: Vec<_> = (0..count).map(|k| pull(y, &unit(k), x)).collect();
    std::array::from_fn(|i| {
        let shape = y.shape().clone().join(&x[i].dims()[shared..]);
        let entry = x[i].size() / batch.max(1);
        let lanes: Vec<_> = sweeps.iter().map(|dx| dx[i].reshape([batch, 1, entry])).collect();
        let lanes: Vec<_> = lanes.iter().collect();
        if lanes.is_empty() { Tensor::zeros(shape) } else { Tensor::concat(&lanes, 1).reshape(shape) }
    })
}
