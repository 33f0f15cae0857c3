//! The sum of a short run of numbers and its largest, on vectors: the end of every sum along an axis whose elements lie behind
//! each other.
//!
//! The steps are the same, in the same order, on every processor. They are spread over so many lanes that none waits for the
//! latency of another, and the lanes are joined by halves.

use super::simd::Vector;
use num_traits::Float;

/// The numbers that have a kernel: a part of [`Scalar`](crate::Scalar), out of reach from outside.
pub trait Run: Sized {
    /// The sum of a run, in which 256 bytes are added to those before them, four times as many at a time: for short ones.
    #[doc(hidden)]
    fn sum_of_run(x: &[Self]) -> Self;

    /// The largest of a run, or `-inf`. If one is NaN, some number.
    #[doc(hidden)]
    fn largest_of_run(x: &[Self]) -> Self;
}

/// What becomes of two numbers, or of two vectors lane by lane.
trait Join {
    /// What changes no number that it is joined to.
    fn start<T: Float>() -> T;
    fn numbers<T: Float>(a: T, b: T) -> T;
    /// # Safety
    /// The processor must have the instructions of `V`.
    unsafe fn vectors<V: Vector>(a: V, b: V) -> V;
    /// All lanes joined, by halves.
    ///
    /// # Safety
    /// The processor must have the instructions of `V`.
    unsafe fn lanes<V: Vector>(a: V) -> V::Number;
}

struct Sum;

impl Join for Sum {
    #[inline(always)]
    fn start<T: Float>() -> T {
        T::zero()
    }
    #[inline(always)]
    fn numbers<T: Float>(a: T, b: T) -> T {
        a + b
    }
    #[inline(always)]
    unsafe fn vectors<V: Vector>(a: V, b: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { a.add(b) }
    }
    #[inline(always)]
    unsafe fn lanes<V: Vector>(a: V) -> V::Number {
        // SAFETY: the caller's promise.
        unsafe { a.sum() }
    }
}

struct Largest;

impl Join for Largest {
    #[inline(always)]
    fn start<T: Float>() -> T {
        T::neg_infinity()
    }
    #[inline(always)]
    fn numbers<T: Float>(a: T, b: T) -> T {
        if b > a { b } else { a }
    }
    #[inline(always)]
    unsafe fn vectors<V: Vector>(a: V, b: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { b.max(a) }
    }
    #[inline(always)]
    unsafe fn lanes<V: Vector>(a: V) -> V::Number {
        // SAFETY: the caller's promise.
        unsafe { a.largest() }
    }
}

macro_rules! run {
    ($t:ident, $joined:ident, $avx512:ident, $avx2:ident, $neon:ident, $lanes:literal) => {
        impl Run for $t {
            #[inline(always)]
            fn sum_of_run(x: &[$t]) -> $t {
                $joined::<Sum>(x)
            }
            #[inline(always)]
            fn largest_of_run(x: &[$t]) -> $t {
                $joined::<Largest>(x)
            }
        }

        /// A run joined on the widest vectors of the machine.
        #[inline(always)]
        fn $joined<J: Join>(x: &[$t]) -> $t {
            #[cfg(all(target_arch = "x86_64", avx512))]
            {
                use std::arch::x86_64::$avx512;
                #[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
                #[target_feature(enable = "avx512f")]
                unsafe fn on_avx512<J: Join>(x: &[$t]) -> $t {
                    // SAFETY: the caller's promise.
                    unsafe { on_vectors::<$avx512, J, { $lanes / $avx512::LANES }>(x) }
                }
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: the processor has AVX-512.
                    return unsafe { on_avx512::<J>(x) };
                }
            }
            #[cfg(target_arch = "x86_64")]
            {
                use std::arch::x86_64::$avx2;
                #[target_feature(enable = "avx2")]
                unsafe fn on_avx2<J: Join>(x: &[$t]) -> $t {
                    // SAFETY: the caller's promise.
                    unsafe { on_vectors::<$avx2, J, { $lanes / $avx2::LANES }>(x) }
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    return unsafe { on_avx2::<J>(x) };
                }
            }
            #[cfg(target_arch = "aarch64")]
            {
                use std::arch::aarch64::$neon;
                // SAFETY: every processor of this architecture has NEON.
                return unsafe { on_vectors::<$neon, J, { $lanes / $neon::LANES }>(x) };
            }
            #[cfg(not(target_arch = "aarch64"))]
            anywhere::<$t, J, $lanes>(x)
        }
    };
}
run!(f32, joined_f32, __m512, __m256, float32x4_t, 64);
run!(f64, joined_f64, __m512d, __m256d, float64x2_t, 32);

