//! Cholesky's factor of symmetric positive definite matrices.
//!
//! `A = L Lᵀ`, `L` lower triangular with a positive diagonal. With `Φ(M)` the lower triangle of `M`, its diagonal halved,
//!
//! ```text
//! dA = (S + Sᵀ) / 2    where S = L⁻ᵀ Φ(Lᵀ dL) L⁻¹ .
//! ```
//! (I. Murray, "Differentiation of the Cholesky decomposition", 2016, arXiv:1602.07527.)

use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::factor::{Matrices, cholesky, for_each_matrix};
use crate::op::{AnyOp, Keeps};
use crate::ops::SolveTriangular;
use crate::ops::solve::{matrix, square, which};
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::cmp::Ordering;

/// The lower triangular `L` with `L Lᵀ = (A + Aᵀ) / 2`, for each matrix `A` of a batch.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Cholesky};
/// let a = Tensor::from([[4.0, 2.0], [2.0, 10.0]]).requires_grad();
/// let l = Cholesky.apply_to(&[&a]);
/// assert_eq!(l.to_vec(), [2.0, 0.0, 1.0, 3.0]);
/// assert_eq!(l.i((0, 0)).backward()[&a].to_vec(), [0.25, 0.0, 0.0, 0.0]); // a root, of 4
/// ```
#[derive(Debug)]
pub struct Cholesky;

impl<T: Scalar> AnyOp<T> for Cholesky {
    fn name(&self) -> String {
        "cholesky".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let (batch, n) = square(x[0].shape())?;
        let a = Matrices::new(x[0].view(), &batch);
        let mut outcome = Ok(());
        let y = Array::build(x[0].shape(), |y| {
            outcome = for_each_matrix(y, n * n, n * n * (n / 6 + 1), |i, y| {
                a.read(i, y);
                for row in 1..n {
                    for column in 0..row {
                        let both = y[row * n + column] + y[column * n + row];
                        y[row * n + column] = both * T::of(0.5);
                    }
                }
                cholesky(y, n)
            });
        })?;
        outcome.map(|()| y).map_err(|(matrix, pivot)| {
            let problem = format!("{} is not positive definite", which(&batch, matrix));
            ShapeError::new(problem)
                .operand("input", x[0].shape(), format!("pivot {pivot} is not positive"))
                .help("a small multiple of the identity added to it may make it so")
        })
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let n = call.shape(0)[call.shape(0).rank() - 1];
        let phi = matrix(n, |i, j| match i.cmp(&j) {
            Ordering::Less => T::zero(),
            Ordering::Equal => T::of(0.5),
            Ordering::Greater => T::one(),
        });
        let upper = call.y().t();
        let solve = |b: &Tensor<T>| SolveTriangular { upper: true }.apply_to(&[&upper, b]);
        // Sᵀ = L⁻ᵀ (L⁻ᵀ Φ)ᵀ
        let s = solve(&solve(&(upper.matmul(&dy) * phi)).t());
        give(0, (&s + s.t()) * T::of(0.5));
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// Cholesky's factor.
impl<T: Scalar> Tensor<T> {
    /// Cholesky's factor of a symmetric positive definite matrix, or of each in a batch, `[.., n, n]`: the lower triangular `L`
    /// with `L Lᵀ = A`. Of a matrix that is not symmetric, it is that of the symmetric part `(A + Aᵀ) / 2`; so the gradient is
    /// symmetric.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let a = Tensor::from([[4.0, 2.0], [2.0, 10.0]]);
    /// assert_eq!(a.cholesky().to_vec(), [2.0, 0.0, 1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square, or one is not positive definite.
    #[track_caller]
    pub fn cholesky(&self) -> Self {
        self.try_cholesky().or_panic()
    }

    /// As [`cholesky`](Self::cholesky).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let error = Tensor::from([[1.0, 2.0], [2.0, 1.0]]).try_cholesky().unwrap_err().to_string();
    /// assert!(error.starts_with("cholesky: the matrix is not positive definite"));
    /// assert!(error.contains("pivot 1 is not positive"));
    /// ```
    ///
    /// # Errors
    /// If the matrices are not square, or one is not positive definite; the message names it and the pivot.
    #[track_caller]
    pub fn try_cholesky(&self) -> Result<Self, ShapeError> {
        Cholesky.try_apply_to(&[self])
    }
}
