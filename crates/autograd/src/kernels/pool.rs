//! Pooling: means over windows of planes, what carries them back, and the places of the largest.
//!
//! The windows of a plane are a window along its rows for each row of the output, and one along its columns for each column.
//! So a mean is one over rows, which goes in vectors, followed by one over columns.

use super::threads;
use super::widest::{Loop, on_widest};
use crate::scalar::Scalar;

/// What a window covers of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// The first element.
    pub(crate) first: usize,
    /// How many.
    pub(crate) count: usize,
    /// From one to the next.
    pub(crate) step: usize,
    /// How many a mean is divided by, which may count some that lie outside the axis.
    pub(crate) divisor: usize,
}

/// The windows along rows and along columns, and the size of a plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows<'a> {
    pub(crate) rows: &'a [Span],
    pub(crate) columns: &'a [Span],
    pub(crate) plane: [usize; 2],
}

impl Windows<'_> {
    fn plane_size(&self) -> usize {
        self.plane[0] * self.plane[1]
    }

    fn output_size(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// About how many nanoseconds a plane takes.
    fn nanoseconds(&self) -> usize {
        self.plane_size() / 4 + self.output_size()
    }
}

/// The mean of every window of every plane.
pub(crate) fn means<T: Scalar>(windows: &Windows<'_>, x: &[T], y: &mut [T]) {
    if y.is_empty() {
        return;
    }
    for_each_plane(windows, y, windows.output_size(), |plane, y| {
        let x = &x[plane * windows.plane_size()..][..y.len() / windows.output_size() * windows.plane_size()];
        on_widest(Means { windows, x, y });
    });
}

/// Carries the cotangents of means back: every element gets the share of each window that covers it.
pub(crate) fn shares<T: Scalar>(windows: &Windows<'_>, dy: &[T], dx: &mut [T]) {
    if dx.is_empty() {
        return;
    }
    for_each_plane(windows, dx, windows.plane_size(), |plane, dx| {
        let len = dx.len() / windows.plane_size() * windows.output_size();
        let dy = &dy[plane * windows.output_size()..][..len];
        on_widest(Shares { windows, dy, dx });
    });
}

/// In every window of every plane, the place in its plane of the largest element: the first of several, and NaN above all. No
/// window may be empty.
pub(crate) fn largest<T: Scalar>(windows: &Windows<'_>, x: &[T], places: &mut [usize]) {
    if places.is_empty() {
        return;
    }
    for_each_plane(windows, places, windows.output_size(), |plane, places| {
        let x = &x[plane * windows.plane_size()..];
        let planes = places.chunks_exact_mut(windows.output_size());
        for (x, places) in x.chunks_exact(windows.plane_size()).zip(planes) {
            largest_of_plane(windows, x, places);
        }
    });
}

fn largest_of_plane<T: Scalar>(windows: &Windows<'_>, x: &[T], places: &mut [usize]) {
    let width = windows.plane[1];
    for (rows, places) in windows.rows.iter().zip(places.chunks_exact_mut(windows.columns.len())) {
        for (columns, place) in windows.columns.iter().zip(places) {
            let first = rows.first * width + columns.first;
            let (mut largest, mut at) = (x[first], first);
            for i in 0..rows.count {
                let row = first + i * rows.step * width;
                for j in 0..columns.count {
                    let x = x[row + j * columns.step];
                    if x > largest || (x.is_nan() && !largest.is_nan()) {
                        (largest, at) = (x, row + j * columns.step);
                    }
                }
            }
            *place = at;
        }
    }
}

/// Calls `f` with stretches of whole planes of `y`, `len` elements each, and the number of the first.
fn for_each_plane<U: Send>(
    windows: &Windows<'_>,
    y: &mut [U],
    len: usize,
    f: impl Fn(usize, &mut [U]) + Sync,
) {
    let nanoseconds = y.len() / len * windows.nanoseconds();
    threads::for_each_rows(y, len, nanoseconds, f);
}

struct Means<'a, T> {
    windows: &'a Windows<'a>,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Scalar> Loop for Means<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Windows { rows, columns, plane: [_, width] } = *self.windows;
        let mut sum = vec![T::zero(); width];
        let outputs = self.y.chunks_exact_mut(self.windows.output_size());
        for (x, y) in self.x.chunks_exact(self.windows.plane_size()).zip(outputs) {
            for (rows, y) in rows.iter().zip(y.chunks_exact_mut(columns.len())) {
                sum.fill(T::zero());
                for i in 0..rows.count {
                    add(&x[(rows.first + i * rows.step) * width..][..width], &mut sum);
                }
                for (columns, y) in columns.iter().zip(y) {
                    let mut whole = T::zero();
                    for &x in &sum[columns.first..columns.first + columns.count] {
                        whole += x;
                    }
                    *y = whole / T::of((rows.divisor * columns.divisor) as f64);
                }
            }
        }
    }
}

struct Shares<'a, T> {
    windows: &'a Windows<'a>,
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Scalar> Loop for Shares<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Windows { rows, columns, plane: [_, width] } = *self.windows;
        self.dx.fill(T::zero());
        if self.dx.is_empty() || self.dy.is_empty() {
            return;
        }
        let mut share = vec![T::zero(); width];
        let planes = self.dx.chunks_exact_mut(self.windows.plane_size());
        for (dx, dy) in planes.zip(self.dy.chunks_exact(self.windows.output_size())) {
            for (rows, dy) in rows.iter().zip(dy.chunks_exact(columns.len())) {
                share.fill(T::zero());
                for (columns, &dy) in columns.iter().zip(dy) {
                    let each = dy / T::of((rows.divisor * columns.divisor) as f64);
                    for share in &mut share[columns.first..columns.first + columns.count] {
                        *share += each;
                    }
                }
                for i in 0..rows.count {
                    add(&share, &mut dx[(rows.first + i * rows.step) * width..][..width]);
                }
            }
        }
    }
}

/// Adds a row to another.
#[inline(always)]
fn add<T: Scalar>(x: &[T], y: &mut [T]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y += x);
}
