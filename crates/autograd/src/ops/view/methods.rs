//! Other views of the same elements, as methods of tensors.

use super::{BroadcastTo, Permute, Reshape};
use crate::error::OrPanic;
use crate::new_shape::NewShape;
use crate::op::AnyOp;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Other views of the same elements.
impl<T: Scalar> Tensor<T> {
    /// The same elements in row-major order under another shape of the same size. One size may be `-1`, if it is a list of
    /// numbers with a sign: it follows from the others.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::<f32>::zeros([4, 3, 2]);
    /// assert_eq!((x.reshape([8, 3]).dims(), x.reshape([-1, 2]).dims()), (&[8, 3][..], &[12, 2][..]));
    /// ```
    ///
    /// # Panics
    /// If the sizes differ, or no size fits in the place of `-1`.
    #[doc(alias("view", "view_as"))]
    #[track_caller]
    pub fn reshape(&self, shape: impl NewShape) -> Self {
        let shape = shape.of(self.shape()).map_err(|e| e.of("reshape")).or_panic();
        if &shape == self.shape() {
            return self.clone();
        }
        Reshape(shape).apply_to(&[self])
    }

    /// The axes from `first` to `last`, both included, as one; `-1` is the last.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::<f32>::zeros([2, 3, 4, 5]);
    /// assert_eq!(x.flatten(1, -1).dims(), [2, 60]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, or `last` comes before `first`.
    #[doc(alias = "ravel")]
    #[track_caller]
    pub fn flatten(&self, first: isize, last: isize) -> Self {
        let axis = |i| self.shape().axis(i).map_err(|e| e.of("flatten"));
        let (from, to) = (axis(first).or_panic(), axis(last).or_panic());
        assert!(
            from <= to,
            "flatten: axis {first} comes after axis {last} in shape {}\n  help: name the outer axis first",
            self.shape()
        );
        let (head, rest) = self.shape().split_at(from);
        let (merged, tail) = rest.split_at(to + 1 - from);
        self.reshape(head.join(&[merged.size()]).join(tail.dims()))
    }

    /// A matrix whose rows are the lanes along the last axis, of which there is at least one.
    pub(crate) fn as_rows(&self) -> Self {
        let (rows, last) = self.shape().split_at(self.rank() - 1);
        self.reshape([rows.size(), last[0]])
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this tensor.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let images = Tensor::<f32>::zeros([8, 28, 20, 3]); // channels last
    /// assert_eq!(images.permute(&[0, 3, 1, 2]).dims(), [8, 3, 28, 20]);
    /// ```
    ///
    /// # Panics
    /// If `order` does not name every axis once.
    #[doc(alias = "moveaxis")]
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Self {
        Permute(order.to_vec()).apply_to(&[self])
    }

    /// Two axes exchanged; `-1` is the last.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]]]);
    /// assert_eq!((x.transpose(0, -1).dims(), x.transpose(0, -1).to_vec()), (&[2, 1, 2][..], vec![1.0, 3.0, 2.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range.
    #[doc(alias = "swapaxes")]
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Self {
        let axis = |i| self.shape().axis(i).map_err(|e| e.of("transpose"));
        let mut order: Vec<usize> = (0..self.rank()).collect();
        order.swap(axis(a).or_panic(), axis(b).or_panic());
        self.permute(&order)
    }

    /// The transpose of a matrix, or of each matrix in a batch: the last two axes exchanged.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.t().to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[doc(alias = "mT")]
    #[track_caller]
    pub fn t(&self) -> Self {
        self.transpose(-2, -1)
    }

    /// Repeats axes of size 1, and missing leading ones, to fill `shape`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).broadcast_to([2, 2]).to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the shape does not broadcast to it.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if &shape == self.shape() {
            return self.clone();
        }
        BroadcastTo(shape).apply_to(&[self])
    }

    /// Repeats axes of size 1, and missing leading ones, to sizes given from the last axis on; `-1` leaves an axis as it is.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0], [2.0]]);
    /// assert_eq!(x.expand(&[-1, 3]).to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the shape does not broadcast to these sizes, or `-1` stands where there is no axis.
    #[track_caller]
    pub fn expand(&self, sizes: &[isize]) -> Self {
        let missing = sizes.len().saturating_sub(self.rank());
        let mut target = Vec::with_capacity(sizes.len());
        for (axis, &size) in sizes.iter().enumerate() {
            target.push(match (size, axis.checked_sub(missing)) {
                (-1, Some(axis)) => self.shape()[axis],
                (0.., _) => size.unsigned_abs(),
                _ => panic!(
                    "expand: {size} is no size for axis {axis} of {sizes:?}, from shape {}\n  help: -1 leaves an axis that is there as it is",
                    self.shape()
                ),
            });
        }
        self.broadcast_to(target)
    }

    /// A new axis of size 1 before `axis`; `-1` puts it last.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!((x.unsqueeze(0).dims(), x.unsqueeze(-1).dims()), (&[1, 2][..], &[2, 1][..]));
    /// ```
    ///
    /// # Panics
    /// If `axis` is out of range.
    #[doc(alias = "expand_dims")]
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let rank = self.rank() as isize;
        let at = if axis < 0 { axis + rank + 1 } else { axis };
        assert!(
            (0..=rank).contains(&at),
            "unsqueeze: axis {axis} is out of range for shape {}\n  help: the new axis may be {} to {rank}",
            self.shape(),
            -rank - 1
        );
        let (head, tail) = self.shape().split_at(at as usize);
        self.reshape(head.join(&[1]).join(tail.dims()))
    }

    /// The axis, whose size is 1, taken away.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0], [2.0]]);
    /// assert_eq!((x.squeeze(-1).dims(), x.squeeze(-1).to_vec()), (&[2][..], vec![1.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If `axis` is out of range, or its size is not 1.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("squeeze")).or_panic();
        assert!(
            self.shape()[at] == 1,
            "squeeze: axis {axis} of shape {} is {}, not 1\n  help: `slice` takes a part of an axis, `sum_axes` or `mean_axes` reduces it",
            self.shape(),
            self.shape()[at]
        );
        let (head, tail) = self.shape().split_at(at);
        self.reshape(head.join(&tail.dims()[1..]))
    }
}
