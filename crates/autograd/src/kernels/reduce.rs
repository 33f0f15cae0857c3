//! Sums over axes, pairwise: the rounding error grows with the logarithm of the number of terms, not with the number.
//!
//! The order of the additions depends on the shape only, so the same sum has the same bits every time.

use super::threads;
use super::widest::{Loop, on_widest};
use crate::array::{Array, View};
use crate::error::OrPanic;
use crate::layout::Places;
use crate::scalar::Scalar;
use crate::shape::{Shape, Small};
use smallvec::SmallVec;
use std::array::from_fn;

/// The accumulators that a straight run of additions is spread over, so that vectors can hold them.
const LANES: usize = 16;
/// Up to this many terms are added straight, each lane by itself.
const STRAIGHT: usize = 256;
/// Rows that are added straight.
const STRETCH: usize = 32;
/// Columns that are summed together: their partial sums stay in registers and the first-level cache.
const COLUMNS: usize = 64;
/// About how many terms are added in a nanosecond.
const PER_NANOSECOND: usize = 8;

/// Writes the sums of `x` over the axes `reduced` (ascending) to `y`, one for each index of the other axes, in
/// row-major order. A sum of no terms is zero.
pub(crate) fn sum<T: Scalar>(x: View<'_, T>, reduced: &[usize], y: &mut [T]) {
    let layout = x.layout();
    let (dims, strides) = (x.shape().dims(), layout.strides());
    let pick = |inside: bool| -> (Small<usize>, Small<isize>) {
        (0..dims.len())
            .filter(|a| reduced.contains(a) == inside && dims[*a] != 1)
            .map(|a| (dims[a], strides[a]))
            .unzip()
    };
    let ((kept, kept_strides), (summed, summed_strides)) = (pick(false), pick(true));
    let terms: usize = summed.iter().product();
    if terms == 0 || y.is_empty() {
        return y.fill(T::zero());
    }
    let start = layout.offset() as isize;
    let (outer, inner) = summed.split_at(summed.len().saturating_sub(1));
    let run = inner.first().copied().unwrap_or(1);

    if x.as_slice().is_some() && reduced_are_last(reduced, dims) {
        let x = &x.data()[layout.offset()..][..terms * y.len()];
        if let [y] = y {
            *y = pairwise_shared(x);
            return;
        }
        let nanoseconds = x.len() / PER_NANOSECOND;
        let stretch = y.len().div_ceil(threads::parts(nanoseconds));
        threads::for_each_chunk(y, stretch, nanoseconds, |i, y| {
            on_widest(RowSums { x: &x[i * stretch * terms..][..y.len() * terms], terms, y });
        });
    } else if summed_strides.last().is_none_or(|&s| s == 1) {
        for (place, y) in Places::new(&kept, &kept_strides, start).zip(y) {
            let runs = Places::new(outer, &summed_strides[..outer.len()], place as isize);
            *y = runs.map(|first| pairwise(&x.data()[first..][..run])).sum();
        }
    } else if kept_strides.last() == Some(&1) {
        let (rest, columns) = (kept.len() - 1, kept[kept.len() - 1]);
        let starts = Places::new(&kept[..rest], &kept_strides[..rest], start);
        for (place, y) in starts.zip(y.chunks_exact_mut(columns)) {
            threads::for_each_chunk(y, COLUMNS, terms * columns / PER_NANOSECOND, |i, y| {
                let start = place as isize + (i * COLUMNS) as isize;
                match (&summed[..], &summed_strides[..]) {
                    (&[rows], &[stride]) => {
                        let rows = (0..rows as isize).map(|row| (start + row * stride) as usize);
                        on_widest(ColumnSums { data: x.data(), rows, y });
                    }
                    _ => {
                        let rows = Places::new(&summed, &summed_strides, start);
                        on_widest(ColumnSums { data: x.data(), rows, y });
                    }
                }
            });
        }
    } else {
        // Neither side is contiguous: lay the summed axes innermost, by a copy.
        let order: Vec<usize> =
            (0..dims.len()).filter(|a| !reduced.contains(a)).chain(reduced.iter().copied()).collect();
        let layout = layout.permute(&order).or_panic();
        let copy = Array::build(layout.shape(), |copy| {
            for (to, place) in copy.iter_mut().zip(layout.places()) {
                *to = x.data()[place];
            }
        })
        .or_panic();
        let last: Vec<usize> = (dims.len() - reduced.len()..dims.len()).collect();
        sum(copy.view(), &last, y);
    }
}

fn reduced_are_last(reduced: &[usize], dims: &[usize]) -> bool {
    let first = dims.len() - reduced.len();
    reduced.iter().enumerate().all(|(i, &axis)| axis == first + i)
}

/// The sums of rows that lie behind each other.
struct RowSums<'a, T> {
    x: &'a [T],
    terms: usize,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for RowSums<'_, T> {
    #[inline(always)]
    fn run(self) {
        for (row, y) in self.x.chunks_exact(self.terms).zip(self.y) {
            *y = pairwise(row);
        }
    }
}

