//! Determinants, and their logarithms.
//!
//! ```text
//! y = det A        dA = dy adj(A)ᵀ     the adjugate adj(A) = det(A) A⁻¹ exists for every matrix
//! y = ln |det A|   dA = dy A⁻ᵀ
//! M = adj(A)       dA = (<dM, M> Mᵀ - Mᵀ dM Mᵀ) / det(A)
//! ```
//! Where the determinant is small beside the product of the rows' lengths, which is the most that it could be, that quotient has lost
//! its digits. There the adjugate is differentiated as the polynomial that it is (D. K. Faddeev and U. Leverrier):
//!
//! ```text
//! M₁ = I        Mₖ₊₁ = A Mₖ - tr(A Mₖ) / k I        adj(A) = (-1)ⁿ⁻¹ Mₙ
//! ```

use crate::array::{Array, View};
use crate::calculus::vjp;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::factor::{Matrices, Pivoting, adjugate, for_each_matrix, lu};
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::ops::solve::square;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The determinant of each square matrix of a batch.
///
/// ```
/// use autograd::{Op, Tensor, ops::Determinant};
/// let a = Tensor::from([[2.0, 1.0], [4.0, 3.0]]).requires_grad();
/// let y = Determinant.apply([&a]);
/// assert_eq!((y.item(), y.backward()[&a].to_vec()), (2.0, vec![3.0, -4.0, -1.0, 2.0]));
/// ```
#[derive(Debug)]
pub struct Determinant;

