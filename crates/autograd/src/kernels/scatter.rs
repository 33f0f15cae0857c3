//! Elements taken by index along an axis, and added back to where they came from: by index, or through the layout of a view.
//!
//! Sums run in the order of what is added, on any number of threads: several take different parts of the sums, never different
//! terms of one.

use super::threads;
use super::walk::Walk;
use crate::array::View;
use crate::layout::{Layout, Places};
use crate::scalar::{Element, Scalar};
use crate::shape::Small;
use smallvec::SmallVec;

/// About how many elements are moved in a nanosecond.
const PER_NANOSECOND: usize = 2;

/// Adds each element of `x` to the place in `y` that `layout`, of the shape of `x`, names; several may name one.
pub(crate) fn add_through<T: Scalar>(x: View<'_, T>, layout: &Layout, y: &mut [T]) {
    if x.size() == 0 {
        return;
    }
    let mut strides: [Small<isize>; 1] = [SmallVec::from_slice(layout.strides())];
    let walk = Walk::merged(layout.shape().dims(), &mut strides);
    let [mut strides] = strides;
    let step = strides.pop().unwrap_or(1);
    let places = Places::new(&walk.rows, &strides, layout.offset() as isize);
    for (x, place) in x.contiguous().chunks_exact(walk.columns).zip(places) {
        if step == 1 {
            add(x, &mut y[place..][..x.len()]);
            continue;
        }
        let mut place = place as isize;
        for &x in x {
            y[place as usize] += x;
            place += step;
        }
    }
}

/// Adds a row to another. A function of its own, so that the compiler knows them to be apart.
#[inline(never)]
fn add<T: Scalar>(x: &[T], y: &mut [T]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y += x);
}

/// Lanes along an axis, from which elements are taken by index.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<'a> {
    /// The size of the axis.
    pub(crate) len: usize,
    /// How many elements are taken from a lane.
    pub(crate) taken: usize,
    /// The elements from one index along the axis to the next.
    pub(crate) inner: usize,
    /// Which, all below `len`: the same `taken` in all lanes, or in row-major order one for each element that is taken.
    pub(crate) indices: &'a [usize],
}

impl<'a> Lanes<'a> {
    /// The indices for a block of lanes, from `first` along the axis on.
    fn of_block(&self, block: usize, first: usize) -> &'a [usize] {
        match self.are_equal() {
            true => &self.indices[first..],
            false => &self.indices[(block * self.taken + first) * self.inner..],
        }
    }

    /// Whether the same elements are taken from all lanes.
    fn are_equal(&self) -> bool {
        self.indices.len() == self.taken
    }
}

/// Writes the elements of `x` that are taken to `y`; both in row-major order.
pub(crate) fn gather<T: Element>(x: &[T], lanes: Lanes<'_>, y: &mut [T]) {
    let Lanes { len, taken, inner, .. } = lanes;
    if y.is_empty() {
        return;
    }
    let nanoseconds = y.len() / PER_NANOSECOND;
    threads::for_each_rows(y, inner, nanoseconds, |row, mut y| {
        let (mut block, mut first) = (row / taken, row % taken);
        while !y.is_empty() {
            let to;
            (to, y) = y.split_at_mut(y.len().min((taken - first) * inner));
            let x = &x[block * len * inner..][..len * inner];
            let indices = lanes.of_block(block, first);
            if inner == 1 {
                to.iter_mut().zip(indices).for_each(|(y, &i)| *y = x[i]);
            } else if lanes.are_equal() {
                for (y, &i) in to.chunks_exact_mut(inner).zip(indices) {
                    y.copy_from_slice(&x[i * inner..][..inner]);
                }
            } else {
                for (y, indices) in to.chunks_exact_mut(inner).zip(indices.chunks_exact(inner)) {
                    for (j, (y, &i)) in y.iter_mut().zip(indices).enumerate() {
                        *y = x[i * inner + j];
                    }
                }
            }
            (block, first) = (block + 1, 0);
        }
    });
}

/// Adds what [`gather`] would take from `y`, and is `x` instead, to where it would be taken from.
pub(crate) fn scatter_add<T: Scalar>(x: &[T], lanes: Lanes<'_>, y: &mut [T]) {
    let Lanes { len, taken, inner, .. } = lanes;
    if x.is_empty() {
        return;
    }
    let nanoseconds = x.len() / PER_NANOSECOND;
    threads::for_each_rows(y, len * inner, nanoseconds, |first, y| {
        for (block, y) in (first..).zip(y.chunks_exact_mut(len * inner)) {
            let x = &x[block * taken * inner..][..taken * inner];
            let indices = lanes.of_block(block, 0);
            if inner == 1 {
                x.iter().zip(indices).for_each(|(&x, &i)| y[i] += x);
            } else if lanes.are_equal() {
                for (x, &i) in x.chunks_exact(inner).zip(indices) {
                    add(x, &mut y[i * inner..][..inner]);
                }
            } else {
                for (x, indices) in x.chunks_exact(inner).zip(indices.chunks_exact(inner)) {
                    for (j, (&x, &i)) in x.iter().zip(indices).enumerate() {
                        y[i * inner + j] += x;
                    }
                }
            }
        }
    });
}
