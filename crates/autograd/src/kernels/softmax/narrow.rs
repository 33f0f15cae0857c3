//! Softmax of rows so short that a vector holds several: some are turned into columns, so that all goes by vectors.

use super::Of;
use crate::kernels::widest::Loop;
use crate::scalar::Scalar;

/// The longest of such rows, and how many make it worth while.
pub(super) const NARROW: usize = 6;
pub(super) const ENOUGH: usize = 16;
/// The most rows that are turned at a time. Their number is filled up to a multiple of the other, so that vectors leave no rest.
const TOGETHER: usize = 64;
const WHOLE: usize = 16;

/// What is asked for of rows `n` long.
pub(super) struct Forward<'a, T> {
    pub(super) of: Of,
    pub(super) x: &'a [T],
    pub(super) n: usize,
    pub(super) y: &'a mut [T],
}

impl<T: Scalar> Loop for Forward<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Forward { of, x, n, y } = self;
        let width = if matches!(of, Of::LogSumExp) { 1 } else { n };
        let mut scratch = [T::zero(); NARROW * TOGETHER];
        let (mut tops, mut sums) = ([T::zero(); TOGETHER], [T::zero(); TOGETHER]);
        for (x, y) in x.chunks(TOGETHER * n).zip(y.chunks_mut(TOGETHER * width)) {
            let rows = x.len() / n;
            let height = rows.next_multiple_of(WHOLE);
            let (columns, tops, sums) =
                (&mut scratch[..n * height], &mut tops[..height], &mut sums[..height]);
            tops.fill(T::neg_infinity());
            sums.fill(T::zero());
            for (j, column) in columns.chunks_exact_mut(height).enumerate() {
                for (i, e) in column[..rows].iter_mut().enumerate() {
                    *e = x[i * n + j];
                }
                tops.iter_mut().zip(column).for_each(|(top, e)| *top = if *e > *top { *e } else { *top });
            }
            for column in columns.chunks_exact_mut(height) {
                for ((e, &top), sum) in column.iter_mut().zip(&*tops).zip(&mut *sums) {
                    *e = if matches!(of, Of::Softmax) {
                        (*e - top).fast_exp()
                    } else {
                        (*e - top).fast_exp_term()
                    };
                    *sum += *e;
                }
            }
            // From here on the sum is what it becomes: its reciprocal or its logarithm.
            if matches!(of, Of::Softmax) {
                sums.iter_mut().for_each(|sum| *sum = sum.recip());
            } else {
                sums.iter_mut().for_each(|sum| *sum = sum.fast_ln());
            }
            match of {
                Of::Softmax => {
                    for (j, column) in columns.chunks_exact(height).enumerate() {
                        for (i, (&e, &share)) in column[..rows].iter().zip(&*sums).enumerate() {
                            y[i * n + j] = e * share;
                        }
                    }
                }
                Of::LogSoftmax => {
                    for (i, (&top, &log)) in tops[..rows].iter().zip(&*sums).enumerate() {
                        let (x, y) = (&x[i * n..][..n], &mut y[i * n..][..n]);
                        x.iter().zip(y).for_each(|(&x, y)| *y = x - top - log);
                    }
                }
                Of::LogSumExp => {
                    for (i, y) in y.iter_mut().enumerate() {
                        *y = super::log_sum_exp(tops[i], sums[i], || {
                            x[i * n..][..n].iter().any(|x| x.is_nan())
                        });
                    }
                }
            }
        }
    }
}
