//! Convolutions: the same small filter at every place of an image.

use super::sizes::Sizes;
use crate::Module;
use crate::init::Init;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::param::Param;
use autograd::ops::{Convolution, Wanted, Window};
use autograd::{Op, Rng, Scalar, Tensor};

/// A convolution over one axis: `[n, inputs, length]` to `[n, outputs, places]`.
///
/// ```
/// use nn::{Conv1d, Layer, Rng, Tensor};
/// let mut conv = Conv1d::new(1, 1, 2, &mut Rng::seed(0)).without_bias();
/// conv.weight.update(|w| w.copy_from_slice(&[-1.0, 1.0])); // the difference of neighbours
/// assert_eq!(conv.predict(&Tensor::from([[[1.0, 4.0, 9.0, 16.0]]])).to_vec(), [3.0, 5.0, 7.0]);
/// ```
pub type Conv1d<T = f32> = Conv<1, T>;

/// A convolution over images: `[n, inputs, height, width]` to `[n, outputs, rows, columns]`.
///
/// ```
/// use nn::{Conv2d, Layer, Rng, Tensor};
/// let mut conv = Conv2d::new(1, 1, 2, &mut Rng::seed(0)).without_bias();
/// conv.weight.update(|w| w.fill(1.0)); // the sum of four pixels
/// let image = Tensor::from([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]).unsqueeze(0);
/// assert_eq!(conv.predict(&image).to_vec(), [12.0, 16.0]);
/// ```
pub type Conv2d<T = f32> = Conv<2, T>;

/// The transpose of a convolution over one axis.
///
/// ```
/// use nn::{ConvTranspose1d, Layer, Rng, Tensor};
/// let mut up = ConvTranspose1d::new(1, 1, 2, &mut Rng::seed(0)).stride(2).without_bias();
/// up.weight.update(|w| w.copy_from_slice(&[1.0, 0.5])); // each number, and a half of it behind it
/// assert_eq!(up.predict(&Tensor::from([[[2.0, 6.0]]])).to_vec(), [2.0, 1.0, 6.0, 3.0]);
/// ```
pub type ConvTranspose1d<T = f32> = ConvTranspose<1, T>;

/// The transpose of a convolution over images, which makes them larger.
///
/// ```
/// use nn::{ConvTranspose2d, Layer, Rng, Tensor};
/// let mut up = ConvTranspose2d::new(1, 1, 2, &mut Rng::seed(0)).stride(2).without_bias();
/// up.weight.update(|w| w.fill(1.0)); // each pixel becomes four
/// let image = Tensor::from([[[1.0, 2.0]]]).unsqueeze(0);
/// assert_eq!(up.predict(&image).to_vec(), [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]);
/// ```
pub type ConvTranspose2d<T = f32> = ConvTranspose<2, T>;

/// A convolution over `D` axes: [`Conv1d`], [`Conv2d`].
///
/// Along each axis an image of size `i` has `(i + 2 padding - dilation (kernel - 1) - 1) / stride + 1` places, rounded down.
///
/// ```
/// use nn::{Conv2d, Layer, Rng, Tensor, Window};
/// let (mut rng, x) = (Rng::seed(0), Tensor::<f32>::zeros([8, 4, 28, 28]));
/// let half = Conv2d::new(4, 16, 3, &mut rng).stride(2).padding(1);
/// assert_eq!(half.predict(&x).dims(), [8, 16, 14, 14]);
/// // Nine weights spread over 5 × 5 pixels, as before a normalisation.
/// let wide = Conv2d::new(4, 16, 3, &mut rng).dilation(2).padding(2).without_bias();
/// assert_eq!((wide.predict(&x).dims(), wide.bias.is_none()), (&[8, 16, 28, 28][..], true));
/// // A filter of its own for each channel, which moves by two pixels.
/// let depthwise = Conv2d::grouped(4, 4, [2, 4], 4, &mut rng).window(Window::new().stride(2));
/// assert_eq!((depthwise.weight.dims(), depthwise.predict(&x).dims()), (&[4, 1, 2, 4][..], &[8, 4, 14, 13][..]));
/// ```
///
/// The kernel and the rest are [`Sizes`]: one number for all axes, or an array.
#[derive(Clone, Debug, Module)]
pub struct Conv<const D: usize, T: Scalar = f32> {
    /// The filters, of shape `[outputs, inputs / groups, ..kernel]`.
    pub weight: Param<T>,
    /// The bias, of shape `[outputs]`, if there is one.
    pub bias: Option<Param<T>>,
    /// How the filters move.
    #[module(skip)]
    pub window: Window<D>,
    /// Inputs and outputs are divided into this many groups, which do not see each other.
    pub groups: usize,
}

