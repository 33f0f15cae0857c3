//! Pointwise functions: `y = f(x0, x1, ...)` element by element, over operands that broadcast together.
//!
//! Operands of one shape that lie in row-major order are a single long row each; any others are worked through in [tiles](super::tiles).
//! So there is one inner loop, over contiguous slices, that the compiler vectorises.

use super::threads;
use super::tiles::Tiled;
use super::widest::{Loop, on_widest};
use crate::array::View;
use crate::scalar::Element;
use crate::shape::Shape;
use std::array::from_fn;
use std::time::Instant;

/// At least how many elements tell what a function costs. Where there are many it is some more, beside which the clock's own
/// time does not count.
const SAMPLE: usize = 1024;

/// What is worked out for each element, of `N` operands and `M` further ones. A closure is one. A compiler does not copy a large
/// closure into the loop, which then is not vectorised; so what may be large implements this, as `#[inline(always)]`.
pub(crate) trait Each<T, V, U, const N: usize, const M: usize>: Sync {
    /// The result.
    fn at(&self, x: [T; N], more: [V; M]) -> U;
}

impl<T, V, U, F: Fn([T; N], [V; M]) -> U + Sync, const N: usize, const M: usize> Each<T, V, U, N, M> for F {
    #[inline(always)]
    fn at(&self, x: [T; N], more: [V; M]) -> U {
        self(x, more)
    }
}

/// Writes `f` of the operands, broadcast to `shape`, to `y` in row-major order.
///
/// # Panics
/// If `y` does not have the size of `shape`, or an operand does not broadcast to it.
pub(crate) fn map<T: Element, U: Send, const N: usize>(
    x: [View<'_, T>; N],
    shape: &Shape,
    y: &mut [U],
    f: impl Fn([T; N]) -> U + Sync,
) {
    map_each(x, [], shape, y, |x: [T; N], []: [T; 0]| f(x));
}

/// As [`map`], with `M` further operands, which may be of another type, and of what may be large.
pub(crate) fn map_each<T: Element, V: Element, U: Send, const N: usize, const M: usize>(
    x: [View<'_, T>; N],
    more: [View<'_, V>; M],
    shape: &Shape,
    y: &mut [U],
    f: impl Each<T, V, U, N, M>,
) {
    assert_eq!(y.len(), shape.size(), "the output does not fit the shape");
    if let (Some(x), Some(more)) = (plain(&x, shape, y.len()), plain(&more, shape, y.len())) {
        in_stretches(y, 64, &|first, y| {
            let f = &f;
            on_widest(Row {
                x: x.map(|x| &x[first..][..y.len()]),
                more: more.map(|x| &x[first..][..y.len()]),
                y,
                f,
            });
        });
    } else if !y.is_empty() {
        let tiled = Tiled::new(x, more, shape);
        in_stretches(y, tiled.columns(), &|first, y| tiled.map(first, y, &f));
    }
}

/// Calls `work` with stretches of `y`, in whole multiples of `unit` elements, and where each begins: with one, or with some for
/// several threads if that pays. What an element costs is not known: the first stretch tells. Not compiled for each function anew.
#[inline(never)]
fn in_stretches<U: Send>(y: &mut [U], unit: usize, work: &(dyn Fn(usize, &mut [U]) + Sync)) {
    let least = SAMPLE.next_multiple_of(unit);
    if y.len() < 24 * least || threads::threads() == 1 {
        return work(0, y);
    }
    let sample = (y.len() / 16).min(4 * least).next_multiple_of(unit);
    let began = Instant::now();
    let (first, y) = y.split_at_mut(sample);
    work(0, first);
    let nanoseconds = began.elapsed().as_nanos() as usize * (y.len() / sample);
    let stretch = y.len().div_ceil(threads::parts(nanoseconds)).next_multiple_of(unit);
    threads::for_each_chunk(y, stretch, nanoseconds, |i, y| work(sample + i * stretch, y));
}

/// The elements of operands that need no broadcasting and lie in row-major order, if all do.
#[inline(always)]
pub(crate) fn plain<'a, T: Element, const N: usize>(
    x: &[View<'a, T>; N],
    shape: &Shape,
    size: usize,
) -> Option<[&'a [T]; N]> {
    let is_plain = |x: &View<'_, T>| x.layout().is_contiguous() && x.shape() == shape;
    x.iter().all(is_plain).then(|| x.map(|x| &x.data()[x.layout().offset()..][..size]))
}

/// Writes `f` of each element in its place.
pub(crate) fn map_in_place<T: Element>(y: &mut [T], f: impl Each<T, T, T, 1, 0>) {
    in_stretches(y, 64, &|_, y| on_widest(InPlace { y, f: &f }));
}

struct InPlace<'a, T, F> {
    y: &'a mut [T],
    f: &'a F,
}

impl<T: Element, F: Each<T, T, T, 1, 0>> Loop for InPlace<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        for y in self.y {
            *y = self.f.at([*y], []);
        }
    }
}

