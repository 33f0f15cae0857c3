//! The register tile: a few rows and vectors of C, kept in registers while k runs.
//!
//! For every k, a tile of `ROWS` rows and `VECTORS` vectors loads `VECTORS` vectors of B and `ROWS` numbers of A, and
//! does `ROWS * VECTORS` fused multiply-adds: the larger the tile, the fewer loads for each. It must fit into the
//! registers together with a row of B and a number of A, and it must have enough independent sums to hide the latency
//! of a multiply-add (4 cycles, times two units on most machines).
//!
//! A sum runs over k in order, one fused multiply-add after the other. So the bits of an element do not depend on the
//! tile that it is in, nor on its instruction set.

use super::block::Operand;
use crate::kernels::simd::Vector;

/// What a tile is asked to do: `C = plus + A B` for its part of C.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile<T> {
    /// The length of the sums.
    pub(super) k: usize,
    /// The part of A.
    pub(super) a: Operand<T>,
    /// The part of B, whose columns are contiguous.
    pub(super) b: Operand<T>,
    /// The part of C, whose columns are contiguous, and the step from row to row.
    pub(super) c: *mut T,
    pub(super) c_row: isize,
    /// The lanes in use of the last vector of each row.
    pub(super) last: usize,
    /// What is added to the product, if anything, and its step from row to row.
    pub(super) plus: Option<(*const T, isize)>,
}

/// A tile of some size, compiled for some instruction set.
pub(super) type TileFn<T> = unsafe fn(&Tile<T>);

/// Sums of so many steps take long enough for their part of C to come to the cache meanwhile. Its rows lie far from each other, so
/// no processor foresees them.
const LONG: usize = 64;

/// Computes a tile.
///
/// # Safety
/// The processor must have the instructions of `V`; `a` must be valid for `ROWS` rows and `k` steps, `b` for `k` rows of
/// `VECTORS - 1` whole vectors and `last` lanes (at most `LANES`, at least one), `c` and `plus` for `ROWS` such rows.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const ROWS: usize, const VECTORS: usize>(t: &Tile<V::Number>) {
    // SAFETY: every access is to one of the elements that the caller promises: row `i < ROWS`, vector `v < VECTORS`, of
    // which the last is masked to `last` lanes, and `k` steps. No closures, which would not be compiled for the set.
    unsafe {
        let mask = V::mask(t.last);
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let mut a = [t.a.start; ROWS];
        for i in 1..ROWS {
            a[i] = t.a.start.offset(i as isize * t.a.across);
        }
        if t.k >= LONG {
            for i in 0..ROWS {
                let c = t.c.offset(i as isize * t.c_row);
                for v in 0..VECTORS {
                    V::prefetch(c.add(v * V::LANES));
                }
            }
        }
        let (mut step, mut b) = (0, t.b.start);
        for _ in 0..t.k {
            let mut row = [V::zero(); VECTORS];
            for v in 0..VECTORS - 1 {
                row[v] = V::load(b.add(v * V::LANES));
            }
            row[VECTORS - 1] = V::load_some(b.add((VECTORS - 1) * V::LANES), mask);
            for i in 0..ROWS {
                let x = V::splat(*a[i].offset(step));
                for v in 0..VECTORS {
                    sums[i][v] = x.mul_add(row[v], sums[i][v]);
                }
            }
            step += t.a.along;
            b = b.wrapping_offset(t.b.along);
        }
        if let Some((plus, plus_row)) = t.plus {
            for i in 0..ROWS {
                let plus = plus.offset(i as isize * plus_row);
                for v in 0..VECTORS - 1 {
                    sums[i][v] = V::load(plus.add(v * V::LANES)).add(sums[i][v]);
                }
                let last = V::load_some(plus.add((VECTORS - 1) * V::LANES), mask);
                sums[i][VECTORS - 1] = last.add(sums[i][VECTORS - 1]);
            }
        }
        for i in 0..ROWS {
            let c = t.c.offset(i as isize * t.c_row);
            for v in 0..VECTORS - 1 {
                sums[i][v].store(c.add(v * V::LANES));
            }
            sums[i][VECTORS - 1].store_some(c.add((VECTORS - 1) * V::LANES), mask);
        }
    }
}