impl<T: Scalar> Op<T, 1> for Determinant {
    fn shape(&self, [a]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        Ok(square(a)?.0)
    }
    fn forward(&self, [a]: [View<'_, T>; 1], y: &mut [T]) {
        for_each_pivots(a, y, 1, |sign, pivots, y| {
            y[0] = pivots.fold(sign, |product, pivot| product * pivot);
        });
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        as_matrices(dy) * Adjugate.apply([&call.x(0)]).t()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        x[0].then("Det")
    }
}

/// The adjugate `det(A) A⁻¹` of each square matrix of a batch: the transpose of its matrix of cofactors, which singular ones
/// have, too.
///
/// ```
/// use autograd::{Op, Tensor, ops::Adjugate};
/// let a = Tensor::from([[1.0, 2.0], [2.0, 4.0]]).requires_grad();
/// let y = Adjugate.apply([&a]);
/// assert_eq!(y.to_vec(), [4.0, -2.0, -2.0, 1.0]);
/// assert_eq!(y.sum().backward()[&a].to_vec(), [1.0, -1.0, -1.0, 1.0]);
/// ```
#[derive(Debug)]
pub struct Adjugate;

impl<T: Scalar> Op<T, 1> for Adjugate {
    fn shape(&self, [a]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        square(a).map(|_| a.clone())
    }
    fn forward(&self, [a]: [View<'_, T>; 1], y: &mut [T]) {
        let (batch, n) = square(a.shape()).or_panic();
        let a = Matrices::new(a, &batch);
        let write = |i: usize, y: &mut [T]| {
            let mut factors = vec![T::zero(); n * n];
            a.read(i, &mut factors);
            adjugate(&mut factors, n, y);
            Ok(())
        };
        let _never_fails = for_each_matrix(y, n * n, 2 * n * n * n, write);
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let a = call.x(0);
        let n = a.dims()[a.rank() - 1];
        if n < 2 {
            // That of a single number is 1.
            return Tensor::zeros(a.shape());
        }
        let is_close = is_nearly_singular(&a.detach());
        if !is_close.any() {
            return of_regular(&a, &call.y(), dy);
        }
        // What is not chosen is worked out for the identity, of which all is finite.
        let identity = Tensor::ones([n]).diag_embed(0);
        let close = Tensor::where_(&is_close, &a, &identity);
        let (_, [of_close]) = vjp(|[a]| adjugate_by_traces(a), [&close], dy);
        let others = Tensor::where_(&is_close, &identity, &a);
        let of_others = of_regular(&others, &Adjugate.apply([&others]), dy);
        Tensor::where_(&is_close, &of_close, &of_others)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::y()
    }
}

/// The gradient of the adjugate `m` of a regular matrix.
#[track_caller]
fn of_regular<T: Scalar>(a: &Tensor<T>, m: &Tensor<T>, dm: &Tensor<T>) -> Tensor<T> {
    let inner = as_matrices(&(dm * m).sum_axes([-2, -1]));
    (inner * m.t() - m.t().matmul(dm).matmul(&m.t())) / as_matrices(&a.det())
}

/// The adjugate as a polynomial.
#[track_caller]
fn adjugate_by_traces<T: Scalar>(a: &Tensor<T>) -> Tensor<T> {
    let n = a.dims()[a.rank() - 1];
    let identity = Tensor::ones([n]).diag_embed(0);
    let mut m = identity.clone();
    for k in 1..n {
        let next = a.matmul(&m);
        let trace = as_matrices(&next.trace());
        m = next - trace / T::of(k as f64) * &identity;
    }
    if n.is_multiple_of(2) { -m } else { m }
}

/// Which matrices of a batch have a determinant that is small beside what it could be, `[.., 1, 1]`.
fn is_nearly_singular<T: Scalar>(a: &Tensor<T>) -> Array<bool> {
    let rows = a.norm_axes(-1, 2.0).ln().sum_axes(-1);
    let (_, log) = a.slogdet();
    as_matrices(&(log - rows)).mask(|log| log.is_nan() || log < T::epsilon().ln() / T::of(4.0))
}

/// The sign and the logarithm of the magnitude of the determinant of each square matrix of a batch, one behind the other along
/// a new last axis.
///
/// ```
/// use autograd::{Op, Tensor, ops::SignLogDeterminant};
/// let a = Tensor::from([[0.0, 1.0], [4.0, 0.0]]).requires_grad();
/// let y = SignLogDeterminant.apply([&a]);
/// assert_eq!(y.to_vec(), [-1.0, 4.0_f64.ln()]);
/// assert_eq!(y.i(1).backward()[&a].to_vec(), [0.0, 1.0, 0.25, 0.0]); // the inverse, transposed
/// ```
#[derive(Debug)]
pub struct SignLogDeterminant;

impl<T: Scalar> Op<T, 1> for SignLogDeterminant {
    fn shape(&self, [a]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        Ok(square(a)?.0.join(&[2]))
    }
    fn forward(&self, [a]: [View<'_, T>; 1], y: &mut [T]) {
        for_each_pivots(a, y, 2, |sign, pivots, y| {
            (y[0], y[1]) = (sign, T::zero());
            for pivot in pivots {
                y[0] *= if pivot == T::zero() { pivot } else { pivot.signum() };
                y[1] += pivot.abs().ln();
            }
        });
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let dy = as_matrices(&dy.slice(-1, 1..).squeeze(-1));
        let is_singular = as_matrices(&call.y().slice(-1, 1..).squeeze(-1))
            .mask(|log| log == T::neg_infinity() || log.is_nan());
        if !is_singular.any() {
            return dy * call.x(0).inverse().t();
        }
        // Only regular matrices have an inverse.
        let a = call.x(0);
        let identity = Tensor::ones([a.dims()[a.rank() - 1]]).diag_embed(0);
        let regular = Tensor::where_(&is_singular, &identity, &a);
        Tensor::where_(&is_singular, &Tensor::scalar(T::nan()), &(dy * regular.inverse().t()))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::y()
    }
}

/// Calls `f` for each matrix with the sign of its exchanges, its pivots, and `size` elements of `y` to write.
fn for_each_pivots<T: Scalar>(
    a: View<'_, T>,
    y: &mut [T],
    size: usize,
    f: impl Fn(T, &mut dyn Iterator<Item = T>, &mut [T]) + Sync,
) {
    let (batch, n) = square(a.shape()).or_panic();
    let a = Matrices::new(a, &batch);
    let write = |i: usize, y: &mut [T]| {
        let mut factors = vec![T::zero(); n * n];
        a.read(i, &mut factors);
        let exchanges = lu(&mut factors, n, Pivoting::Partial);
        let sign = if exchanges.odd { -T::one() } else { T::one() };
        f(sign, &mut factors.iter().step_by(n + 1).copied(), y);
        Ok(())
    };
    let _never_fails = for_each_matrix(y, size, n * n * (n / 3 + 1), write);
}

/// Numbers as a batch of matrices with one element.
#[track_caller]
fn as_matrices<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    x.unsqueeze(-1).unsqueeze(-1)
}

/// Determinants.
impl<T: Scalar> Tensor<T> {
    /// The determinant of a square matrix, or of each in a batch, `[.., n, n]` to `[..]`; of a singular one it is 0, and the
    /// gradient its cofactors.
    ///
    /// The product of many pivots may overflow: [`slogdet`](Self::slogdet) does not.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [2.0, 4.0]]).requires_grad();
    /// let y = a.det();
    /// assert_eq!(y.item(), 0.0);
    /// assert_eq!(y.backward()[&a].to_vec(), [4.0, -2.0, -2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    pub fn det(&self) -> Self {
        Determinant.apply([self])
    }

    /// The sign of the determinant, a constant, and the logarithm of its magnitude, for a square matrix or each in a batch. Of
    /// a singular matrix they are 0 and `-inf`, and the gradient, which does not exist there, is NaN.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (sign, log) = Tensor::from([[0.0, 2.0], [3.0, 0.0]]).slogdet();
    /// assert_eq!((sign.item(), log.item()), (-1.0, 2.0_f64.ln() + 3.0_f64.ln()));
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    pub fn slogdet(&self) -> (Self, Self) {
        let both = SignLogDeterminant.apply([self]);
        (both.slice(-1, ..1).squeeze(-1).detach(), both.slice(-1, 1..).squeeze(-1))
    }

    /// The logarithm of the determinant of a square matrix, or of each in a batch: NaN where that is negative, `-inf` where it
    /// is 0. For the gradient see [`slogdet`](Self::slogdet).
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[2.0, 5.0], [0.0, 3.0]]).logdet().item(), 2.0_f64.ln() + 3.0_f64.ln());
    /// ```
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    pub fn logdet(&self) -> Self {
        let (sign, log) = self.slogdet();
        let is_negative = sign.mask(|sign| sign < T::zero());
        // Added, so that the gradient goes on.
        log + Self::where_(&is_negative, &Self::scalar(T::nan()), &Self::scalar(T::zero()))
    }
}
