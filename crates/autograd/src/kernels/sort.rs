//! The order of the elements of each lane.
//!
//! What is sorted are whole numbers whose order is that of the elements, and which hold the place of each: processors compare and move
//! them without a jump.

use super::threads;
use crate::scalar::Scalar;

/// About how many nanoseconds an element takes.
const NANOSECONDS: usize = 8;
/// An `f32` as an `f64` ends with so many zeros, which hold a place.
const FREE: u32 = f64::MANTISSA_DIGITS - f32::MANTISSA_DIGITS;

/// Writes for every lane of `x`, `len` long, whose elements lie `apart`, the places of the first `k` in order, in the same way.
/// Equal ones keep their order; NaN counts as the largest. `k` and the lanes must not be empty.
pub(crate) fn first_in_order<T: Scalar>(
    x: &[T],
    (len, apart): (usize, usize),
    k: usize,
    descending: bool,
    y: &mut [usize],
) {
    threads::for_each_rows(y, k * apart, x.len() * NANOSECONDS, |first, y| {
        let lanes = Lanes { x: &x[first * len * apart..], len, apart, k, y };
        if size_of::<T>() == size_of::<f32>() && len < 1 << FREE {
            let place = |key: u64| (key & ((1 << FREE) - 1)) as usize;
            lanes.sort(|x, i| (key(x, descending) >> FREE << FREE) | i as u64, place);
        } else {
            lanes.sort(|x, i| (key(x, descending), i), |(_, place)| place);
        }
    });
}

struct Lanes<'a, T> {
    x: &'a [T],
    len: usize,
    apart: usize,
    k: usize,
    y: &'a mut [usize],
}

impl<T: Scalar> Lanes<'_, T> {
    /// Sorts by what `packed` makes of an element and its place, which `place` takes out again.
    fn sort<E: Ord + Copy>(self, packed: impl Fn(T, usize) -> E, place: impl Fn(E) -> usize) {
        let Lanes { x, len, apart, k, y } = self;
        let mut lane = Vec::with_capacity(len);
        for (x, y) in x.chunks_exact(len * apart).zip(y.chunks_exact_mut(k * apart)) {
            for column in 0..apart {
                lane.clear();
                lane.extend((0..len).map(|i| packed(x[i * apart + column], i)));
                if k < len {
                    lane.select_nth_unstable(k - 1);
                }
                lane[..k].sort_unstable();
                for (i, &first) in lane[..k].iter().enumerate() {
                    y[i * apart + column] = place(first);
                }
            }
        }
    }
}

/// A number whose order is that of `x`: of the bits of an `f64`, those behind the sign grow with its magnitude. Zeros are equal, and NaN
/// is the largest.
#[inline]
fn key<T: Scalar>(x: T, descending: bool) -> u64 {
    let x: f64 = x.into();
    let bits = (x + 0.0).to_bits(); // -0 becomes 0
    let ascending = match bits >> 63 {
        _ if x.is_nan() => u64::MAX,
        0 => bits | 1 << 63,
        _ => !bits,
    };
    if descending { !ascending } else { ascending }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<T: Scalar>(x: &[T], k: usize, descending: bool) -> Vec<usize> {
        let mut y = vec![usize::MAX; k];
        first_in_order(x, (x.len(), 1), k, descending, &mut y);
        y
    }

    fn check<T: Scalar>(least: f64, greatest: f64) {
        let inf = f64::INFINITY;
        let x = [0.5, inf, -least, f64::NAN, -0.0, least, -inf, 0.0, greatest, -f64::NAN, -greatest, 0.5];
        let x = x.map(T::of);
        assert_eq!(sorted(&x, 12, false), [6, 10, 2, 4, 7, 5, 0, 11, 8, 1, 3, 9]);
        assert_eq!(sorted(&x, 12, true), [3, 9, 1, 8, 0, 11, 5, 4, 7, 2, 10, 6]);
        for k in 1..12 {
            assert_eq!(sorted(&x, k, true), sorted(&x, 12, true)[..k], "the first {k}");
        }
    }

    /// The singular numbers in order, equal ones by place; neighbours are told apart.
    #[test]
    fn zeros_are_equal_and_nan_is_the_largest() {
        check::<f32>(f64::from(f32::from_bits(1)), f64::from(f32::MAX));
        check::<f64>(f64::from_bits(1), f64::MAX);
        let near = [1.0 + f32::EPSILON, 1.0, 1.0 - f32::EPSILON / 2.0, -1.0, -1.0 - f32::EPSILON];
        assert_eq!(sorted(&near, 5, false), [4, 3, 2, 1, 0]);
        let near = near.map(|x| 1.0 + f64::from(x - 1.0) * f64::EPSILON / f64::from(f32::EPSILON));
        assert_eq!(sorted(&near[..3], 3, false), [2, 1, 0]);
    }
}