/// A run joined, in `N` vectors. What fills no quarter of them is joined number by number: a masked load that touches memory
/// ahead costs more than all of these, where the data comes from afar.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn on_vectors<V: Vector, J: Join, const N: usize>(x: &[V::Number]) -> V::Number {
    let width = N * V::LANES;
    let (mut from, mut left) = (x.as_ptr(), x.len());
    if left < width / 4 {
        // No lane has anything: joining them would take longer than all the rest.
        return x.iter().fold(J::start(), |so_far, &x| J::numbers(so_far, x));
    }
    // SAFETY: the processor has the instructions; what is loaded lies in `x`, of which `left` elements from `from` on are left.
    unsafe {
        let mut all = [V::splat(J::start()); N];
        while left >= 4 * width {
            for (i, so_far) in all.iter_mut().enumerate() {
                let at = |row: usize| V::load(from.add(row * width + i * V::LANES));
                let (a, b) = (J::vectors(at(0), at(1)), J::vectors(at(2), at(3)));
                *so_far = J::vectors(*so_far, J::vectors(a, b));
            }
            (from, left) = (from.add(4 * width), left - 4 * width);
        }
        while left >= width {
            for (i, so_far) in all.iter_mut().enumerate() {
                *so_far = J::vectors(*so_far, V::load(from.add(i * V::LANES)));
            }
            (from, left) = (from.add(width), left - width);
        }
        for quarter in all.chunks_exact_mut(N / 4) {
            if left < width / 4 {
                break;
            }
            for (i, so_far) in quarter.iter_mut().enumerate() {
                *so_far = J::vectors(*so_far, V::load(from.add(i * V::LANES)));
            }
            (from, left) = (from.add(width / 4), left - width / 4);
        }
        let mut half = N;
        while half > 1 {
            half /= 2;
            for i in 0..half {
                all[i] = J::vectors(all[i], all[half + i]);
            }
        }
        (0..left).fold(J::lanes(all[0]), |so_far, i| J::numbers(so_far, *from.add(i)))
    }
}

/// As [`on_vectors`], on any processor.
#[cfg(any(test, not(target_arch = "aarch64")))]
fn anywhere<T: Float, J: Join, const LANES: usize>(x: &[T]) -> T {
    let mut all = [J::start::<T>(); LANES];
    let (x, tail) = x.split_at(x.len() - x.len() % (LANES / 4));
    let (fours, rest) = x.split_at(x.len() - x.len() % (4 * LANES));
    for x in fours.chunks_exact(4 * LANES) {
        for (i, so_far) in all.iter_mut().enumerate() {
            let at = |row: usize| x[row * LANES + i];
            let (a, b) = (J::numbers(at(0), at(1)), J::numbers(at(2), at(3)));
            *so_far = J::numbers(*so_far, J::numbers(a, b));
        }
    }
    for x in rest.chunks(LANES) {
        all.iter_mut().zip(x).for_each(|(so_far, &x)| *so_far = J::numbers(*so_far, x));
    }
    let mut half = LANES;
    while half > 1 {
        half /= 2;
        for i in 0..half {
            all[i] = J::numbers(all[i], all[half + i]);
        }
    }
    tail.iter().fold(all[0], |so_far, &x| J::numbers(so_far, x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    /// Runs of every length: whole numbers add without rounding, and tenths to the same bits as without vectors.
    fn every_length<T: Scalar, const LANES: usize>() {
        for len in (0..100).chain([127, 128, 255, 256, 300, 700]) {
            let whole: Vec<T> = (0..len).map(|i| T::of(((i * 7) % 13) as f64)).collect();
            let expected: f64 = whole.iter().map(|&x| x.into()).sum();
            assert_eq!(T::sum_of_run(&whole).into(), expected, "{len} numbers");
            let tenths: Vec<T> = whole.iter().map(|&x| x / T::of(10.0)).collect();
            assert_eq!(T::sum_of_run(&tenths), anywhere::<T, Sum, LANES>(&tenths), "{len} tenths");
            // The largest, wherever it lies.
            for at in 0..len {
                let mut x = tenths.clone();
                x[at] = T::of(99.0);
                assert_eq!(T::largest_of_run(&x).into(), 99.0, "at {at} of {len}");
                assert_eq!(anywhere::<T, Largest, LANES>(&x).into(), 99.0, "at {at} of {len}");
            }
        }
    }

    #[test]
    fn runs_of_every_length_on_vectors_of_every_width() {
        every_length::<f32, 64>();
        every_length::<f64, 32>();
    }
}
