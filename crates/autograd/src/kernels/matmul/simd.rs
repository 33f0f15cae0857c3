//! Vectors of numbers, as the processor has them: the few operations a product of matrices is made of.
//!
//! A tile is written once over [`Vector`] and compiled for each instruction set. Every function here is inlined into
//! one that is compiled for that set, which alone may call it.

/// A register of `LANES` numbers.
///
/// # Safety
/// A type that implements this does with each function what its name says, on all lanes, and touches no memory but the
/// lanes it is told to. Whoever calls a function promises that the processor has the instructions, and that the lanes
/// the pointer leads to are valid.
pub(super) unsafe trait Vector: Copy {
    type Number: num_traits::Float;
    /// Which lanes a partial access touches: the first few.
    type Mask: Copy;
    const LANES: usize;

    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::Number) -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    /// Brings what lies at the address to the nearest cache, or nothing, if there is nothing.
    unsafe fn prefetch(at: *const Self::Number);
    /// The first `lanes` lanes, between 0 and `LANES`.
    unsafe fn mask(lanes: usize) -> Self::Mask;
    /// The lanes of the mask; the others are zero, and their memory is not touched.
    unsafe fn load_some(from: *const Self::Number, mask: Self::Mask) -> Self;
    unsafe fn store_some(self, to: *mut Self::Number, mask: Self::Mask);
    unsafe fn add(self, other: Self) -> Self;
    /// `self * by + plus`, rounded once.
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self;
    /// The sum of all lanes, by halves.
    unsafe fn sum(self) -> Self::Number;
}

/// Implements [`Vector`] by one intrinsic for each function.
#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    (
        $vector:ident = [$number:ident; $lanes:literal], $zero:ident, $splat:ident, $load:ident, $store:ident,
        $load_some:ident, $store_some:ident, $add:ident, $mul_add:ident, $sum:ident, $mask:ty = |$n:ident| $mask_of:expr
    ) => {
        // SAFETY: each intrinsic does on all lanes what the function says; the masked ones touch the memory of the
        // lanes in the mask only.
        unsafe impl Vector for $vector {
            type Number = $number;
            type Mask = $mask;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn splat(x: $number) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller promises the instruction set and `LANES` numbers to read.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller promises the instruction set and `LANES` numbers to write.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn prefetch(at: *const $number) {
                // SAFETY: a hint, which any address may be given to.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
            }
            #[inline(always)]
            unsafe fn mask($n: usize) -> $mask {
                // SAFETY: the caller promises the instruction set, and `n <= LANES`.
                unsafe { $mask_of }
            }
            #[inline(always)]
            unsafe fn load_some(from: *const $number, mask: $mask) -> Self {
                // SAFETY: the caller promises the instruction set and the masked numbers to read.
                unsafe { $load_some(mask, from) }
            }
            #[inline(always)]
            unsafe fn store_some(self, to: *mut $number, mask: $mask) {
                // SAFETY: the caller promises the instruction set and the masked numbers to write.
                unsafe { $store_some(to, mask, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $mul_add(self, by, plus) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $number {
                // SAFETY: the caller promises the instruction set.
                unsafe { $sum(self) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
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
        _mm256_fmadd_ps,
        sum_ps,
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
        _mm256_fmadd_pd,
        sum_pd,
        (__m256i, usize) = |n| (_mm256_loadu_si256(ONES_THEN_ZEROS.as_ptr().add(8 - 2 * n).cast()), n)
    );

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
}

#[cfg(all(target_arch = "x86_64", avx512))]
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
mod avx512 {
    use super::Vector;
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
        _mm512_fmadd_ps,
        _mm512_reduce_add_ps,
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
        _mm512_fmadd_pd,
        _mm512_reduce_add_pd,
        __mmask8 = |n| _mm512_int2mask((1 << n) - 1) as __mmask8
    );
}
