//! Operands that broadcast, or do not lie in row-major order: worked through in tiles.
//!
//! The axes along which all operands advance evenly are merged first. What is left is worked through in tiles of some rows and
//! columns: an operand whose elements lie behind each other is read in its place, any other is first gathered on the stack; where
//! it lies across the rows, as a transpose does, some rows together, so that every cache line is read once. A row that is added
//! to many is gathered once.

use super::map::{Each, Row};
use super::matmul::pack;
use super::walk::Walk;
use super::widest::{Loop, on_widest};
use crate::array::View;
use crate::scalar::Element;
use crate::shape::{Shape, Small};
use std::array::from_fn;

/// The elements of a tile: few enough that some tiles stay in the first-level cache.
const TILE: usize = 2048;
/// The rows that are gathered together where an operand lies across them: a cache line of `f32`.
const ACROSS: usize = 16;
/// Rows that are transposed together in registers.
const SIDE: usize = 8;
/// From this length on a row is worth a loop of its own, in which an operand that repeats one element is a constant.
const LONG: usize = 32;

/// Operands that broadcast to one shape, ready to be worked through.
pub(super) struct Tiled<'a, T, V, const N: usize, const M: usize> {
    walk: Walk,
    x: [Operand<'a, T>; N],
    more: [Operand<'a, V>; M],
}

impl<'a, T: Element, V: Element, const N: usize, const M: usize> Tiled<'a, T, V, N, M> {
    pub(super) fn new(x: [View<'a, T>; N], more: [View<'a, V>; M], shape: &Shape) -> Self {
        let mut layouts = x.iter().map(|x| x.layout()).chain(more.iter().map(|x| x.layout()));
        let (walk, strides) = Walk::of(&mut layouts, shape);
        let mut strides = strides.into_iter();
        let mut next = || strides.next().expect("strides of every operand");
        Tiled { walk, x: x.map(|x| Operand::new(x, next())), more: more.map(|x| Operand::new(x, next())) }
    }

    /// The length of a row: `y` is written in whole rows.
    pub(super) fn columns(&self) -> usize {
        self.walk.columns
    }

    /// Writes `f` of the operands to `y`, some rows from the element `first` of the whole on.
    #[inline(never)]
    pub(super) fn map<U>(&self, first: usize, y: &mut [U], f: &impl Each<T, V, U, N, M>) {
        let columns = self.walk.columns;
        self.for_each_tile(first / columns, y.len() / columns, &mut |of| {
            on_widest(Lines { of, columns, y: &mut y[of.start..], f });
        });
    }

    /// Calls `work` with what is read of each tile of so many rows from row `first` on. Not compiled for each function anew.
    #[inline(never)]
    fn for_each_tile(&self, first: usize, rows: usize, work: &mut dyn FnMut(&Tiles<'_, T, V, N, M>)) {
        let Tiled { walk, x, more } = self;
        let (x, more) = (x.each_ref().map(Tile::of), more.each_ref().map(Tile::of));
        let columns = walk.columns;
        let across =
            x.iter().any(|x| x.operand.lies_across()) || more.iter().any(|x| x.operand.lies_across());
        let (most, width) = match columns {
            ..=TILE if !across => (TILE / columns, columns),
            _ if columns <= TILE / SIDE => (TILE / columns / SIDE * SIDE, columns),
            _ if across => (ACROSS, TILE / ACROSS),
            _ => (1, TILE),
        };
        let is_repeated = |x: &Tile<'_, T>| width >= LONG && x.operand.step == 0;
        let repeated = if N == 2 && M == 0 { x.iter().position(is_repeated) } else { None };
        let mut tiles = Tiles { x, more, repeated, start: 0, lines: 0, len: 0 };
        let before_next = walk.rows.last().copied().unwrap_or(1);
        let mut row = 0;
        while row < rows {
            let index = walk.index(first + row);
            let height = most.min(before_next - index.last().unwrap_or(&0)).min(rows - row);
            for column in (0..columns).step_by(width) {
                tiles.start = row * columns + column;
                tiles.go_to(&index, column, height, width.min(columns - column), columns);
                work(&tiles);
            }
            row += height;
        }
    }
}

/// What is read of all operands at a time.
struct Tiles<'a, T, V, const N: usize, const M: usize> {
    x: [Tile<'a, T>; N],
    more: [Tile<'a, V>; M],
    /// Of two operands, the one that repeats an element along each row.
    repeated: Option<usize>,
    /// Where the result begins, after how many elements, and how many lines of which length it has.
    start: usize,
    lines: usize,
    len: usize,
}

impl<T: Element, V: Element, const N: usize, const M: usize> Tiles<'_, T, V, N, M> {
    fn go_to(&mut self, index: &[usize], column: usize, height: usize, width: usize, columns: usize) {
        // Where a tile has all columns its rows lie behind each other, and count as one.
        let is_packed = width == columns;
        (self.lines, self.len) = match is_packed && self.repeated.is_none() {
            true => (1, height * width),
            false => (height, width),
        };
        for (n, x) in self.x.iter_mut().enumerate() {
            match self.repeated == Some(n) {
                true => x.at = Area { place: x.operand.place(index, column), height, width },
                false => x.go_to(index, column, height, width, is_packed),
            }
        }
        self.more.iter_mut().for_each(|x| x.go_to(index, column, height, width, is_packed));
    }
}

/// An operand: where it begins, and its strides along the axes of a [`Walk`].
struct Operand<'a, T> {
    data: &'a [T],
    start: isize,
    rows: Small<isize>,
    /// From a row to the next, and from a column to the next.
    down: isize,
    step: isize,
}

impl<'a, T: Element> Operand<'a, T> {
    fn new(x: View<'a, T>, mut strides: Small<isize>) -> Self {
        let step = strides.pop().unwrap_or(0);
        let down = strides.last().copied().unwrap_or(0);
        Operand { data: x.data(), start: x.layout().offset() as isize, rows: strides, down, step }
    }

    /// Where the element in this column of the row with this index lies.
    #[inline(always)]
    fn place(&self, index: &[usize], column: usize) -> isize {
        let before: isize = index.iter().zip(&self.rows).map(|(&i, &stride)| i as isize * stride).sum();
        self.start + before + column as isize * self.step
    }

    /// Whether neighbours lie below each other rather than beside each other.
    fn lies_across(&self) -> bool {
        self.step != 0 && self.down != 0 && self.down.abs() < self.step.abs()
    }
}

/// What is read of an operand at a time.
struct Tile<'a, T> {
    operand: &'a Operand<'a, T>,
    at: Area,
    /// What the copy holds, and the copy, row after row.
    held: Area,
    copy: Option<[T; TILE]>,
}

