//! Functions of whole lanes: what softmax and the like do along one axis.

use crate::array::View;
use crate::scalar::Scalar;

/// Calls `f` with every lane of `x` along `axis` and the lane of `y`, which is row-major, that it writes.
/// Where the elements of a lane lie behind each other, a kernel for rows does without the copies made here.
pub(crate) fn for_each_lane<T: Scalar>(x: View<'_, T>, axis: usize, y: &mut [T], f: impl Fn(&[T], &mut [T])) {
    let dims = x.shape().dims();
    let (len, inner): (usize, usize) = (dims[axis], dims[axis + 1..].iter().product());
    if y.is_empty() {
        return;
    }
    let x = x.contiguous();
    let (mut from, mut to) = (vec![T::zero(); len], vec![T::zero(); len]);
    for (x, y) in x.chunks_exact(len * inner).zip(y.chunks_exact_mut(len * inner)) {
        for i in 0..inner {
            from.iter_mut().zip(x[i..].iter().step_by(inner)).for_each(|(to, &x)| *to = x);
            f(&from, &mut to);
            y[i..].iter_mut().step_by(inner).zip(&to).for_each(|(y, &to)| *y = to);
        }
    }
}
