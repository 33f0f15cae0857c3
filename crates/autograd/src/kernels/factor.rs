//! Factors of small square matrices, and what is solved with them. Matrices are row-major, and of a batch each is worked on
//! alone, by one thread: the bits depend on nothing else.
//!
//! ```text
//! P A Q = L U    L has ones on its diagonal; rows (P), and on request columns (Q), are exchanged for the largest pivot
//! S = L Lᵀ       for a positive definite S
//! ```
//! Both eliminate a column at a time, and subtract multiples of the pivot's row from the rows below (G. Golub and C. Van Loan,
//! "Matrix Computations", sections 3.2, 3.4 and 4.2). What subtracts, divides: nothing is fused.

use super::threads;
use super::widest::{Loop, on_widest};
use crate::array::View;
use crate::scalar::Scalar;
use crate::shape::Shape;
use std::sync::Mutex;

/// About how many multiplications are done in a nanosecond.
const PER_NANOSECOND: usize = 6;
/// About how many nanoseconds a matrix takes besides.
const OVERHEAD: usize = 150;

/// Writes a piece of `y`, of `size` elements, for each matrix of a batch. Each takes about so many multiplications.
///
/// # Errors
/// The first matrix for which `f` finds a pivot that it cannot use, and the pivot. Others are then written or not.
pub(crate) fn for_each_matrix<T: Scalar>(
    y: &mut [T],
    size: usize,
    multiplications: usize,
    f: impl Fn(usize, &mut [T]) -> Result<(), usize> + Sync,
) -> Result<(), (usize, usize)> {
    if y.is_empty() {
        return Ok(());
    }
    let count = y.len() / size;
    let nanoseconds = count.saturating_mul(OVERHEAD + multiplications / PER_NANOSECOND);
    let failed: Mutex<Option<(usize, usize)>> = Mutex::new(None);
    threads::for_each_rows(y, size, nanoseconds, |first, y| {
        for (matrix, y) in (first..).zip(y.chunks_exact_mut(size)) {
            if let Err(pivot) = f(matrix, y) {
                let mut failed = failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                let this = (matrix, pivot);
                *failed = Some(failed.map_or(this, |first| first.min(this)));
                return;
            }
        }
    });
    failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()).map_or(Ok(()), Err)
}

/// The matrices of a batch, in any layout, broadcast to the axes `batch`.
pub(crate) struct Matrices<'a, T: Scalar> {
    view: View<'a, T>,
    batch: &'a Shape,
    /// How far apart neighbours along each axis of the batch begin.
    strides: Vec<isize>,
}

impl<'a, T: Scalar> Matrices<'a, T> {
    pub(crate) fn new(view: View<'a, T>, batch: &'a Shape) -> Self {
        let all = batch.clone().join(&view.shape().dims()[view.shape().rank() - 2..]);
        let strides = view.layout().strides_in(&all)[..batch.rank()].to_vec();
        Matrices { view, batch, strides }
    }

    /// Where matrix `i` begins.
    fn start(&self, mut i: usize) -> isize {
        let mut start = self.view.layout().offset() as isize;
        for (&size, stride) in self.batch.dims().iter().zip(&self.strides).rev() {
            start += (i % size) as isize * stride;
            i /= size;
        }
        start
    }

    /// Copies matrix `i`, row by row.
    pub(crate) fn read(&self, i: usize, to: &mut [T]) {
        let at = self.view.shape().rank() - 2;
        let (columns, strides) = (self.view.shape()[at + 1], &self.view.layout().strides()[at..]);
        let start = self.start(i);
        for (row, to) in to.chunks_exact_mut(columns.max(1)).enumerate() {
            let start = start + row as isize * strides[0];
            for (column, to) in to.iter_mut().enumerate() {
                *to = self.view.data()[(start + column as isize * strides[1]) as usize];
            }
        }
    }
}

/// Which entries may become the pivot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pivoting {
    /// Those of the column.
    Partial,
    /// Those of all rows and columns that are left. The rank shows: no pivot follows one that is 0.
    Full,
}

/// How rows and columns were exchanged for an LU factorization.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    /// For each pivot the row and the column that took its place.
    pub(crate) pivots: Vec<(usize, usize)>,
    /// Whether the number of exchanges is odd, so that they change the sign of the determinant.
    pub(crate) odd: bool,
    /// The first pivot that is 0.
    pub(crate) zero: Option<usize>,
}

