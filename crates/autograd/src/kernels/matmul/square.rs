//! Squares of elements, transposed in registers: what packing, and the reading of transposes, are made of.
//!
//! Elements are moved whole, as numbers of their size, by instructions that ask for no alignment: what they mean does not matter.

#[cfg(target_arch = "aarch64")]
pub(super) use neon::{SIDE_32, SIDE_64, square_32, square_64};
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{SIDE_32, SIDE_64, square_32, square_64};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// The side of a square of elements of 32 bits, and of 64.
    pub(in super::super) const SIDE_32: usize = 8;
    pub(in super::super) const SIDE_64: usize = 4;

    /// Transposes a square: from address and stride to address and stride.
    ///
    /// Halves of 128 bits are brought together while loading; pairs and then quadruples are exchanged in registers.
    #[inline(always)]
    pub(in super::super) unsafe fn square_32<T>(from: *const T, across: isize, to: *mut T, width: usize) {
        let (from, to): (*const f32, *mut f32) = (from.cast(), to.cast());
        // SAFETY: the caller promises AVX2, 8 columns of 8 elements at `from` and 8 runs of 8 at `to`.
        unsafe {
            let mut rows = [_mm256_setzero_ps(); 8];
            for half in 0..2 {
                for i in 0..4 {
                    let from = from.offset(i as isize * across).add(4 * half);
                    let low = _mm256_castps128_ps256(_mm_loadu_ps(from));
                    rows[4 * half + i] =
                        _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.offset(4 * across)));
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
    #[inline(always)]
    pub(in super::super) unsafe fn square_64<T>(from: *const T, across: isize, to: *mut T, width: usize) {
        let (from, to): (*const f64, *mut f64) = (from.cast(), to.cast());
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
}

#[cfg(target_arch = "aarch64")]
#[allow(unused_unsafe)] // every processor of this architecture has NEON, so its intrinsics are safe to call
mod neon {
    use std::arch::aarch64::*;

    /// The side of a square of elements of 32 bits, and of 64.
    pub(in super::super) const SIDE_32: usize = 4;
    pub(in super::super) const SIDE_64: usize = 2;

    /// Transposes a square: from address and stride to address and stride. Numbers are exchanged in pairs, then pairs.
    ///
    /// # Safety
    /// 4 columns of 4 elements must be valid to read, and 4 rows of 4 to write.
    #[inline(always)]
    pub(in super::super) unsafe fn square_32<T>(from: *const T, across: isize, to: *mut T, width: usize) {
        let (from, to): (*const f32, *mut f32) = (from.cast(), to.cast());
        // SAFETY: the caller's promise.
        unsafe {
            let [c0, c1, c2, c3] = [0, 1, 2, 3].map(|i| vld1q_f32(from.offset(i * across)));
            let pair = |a, b| vreinterpretq_f64_f32(vtrn1q_f32(a, b));
            let other = |a, b| vreinterpretq_f64_f32(vtrn2q_f32(a, b));
            let (p0, p1, q0, q1) = (pair(c0, c1), pair(c2, c3), other(c0, c1), other(c2, c3));
            let rows = [vtrn1q_f64(p0, p1), vtrn1q_f64(q0, q1), vtrn2q_f64(p0, p1), vtrn2q_f64(q0, q1)];
            for (i, row) in rows.into_iter().enumerate() {
                vst1q_f32(to.add(i * width), vreinterpretq_f32_f64(row));
            }
        }
    }

    /// As [`square_32`].
    ///
    /// # Safety
    /// 2 columns of 2 elements must be valid to read, and 2 rows of 2 to write.
    #[inline(always)]
    pub(in super::super) unsafe fn square_64<T>(from: *const T, across: isize, to: *mut T, width: usize) {
        let (from, to): (*const f64, *mut f64) = (from.cast(), to.cast());
        // SAFETY: the caller's promise.
        unsafe {
            let (c0, c1) = (vld1q_f64(from), vld1q_f64(from.offset(across)));
            vst1q_f64(to, vtrn1q_f64(c0, c1));
            vst1q_f64(to.add(width), vtrn2q_f64(c0, c1));
        }
    }
}
