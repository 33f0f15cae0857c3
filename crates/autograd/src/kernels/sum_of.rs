//! Sums of a function of the elements, a stretch of values at a time, which stay in the first-level cache.

use super::map::{Each, Row};
use super::pairwise::{WIDTH, pairwise};
use super::threads;
use super::widest::on_widest;
use crate::scalar::Scalar;

/// About how many values are worked out and added in a nanosecond.
const PER_NANOSECOND: usize = 8;

/// Writes the sum of `f` over each run of `len` elements to `y`. The runs lie behind each other, in all of `x` alike.
pub(crate) fn sum_of_runs<T: Scalar, const N: usize>(
    x: [&[T]; N],
    len: usize,
    y: &mut [T],
    f: impl Each<T, T, T, N, 0>,
) {
    if len == 0 {
        return y.fill(T::zero());
    }
    let nanoseconds = y.len() * len / PER_NANOSECOND;
    let stretches = len.div_ceil(WIDTH);
    if stretches == 1 {
        return threads::for_each_rows(y, 1, nanoseconds, |first, y| {
            stretch_by_stretch(x, first * len, WIDTH / len, len, y, &f);
        });
    }
    // The stretches of a run are summed on any thread, and their sums pairwise.
    let mut sums = vec![T::zero(); y.len() * stretches];
    threads::for_each_rows(&mut sums, 1, nanoseconds, |first, sums| {
        for (i, sum) in (first..).zip(sums.chunks_mut(1)) {
            let begun = i % stretches * WIDTH;
            stretch_by_stretch(x, i / stretches * len + begun, 1, WIDTH.min(len - begun), sum, &f);
        }
    });
    y.iter_mut().zip(sums.chunks_exact(stretches)).for_each(|(y, sums)| *y = pairwise(sums));
}

/// Writes the sum of each run of `len` elements from `start` on, of so many runs at a time.
#[inline]
fn stretch_by_stretch<T: Scalar, const N: usize>(
    x: [&[T]; N],
    start: usize,
    runs: usize,
    len: usize,
    y: &mut [T],
    f: &impl Each<T, T, T, N, 0>,
) {
    let mut values = [T::zero(); WIDTH];
    for (i, y) in y.chunks_mut(runs).enumerate() {
        let values = &mut values[..y.len() * len];
        let start = start + i * runs * len;
        let x = x.map(|x| &x[start..][..values.len()]);
        on_widest(Row { x, more: [] as [&[T]; 0], y: values, f });
        y.iter_mut().zip(values.chunks_exact(len)).for_each(|(y, values)| *y = pairwise(values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    /// Whole numbers, whose sums are exact in any order: runs of every length about the ends of stretches, on one thread and on
    /// several.
    #[test]
    fn runs_of_every_length_are_summed() {
        for len in [0, 1, 2, 7, 16, 341, 342, 513, 1023, 1024, 1025, 2048, 5000] {
            for rows in [0, 1, 3, 200] {
                let x: Vec<f64> = (0..rows * len).map(|i| (i % 7) as f64).collect();
                let z: Vec<f64> = (0..rows * len).map(|i| (i % 5) as f64 - 2.0).collect();
                let expected: Vec<f64> =
                    (0..rows).map(|row| (row * len..(row + 1) * len).map(|i| x[i] * z[i]).sum()).collect();
                for threads in [1, 3] {
                    let mut y = vec![f64::NAN; rows];
                    with_threads(threads, || {
                        sum_of_runs([&x[..], &z[..]], len, &mut y, |[x, z]: [f64; 2], []: [f64; 0]| x * z);
                    });
                    assert_eq!(y, expected, "{rows} runs of {len} on {threads} threads");
                }
            }
        }
    }
}
