//! Convolution, its transpose, and the gradient of its filters: three readings of one form.
//!
//! With images `x`, filters `w` and outputs `y`, and along each axis stride `s`, padding `p` and dilation `d`,
//!
//! ```text
//! ⟨y, w ∗ x⟩ = Σ y[n, o, i] w[o, c, u] x[n, c, i s + u d - p]
//! ```
//!
//! is linear in each of the three. Leave `y` out, and what stands beside it is the convolution of `x` with `w` (called so
//! although it does not turn the filters: a cross-correlation). Leave `x` out, and it is the transposed convolution of `y`,
//! which is the gradient of the image; leave `w` out, and it is the gradient of the filters. So one operator, told which of
//! the three is wanted, is its own gradient with respect to either input: the one that wants that input.
//!
//! Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.

use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::convolution::{self, Sizes};
use crate::onnx::{Attribute, Operands, Value};
use crate::op::{Keeps, Op};
use crate::ops::Padding;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

mod methods;
mod window;

pub use window::Window;

/// Which of images, filters and outputs an operator finds from the other two, which are its inputs in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<const D: usize> {
    /// The output, from images and filters: a convolution.
    Output,
    /// The images, of this size, from filters and outputs: a transposed convolution.
    Images([usize; D]),
    /// The filters, of this size, from images and outputs.
    Filters([usize; D]),
}

/// A convolution over `D` axes (1 or 2), or one of its transposes. Images are `[n, c, ..]`, filters `[o, c / groups, ..]`,
/// outputs `[n, o, ..]`.
#[derive(Debug)]
pub struct Convolution<const D: usize> {
    /// How the filters move.
    pub window: Window<D>,
    /// Channels and filters are divided into this many groups, which do not see each other.
    pub groups: usize,
    /// Which of the three is found.
    pub wanted: Wanted<D>,
}

impl<T: Scalar, const D: usize> Op<T, 2> for Convolution<D> {
    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, ShapeError> {
        self.is_sound()?;
        match self.wanted {
            Wanted::Output => self.output(a, b),
            Wanted::Images(size) => {
                let (w, y) = (self.spatial("filters", a)?, self.spatial("input", b)?);
                let channels = a[1].saturating_mul(self.groups);
                let images = Shape::from([b[0], channels]).join(&size);
                self.divides("filters", a, a[0])?;
                if b[1] != a[0] || (0..D).any(|i| self.window.places(i, size[i], w[i]) != Some(y[i])) {
                    return Err(ShapeError::new("these filters do not make such outputs of such images")
                        .operand("filters", a, "")
                        .operand("outputs", b, "")
                        .operand("images", &images, "")
                        .help("outputs are what `Wanted::Output` gives for images of this size"));
                }
                Ok(images)
            }
            Wanted::Filters(size) => {
                self.spatial("images", a)?;
                self.spatial("outputs", b)?;
                self.divides("images", a, a[1])?;
                let filters = Shape::from([b[1], a[1] / self.groups]).join(&size);
                if self.output(a, &filters)? != *b {
                    return Err(ShapeError::new(
                        "filters of this size do not make such outputs of such images",
                    )
                    .operand("images", a, "")
                    .operand("outputs", b, "")
                    .operand("filters", &filters, "")
                    .help("outputs are what `Wanted::Output` gives for filters of this size"));
                }
                Ok(filters)
            }
        }
    }

