//! The axes of operands that are read together, as few as there can be.

use crate::layout::Layout;
use crate::shape::{Shape, Small};
use smallvec::SmallVec;

/// The axes that are left when neighbours are merged along which every operand passes evenly: some that make up the rows, and
/// the last, of columns.
pub(super) struct Walk {
    pub(super) rows: Small<usize>,
    pub(super) columns: usize,
}

impl Walk {
    /// Of operands that are read with this shape: the walk, and the strides of each.
    pub(super) fn of(
        layouts: &mut dyn Iterator<Item = &Layout>,
        shape: &Shape,
    ) -> (Walk, SmallVec<[Small<isize>; 4]>) {
        let mut strides: SmallVec<[Small<isize>; 4]> =
            layouts.map(|layout| layout.strides_in(shape)).collect();
        (Walk::merged(shape.dims(), &mut strides), strides)
    }

    /// Merges the axes of `dims`, and the strides of each operand with them.
    pub(super) fn merged(dims: &[usize], strides: &mut [Small<isize>]) -> Self {
        let mut rows: Small<usize> = Small::new();
        for (axis, &dim) in dims.iter().enumerate().filter(|(_, dim)| **dim != 1) {
            let at = rows.len();
            let evenly = |strides: &Small<isize>| strides[at - 1] == strides[axis] * dim as isize;
            match rows.last_mut() {
                Some(last) if strides.iter().all(evenly) => {
                    *last *= dim;
                    strides.iter_mut().for_each(|strides| strides[at - 1] = strides[axis]);
                }
                _ => {
                    rows.push(dim);
                    strides.iter_mut().for_each(|strides| strides[at] = strides[axis]);
                }
            }
        }
        strides.iter_mut().for_each(|strides| strides.truncate(rows.len()));
        let columns = rows.pop().unwrap_or(1);
        Walk { rows, columns }
    }

    /// The index of a row on the axes of rows.
    pub(super) fn index(&self, mut row: usize) -> Small<usize> {
        let mut index: Small<usize> = SmallVec::from_elem(0, self.rows.len());
        for (index, &dim) in index.iter_mut().zip(&self.rows).rev() {
            (*index, row) = (row % dim, row / dim);
        }
        index
    }
}
