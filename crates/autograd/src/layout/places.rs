//! Walking through a buffer: the places that a layout names, one after another.

use crate::shape::Small;
use smallvec::SmallVec;

/// Walks the places of a layout in row-major order.
///
/// ```
/// use autograd::{Layout, Places};
/// let columns = Layout::contiguous([2, 3].into()).permute(&[1, 0])?;
/// let mut places: Places = columns.places();
/// assert_eq!((places.len(), places.next(), places.next()), (6, Some(0), Some(3)));
/// # Ok::<(), autograd::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Places {
    /// What is left of the row along the last axis, the next place, and the step to the one after it.
    in_row: usize,
    place: isize,
    step: isize,
    /// The length of a row, and the rows after this one.
    row: usize,
    rows: usize,
    /// The axes before the last, the row's index, and where it begins.
    dims: Small<usize>,
    strides: Small<isize>,
    index: Small<usize>,
    start: isize,
}

impl Places {
    /// Walks `dims` by `strides` from `start`.
    #[inline]
    pub(crate) fn new(dims: &[usize], strides: &[isize], start: isize) -> Self {
        let (&row, dims) = dims.split_last().unwrap_or((&1, &[]));
        let (&step, strides) = strides.split_last().unwrap_or((&0, &[]));
        let rows: usize = dims.iter().product();
        Places {
            in_row: if rows == 0 { 0 } else { row },
            place: start,
            step,
            row,
            rows: if row == 0 { 0 } else { rows.saturating_sub(1) },
            dims: SmallVec::from_slice(dims),
            strides: SmallVec::from_slice(strides),
            index: SmallVec::from_elem(0, dims.len()),
            start,
        }
    }

    /// Goes on to the next row, if there is one.
    fn next_row(&mut self) -> Option<()> {
        self.rows = self.rows.checked_sub(1)?;
        for axis in (0..self.dims.len()).rev() {
            self.index[axis] += 1;
            self.start += self.strides[axis];
            if self.index[axis] < self.dims[axis] {
                break;
            }
            self.start -= self.strides[axis] * self.dims[axis] as isize;
            self.index[axis] = 0;
        }
        (self.place, self.in_row) = (self.start, self.row);
        Some(())
    }
}

impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.in_row == 0 {
            self.next_row()?;
        }
        let place = self.place;
        self.in_row -= 1;
        self.place += self.step;
        Some(place as usize)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rows * self.row + self.in_row;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Places {}
