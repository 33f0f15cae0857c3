//! Sums of all elements so far, of each lane, in double precision, so that long ones lose nothing.

use super::threads;
use crate::scalar::Scalar;

/// Rows that are worked through side by side: each sum waits for the one before it, but not for those of other rows.
const ROWS: usize = 4;
/// About how many elements are added in a nanosecond.
const PER_NANOSECOND: usize = 2;

/// Writes the sums so far, or from the end on, of every lane of `x`, `len` long, whose elements lie `apart`. None may be empty.
pub(crate) fn sums_so_far<T: Scalar>(x: &[T], len: usize, apart: usize, from_end: bool, y: &mut [T]) {
    let nanoseconds = y.len() / PER_NANOSECOND;
    threads::for_each_rows(y, len * apart, nanoseconds, |first, y| {
        let x = &x[first * len * apart..][..y.len()];
        if apart > 1 {
            return columns(x, len, apart, from_end, y);
        }
        let whole = y.len() / len / ROWS * ROWS * len;
        let (y, last) = y.split_at_mut(whole);
        for (x, y) in x.chunks_exact(ROWS * len).zip(y.chunks_exact_mut(ROWS * len)) {
            rows::<T, ROWS>(x, len, from_end, y);
        }
        for (x, y) in x[whole..].chunks_exact(len).zip(last.chunks_exact_mut(len)) {
            rows::<T, 1>(x, len, from_end, y);
        }
    });
}

/// Some rows, side by side.
fn rows<T: Scalar, const N: usize>(x: &[T], len: usize, from_end: bool, y: &mut [T]) {
    let mut sums = [0.0; N];
    for i in 0..len {
        let at = if from_end { len - 1 - i } else { i };
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += x[row * len + at].into();
            y[row * len + at] = T::of(*sum);
        }
    }
}

/// Columns of matrices that lie behind each other, all of one side by side.
fn columns<T: Scalar>(x: &[T], len: usize, apart: usize, from_end: bool, y: &mut [T]) {
    let mut sums = vec![0.0; apart];
    for (x, y) in x.chunks_exact(len * apart).zip(y.chunks_exact_mut(len * apart)) {
        sums.fill(0.0);
        for i in 0..len {
            let at = if from_end { len - 1 - i } else { i } * apart;
            for ((sum, &x), y) in sums.iter_mut().zip(&x[at..at + apart]).zip(&mut y[at..at + apart]) {
                *sum += x.into();
                *y = T::of(*sum);
            }
        }
    }
}
