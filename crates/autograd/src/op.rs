//! What an operator is: a shape, a value, a gradient.
//!
//! An operator `y = f(x_0, ..., x_{N-1})` says which shape `y` has, writes its value, and carries a cotangent `dy`
//! back to each input by the vector-Jacobian product
//!
//! ```text
//! dx_i = (∂y / ∂x_i)ᵀ dy .
//! ```
//!
//! That is all. The engine allocates, broadcasts, keeps what `backward` says it reads, orders the calls, sums a gradient
//! over the axes that were stretched, adds gradients that meet, and frees. An operator of another crate is written the
//! same way as those in [`ops`](crate::ops), and is their equal.

mod any;
mod keeps;

pub use any::AnyOp;
pub use keeps::Keeps;

use self::any::Fixed;
use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::onnx::{Operands, Value};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::fmt;
use std::sync::Arc;

/// A differentiable operator with `N` inputs and one output.
///
/// # Example
/// Softplus, `y = ln(1 + eˣ)`, whose derivative is the sigmoid:
///
/// ```
/// use autograd::{Call, Keeps, Op, Scalar, Tensor, View};
///
/// #[derive(Debug)]
/// struct Softplus;
///
/// impl<T: Scalar> Op<T, 1> for Softplus {
///     fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
///         x.map_into(y, |x| x.max(T::zero()) + (-x.abs()).exp().ln_1p());
///     }
///     fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
///         dy * call.x(0).sigmoid()
///     }
///     fn keeps(&self, _: usize) -> Keeps {
///         Keeps::x(0)
///     }
/// }
///
/// let x = Tensor::from([0.0, 1.0]).requires_grad();
/// let y = Softplus.apply([&x]).sum();
/// assert_eq!(y.backward()[&x].to_vec()[0], 0.5);
/// ```
/// Its gradient is proved by one line in its tests, `check(Softplus)`, or `check_with` where the shapes or values that suit it
/// are not any that broadcast together. Both come with the feature `check`:
/// `wengert = { .., features = ["check"] }` under `[dev-dependencies]`.
///
/// A literal alone is an `f64`, in Rust as here. Over any `T: Scalar` it is written [`T::of`](Scalar::of): `dy * T::of(0.5)`.
///
/// An operator may hold numbers, indices and [`Array`](crate::Array)s, but not a tensor that is tracked: the engine sees only
/// what it is applied to, and no gradient would reach what it holds.
///
/// # With all that there is to say
/// A ratio, `y = a / b`, of tensors that do not broadcast, with `da = dy / b` and `db = -y da`:
///
/// ```
/// use autograd::{Call, Keeps, Op, Scalar, Shape, ShapeError, Tensor, View, onnx::{self, Operands, Value}};
///
/// #[derive(Debug)]
/// struct Ratio;
///
/// impl<T: Scalar> Op<T, 2> for Ratio {
///     fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, ShapeError> {
///         let unequal = || ShapeError::new("the shapes differ").operand("left", a, "").operand("right", b, "");
///         if a == b { Ok(a.clone()) } else { Err(unequal()) }
///     }
///     fn forward(&self, [a, b]: [View<'_, T>; 2], y: &mut [T]) {
///         y.iter_mut().zip(a.iter().zip(b.iter())).for_each(|(y, (a, b))| *y = a / b);
///     }
///     fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
///         let da = dy / call.x(1);
///         if i == 0 { da } else { -da * call.y() }
///     }
///     fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; 2] {
///         let da = dy / call.x(1); // once for both
///         let db = call.needs(1).then(|| -&da * call.y());
///         [Some(da), db]
///     }
///     fn keeps(&self, i: usize) -> Keeps {
///         if i == 0 { Keeps::x(1) } else { Keeps::x(1) | Keeps::y() }
///     }
///     fn name(&self) -> String {
///         "quotient".into()
///     }
///     fn onnx(&self, x: &Operands<'_>) -> Value {
///         Value::node("Div", &[&x[0], &x[1]], &[])
///     }
/// }
///
/// let [a, b] = [3.0, 2.0].map(|x| Tensor::scalar(x).requires_grad());
/// let grads = Ratio.try_apply([&a, &b])?.backward();
/// assert_eq!((grads[&a].item(), grads[&b].item()), (0.5, -0.75));
///
/// let error = Ratio.try_apply([&a, &Tensor::ones([2])]).unwrap_err();
/// assert!(error.to_string().starts_with("quotient: the shapes differ"));
///
/// let graph = onnx::trace(|(a, b): &_| Ratio.apply([a, b]), &(a, b), [] as [(&str, &Tensor<f64>); 0]).unwrap();
/// assert!(graph.operators().eq(["Div"]));
/// # Ok::<(), ShapeError>(())
/// ```
#[doc(alias = "autograd.Function")]
pub trait Op<T: Scalar, const N: usize>: fmt::Debug + Send + Sync + 'static {
    /// The shape of the output, found before any work is done. By default the inputs broadcast together.
    ///
    /// # Errors
    /// If the inputs do not fit the operator.
    fn shape(&self, x: [&Shape; N]) -> Result<Shape, ShapeError> {
        Shape::broadcast(&x)
    }

    /// Writes the value to `y`, in row-major order. `y` has the size of the output's shape and holds anything: every
    /// element must be written. The inputs come as they are, not broadcast, in any layout, and any size may be 0.
    fn forward(&self, x: [View<'_, T>; N], y: &mut [T]);

    /// The gradient with respect to input `i`, given the cotangent `dy`, in the language of tensors, so that it can be
    /// differentiated again. It has the shape of the input or one that the input broadcasts to; the engine sums over
    /// what was stretched.
    ///
    /// When nothing is recorded ([`Call::recorded`] is false), it may take a faster way to the same values.
    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T>;

    /// What `backward(i)` reads: the graph keeps nothing more alive. By default everything.
    fn keeps(&self, i: usize) -> Keeps {
        let _ = i;
        Keeps::ALL
    }

    /// The gradients with respect to all inputs that need one ([`Call::needs`]), where they share work. By default
    /// `backward` for each. The cotangent is handed over: its memory may become that of a gradient.
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; N] {
        one_by_one(self, call, &dy)
    }

    /// What messages call the operator. By default the name of the type, `LayerNorm` becoming `layer_norm`.
    fn name(&self) -> String {
        snake_case(std::any::type_name::<Self>())
    }

    /// What the operator is in ONNX, made of the values of its inputs, for [`onnx::trace`](crate::onnx::trace). By default nothing:
    /// a network that uses it cannot be exported, and is told so.
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let _ = x;
        Value::unsupported(NO_FORM)
    }

    /// Applies the operator.
    ///
    /// # Panics
    /// If the inputs do not fit, with the message of [`try_apply`](Self::try_apply).
    #[track_caller]
    fn apply(self, x: [&Tensor<T>; N]) -> Tensor<T>
    where
        Self: Sized,
    {
        self.try_apply(x).or_panic()
    }

    /// Applies the operator and records the call, if it is to be differentiated.
    ///
    /// # Errors
    /// If the inputs do not fit.
    #[track_caller]
    fn try_apply(self, x: [&Tensor<T>; N]) -> Result<Tensor<T>, ShapeError>
    where
        Self: Sized,
    {
        Fixed::<Self, N>(self).try_apply_to(&x)
    }
}