/// Factors a matrix of `n` rows in place: `U` on and above the diagonal, `L` below it.
pub(crate) fn lu<T: Scalar>(a: &mut [T], n: usize, pivoting: Pivoting) -> Exchanges {
    let mut exchanges = Exchanges::default();
    on_widest(Lu { a, n, pivoting, exchanges: &mut exchanges });
    exchanges
}

struct Lu<'a, T> {
    a: &'a mut [T],
    n: usize,
    pivoting: Pivoting,
    exchanges: &'a mut Exchanges,
}

impl<T: Scalar> Loop for Lu<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Lu { a, n, pivoting, exchanges } = self;
        for k in 0..n {
            let (row, column) = largest(a, n, k, pivoting);
            exchanges.pivots.push((row, column));
            exchanges.odd ^= (row != k) ^ (column != k);
            swap_rows(a, n, k, row);
            if column != k {
                a.chunks_exact_mut(n).for_each(|row| row.swap(k, column));
            }
            let (above, below) = a.split_at_mut((k + 1) * n);
            let (pivot, right) = (above[k * n + k], &above[k * n + k + 1..]);
            if pivot == T::zero() {
                exchanges.zero = exchanges.zero.or(Some(k));
            }
            for row in below.chunks_exact_mut(n) {
                // Below a pivot of 0 there are only zeros. They are multiplied all the same, lest they hide a NaN.
                let factor = if pivot == T::zero() { row[k] } else { row[k] / pivot };
                row[k] = factor;
                subtract(&mut row[k + 1..], factor, right);
            }
        }
    }
}

/// The row and column of the entry with the largest magnitude: the first of several, and NaN above all.
#[inline(always)]
fn largest<T: Scalar>(a: &[T], n: usize, k: usize, pivoting: Pivoting) -> (usize, usize) {
    let end = if pivoting == Pivoting::Full { n } else { k + 1 };
    let (mut place, mut most) = ((k, k), a[k * n + k].abs());
    for row in k..n {
        for column in k..end {
            let size = a[row * n + column].abs();
            if size > most || size.is_nan() && !most.is_nan() {
                (place, most) = ((row, column), size);
            }
        }
    }
    place
}

#[inline(always)]
pub(crate) fn swap_rows<T>(a: &mut [T], columns: usize, i: usize, j: usize) {
    let (i, j) = (i.min(j), i.max(j));
    if i < j {
        let (head, tail) = a.split_at_mut(j * columns);
        head[i * columns..][..columns].swap_with_slice(&mut tail[..columns]);
    }
}

/// `y -= factor x`.
#[inline(always)]
fn subtract<T: Scalar>(y: &mut [T], factor: T, x: &[T]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y -= factor * x);
}

/// Factors a symmetric matrix of `n` rows in place: `L`, with zeros above the diagonal. Only what is on and below the diagonal
/// is read.
///
/// # Errors
/// The first pivot that is not positive: the matrix is not positive definite.
pub(crate) fn cholesky<T: Scalar>(a: &mut [T], n: usize) -> Result<(), usize> {
    let mut outcome = Ok(());
    on_widest(Cholesky { a, n, outcome: &mut outcome });
    outcome
}

struct Cholesky<'a, T> {
    a: &'a mut [T],
    n: usize,
    outcome: &'a mut Result<(), usize>,
}

impl<T: Scalar> Loop for Cholesky<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Cholesky { a, n, outcome } = self;
        let mut column = vec![T::zero(); n];
        for k in 0..n {
            let (above, below) = a.split_at_mut((k + 1) * n);
            let row = &mut above[k * n..];
            if row[k] <= T::zero() {
                *outcome = Err(k);
                return;
            }
            let pivot = row[k].sqrt();
            row[k] = pivot;
            row[k + 1..].fill(T::zero());
            for (row, column) in below.chunks_exact_mut(n).zip(&mut column[k + 1..]) {
                row[k] /= pivot;
                *column = row[k];
            }
            for (i, row) in below.chunks_exact_mut(n).enumerate() {
                let i = k + 1 + i;
                subtract(&mut row[k + 1..=i], column[i], &column[k + 1..=i]);
            }
        }
    }
}

