//! An operator whose number of inputs is forgotten, or was never known: what the graph holds.

use super::{Keeps, NO_FORM, Op};
use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::graph::{self, Call};
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::fmt;

/// An operator with any number of inputs: what the graph holds. [`Op`] is its comfortable front; implement this only
/// where the number of inputs is not known to the compiler (as in `concat`) or the output is a view of the input.
///
/// A list backwards, a view; its adjoint is itself:
///
/// ```
/// use autograd::{AnyOp, Array, Call, Keeps, Scalar, ShapeError, Tensor, onnx::{Operands, Value}};
///
/// #[derive(Debug)]
/// struct Backwards;
///
/// impl<T: Scalar> AnyOp<T> for Backwards {
///     fn name(&self) -> String {
///         "backwards".into()
///     }
///     fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
///         let size = x[0].shape().dims().first().copied().unwrap_or(0);
///         x[0].slice(0, size.saturating_sub(1), size, -1)
///     }
///     fn gradients(&self, _: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
///         give(0, Backwards.apply_to(&[&dy]));
///     }
///     fn keeps(&self, _: usize) -> Keeps {
///         Keeps::NONE
///     }
///     fn onnx(&self, x: &Operands<'_>) -> Value {
///         let [start, end, axis, step] = [-1, i64::MIN, 0, -1].map(|value| Value::ints([value]));
///         Value::node("Slice", &[&x[0], &start, &end, &axis, &step], &[])
///     }
/// }
///
/// let x = Tensor::from([1.0, 2.0, 3.0]).requires_grad();
/// let y = Backwards.try_apply_to(&[&x])?;
/// assert_eq!(y.to_vec(), [3.0, 2.0, 1.0]);
/// let weighted = (y * Tensor::from([10.0, 0.0, 0.0])).sum();
/// assert_eq!(weighted.backward()[&x].to_vec(), [0.0, 0.0, 10.0]);
/// assert!(Backwards.try_apply_to(&[&Tensor::scalar(1.0)]).is_err()); // there is no axis
/// # Ok::<(), ShapeError>(())
/// ```
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
pub(super) struct Fixed<O, const N: usize>(pub(super) O);

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