/// The gradients with respect to all inputs that need one, each by [`Op::backward`].
pub(crate) fn one_by_one<T: Scalar, O: Op<T, N> + ?Sized, const N: usize>(
    op: &O,
    call: &Call<'_, T>,
    dy: &Tensor<T>,
) -> [Option<Tensor<T>>; N] {
    std::array::from_fn(|i| call.needs(i).then(|| op.backward(i, call, dy)))
}

/// A shared operator is one: for an operator that is applied again and again, or is costly to make.
impl<T: Scalar, O: Op<T, N>, const N: usize> Op<T, N> for Arc<O> {
    fn shape(&self, x: [&Shape; N]) -> Result<Shape, ShapeError> {
        (**self).shape(x)
    }
    fn forward(&self, x: [View<'_, T>; N], y: &mut [T]) {
        (**self).forward(x, y);
    }
    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        (**self).backward(i, call, dy)
    }
    fn keeps(&self, i: usize) -> Keeps {
        (**self).keeps(i)
    }
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; N] {
        (**self).backward_all(call, dy)
    }
    fn name(&self) -> String {
        (**self).name()
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        (**self).onnx(x)
    }
}

/// What can be done about an operator without a form in ONNX.
pub(crate) const NO_FORM: &str =
    "write it in operators that have one, or if it is your own, give it one: the method `onnx` of its trait";

/// `path::to::LayerNorm<f32>` as `layer_norm`.
pub(crate) fn snake_case(type_name: &str) -> String {
    let path = type_name.split('<').next().unwrap_or(type_name);
    let name = path.rsplit("::").next().unwrap_or(path);
    let mut result = String::with_capacity(name.len() + 4);
    let mut before = None;
    for c in name.chars() {
        if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
            result.push('_');
        }
        before = Some(c);
        result.extend(c.to_lowercase());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_case_without_path_and_parameters() {
        assert_eq!(snake_case("a::b::LayerNorm<c::D>"), "layer_norm");
        assert_eq!(snake_case("Mul"), "mul");
    }
}
