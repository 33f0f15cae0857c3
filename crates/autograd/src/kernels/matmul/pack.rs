//! Packing: a panel of A or B copied to where the tile walks through it step by step.
//!
//! A tile takes one short run of a panel for each k: some rows of A, some columns of B. Packed, these runs follow each
//! other in memory, so every byte of a cache line is used at once, one page serves for many steps, and the processor's
//! prefetcher sees a single stream. It also makes all layouts one: transposed, sliced, reversed and broadcast operands
//! differ in how they are packed, and nowhere else.

use super::block::Operand;
use super::engine::Engine;
use super::simd::Vector;

/// A panel to pack: `k` runs of `columns` elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<T> {
    pub(super) k: usize,
    pub(super) columns: usize,
    /// Where it comes from, with the steps within a run and from run to run.
    pub(super) from: *const T,
    pub(super) across: isize,
    pub(super) along: isize,
    /// Where it goes, and the distance of one run from the next.
    pub(super) to: *mut T,
    pub(super) width: usize,
}

/// Steps of k that are packed for all panels in turn. Rows of B are so read nearly from end to end, as streams.
const STEPS: usize = 8;

/// Packs the panels (each its first column, its columns, and the width it takes) of `k` steps of an operand.
///
/// # Safety
/// The machine must be able to run the engine; the panels must be in the operand; `to` must be valid for all of them.
pub(super) unsafe fn pack<T: Copy>(
    engine: &Engine<T>,
    operand: Operand<T>,
    k: usize,
    panels: impl Iterator<Item = (usize, usize, usize)> + Clone,
    to: *mut T,
) {
    let Operand { across, along, .. } = operand;
    let (pack_panel, steps): (unsafe fn(&Panel<T>), usize) = match (across, along) {
        (1, _) => (engine.copy_panel, STEPS),
        (_, 1) => (engine.transpose_panel, k),
        _ => (gather_panel, k),
    };
    for p in (0..k).step_by(steps) {
        for (first, columns, width) in panels.clone() {
            let from = operand.at(first, p).start;
            let to = to.wrapping_add(first * k + p * width);
            // SAFETY: a part of a panel.
            unsafe { pack_panel(&Panel { k: steps.min(k - p), columns, from, across, along, to, width }) };
        }
    }
}

/// Packs any panel.
///
/// # Safety
/// Every element must be valid to read, and `to` to write for `k * width` elements.
pub(super) unsafe fn gather_panel<T: Copy>(panel: &Panel<T>) {
    for p in 0..panel.k {
        // SAFETY: `p < k` and `j < columns <= width`.
        unsafe {
            let (from, to) = (panel.from.offset(p as isize * panel.along), panel.to.add(p * panel.width));
            for j in 0..panel.columns {
                *to.add(j) = *from.offset(j as isize * panel.across);
            }
        }
    }
}

/// Packs a panel whose runs are contiguous (`across` is 1).
///
/// # Safety
/// As for [`gather_panel`]; the processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn copy_panel<V: Vector>(panel: &Panel<V::Number>) {
    // SAFETY: the lanes read and written are those of `columns`.
    unsafe {
        let whole = panel.columns / V::LANES;
        let rest = panel.columns % V::LANES;
        let mask = V::mask(rest);
        let (mut from, mut to) = (panel.from, panel.to);
        for _ in 0..panel.k {
            for v in 0..whole {
                V::load(from.add(v * V::LANES)).store(to.add(v * V::LANES));
            }
            if rest > 0 {
                V::load_some(from.add(whole * V::LANES), mask).store_some(to.add(whole * V::LANES), mask);
            }
            from = from.wrapping_offset(panel.along);
            to = to.wrapping_add(panel.width);
        }
    }
}

/// Packs a panel whose columns are contiguous (`along` is 1), in squares that are transposed in registers. A cache line
/// is used up before the next one is asked for.
///
/// # Safety
/// As for [`gather_panel`]; `square` must transpose `SIDE` by `SIDE` elements: from address and stride to address and
/// stride.
#[inline(always)]
unsafe fn transpose_panel<T: Copy, const SIDE: usize>(
    panel: &Panel<T>,
    square: unsafe fn(*const T, isize, *mut T, usize),
) {
    let line = 64 / size_of::<T>();
    let (whole_k, whole_columns) = (panel.k / SIDE * SIDE, panel.columns / SIDE * SIDE);
    for first in (0..whole_k).step_by(line) {
        for j in (0..whole_columns).step_by(SIDE) {
            for p in (first..whole_k.min(first + line)).step_by(SIDE) {
                // SAFETY: the square lies within `k` runs of `columns` elements.
                unsafe {
                    let from = panel.from.offset(j as isize * panel.across).add(p);
                    square(from, panel.across, panel.to.add(p * panel.width + j), panel.width);
                }
            }
        }
    }
    // What is left: columns at the right, runs at the end.
    // SAFETY: parts of the panel.
    unsafe {
        let right = panel.from.wrapping_offset(whole_columns as isize * panel.across);
        gather_panel(&Panel {
            k: whole_k,
            columns: panel.columns - whole_columns,
            from: right,
            to: panel.to.wrapping_add(whole_columns),
            ..*panel
        });
        gather_panel(&Panel {
            k: panel.k - whole_k,
            from: panel.from.wrapping_add(whole_k),
            to: panel.to.wrapping_add(whole_k * panel.width),
            ..*panel
        });
    }
}