/// `y = f(x..., more...)`, all contiguous and equally long.
pub(super) struct Row<'a, T, V, U, F, const N: usize, const M: usize> {
    pub(super) x: [&'a [T]; N],
    pub(super) more: [&'a [V]; M],
    pub(super) y: &'a mut [U],
    pub(super) f: &'a F,
}

impl<T: Element, V: Element, U, F, const N: usize, const M: usize> Loop for Row<'_, T, V, U, F, N, M>
where
    F: Each<T, V, U, N, M>,
{
    #[inline(always)]
    fn run(self) {
        let Row { x, more, y, f } = self;
        let fits = x.iter().all(|x| x.len() == y.len()) && more.iter().all(|x| x.len() == y.len());
        assert!(fits, "a row is not as long as the output");
        for (j, y) in y.iter_mut().enumerate() {
            // SAFETY: `j` is below the length of `y`, and so of every row.
            let (x, more) =
                unsafe { (from_fn(|i| *x[i].get_unchecked(j)), from_fn(|i| *more[i].get_unchecked(j))) };
            *y = f.at(x, more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use crate::kernels::threads::with_threads;
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

    /// Every way a tile is gathered, on one and on several threads, in elements of several sizes.
    #[test]
    fn tiles_of_any_size_are_transposed_stretched_and_shared() {
        const OUTER: usize = 5;
        fn check<T: Element + PartialEq + std::fmt::Debug>(
            rows: usize,
            columns: usize,
            of: impl Fn(usize) -> T,
        ) {
            let table = |shape: &[usize]| {
                Array::from_vec((0..shape.iter().product()).map(&of).collect(), shape).unwrap()
            };
            let turned = table(&[columns, rows]).permute(&[1, 0]).unwrap();
            let (rows_of, row, column) = (table(&[OUTER, 1, columns]), table(&[columns]), table(&[rows, 1]));
            let x = [&turned, &rows_of, &row, &column].map(Array::view);
            let expected: Vec<[T; 4]> = (0..OUTER * rows * columns)
                .map(|i| (i / (rows * columns), i / columns % rows, i % columns))
                .map(|(outer, i, j)| [of(j * rows + i), of(outer * columns + j), of(j), of(i)])
                .collect();
            let shape = Shape::from([OUTER, rows, columns]);
            let mut y = vec![[of(0); 4]; expected.len()];
            for count in [1, 3] {
                with_threads(count, || map(x, &shape, &mut y, |x| x));
                assert!(y == expected, "{rows} x {columns}, {count} threads");
            }
            // A stretch that begins with a short tile.
            let first = rows.saturating_sub(2) * columns;
            y.fill([of(0); 4]);
            Tiled::new(x, [], &shape).map(first, &mut y[first..], &|x, []: [T; 0]| x);
            assert!(y[first..] == expected[first..], "{rows} x {columns}, from {first}");
        }
        for (rows, columns) in [(1, 1), (8, 8), (17, 9), (300, 10), (33, 130), (40, 1025), (700, 100)] {
            check(rows, columns, |i| i as f32);
            check(rows, columns, |i| i as f64);
            check(rows, columns, |i| i % 3 == 0);
        }
    }
}