/// The sum of a run: of straight stretches, as the digits of a binary counter, so that sums of equally many terms meet.
#[inline(always)]
pub(crate) fn pairwise<T: Scalar>(x: &[T]) -> T {
    if x.len() <= STRAIGHT {
        return straight(x);
    }
    by_twos(x.chunks(STRAIGHT).map(|x| straight(x)))
}

/// The sum of some sums, added as the digits of a binary counter.
#[inline(always)]
fn by_twos<T: Scalar>(sums: impl Iterator<Item = T>) -> T {
    let mut levels: SmallVec<[T; 32]> = SmallVec::new();
    for (i, mut sum) in sums.enumerate() {
        for _ in 0..(i + 1).trailing_zeros() {
            sum = levels.pop().expect("one level for each binary digit") + sum;
        }
        levels.push(sum);
    }
    let last = levels.pop().unwrap_or(T::zero());
    levels.into_iter().rev().fold(last, |sum, level| level + sum)
}

/// The sum of few terms, in lanes.
#[inline(always)]
pub(crate) fn straight<T: Scalar>(x: &[T]) -> T {
    if x.len() < LANES {
        return x.iter().fold(T::zero(), |sum, &x| sum + x);
    }
    let mut lanes = [T::zero(); LANES];
    let mut rest = x;
    if x.len() >= 4 * LANES {
        // Four vectors at a time: one sum alone would wait for its own latency.
        let mut wide = [T::zero(); 4 * LANES];
        let chunks = x.chunks_exact(4 * LANES);
        rest = chunks.remainder();
        for chunk in chunks {
            for l in 0..4 * LANES {
                wide[l] += chunk[l];
            }
        }
        for l in 0..LANES {
            lanes[l] = (wide[l] + wide[l + LANES]) + (wide[l + 2 * LANES] + wide[l + 3 * LANES]);
        }
    }
    let chunks = rest.chunks_exact(LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        for l in 0..LANES {
            lanes[l] += chunk[l];
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            let other = lanes[l + width];
            lanes[l] += other;
        }
    }
    tail.iter().fold(lanes[0], |sum, &x| sum + x)
}

/// As [`pairwise`], in leaves that several threads share where that pays. The same bits: a leaf is a whole digit of the counter.
fn pairwise_shared<T: Scalar>(x: &[T]) -> T {
    const LEAF: usize = STRAIGHT << 8;
    let mut sums = vec![T::zero(); x.len().div_ceil(LEAF)];
    threads::for_each_chunk(&mut sums, 1, x.len() / PER_NANOSECOND, |i, sum| {
        let x = &x[i * LEAF..];
        let x = &x[..x.len().min(LEAF)];
        on_widest(RowSums { x, terms: x.len(), y: sum });
    });
    by_twos(sums.into_iter())
}

/// Sums of columns, from rows that begin at certain places.
struct ColumnSums<'a, T, R> {
    data: &'a [T],
    rows: R,
    y: &'a mut [T],
}

impl<T: Scalar, R: Iterator<Item = usize> + Clone> Loop for ColumnSums<'_, T, R> {
    #[inline(always)]
    fn run(self) {
        let ColumnSums { data, rows, y } = self;
        let mut first = 0;
        while first < y.len() {
            let (y, rows) = (&mut y[first..], rows.clone().map(|row| row + first));
            first += match y.len() {
                COLUMNS.. => some_columns::<T, COLUMNS, 1>(data, rows, y),
                16.. => some_columns::<T, 16, 4>(data, rows, y),
                4.. => some_columns::<T, 4, 4>(data, rows, y),
                2.. => some_columns::<T, 2, 4>(data, rows, y),
                _ => some_columns::<T, 1, 4>(data, rows, y),
            };
        }
    }
}

/// Sums the first `N` columns, and returns their number: stretches of some rows straight, the stretches as the digits of a
/// binary counter, so that only sums of equally many rows meet. A stretch is `CHAINS` sums side by side: where the columns
/// are few, one alone would wait for its own latency.
#[inline(always)]
fn some_columns<T: Scalar, const N: usize, const CHAINS: usize>(
    data: &[T],
    mut rows: impl Iterator<Item = usize>,
    y: &mut [T],
) -> usize {
    let mut levels: SmallVec<[[T; N]; 4]> = SmallVec::new();
    let mut stretches = 0_usize;
    let mut sum = loop {
        let mut chains = [[T::zero(); N]; CHAINS];
        let mut is_last = false;
        'stretch: for _ in 0..STRETCH / CHAINS {
            for chain in &mut chains {
                let Some(first) = rows.next() else {
                    is_last = true;
                    break 'stretch;
                };
                let row = &data[first..][..N];
                for j in 0..N {
                    chain[j] += row[j];
                }
            }
        }
        let mut sum = chains.into_iter().reduce(added).expect("one chain at least");
        if is_last {
            break sum;
        }
        stretches += 1;
        for _ in 0..stretches.trailing_zeros() {
            sum = added(levels.pop().expect("one level for each binary digit"), sum);
        }
        levels.push(sum);
    };
    while let Some(level) = levels.pop() {
        sum = added(level, sum);
    }
    y[..N].copy_from_slice(&sum);
    N
}

#[inline(always)]
fn added<T: Scalar, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    from_fn(|j| a[j] + b[j])
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

#[cfg(test)]
mod tests {
    use super::*;
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