/// Writes `width` columns of `height` elements, which are contiguous and `step` apart, as rows.
///
/// # Safety
/// The columns must be valid to read from `from` on, and `to` to write for `height * width` elements.
#[inline]
pub(in crate::kernels) unsafe fn transpose<T: Copy>(
    from: *const T,
    step: isize,
    height: usize,
    width: usize,
    to: *mut T,
) {
    #[cfg(target_arch = "x86_64")]
    if matches!(size_of::<T>(), 4 | 8) && is_x86_feature_detected!("avx2") {
        /// # Safety
        /// As for [`transpose`]; the processor must have AVX2.
        #[target_feature(enable = "avx2")]
        unsafe fn in_squares<T: Copy>(panel: &Panel<T>) {
            let Panel { k, columns, from, across, along, to, width } = *panel;
            // SAFETY: elements of the same size, which are moved whole, by instructions that ask for no alignment.
            unsafe {
                if size_of::<T>() == 4 {
                    transpose_panel_f32(&Panel {
                        k,
                        columns,
                        from: from.cast(),
                        across,
                        along,
                        to: to.cast(),
                        width,
                    });
                } else {
                    transpose_panel_f64(&Panel {
                        k,
                        columns,
                        from: from.cast(),
                        across,
                        along,
                        to: to.cast(),
                        width,
                    });
                }
            }
        }
        let panel = Panel { k: height, columns: width, from, across: step, along: 1, to, width };
        // SAFETY: the processor has AVX2.
        return unsafe { in_squares(&panel) };
    }
    // SAFETY: the caller's promise.
    unsafe { gather_panel(&Panel { k: height, columns: width, from, across: step, along: 1, to, width }) };
}

/// Transposes squares of 8 by 8 in registers.
///
/// # Safety
/// As for [`transpose_panel`]; the processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn transpose_panel_f32(panel: &Panel<f32>) {
    // SAFETY: the caller's promise.
    unsafe { transpose_panel::<f32, 8>(panel, square_f32) }
}

/// Transposes squares of 4 by 4 in registers.
///
/// # Safety
/// As for [`transpose_panel`]; the processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn transpose_panel_f64(panel: &Panel<f64>) {
    // SAFETY: the caller's promise.
    unsafe { transpose_panel::<f64, 4>(panel, square_f64) }
}

/// Halves of 128 bits are brought together while loading; pairs and then quadruples are exchanged in registers.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn square_f32(from: *const f32, across: isize, to: *mut f32, width: usize) {
    use std::arch::x86_64::*;
    // SAFETY: the caller promises AVX2, 8 columns of 8 elements at `from` and 8 runs of 8 at `to`.
    unsafe {
        let mut rows = [_mm256_setzero_ps(); 8];
        for half in 0..2 {
            for i in 0..4 {
                let from = from.offset(i as isize * across).add(4 * half);
                let low = _mm256_castps128_ps256(_mm_loadu_ps(from));
                rows[4 * half + i] = _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.offset(4 * across)));
            }
        }
        for half in 0..2 {
            let [r0, r1, r2, r3] =
                [rows[4 * half], rows[4 * half + 1], rows[4 * half + 2], rows[4 * half + 3]];
            let (p0, p1) = (_mm256_unpacklo_ps(r0, r1), _mm256_unpackhi_ps(r0, r1));
            let (p2, p3) = (_mm256_unpacklo_ps(r2, r3), _mm256_unpackhi_ps(r2, r3));
            let to = to.add(4 * half * width);
            _mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(p0, p2));
            _mm256_storeu_ps(to.add(width), _mm256_shuffle_ps::<0xee>(p0, p2));
            _mm256_storeu_ps(to.add(2 * width), _mm256_shuffle_ps::<0x44>(p1, p3));
            _mm256_storeu_ps(to.add(3 * width), _mm256_shuffle_ps::<0xee>(p1, p3));
        }
    }
}

/// As above, with pairs only.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn square_f64(from: *const f64, across: isize, to: *mut f64, width: usize) {
    use std::arch::x86_64::*;
    // SAFETY: the caller promises AVX2, 4 columns of 4 elements at `from` and 4 runs of 4 at `to`.
    unsafe {
        for half in 0..2 {
            let mut rows = [_mm256_setzero_pd(); 2];
            for i in 0..2 {
                let from = from.offset(i as isize * across).add(2 * half);
                let low = _mm256_castpd128_pd256(_mm_loadu_pd(from));
                rows[i] = _mm256_insertf128_pd::<1>(low, _mm_loadu_pd(from.offset(2 * across)));
            }
            let to = to.add(2 * half * width);
            _mm256_storeu_pd(to, _mm256_unpacklo_pd(rows[0], rows[1]));
            _mm256_storeu_pd(to.add(width), _mm256_unpackhi_pd(rows[0], rows[1]));
        }
    }
}
