//! A matrix times a vector, `y = plus + M x`: every element of M is used once, so the memory sets the pace, and all that
//! counts is to read M as it lies, in long streams.
//!
//! Where the rows of M are contiguous, `y` is made of dot products; some rows at a time share the loads of `x`, and each
//! has several sums, since one alone would wait for its own latency. Where the columns are contiguous, `y` is a sum of
//! columns, some of them at a time, so that `y` is loaded and stored less often.
//!
//! Either way the order of the additions depends on the length of `x` and on the layout of M alone.

use super::block::{self, Operand, Product};
use super::cache;
use super::engine::Engine;
use crate::buffer::Buffer;
use crate::error::OrPanic;
use crate::kernels::simd::Vector;
use crate::scalar::Scalar;

/// `y = plus + M x`.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatrixVector<T> {
    pub(super) rows: usize,
    pub(super) k: usize,
    /// M, and the steps from row to row and along k.
    pub(super) m: *const T,
    pub(super) m_row: isize,
    pub(super) m_k: isize,
    /// The vector, contiguous.
    pub(super) x: *const T,
    pub(super) y: *mut T,
    /// What is added to the product, if anything, and its step from row to row.
    pub(super) plus: Option<(*const T, isize)>,
}

/// Computes a product one of whose sides is a vector, so that C is one too.
///
/// # Safety
/// As for [`block::multiply`].
pub(super) unsafe fn multiply<T: Scalar>(engine: &Engine<T>, product: &Product<T>) {
    let Product { m, k, n, a, b, .. } = *product;
    // Rows of M are rows of A, or columns of B, whichever is not the vector.
    let (rows, matrix, x, plus_row) = match n == 1 {
        true => (m, a, b, product.plus.map_or(0, |(_, row)| row)),
        false => (n, b, a, 1),
    };
    let run = match (matrix.across, matrix.along) {
        (_, 1) => engine.dot_rows,
        (1, _) => engine.add_columns,
        // SAFETY: the caller's promise.
        _ => return unsafe { block::multiply(engine, product) },
    };
    let mut copy = None;
    let x = if x.along == 1 {
        x.start
    } else {
        let copy = copy.insert(Buffer::new(k).or_panic()).get_mut().expect("a new buffer has one owner");
        for (p, copy) in copy.iter_mut().enumerate() {
            // SAFETY: `p` is below `k`.
            *copy = unsafe { *x.at(0, p).start };
        }
        copy.as_ptr()
    };
    let Operand { start: m, across: m_row, along: m_k } = matrix;
    let plus = product.plus.map(|(plus, _)| (plus, plus_row));
    // SAFETY: the caller's promise. `y` is the only row of C, or its only column, of rows of one element.
    unsafe { run(&MatrixVector { rows, k, m, m_row, m_k, x, y: product.c, plus }) }
}

/// Rows that share the loads of `x`.
const ROWS: usize = 4;
/// Sums for each row.
const SUMS: usize = 4;

/// The product for a matrix whose rows are contiguous (`m_k` is 1).
///
/// # Safety
/// The processor must have the instructions of `V`, and all elements must be valid.
#[inline(always)]
pub(super) unsafe fn dot_rows<V: Vector>(product: &MatrixVector<V::Number>) {
    // A matrix that comes from afar is read best as a single stream.
    let is_far = product.rows * product.k * size_of::<V::Number>() > cache::second_level();
    let whole = if is_far { 0 } else { product.rows / ROWS * ROWS };
    // SAFETY: rows `i..i + ROWS`, or `i` alone, are below `rows`.
    unsafe {
        for i in (0..whole).step_by(ROWS) {
            dots::<V, ROWS>(product, i);
        }
        for i in whole..product.rows {
            dots::<V, 1>(product, i);
        }
    }
}

