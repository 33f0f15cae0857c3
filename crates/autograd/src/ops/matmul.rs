//! The product of matrices, or of batches of matrices.
//!
//! For `Y = A B`, `dA = dY Bᵀ` and `dB = Aᵀ dY`: the shapes leave no other choice. Leading axes are batches, and
//! broadcast.

use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::matmul::{Epilogue, Matrix, matmul};
use crate::layout::Places;
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The matrix product over the last two axes.
///
/// ```
/// use autograd::{Op, Tensor, ops::Matmul, vjp};
/// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0], [4.0]]));
/// let (y, [da, db]) = vjp(|x| Matmul.apply(x), [&a, &b], &Tensor::ones([1, 1]));
/// assert_eq!([y, da, db].map(|x| x.to_vec()), [vec![11.0], vec![3.0, 4.0], vec![1.0, 2.0]]);
/// ```
#[derive(Debug)]
pub struct Matmul;

impl<T: Scalar> Op<T, 2> for Matmul {
    #[inline]
    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, ShapeError> {
        if let (&[m, k], &[inner, n]) = (a.dims(), b.dims())
            && k == inner
        {
            return Ok(Shape::from([m, n]));
        }
        shape_of_batches(a, b)
    }

    fn forward(&self, [a, b]: [View<'_, T>; 2], y: &mut [T]) {
        let (rank_a, rank_b) = (a.shape().rank(), b.shape().rank());
        let (m, k, n) = (a.shape()[rank_a - 2], a.shape()[rank_a - 1], b.shape()[rank_b - 1]);
        let rows = match (rank_a, rank_b) {
            (2, 2) => Some(Matrix::new(a)),
            // All matrices of the batch meet the same `b`: one tall product.
            (_, 2) if k > 0 => a.as_slice().map(|rows| Matrix::row_major(rows, rows.len() / k, k)),
            _ => None,
        };
        if let Some(rows) = rows {
            return matmul(rows, Matrix::new(b), y, Epilogue::Store);
        }
        let joint = <Self as Op<T, 2>>::shape(self, [a.shape(), b.shape()]).or_panic();
        let batch = &joint.dims()[..joint.rank() - 2];
        let starts = |x: &View<'_, T>| {
            let matrix = x.shape().dims()[x.shape().rank() - 2..].to_vec();
            let strides = x.layout().strides_in(&Shape::from(batch).join(&matrix));
            Places::new(batch, &strides[..batch.len()], x.layout().offset() as isize)
        };
        for ((start_a, start_b), y) in starts(&a).zip(starts(&b)).zip(y.chunks_exact_mut((m * n).max(1))) {
            matmul(Matrix::last_two(a, start_a), Matrix::last_two(b, start_b), y, Epilogue::Store);
        }
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        if i == 0 {
            return dy.matmul(&call.x(1).t());
        }
        let x = call.x(0);
        if call.shape(1).rank() == 2 && x.rank() > 2 {
            // One `b` for the whole batch: its gradient is one product over all rows, not a sum of many.
            return x.as_rows().t().matmul(&dy.as_rows());
        }
        x.t().matmul(dy)
    }

    fn keeps(&self, i: usize) -> Keeps {
        Keeps::x(1 - i)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        Value::node("MatMul", &[&x[0], &x[1]], &[])
    }
}

/// What the product is of anything but two matrices.
#[inline(never)]
fn shape_of_batches(a: &Shape, b: &Shape) -> Result<Shape, ShapeError> {
    if a.rank() < 2 || b.rank() < 2 {
        return Err(ShapeError::new("expected matrices, or batches of them, with at least two axes")
            .operand("left", a, format!("rank {}", a.rank()))
            .operand("right", b, format!("rank {}", b.rank()))
            .help("a scalar is multiplied by `*`; `Tensor::matmul` takes vectors, too"));
    }
    let ((batch_a, a2), (batch_b, b2)) = (a.split_at(a.rank() - 2), b.split_at(b.rank() - 2));
    if a2[1] != b2[0] {
        return Err(inner_axes_differ(a, b));
    }
    let batch = Shape::broadcast(&[&batch_a, &batch_b]).map_err(|_| {
        ShapeError::new("the batch axes do not broadcast together")
            .operand("left", a, "")
            .operand("right", b, "")
            .help("the axes before the last two must be equal or 1, aligned at their last")
    })?;
    Ok(batch.join(&[a2[0], b2[1]]))
}

#[cold]
fn inner_axes_differ(a: &Shape, b: &Shape) -> ShapeError {
    let (last, last_but_one) = (|s: &Shape| s[s.rank() - 1], |s: &Shape| s[s.rank() - 2]);
    let error = ShapeError::new("the inner axes differ")
        .operand("left", a, format!("axis {} is {}", a.rank() - 1, last(a)))
        .operand("right", b, format!("axis {} is {}", b.rank() - 2, last_but_one(b)));
    if last(a) == last(b) {
        error.help("did you mean `a.matmul(&b.t())`?")
    } else if last_but_one(a) == last_but_one(b) {
        error.help("did you mean `a.t().matmul(&b)`?")
    } else {
        error.help("the last axis of the left operand must be as long as the last but one of the right")
    }
}

/// The matrix product.
impl<T: Scalar> Tensor<T> {
    /// The matrix product over the last two axes, `[.., m, k]` by `[.., k, n]` to `[.., m, n]`; the axes before them
    /// are batches, and broadcast. Neither operand is copied, whatever its layout.
    ///
    /// A vector is a row on the left and a column on the right, and the axis that it lacks does not appear in the result:
    /// `[k]` by `[.., k, n]` is `[.., n]`, `[.., m, k]` by `[k]` is `[.., m]`, and `[k]` by `[k]` a scalar. This is NumPy's rule.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let b = Tensor::from([[1.0], [10.0]]);
    /// assert_eq!(a.matmul(&b).to_vec(), [21.0, 43.0]);
    /// ```
    ///
    /// # Panics
    /// If an operand is a scalar, the inner sizes differ, or the batches do not broadcast together.
    #[doc(alias("mm", "bmm"))]
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        match (self.rank(), other.rank()) {
            (1, 1..) | (2.., 1) => self.matmul_vector(other),
            _ => Matmul.apply([self, other]),
        }
    }
}
