//! Products of vectors, and what else lies between vectors and matrices: the outer product, the trace. All of it is composed,
//! so the derivatives are those of the matrix product and of views.

use crate::error::{OrPanic, ShapeError};
use crate::op::Op;
use crate::ops::Matmul;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Products of vectors.
impl<T: Scalar> Tensor<T> {
    /// The inner product of two vectors, `Σ aᵢ bᵢ`, a scalar; 0 if they are empty.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(a.dot(&b).item(), 11.0);
    /// ```
    ///
    /// # Panics
    /// If either is no vector, or their sizes differ.
    #[track_caller]
    pub fn dot(&self, other: &Self) -> Self {
        vectors("dot", self.shape(), other.shape())
            .and_then(|()| inner_axes("dot", self.shape(), other.shape()))
            .or_panic();
        self.matmul_vector(other)
    }

    /// The outer product of two vectors: the matrix of all `aᵢ bⱼ`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(a.outer(&b).to_vec(), [3.0, 4.0, 6.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If either is no vector.
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        vectors("outer", self.shape(), other.shape()).or_panic();
        Matmul.apply([&self.unsqueeze(-1), &other.unsqueeze(0)])
    }

    /// The trace of a matrix, or of each matrix in a batch: the sum of the diagonal, `[.., m, n]` to `[..]`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).trace().item(), 5.0);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn trace(&self) -> Self {
        self.shape().axis(-2).map_err(|e| e.of("trace")).or_panic();
        self.diagonal(0, [-2, -1]).sum_axes(-1)
    }

    /// The matrix product where one operand is a vector, a row on the left or a column on the right, and the other has at
    /// least one axis: the axis that the vector lacks does not appear in the result.
    #[track_caller]
    pub(super) fn matmul_vector(&self, other: &Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        inner_axes("matmul", a, b).or_panic();
        let is_vector = [a.rank() == 1, b.rank() == 1];
        let row = if is_vector[0] { self.unsqueeze(0) } else { self.clone() };
        let column = if is_vector[1] { other.unsqueeze(-1) } else { other.clone() };
        let product = Matmul.apply([&row, &column]);
        match is_vector {
            [true, true] => product.reshape(Shape::scalar()),
            [true, false] => product.squeeze(-2),
            _ => product.squeeze(-1),
        }
    }
}

fn vectors(name: &str, a: &Shape, b: &Shape) -> Result<(), ShapeError> {
    if a.rank() == 1 && b.rank() == 1 {
        return Ok(());
    }
    Err(ShapeError::new("expected two vectors, tensors with one axis")
        .of(name)
        .operand("left", a, format!("rank {}", a.rank()))
        .operand("right", b, format!("rank {}", b.rank()))
        .help("`matmul` multiplies matrices and batches, `einsum` anything"))
}

/// The last axis of the left operand is as long as the last but one of the right, or its only one.
fn inner_axes(name: &str, a: &Shape, b: &Shape) -> Result<(), ShapeError> {
    let (last, last_but_one) = (a.rank() - 1, b.rank().saturating_sub(2));
    if a[last] == b[last_but_one] {
        return Ok(());
    }
    Err(ShapeError::new("the inner axes differ")
        .of(name)
        .operand("left", a, format!("axis {last} is {}", a[last]))
        .operand("right", b, format!("axis {last_but_one} is {}", b[last_but_one]))
        .help("a vector is a row on the left and a column on the right"))
}