/// Filters of this shape, and a bias, uniform within `1 / √n` of the `n` numbers that a filter looks at, as in PyTorch.
fn filters<const D: usize, T: Scalar>(
    [first, second]: [usize; 2],
    kernel: [usize; D],
    outputs: usize,
    rng: &mut Rng,
) -> (Param<T>, Option<Param<T>>) {
    let seen = second * kernel.iter().product::<usize>();
    let init = Init::Uniform(1.0 / (seen.max(1) as f64).sqrt());
    let shape = [&[first, second], &kernel[..]].concat();
    (Param::new(init.sample(shape, rng)), Some(Param::new(init.sample([outputs], rng))))
}

/// The channels of each group.
#[track_caller]
fn per_group(layer: &str, name: &str, channels: usize, groups: usize) -> usize {
    assert!(
        groups > 0 && channels.is_multiple_of(groups),
        "{layer}: {channels} {name} do not fall into {groups} equal groups\n  help: the number of groups must divide those of inputs and outputs"
    );
    channels / groups
}

/// Panics unless `x` is a batch of so many channels over `axes` axes.
#[track_caller]
fn must_fit<T: Scalar>(layer: &str, weight: &Param<T>, x: &Tensor<T>, channels: usize, axes: usize) {
    let fits = x.rank() == axes + 2 && x.dims()[1] == channels;
    weight.must_fit(fits, layer, x.shape(), &|| {
        let axes =
            ["length", "height, width", "depth, height, width"].get(axes.wrapping_sub(1)).unwrap_or(&"..");
        let help = match x.rank() == 1 + axes.split(',').count() && x.dims().first() == Some(&channels) {
            true => "`x.unsqueeze(0)` makes a batch of one",
            false => "axis 1 must have as many channels as the layer has inputs",
        };
        format!("[batch, {channels}, {axes}]\n  help: {help}")
    });
}

/// Adds a number to each channel.
fn plus_bias<T: Scalar>(y: Tensor<T>, bias: Option<&Param<T>>) -> Tensor<T> {
    let Some(bias) = bias else { return y };
    let mut shape = vec![1; y.rank() - 1];
    shape[0] = bias.size();
    y + bias.reshape(shape)
}

impl<const D: usize, T: Scalar> Conv<D, T> {
    /// A kernel of this size, as `3` or `[3, 5]`; stride 1, no padding, one group; filters and bias uniform within `1 / √(inputs · kernel)`, as in PyTorch.
    pub fn new(inputs: usize, outputs: usize, kernel: impl Into<Sizes<D>>, rng: &mut Rng) -> Self {
        Self::grouped(inputs, outputs, kernel, 1, rng)
    }

    /// In groups: with as many as there are inputs, each channel has filters of its own ("depthwise").
    ///
    /// # Panics
    /// If the groups do not divide inputs and outputs.
    #[track_caller]
    pub fn grouped(
        inputs: usize,
        outputs: usize,
        kernel: impl Into<Sizes<D>>,
        groups: usize,
        rng: &mut Rng,
    ) -> Self {
        per_group("Conv", "outputs", outputs, groups);
        let inputs = per_group("Conv", "inputs", inputs, groups);
        let (weight, bias) = filters([outputs, inputs], kernel.into().0, outputs, rng);
        Conv { weight, bias, window: Window::new(), groups }
    }

    /// How the filters move: stride, padding and dilation at once.
    pub fn window(self, window: Window<D>) -> Self {
        Conv { window, ..self }
    }

