//! How a filter moves over an image.

use crate::buffer::LARGEST;

/// How a filter moves over an image, along each of its `D` axes.
///
/// ```
/// use autograd::ops::Window;
/// let window = Window::new().stride(2).padding(1);
/// assert_eq!((window.stride, window.padding, window.dilation), ([2, 2], [1, 1], [1, 1]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window<const D: usize = 2> {
    /// From a place of the filter to the next, in pixels.
    pub stride: [usize; D],
    /// Zeros on either side of the image.
    pub padding: [usize; D],
    /// From a weight of the filter to the next, in pixels.
    pub dilation: [usize; D],
}

impl<const D: usize> Default for Window<D> {
    fn default() -> Self {
        Window { stride: [1; D], padding: [0; D], dilation: [1; D] }
    }
}

impl<const D: usize> Window<D> {
    /// Stride 1, no padding, dilation 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// This stride along every axis.
    pub fn stride(self, stride: usize) -> Self {
        Window { stride: [stride; D], ..self }
    }

    /// This padding along every axis.
    pub fn padding(self, padding: usize) -> Self {
        Window { padding: [padding; D], ..self }
    }

    /// This dilation along every axis.
    pub fn dilation(self, dilation: usize) -> Self {
        Window { dilation: [dilation; D], ..self }
    }

    /// Whether an image of so many channels and this size could be a tensor with its padding.
    pub(super) fn is_within_memory(&self, channels: usize, image: [usize; D]) -> bool {
        let padded = (0..D).try_fold(channels, |numbers, i| {
            numbers.checked_mul(self.padding[i].checked_mul(2)?.checked_add(image[i])?)
        });
        padded.is_some_and(|numbers| numbers <= LARGEST / size_of::<f64>())
    }

    /// How many places a filter of size `kernel` has along `axis` in an image of size `image`; `None` if it has none.
    pub(crate) fn places(&self, axis: usize, image: usize, kernel: usize) -> Option<usize> {
        let padded = self.padding[axis].checked_mul(2)?.checked_add(image)?;
        let reach = kernel.checked_sub(1)?.checked_mul(self.dilation[axis])?.checked_add(1)?;
        Some(padded.checked_sub(reach)? / self.stride[axis] + 1)
    }
}
