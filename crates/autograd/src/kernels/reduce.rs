//! Sums over axes, pairwise: the rounding error grows with the logarithm of the number of terms, not with the number.
//!
//! Where the summed elements lie behind each other, they are a run. Rows of few columns that lie behind each other make wide rows,
//! some of them one; these are added element by element, and their sum is folded by halves. Rows of many columns are added
//! as they are.
//!
//! The order of the additions depends on the shape and the strides only, so the same sum has the same bits every time.

use super::pairwise::{STRETCH, WIDTH, add_chunks, add_rows, pairwise};
use super::threads;
use super::widest::{Loop, on_widest};
use crate::array::View;
use crate::error::OrPanic;
use crate::layout::Places;
use crate::scalar::Scalar;
use crate::shape::{Shape, Small};
use std::cmp::Reverse;

/// The columns of a small sum, whose room takes less to clear.
const LITTLE: usize = 128;
/// A long block of rows is cut into leaves, that threads share: so long at least, and so many at most.
const LEAF: usize = 16 * WIDTH;
const LEAVES: usize = 32;
/// About how many terms are added in a nanosecond.
const PER_NANOSECOND: usize = 16;

/// Writes the sums of `x` over the axes `reduced` (ascending) to `y`, one for each index of the other axes, in
/// row-major order. A sum of no terms is zero.
pub(crate) fn sum<T: Scalar>(x: View<'_, T>, reduced: &[usize], y: &mut [T]) {
    let (dims, layout) = (x.shape().dims(), x.layout());
    if y.is_empty() || x.shape().size() == 0 {
        return y.fill(T::zero());
    }
    let pick = |inside: bool| -> Small<(usize, isize)> {
        let axes = (0..dims.len()).filter(|a| reduced.contains(a) == inside);
        axes.map(|a| (dims[a], layout.strides()[a])).collect()
    };
    let mut summed = pick(true);
    summed.sort_unstable_by_key(|&(_, stride)| Reverse(stride.unsigned_abs()));
    let (mut summed, mut kept) = (Walk::new(&summed), Walk::new(&pick(false)));
    let start = layout.offset() as isize;

    match (summed.last(), kept.last()) {
        (None, _) => y.iter_mut().zip(kept.places(start)).for_each(|(y, place)| *y = x.data()[place]),
        (Some((len, 1)), _) if summed.dims.len() == 1 => {
            blocks(&Blocks { data: x.data(), starts: kept, start, len, columns: 1 }, y);
        }
        (Some((rows, stride)), Some((columns, 1)))
            if summed.dims.len() == 1 && stride == columns as isize && columns <= WIDTH / 2 =>
        {
            kept.pop();
            blocks(&Blocks { data: x.data(), starts: kept, start, len: rows * columns, columns }, y);
        }
        (_, Some((columns, 1))) => {
            kept.pop();
            let nanoseconds = x.shape().size() / PER_NANOSECOND;
            threads::for_each_rows(y, 1, nanoseconds, |first, y| {
                on_widest(Bands { data: x.data(), starts: &kept, start, columns, rows: &summed, first, y });
            });
        }
        (Some((_, 1)), _) => {
            // Over the last axis first, and then over the others.
            let (len, _) = summed.pop().expect("a last axis");
            let starts = kept.followed_by(&summed);
            let mut sums = vec![T::zero(); starts.size()];
            blocks(&Blocks { data: x.data(), starts, start, len, columns: 1 }, &mut sums);
            blocks_of(&sums, summed.size(), 1, y);
        }
        _ => {
            // Neither side is contiguous: lay the summed axes innermost, by a copy.
            let layout = layout.permute(&reduced_last(dims.len(), reduced)).or_panic();
            blocks_of(&x.with_layout(&layout).contiguous(), summed.size(), 1, y);
        }
    }
}

/// The sizes and strides of some axes; neighbours that a step along the first passes on to evenly are one.
#[derive(Clone, Default)]
struct Walk {
    dims: Small<usize>,
    strides: Small<isize>,
}

impl Walk {
    fn new(axes: &[(usize, isize)]) -> Self {
        let mut walk = Walk::default();
        for &(dim, stride) in axes.iter().filter(|(dim, _)| *dim != 1) {
            match (walk.dims.last_mut(), walk.strides.last_mut()) {
                (Some(last_dim), Some(last)) if *last == stride * dim as isize => {
                    *last_dim *= dim;
                    *last = stride;
                }
                _ => {
                    walk.dims.push(dim);
                    walk.strides.push(stride);
                }
            }
        }
        walk
    }

    fn last(&self) -> Option<(usize, isize)> {
        self.dims.last().copied().zip(self.strides.last().copied())
    }

    fn pop(&mut self) -> Option<(usize, isize)> {
        self.dims.pop().zip(self.strides.pop())
    }

