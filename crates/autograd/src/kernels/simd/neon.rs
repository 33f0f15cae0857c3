//! Vectors of 128 bits, with NEON.
#![allow(unused_unsafe)] // every processor of this architecture has NEON, so its intrinsics are safe to call

use super::Vector;
use std::arch::aarch64::*;

vector!(
    float32x4_t = [f32; 4],
    zero_f32,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    load_some_f32,
    store_some_f32,
    vaddq_f32,
    max_f32,
    mul_add_f32,
    sum_f32,
    vmaxvq_f32,
    usize = |n| n
);
vector!(
    float64x2_t = [f64; 2],
    zero_f64,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    load_some_f64,
    store_some_f64,
    vaddq_f64,
    max_f64,
    mul_add_f64,
    vpaddd_f64,
    vmaxvq_f64,
    usize = |n| n
);

#[inline(always)]
unsafe fn prefetch<T>(at: *const T) {
    // SAFETY: a hint, which any address may be given to.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at, options(nostack, preserves_flags, readonly));
    }
}

/// The sum of four lanes.
#[inline(always)]
unsafe fn sum_f32(x: float32x4_t) -> f32 {
    // SAFETY: it touches no memory.
    unsafe { vpadds_f32(vadd_f32(vget_low_f32(x), vget_high_f32(x))) }
}

/// What the set has no instruction for, or takes in another order.
macro_rules! missing {
    (
        $vector:ident = [$number:ident; $lanes:literal], $splat:ident, $load:ident, $fused:ident, $select:ident, $greater:ident,
        $zero:ident, $load_some:ident, $store_some:ident, $max:ident, $mul_add:ident
    ) => {
        #[inline(always)]
        unsafe fn $zero() -> $vector {
            // SAFETY: it touches no memory.
            unsafe { $splat(0.0) }
        }
        #[inline(always)]
        unsafe fn $load_some(lanes: usize, from: *const $number) -> $vector {
            let mut some = [0.0; $lanes];
            // SAFETY: the caller promises so many numbers to read; the array holds a vector.
            unsafe {
                for i in 0..lanes {
                    some[i] = *from.add(i);
                }
                $load(some.as_ptr())
            }
        }
        #[inline(always)]
        unsafe fn $store_some(to: *mut $number, lanes: usize, x: $vector) {
            // SAFETY: the vector is an array of its lanes; the caller promises so many numbers to write.
            unsafe {
                let some: [$number; $lanes] = std::mem::transmute(x);
                for i in 0..lanes {
                    *to.add(i) = some[i];
                }
            }
        }
        #[inline(always)]
        unsafe fn $max(x: $vector, y: $vector) -> $vector {
            // SAFETY: it touches no memory.
            unsafe { $select($greater(x, y), x, y) }
        }
        #[inline(always)]
        unsafe fn $mul_add(x: $vector, by: $vector, plus: $vector) -> $vector {
            // SAFETY: it touches no memory.
            unsafe { $fused(plus, x, by) }
        }
    };
}
missing!(
    float32x4_t = [f32; 4],
    vdupq_n_f32,
    vld1q_f32,
    vfmaq_f32,
    vbslq_f32,
    vcgtq_f32,
    zero_f32,
    load_some_f32,
    store_some_f32,
    max_f32,
    mul_add_f32
);
missing!(
    float64x2_t = [f64; 2],
    vdupq_n_f64,
    vld1q_f64,
    vfmaq_f64,
    vbslq_f64,
    vcgtq_f64,
    zero_f64,
    load_some_f64,
    store_some_f64,
    max_f64,
    mul_add_f64
);
