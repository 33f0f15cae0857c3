//! The order of the elements of each lane.

use super::threads;
use crate::scalar::Scalar;
use std::cmp::Ordering;

/// About how many nanoseconds an element takes.
const NANOSECONDS: usize = 16;

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
        let mut lane: Vec<(T, usize)> = Vec::with_capacity(len);
        for (matrix, y) in (first..).zip(y.chunks_exact_mut(k * apart)) {
            let x = &x[matrix * len * apart..][..len * apart];
            for column in 0..apart {
                lane.clear();
                lane.extend((0..len).map(|i| (x[i * apart + column], i)));
                match descending {
                    false => put_first(&mut lane, k, |a, b| order(a.0, b.0).then(a.1.cmp(&b.1))),
                    true => put_first(&mut lane, k, |a, b| order(b.0, a.0).then(a.1.cmp(&b.1))),
                }
                for (i, &(_, place)) in lane[..k].iter().enumerate() {
                    y[i * apart + column] = place;
                }
            }
        }
    });
}

/// Brings the first `k` in order to the front.
fn put_first<E>(lane: &mut [E], k: usize, order: impl Fn(&E, &E) -> Ordering) {
    if k < lane.len() {
        lane.select_nth_unstable_by(k - 1, &order);
    }
    lane[..k].sort_unstable_by(&order);
}

/// The ascending order of two elements.
#[inline]
fn order<T: Scalar>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