    fn size(&self) -> usize {
        self.dims.iter().product()
    }

    fn places(&self, start: isize) -> Places {
        Places::new(&self.dims, &self.strides, start)
    }

    fn followed_by(&self, inner: &Walk) -> Walk {
        let mut walk = self.clone();
        walk.dims.extend_from_slice(&inner.dims);
        walk.strides.extend_from_slice(&inner.strides);
        walk
    }
}

/// Blocks of rows that lie behind each other, whose columns are summed.
struct Blocks<'a, T> {
    data: &'a [T],
    /// Where the blocks begin.
    starts: Walk,
    start: isize,
    /// The elements of a block, and the columns they fill.
    len: usize,
    columns: usize,
}

/// Writes the sums of columns of each block, shared by threads. Where there are few blocks, and long ones, their leaves are.
fn blocks<T: Scalar>(all: &Blocks<'_, T>, y: &mut [T]) {
    let Blocks { data, ref starts, start, len, columns } = *all;
    let count = y.len() / columns;
    let nanoseconds = count * len / PER_NANOSECOND;
    let most = LEAVES / count;
    if most < 2 || len < 2 * LEAF {
        return threads::for_each_rows(y, columns, nanoseconds, |first, y| {
            let starts = starts.places(start);
            on_widest(BlockSums { data, starts, first, len, columns, y });
        });
    }
    let whole = STRETCH * columns * rows_side_by_side(len / columns, columns);
    let leaf = len.div_ceil(most).max(LEAF).next_multiple_of(whole);
    let leaves = len.div_ceil(leaf);
    let mut sums = vec![T::zero(); count * leaves * columns];
    threads::for_each_chunk(&mut sums, columns, nanoseconds, |i, y| {
        let block = starts.places(start).nth(i / leaves).expect("a start for every block");
        let (first, left) = (i % leaves * leaf, len - i % leaves * leaf);
        let starts = Walk::default().places((block + first) as isize);
        on_widest(BlockSums { data, starts, first: 0, len: left.min(leaf), columns, y });
    });
    blocks_of(&sums, leaves * columns, columns, y);
}

/// Writes the sums of columns of blocks that lie behind each other.
fn blocks_of<T: Scalar>(data: &[T], len: usize, columns: usize, y: &mut [T]) {
    let starts = Walk::new(&[(data.len() / len, len as isize)]);
    blocks(&Blocks { data, starts, start: 0, len, columns }, y);
}

struct BlockSums<'a, T> {
    data: &'a [T],
    /// Where blocks begin, and the number of the first that is summed.
    starts: Places,
    first: usize,
    len: usize,
    columns: usize,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for BlockSums<'_, T> {
    #[inline(always)]
    fn run(self) {
        let BlockSums { data, starts, first, len, columns, y } = self;
        let starts = starts.skip(first);
        if columns == 1 {
            for (start, y) in starts.zip(y) {
                *y = pairwise(&data[start..][..len]);
            }
            return;
        }
        let side_by_side = rows_side_by_side(len / columns, columns);
        let (mut little, mut much);
        let room: &mut [T] = if side_by_side * columns <= LITTLE {
            little = [T::zero(); LITTLE];
            &mut little
        } else {
            much = [T::zero(); WIDTH];
            &mut much
        };
        let wide = &mut room[..side_by_side * columns];
        for (start, y) in starts.zip(y.chunks_exact_mut(columns)) {
            add_chunks(&data[start..][..len], wide);
            let mut half = wide.len();
            while half > columns {
                half /= 2;
                let (sums, others) = wide.split_at_mut(half);
                sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += *other);
            }
            y.copy_from_slice(&wide[..columns]);
        }
    }
}

/// How many rows of a block make a wide row: a power of two, so that their sums are folded by halves.
#[inline(always)]
fn rows_side_by_side(rows: usize, columns: usize) -> usize {
    let most = (rows / 8).min(WIDTH / columns).max(1);
    1 << most.ilog2()
}

/// Columns that are summed over rows which lie anywhere.
struct Bands<'a, T> {
    data: &'a [T],
    /// Where the outputs' rows begin, and the columns of each.
    starts: &'a Walk,
    start: isize,
    columns: usize,
    /// The rows that are added.
    rows: &'a Walk,
    /// Outputs, and the number of the first.
    first: usize,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for Bands<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Bands { data, starts, start, columns, rows, first, mut y } = self;
        let mut column = first % columns;
        for start in starts.places(start).skip(first / columns) {
            while column < columns && !y.is_empty() {
                let width = y.len().min(columns - column).min(WIDTH);
                let (band, rest) = y.split_at_mut(width);
                add_rows(rows.places((start + column) as isize).map(|row| &data[row..][..width]), band);
                (column, y) = (column + width, rest);
            }
            column = 0;
        }
    }
}

