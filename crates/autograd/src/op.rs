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

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::{self, Call};
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::fmt;
use std::ops::BitOr;
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
/// An operator may hold numbers, indices and [`Array`]s, but not a tensor that is tracked: the engine sees only what it is
/// applied to, and no gradient would reach what it holds.
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

/// An operator with any number of inputs: what the graph holds. [`Op`] is its comfortable front; implement this only
/// where the number of inputs is not known to the compiler (as in `concat`) or the output is a view of the input.
pub trait AnyOp<T: Scalar>: fmt::Debug + Send + Sync + 'static {
    /// What messages call the operator.
    fn name(&self) -> String;

    /// The value: a new array, or a view of an input.
    ///
    /// # Errors
    /// If the inputs do not fit the operator.
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError>;

    /// Hands out the gradient of each input `i` that [needs](Call::needs) one, by `give(i, gradient)`. Must do so in
    /// the language of tensors when the call is [recorded](Call::recorded).
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>));

    /// What the gradient of input `i` reads.
    fn keeps(&self, i: usize) -> Keeps;

    /// What the operator is in ONNX, as in [`Op::onnx`].
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let _ = x;
        Value::unsupported(NO_FORM)
    }

    /// Where the output lies in a first input of this shape in row-major order, if the operator is no more than a view of it. The sweep
    /// then adds what goes back to what the input has got already, in its place.
    #[doc(hidden)]
    fn layout_in(&self, x: &Shape) -> Option<Layout> {
        let _ = x;
        None
    }

    /// Applies the operator.
    ///
    /// # Panics
    /// If the inputs do not fit.
    #[track_caller]
    fn apply_to(self, x: &[&Tensor<T>]) -> Tensor<T>
    where
        Self: Sized,
    {
        self.try_apply_to(x).or_panic()
    }

    /// Applies the operator and records the call, if it is to be differentiated: the one gate all operators pass.
    ///
    /// # Errors
    /// If the inputs do not fit.
    #[track_caller]
    fn try_apply_to(self, x: &[&Tensor<T>]) -> Result<Tensor<T>, ShapeError>
    where
        Self: Sized,
    {
        graph::record(self, x)
    }
}

/// An [`Op`] with its number of inputs forgotten.
struct Fixed<O, const N: usize>(O);

impl<O: fmt::Debug, const N: usize> fmt::Debug for Fixed<O, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Scalar, O: Op<T, N>, const N: usize> AnyOp<T> for Fixed<O, N> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let shape = self.0.shape(std::array::from_fn(|i| x[i].shape()))?;
        Array::build(shape, |y| self.0.forward(std::array::from_fn(|i| x[i].view()), y))
    }

    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        for (i, dx) in self.0.backward_all(call, dy).into_iter().enumerate() {
            if let Some(dx) = dx {
                give(i, dx);
            }
        }
    }

    fn keeps(&self, i: usize) -> Keeps {
        self.0.keeps(i)
    }

    fn onnx(&self, x: &Operands<'_>) -> Value {
        self.0.onnx(x)
    }
}

/// Which values a gradient reads, and the graph therefore keeps: inputs, the output, or both. Joined by `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps {
    inputs: u64,
    output: bool,
}

impl Keeps {
    /// Nothing: the gradient follows from the cotangent and the shapes.
    pub const NONE: Keeps = Keeps { inputs: 0, output: false };
    /// Every input and the output.
    pub const ALL: Keeps = Keeps { inputs: u64::MAX, output: true };

    /// Input `i`, which must be below 64; an operator with more inputs keeps all or none.
    ///
    /// # Panics
    /// If `i` is 64 or more.
    pub const fn x(i: usize) -> Keeps {
        assert!(
            i < 64,
            "Keeps::x: inputs beyond 64 cannot be kept one by one\n  help: `Keeps::ALL` keeps all together"
        );
        Keeps { inputs: 1 << i, output: false }
    }

    /// The output.
    pub const fn y() -> Keeps {
        Keeps { inputs: 0, output: true }
    }

    /// Whether input `i` is among them.
    pub const fn has_x(self, i: usize) -> bool {
        if i < 64 { self.inputs >> i & 1 == 1 } else { self.inputs == u64::MAX }
    }

    /// Whether the output is among them.
    pub const fn has_y(self) -> bool {
        self.output
    }
}

impl BitOr for Keeps {
    type Output = Keeps;
    fn bitor(self, other: Keeps) -> Keeps {
        Keeps { inputs: self.inputs | other.inputs, output: self.output | other.output }
    }
}

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

    #[test]
    fn keeps_join() {
        let keeps = Keeps::x(1) | Keeps::y();
        assert!(!keeps.has_x(0) && keeps.has_x(1) && !keeps.has_x(70) && keeps.has_y());
        assert!(Keeps::ALL.has_x(70) && !Keeps::NONE.has_x(0));
    }
}
