//! Convolution, as methods of tensors.

use super::{Convolution, Wanted, Window};
use crate::op::Op;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Convolution.
impl<T: Scalar> Tensor<T> {
    /// The convolution of sequences `[n, c, length]` with filters `[o, c / groups, size]`: `[n, o, places]`, where
    /// `places = (length + 2 padding - dilation (size - 1) - 1) / stride + 1`, rounded down.
    ///
    /// As everywhere in the field, the filters are not turned: this is a cross-correlation.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Window};
    /// let x = Tensor::from([[[1.0, 2.0, 4.0, 8.0]]]);
    /// let differences = Tensor::from([[[-1.0, 1.0]]]);
    /// assert_eq!(x.conv1d(&differences, Window::new(), 1).to_vec(), [1.0, 2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or the filters have no place.
    #[track_caller]
    pub fn conv1d(&self, filters: &Self, window: Window<1>, groups: usize) -> Self {
        Convolution { window, groups, wanted: Wanted::Output }.apply([self, filters])
    }

    /// The convolution of images `[n, c, height, width]` with filters `[o, c / groups, h, w]`: `[n, o, .., ..]`, with sizes
    /// as in [`conv1d`](Self::conv1d) along either axis. With as many groups as channels it is depthwise.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Window};
    /// let (x, filters) = (Tensor::<f32>::ones([1, 3, 8, 8]), Tensor::ones([16, 3, 3, 3]));
    /// let y = x.conv2d(&filters, Window::new().stride(2).padding(1), 1);
    /// assert_eq!(y.shape().dims(), [1, 16, 4, 4]);
    /// assert_eq!(y.to_vec()[..2], [12.0, 18.0]); // a corner, where 5 of 9 weights meet zeros, and its neighbour
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or the filters have no place.
    #[track_caller]
    pub fn conv2d(&self, filters: &Self, window: Window<2>, groups: usize) -> Self {
        Convolution { window, groups, wanted: Wanted::Output }.apply([self, filters])
    }

    /// The transposed convolution of sequences `[n, c, length]` with filters `[c, o / groups, size]`: what carries the
    /// cotangent of [`conv1d`](Self::conv1d) back to its input. The result is
    /// `(length - 1) stride - 2 padding + dilation (size - 1) + output_padding + 1` long; with a stride, several lengths have the
    /// same convolution, and `output_padding` chooses among them. It is less than the stride or the dilation, whichever is larger.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Window};
    /// let (x, w) = (Tensor::from([[[1.0, 2.0]]]), Tensor::from([[[1.0, 10.0]]]));
    /// assert_eq!(x.conv_transpose1d(&w, Window::new().stride(2), [0], 1).to_vec(), [1.0, 10.0, 2.0, 20.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or nothing is left.
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        filters: &Self,
        window: Window<1>,
        output_padding: [usize; 1],
        groups: usize,
    ) -> Self {
        Convolution { window, groups, wanted: Wanted::Output }.transposed(self, filters, output_padding)
    }

    /// The transposed convolution of images `[n, c, height, width]` with filters `[c, o / groups, h, w]`; see
    /// [`conv_transpose1d`](Self::conv_transpose1d).
    ///
    /// ```
    /// use autograd::{Tensor, ops::Window};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).reshape([1, 1, 2, 2]);
    /// let y = x.conv_transpose2d(&Tensor::ones([1, 1, 2, 2]), Window::new().stride(2), [0, 0], 1);
    /// assert_eq!(y.to_vec()[..8], [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]); // each pixel becomes four
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or nothing is left.
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        filters: &Self,
        window: Window<2>,
        output_padding: [usize; 2],
        groups: usize,
    ) -> Self {
        Convolution { window, groups, wanted: Wanted::Output }.transposed(self, filters, output_padding)
    }
}
