//! Softmax of rows, and its gradient.
//!
//! Short rows are worked through together with their neighbours: only maxima and sums go by rows, the exponentials, which cost
//! most, run over all of them.

use super::narrow::{self, ENOUGH, NARROW};
use super::{Of, PER_NANOSECOND, log_sum_exp};
use crate::kernels::pairwise::pairwise;
use crate::kernels::threads;
use crate::kernels::widest::{Loop, on_widest};
use crate::scalar::Scalar;

/// The most rows that are worked through together.
const TOGETHER: usize = 64;
/// Numbers whose exponentials are worked out in one go, and added before the sum goes on in `f64`.
const STRETCH: usize = 1024;
/// The numbers of a small call, whose scratch takes less to clear.
const LITTLE: usize = 128;

/// Writes what is asked for of every row, `n` long, of `x`.
pub(super) fn forward<T: Scalar>(of: Of, x: &[T], n: usize, y: &mut [T]) {
    // What a row takes of `y`.
    let width = if matches!(of, Of::LogSumExp) { 1 } else { n };
    assert_eq!(x.len() / n, y.len() / width, "the rows do not fit the output");
    let nanoseconds = x.len() / PER_NANOSECOND;
    // Of all rows, not those of a part: the sums of both ways may differ in their last bits.
    let are_narrow = n <= NARROW && x.len() / n >= ENOUGH;
    threads::for_each_rows(y, width, nanoseconds, |first, y| {
        let x = &x[first * n..][..y.len() / width * n];
        match are_narrow {
            true => on_widest(narrow::Forward { of, x, n, y }),
            false => on_widest(Forward { of, x, n, y }),
        }
    });
}

struct Forward<'a, T> {
    of: Of,
    x: &'a [T],
    n: usize,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for Forward<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Forward { of, x, n, y } = self;
        let (mut little, mut much);
        let scratch: &mut [T] = match (of, x.len()) {
            (Of::Softmax, _) => &mut [],
            (_, ..=LITTLE) => {
                little = [T::zero(); LITTLE];
                &mut little
            }
            _ => {
                much = [T::zero(); STRETCH];
                &mut much
            }
        };
        let mut stats = Stats { tops: [T::zero(); TOGETHER], sums: [T::zero(); TOGETHER] };
        let width = if matches!(of, Of::LogSumExp) { 1 } else { n };
        let together = (STRETCH / n).clamp(1, TOGETHER);
        for (x, y) in x.chunks(together * n).zip(y.chunks_mut(together * width)) {
            let rows = x.len() / n;
            let kept = matches!(of, Of::Softmax).then_some(&mut *y);
            stats.of_rows(x, n, kept, scratch);
            let Stats { tops, sums } = &mut stats;
            if !matches!(of, Of::Softmax) {
                sums[..rows].iter_mut().for_each(|sum| *sum = sum.fast_ln());
            }
            match of {
                Of::Softmax => {
                    for (y, &sum) in y.chunks_exact_mut(n).zip(&*sums) {
                        let share = sum.recip();
                        y.iter_mut().for_each(|y| *y *= share);
                    }
                }
                Of::LogSoftmax => {
                    for (i, (x, y)) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)).enumerate() {
                        let (top, log) = (tops[i], sums[i]);
                        x.iter().zip(y).for_each(|(&x, y)| *y = x - top - log);
                    }
                }
                Of::LogSumExp => {
                    for (i, y) in y.iter_mut().enumerate() {
                        *y = log_sum_exp(tops[i], sums[i], || x[i * n..][..n].iter().any(|x| x.is_nan()));
                    }
                }
            }
        }
    }
}

/// What is subtracted in each of some rows, the maximum, and the sum of the exponentials of what is left.
struct Stats<T> {
    tops: [T; TOGETHER],
    sums: [T; TOGETHER],
}

impl<T: Scalar> Stats<T> {
    /// Of at most `TOGETHER` rows. The exponentials stay in `kept`, or nowhere.
    #[inline(always)]
    fn of_rows(&mut self, x: &[T], n: usize, kept: Option<&mut [T]>, scratch: &mut [T]) {
        if x.len() <= STRETCH {
            let (e, is_kept) = match kept {
                Some(kept) => (kept, true),
                None => (&mut scratch[..x.len()], false),
            };
            for (i, (x, e)) in x.chunks_exact(n).zip(e.chunks_exact_mut(n)).enumerate() {
                let top = T::largest_of_run(x);
                self.tops[i] = top;
                x.iter().zip(e).for_each(|(&x, e)| *e = x - top);
            }
            if is_kept {
                e.iter_mut().for_each(|e| *e = e.fast_exp());
            } else {
                e.iter_mut().for_each(|e| *e = e.fast_exp_term());
            }
            for (i, e) in e.chunks_exact(n).enumerate() {
                self.sums[i] = T::sum_of_run(e);
            }
            return;
        }
        let mut kept = kept.map(|kept| kept.chunks_exact_mut(n));
        for (i, x) in x.chunks_exact(n).enumerate() {
            let (top, mut sum) = (T::largest_of_run(x), 0.0);
            let mut kept = kept.as_mut().and_then(Iterator::next).map(|kept| kept.chunks_mut(STRETCH));
            for x in x.chunks(STRETCH) {
                let e = match kept.as_mut().and_then(Iterator::next) {
                    Some(kept) => kept,
                    None => &mut scratch[..x.len()],
                };
                x.iter().zip(&mut *e).for_each(|(&x, e)| *e = (x - top).fast_exp());
                sum += T::sum_of_run(e).into();
            }
            (self.tops[i], self.sums[i]) = (top, T::of(sum));
        }
    }
}

/// Writes the gradient of softmax or its logarithm from `y` and the cotangent.
pub(super) fn backward<T: Scalar>(of: Of, y: &[T], dy: &[T], n: usize, dx: &mut [T]) {
    assert!(y.len() == dx.len() && dy.len() == dx.len(), "the rows do not fit the output");
    threads::for_each_rows(dx, n, y.len() / PER_NANOSECOND, |first, dx| {
        let (y, dy) = (&y[first * n..][..dx.len()], &dy[first * n..][..dx.len()]);
        on_widest(Backward { of, y, dy, n, dx });
    });
}

struct Backward<'a, T> {
    of: Of,
    y: &'a [T],
    dy: &'a [T],
    n: usize,
    dx: &'a mut [T],
}

impl<T: Scalar> Loop for Backward<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Backward { of, y, dy, n, dx } = self;
        let some = (STRETCH / n).max(1) * n;
        for ((y, dy), dx) in y.chunks(some).zip(dy.chunks(some)).zip(dx.chunks_mut(some)) {
            for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = if matches!(of, Of::Softmax) { dy * y } else { y.fast_exp() };
            }
            for ((y, dy), dx) in y.chunks_exact(n).zip(dy.chunks_exact(n)).zip(dx.chunks_exact_mut(n)) {
                if matches!(of, Of::Softmax) {
                    let sum = pairwise(dx);
                    for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                        *dx = y * (dy - sum);
                    }
                } else {
                    let sum = pairwise(dy);
                    dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx = dy - *dx * sum);
                }
            }
        }
    }
}
