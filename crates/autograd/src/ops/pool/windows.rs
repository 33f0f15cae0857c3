//! Where the windows of pooling lie.

use crate::error::ShapeError;
use crate::kernels::pool::{Span, Windows};
use crate::ops::Window;
use crate::shape::Shape;
use std::sync::Arc;

/// How windows lie along each of the last `D` axes.
///
/// ```
/// use autograd::{Tensor, ops::Pool};
/// assert_eq!(Pool::from(2), Pool::new([2, 2])); // windows side by side, unless somebody says otherwise
/// let x = Tensor::from([1.0, 5.0, 2.0, 8.0, 4.0]);
/// assert_eq!(x.max_pool1d(Pool::new([2])).to_vec(), [5.0, 8.0]);
/// assert_eq!(x.max_pool1d(Pool::new([2]).ceil_mode()).to_vec(), [5.0, 8.0, 4.0]);
/// assert_eq!(x.max_pool1d(Pool::new([2]).stride(1).dilation(2)).to_vec(), [2.0, 8.0, 4.0]);
/// let beyond = Pool::new([3]).stride(2).padding(1); // 0 1 5, 5 2 8 and 8 4 0
/// assert_eq!(x.avg_pool1d(beyond).to_vec(), [2.0, 5.0, 4.0]);
/// assert_eq!(x.avg_pool1d(beyond.without_padding()).to_vec(), [3.0, 5.0, 6.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool<const D: usize = 2> {
    /// The elements of a window.
    pub size: [usize; D],
    /// From a window to the next; the size, unless somebody says otherwise.
    pub stride: [usize; D],
    /// How far windows may reach beyond either end of the axis; at most half of the size.
    pub padding: [usize; D],
    /// From an element of a window to the next; for the largest alone.
    pub dilation: [usize; D],
    /// Whether a last window that reaches beyond the end, but begins before it, counts.
    pub ceil_mode: bool,
    /// Whether a mean is divided by a number that counts what its window covers of the padding, as zeros; for means alone.
    pub count_padding: bool,
}

impl<const D: usize> Pool<D> {
    /// Windows of this size, side by side.
    pub fn new(size: [usize; D]) -> Self {
        Pool { size, stride: size, padding: [0; D], dilation: [1; D], ceil_mode: false, count_padding: true }
    }

    /// This stride along every axis.
    pub fn stride(self, stride: usize) -> Self {
        Pool { stride: [stride; D], ..self }
    }

    /// This padding along every axis.
    pub fn padding(self, padding: usize) -> Self {
        Pool { padding: [padding; D], ..self }
    }

    /// This dilation along every axis.
    pub fn dilation(self, dilation: usize) -> Self {
        Pool { dilation: [dilation; D], ..self }
    }

    /// A last window that reaches beyond the end, but begins before it, counts.
    pub fn ceil_mode(self) -> Self {
        Pool { ceil_mode: true, ..self }
    }

    /// Means are over the elements alone, and leave padding out.
    pub fn without_padding(self) -> Self {
        Pool { count_padding: false, ..self }
    }

    /// The windows along axis `i`, whose size is `len`.
    pub(super) fn spans(&self, i: usize, len: usize) -> Result<Vec<Span>, &'static str> {
        let (size, stride, padding, dilation) =
            (self.size[i], self.stride[i], self.padding[i], self.dilation[i]);
        if size == 0 || stride == 0 || dilation == 0 {
            return Err("size, stride and dilation of a window must be at least 1");
        }
        if padding > size / 2 {
            return Err("the padding is more than half of the size of a window");
        }
        if len == 0 {
            return Err("there is nothing");
        }
        let window = Window { stride: [stride], padding: [padding], dilation: [dilation] };
        let mut places = window.places(0, len, size);
        if self.ceil_mode
            && let Some(floor) = places
        {
            let left = (len + 2 * padding - (size - 1) * dilation - 1) % stride;
            // A window has to begin within the axis, or the padding before it.
            places = Some(floor + usize::from(left > 0 && floor * stride < len + padding));
        }
        let places = places.ok_or("the windows do not fit")?;
        if places > MOST {
            return Err("there are too many windows");
        }
        let span = |place: usize| {
            let start = (place * stride) as isize - padding as isize;
            let skipped = (-start).max(0).unsigned_abs().div_ceil(dilation).min(size);
            let first = (start + (skipped * dilation) as isize).unsigned_abs();
            let count = len.saturating_sub(first).div_ceil(dilation).min(size - skipped);
            let with_padding = (len + padding).saturating_add_signed(-start).min(size);
            Span {
                first,
                count,
                step: dilation,
                divisor: if self.count_padding { with_padding } else { count },
            }
        };
        Ok((0..places).map(span).collect())
    }
}

