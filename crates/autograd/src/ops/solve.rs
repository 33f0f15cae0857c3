//! Systems of linear equations, and the inverse. Leading axes are batches, and broadcast.
//!
//! ```text
//! Y = A⁻¹        dA = -Yᵀ dY Yᵀ
//! X = A⁻¹ B      dB = A⁻ᵀ dX     dA = -dB Xᵀ
//! ```
//! The second follows from `A X = B`: `dA X + A dX = dB`. Of a triangular `A`, only the triangle has a gradient. Matrices are
//! factored by `P A = L U` with partial pivoting; one that has a pivot of exactly 0 is singular, and an error.

use crate::array::Array;
use crate::error::ShapeError;
use crate::graph::Call;
use crate::kernels::factor::{
    Matrices, Pivoting, Triangle, for_each_matrix, identity, lu, solve, substitute,
};
use crate::op::{AnyOp, Keeps};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

mod methods;

/// The inverse of each matrix of a batch.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Inverse};
/// let a = Tensor::from([[2.0, 0.0], [0.0, 4.0]]).requires_grad();
/// let y = Inverse.apply_to(&[&a]);
/// assert_eq!(y.to_vec(), [0.5, 0.0, 0.0, 0.25]);
/// assert_eq!(y.sum().backward()[&a].to_vec(), [-0.25, -0.125, -0.125, -0.0625]);
/// ```
#[derive(Debug)]
pub struct Inverse;

impl<T: Scalar> AnyOp<T> for Inverse {
    fn name(&self) -> String {
        "inverse".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let (batch, n) = square(x[0].shape())?;
        solve_each(x[0], &batch, n, |_, y| identity(y, n))
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let y = call.y().t();
        give(0, -y.matmul(&dy).matmul(&y));
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// `X` in `A X = B`, for each square matrix `A` of a batch.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Solve, vjp};
/// let (a, b) = (Tensor::from([[2.0, 0.0], [0.0, 4.0]]), Tensor::from([[6.0], [4.0]]));
/// let (x, [da, db]) = vjp(|x| Solve.apply_to(&x), [&a, &b], &Tensor::ones([2, 1]));
/// assert_eq!((x.to_vec(), db.to_vec()), (vec![3.0, 1.0], vec![0.5, 0.25]));
/// assert_eq!(da.to_vec(), [-1.5, -0.5, -0.75, -0.25]);
/// ```
#[derive(Debug)]
pub struct Solve;

impl<T: Scalar> AnyOp<T> for Solve {
    fn name(&self) -> String {
        "solve".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let (batch, _, m) = system(x[0].shape(), x[1].shape())?;
        let right = Matrices::new(x[1].view(), &batch);
        solve_each(x[0], &batch, m, |i, y| right.read(i, y))
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let db = Solve.apply_to(&[&call.x(0).t(), &dy]);
        if call.needs(0) {
            give(0, -db.matmul(&call.y().t()));
        }
        if call.needs(1) {
            give(1, db);
        }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::y() } else { Keeps::x(0) }
    }
}

/// As [`Solve`], where each `A` is triangular: its other triangle is not read.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::SolveTriangular, vjp};
/// let (a, b) = (Tensor::from([[2.0, 9.0], [1.0, 4.0]]), Tensor::from([[4.0], [10.0]]));
/// let (x, [da, db]) = vjp(|x| SolveTriangular { upper: false }.apply_to(&x), [&a, &b], &Tensor::ones([2, 1]));
/// assert_eq!((x.to_vec(), db.to_vec()), (vec![2.0, 2.0], vec![0.375, 0.25]));
/// assert_eq!(da.to_vec(), [-0.75, 0.0, -0.5, -0.5]); // the 9 has no part in it
/// ```
#[derive(Debug)]
pub struct SolveTriangular {
    /// Whether it is the triangle above the diagonal.
    pub upper: bool,
}

impl<T: Scalar> AnyOp<T> for SolveTriangular {
    fn name(&self) -> String {
        "solve_triangular".into()
    }
    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let (batch, n, m) = system(x[0].shape(), x[1].shape())?;
        let [left, right] = [x[0], x[1]].map(|x| Matrices::new(x.view(), &batch));
        let triangle = Triangle { upper: self.upper, unit: false };
        let mut outcome = Ok(());
        let y = Array::build(batch.clone().join(&[n, m]), |y| {
            outcome = for_each_matrix(y, n * m, n * n * (m / 2 + 1), |i, y| {
                let mut a = vec![T::zero(); n * n];
                left.read(i, &mut a);
                if let Some(k) = (0..n).find(|k| a[k * n + k] == T::zero()) {
                    return Err(k);
                }
                right.read(i, y);
                substitute(triangle, &a, n, y, n);
                Ok(())
            });
        })?;
        outcome.map(|()| y).map_err(|(matrix, k)| {
            ShapeError::new(format!(
                "{} is singular: element {k} of its diagonal is 0",
                which(&batch, matrix)
            ))
            .operand("left", x[0].shape(), "")
            .help("see that no element of its diagonal is 0")
        })
    }
    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let db = SolveTriangular { upper: !self.upper }.apply_to(&[&call.x(0).t(), &dy]);
        if call.needs(0) {
            let n = call.shape(0)[call.shape(0).rank() - 1];
            let is_inside = |i, j| if self.upper { j >= i } else { j <= i };
            let triangle = matrix(n, |i, j| if is_inside(i, j) { T::one() } else { T::zero() });
            give(0, -(db.matmul(&call.y().t()) * triangle));
        }
        if call.needs(1) {
            give(1, db);
        }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::y() } else { Keeps::x(0) }
    }
}

