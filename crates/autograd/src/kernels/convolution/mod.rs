//! Convolution as products of matrices.
//!
//! The pixels that a filter meets at one place of the output are a column, its *patch*; all patches of an image are a matrix
//! with a row for each weight of a filter and a column for each pixel of the output. With filters `W` (a row each), patches `P`,
//! output `Y` (a row for each filter) and its cotangent `dY`,
//!
//! ```text
//! Y = W P        dW = dY Pᵀ        dP = Wᵀ dY, whose entries are added where the patches took them.
//! ```
//!
//! A weight of the filter is in as many patches as there are pixels, so the whole matrix would be many times the image. It is
//! written a block of pixels at a time ([`patches`]), which stays in the cache until the product has read it.
//!
//! Where the stride is 1, the gradient of the image is itself a convolution: of `dY`, with the filters turned by 180° and their
//! channels exchanged. So nothing has to be added.

mod patches;

use super::matmul::{Epilogue, Matrix, matmul, matmul_into};
use super::threads;
use super::tiles::transpose;
use crate::buffer::Buffer;
use crate::error::OrPanic;
use crate::scalar::Scalar;
use patches::{add_patches, for_each_block};

/// The sizes of a convolution of images with two axes. Images are `[batch, groups * channels, ..]`, filters
/// `[groups * filters, channels, ..]`, outputs `[batch, groups * filters, ..]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// The channels of an image and the filters, of one group.
    pub(crate) channels: usize,
    pub(crate) filters: usize,
    pub(crate) image: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Zeros before the image; negative, where the image begins outside what the filters meet.
    pub(crate) padding: [isize; 2],
    pub(crate) dilation: [usize; 2],
}

impl Sizes {
    /// The weights of a filter, which are the elements of a patch.
    fn weights(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// The pixels of an output.
    fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// The elements of an image, of one group.
    fn image_size(&self) -> usize {
        self.channels * self.image[0] * self.image[1]
    }

    /// The elements of an output, of one group.
    fn output_size(&self) -> usize {
        self.filters * self.pixels()
    }

    /// Whether a patch is a pixel, so that the image itself is the matrix of patches.
    fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0] && self.image == self.output
    }

    /// About how many nanoseconds all products take.
    fn nanoseconds(&self) -> usize {
        (self.batch * self.groups).saturating_mul(self.output_size()).saturating_mul(self.weights()) / 64
    }

    /// The filters of a group, a row each.
    fn filters_of<'a, T: Scalar>(&self, w: &'a [T], group: usize) -> Matrix<'a, T> {
        let size = self.filters * self.weights();
        Matrix::row_major(&w[group * size..][..size], self.filters, self.weights())
    }
}

/// The output of every image.
pub(crate) fn forward<T: Scalar>(sizes: &Sizes, x: &[T], w: &[T], y: &mut [T]) {
    if y.is_empty() || x.is_empty() || w.is_empty() {
        return y.fill(T::zero());
    }
    threads::for_each_unit(y, sizes.output_size(), sizes.nanoseconds(), |unit, y| {
        let filters = sizes.filters_of(w, unit % sizes.groups);
        for_each_block(sizes, &x[unit * sizes.image_size()..], |pixels, patches| {
            matmul_into(filters, patches, (y, sizes.pixels(), pixels.start), Epilogue::Store);
        });
    });
}

/// The gradient of the images.
pub(crate) fn image_gradient<T: Scalar>(sizes: &Sizes, dy: &[T], w: &[T], dx: &mut [T]) {
    if dx.is_empty() || dy.is_empty() || w.is_empty() {
        return dx.fill(T::zero());
    }
    if sizes.stride == [1, 1] {
        let turned = turned(sizes, w);
        let reach = |i: usize| (sizes.dilation[i] * (sizes.kernel[i] - 1)) as isize;
        let turned_sizes = Sizes {
            channels: sizes.filters,
            filters: sizes.channels,
            image: sizes.output,
            output: sizes.image,
            padding: [0, 1].map(|i| reach(i) - sizes.padding[i]),
            ..*sizes
        };
        return forward(&turned_sizes, dy, &turned, dx);
    }
    threads::for_each_unit(dx, sizes.image_size(), sizes.nanoseconds(), |unit, dx| {
        let filters = sizes.filters_of(w, unit % sizes.groups);
        let dy = &dy[unit * sizes.output_size()..][..sizes.output_size()];
        let dy = Matrix::row_major(dy, sizes.filters, sizes.pixels());
        add_patches(sizes, dx, |pixels, patches| {
            matmul(filters.t(), dy.columns(pixels), patches, Epilogue::Store);
        });
    });
}

/// The filters turned by 180°, with channels and filters of each group exchanged.
fn turned<T: Scalar>(sizes: &Sizes, w: &[T]) -> Buffer<T> {
    let mut turned = Buffer::new(w.len()).or_panic();
    let area = sizes.kernel[0] * sizes.kernel[1];
    let to = turned.get_mut().expect("a new buffer has one owner");
    for (i, to) in to.chunks_exact_mut(area).enumerate() {
        let (group, channel, filter) =
            (i / (sizes.channels * sizes.filters), i / sizes.filters % sizes.channels, i % sizes.filters);
        let from = &w[((group * sizes.filters + filter) * sizes.channels + channel) * area..][..area];
        to.iter_mut().zip(from.iter().rev()).for_each(|(to, &from)| *to = from);
    }
    turned
}

/// Sums of gradients of filters are kept apart for parts of the batch only as far as they take no more elements.
const SUMS: usize = 1 << 19;
/// Into so many parts a batch is cut at most. More would help more threads, but take longer to be added.
const PARTS: usize = 8;

/// The gradient of the filters. The batch is cut into parts, whose number follows from the sizes; each has a sum of its own,
/// and these are added in order, so that the bits do not depend on the threads.
pub(crate) fn filter_gradient<T: Scalar>(sizes: &Sizes, x: &[T], dy: &[T], dw: &mut [T]) {
    if x.is_empty() || dy.is_empty() || dw.is_empty() {
        return dw.fill(T::zero());
    }
    let Sizes { batch, groups, filters, .. } = *sizes;
    let (weights, pixels) = (sizes.weights(), sizes.pixels());
    let parts = (SUMS / dw.len()).clamp(1, PARTS).min(batch);
    let mut sums = Buffer::new(parts * dw.len()).or_panic();
    let sums = sums.get_mut().expect("a new buffer has one owner");
    threads::for_each_unit(sums, dw.len(), sizes.nanoseconds(), |part, sums| {
        sums.fill(T::zero());
        for image in batch * part / parts..batch * (part + 1) / parts {
            for (group, sum) in sums.chunks_exact_mut(filters * weights).enumerate() {
                let unit = image * groups + group;
                let dy = &dy[unit * sizes.output_size()..][..sizes.output_size()];
                let dy = Matrix::row_major(dy, filters, pixels);
                for_each_block(sizes, &x[unit * sizes.image_size()..], |pixels, patches| {
                    // As `P dYᵀ`, because `dY` is by far the smaller one to lay out anew.
                    matmul(patches, dy.columns(pixels).t(), sum, Epilogue::Accumulate);
                });
            }
        }
    });
    let (sum, others) = sums.split_at_mut(dw.len());
    for other in others.chunks_exact(dw.len()) {
        sum.iter_mut().zip(other).for_each(|(sum, &other)| *sum += other);
    }
    for (sum, dw) in sum.chunks_exact(filters * weights).zip(dw.chunks_exact_mut(filters * weights)) {
        transpose(sum, 0, filters as isize, weights, dw);
    }
}
