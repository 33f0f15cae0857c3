//! Packing: a panel of A or B copied to where the tile walks through it step by step.
//!
//! A tile takes one short run of a panel for each k: some rows of A, some columns of B. Packed, these runs follow each
//! other in memory, so every byte of a cache line is used at once, one page serves for many steps, and the processor's
//! prefetcher sees a single stream. It also makes all layouts one: transposed, sliced, reversed and broadcast operands
//! differ in how they are packed, and nowhere else.

use super::block::Operand;
use super::engine::Engine;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::square::{SIDE_32, SIDE_64, square_32, square_64};
use crate::kernels::simd::Vector;

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
/// As for [`gather_panel`]; an x86 processor must have AVX2.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
pub(super) unsafe fn transpose_panel<T: Copy>(panel: &Panel<T>) {
    // SAFETY: the caller's promise.
    unsafe {
        match size_of::<T>() {
            4 => in_squares::<T, SIDE_32>(panel, square_32::<T>),
            8 => in_squares::<T, SIDE_64>(panel, square_64::<T>),
            _ => gather_panel(panel),
        }
    }
}

/// # Safety
/// As for [`gather_panel`]; `square` must transpose `SIDE` by `SIDE` elements: from address and stride to address and
/// stride.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
unsafe fn in_squares<T: Copy, const SIDE: usize>(
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
    let panel = Panel { k: height, columns: width, from, across: step, along: 1, to, width };
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        /// # Safety
        /// As for [`transpose_panel`].
        #[target_feature(enable = "avx2")]
        unsafe fn with_avx2<T: Copy>(panel: &Panel<T>) {
            // SAFETY: the caller's promise.
            unsafe { transpose_panel(panel) }
        }
        // SAFETY: the processor has AVX2; the caller's promise.
        return unsafe { with_avx2(&panel) };
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the caller's promise.
    return unsafe { transpose_panel(&panel) };
    #[cfg(not(target_arch = "aarch64"))]
    // SAFETY: the caller's promise.
    unsafe {
        gather_panel(&panel);
    }
}
