//! Softmax along an axis, its logarithm, the logarithm of the sum that both divide by, and the gradients.
//!
//! With `m` the maximum of a lane, `s = Σ e^(x - m)` lies between 1 and the length of the lane, and
//!
//! ```text
//! softmax = e^(x - m) / s        log_softmax = x - m - ln s        log_sum_exp = m + ln s .
//! ```
//! A NaN makes the whole lane NaN. Softmax has no limit where the maximum is infinite, and is NaN there; `log_sum_exp` has,
//! the maximum.
//!
//! - [`rows`]: lanes whose elements lie behind each other;
//! - [`narrow`]: many such lanes of few elements;
//! - [`columns`]: lanes whose elements lie apart.

mod columns;
mod narrow;
mod rows;

use crate::scalar::Scalar;

/// About what an exponential, and what comes with it, takes, in numbers to a nanosecond.
const PER_NANOSECOND: usize = 2;

/// What is written of each lane.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// `e^(x - m) / s` of each element.
    Softmax,
    /// `x - m - ln s` of each element.
    LogSoftmax,
    /// `m + ln s` of the lane.
    LogSumExp,
}

/// Writes what is asked for of every lane of `x`, `n` long, whose elements lie `apart`.
///
/// # Panics
/// If `n` is 0, or `x` and `y` do not fit.
pub(crate) fn forward<T: Scalar>(of: Of, x: &[T], n: usize, apart: usize, y: &mut [T]) {
    match apart {
        1 => rows::forward(of, x, n, y),
        _ => columns::forward(of, x, n, apart, y),
    }
}

/// Writes the gradient of softmax, `y (dy - Σ dy y)`, or of its logarithm, `dy - e^y Σ dy`, to `dx`.
///
/// # Panics
/// If `n` is 0, or the arrays do not fit.
pub(crate) fn backward<T: Scalar>(of: Of, y: &[T], dy: &[T], n: usize, apart: usize, dx: &mut [T]) {
    match apart {
        1 => rows::backward(of, y, dy, n, dx),
        _ => columns::backward(of, y, dy, n, apart, dx),
    }
}

/// From the maximum and the logarithm of the sum, which is NaN where infinities met, or where the lane holds NaN.
#[inline(always)]
fn log_sum_exp<T: Scalar>(top: T, log: T, holds_nan: impl FnOnce() -> bool) -> T {
    if top.is_infinite() && !holds_nan() { top } else { top + log }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    fn all(x: &[f64], n: usize, apart: usize) -> [Vec<f64>; 3] {
        [(Of::Softmax, n), (Of::LogSoftmax, n), (Of::LogSumExp, 1)].map(|(of, width)| {
            let mut y = vec![f64::NAN; x.len() / n * width];
            forward(of, x, n, apart, &mut y);
            y
        })
    }

    /// Some matrices `apart` wide, from rows `n` long that become the columns.
    fn columns(x: &[f64], n: usize, apart: usize) -> Vec<f64> {
        let matrices = x.chunks_exact(n * apart);
        matrices.flat_map(|x| (0..n * apart).map(move |i| x[i % apart * n + i / apart])).collect()
    }

    /// Rows of every width, some more than are worked through together, against the formulas.
    #[test]
    fn every_width_agrees_with_the_formulas() {
        for n in (1..40).chain([1023, 1024, 1025, 3000]) {
            let rows = if n < 40 { 131 } else { 3 };
            let x: Vec<f64> = (0..rows * n).map(|i| ((i * 7919) % 1013) as f64 / 20.0 - 25.0).collect();
            let [softmax, log_softmax, log_sum_exp] = all(&x, n, 1);
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

    /// Columns against rows: of narrow and of wide matrices, with bands that end within them, of some matrices.
    #[test]
    fn columns_agree_with_rows() {
        for (n, apart) in [(1, 2), (3, 2), (33, 17), (100, 530), (5, 1100), (1000, 40)] {
            let number = |i: usize, by: usize| ((i * by) % 1013) as f64 / 20.0 - 25.0;
            let close = |found: &[f64], expected: &[f64], what: &str| {
                let off = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-12 * (1.0 + b.abs());
                let wrong = found.iter().zip(expected).position(off);
                assert!(
                    found.len() == expected.len() && wrong.is_none(),
                    "{what} of {n} x {apart}: {wrong:?}"
                );
            };
            let x: Vec<f64> = (0..2 * n * apart).map(|i| number(i, 7919)).collect();
            let dy: Vec<f64> = (0..2 * n * apart).map(|i| number(i, 104_729)).collect();
            let by_rows = all(&x, n, 1);
            let by_columns = all(&columns(&x, n, apart), n, apart);
            for (i, of) in [Of::Softmax, Of::LogSoftmax].into_iter().enumerate() {
                close(&by_columns[i], &columns(&by_rows[i], n, apart), "value");
                let mut dx = [vec![f64::NAN; x.len()], vec![f64::NAN; x.len()]];
                backward(of, &by_rows[i], &dy, n, 1, &mut dx[0]);
                backward(of, &by_columns[i], &columns(&dy, n, apart), n, apart, &mut dx[1]);
                close(&dx[1], &columns(&dx[0], n, apart), "gradient");
            }
            close(&by_columns[2], &by_rows[2], "logarithm of the sum");
        }
    }

    #[test]
    fn infinities_and_nan_show() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (n, apart) in [(3, 1), (30, 1), (30, 2)] {
            let row = |first: f64, rest: f64| {
                let x: Vec<f64> = std::iter::once(first).chain(std::iter::repeat_n(rest, n - 1)).collect();
                // Apart: the same lane as often as there are columns.
                let x = columns(&x.repeat(apart), n, apart);
                let [softmax, log_softmax, log_sum_exp] = all(&x, n, apart);
                (softmax[apart], log_softmax[apart], log_sum_exp[0])
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
        for (n, apart) in [(2, 1), (10, 1), (1000, 1), (10, 30_000), (100, 300), (10_000, 30)] {
            let expected = with_threads(1, || all(&x, n, apart));
            for count in [2, 3, 8] {
                assert!(
                    with_threads(count, || all(&x, n, apart)) == expected,
                    "{count} threads, {n} x {apart}"
                );
            }
        }
    }
}
