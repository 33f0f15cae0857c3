//! The one door to matrix multiplication: `C = epilogue(A B)`.
//!
//! Operands come with a stride for either axis, so a transposed, sliced, reversed or broadcast matrix is read where it
//! lies. `C` is row-major memory that the engine owns. What else happens to `C` belongs to the call, so that it is done
//! while a tile of it is in registers.
//!
//! From the inside out:
//! - [`simd`](super::simd): vectors of numbers, as each instruction set has them;
//! - [`tile`]: a few rows and vectors of C, in registers, while k runs;
//! - [`square`]: squares of elements transposed in registers;
//! - [`pack`]: operands laid out as the tile walks through them;
//! - [`block`]: the loops around the tile, which keep the operands in the caches;
//! - [`vector`]: matrix times vector, at the pace of the memory;
//! - [`matrix`]: what is multiplied, as it is given;
//! - [`engine`]: all this compiled for AVX-512, for AVX2 and for NEON, and chosen at run time.
//!
//! Processors that have none of them are served by `matrixmultiply`.
//!
//! **Bits.** An element of C is a sum over k in blocks whose number follows from k; in each, one fused multiply-add after
//! the other. So it is the same on all engines, in all layouts, however C is cut among threads. Only where a side is a
//! vector is the order another one, which depends on the layout, and on the engine. Nothing is skipped: zero times
//! infinity is NaN, and shows.

// Loops over rows and lanes go by index: each index addresses several arrays, and closures would not be compiled for the
// instruction set.
#![allow(clippy::needless_range_loop)]

mod block;
mod cache;
mod engine;
mod matrix;
pub(super) mod pack;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod square;
mod tile;
mod vector;

pub(crate) use engine::Gemm;
pub(crate) use matrix::Matrix;

use super::threads;
use crate::scalar::Scalar;
use block::{Operand, Product};
use engine::Engine;
use std::marker::PhantomData;

/// What is added to the product.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Epilogue<'a, T> {
    /// `C = A B`.
    Store,
    /// `C = A B + bias`, the bias in every row.
    Bias(&'a [T]),
    /// `C = C + A B`.
    Accumulate,
}

/// `C = epilogue(A B)`; `c` holds the result row-major.
///
/// # Panics
/// If the inner sizes differ, or `c` or the bias has not the size that the product asks for.
pub(crate) fn matmul<T: Scalar>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T], epilogue: Epilogue<'_, T>) {
    matmul_then(a, b, c, epilogue, &|_| {});
}

/// As [`matmul`], into the columns from `first` on of the rows of `c`, which are `row` long.
///
/// # Panics
/// As [`matmul`], or if the product reaches beyond the rows.
pub(crate) fn matmul_into<T: Scalar>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (c, row, first): (&mut [T], usize, usize),
    epilogue: Epilogue<'_, T>,
) {
    multiply_on(T::engine(), &[Multiplication::into_columns(a, b, (c, row, first), epilogue)], &|_| {});
}

/// As [`matmul`]; what is finished of `c` is given to `finish` by the thread that computed it, in runs of any length, each
/// element once.
pub(crate) fn matmul_then<T: Scalar>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    epilogue: Epilogue<'_, T>,
    finish: &(dyn Fn(&mut [T]) + Sync),
) {
    multiply_on(T::engine(), &[Multiplication::new(a, b, c, epilogue)], finish);
}

/// Independent products at a time, which share the threads as one piece of work.
pub(crate) fn matmul_all<T: Scalar>(products: &[Multiplication<'_, T>]) {
    multiply_on(T::engine(), products, &|_| {});
}

/// A product to be computed: `C = epilogue(A B)`.
pub(crate) struct Multiplication<'a, T> {
    product: Product<T>,
    lives: PhantomData<(&'a [T], &'a mut [T])>,
}

// SAFETY: the pointers are those of a shared and a unique borrow of elements that may change threads.
unsafe impl<T: Scalar> Sync for Multiplication<'_, T> {}

impl<'a, T: Scalar> Multiplication<'a, T> {
    /// See [`matmul`].
    pub(crate) fn new(a: Matrix<'a, T>, b: Matrix<'a, T>, c: &'a mut [T], epilogue: Epilogue<'a, T>) -> Self {
        let n = b.columns;
        Self::into_columns(a, b, (c, n, 0), epilogue)
    }

