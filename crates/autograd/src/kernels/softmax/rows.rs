//! Softmax of rows, its logarithm, and the logarithm of the sum that both divide by.
//!
//! With `m` the maximum of a row, `s = Σ e^(x - m)` lies between 1 and the length of the row, and
//!
//! ```text
//! softmax = e^(x - m) / s        log_softmax = x - m - ln s        log_sum_exp = m + ln s .
//! ```
//! Short rows are worked through together with their neighbours: only maxima and sums go by rows, the exponentials, which cost
//! most, run over all of them.
//!
//! A NaN makes the whole row NaN. Softmax has no limit where the maximum is infinite, and is NaN there; `log_sum_exp` has,
//! the maximum.

use super::threads;
use super::widest::{Loop, on_widest};
use crate::scalar::Scalar;

/// Numbers that are compared side by side, so that a vector can hold them.
const LANES: usize = 16;
/// The most rows that are worked through together.
const TOGETHER: usize = 64;
/// Numbers whose exponentials are worked out in one go, and added before the sum goes on in `f64`.
const STRETCH: usize = 1024;
/// About what an exponential, and what comes with it, takes, in numbers to a nanosecond.
const PER_NANOSECOND: usize = 2;

/// What is written of each row.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// `e^(x - m) / s` of each element.
    Softmax,
    /// `x - m - ln s` of each element.
    LogSoftmax,
    /// `m + ln s` of the row.
    LogSumExp,
}

/// Writes what is asked for of every row, `n` long, of `x`.
///
/// # Panics
/// If `n` is 0, or `x` and `y` do not fit.
pub(crate) fn rows<T: Scalar>(of: Of, x: &[T], n: usize, y: &mut [T]) {
    // What a row takes of `y`.
    let width = if matches!(of, Of::LogSumExp) { 1 } else { n };
    assert_eq!(x.len() / n, y.len() / width, "the rows do not fit the output");
    let nanoseconds = x.len() / PER_NANOSECOND;
    threads::for_each_rows(y, width, nanoseconds, |first, y| {
        let x = &x[first * n..][..y.len() / width * n];
        on_widest(Rows { of, x, n, y });
    });
}