/// Rows and columns from a certain place on.
#[derive(Clone, Copy, Default)]
struct Area {
    place: isize,
    height: usize,
    width: usize,
}

impl<'a, T: Element> Tile<'a, T> {
    #[inline(always)]
    fn of(operand: &'a Operand<'a, T>) -> Self {
        Tile { operand, at: Area::default(), held: Area::default(), copy: None }
    }

    /// Goes to an area, whose rows are read as one if `is_packed`.
    #[inline(never)]
    fn go_to(&mut self, index: &[usize], column: usize, height: usize, width: usize, is_packed: bool) {
        let &Operand { data, down, step, .. } = self.operand;
        let place = self.operand.place(index, column);
        self.at = Area { place, height, width };
        let is_in_place = step == 1 && (!is_packed || height == 1 || down == width as isize);
        if is_in_place {
            return self.held.height = 0;
        }
        let fits = |held: Area| held.width == width || height == 1 && held.width > width;
        if self.held.place == place && self.held.height >= height && fits(self.held) {
            return;
        }
        self.held = self.at;
        let copy = &mut self.copy.get_or_insert_with(|| [T::default(); TILE])[..height * width];
        if down == 1 && step != 0 && height > 1 {
            return transpose(data, place, step, width, copy);
        }
        on_widest(Gather { operand: self.operand, place, width, copy });
    }

