//! Sums of runs and of rows. Straight additions are few: short runs are summed first and then their sums, stretches of rows meet
//! as the digits of a binary counter; so the rounding error grows with the logarithm of the number of terms.

use crate::scalar::Scalar;
use smallvec::SmallVec;

/// The longest run that is summed in one go, and the most columns that are added side by side: they stay in the first-level cache.
pub(crate) const WIDTH: usize = 1024;
/// Rows that are added straight, four at a time.
pub(crate) const STRETCH: usize = 16;

/// The sum of a run: of the sums of short ones.
#[inline(always)]
pub(crate) fn pairwise<T: Scalar>(x: &[T]) -> T {
    if x.len() <= WIDTH {
        return T::sum_of_run(x);
    }
    let mut sums: SmallVec<[T; 64]> = SmallVec::new();
    for x in x.chunks(WIDTH) {
        sums.push(T::sum_of_run(x));
    }
    sum_of_sums(&sums)
}

/// As [`pairwise`], but not inlined, since that calls it.
fn sum_of_sums<T: Scalar>(sums: &[T]) -> T {
    pairwise(sums)
}

/// Writes the sum of `x`, cut into rows as long as `y`, of which the last may be shorter.
#[inline(always)]
pub(crate) fn add_chunks<T: Scalar>(x: &[T], y: &mut [T]) {
    let chunks = x.chunks_exact(y.len());
    let rest = chunks.remainder();
    add_rows(chunks, y);
    y.iter_mut().zip(rest).for_each(|(y, &x)| *y += x);
}

/// Writes the sum of rows: of straight stretches, as the digits of a binary counter, so that sums of equally many rows meet.
#[inline(always)]
pub(crate) fn add_rows<'a, T: Scalar>(mut rows: impl Iterator<Item = &'a [T]>, y: &mut [T]) {
    let mut digits: Vec<T> = Vec::new();
    let mut stretches = 0_usize;
    let add_digit = |digits: &mut Vec<T>, y: &mut [T]| {
        let first = digits.len() - y.len();
        y.iter_mut().zip(&digits[first..]).for_each(|(y, &digit)| *y += digit);
        digits.truncate(first);
    };
    while add_stretch(&mut rows, y) {
        stretches += 1;
        for _ in 0..stretches.trailing_zeros() {
            add_digit(&mut digits, y);
        }
        digits.extend_from_slice(y);
    }
    while !digits.is_empty() {
        add_digit(&mut digits, y);
    }
}

/// Writes the sum of the next few rows. Whether there were enough for a stretch.
#[inline(always)]
fn add_stretch<'a, T: Scalar>(rows: &mut impl Iterator<Item = &'a [T]>, y: &mut [T]) -> bool {
    y.fill(T::zero());
    for _ in 0..STRETCH / 4 {
        match [rows.next(), rows.next(), rows.next(), rows.next()] {
            [Some(a), Some(b), Some(c), Some(d)] => {
                for ((((y, &a), &b), &c), &d) in y.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *y += (a + b) + (c + d);
                }
            }
            rest => {
                for row in rest.into_iter().flatten() {
                    y.iter_mut().zip(row).for_each(|(y, &x)| *y += x);
                }
                return false;
            }
        }
    }
    true
}
