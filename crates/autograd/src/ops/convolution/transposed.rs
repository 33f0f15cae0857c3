//! The size of a transposed convolution, which its input leaves open where there is a stride.

use super::{Convolution, Wanted, Window};
use crate::error::{OrPanic, ShapeError};
use crate::op::Op;
use crate::ops::Padding;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<const D: usize> Convolution<D> {
    /// The transposed convolution: `output_padding` is added to the smallest size whose convolution has the size of the input.
    #[track_caller]
    pub(super) fn transposed<T: Scalar>(
        self,
        x: &Tensor<T>,
        w: &Tensor<T>,
        output_padding: [usize; D],
    ) -> Tensor<T> {
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
