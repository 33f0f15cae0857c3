//! The engines: the inner loops compiled for each instruction set, and the choice among them at run time.

use super::pack::{Panel, copy_panel, transpose_panel};
use super::tile::{Tile, TileFn, tile};
use super::vector::{MatrixVector, add_columns, dot_rows};
use crate::kernels::simd::Vector;

/// The inner loops of one instruction set for one type of number.
#[derive(Debug)]
pub struct Engine<T: 'static> {
    /// Numbers in a vector.
    pub(super) lanes: usize,
    /// The engine for rows of C that fill no more than half a vector.
    pub(super) narrower: Option<&'static Engine<T>>,
    /// Tiles of one row, of two, and so on; and in each, of one vector, of two, and so on.
    pub(super) tiles: &'static [&'static [TileFn<T>]],
    /// Packs a panel whose elements are contiguous across k.
    pub(super) copy_panel: unsafe fn(&Panel<T>),
    /// Packs a panel whose elements are contiguous along k.
    pub(super) transpose_panel: unsafe fn(&Panel<T>),
    /// A matrix times a vector, for rows and for columns that are contiguous.
    pub(super) dot_rows: unsafe fn(&MatrixVector<T>),
    pub(super) add_columns: unsafe fn(&MatrixVector<T>),
}

impl<T> Engine<T> {
    /// The rows of the largest tile.
    pub(super) fn rows(&self) -> usize {
        self.tiles.len()
    }

    /// The vectors of the largest tiles for so many rows of C.
    pub(super) fn vectors(&self, rows: usize) -> usize {
        self.tiles[rows.min(self.rows()) - 1].len()
    }
}

/// The inner loops compiled for an instruction set, and the engines for either type that they make.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! engine {
    (
        $set:ident, $features:literal, tiles of $([$($rows:literal)*] x $vectors:tt)and+,
        $f32:ident: $vector_f32:ident narrower $narrower_f32:expr,
        $f64:ident: $vector_f64:ident narrower $narrower_f64:expr
    ) => {
        mod $set {
            use super::*;

            #[target_feature(enable = $features)]
            pub(super) unsafe fn a_tile<V: Vector, const ROWS: usize, const VECTORS: usize>(t: &Tile<V::Number>) {
                // SAFETY: the caller's promise.
                unsafe { tile::<V, ROWS, VECTORS>(t) }
            }
            #[target_feature(enable = $features)]
            pub(super) unsafe fn copy<V: Vector>(panel: &Panel<V::Number>) {
                // SAFETY: the caller's promise.
                unsafe { copy_panel::<V>(panel) }
            }
            #[target_feature(enable = $features)]
            pub(super) unsafe fn transpose<T: Copy>(panel: &Panel<T>) {
                // SAFETY: the caller's promise.
                unsafe { transpose_panel(panel) }
            }
            #[target_feature(enable = $features)]
            pub(super) unsafe fn dots<V: Vector>(product: &MatrixVector<V::Number>) {
                // SAFETY: the caller's promise.
                unsafe { dot_rows::<V>(product) }
            }
            #[target_feature(enable = $features)]
            pub(super) unsafe fn columns<V: Vector>(product: &MatrixVector<V::Number>) {
                // SAFETY: the caller's promise.
                unsafe { add_columns::<V>(product) }
            }
        }
        engine!(@ $set, $f32, f32, $vector_f32, $narrower_f32, $([$($rows)*] x $vectors)*);
        engine!(@ $set, $f64, f64, $vector_f64, $narrower_f64, $([$($rows)*] x $vectors)*);
    };
    (@ $set:ident, $name:ident, $number:ident, $vector:ident, $narrower:expr, $([$($rows:literal)*] x $vectors:tt)*) => {
        pub(super) static $name: Engine<$number> = Engine {
            lanes: <$vector as Vector>::LANES,
            narrower: $narrower,
            tiles: &[$($(engine!(@ $set, $vector, $rows, $vectors)),*),*],
            copy_panel: $set::copy::<$vector>,
            transpose_panel: $set::transpose::<$number>,
            dot_rows: $set::dots::<$vector>,
            add_columns: $set::columns::<$vector>,
        };
    };
    (@ $set:ident, $vector:ident, $rows:literal, [$($vectors:literal),*]) => {
        &[$($set::a_tile::<$vector, $rows, $vectors>),*]
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use std::arch::x86_64::{__m256, __m256d};
    #[cfg(avx512)]
    use std::arch::x86_64::{__m512, __m512d};

    // 32 registers: 24 sums, 3 vectors of B, a number of A. A few rows of C fill them by longer rows of B, read in fewer pieces.
    #[cfg(avx512)]
    engine!(
        avx512, "avx512f,avx2,fma", tiles of [1 2 3 4] x [1, 2, 3, 4, 5, 6] and [5 6 7 8] x [1, 2, 3],
        AVX512_F32: __m512 narrower Some(&AVX2_F32), AVX512_F64: __m512d narrower Some(&AVX2_F64)
    );
    // 16 registers: 12 sums, 2 vectors of B, a number of A, a mask.
    engine!(
        avx2, "avx2,fma", tiles of [1 2 3 4 5 6] x [1, 2],
        AVX2_F32: __m256 narrower None, AVX2_F64: __m256d narrower None
    );

    #[cfg(avx512)]
    pub(super) fn has_avx512() -> bool {
        is_x86_feature_detected!("avx512f") && has_avx2()
    }
    pub(super) fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::*;
    use std::arch::aarch64::{float32x4_t, float64x2_t};

    // 32 registers, as with AVX-512.
    engine!(
        neon, "neon", tiles of [1 2 3 4 5 6 7 8] x [1, 2, 3],
        NEON_F32: float32x4_t narrower None, NEON_F64: float64x2_t narrower None
    );
}

