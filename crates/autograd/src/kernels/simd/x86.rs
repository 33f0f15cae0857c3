//! Vectors of 256 bits, with AVX2, and of 512, with AVX-512.

use super::Vector;
use std::arch::x86_64::*;

vector!(
    __m256 = [f32; 8],
    _mm256_setzero_ps,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    load_some_ps,
    store_some_ps,
    _mm256_add_ps,
    _mm256_max_ps,
    _mm256_fmadd_ps,
    sum_ps,
    largest_ps,
    (__m256i, usize) = |n| (_mm256_loadu_si256(ONES_THEN_ZEROS.as_ptr().add(8 - n).cast()), n)
);
vector!(
    __m256d = [f64; 4],
    _mm256_setzero_pd,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    load_some_pd,
    store_some_pd,
    _mm256_add_pd,
    _mm256_max_pd,
    _mm256_fmadd_pd,
    sum_pd,
    largest_pd,
    (__m256i, usize) = |n| (_mm256_loadu_si256(ONES_THEN_ZEROS.as_ptr().add(8 - 2 * n).cast()), n)
);

#[inline(always)]
unsafe fn prefetch<T>(at: *const T) {
    // SAFETY: a hint, which any address may be given to.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

/// With AVX2, a masked load takes the lanes whose bits are all set: the masks are windows of this. A masked store is
/// very slow on some processors, and is done in pieces of four, two and one.
static ONES_THEN_ZEROS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
unsafe fn load_some_ps((mask, _): (__m256i, usize), from: *const f32) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm256_maskload_ps(from, mask) }
}

#[inline(always)]
unsafe fn load_some_pd((mask, _): (__m256i, usize), from: *const f64) -> __m256d {
    // SAFETY: the caller's promise.
    unsafe { _mm256_maskload_pd(from, mask) }
}

#[inline(always)]
unsafe fn store_some_ps(mut to: *mut f32, (_, lanes): (__m256i, usize), x: __m256) {
    // SAFETY: the caller's promise: the pieces make up `lanes` lanes.
    unsafe {
        if lanes == 8 {
            return _mm256_storeu_ps(to, x);
        }
        let mut rest = _mm256_castps256_ps128(x);
        if lanes & 4 != 0 {
            _mm_storeu_ps(to, rest);
            (to, rest) = (to.add(4), _mm256_extractf128_ps::<1>(x));
        }
        if lanes & 2 != 0 {
            _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
            (to, rest) = (to.add(2), _mm_movehl_ps(rest, rest));
        }
        if lanes & 1 != 0 {
            _mm_store_ss(to, rest);
        }
    }
}

#[inline(always)]
unsafe fn store_some_pd(mut to: *mut f64, (_, lanes): (__m256i, usize), x: __m256d) {
    // SAFETY: the caller's promise: the pieces make up `lanes` lanes.
    unsafe {
        if lanes == 4 {
            return _mm256_storeu_pd(to, x);
        }
        let mut rest = _mm256_castpd256_pd128(x);
        if lanes & 2 != 0 {
            _mm_storeu_pd(to, rest);
            (to, rest) = (to.add(2), _mm256_extractf128_pd::<1>(x));
        }
        if lanes & 1 != 0 {
            _mm_store_sd(to, rest);
        }
    }
}

/// The sum of eight lanes.
#[inline(always)]
unsafe fn sum_ps(x: __m256) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
    }
}

/// The sum of four lanes.
#[inline(always)]
unsafe fn sum_pd(x: __m256d) -> f64 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
        _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x)))
    }
}
/// The largest of eight lanes.
#[inline(always)]
unsafe fn largest_ps(x: __m256) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let x = _mm_max_ps(x, _mm_movehl_ps(x, x));
        _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)))
    }
}

/// The largest of four lanes.
#[inline(always)]
unsafe fn largest_pd(x: __m256d) -> f64 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = _mm_max_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
        _mm_cvtsd_f64(_mm_max_sd(x, _mm_unpackhi_pd(x, x)))
    }
}

#[cfg(all(target_arch = "x86_64", avx512))]
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
mod avx512 {
    use super::{Vector, prefetch};
    use std::arch::x86_64::*;

    vector!(
        __m512 = [f32; 16],
        _mm512_setzero_ps,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_maskz_loadu_ps,
        _mm512_mask_storeu_ps,
        _mm512_add_ps,
        _mm512_max_ps,
        _mm512_fmadd_ps,
        _mm512_reduce_add_ps,
        _mm512_reduce_max_ps,
        __mmask16 = |n| _mm512_int2mask((1 << n) - 1)
    );
    vector!(
        __m512d = [f64; 8],
        _mm512_setzero_pd,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_maskz_loadu_pd,
        _mm512_mask_storeu_pd,
        _mm512_add_pd,
        _mm512_max_pd,
        _mm512_fmadd_pd,
        _mm512_reduce_add_pd,
        _mm512_reduce_max_pd,
        __mmask8 = |n| _mm512_int2mask((1 << n) - 1) as __mmask8
    );
}
