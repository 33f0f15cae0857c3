//! Systems of linear equations, as methods of tensors.

use super::{Inverse, Solve, SolveTriangular};
use crate::error::{OrPanic, ShapeError};
use crate::op::AnyOp;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Systems of linear equations.
impl<T: Scalar> Tensor<T> {
    /// The inverse of a square matrix, or of each matrix in a batch, `[.., n, n]`. To multiply by it, [`solve`](Self::solve) is
    /// quicker and more accurate.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.inverse().to_vec(), [0.5, -0.125, 0.0, 0.25]);
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square, or one is singular: a pivot is exactly 0.
    #[doc(alias = "inv")]
    #[track_caller]
    pub fn inverse(&self) -> Self {
        self.try_inverse().or_panic()
    }

    /// As [`inverse`](Self::inverse).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let error = Tensor::from([[1.0, 2.0], [2.0, 4.0]]).try_inverse().unwrap_err();
    /// assert!(error.to_string().starts_with("inverse: the matrix is singular: pivot 1 is 0"));
    /// ```
    ///
    /// # Errors
    /// If the matrices are not square, or one is singular; the message names it and the pivot.
    #[track_caller]
    pub fn try_inverse(&self) -> Result<Self, ShapeError> {
        Inverse.try_apply_to(&[self])
    }

    /// The solution `X` of `A X = B`, where `A` is this square matrix, or each of a batch: `[.., n, n]` and `[.., n, m]` to
    /// `[.., n, m]`; the axes before the last two broadcast. `B` may be a vector, `[n]`, and `X` is then one for each matrix.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.solve(&Tensor::from([4.0, 8.0])).to_vec(), [1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or a matrix is singular: a pivot is exactly 0.
    #[track_caller]
    pub fn solve(&self, b: &Self) -> Self {
        self.try_solve(b).or_panic()
    }

    /// As [`solve`](Self::solve).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let error = Tensor::from([[2.0, 1.0], [0.0, 4.0]]).try_solve(&Tensor::ones([3])).unwrap_err();
    /// assert!(error.to_string().starts_with("solve: the right side has not as many rows as the matrix"));
    /// ```
    ///
    /// # Errors
    /// If the shapes do not fit, or a matrix is singular; the message names it and the pivot.
    #[track_caller]
    pub fn try_solve(&self, b: &Self) -> Result<Self, ShapeError> {
        if b.rank() == 1 {
            return Ok(Solve.try_apply_to(&[self, &b.unsqueeze(-1)])?.squeeze(-1));
        }
        Solve.try_apply_to(&[self, b])
    }

    /// As [`solve`](Self::solve), for triangular matrices: what is on the other side of the diagonal is not read.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let l = Tensor::from([[2.0, f64::NAN], [1.0, 4.0]]);
    /// assert_eq!(l.solve_triangular(&Tensor::from([4.0, 10.0]), false).to_vec(), [2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or a diagonal has a 0.
    #[track_caller]
    pub fn solve_triangular(&self, b: &Self, upper: bool) -> Self {
        self.try_solve_triangular(b, upper).or_panic()
    }

    /// As [`solve_triangular`](Self::solve_triangular).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let error = Tensor::from([[2.0, 1.0], [0.0, 0.0]]).try_solve_triangular(&Tensor::ones([2]), true).unwrap_err();
    /// assert!(error.to_string().starts_with("solve_triangular: the matrix is singular: element 1 of its diagonal is 0"));
    /// ```
    ///
    /// # Errors
    /// If the shapes do not fit, or a diagonal has a 0; the message names the matrix and the element.
    #[track_caller]
    pub fn try_solve_triangular(&self, b: &Self, upper: bool) -> Result<Self, ShapeError> {
        if b.rank() == 1 {
            return Ok(SolveTriangular { upper }.try_apply_to(&[self, &b.unsqueeze(-1)])?.squeeze(-1));
        }
        SolveTriangular { upper }.try_apply_to(&[self, b])
    }
}