/// The numbers that have a kernel: a part of [`Scalar`](crate::Scalar), out of reach from outside.
pub trait Gemm: Sized {
    /// The best engine that this machine can run, if there is one.
    #[doc(hidden)]
    fn engine() -> Option<&'static Engine<Self>>;

    /// All engines that this machine can run.
    #[doc(hidden)]
    #[cfg(test)]
    fn engines() -> Vec<&'static Engine<Self>>;

    /// `c = a b + beta c` for matrices given by pointer, row stride and column stride, in elements, on any machine.
    ///
    /// # Safety
    /// `a`, `b` and `c` must be valid for all `m x k`, `k x n` and `m x n` elements that the strides reach; `c` must
    /// not overlap `a` or `b`, and no two of its elements each other.
    #[doc(hidden)]
    unsafe fn portable(
        sizes: [usize; 3],
        a: Strided<*const Self>,
        b: Strided<*const Self>,
        beta: Self,
        c: Strided<*mut Self>,
    );
}

/// Where a matrix begins, its row stride and its column stride.
pub(super) type Strided<P> = (P, isize, isize);

macro_rules! gemm {
    ($t:ident, $gemm:path, $avx512:ident, $avx2:ident, $neon:ident) => {
        impl Gemm for $t {
            #[inline]
            fn engine() -> Option<&'static Engine<Self>> {
                #[cfg(target_arch = "x86_64")]
                return match () {
                    #[cfg(avx512)]
                    () if x86::has_avx512() => Some(&x86::$avx512),
                    () if x86::has_avx2() => Some(&x86::$avx2),
                    () => None,
                };
                #[cfg(target_arch = "aarch64")]
                return Some(&arm::$neon);
                #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
                None
            }

            #[cfg(test)]
            fn engines() -> Vec<&'static Engine<Self>> {
                #[cfg(target_arch = "x86_64")]
                return [
                    #[cfg(avx512)]
                    (x86::has_avx512(), &x86::$avx512),
                    (x86::has_avx2(), &x86::$avx2),
                ]
                .into_iter()
                .filter_map(|(has, engine)| has.then_some(engine))
                .collect();
                #[cfg(not(target_arch = "x86_64"))]
                Self::engine().into_iter().collect()
            }

            unsafe fn portable(
                [m, k, n]: [usize; 3],
                (a, ars, acs): Strided<*const $t>,
                (b, brs, bcs): Strided<*const $t>,
                beta: $t,
                (c, crs, ccs): Strided<*mut $t>,
            ) {
                // SAFETY: the caller's promise is the one that `matrixmultiply` asks for.
                unsafe { $gemm(m, k, n, 1.0, a, ars, acs, b, brs, bcs, beta, c, crs, ccs) }
            }
        }
    };
}
gemm!(f32, matrixmultiply::sgemm, AVX512_F32, AVX2_F32, NEON_F32);
gemm!(f64, matrixmultiply::dgemm, AVX512_F64, AVX2_F64, NEON_F64);
