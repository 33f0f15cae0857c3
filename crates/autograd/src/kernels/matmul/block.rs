//! The loops around the tile, which bring each operand to the cache from which it is used.
//!
//! ```text
//! for each block of k           short enough that a panel of A fits into the first-level cache
//!   for each block of rows      its panels of A are packed, and lie in the third-level cache
//!     for each block of columns its panels of B are packed, and lie in the second-level cache
//!       for each panel of A     stays in the first-level cache
//!         for each panel of B   streams by
//!           the tile            stays in registers
//! ```
//!
//! These are the loops of K. Goto and R. van de Geijn, "Anatomy of high-performance matrix multiplication" (2008), as
//! F. Van Zee and R. van de Geijn put them in "BLIS: a framework for rapidly instantiating BLAS functionality" (2015);
//! with A and B exchanged, since C is row-major here and its vectors lie along the rows of B.
//!
//! **The bits do not depend on the blocking.** The blocks of k follow from k alone, within one the tile sums in order,
//! and the blocks are added in order. Rows and columns may be blocked, and C be split among threads, in any way.
//!
//! Packing costs a pass over the operand that nothing else overlaps, and a tile reads any number of A and any row of
//! contiguous elements of B as readily as packed ones. So an operand is packed only
//! - if the columns of B are not contiguous, or
//! - if its steps along k are so long that a block spans more than the second-level cache, which then has no room for
//!   its lines between one use and the next, and there are enough tiles to use what was packed.

use super::cache;
use super::engine::Engine;
use super::pack::pack;
use super::tile::Tile;
use crate::buffer::Buffer;
use crate::error::OrPanic;
use crate::scalar::Scalar;
use std::mem::MaybeUninit;

/// `C = plus + A B`, as pointers and strides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product<T> {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) a: Operand<T>,
    pub(super) b: Operand<T>,
    /// Where C begins, and the step from row to row. The columns are contiguous.
    pub(super) c: *mut T,
    pub(super) c_row: isize,
    /// What is added to the product, if anything, in the same way.
    pub(super) plus: Option<(*const T, isize)>,
}

/// A or B: the steps across k (from row to row of A, from column to column of B) and along it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand<T> {
    pub(super) start: *const T,
    pub(super) across: isize,
    pub(super) along: isize,
}

impl<T> Operand<T> {
    pub(super) fn at(self, across: usize, along: usize) -> Self {
        let step = across as isize * self.across + along as isize * self.along;
        Operand { start: self.start.wrapping_offset(step), ..self }
    }
}

impl<T: Scalar> Product<T> {
    /// Whether the product is cut along the columns of C: so that no two parts lay out the same of B, where its columns have
    /// to be, and else along the longer side.
    fn is_cut_along_columns(&self) -> bool {
        self.m == 1 || self.n != 1 && (self.b.across != 1 && self.n >= 64 || self.n >= self.m)
    }

    /// The side that is cut, in whole tiles.
    fn tiles_to_cut(&self, engine: &Engine<T>) -> (usize, usize) {
        match self.is_cut_along_columns() {
            true => (self.n, engine.lanes),
            false => (self.m, engine.rows()),
        }
    }

    /// Into how many parts the product can be cut.
    pub(super) fn most_parts(&self, engine: &Engine<T>) -> usize {
        let (size, unit) = self.tiles_to_cut(engine);
        size.div_ceil(unit).max(1)
    }

    /// Part `i` of `parts`, which are about equal.
    pub(super) fn part(&self, engine: &Engine<T>, i: usize, parts: usize) -> Self {
        let (size, unit) = self.tiles_to_cut(engine);
        let border = |i: usize| (size.div_ceil(unit) * i / parts * unit).min(size);
        let (first, len) = (border(i), border(i + 1) - border(i));
        let by_columns = self.is_cut_along_columns();
        let (down, right) = if by_columns { (0, first) } else { (first, 0) };
        let place = |row: isize| down as isize * row + right as isize;
        Product {
            m: if by_columns { self.m } else { len },
            n: if by_columns { len } else { self.n },
            a: self.a.at(down, 0),
            b: self.b.at(right, 0),
            c: self.c.wrapping_offset(place(self.c_row)),
            plus: self.plus.map(|(plus, row)| (plus.wrapping_offset(place(row)), row)),
            ..*self
        }
    }
}

/// The longest block of k, in bytes: eight rows of it fill a first-level cache of 32 KiB. (With half of it, C is passed
/// over twice as often, which costs more than the rows of A that come from the second level.) It is the same on every
/// machine, since the bits depend on it.
const DEPTH: usize = 4096;
/// The bytes of a block of A: a part of the third-level cache.
const BLOCK_A: usize = 2 << 20;
/// Panels of A that a block of B must meet before packing it for its stride alone pays.
const PANELS: usize = 16;