/// A triangle of a matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triangle {
    /// Whether it is the one above the diagonal.
    pub(crate) upper: bool,
    /// Whether its diagonal is taken to be all ones.
    pub(crate) unit: bool,
}

/// Solves `A X = B` in place of `B`, for the triangle of the first `size` rows of `A`, whose rows have `n` elements. Where the
/// diagonal is 0, the result is infinite or NaN.
pub(crate) fn substitute<T: Scalar>(triangle: Triangle, a: &[T], n: usize, b: &mut [T], size: usize) {
    on_widest(Substitute { triangle, a, n, b, size });
}

struct Substitute<'a, T> {
    triangle: Triangle,
    a: &'a [T],
    n: usize,
    b: &'a mut [T],
    size: usize,
}

impl<T: Scalar> Loop for Substitute<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Substitute { triangle: Triangle { upper, unit }, a, n, b, size } = self;
        let m = b.len() / size.max(1);
        for step in 0..if m == 0 { 0 } else { size } {
            let k = if upper { size - 1 - step } else { step };
            let (above, rest) = b.split_at_mut(k * m);
            let (row, below) = rest.split_at_mut(m);
            if !unit {
                row.iter_mut().for_each(|x| *x /= a[k * n + k]);
            }
            let (others, first) = if upper { (above, 0) } else { (below, k + 1) };
            for (i, other) in others.chunks_exact_mut(m).enumerate() {
                subtract(other, a[(first + i) * n + k], row);
            }
        }
    }
}

/// Solves `A X = B` in place of `B`, given the factors of `A`, found by partial pivoting.
pub(crate) fn solve<T: Scalar>(factors: &[T], n: usize, exchanges: &Exchanges, b: &mut [T]) {
    exchange_rows(exchanges, n, b);
    substitute(Triangle { upper: false, unit: true }, factors, n, b, n);
    substitute(Triangle { upper: true, unit: false }, factors, n, b, n);
}

/// `P B`.
fn exchange_rows<T: Scalar>(exchanges: &Exchanges, n: usize, b: &mut [T]) {
    let m = b.len() / n.max(1);
    for (k, &(row, _)) in exchanges.pivots.iter().enumerate() {
        swap_rows(b, m, k, row);
    }
}

/// Writes the identity.
pub(crate) fn identity<T: Scalar>(y: &mut [T], n: usize) {
    y.fill(T::zero());
    y.iter_mut().step_by(n + 1).for_each(|y| *y = T::one());
}

/// Writes the transpose of the matrix of cofactors, `det(A) A⁻¹`, which exists for every matrix. `a` lends its memory.
///
/// With full pivoting only the last pivot `p` of `P A Q = L U` may be 0 where there is a cofactor that is not, and nothing is
/// divided by it: with `U = (V u; 0 p)`
///
/// ```text
/// adj(A) = ± det(V) Q (p V⁻¹  -V⁻¹ u; 0  1) L⁻¹ P .
/// ```
pub(crate) fn adjugate<T: Scalar>(a: &mut [T], n: usize, y: &mut [T]) {
    let exchanges = lu(a, n, Pivoting::Full);
    let Some(last) = n.checked_sub(1) else { return };
    if exchanges.zero.is_some_and(|zero| zero < last) {
        return y.fill(T::zero());
    }
    identity(y, n);
    exchange_rows(&exchanges, n, y);
    substitute(Triangle { upper: false, unit: true }, a, n, y, n);
    let (pivot, (upper, row)) = (a[last * n + last], y.split_at_mut(last * n));
    for (i, y) in upper.chunks_exact_mut(n).enumerate() {
        y.iter_mut().for_each(|y| *y *= pivot);
        subtract(y, a[i * n + last], row);
    }
    substitute(Triangle { upper: true, unit: false }, a, n, upper, last);
    let sign = if exchanges.odd { -T::one() } else { T::one() };
    let scale = (0..last).fold(sign, |scale, i| scale * a[i * n + i]);
    y.iter_mut().for_each(|y| *y *= scale);
    for (k, &(_, column)) in exchanges.pivots.iter().enumerate().rev() {
        swap_rows(y, n, k, column);
    }
}
