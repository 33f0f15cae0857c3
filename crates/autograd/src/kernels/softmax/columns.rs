//! Softmax along an axis whose elements lie apart, and its gradient: bands of neighbouring columns are worked through row by
//! row, so that what is read lies together.

use super::{Of, PER_NANOSECOND, log_sum_exp};
use crate::kernels::threads::{self, SendMut};
use crate::kernels::widest::{Loop, on_widest};
use crate::scalar::Scalar;
use std::array::from_fn;
use std::ops::Range;

/// The most columns of a band, and about how many elements: they stay in the second-level cache.
const WIDTH: usize = 512;
const BAND: usize = 1 << 15;
/// A band's columns are a multiple of this, so that vectors leave no rest to work through number by number.
const WHOLE: usize = 64;
/// Rows whose maxima are taken together, so that those of before are read and written less often.
const TOGETHER: usize = 4;
/// Rows that are added before their sum goes on in `f64`.
const STRETCH: usize = 32;

/// Some columns of one of several matrices of `n` rows that lie behind each other.
#[derive(Clone, Copy)]
struct Band {
    n: usize,
    columns: usize,
    /// The matrix, and which columns.
    matrix: usize,
    first: usize,
    width: usize,
}

impl Band {
    /// Calls `f` with every band of `matrices` matrices, shared by threads.
    fn for_each(matrices: usize, n: usize, columns: usize, f: impl Fn(Band) + Sync) {
        let nanoseconds = matrices * n * columns / PER_NANOSECOND;
        let parts = threads::parts(nanoseconds).div_ceil(matrices.max(1));
        let width = (BAND / n / WHOLE * WHOLE).clamp(WHOLE, WIDTH);
        let width = width.min(columns.div_ceil(parts).next_multiple_of(WHOLE));
        let bands = columns.div_ceil(width);
        threads::run(matrices * bands, nanoseconds, |i| {
            let (matrix, first) = (i / bands, i % bands * width);
            f(Band { n, columns, matrix, first, width: width.min(columns - first) });
        });
    }

    /// Where the band's row begins, in matrices of so many rows.
    #[inline(always)]
    fn place(&self, rows: usize, row: usize) -> usize {
        (self.matrix * rows + row) * self.columns + self.first
    }

    #[inline(always)]
    fn row<'a, T>(&self, x: &'a [T], row: usize) -> &'a [T] {
        &x[self.place(self.n, row)..][..self.width]
    }

    /// A row of what is written, in matrices of so many rows.
    ///
    /// # Safety
    /// The matrices must be valid, and nobody else may use this band of them.
    #[inline(always)]
    unsafe fn row_mut<'a, T>(&self, y: &SendMut<T>, rows: usize, row: usize) -> &'a mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(y.get().add(self.place(rows, row)), self.width) }
    }

    /// The rows, cut into stretches.
    #[inline(always)]
    fn stretches(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.n;
        (0..n).step_by(STRETCH).map(move |first| first..n.min(first + STRETCH))
    }
}

/// Adds a stretch's sums to those before it.
#[inline(always)]
fn add_part<T: Scalar>(part: &[T], sums: &mut [f64]) {
    sums.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part.into());
}

/// Writes what is asked for of every column of `x`.
pub(super) fn forward<T: Scalar>(of: Of, x: &[T], n: usize, columns: usize, y: &mut [T]) {
    let matrices = x.len() / n / columns;
    let rows = if matches!(of, Of::LogSumExp) { 1 } else { n };
    assert_eq!(y.len(), matrices * rows * columns, "the columns do not fit the output");
    let y = SendMut(y.as_mut_ptr());
    Band::for_each(matrices, n, columns, |band| on_widest(Forward { of, band, x, y: &y }));
}

struct Forward<'a, T> {
    of: Of,
    band: Band,
    x: &'a [T],
    /// Only this band of it is used.
    y: &'a SendMut<T>,
}