/// A product of at most half a vector of columns is computed as its transpose if it has at least so many rows, if its sums have so many
/// steps for each column, and A so many elements: else moving C costs more than full vectors save.
const TALL: usize = 16;
const DEEP: usize = 3;
const MANY: usize = 256;

/// How many parts of at most `most` make up `whole`, which most often is one of them: a division takes as long as a small tile.
#[inline(always)]
fn count(whole: usize, most: usize) -> usize {
    if whole <= most { 1 } else { whole.div_ceil(most) }
}

/// Parts of `whole` that differ by at most one: where each begins, and its length.
#[inline(always)]
fn evenly(whole: usize, parts: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    let (short, longer) = if parts == 1 { (whole, 0) } else { (whole / parts, whole % parts) };
    (0..parts).map(move |i| (i * short + i.min(longer), short + usize::from(i < longer)))
}

/// Computes the product, none of whose sizes is zero.
///
/// # Safety
/// The machine must be able to run the engine; the operands, `c` and `plus` must be valid for all elements of the
/// product; `c` must not overlap the operands.
pub(super) unsafe fn multiply<T: Scalar>(engine: &Engine<T>, product: &Product<T>) {
    let Product { m, k, n, .. } = *product;
    let is_narrow = n <= engine.lanes / 2 && m >= TALL;
    // SAFETY: the caller's promise.
    unsafe {
        if is_narrow && k >= DEEP * n && m * k >= MANY && k * size_of::<T>() <= DEPTH {
            multiply_narrow(engine, product);
        } else {
            multiply_in_blocks(engine, product);
        }
    }
}

/// Computes a product of few columns and many rows as its transpose, whose rows fill the vectors. Its elements are the same sums, and
/// what is added comes last in both, as k is one block.
///
/// # Safety
/// As for [`multiply`].
unsafe fn multiply_narrow<T: Scalar>(engine: &Engine<T>, product: &Product<T>) {
    let Product { k, n, c_row, .. } = *product;
    let mut room = Room::new(LITTLE);
    let turned = room.start();
    for (first, m) in evenly(product.m, count(product.m, LITTLE / n)) {
        let a = product.a.at(first, 0);
        let transpose =
            Product { m: n, k, n: m, a: product.b, b: a, c: turned, c_row: m as isize, plus: None };
        let first = first as isize;
        // SAFETY: rows `first..first + m` are in A and C, and the room is for `n` times as many elements, which are then initialised.
        unsafe {
            multiply_in_blocks(engine, &transpose);
            let c = product.c.offset(first * c_row);
            let plus = product.plus.map(|(plus, row)| (plus.offset(first * row), row));
            for j in 0..n {
                let (c, sums) = (c.add(j), turned.add(j * m));
                match plus {
                    Some((plus, row)) => {
                        let plus = plus.add(j);
                        for i in 0..m {
                            *c.offset(i as isize * c_row) = *plus.offset(i as isize * row) + *sums.add(i);
                        }
                    }
                    None => (0..m).for_each(|i| *c.offset(i as isize * c_row) = *sums.add(i)),
                }
            }
        }
    }
}