    /// The elements of a row, or of all if they are read as one.
    #[inline(always)]
    fn row(&self, i: usize, len: usize) -> &[T] {
        match &self.copy {
            Some(copy) if self.held.height > 0 => &copy[i * self.at.width..][..len],
            _ => &self.operand.data[(self.at.place + i as isize * self.operand.down) as usize..][..len],
        }
    }

    /// The element that is repeated along a row.
    #[inline(always)]
    fn value(&self, i: usize) -> T {
        self.operand.data[(self.at.place + i as isize * self.operand.down) as usize]
    }
}

/// Copies what lies in rows of `width` from `place` on.
struct Gather<'a, T> {
    operand: &'a Operand<'a, T>,
    place: isize,
    width: usize,
    copy: &'a mut [T],
}

impl<T: Element> Loop for Gather<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Gather { operand: &Operand { data, down, step, .. }, place, width, copy } = self;
        let from = |i: usize, j: usize| (place + i as isize * down + j as isize * step) as usize;
        for (i, row) in copy.chunks_exact_mut(width).enumerate() {
            match step {
                0 => row.fill(data[from(i, 0)]),
                1 => row.copy_from_slice(&data[from(i, 0)..][..width]),
                _ => row.iter_mut().enumerate().for_each(|(j, to)| *to = data[from(i, j)]),
            }
        }
    }
}

/// Writes columns, which are contiguous and `step` apart in `data` from `first` on, as rows, `width` long.
#[inline(always)]
pub(super) fn transpose<T: Element>(data: &[T], first: isize, step: isize, width: usize, rows: &mut [T]) {
    let height = rows.len() / width;
    let last = first + step * (width as isize - 1);
    let is_inside = first.min(last) >= 0 && first.max(last) as usize + height <= data.len();
    assert!(is_inside && rows.len() == height * width, "a tile reaches beyond its operand");
    // SAFETY: every column, as the first and the last, lies in `data`, and the rows in `rows`.
    unsafe { pack::transpose(data.as_ptr().offset(first), step, height, width, rows.as_mut_ptr()) };
}

/// A function whose operand `I` is always this value, whatever it is given.
struct Repeated<'a, F, T, const I: usize> {
    f: &'a F,
    value: T,
}

impl<T: Element, V, U, F, const N: usize, const M: usize, const I: usize> Each<T, V, U, N, M>
    for Repeated<'_, F, T, I>
where
    F: Each<T, V, U, N, M>,
{
    #[inline(always)]
    fn at(&self, mut x: [T; N], more: [V; M]) -> U {
        x[I] = self.value;
        self.f.at(x, more)
    }
}

/// `y = f(x..., more...)` over tiles, whose lines lie `columns` apart in `y`.
struct Lines<'a, 't, T, V, U, F, const N: usize, const M: usize> {
    of: &'a Tiles<'t, T, V, N, M>,
    columns: usize,
    y: &'a mut [U],
    f: &'a F,
}

impl<T: Element, V: Element, U, F, const N: usize, const M: usize> Loop for Lines<'_, '_, T, V, U, F, N, M>
where
    F: Each<T, V, U, N, M>,
{
    #[inline(always)]
    fn run(self) {
        let Lines { of: &Tiles { ref x, ref more, repeated, lines, len, .. }, columns, y, f } = self;
        // Known here, so that other functions than those of two operands have one loop only.
        let repeated = if N == 2 && M == 0 { repeated } else { None };
        for i in 0..lines {
            let y = &mut y[i * columns..][..len];
            let more = from_fn(|n| more[n].row(i, len));
            let Some(n) = repeated else {
                Row { x: from_fn(|n| x[n].row(i, len)), more, y, f }.run();
                continue;
            };
            let (value, x) = (x[n].value(i), [x[1 - n].row(i, len); N]);
            match n {
                0 => Row { x, more, y, f: &Repeated::<_, _, 0> { f, value } }.run(),
                _ => Row { x, more, y, f: &Repeated::<_, _, 1> { f, value } }.run(),
            }
        }
    }
}
