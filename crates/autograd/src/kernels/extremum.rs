//! The largest or the smallest element of each lane, and NaN if there is one.

use super::bands::{Bands, WIDTH};
use super::threads;
use super::widest::{Loop, on_widest};
use crate::scalar::Scalar;

/// Elements of a row that are searched at once. The smallest is the largest of what is negated.
const STRETCH: usize = 1024;
/// About how many elements are compared in a nanosecond.
const PER_NANOSECOND: usize = 8;

/// Writes the largest, or if `LEAST` the smallest, element of every lane of `x`, `n` long, whose elements lie `apart`.
///
/// # Panics
/// If `n` is 0, or `x` and `y` do not fit.
pub(crate) fn extremum<T: Scalar, const LEAST: bool>(x: &[T], n: usize, apart: usize, y: &mut [T]) {
    assert!(n > 0 && x.len() == n * y.len(), "the lanes do not fit the output");
    threads::for_each_rows(y, 1, x.len() / PER_NANOSECOND, |first, y| match apart {
        1 => on_widest(Rows::<T, LEAST> { x: &x[first * n..][..n * y.len()], n, y }),
        _ => on_widest(Columns::<T, LEAST> { x, bands: Bands { n, columns: apart, first, y } }),
    });
}

/// Of two numbers the one that is asked for. NaN stays, and comes before all.
#[inline(always)]
fn of_two<T: Scalar, const LEAST: bool>(held: T, x: T) -> T {
    let is_beyond = if LEAST { x < held } else { x > held };
    if is_beyond | x.is_nan() { x } else { held }
}

struct Rows<'a, T, const LEAST: bool> {
    x: &'a [T],
    n: usize,
    y: &'a mut [T],
}

impl<T: Scalar, const LEAST: bool> Loop for Rows<'_, T, LEAST> {
    #[inline(always)]
    fn run(self) {
        let mut negated = [T::zero(); STRETCH];
        for (row, y) in self.x.chunks_exact(self.n).zip(self.y) {
            let (mut top, mut is_nan) = (T::neg_infinity(), false);
            for x in row.chunks(STRETCH) {
                is_nan |= x.iter().fold(false, |any, x| any | x.is_nan());
                let x = if LEAST {
                    let negated = &mut negated[..x.len()];
                    negated.iter_mut().zip(x).for_each(|(negated, &x)| *negated = -x);
                    negated
                } else {
                    x
                };
                top = top.max(T::largest_of_run(x));
            }
            *y = match is_nan {
                true => T::nan(),
                false if LEAST => -top,
                false => top,
            };
        }
    }
}

/// Some columns of matrices.
struct Columns<'a, T, const LEAST: bool> {
    x: &'a [T],
    bands: Bands<'a, T>,
}

impl<T: Scalar, const LEAST: bool> Loop for Columns<'_, T, LEAST> {
    #[inline(always)]
    fn run(self) {
        let Columns { x, bands } = self;
        let n = bands.n;
        for band in bands {
            // In memory of one's own: that of a neighbour's columns may share a cache line.
            let mut room = [T::zero(); WIDTH];
            let held = &mut room[..band.y.len()];
            held.copy_from_slice(band.row(x, 0));
            // Four rows at a time, so that what is held is not written for each.
            let together = (n - 1) / 4 * 4;
            for i in (1..=together).step_by(4) {
                let rows = band
                    .row(x, i)
                    .iter()
                    .zip(band.row(x, i + 1))
                    .zip(band.row(x, i + 2))
                    .zip(band.row(x, i + 3));
                for (held, (((&a, &b), &c), &d)) in held.iter_mut().zip(rows) {
                    let (a, c) = (of_two::<T, LEAST>(a, b), of_two::<T, LEAST>(c, d));
                    *held = of_two::<T, LEAST>(*held, of_two::<T, LEAST>(a, c));
                }
            }
            for i in together + 1..n {
                for (held, &x) in held.iter_mut().zip(band.row(x, i)) {
                    *held = of_two::<T, LEAST>(*held, x);
                }
            }
            band.y.copy_from_slice(held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    /// Lanes of every kind, some with NaN or infinities, against one comparison at a time.
    #[test]
    fn every_lane_one_by_one() {
        for (n, apart) in [(1, 1), (5, 1), (64, 1), (200, 1), (1, 3), (7, 3), (40, 700), (3, 20_000)] {
            let outer = 200_000_usize.div_ceil(n * apart).min(50);
            let number = |i: usize| match i * 7919 % 1013 {
                0 => f64::NAN,
                1 => f64::INFINITY,
                2 => f64::NEG_INFINITY,
                k => k as f64 - 500.0,
            };
            let x: Vec<f64> = (0..outer * n * apart).map(number).collect();
            let lane = |i: usize| (0..n).map(move |j| (i / apart * n + j) * apart + i % apart);
            let fold = |i: usize, choose: fn(f64, f64) -> f64| {
                lane(i)
                    .map(|at| x[at])
                    .reduce(|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { choose(a, b) })
            };
            for threads in [1, 3] {
                let [mut most, mut least] = [vec![0.0; outer * apart], vec![0.0; outer * apart]];
                with_threads(threads, || {
                    extremum::<f64, false>(&x, n, apart, &mut most);
                    extremum::<f64, true>(&x, n, apart, &mut least);
                });
                for i in 0..outer * apart {
                    let same = |found: f64, expected: Option<f64>| {
                        let expected = expected.expect("a lane is not empty");
                        assert!(
                            found == expected || found.is_nan() && expected.is_nan(),
                            "{found} for {expected}"
                        );
                    };
                    same(most[i], fold(i, f64::max));
                    same(least[i], fold(i, f64::min));
                }
            }
        }
    }
}
