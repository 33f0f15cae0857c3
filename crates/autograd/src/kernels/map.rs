//! Pointwise functions: `y = f(x0, x1, ...)` element by element, over operands that broadcast together.
//!
//! The axes along which all operands advance evenly are merged first, so most calls are a single long row. A row is
//! worked through in blocks: an operand that is contiguous is read where it lies, any other is first gathered into a
//! block on the stack. So there is one inner loop, over contiguous slices, that the compiler vectorises, compiled once
//! for the machine's baseline and once each for AVX2 and AVX-512, chosen at run time; the results are the same bits.

use super::threads;
use crate::array::View;
use crate::layout::Places;
use crate::scalar::Element;
use crate::shape::{Shape, Small};
use smallvec::SmallVec;
use std::array::from_fn;
use std::time::Instant;

/// The length of a block: small enough that some blocks stay in the first-level cache.
const BLOCK: usize = 256;

/// The elements whose time tells what a function costs.
const SAMPLE: usize = 1024;

/// Writes `f` of the operands, broadcast to `shape`, to `y` in row-major order.
///
/// # Panics
/// If `y` does not have the size of `shape`, or an operand does not broadcast to it.
#[inline]
pub(crate) fn map<T: Element, U: Element, const N: usize>(
    x: [View<'_, T>; N],
    shape: &Shape,
    y: &mut [U],
    f: impl Fn([T; N]) -> U + Sync,
) {
    map_with(x, [], shape, y, |x, []| f(x));
}

/// As [`map`], with `M` further operands apart from the first `N`.
#[inline]
pub(crate) fn map_with<T: Element, U: Element, const N: usize, const M: usize>(
    x: [View<'_, T>; N],
    more: [View<'_, T>; M],
    shape: &Shape,
    y: &mut [U],
    f: impl Fn([T; N], [T; M]) -> U + Sync,
) {
    assert_eq!(y.len(), shape.size(), "the output does not fit the shape");
    let is_plain = |x: &View<'_, T>| x.shape() == shape && x.layout().is_contiguous();
    if x.iter().all(is_plain) && more.iter().all(is_plain) {
        let len = y.len();
        let (x, more) = (x.map(|x| plain(x, len)), more.map(|x| plain(x, len)));
        if len < 24 * SAMPLE || threads::threads() == 1 {
            return row(x, more, y, f);
        }
        // What the function costs is not known: the first stretch tells.
        let began = Instant::now();
        let (sample, y) = y.split_at_mut(SAMPLE);
        row(x.map(|x| &x[..SAMPLE]), more.map(|x| &x[..SAMPLE]), sample, &f);
        let nanoseconds = began.elapsed().as_nanos() as usize * (y.len() / SAMPLE);
        let stretch = y.len().div_ceil(threads::parts(nanoseconds)).next_multiple_of(64);
        threads::for_each_chunk(y, stretch, nanoseconds, |i, y| {
            let first = SAMPLE + i * stretch;
            row(x.map(|x| &x[first..][..y.len()]), more.map(|x| &x[first..][..y.len()]), y, &f);
        });
    } else if !y.is_empty() {
        strided(x, more, shape, y, f);
    }
}

/// Writes `f` of each element in its place.
#[inline]
pub(crate) fn map_in_place<T: Element>(y: &mut [T], f: impl Fn(T) -> T) {
    #[cfg(all(target_arch = "x86_64", avx512))]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has AVX-512.
        return unsafe { in_place_avx512(y, f) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { in_place_avx2(y, f) };
    }
    y.iter_mut().for_each(|y| *y = f(*y));
}

/// # Safety
/// The processor must have AVX-512.
#[cfg(all(target_arch = "x86_64", avx512))]
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
#[target_feature(enable = "avx512f")]
unsafe fn in_place_avx512<T: Element>(y: &mut [T], f: impl Fn(T) -> T) {
    for y in y {
        *y = f(*y);
    }
}

/// # Safety
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn in_place_avx2<T: Element>(y: &mut [T], f: impl Fn(T) -> T) {
    for y in y {
        *y = f(*y);
    }
}

/// The elements of a contiguous operand.
#[inline]
fn plain<T: Element>(x: View<'_, T>, len: usize) -> &[T] {
    &x.data()[x.layout().offset()..][..len]
}

fn strided<T: Element, U: Element, const N: usize, const M: usize>(
    x: [View<'_, T>; N],
    more: [View<'_, T>; M],
    shape: &Shape,
    y: &mut [U],
    f: impl Fn([T; N], [T; M]) -> U,
) {
    let mut operands: SmallVec<[Operand<'_, T>; 4]> =
        x.iter().chain(&more).map(|x| Operand::new(*x, shape)).collect();
    let columns = merge(&mut operands, shape.dims());
    for y in y.chunks_exact_mut(columns) {
        for x in &mut operands {
            x.next_row();
        }
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            for x in &mut operands {
                x.gather(block * BLOCK, y.len());
            }
            let block = |i: usize| operands[i].block(block * BLOCK, y.len());
            let (x, more) = (from_fn(block), from_fn(|i| block(N + i)));
            row(x, more, y, &f);
        }
    }
}

/// An operand on its way through the rows.
struct Operand<'a, T> {
    data: &'a [T],
    strides: Small<isize>,
    rows: Places,
    /// Where the row begins, and the step from column to column.
    start: usize,
    step: isize,
    scratch: [T; BLOCK],
}

impl<'a, T: Element> Operand<'a, T> {
    fn new(x: View<'a, T>, shape: &Shape) -> Self {
        let start = x.layout().offset();
        Operand {
            data: x.data(),
            strides: x.layout().strides_in(shape),
            rows: Places::new(&[], &[], start as isize),
            start,
            step: 0,
            scratch: [T::default(); BLOCK],
        }
    }

    fn next_row(&mut self) {
        self.start = self.rows.next().expect("a start for every row");
    }

    /// Brings `len` elements from column `first` on to where [`block`](Self::block) finds them.
    fn gather(&mut self, first: usize, len: usize) {
        match self.step {
            1 => {}
            0 if first > 0 => {} // the block before holds the same value throughout
            0 => self.scratch[..len].fill(self.data[self.start]),
            step => {
                let mut place = self.start as isize + first as isize * step;
                for element in &mut self.scratch[..len] {
                    *element = self.data[place as usize];
                    place += step;
                }
            }
        }
    }

    fn block(&self, first: usize, len: usize) -> &[T] {
        match self.step {
            1 => &self.data[self.start + first..][..len],
            _ => &self.scratch[..len],
        }
    }
}

/// Merges neighbouring axes where every operand passes from one to the next evenly, lets every operand walk all but the
/// last of what is left, and returns the length of that last one, the row.
fn merge<T: Element>(operands: &mut [Operand<'_, T>], dims: &[usize]) -> usize {
    let mut merged: Small<usize> = Small::new();
    let mut strides: SmallVec<[Small<isize>; 4]> = operands.iter().map(|_| Small::new()).collect();
    for (axis, &dim) in dims.iter().enumerate().filter(|(_, dim)| **dim != 1) {
        let evenly =
            |(x, to): (&Operand<'_, T>, &Small<isize>)| to.last() == Some(&(x.strides[axis] * dim as isize));
        match merged.last_mut() {
            Some(last) if operands.iter().zip(&strides).all(evenly) => {
                *last *= dim;
                strides.iter_mut().for_each(|to| to.truncate(to.len() - 1));
            }
            _ => merged.push(dim),
        }
        for (x, to) in operands.iter().zip(&mut strides) {
            to.push(x.strides[axis]);
        }
    }
    let columns = merged.pop().unwrap_or(1);
    for (x, mut strides) in operands.iter_mut().zip(strides) {
        x.step = strides.pop().unwrap_or(0);
        x.rows = Places::new(&merged, &strides, x.start as isize);
    }
    columns
}

/// The inner loop, on the widest vectors of the machine that pay.
#[inline]
fn row<T: Element, U: Element, const N: usize, const M: usize>(
    x: [&[T]; N],
    more: [&[T]; M],
    y: &mut [U],
    f: impl Fn([T; N], [T; M]) -> U,
) {
    assert!(x.iter().chain(&more).all(|x| x.len() == y.len()), "a row is not as long as the output");
    #[cfg(all(target_arch = "x86_64", avx512))]
    if y.len() >= 16 && is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has AVX-512, and all rows are as long as `y`.
        return unsafe { loop_avx512(x, more, y, f) };
    }
    #[cfg(target_arch = "x86_64")]
    if y.len() >= 8 && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, and all rows are as long as `y`.
        return unsafe { loop_avx2(x, more, y, f) };
    }
    // SAFETY: all rows are as long as `y`.
    unsafe { loop_over(x, more, y, f) }
}

/// # Safety
/// The processor must have AVX-512, and all rows must be at least as long as `y`.
#[cfg(all(target_arch = "x86_64", avx512))]
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
#[target_feature(enable = "avx512f")]
unsafe fn loop_avx512<T: Element, U: Element, const N: usize, const M: usize>(
    x: [&[T]; N],
    more: [&[T]; M],
    y: &mut [U],
    f: impl Fn([T; N], [T; M]) -> U,
) {
    // SAFETY: the caller's promise.
    unsafe { loop_over(x, more, y, f) }
}

/// # Safety
/// The processor must have AVX2, and all rows must be at least as long as `y`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn loop_avx2<T: Element, U: Element, const N: usize, const M: usize>(
    x: [&[T]; N],
    more: [&[T]; M],
    y: &mut [U],
    f: impl Fn([T; N], [T; M]) -> U,
) {
    // SAFETY: the caller's promise.
    unsafe { loop_over(x, more, y, f) }
}

/// # Safety
/// All rows must be at least as long as `y`.
#[inline(always)]
unsafe fn loop_over<T: Element, U: Element, const N: usize, const M: usize>(
    x: [&[T]; N],
    more: [&[T]; M],
    y: &mut [U],
    f: impl Fn([T; N], [T; M]) -> U,
) {
    for (j, y) in y.iter_mut().enumerate() {
        // SAFETY: `j` is below the length of `y`, and so of every row.
        let at = |row: &[T]| unsafe { *row.get_unchecked(j) };
        *y = f(from_fn(|i| at(x[i])), from_fn(|i| at(more[i])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use proptest::prelude::*;

    fn numbers(shape: &[usize]) -> Array<usize> {
        let size = shape.iter().product();
        Array::from_vec((0..size).collect(), shape).unwrap()
    }

    proptest! {
        /// Every operand broadcast, permuted and sliced at random gives what the element iterator gives.
        #[test]
        fn any_layouts_agree_with_one_by_one(
            dims in prop::collection::vec(0_usize..5, 0..4),
            ones in prop::collection::vec(any::<bool>(), 4),
            long in 0_usize..3,
        ) {
            // A row longer than a block, now and then.
            let dims: Vec<usize> = dims.into_iter().chain(std::iter::repeat_n(300, usize::from(long == 0))).collect();
            let shape = Shape::from(&dims[..]);
            let stretched: Vec<usize> = dims.iter().zip(&ones).map(|(&d, &one)| if one { 1 } else { d }).collect();
            let reversed: Vec<usize> = dims.iter().rev().copied().collect();
            let order: Vec<usize> = (0..dims.len()).rev().collect();
            let wide: Vec<usize> = dims.iter().map(|d| 2 * d).collect();

            let a = numbers(&stretched[ones.len().min(stretched.len()) / 2..]);
            prop_assume!(a.broadcast_to(&shape).is_ok());
            let b = numbers(&reversed).permute(&order).unwrap();
            let mut c = numbers(&wide);
            for (axis, &d) in dims.iter().enumerate() {
                c = if axis % 2 == 0 { c.slice(axis, 0, d, 2).unwrap() } else { c.slice(axis, (2 * d).saturating_sub(1), d, -1).unwrap() };
            }
            let mut y = vec![0; shape.size()];
            map([a.view(), b.view(), c.view()], &shape, &mut y, |[a, b, c]| a + 1000 * b + 1_000_000 * c);
            let a = a.broadcast_to(&shape).unwrap();
            let expected: Vec<usize> = a.view().iter().zip(b.view().iter()).zip(c.view().iter())
                .map(|((a, b), c)| a + 1000 * b + 1_000_000 * c).collect();
            prop_assert_eq!(y, expected);
        }
    }
}