/// `R` dot products, of the rows from `first` on.
///
/// # Safety
/// As for [`dot_rows`]; the rows must be in the matrix.
#[inline(always)]
unsafe fn dots<V: Vector, const R: usize>(product: &MatrixVector<V::Number>, first: usize) {
    // SAFETY: elements `p..p + LANES * SUMS`, `p..p + LANES` and the masked rest are below `k`.
    unsafe {
        let m = product.m.offset(first as isize * product.m_row);
        let mut sums = [[V::zero(); SUMS]; R];
        let mut p = 0;
        while p + V::LANES * SUMS <= product.k {
            for s in 0..SUMS {
                let x = V::load(product.x.add(p + s * V::LANES));
                for i in 0..R {
                    let m = V::load(m.offset(i as isize * product.m_row).add(p + s * V::LANES));
                    sums[i][s] = m.mul_add(x, sums[i][s]);
                }
            }
            p += V::LANES * SUMS;
        }
        while p < product.k {
            let mask = V::mask(V::LANES.min(product.k - p));
            let x = V::load_some(product.x.add(p), mask);
            for i in 0..R {
                let m = V::load_some(m.offset(i as isize * product.m_row).add(p), mask);
                sums[i][0] = m.mul_add(x, sums[i][0]);
            }
            p += V::LANES;
        }
        for i in 0..R {
            let [s0, s1, s2, s3] = sums[i];
            let sum = s0.add(s1).add(s2.add(s3)).sum();
            *product.y.add(first + i) = match product.plus {
                Some((plus, row)) => *plus.offset((first + i) as isize * row) + sum,
                None => sum,
            };
        }
    }
}

/// Columns that are added at a time.
const COLUMNS: usize = 8;
/// Elements of `y` that are worked on at a time: they stay in the first-level cache.
const STRETCH: usize = 2048;

/// The product for a matrix whose columns are contiguous (`m_row` is 1).
///
/// # Safety
/// The processor must have the instructions of `V`, and all elements must be valid.
#[inline(always)]
pub(super) unsafe fn add_columns<V: Vector>(product: &MatrixVector<V::Number>) {
    // SAFETY: the stretches of rows are below `rows`, the columns `p..p + COLUMNS`, or `p` alone, below `k`.
    unsafe {
        for first in (0..product.rows).step_by(STRETCH) {
            let rows = STRETCH.min(product.rows - first);
            for i in first..first + rows {
                let plus = product.plus.map(|(plus, row)| *plus.offset(i as isize * row));
                *product.y.add(i) = plus.unwrap_or(num_traits::zero());
            }
            let mut p = 0;
            while p + COLUMNS <= product.k {
                add_some_columns::<V, COLUMNS>(product, p, first, rows);
                p += COLUMNS;
            }
            while p < product.k {
                add_some_columns::<V, 1>(product, p, first, rows);
                p += 1;
            }
        }
    }
}

/// `y += M x` for the `N` columns from `p` on and the `rows` rows from `first` on.
///
/// # Safety
/// As for [`add_columns`]; the rows and columns must be in the matrix.
#[inline(always)]
unsafe fn add_some_columns<V: Vector, const N: usize>(
    product: &MatrixVector<V::Number>,
    p: usize,
    first: usize,
    rows: usize,
) {
    // SAFETY: rows `first..first + rows`, the last of them masked, of columns `p..p + N`.
    unsafe {
        let y = product.y.add(first);
        let m = product.m.add(first).offset(p as isize * product.m_k);
        let mut x = [V::zero(); N];
        for s in 0..N {
            x[s] = V::splat(*product.x.add(p + s));
        }
        let mut i = 0;
        while i < rows {
            let mask = V::mask(V::LANES.min(rows - i));
            let mut sum = V::zero();
            for s in 0..N {
                sum = V::load_some(m.offset(s as isize * product.m_k).add(i), mask).mul_add(x[s], sum);
            }
            V::load_some(y.add(i), mask).add(sum).store_some(y.add(i), mask);
            i += V::LANES;
        }
    }
}