impl From<usize> for Pool<1> {
    fn from(size: usize) -> Self {
        Pool::new([size])
    }
}

impl From<usize> for Pool<2> {
    fn from(size: usize) -> Self {
        Pool::new([size, size])
    }
}

impl<const D: usize> From<[usize; D]> for Pool<D> {
    fn from(size: [usize; D]) -> Self {
        Pool::new(size)
    }
}

/// Nobody divides an axis into more windows than this: their list alone takes half a gigabyte.
pub(super) const MOST: usize = 1 << 24;

/// Windows that divide an axis of `len` elements as evenly as whole numbers allow: where `len` is no multiple of `count`, some
/// neighbours share an element.
pub(super) fn even_spans(len: usize, count: usize) -> Vec<Span> {
    let span = |i: usize| {
        let (first, end) = (i * len / count, ((i + 1) * len).div_ceil(count));
        Span { first, count: end - first, step: 1, divisor: end - first }
    };
    (0..count).map(span).collect()
}

/// Windows over the last axes of tensors of one size: along rows and along columns.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) rows: Arc<[Span]>,
    pub(super) columns: Arc<[Span]>,
    pub(super) plane: [usize; 2],
}

impl Layout {
    /// Windows along each of the last `D` axes of `x`, by a function of the number of the axis and its size.
    pub(super) fn new<const D: usize>(
        x: &Shape,
        spans: impl Fn(usize, usize) -> Result<Vec<Span>, &'static str>,
    ) -> Result<Self, ShapeError> {
        const { assert!(D == 1 || D == 2, "pooling is over one axis or two") };
        if x.rank() < D {
            return Err(ShapeError::new(format!("expected at least {D} axes")).operand("input", x, "").help(
                "windows lie along the last axes; those before them, such as batch and channels, stay",
            ));
        }
        let last = x.rank() - D;
        let along = |i: usize| {
            spans(i, x[last + i]).map_err(|problem| {
                let axis = last + i;
                ShapeError::new(format!("{problem} along axis {axis}"))
                    .operand("input", x, format!("axis {axis} is {}", x[axis]))
                    .help("windows lie along the last axes")
            })
        };
        let whole = || vec![Span { first: 0, count: 1, step: 1, divisor: 1 }];
        let rows = if D == 1 { whole() } else { along(0)? };
        let plane = if D == 1 { [1, x[last]] } else { [x[last], x[last + 1]] };
        Ok(Layout { rows: rows.into(), columns: along(D - 1)?.into(), plane })
    }

    pub(super) fn windows(&self) -> Windows<'_> {
        Windows { rows: &self.rows, columns: &self.columns, plane: self.plane }
    }

    /// The shape of what windows over the last `axes` axes of `x` make.
    pub(super) fn output(&self, x: &Shape, axes: usize) -> Shape {
        let (outer, _) = x.split_at(x.rank() - axes);
        outer.join(&[self.rows.len(), self.columns.len()][2 - axes..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows by their definition, element by element.
    #[test]
    fn spans_cover_what_their_windows_cover() {
        for size in 1..5 {
            for (stride, padding, dilation, len) in (1..4)
                .flat_map(|s| (0..=size / 2).map(move |p| (s, p)))
                .flat_map(|(s, p)| (1..3).map(move |d| (s, p, d)))
                .flat_map(|(s, p, d)| (0..8).map(move |len| (s, p, d, len)))
            {
                let pool = Pool::<1>::new([size]).stride(stride).padding(padding).dilation(dilation);
                for pool in [pool, pool.ceil_mode()] {
                    let Ok(spans) = pool.spans(0, len) else { continue };
                    for (i, span) in spans.iter().enumerate() {
                        let covered: Vec<usize> = (0..size)
                            .filter_map(|j| (i * stride + j * dilation).checked_sub(padding))
                            .filter(|&place| place < len)
                            .collect();
                        let found: Vec<usize> = (0..span.count).map(|j| span.first + j * span.step).collect();
                        assert_eq!(found, covered, "{pool:?}, {len} elements, window {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn even_spans_touch_and_cover() {
        for len in 1..9 {
            for count in 1..9 {
                let spans = even_spans(len, count);
                assert_eq!((spans[0].first, spans.len()), (0, count));
                assert_eq!(spans[count - 1].first + spans[count - 1].count, len);
                assert!(spans.iter().all(|span| span.count > 0));
                let gaps = spans.windows(2).filter(|pair| pair[0].first + pair[0].count < pair[1].first);
                assert_eq!(gaps.count(), 0);
            }
        }
    }
}