    /// From a place of the filter to the next, in pixels, along all axes or each: 1 if not said.
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.window.stride = stride.into().0;
        self
    }

    /// Zeros on either side of the image, along all axes or each: 0 if not said.
    pub fn padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.window.padding = padding.into().0;
        self
    }

    /// From a weight of the filter to the next, in pixels, along all axes or each: 1 if not said.
    pub fn dilation(mut self, dilation: impl Into<Sizes<D>>) -> Self {
        self.window.dilation = dilation.into().0;
        self
    }

    /// The same layer without a bias, as before a normalisation.
    pub fn without_bias(self) -> Self {
        Conv { bias: None, ..self }
    }

    /// The output for `x` with these filters.
    #[track_caller]
    pub(super) fn convolve(&self, weight: &Tensor<T>, x: &Tensor<T>) -> Tensor<T> {
        let convolution = Convolution { window: self.window, groups: self.groups, wanted: Wanted::Output };
        plus_bias(convolution.apply([x, weight]), self.bias.as_ref())
    }
}

impl<const D: usize, T: Scalar> Layer<T> for Conv<D, T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        must_fit("Conv", &self.weight, x, self.weight.dims()[1] * self.groups, D);
        self.convolve(&self.weight, x)
    }
}

/// The transpose of a convolution over `D` axes: [`ConvTranspose1d`], [`ConvTranspose2d`]. It is not the inverse, but has the shapes of
/// one: along each axis, `p` places become `(p - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1`.
///
/// ```
/// use nn::{ConvTranspose2d, Layer, Rng, Tensor, Window};
/// let (mut rng, x) = (Rng::seed(0), Tensor::<f32>::zeros([8, 16, 7, 7]));
/// let up = ConvTranspose2d::new(16, 3, 2, &mut rng).stride(2);
/// assert_eq!(up.predict(&x).dims(), [8, 3, 14, 14]);
/// // Back to 14 × 14, and not 13 × 13, from which a stride of 2 makes 7 × 7 as well.
/// let up = ConvTranspose2d::new(16, 3, 3, &mut rng).stride(2).padding(1).output_padding([1, 1]);
/// assert_eq!(up.predict(&x).dims(), [8, 3, 14, 14]);
/// let grouped = ConvTranspose2d::grouped(16, 4, 3, 4, &mut rng).dilation(2).without_bias();
/// assert_eq!((grouped.weight.dims(), grouped.predict(&x).dims()), (&[16, 1, 3, 3][..], &[8, 4, 11, 11][..]));
/// assert_eq!(grouped.window(Window::new()).predict(&x).dims(), [8, 4, 9, 9]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct ConvTranspose<const D: usize, T: Scalar = f32> {
    /// The filters, of shape `[inputs, outputs / groups, ..kernel]`.
    pub weight: Param<T>,
    /// The bias, of shape `[outputs]`, if there is one.
    pub bias: Option<Param<T>>,
    /// How the filters move.
    #[module(skip)]
    pub window: Window<D>,
    /// What is added to one side of the result: of several sizes that a stride makes equal, the one that is meant.
    #[module(skip)]
    pub output_padding: [usize; D],
    /// Inputs and outputs are divided into this many groups, which do not see each other.
    pub groups: usize,
}

impl<const D: usize, T: Scalar> ConvTranspose<D, T> {
    /// A kernel of this size, as `3` or `[3, 5]`; stride 1, no padding, one group; filters and bias uniform within `1 / √(outputs · kernel)`, as in PyTorch.
    pub fn new(inputs: usize, outputs: usize, kernel: impl Into<Sizes<D>>, rng: &mut Rng) -> Self {
        Self::grouped(inputs, outputs, kernel, 1, rng)
    }

    /// In groups.
    ///
    /// # Panics
    /// If the groups do not divide inputs and outputs.
    #[track_caller]
    pub fn grouped(
        inputs: usize,
        outputs: usize,
        kernel: impl Into<Sizes<D>>,
        groups: usize,
        rng: &mut Rng,
    ) -> Self {
        per_group("ConvTranspose", "inputs", inputs, groups);
        let each = per_group("ConvTranspose", "outputs", outputs, groups);
        let (weight, bias) = filters([inputs, each], kernel.into().0, outputs, rng);
        ConvTranspose { weight, bias, window: Window::new(), output_padding: [0; D], groups }
    }

