//! Functions of whole lanes: what softmax and the like do along one axis.

use super::threads;
use crate::array::View;
use crate::scalar::Scalar;

/// Calls `f` with every lane of `x` along `axis` and the lane of `y`, which is row-major, that it writes.
pub(crate) fn for_each_lane<T: Scalar>(
    x: View<'_, T>,
    axis: usize,
    y: &mut [T],
    f: impl Fn(&[T], &mut [T]) + Sync,
) {
    let dims = x.shape().dims();
    let (len, inner): (usize, usize) = (dims[axis], dims[axis + 1..].iter().product());
    if y.is_empty() {
        return;
    }
    let x = x.contiguous();
    if inner == 1 {
        return for_each_row(&x, len, y, f);
    }
    let (mut from, mut to) = (vec![T::zero(); len], vec![T::zero(); len]);
    for (x, y) in x.chunks_exact(len * inner).zip(y.chunks_exact_mut(len * inner)) {
        for i in 0..inner {
            from.iter_mut().zip(x[i..].iter().step_by(inner)).for_each(|(to, &x)| *to = x);
            f(&from, &mut to);
            y[i..].iter_mut().step_by(inner).zip(&to).for_each(|(y, &to)| *y = to);
        }
    }
}

/// Calls `f` with every row, `len` long, of `x` and of `y`, on several threads where that pays.
pub(crate) fn for_each_row<T: Scalar>(x: &[T], len: usize, y: &mut [T], f: impl Fn(&[T], &mut [T]) + Sync) {
    // About a nanosecond an element: some passes over each lane.
    let nanoseconds = y.len();
    let stretch = (y.len() / len).div_ceil(threads::parts(nanoseconds)).max(1) * len;
    threads::for_each_chunk(y, stretch, nanoseconds, |i, y| {
        let x = &x[i * stretch..][..y.len()];
        x.chunks_exact(len).zip(y.chunks_exact_mut(len)).for_each(|(x, y)| f(x, y));
    });
}