/// The axes left when `reduced` are summed over; kept as size 1 if `keep`.
pub(crate) fn remaining(shape: &Shape, reduced: &[usize], keep: bool) -> Shape {
    let dims = shape.dims().iter().enumerate();
    dims.filter_map(|(axis, &dim)| match reduced.contains(&axis) {
        true => keep.then_some(1),
        false => Some(dim),
    })
    .collect()
}

/// The order of axes in which those that are reduced come last.
pub(crate) fn reduced_last(rank: usize, reduced: &[usize]) -> Vec<usize> {
    (0..rank).filter(|axis| !reduced.contains(axis)).chain(reduced.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use proptest::prelude::*;

    proptest! {
        /// Every choice of axes of every layout, against one addition at a time. Whole numbers add without rounding.
        #[test]
        fn any_axes_of_any_layout(
            dims in prop::collection::vec(0_usize..5, 0..4),
            long in prop::sample::select(vec![1_usize, 1, 70, 600]),
            mask in prop::collection::vec(any::<bool>(), 5),
            permuted in any::<bool>(),
            backwards in any::<bool>(),
        ) {
            let dims: Vec<usize> = std::iter::once(long).chain(dims).collect();
            let order: Vec<usize> = if permuted { (0..dims.len()).rev().collect() } else { (0..dims.len()).collect() };
            let size: usize = dims.iter().product();
            let mut x = Array::from_vec((0..size).map(|i| (i % 17) as f64).collect(), &dims[..]).unwrap().permute(&order).unwrap();
            if backwards && x.shape()[0] > 0 {
                x = x.slice(0, x.shape()[0] - 1, x.shape()[0].div_ceil(2), -2).unwrap();
            }
            let reduced: Vec<usize> = (0..dims.len()).filter(|&a| mask[a]).collect();
            let out = remaining(x.shape(), &reduced, true);
            let mut y = vec![f64::NAN; out.size()];
            sum(x.view(), &reduced, &mut y);

            let to = Array::from_vec((0..out.size()).collect::<Vec<_>>(), out).unwrap().broadcast_to(x.shape()).unwrap();
            let mut expected = vec![0.0; y.len()];
            for (x, i) in x.view().iter().zip(to.view().iter()) {
                expected[i] += x;
            }
            prop_assert_eq!(y, expected);
        }
    }

    /// Shapes of every kind that threads share, against one addition at a time, and fractions to the same bits.
    #[test]
    fn large_shapes_on_any_number_of_threads() {
        let cases: [(&[usize], &[usize]); 8] = [
            (&[300_000], &[0]),
            (&[700, 300], &[1]),
            (&[3, 70_000], &[1]),
            (&[70_000, 3], &[0]),
            (&[90, 2500], &[0]),
            (&[2, 40_000, 3], &[1]),
            (&[3, 200, 700], &[1]),
            (&[40, 3, 1500], &[0, 2]),
        ];
        for (dims, reduced) in cases {
            let size: usize = dims.iter().product();
            let array =
                |by: f64| Array::from_vec((0..size).map(|i| (i % 17) as f64 * by).collect(), dims).unwrap();
            let (whole, tenths) = (array(1.0), array(0.1));
            let out = remaining(whole.shape(), reduced, true);
            let sums = |x: &Array<f64>, count: usize| {
                let mut y = vec![f64::NAN; out.size()];
                threads::with_threads(count, || sum(x.view(), reduced, &mut y));
                y
            };
            let places = Array::from_vec((0..out.size()).collect::<Vec<_>>(), &out).unwrap();
            let mut expected = vec![0.0; out.size()];
            for (x, i) in whole.view().iter().zip(places.broadcast_to(whole.shape()).unwrap().view().iter()) {
                expected[i] += x;
            }
            assert!(sums(&whole, 3) == expected, "{dims:?} over {reduced:?}");
            assert!(sums(&tenths, 1) == sums(&tenths, 3), "{dims:?} over {reduced:?}: other bits on threads");
        }
    }

    #[test]
    fn a_million_tenths_add_up_in_either_direction() {
        let x = Array::from_vec(vec![0.1_f32; 1 << 20], [1 << 20, 1]).unwrap();
        let mut y = [0.0];
        sum(x.view(), &[0, 1], &mut y);
        assert!((y[0] / (0.1 * (1 << 20) as f32) - 1.0).abs() < 1e-6, "{}", y[0]);
        let columns = Array::from_vec(vec![0.1_f32; 1 << 20], [1 << 18, 4]).unwrap();
        let mut y = [0.0; 4];
        sum(columns.view(), &[0], &mut y);
        assert!(y.iter().all(|y| (y / (0.1 * (1 << 18) as f32) - 1.0).abs() < 1e-6), "{y:?}");
    }
}
