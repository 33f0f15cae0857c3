//! Pooling: one number for each window of an image.

use super::{Sizes, blame};
use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use autograd::ops::Pool;
use autograd::{Scalar, Tensor};

/// Panics unless `x` is a batch of images of several channels, or one of these.
#[track_caller]
fn must_be_images<T: Scalar>(layer: &str, x: &Tensor<T>) {
    if !(3..=4).contains(&x.rank()) {
        blame::fail(&format!(
            "{layer}: found an input of shape {}, expected [batch, channels, height, width], or [channels, height, width]\n  help: \
             `Unflatten::new(&[channels, height, width])` before it makes images of rows",
            x.shape()
        ))
    }
}

/// The largest number of each window, channel by channel: `[n, c, height, width]` to `[n, c, rows, columns]`.
///
/// ```
/// use nn::{Layer, MaxPool2d, Tensor};
/// let x = Tensor::<f32>::arange(16).reshape([1, 1, 4, 4]); // rows 0 to 3, 4 to 7, and so on
/// assert_eq!(MaxPool2d::new(2).predict(&x).to_vec(), [5.0, 7.0, 13.0, 15.0]);
/// assert_eq!(MaxPool2d::new(2).stride(1).predict(&x).dims(), [1, 1, 3, 3]);
/// assert_eq!(MaxPool2d::new(2).padding(1).predict(&x).to_vec(), [0.0, 2.0, 3.0, 8.0, 10.0, 11.0, 12.0, 14.0, 15.0]);
/// assert_eq!(MaxPool2d::new(2).dilation(3).predict(&x).to_vec(), [15.0]); // of the four corners
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct MaxPool2d(
    /// The windows.
    #[module(skip)]
    pub Pool<2>,
);

impl MaxPool2d {
    /// Windows of this size, as `2` or `[2, 3]`, side by side; or any [`Pool`].
    pub fn new(windows: impl Into<Pool<2>>) -> Self {
        MaxPool2d(windows.into())
    }

    /// From a window to the next, in pixels, along both axes or each: the size of a window if not said.
    pub fn stride(mut self, stride: impl Into<Sizes<2>>) -> Self {
        self.0.stride = stride.into().0;
        self
    }

    /// What is put on either side of the image, along both axes or each: 0 if not said.
    pub fn padding(mut self, padding: impl Into<Sizes<2>>) -> Self {
        self.0.padding = padding.into().0;
        self
    }

    /// From a place of a window to the next, in pixels, along both axes or each: 1 if not said.
    pub fn dilation(mut self, dilation: impl Into<Sizes<2>>) -> Self {
        self.0.dilation = dilation.into().0;
        self
    }
}

impl<T: Scalar> Layer<T> for MaxPool2d {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        must_be_images("MaxPool2d", x);
        x.max_pool2d(self.0)
    }
}

/// The mean of each window, channel by channel: `[n, c, height, width]` to `[n, c, rows, columns]`.
///
/// ```
/// use nn::{AvgPool2d, Layer, Tensor};
/// let x = Tensor::from([[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
/// assert_eq!(AvgPool2d::new(2).predict(&x).to_vec(), [3.0]);
/// assert_eq!(AvgPool2d::new(2).stride(1).predict(&x).to_vec(), [3.0, 4.0]);
/// assert_eq!(AvgPool2d::new(2).padding([1, 0]).predict(&x).to_vec(), [0.75, 2.25]); // zeros above and below
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module)]
pub struct AvgPool2d(
    /// The windows.
    #[module(skip)]
    pub Pool<2>,
);

impl AvgPool2d {
    /// Windows of this size, as `2` or `[2, 3]`, side by side; or any [`Pool`].
    pub fn new(windows: impl Into<Pool<2>>) -> Self {
        AvgPool2d(windows.into())
    }

    /// From a window to the next, in pixels, along both axes or each: the size of a window if not said.
    pub fn stride(mut self, stride: impl Into<Sizes<2>>) -> Self {
        self.0.stride = stride.into().0;
        self
    }

    /// What is put on either side of the image, along both axes or each: 0 if not said.
    pub fn padding(mut self, padding: impl Into<Sizes<2>>) -> Self {
        self.0.padding = padding.into().0;
        self
    }
}

impl<T: Scalar> Layer<T> for AvgPool2d {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        must_be_images("AvgPool2d", x);
        x.avg_pool2d(self.0)
    }
}

/// Means over so many windows that the result has this size, whatever that of the image: `[n, c, height, width]` to
/// `[n, c, rows, columns]`. With `[1, 1]`, the mean of each channel.
///
/// ```
/// use nn::{AdaptiveAvgPool2d, Layer, Tensor};
/// let pool = AdaptiveAvgPool2d([1, 1]);
/// assert_eq!(pool.predict(&Tensor::<f32>::zeros([8, 16, 7, 9])).dims(), [8, 16, 1, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module)]
pub struct AdaptiveAvgPool2d(
    /// Rows and columns of the result.
    #[module(skip)]
    pub [usize; 2],
);

impl<T: Scalar> Layer<T> for AdaptiveAvgPool2d {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        must_be_images("AdaptiveAvgPool2d", x);
        x.adaptive_avg_pool2d(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;

    #[test]
    fn rows_are_no_images() {
        let rows = Tensor::<f32>::zeros([359, 64]);
        let messages = [
            ("MaxPool2d", panic_of(|| MaxPool2d::new(2).predict(&rows))),
            ("AvgPool2d", panic_of(|| AvgPool2d::new(2).predict(&rows))),
            ("AdaptiveAvgPool2d", panic_of(|| AdaptiveAvgPool2d([1, 1]).predict(&rows))),
        ];
        for (layer, message) in messages {
            assert!(message.starts_with(layer) && message.contains("[359, 64]"), "{message}");
            assert!(message.contains("expected [batch, channels, height, width]"), "{message}");
        }
        assert_eq!(MaxPool2d::new(2).predict(&Tensor::<f32>::zeros([3, 4, 6])).dims(), [3, 2, 3]);
    }

    #[test]
    fn sizes_are_a_number_or_two() {
        let said = MaxPool2d::new([3, 3]).stride(2).padding([1, 1]).dilation(1);
        assert_eq!(said, MaxPool2d::new(Pool::new([3, 3]).stride(2).padding(1)));
        assert_eq!(MaxPool2d::new(3), MaxPool2d::new([3, 3]));
        assert_eq!(AvgPool2d::new(3).stride([2, 1]).padding(1).0.stride, [2, 1]);
        assert_eq!(AvgPool2d::new(3).padding(1), AvgPool2d::new(Pool::new([3, 3]).padding(1)));
    }
}