    fn forward(&self, [a, b]: [View<'_, T>; 2], y: &mut [T]) {
        let (a_shape, b_shape) = (a.shape(), b.shape());
        let (a, b) = (a.contiguous(), b.contiguous());
        match self.wanted {
            Wanted::Output => {
                let joint = self.output(a_shape, b_shape).or_panic();
                convolution::forward(&self.sizes(spatial(a_shape), b_shape, &joint), &a, &b, y);
            }
            Wanted::Images(size) => {
                convolution::image_gradient(&self.sizes(size, a_shape, b_shape), &b, &a, y);
            }
            Wanted::Filters(size) => {
                let filters = Shape::from([b_shape[1], a_shape[1] / self.groups]).join(&size);
                let sizes = self.sizes(spatial(a_shape), &filters, b_shape);
                convolution::filter_gradient(&sizes, &a, &b, y);
            }
        }
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        use Wanted::{Filters, Images, Output};
        let (size, other) = (spatial(call.shape(i)), call.x(1 - i));
        let (wanted, inputs) = match (self.wanted, i) {
            (Output, 0) => (Images(size), [&other, dy]),
            (Output, _) => (Filters(size), [&other, dy]),
            (Images(_), 0) => (Filters(size), [dy, &other]),
            (Images(_), _) => (Output, [dy, &other]),
            (Filters(_), 0) => (Images(size), [dy, &other]),
            (Filters(_), _) => (Output, [&other, dy]),
        };
        Convolution { wanted, ..*self }.apply(inputs)
    }

    fn keeps(&self, i: usize) -> Keeps {
        Keeps::x(1 - i)
    }

    fn name(&self) -> String {
        match self.wanted {
            Wanted::Output => format!("conv{D}d"),
            Wanted::Images(_) => format!("conv_transpose{D}d"),
            Wanted::Filters(_) => format!("conv{D}d_filters"),
        }
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let Window { stride, padding, dilation } = self.window;
        let list = |sizes: &[usize]| -> Attribute {
            sizes.iter().map(|&size| size as i64).collect::<Vec<_>>().into()
        };
        let (filters, op) = match self.wanted {
            Wanted::Output => (x.shape(1), "Conv"),
            Wanted::Images(_) => (x.shape(0), "ConvTranspose"),
            Wanted::Filters(_) => {
                return Value::unsupported("it is the gradient of filters, which no evaluation needs");
            }
        };
        let kernel = spatial::<D>(filters);
        let mut attributes = vec![
            ("kernel_shape", list(&kernel)),
            ("strides", list(&stride)),
            ("pads", list(&[padding, padding].concat())),
            ("dilations", list(&dilation)),
            ("group", (self.groups as i64).into()),
        ];
        let Wanted::Images(size) = self.wanted else {
            return Value::node(op, &[&x[0], &x[1]], &attributes);
        };
        // What is beyond the last place of a filter.
        let input = spatial::<D>(x.shape(1));
        let more: [usize; D] = std::array::from_fn(|i| {
            size[i] + 2 * padding[i] - (input[i] - 1) * stride[i] - (kernel[i] - 1) * dilation[i] - 1
        });
        attributes.push(("output_padding", list(&more)));
        Value::node(op, &[&x[1], &x[0]], &attributes)
    }
}

/// The sizes of the axes after the first two.
fn spatial<const D: usize>(shape: &Shape) -> [usize; D] {
    std::array::from_fn(|i| shape[i + 2])
}

impl<const D: usize> Convolution<D> {
    /// Nothing that has to be positive is 0.
    fn is_sound(&self) -> Result<(), ShapeError> {
        let Convolution { window, groups, .. } = self;
        let zero = [("stride", window.stride.contains(&0)), ("dilation", window.dilation.contains(&0))];
        match zero.iter().chain(&[("groups", *groups == 0)]).find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => Err(ShapeError::new(format!("expected {name} of at least 1, found 0"))
                .help("1 is what a convolution has that says nothing else")),
            None => Ok(()),
        }
    }

    /// The sizes after the first two, if there are as many as there should be.
    fn spatial(&self, name: &str, shape: &Shape) -> Result<[usize; D], ShapeError> {
        if shape.rank() == D + 2 {
            return Ok(spatial(shape));
        }
        let axes = if D == 1 { "length" } else { "height, width" };
        let error = ShapeError::new(format!("expected {} axes", D + 2)).operand(name, shape, "");
        Err(match name {
            "filters" => error.help(format!("filters are [filters, channels / groups, {axes}]")),
            _ if shape.rank() == D + 1 => error
                .help(format!("axes are [batch, channels, {axes}]: `x.unsqueeze(0)` makes a batch of one")),
            _ => error.help(format!("axes are [batch, channels, {axes}]")),
        })
    }

    /// A number of channels or filters falls into equal groups.
    fn divides(&self, name: &str, shape: &Shape, count: usize) -> Result<(), ShapeError> {
        if count.is_multiple_of(self.groups) {
            return Ok(());
        }
        Err(ShapeError::new(format!("{count} do not fall into {} equal groups", self.groups))
            .operand(name, shape, "")
            .help("the number of groups must divide that of channels, and that of filters"))
    }

    /// The shape of the output for images `x` and filters `w`.
    fn output(&self, x: &Shape, w: &Shape) -> Result<Shape, ShapeError> {
        let (image, kernel) = (self.spatial("input", x)?, self.spatial("filters", w)?);
        self.divides("filters", w, w[0])?;
        if w[1].checked_mul(self.groups) != Some(x[1]) {
            let groups = self.groups;
            let each = if groups == 1 { String::new() } else { format!(" in each of {groups} groups") };
            let error = ShapeError::new("the filters expect another number of channels")
                .operand("input", x, format!("axis 1 is {}", x[1]))
                .operand("filters", w, format!("axis 1 is {}{each}", w[1]));
            return Err(match w[1].checked_mul(groups) == Some(x[D + 1]) {
                true => {
                    let order = if D == 1 { "0, 2, 1" } else { "0, 3, 1, 2" };
                    error.help(format!("are the channels the last axis? Give `x.permute(&[{order}])`"))
                }
                false => error.help("axes are [batch, channels, ..] and [filters, channels / groups, ..]"),
            });
        }
        let mut output = [0; D];
        for i in 0..D {
            output[i] = self.window.places(i, image[i], kernel[i]).ok_or_else(|| {
                ShapeError::new(match kernel[i] {
                    0 => format!("the filters are empty along axis {}", i + 2),
                    _ => format!("the filters do not fit into the input along axis {}", i + 2),
                })
                .operand("input", x, format!("{} with padding {}", image[i], self.window.padding[i]))
                .operand("filters", w, format!("{} with dilation {}", kernel[i], self.window.dilation[i]))
                .help("give smaller filters, or more padding")
            })?;
        }
        self.is_within_memory(x, w, image)?;
        Ok(Shape::from([x[0], w[0]]).join(&output))
    }

