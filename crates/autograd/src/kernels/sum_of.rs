//! Sums of a function of the elements, whose values are in registers alone.
//!
//! Each run is cut into stretches, in which the terms are added on lanes, side by side, few on each; the lanes are folded by halves,
//! and the stretches' sums are added pairwise. So the rounding error grows with the logarithm of the number of terms.

use super::map::Each;
use super::pairwise::{WIDTH, pairwise};
use super::threads;
use super::widest::{Loop, on_widest};
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
    let nanoseconds = y.len() * len / PER_NANOSECOND;
    let f = &f;
    if len <= WIDTH {
        return threads::for_each_rows(y, 1, nanoseconds, |first, y| {
            on_widest(Runs { x: x.map(|x| &x[first * len..][..y.len() * len]), len, y, f });
        });
    }
    // The stretches of a run are summed on any thread.
    let stretches = len.div_ceil(WIDTH);
    let mut sums = vec![T::zero(); y.len() * stretches];
    threads::for_each_rows(&mut sums, 1, nanoseconds, |first, sums| {
        for (i, y) in (first..).zip(sums.chunks_mut(1)) {
            let begun = i % stretches * WIDTH;
            let stretch = WIDTH.min(len - begun);
            let start = i / stretches * len + begun;
            on_widest(Runs { x: x.map(|x| &x[start..][..stretch]), len: stretch, y, f });
        }
    });
    y.iter_mut().zip(sums.chunks_exact(stretches)).for_each(|(y, sums)| *y = pairwise(sums));
}

/// The sums of short runs that lie behind each other.
struct Runs<'a, T, F, const N: usize> {
    x: [&'a [T]; N],
    len: usize,
    y: &'a mut [T],
    f: &'a F,
}

impl<T: Scalar, F: Each<T, T, T, N, 0>, const N: usize> Loop for Runs<'_, T, F, N> {
    #[inline(always)]
    fn run(self) {
        if self.len < 128 { self.on_lanes::<8>() } else { self.on_lanes::<64>() }
    }
}

impl<T: Scalar, F: Each<T, T, T, N, 0>, const N: usize> Runs<'_, T, F, N> {
    #[inline(always)]
    fn on_lanes<const LANES: usize>(self) {
        let Runs { x, len, y, f } = self;
        let whole = len / LANES * LANES;
        for (i, y) in y.iter_mut().enumerate() {
            let x = x.map(|x| &x[i * len..][..len]);
            let mut sums = [T::zero(); LANES];
            for start in (0..whole).step_by(LANES) {
                let x = x.map(|x| x[start..].first_chunk::<LANES>().expect("a whole chunk"));
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum += f.at(x.map(|x| x[j]), []);
                }
            }
            for (j, sum) in (whole..len).zip(&mut sums) {
                *sum += f.at(x.map(|x| x[j]), []);
            }
            let mut half = LANES / 2;
            while half > 0 {
                let (left, right) = sums.split_at_mut(half);
                left.iter_mut().zip(right).for_each(|(left, right)| *left += *right);
                half /= 2;
            }
            *y = sums[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    /// Whole numbers, whose sums are exact in any order: runs of every length about the ends of lanes and stretches, on one thread and on
    /// several.
    #[test]
    fn runs_of_every_length_are_summed() {
        for len in [0, 1, 2, 7, 8, 9, 127, 128, 129, 200, 1023, 1024, 1025, 2048, 5000] {
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
