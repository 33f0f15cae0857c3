//! Rows by index, and their adjoint.
//!
//! `rows` gathers `y[i] = x[indices[i]]`; carried back, each row of the cotangent is added where its row came from,
//! twice if it was taken twice. Either is the other's gradient.

use crate::array::{Array, View};
use crate::error::ShapeError;
use crate::graph::Call;
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Entries along axis 0, by index: a row of a table for each index.
#[derive(Debug)]
pub struct Rows {
    /// Which entries, in which order.
    pub indices: Array<usize>,
}

impl<T: Scalar> Op<T, 1> for Rows {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let Some((&size, row)) = x.dims().split_first() else {
            return Err(ShapeError::new("a scalar has no rows").operand("input", x, ""));
        };
        if let Some((place, index)) = self.indices.view().iter().enumerate().find(|(_, index)| *index >= size)
        {
            return Err(ShapeError::new(format!("index {index}, at place {place}, is out of range"))
                .operand("input", x, format!("axis 0 is {size}")));
        }
        Ok(self.indices.shape().clone().join(row))
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        let row = x.shape().dims()[1..].iter().product();
        if row == 0 {
            return;
        }
        let x = x.contiguous();
        for (y, index) in y.chunks_exact_mut(row).zip(self.indices.view().iter()) {
            y.copy_from_slice(&x[index * row..][..row]);
        }
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        ScatterRows { indices: self.indices.clone(), rows: call.shape(0)[0] }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// The adjoint of [`Rows`]: zeros, to which each entry of the input is added at its index.
#[derive(Debug)]
pub struct ScatterRows {
    /// Where each entry goes.
    pub indices: Array<usize>,
    /// The size of axis 0 of the result.
    pub rows: usize,
}

impl<T: Scalar> Op<T, 1> for ScatterRows {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let lead = self.indices.shape();
        if x.rank() < lead.rank() || x.split_at(lead.rank()).0 != *lead {
            return Err(ShapeError::new("expected one entry for each index")
                .operand("indices", lead, "")
                .operand("input", x, ""));
        }
        if let Some(index) = self.indices.view().iter().find(|index| *index >= self.rows) {
            return Err(ShapeError::new(format!("index {index} is out of range for {} rows", self.rows)));
        }
        Ok(Shape::from([self.rows]).join(&x.dims()[lead.rank()..]))
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        y.fill(T::zero());
        let row = x.shape().dims()[self.indices.shape().rank()..].iter().product();
        if row == 0 {
            return;
        }
        for (x, index) in x.contiguous().chunks_exact(row).zip(self.indices.view().iter()) {
            y[index * row..][..row].iter_mut().zip(x).for_each(|(y, &x)| *y += x);
        }
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        Rows { indices: self.indices.clone() }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Rows by index.
impl<T: Scalar> Tensor<T> {
    /// Entries along axis 0, by index: `[n, ..]` to `[indices.len(), ..]`. How an embedding looks up its table.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let table = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
    /// let rows = table.rows(&[1, 1, 0]);
    /// assert_eq!(rows.to_vec(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
    /// assert_eq!(rows.sum().backward()[&table].to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If an index is out of range, or this is a scalar.
    #[track_caller]
    pub fn rows(&self, indices: &[usize]) -> Self {
        Rows { indices: Array::from_slice(indices) }.apply([self])
    }
}