/// See [`multiply`].
///
/// # Safety
/// As there.
unsafe fn multiply_in_blocks<T: Scalar>(engine: &Engine<T>, product: &Product<T>) {
    let Product { m, k, n, .. } = *product;
    let engine = engine.narrower.filter(|narrower| n <= narrower.lanes).unwrap_or(engine);
    let blocks = count(k, DEPTH / size_of::<T>());
    let depth = if blocks == 1 { k } else { k.div_ceil(blocks) };
    let cache = cache::second_level();
    let (block_a, block_b) = (BLOCK_A / DEPTH, cache / 2 / DEPTH / engine.lanes);
    let vectors = count(n, engine.lanes);
    let is_far = |x: Operand<T>| depth * x.along.unsigned_abs() * size_of::<T>() > cache;
    let pack_b = product.b.across != 1 || is_far(product.b) && m > PANELS * engine.rows();
    let widest = engine.vectors(if pack_b { engine.rows() } else { m });
    let pack_a = is_far(product.a) && vectors > widest;
    let mut room_a = Room::new(if pack_a { m.min(block_a) * depth } else { 0 });
    let mut room_b = Room::new(if pack_b { vectors.min(block_b) * engine.lanes * depth } else { 0 });
    let (room_a, room_b) = (room_a.start(), room_b.start());

    let Product { c, c_row, .. } = *product;
    for (p, k) in evenly(k, blocks) {
        let plus = if p == 0 { product.plus } else { Some((c.cast_const(), c_row)) };
        for (i, m) in evenly(m, count(m, block_a)) {
            let row_panels = evenly(m, count(m, engine.rows()));
            let a = product.a.at(i, p);
            if pack_a {
                let panels = row_panels.clone().map(|(i, rows)| (i, rows, rows));
                // SAFETY: rows `i..i + m` and steps `p..p + k` are in A, and the room is for the largest block.
                unsafe { pack(engine, a, k, panels, room_a) };
            }
            for (j, vectors) in evenly(vectors, count(vectors, block_b)) {
                let column_panels = evenly(vectors, count(vectors, widest));
                let (j, vectors) = (j * engine.lanes, vectors * engine.lanes);
                let (b, n) = (product.b.at(j, p), vectors.min(n - j));
                if pack_b {
                    let panels = column_panels.clone().map(|(j, vectors)| {
                        let (j, width) = (j * engine.lanes, vectors * engine.lanes);
                        (j, width.min(n - j), width)
                    });
                    // SAFETY: columns `j..j + n` and steps `p..p + k` are in B, and the room is for the largest block.
                    unsafe { pack(engine, b, k, panels, room_b) };
                }
                let place = |row: isize| i as isize * row + j as isize;
                let whole = Tile {
                    k,
                    a: if pack_a { packed(room_a, k) } else { a },
                    b: if pack_b { packed(room_b, k) } else { b },
                    c: c.wrapping_offset(place(c_row)),
                    c_row,
                    last: n,
                    plus: plus.map(|(plus, row)| (plus.wrapping_offset(place(row)), row)),
                };
                // SAFETY: the block is the part of the product from row `i` and column `j` on.
                unsafe { tiles(engine, &whole, row_panels.clone(), column_panels, [pack_a, pack_b]) };
            }
        }
    }
}

/// A packed operand, whose panels follow each other: `along` is that of a panel of one.
fn packed<T>(start: *const T, k: usize) -> Operand<T> {
    Operand { start, across: k as isize, along: 1 }
}

/// Computes a block tile by tile. It is given as one tile, whose `last` is the number of columns.
///
/// # Safety
/// The machine must be able to run the engine; the operands, `c` and `plus` must be valid for all rows and columns of the panels.
unsafe fn tiles<T: Scalar>(
    engine: &Engine<T>,
    whole: &Tile<T>,
    rows: impl Iterator<Item = (usize, usize)>,
    columns: impl Iterator<Item = (usize, usize)> + Clone,
    [packed_a, packed_b]: [bool; 2],
) {
    let lanes = engine.lanes;
    let mut tile = *whole;
    for (down, rows) in rows {
        tile.a = panel(whole.a, down, rows, packed_a);
        let c = whole.c.wrapping_offset(down as isize * whole.c_row);
        let plus = whole.plus.map(|(plus, row)| (plus.wrapping_offset(down as isize * row), row));
        for (right, vectors) in columns.clone() {
            let (right, width) = (right * lanes, vectors * lanes);
            tile.b = panel(whole.b, right, width, packed_b);
            tile.c = c.wrapping_add(right);
            tile.plus = plus.map(|(plus, row)| (plus.wrapping_add(right), row));
            tile.last = lanes.min(whole.last + lanes - right - width);
            // SAFETY: the rows and columns of the tile are in the block.
            unsafe { engine.tiles[rows - 1][vectors - 1](&tile) };
        }
    }
}

/// The panel from `first` on, `width` wide.
#[inline(always)]
fn panel<T>(whole: Operand<T>, first: usize, width: usize, packed: bool) -> Operand<T> {
    let panel = whole.at(first, 0);
    if packed { Operand { across: 1, along: width as isize, ..panel } } else { panel }
}

/// Room to pack in: a little of the stack, or a buffer from the pool of the thread.
struct Room<T: Scalar> {
    little: MaybeUninit<Little<T>>,
    buffer: Option<Buffer<T>>,
}

#[repr(align(64))]
struct Little<T>([T; LITTLE]);
const LITTLE: usize = 1024;

impl<T: Scalar> Room<T> {
    #[inline]
    fn new(len: usize) -> Self {
        let buffer = (len > LITTLE).then(|| Buffer::new(len).or_panic());
        Room { little: MaybeUninit::uninit(), buffer }
    }

    #[inline]
    fn start(&mut self) -> *mut T {
        match &mut self.buffer {
            Some(buffer) => buffer.get_mut().expect("a new buffer has one owner").as_mut_ptr(),
            None => self.little.as_mut_ptr().cast(),
        }
    }
}