struct Rows<'a, T> {
    of: Of,
    x: &'a [T],
    n: usize,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for Rows<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Rows { of, x, n, y } = self;
        let mut room;
        let scratch: &mut [T] = if matches!(of, Of::Softmax) {
            &mut []
        } else {
            room = [T::zero(); STRETCH];
            &mut room
        };
        let mut stats = Stats { tops: [T::zero(); TOGETHER], sums: [T::zero(); TOGETHER] };
        let width = if matches!(of, Of::LogSumExp) { 1 } else { n };
        let together = (STRETCH / n).clamp(1, TOGETHER);
        for (x, y) in x.chunks(together * n).zip(y.chunks_mut(together * width)) {
            let rows = x.len() / n;
            match of {
                Of::Softmax => stats.of_rows(x, n, Some(y), scratch),
                _ => stats.of_rows(x, n, None, scratch),
            }
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
                        // The sum is NaN where infinities met.
                        let is_met = tops[i].is_infinite() && !x[i * n..][..n].iter().any(|x| x.is_nan());
                        *y = if is_met { tops[i] } else { tops[i] + sums[i] };
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
            let e = match kept {
                Some(kept) => kept,
                None => &mut scratch[..x.len()],
            };
            for (i, (x, e)) in x.chunks_exact(n).zip(e.chunks_exact_mut(n)).enumerate() {
                let top = largest(x);
                self.tops[i] = top;
                x.iter().zip(e).for_each(|(&x, e)| *e = x - top);
            }
            e.iter_mut().for_each(|e| *e = e.fast_exp());
            for (i, e) in e.chunks_exact(n).enumerate() {
                self.sums[i] = T::sum_of_run(e);
            }
            return;
        }
        let mut kept = kept.map(|kept| kept.chunks_exact_mut(n));
        for (i, x) in x.chunks_exact(n).enumerate() {
            let (top, mut sum) = (largest(x), 0.0);
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

/// The largest number that is not NaN, or `-inf`.
#[inline(always)]
fn largest<T: Scalar>(x: &[T]) -> T {
    let larger = |top: T, &x: &T| if x > top { x } else { top };
    if x.len() < LANES {
        return x.iter().fold(T::neg_infinity(), larger);
    }
    let mut lanes = [T::neg_infinity(); LANES];
    let chunks = x.chunks_exact(LANES);
    let tail = chunks.remainder();
    for x in chunks {
        for l in 0..LANES {
            lanes[l] = if x[l] > lanes[l] { x[l] } else { lanes[l] };
        }
    }
    tail.iter().chain(&lanes).fold(T::neg_infinity(), larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    fn all(x: &[f64], n: usize) -> [Vec<f64>; 3] {
        [(Of::Softmax, n), (Of::LogSoftmax, n), (Of::LogSumExp, 1)].map(|(of, width)| {
            let mut y = vec![f64::NAN; x.len() / n * width];
            rows(of, x, n, &mut y);
            y
        })
    }

    /// Rows of every width, some more than are worked through together, against the formulas.
    #[test]
    fn every_width_agrees_with_the_formulas() {
        for n in (1..40).chain([1023, 1024, 1025, 3000]) {
            let rows = if n < 40 { 2 * TOGETHER + 3 } else { 3 };
            let x: Vec<f64> = (0..rows * n).map(|i| ((i * 7919) % 1013) as f64 / 20.0 - 25.0).collect();
            let [softmax, log_softmax, log_sum_exp] = all(&x, n);
            for (i, x) in x.chunks(n).enumerate() {
                let top = x.iter().copied().fold(f64::MIN, f64::max);
                let log = top + x.iter().map(|x| (x - top).exp()).sum::<f64>().ln();
                let close = |a: f64, b: f64| {
                    assert!((a - b).abs() <= 1e-13 * (1.0 + b.abs()), "{a} for {b}, {n} wide");
                };
                close(log_sum_exp[i], log);
                for (j, x) in x.iter().enumerate() {
                    close(log_softmax[i * n + j], x - log);
                    close(softmax[i * n + j], (x - log).exp());
                }
            }
        }
    }

    #[test]
    fn infinities_and_nan_show() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for n in [3, 30] {
            let row = |first: f64, rest: f64| {
                let x: Vec<f64> = std::iter::once(first).chain(std::iter::repeat_n(rest, n - 1)).collect();
                let [softmax, log_softmax, log_sum_exp] = all(&x, n);
                (softmax[1], log_softmax[1], log_sum_exp[0])
            };
            let (softmax, log_softmax, log_sum_exp) = row(0.0, -inf);
            assert_eq!((softmax, log_softmax, log_sum_exp), (0.0, -inf, 0.0));
            for (first, rest, log) in [(-inf, -inf, -inf), (inf, 0.0, inf), (nan, 0.0, nan), (0.0, nan, nan)]
            {
                let (softmax, log_softmax, log_sum_exp) = row(first, rest);
                assert!(
                    softmax.is_nan() && log_softmax.is_nan(),
                    "{first}, {rest}: {softmax}, {log_softmax}"
                );
                assert_eq!(log_sum_exp.to_string(), log.to_string(), "{first}, {rest}");
            }
        }
    }

    #[test]
    fn the_same_bits_on_any_number_of_threads() {
        let x: Vec<f64> = (0..300_000_usize).map(|i| ((i * 7919) % 1013) as f64 / 20.0).collect();
        for n in [2, 10, 1000] {
            let expected = with_threads(1, || all(&x, n));
            for count in [2, 3, 8] {
                assert!(with_threads(count, || all(&x, n)) == expected, "{count} threads, {n} wide");
            }
        }
    }
}
