//! Elements by index, as methods of tensors.

use super::{Gather, ScatterAdd};
use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Elements by index.
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
        self.selected(0, &Array::from_slice(indices)).map_err(|e| e.named("rows")).or_panic()
    }

    /// Entries along an axis, by index; the axis gives way to those of the indices.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let columns = x.index_select(1, &[2, 0].into());
    /// assert_eq!(columns.to_vec(), [3.0, 1.0, 6.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[doc(alias = "take")]
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Array<usize>) -> Self {
        self.selected(axis, indices).map_err(|e| e.named("index_select")).or_panic()
    }

    /// The same entries from every lane along an axis.
    #[track_caller]
    pub(crate) fn selected(&self, axis: isize, indices: &Array<usize>) -> Result<Self, ShapeError> {
        let at = self.shape().axis(axis)?;
        let shape: Shape = (0..self.rank()).map(|i| if i == at { indices.size() } else { 1 }).collect();
        let y = Gather { axis: at as isize, indices: indices.reshape(shape)? }.try_apply([self])?;
        let (head, tail) = self.shape().split_at(at);
        Ok(y.reshape(head.join(indices.shape().dims()).join(&tail.dims()[1..])))
    }

    /// Elements along an axis, by an index of each: `y[i][j] = x[i][indices[i][j]]` for the last axis of a matrix. Beside the axis
    /// the indices have the sizes of this tensor, or 1.
    ///
    /// ```
    /// use autograd::{Array, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let indices = Array::from_vec(vec![2, 0], [2, 1])?;
    /// assert_eq!(x.gather(1, &indices).to_vec(), [3.0, 4.0]);
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the sizes differ.
    #[track_caller]
    pub fn gather(&self, axis: isize, indices: &Array<usize>) -> Self {
        Gather { axis, indices: indices.clone() }.apply([self])
    }

    /// As [`gather`](Self::gather), but that this tensor, too, is broadcast beside the axis: NumPy's `take_along_axis`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]]);
    /// let largest = x.take_along_axis(&x.argmax(-1).reshape([2, 1])?, -1);
    /// assert_eq!(largest.to_vec(), [0.7, 0.9]);
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the sizes do not broadcast.
    #[track_caller]
    pub fn take_along_axis(&self, indices: &Array<usize>, axis: isize) -> Self {
        let named = |e: ShapeError| e.named("take_along_axis");
        let at = self.shape().axis(axis).map_err(named).or_panic();
        let has_axes = indices.shape().rank() == self.rank();
        let beside = |shape: &Shape| if has_axes { shape.with(at, 1) } else { shape.clone() };
        let joint = Shape::broadcast(&[&beside(self.shape()), &beside(indices.shape())]);
        let x = match joint {
            Ok(joint) if has_axes => self.broadcast_to(joint.with(at, self.shape()[at])),
            _ => self.clone(),
        };
        Gather { axis, indices: indices.clone() }.try_apply([&x]).map_err(named).or_panic()
    }

    /// This tensor, with each element of `source` added at its index along an axis. Beside the axis, the indices have the sizes of
    /// `source`, or 1.
    ///
    /// ```
    /// use autograd::{Array, Tensor};
    /// let counts = Tensor::<f32>::zeros([3]).scatter_add(0, &Array::from_slice(&[2, 0, 2]), &Tensor::ones([3]));
    /// assert_eq!(counts.to_vec(), [1.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the sizes differ.
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, indices: &Array<usize>, source: &Self) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("scatter_add")).or_panic();
        self + ScatterAdd { axis, indices: indices.clone(), size: self.shape()[at] }.apply([source])
    }

    /// The elements where the mask holds, in row-major order; the mask and this tensor are broadcast together.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, -2.0, 3.0]);
    /// assert_eq!(x.masked_select(&x.mask(|x| x > 0.0)).to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If they do not broadcast.
    #[track_caller]
    pub fn masked_select(&self, mask: &Array<bool>) -> Self {
        let shape =
            Shape::broadcast(&[self.shape(), mask.shape()]).map_err(|e| e.of("masked_select")).or_panic();
        let size = shape.try_size().map_err(|e| e.of("masked_select")).or_panic();
        let all = self.broadcast_to(&shape).reshape([size]);
        let mask = mask.broadcast_to(&shape).or_panic();
        let holds: Vec<usize> =
            mask.view().iter().enumerate().filter(|(_, holds)| *holds).map(|(i, _)| i).collect();
        all.rows(&holds)
    }

    /// The elements moved on by `shift` places along an axis; what leaves at one end comes back at the other.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(1, 0).to_vec(), [4.0, 1.0, 2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn roll(&self, shift: isize, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("roll")).or_panic();
        // An axis that is longer than the largest `isize` is an empty tensor's.
        let size = isize::try_from(self.shape()[at]).unwrap_or(0).max(1);
        match (-(shift % size)).rem_euclid(size) {
            0 => self.clone(),
            first => Self::concat(&[&self.slice(axis, first..), &self.slice(axis, ..first)], axis),
        }
    }
}