    /// See [`matmul_into`].
    fn into_columns(
        a: Matrix<'a, T>,
        b: Matrix<'a, T>,
        (c, row, first): (&'a mut [T], usize, usize),
        epilogue: Epilogue<'a, T>,
    ) -> Self {
        let (m, k, n) = (a.rows, a.columns, b.columns);
        assert_eq!(k, b.rows, "the inner sizes of a product differ");
        assert!(c.len() == m * row && first + n <= row, "the product does not fit its output");
        assert!(a.is_inside() && b.is_inside(), "a matrix reaches beyond its buffer");
        let start_c = c.as_mut_ptr().wrapping_add(first);
        let plus = match epilogue {
            Epilogue::Store => None,
            Epilogue::Bias(bias) => {
                assert_eq!(bias.len(), n, "the bias does not fit the product");
                Some((bias.as_ptr(), 0))
            }
            Epilogue::Accumulate => Some((start_c.cast_const(), row as isize)),
        };
        let start = |x: Matrix<'_, T>| x.data.as_ptr().wrapping_add(x.offset);
        let product = Product {
            m,
            k,
            n,
            a: Operand { start: start(a), across: a.row_stride, along: a.column_stride },
            b: Operand { start: start(b), across: b.column_stride, along: b.row_stride },
            c: start_c,
            c_row: row as isize,
            plus,
        };
        Multiplication { product, lives: PhantomData }
    }
}

/// Computes products on the given engine, or on none, shared among the threads.
fn multiply_on<T: Scalar>(
    engine: Option<&Engine<T>>,
    products: &[Multiplication<'_, T>],
    finish: &(dyn Fn(&mut [T]) + Sync),
) {
    let cost = |x: &Multiplication<'_, T>| nanoseconds(&x.product);
    let whole: usize = products.iter().map(cost).sum();
    let parts = threads::parts(whole);
    if parts == 1 {
        // SAFETY: see `compute`.
        return products.iter().for_each(|x| unsafe { compute(engine, &x.product, &x.product, finish) });
    }
    // A product gets its share of the parts; where there is much to do, one for each thread.
    let parts_of = |x: &Multiplication<'_, T>| {
        let share = if whole > MUCH { parts } else { (parts * cost(x)).div_ceil(whole.max(1)) };
        share.clamp(1, engine.map_or(1, |engine| x.product.most_parts(engine)))
    };
    threads::run(products.iter().map(parts_of).sum(), whole, |mut part| {
        for x in products {
            let parts = parts_of(x);
            if part < parts {
                let cut = engine.map_or(x.product, |engine| x.product.part(engine, part, parts));
                // SAFETY: see `compute`. The parts of C do not overlap, and each is computed once.
                return unsafe { compute(engine, &x.product, &cut, finish) };
            }
            part -= parts;
        }
    });
}

/// Work of so many nanoseconds is cut into parts for all threads, whatever else there is to do.
const MUCH: usize = 100_000;

/// About how long a product takes on one thread.
fn nanoseconds<T>(product: &Product<T>) -> usize {
    let Product { m, k, n, .. } = *product;
    // Products of vectors read every element once, the others are at the pace of the arithmetic.
    let per_nanosecond = if m == 1 || n == 1 { 8 } else { 64 };
    m.saturating_mul(k).saturating_mul(n) / per_nanosecond
}

/// Computes a part of a product, in the way that the whole asks for, and finishes it.
///
/// # Safety
/// The part must be one of a [`Multiplication`]: there, `is_inside` has shown that every element of `a` and `b` lies in its
/// slice; `c` is `m` rows of at least `n` elements, uniquely borrowed, under whose strides no two elements are one; the bias has
/// `n` elements. The engine must be one that this machine can run.
unsafe fn compute<T: Scalar>(
    engine: Option<&Engine<T>>,
    whole: &Product<T>,
    part: &Product<T>,
    finish: &(dyn Fn(&mut [T]) + Sync),
) {
    let Product { m, k, n, c, c_row, .. } = *part;
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        match engine {
            _ if k == 0 => add_nothing(part),
            Some(engine) if whole.m == 1 || whole.n == 1 && c_row == 1 => vector::multiply(engine, part),
            Some(engine) => block::multiply(engine, part),
            None => portable(part),
        }
        let (runs, len) = if c_row == n as isize { (1, m * n) } else { (m, n) };
        for i in 0..runs as isize {
            finish(std::slice::from_raw_parts_mut(c.offset(i * c_row), len));
        }
    }
}

/// The product of matrices that have no inner axis: zero.
///
/// # Safety
/// As for [`compute`].
unsafe fn add_nothing<T: Scalar>(product: &Product<T>) {
    let Product { m, n, c, c_row, plus, .. } = *product;
    for i in 0..m as isize {
        // SAFETY: rows of C and of what is added are `n` long.
        unsafe {
            let row = c.offset(i * c_row);
            match plus {
                Some((plus, plus_row)) => row.copy_from(plus.offset(i * plus_row), n),
                None => std::slice::from_raw_parts_mut(row, n).fill(T::zero()),
            }
        }
    }
}

/// The product by `matrixmultiply`, which expects in C what is added.
///
/// # Safety
/// All elements of the product must be valid; `c` must not overlap the operands.
unsafe fn portable<T: Scalar>(product: &Product<T>) {
    let Product { m, k, n, a, b, c, c_row, plus } = *product;
    // SAFETY: rows of C and of what is added are `n` long.
    unsafe {
        if let Some((plus, row)) = plus {
            for i in 0..m as isize {
                c.offset(i * c_row).copy_from(plus.offset(i * row), n);
            }
        }
        let beta = if plus.is_some() { T::one() } else { T::zero() };
        T::portable(
            [m, k, n],
            (a.start, a.across, a.along),
            (b.start, b.along, b.across),
            beta,
            (c, c_row, 1),
        );
    }
}

#[cfg(test)]
mod tests;