    /// How the filters move: stride, padding and dilation at once.
    pub fn window(self, window: Window<D>) -> Self {
        ConvTranspose { window, ..self }
    }

    /// From a place of the filter to the next, in pixels, along all axes or each: 1 if not said.
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.window.stride = stride.into().0;
        self
    }

    /// What is cut off on either side of the result, along all axes or each: 0 if not said.
    pub fn padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.window.padding = padding.into().0;
        self
    }

    /// From a weight of the filter to the next, in pixels, along all axes or each: 1 if not said.
    pub fn dilation(mut self, dilation: impl Into<Sizes<D>>) -> Self {
        self.window.dilation = dilation.into().0;
        self
    }

    /// What is added to one side of the result.
    pub fn output_padding(self, output_padding: [usize; D]) -> Self {
        ConvTranspose { output_padding, ..self }
    }

    /// The same layer without a bias.
    pub fn without_bias(self) -> Self {
        ConvTranspose { bias: None, ..self }
    }
}

impl<T: Scalar> Layer<T> for ConvTranspose<1, T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        must_fit("ConvTranspose", &self.weight, x, self.weight.dims()[0], 1);
        let y = x.conv_transpose1d(&self.weight, self.window, self.output_padding, self.groups);
        plus_bias(y, self.bias.as_ref())
    }
}

impl<T: Scalar> Layer<T> for ConvTranspose<2, T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        must_fit("ConvTranspose", &self.weight, x, self.weight.dims()[0], 2);
        let y = x.conv_transpose2d(&self.weight, self.window, self.output_padding, self.groups);
        plus_bias(y, self.bias.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;

    #[test]
    fn the_window_is_said_at_once_or_part_by_part() {
        let rng = &mut Rng::seed(0);
        let whole = Window::new().stride(2).padding(1).dilation(3);
        let conv: Conv2d = Conv2d::new(1, 2, 3, rng).stride(2).padding([1, 1]).dilation(3);
        assert_eq!((conv.weight.dims(), conv.window), (&[2, 1, 3, 3][..], whole));
        let conv: Conv1d = Conv1d::new(1, 2, [5], rng).padding(2);
        assert_eq!((conv.weight.dims(), conv.window.padding), (&[2, 1, 5][..], [2]));
        let conv: ConvTranspose2d =
            ConvTranspose2d::new(1, 2, [2, 3], rng).stride(2).padding(1).dilation([3, 3]);
        assert_eq!((conv.weight.dims(), conv.window), (&[1, 2, 2, 3][..], whole));
    }

    /// By hand: `[1, 2]` and filters `[1, 10]`, set apart by the dilation, are `[1, 2, 10, 20]` at stride 1 and `[1, 0, 2, 10, 0, 20]` at
    /// stride 2; padding cuts from both sides, and what is added follows on the right.
    #[test]
    fn output_padding_is_below_stride_or_dilation() {
        let up = |stride: usize, dilation: usize, padding: usize, more: usize| {
            let mut up: ConvTranspose1d = ConvTranspose1d::new(1, 1, 2, &mut Rng::seed(0)).without_bias();
            up.weight = Param::new(Tensor::from([[[1.0, 10.0]]]));
            let up = up.stride(stride).dilation(dilation).padding(padding).output_padding([more]);
            up.predict(&Tensor::from([[[1.0, 2.0]]])).to_vec()
        };
        assert_eq!(up(1, 2, 0, 1), [1.0, 2.0, 10.0, 20.0, 0.0]);
        assert_eq!(up(1, 2, 1, 1), [2.0, 10.0, 20.0]);
        assert_eq!(up(1, 3, 2, 2), [0.0, 10.0, 20.0]);
        assert_eq!(up(2, 3, 0, 2), [1.0, 0.0, 2.0, 10.0, 0.0, 20.0, 0.0, 0.0]);
        let message = panic_of(|| up(1, 2, 0, 2));
        assert!(
            message.contains("smaller than the stride or the dilation") && message.contains("at most 1"),
            "{message}"
        );
    }
}