/// Solves `A X = B` for each matrix of a batch; `right` writes the `B`, of `m` columns, that belongs to a matrix.
fn solve_each<T: Scalar>(
    a: &Array<T>,
    batch: &Shape,
    m: usize,
    right: impl Fn(usize, &mut [T]) + Sync,
) -> Result<Array<T>, ShapeError> {
    let n = a.shape()[a.shape().rank() - 1];
    let left = Matrices::new(a.view(), batch);
    let mut outcome = Ok(());
    let y = Array::build(batch.clone().join(&[n, m]), |y| {
        outcome = for_each_matrix(y, n * m, n * n * (n / 3 + m), |i, y| {
            let mut factors = vec![T::zero(); n * n];
            left.read(i, &mut factors);
            let exchanges = lu(&mut factors, n, Pivoting::Partial);
            if let Some(pivot) = exchanges.zero {
                return Err(pivot);
            }
            right(i, y);
            solve(&factors, n, &exchanges, y);
            Ok(())
        });
    })?;
    outcome.map(|()| y).map_err(|(matrix, pivot)| {
        ShapeError::new(format!("{} is singular: pivot {pivot} is 0", which(batch, matrix)))
            .operand("matrix", a.shape(), format!("column {pivot} is a combination of those before it"))
            .help("a small multiple of the identity added to it makes it regular")
    })
}

/// The axes of the batch, and the number of rows, of square matrices.
pub(super) fn square(a: &Shape) -> Result<(Shape, usize), ShapeError> {
    match *a.dims() {
        [ref batch @ .., m, n] if m == n => Ok((batch.into(), n)),
        [.., m, n] => {
            Err(ShapeError::new("expected square matrices").operand("input", a, format!("{m} by {n}")).help(
                "for the least squares of more equations than unknowns, solve `a.t().matmul(&a)` with `a.t().matmul(&b)`",
            ))
        }
        _ => Err(ShapeError::new("expected a square matrix, or a batch of them, with at least two axes")
            .operand("input", a, format!("rank {}", a.rank()))
            .help("`reshape` it to [.., n, n]")),
    }
}

/// The axes of the batch, the number of equations, and that of right sides.
fn system(a: &Shape, b: &Shape) -> Result<(Shape, usize, usize), ShapeError> {
    let (batch_a, n) = square(a)?;
    let [ref batch_b @ .., rows, m] = *b.dims() else {
        return Err(ShapeError::new("expected a matrix on the right, a column for each system")
            .operand("right", b, "")
            .help("a vector becomes a column by `unsqueeze(-1)`"));
    };
    if rows != n {
        return Err(ShapeError::new("the right side has not as many rows as the matrix")
            .operand("left", a, format!("{n} rows"))
            .operand("right", b, format!("{rows} rows"))
            .help(
                "give a row on the right for each equation; a vector becomes a column by `unsqueeze(-1)`",
            ));
    }
    let batch = Shape::broadcast(&[&batch_a, &batch_b.into()]).map_err(|_| {
        ShapeError::new("the batch axes do not broadcast together")
            .operand("left", a, "")
            .operand("right", b, "")
            .help("the axes before the last two must be equal or 1, aligned at their last")
    })?;
    Ok((batch, n, m))
}

/// What to call a matrix of a batch.
pub(super) fn which(batch: &Shape, mut matrix: usize) -> String {
    if batch.rank() == 0 {
        return "the matrix".into();
    }
    let mut index: Vec<usize> = Vec::new();
    for &dim in batch.dims().iter().rev() {
        index.insert(0, matrix % dim);
        matrix /= dim;
    }
    format!("matrix {index:?} of the batch")
}

/// A square matrix by its elements.
pub(super) fn matrix<T: Scalar>(n: usize, element: impl Fn(usize, usize) -> T) -> Tensor<T> {
    Tensor::build([n, n], |y| (0..n * n).zip(y).for_each(|(place, y)| *y = element(place / n, place % n)))
}