impl<T: Scalar> Loop for Forward<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Forward { of, band, x, y } = self;
        let Band { n, width, .. } = band;
        let (mut tops, mut part, mut sums) = ([T::neg_infinity(); WIDTH], [T::zero(); WIDTH], [0.0; WIDTH]);
        let (tops, part, sums) = (&mut tops[..width], &mut part[..width], &mut sums[..width]);
        let larger = |top: T, x: T| if x > top { x } else { top };
        for row in (0..n).step_by(TOGETHER) {
            // Where there are not so many, the last one more than once.
            let [a, b, c, d]: [_; TOGETHER] = from_fn(|i| band.row(x, (row + i).min(n - 1)));
            for ((((top, &a), &b), &c), &d) in tops.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *top = [a, b, c, d].into_iter().fold(*top, larger);
            }
        }
        for stretch in band.stretches() {
            part.fill(T::zero());
            for row in stretch {
                let x = band.row(x, row);
                if matches!(of, Of::Softmax) {
                    // SAFETY: the output has been checked to fit, and each band is worked on once.
                    let e = unsafe { band.row_mut(y, n, row) };
                    for (((e, &x), &top), part) in e.iter_mut().zip(x).zip(&*tops).zip(&mut *part) {
                        *e = (x - top).fast_exp();
                        *part += *e;
                    }
                } else {
                    for ((&x, &top), part) in x.iter().zip(&*tops).zip(&mut *part) {
                        *part += (x - top).fast_exp_term();
                    }
                }
            }
            add_part(part, sums);
        }
        // From here on `part` is what the sum becomes: its reciprocal or its logarithm.
        for (part, &sum) in part.iter_mut().zip(&*sums) {
            let sum = T::of(sum);
            *part = if matches!(of, Of::Softmax) { sum.recip() } else { sum.fast_ln() };
        }
        match of {
            Of::Softmax => {
                for row in 0..n {
                    // SAFETY: as above.
                    let y = unsafe { band.row_mut(y, n, row) };
                    y.iter_mut().zip(&*part).for_each(|(y, &share)| *y *= share);
                }
            }
            Of::LogSoftmax => {
                for row in 0..n {
                    // SAFETY: as above.
                    let y = unsafe { band.row_mut(y, n, row) };
                    for (((y, &x), &top), &log) in y.iter_mut().zip(band.row(x, row)).zip(&*tops).zip(&*part)
                    {
                        *y = x - top - log;
                    }
                }
            }
            Of::LogSumExp => {
                // SAFETY: as above.
                let y = unsafe { band.row_mut(y, 1, 0) };
                for (j, y) in y.iter_mut().enumerate() {
                    *y = log_sum_exp(tops[j], part[j], || (0..n).any(|row| band.row(x, row)[j].is_nan()));
                }
            }
        }
    }
}

/// Writes the gradient of softmax or its logarithm from `y` and the cotangent.
pub(super) fn backward<T: Scalar>(of: Of, y: &[T], dy: &[T], n: usize, columns: usize, dx: &mut [T]) {
    assert!(y.len() == dx.len() && dy.len() == dx.len(), "the columns do not fit the output");
    let matrices = dx.len() / n / columns;
    let dx = SendMut(dx.as_mut_ptr());
    Band::for_each(matrices, n, columns, |band| on_widest(Backward { of, band, y, dy, dx: &dx }));
}

struct Backward<'a, T> {
    of: Of,
    band: Band,
    y: &'a [T],
    dy: &'a [T],
    /// Only this band of it is used.
    dx: &'a SendMut<T>,
}

impl<T: Scalar> Loop for Backward<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Backward { of, band, y, dy, dx } = self;
        let Band { n, width, .. } = band;
        let (mut part, mut sums) = ([T::zero(); WIDTH], [0.0; WIDTH]);
        let (part, sums) = (&mut part[..width], &mut sums[..width]);
        for stretch in band.stretches() {
            part.fill(T::zero());
            for row in stretch {
                for ((part, &y), &dy) in part.iter_mut().zip(band.row(y, row)).zip(band.row(dy, row)) {
                    *part += if matches!(of, Of::Softmax) { dy * y } else { dy };
                }
            }
            add_part(part, sums);
        }
        part.iter_mut().zip(&*sums).for_each(|(part, &sum)| *part = T::of(sum));
        for row in 0..n {
            // SAFETY: the output has been checked to fit, and each band is worked on once.
            let dx = unsafe { band.row_mut(dx, n, row) };
            let (y, dy) = (band.row(y, row), band.row(dy, row));
            for (((dx, &y), &dy), &sum) in dx.iter_mut().zip(y).zip(dy).zip(&*part) {
                *dx = if matches!(of, Of::Softmax) { y * (dy - sum) } else { dy - y.fast_exp() * sum };
            }
        }
    }
}
