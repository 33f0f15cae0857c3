//! The place of the largest element of each lane: the first of several, and NaN above all.

use super::bands::{Bands, WIDTH};
use super::threads;
use super::widest::{Loop, on_widest};
use crate::scalar::Scalar;

/// Elements that are searched at once.
const BLOCK: usize = 64;
/// About how many elements are compared in a nanosecond.
const PER_NANOSECOND: usize = 8;

/// Writes the place of the largest element of every lane of `x`, `n` long, whose elements lie `apart`.
///
/// # Panics
/// If `n` is 0, or `x` and `y` do not fit.
pub(crate) fn argmax<T: Scalar>(x: &[T], n: usize, apart: usize, y: &mut [usize]) {
    assert!(n > 0 && x.len() == n * y.len(), "the lanes do not fit the output");
    threads::for_each_rows(y, 1, x.len() / PER_NANOSECOND, |first, y| match apart {
        1 => on_widest(Rows { x: &x[first * n..][..n * y.len()], n, y }),
        _ => on_widest(Columns { x, bands: Bands { n, columns: apart, first, y } }),
    });
}

struct Rows<'a, T> {
    x: &'a [T],
    n: usize,
    y: &'a mut [usize],
}

impl<T: Scalar> Loop for Rows<'_, T> {
    #[inline(always)]
    fn run(self) {
        for (x, y) in self.x.chunks_exact(self.n).zip(self.y) {
            let top = T::largest_of_run(x);
            *y = match is_any(x, |x| x.is_nan()) {
                true => first(x, |x| x.is_nan()),
                false => first(x, |x| x == top),
            };
        }
    }
}

#[inline(always)]
fn is_any<T: Scalar>(x: &[T], is_it: impl Fn(T) -> bool) -> bool {
    x.iter().fold(false, |any, &x| any | is_it(x))
}

/// The place of the first element of which something is true, which there is.
#[inline(always)]
fn first<T: Scalar>(x: &[T], is_it: impl Fn(T) -> bool) -> usize {
    let block = x.chunks(BLOCK).position(|x| is_any(x, &is_it)).expect("such an element");
    let within = x[block * BLOCK..].iter().position(|&x| is_it(x)).expect("such an element");
    block * BLOCK + within
}

/// Some columns of matrices.
struct Columns<'a, T> {
    x: &'a [T],
    bands: Bands<'a, usize>,
}

impl<T: Scalar> Loop for Columns<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Columns { x, bands } = self;
        let n = bands.n;
        for band in bands {
            let mut room = [T::zero(); WIDTH];
            let tops = &mut room[..band.y.len()];
            tops.copy_from_slice(band.row(x, 0));
            band.y.fill(0);
            for i in 1..n {
                let row = band.row(x, i);
                for ((top, place), &x) in tops.iter_mut().zip(&mut *band.y).zip(row) {
                    let is_above = (x > *top) | (x.is_nan() & !top.is_nan());
                    *top = if is_above { x } else { *top };
                    *place = if is_above { i } else { *place };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    /// Lanes of every kind, with ties and with NaN here and there, against one comparison at a time.
    #[test]
    fn every_lane_one_by_one() {
        for (n, apart) in [(1, 1), (7, 1), (70, 1), (1500, 1), (1, 3), (7, 3), (70, 600), (1500, 40)] {
            for nan_every in [usize::MAX, 997, 5] {
                let lanes = 3 * apart;
                let number =
                    |i: usize| if i % nan_every == 1 { f32::NAN } else { (i * 7919 % 103) as f32 - 51.0 };
                let x: Vec<f32> = (0..n * lanes).map(number).collect();
                let lane = |i: usize| x[i / apart * n * apart + i % apart..].iter().step_by(apart).take(n);
                let expected: Vec<usize> = (0..lanes)
                    .map(|i| {
                        let top = lane(i).copied().fold(f32::MIN, f32::max);
                        let nan = lane(i).position(|x| x.is_nan());
                        nan.unwrap_or_else(|| lane(i).position(|&x| x == top).unwrap())
                    })
                    .collect();
                for count in [1, 3] {
                    let mut y = vec![usize::MAX; lanes];
                    with_threads(count, || argmax(&x, n, apart, &mut y));
                    assert_eq!(y, expected, "{n} x {apart}, {count} threads, NaN every {nan_every}");
                }
            }
        }
    }

    #[test]
    fn nothing_but_minus_infinity_has_a_first() {
        let mut y = [9];
        argmax(&[f64::NEG_INFINITY; 20], 20, 1, &mut y);
        assert_eq!(y, [0]);
    }
}
