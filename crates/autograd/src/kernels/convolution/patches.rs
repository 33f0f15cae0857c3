//! The matrix of patches, a block of pixels at a time.
//!
//! First the image gets its zeros all around, so that no patch reaches beyond it. A row of the matrix then is made of runs of
//! neighbours: for each row of the output, the pixels that one weight meets there, `stride` apart.

use super::Sizes;
use crate::buffer::Buffer;
use crate::error::OrPanic;
use crate::kernels::matmul::Matrix;
use crate::scalar::Scalar;
use std::ops::Range;

/// About the elements of a block: as many as leave half of a second-level cache to the filters and the output. It is the same on
/// every machine, since the bits of gradients depend on it.
const BLOCK: usize = 96 << 10;
/// The pixels of a block are a multiple of this, so that vectors are full.
const PIXELS: usize = 48;
/// Runs are copied in pieces of this many elements, the last beyond its end, where the next run is written afterwards.
const PIECE: usize = 16;

/// Calls `f` with each block of pixels of the output and its patches, `[weights, pixels]`, of the image with which `x` begins.
pub(super) fn for_each_block<T: Scalar>(
    sizes: &Sizes,
    x: &[T],
    mut f: impl FnMut(Range<usize>, Matrix<'_, T>),
) {
    let (weights, pixels) = (sizes.weights(), sizes.pixels());
    let x = &x[..sizes.image_size()];
    if sizes.is_pointwise() {
        return f(0..pixels, Matrix::row_major(x, weights, pixels));
    }
    let padded = Padded::of(sizes);
    let mut planes = Buffer::new(padded.size() + PIECE).or_panic();
    let planes = planes.get_mut().expect("a new buffer has one owner");
    padded.write(x, planes);
    let len = block_len(sizes);
    let mut room = Buffer::new(weights * len + PIECE).or_panic();
    let room = room.get_mut().expect("a new buffer has one owner");
    for first in (0..pixels).step_by(len) {
        let block = first..pixels.min(first + len);
        let mut at = 0;
        padded.for_each_run(&block, |from, len| {
            copy_run(&planes[from..], sizes.stride[1], &mut room[at..], len);
            at += len;
        });
        let patches = Matrix::row_major(&room[..at], weights, block.len());
        f(block, patches);
    }
}

/// Has `f` write the gradients of the patches of each block of pixels, and writes to `dx` the gradient of the image.
pub(super) fn add_patches<T: Scalar>(sizes: &Sizes, dx: &mut [T], mut f: impl FnMut(Range<usize>, &mut [T])) {
    let padded = Padded::of(sizes);
    let mut planes = Buffer::new(padded.size()).or_panic();
    let planes = planes.get_mut().expect("a new buffer has one owner");
    planes.fill(T::zero());
    let len = block_len(sizes);
    let mut room = Buffer::new(sizes.weights() * len).or_panic();
    let room = room.get_mut().expect("a new buffer has one owner");
    for first in (0..sizes.pixels()).step_by(len) {
        let block = first..sizes.pixels().min(first + len);
        let patches = &mut room[..sizes.weights() * block.len()];
        f(block.clone(), patches);
        let mut at = 0;
        padded.for_each_run(&block, |to, len| {
            let to = planes[to..].iter_mut().step_by(sizes.stride[1]);
            to.zip(&patches[at..at + len]).for_each(|(to, &from)| *to += from);
            at += len;
        });
    }
    padded.read(planes, dx);
}

/// The pixels of a block.
fn block_len(sizes: &Sizes) -> usize {
    (BLOCK / sizes.weights() / PIXELS * PIXELS).clamp(PIXELS, sizes.pixels().max(PIXELS))
}

/// The planes of an image, one for each channel, with zeros around it, and without what no patch meets.
struct Padded<'a> {
    sizes: &'a Sizes,
    /// The rows and columns of a plane.
    plane: [usize; 2],
}

impl<'a> Padded<'a> {
    fn of(sizes: &'a Sizes) -> Self {
        let reach = |i: usize| {
            (sizes.output[i] - 1) * sizes.stride[i] + (sizes.kernel[i] - 1) * sizes.dilation[i] + 1
        };
        Padded { sizes, plane: [reach(0), reach(1)] }
    }

    fn size(&self) -> usize {
        self.sizes.channels * self.plane[0] * self.plane[1]
    }

    /// Along an axis, where the image begins in a plane, where in the image this is, and how much of it is there.
    fn overlap(&self, axis: usize) -> (usize, usize, usize) {
        let padding = self.sizes.padding[axis];
        let (before, skipped) = (padding.max(0) as usize, (-padding).max(0) as usize);
        let room = self.plane[axis].saturating_sub(before);
        (before, skipped, room.min(self.sizes.image[axis].saturating_sub(skipped)))
    }

    /// The planes of an image.
    fn write<T: Scalar>(&self, x: &[T], planes: &mut [T]) {
        planes.fill(T::zero());
        self.for_each_row(|plane, image, len| {
            planes[plane..plane + len].copy_from_slice(&x[image..image + len]);
        });
    }

    /// The image of planes, with zeros where it does not reach into them.
    fn read<T: Scalar>(&self, planes: &[T], x: &mut [T]) {
        x.fill(T::zero());
        self.for_each_row(|plane, image, len| {
            x[image..image + len].copy_from_slice(&planes[plane..plane + len]);
        });
    }

    /// Where each row that an image and its planes have in common begins in either, and how long it is.
    fn for_each_row(&self, mut f: impl FnMut(usize, usize, usize)) {
        let ((top, first, rows), (left, skipped, len)) = (self.overlap(0), self.overlap(1));
        let ([height, width], [image_height, image_width]) = (self.plane, self.sizes.image);
        if len == 0 {
            return;
        }
        for channel in 0..self.sizes.channels {
            for i in 0..rows {
                let plane = (channel * height + top + i) * width + left;
                f(plane, (channel * image_height + first + i) * image_width + skipped, len);
            }
        }
    }

    /// In the order of the matrix of patches, where each run of a block of pixels begins in the planes, and how many pixels it has.
    #[inline(always)]
    fn for_each_run(&self, block: &Range<usize>, mut f: impl FnMut(usize, usize)) {
        let Sizes { channels, kernel, output, stride, dilation, .. } = *self.sizes;
        let [height, width] = self.plane;
        let (first_row, first_column) = (block.start / output[1], block.start % output[1]);
        for channel in 0..channels {
            for u in 0..kernel[0] {
                for v in 0..kernel[1] {
                    let weight = (channel * height + u * dilation[0]) * width + v * dilation[1];
                    let (mut row, mut column, mut left) = (first_row, first_column, block.len());
                    while left > 0 {
                        let len = left.min(output[1] - column);
                        f(weight + row * stride[0] * width + column * stride[1], len);
                        (row, column, left) = (row + 1, 0, left - len);
                    }
                }
            }
        }
    }
}

/// Copies a run of elements that are `step` apart. It may write, and read, up to a piece beyond their end.
#[inline(always)]
fn copy_run<T: Scalar>(from: &[T], step: usize, to: &mut [T], len: usize) {
    if step == 1 {
        for first in (0..len).step_by(PIECE) {
            to[first..first + PIECE].copy_from_slice(&from[first..first + PIECE]);
        }
    } else {
        to[..len].iter_mut().zip(from.iter().step_by(step)).for_each(|(to, &from)| *to = from);
    }
}