    /// An image of this size with its padding could be a tensor.
    fn is_within_memory(&self, x: &Shape, w: &Shape, image: [usize; D]) -> Result<(), ShapeError> {
        if self.window.is_within_memory(w[1], image) {
            return Ok(());
        }
        Err(ShapeError::new("an image with its padding is larger than any tensor may be")
            .operand("input", x, format!("with padding {:?}", self.window.padding))
            .operand("filters", w, "")
            .help("give less padding: beyond the reach of the filters it adds nothing but zeros"))
    }

    /// The sizes for the loops, which know images of two axes.
    fn sizes(&self, image: [usize; D], w: &Shape, y: &Shape) -> Sizes {
        const { assert!(D == 1 || D == 2, "convolutions are over one axis or two") };
        let pair = |x: [usize; D], absent| if D == 1 { [absent, x[0]] } else { [x[0], x[D - 1]] };
        let Window { stride, padding, dilation } = self.window;
        Sizes {
            batch: y[0],
            groups: self.groups,
            channels: w[1],
            filters: w[0] / self.groups,
            image: pair(image, 1),
            kernel: pair(spatial(w), 1),
            output: pair(spatial(y), 1),
            stride: pair(stride, 1),
            padding: pair(padding, 0).map(|padding| padding as isize),
            dilation: pair(dilation, 1),
        }
    }

    /// The transposed convolution: `output_padding` is added to the smallest size whose convolution has the size of the input.
    #[track_caller]
    fn transposed<T: Scalar>(self, x: &Tensor<T>, w: &Tensor<T>, output_padding: [usize; D]) -> Tensor<T> {
        let name = format!("conv_transpose{D}d");
        let size =
            self.transposed_size(x.shape(), w.shape(), output_padding).map_err(|e| e.of(&name)).or_panic();
        // Beyond the stride, it is as if zeros followed the input, whose convolution would have them.
        let more: [_; D] = std::array::from_fn(|i| (0, output_padding[i] / self.window.stride[i]));
        let x = if more == [(0, 0); D] { x } else { &x.pad(&more, Padding::Constant(0.0)) };
        Convolution { wanted: Wanted::Images(size), ..self }.apply([w, x])
    }

    fn transposed_size(&self, x: &Shape, w: &Shape, extra: [usize; D]) -> Result<[usize; D], ShapeError> {
        self.is_sound()?;
        let (input, kernel) = (self.spatial("input", x)?, self.spatial("filters", w)?);
        self.divides("filters", w, w[0])?;
        if x[1] != w[0] {
            return Err(ShapeError::new("the filters expect another number of channels")
                .operand("input", x, format!("axis 1 is {}", x[1]))
                .operand("filters", w, format!("axis 0 is {}", w[0]))
                .help("filters of a transposed convolution are [channels of the input, channels of the output / groups, ..]"));
        }
        let Window { stride, padding, dilation } = self.window;
        let mut size = [0; D];
        for i in 0..D {
            let bound = stride[i].max(dilation[i]);
            if extra[i] >= bound {
                let help = format!("along axis {} give at most {}", i + 2, bound - 1);
                let problem = "the output padding must be smaller than the stride or the dilation";
                return Err(ShapeError::new(problem).help(help));
            }
            let grown = input[i].checked_sub(1).and_then(|last| last.checked_mul(stride[i]));
            let reach = kernel[i].checked_sub(1).and_then(|last| last.checked_mul(dilation[i]));
            let whole = grown.zip(reach).and_then(|(a, b)| a.checked_add(b)?.checked_add(1 + extra[i]));
            let cut = padding[i].checked_mul(2);
            size[i] = whole.zip(cut).and_then(|(whole, cut)| whole.checked_sub(cut)).ok_or_else(|| {
                ShapeError::new(format!("nothing is left of the output along axis {}", i + 2))
                    .operand("input", x, "")
                    .operand("filters", w, format!("padding {}", padding[i]))
                    .help("give less padding; inputs and filters must not be empty")
            })?;
        }
        self.is_within_memory(x, w, size).map(|()| size)
    }
}
