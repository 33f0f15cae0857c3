//! Matrices to read: any layout of two axes.

use crate::array::View;
use crate::scalar::Scalar;
use std::ops::Range;

/// A matrix to read: elements, and the strides between rows and between columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub(super) data: &'a [T],
    pub(super) offset: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: isize,
    pub(super) column_stride: isize,
}

impl<'a, T: Scalar> Matrix<'a, T> {
    /// A tensor of two axes as a matrix.
    #[inline]
    pub(crate) fn new(view: View<'a, T>) -> Self {
        Self::last_two(view, view.layout().offset())
    }

    /// The last two axes of a tensor as a matrix that begins at `offset`.
    #[inline]
    pub(crate) fn last_two(view: View<'a, T>, offset: usize) -> Self {
        let (dims, strides) = (view.shape().dims(), view.layout().strides());
        let (m, n) = (dims.len() - 2, dims.len() - 1);
        Matrix {
            data: view.data(),
            offset,
            rows: dims[m],
            columns: dims[n],
            row_stride: strides[m],
            column_stride: strides[n],
        }
    }

    /// A row-major matrix.
    #[inline]
    pub(crate) fn row_major(data: &'a [T], rows: usize, columns: usize) -> Self {
        Matrix { data, offset: 0, rows, columns, row_stride: columns as isize, column_stride: 1 }
    }

    /// Some of the columns.
    #[inline]
    pub(crate) fn columns(self, range: Range<usize>) -> Self {
        let offset = self.offset.wrapping_add_signed(range.start as isize * self.column_stride);
        Matrix { offset, columns: range.len(), ..self }
    }

    /// Rows and columns exchanged.
    #[inline]
    pub(crate) fn t(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Whether every element lies in `data`.
    pub(super) fn is_inside(&self) -> bool {
        if self.rows == 0 || self.columns == 0 {
            return true;
        }
        let reach = |n: usize, stride: isize| (n as isize - 1) * stride;
        let (down, right) = (reach(self.rows, self.row_stride), reach(self.columns, self.column_stride));
        let first = self.offset as isize + down.min(0) + right.min(0);
        let last = self.offset as isize + down.max(0) + right.max(0);
        first >= 0 && (last as usize) < self.data.len()
    }
}
