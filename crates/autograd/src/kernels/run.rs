//! The sum of a short run of numbers, on vectors: the end of every sum along an axis whose elements lie behind each other.
//!
//! The additions are the same, in the same order, on every processor. They are spread over so many lanes that no sum waits for
//! its own latency, and the lanes are added by halves.

use super::matmul::simd::Vector;
use crate::scalar::Scalar;

/// The numbers that have a kernel: a part of [`Scalar`](crate::Scalar), out of reach from outside.
pub trait Run: Sized {
    /// The sum of a run, of which every 256 bytes are added to those before them: for short ones.
    #[doc(hidden)]
    fn sum_of_run(x: &[Self]) -> Self;
}

macro_rules! run {
    ($t:ident, $avx512:ident, $avx2:ident, $lanes:literal) => {
        impl Run for $t {
            #[inline(always)]
            fn sum_of_run(x: &[$t]) -> $t {
                #[cfg(all(target_arch = "x86_64", avx512))]
                {
                    use std::arch::x86_64::$avx512;
                    #[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
                    #[target_feature(enable = "avx512f")]
                    unsafe fn sum_avx512(x: &[$t]) -> $t {
                        // SAFETY: the caller's promise.
                        unsafe { sum::<$avx512, { $lanes / $avx512::LANES }>(x) }
                    }
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: the processor has AVX-512.
                        return unsafe { sum_avx512(x) };
                    }
                }
                #[cfg(target_arch = "x86_64")]
                {
                    use std::arch::x86_64::$avx2;
                    #[target_feature(enable = "avx2")]
                    unsafe fn sum_avx2(x: &[$t]) -> $t {
                        // SAFETY: the caller's promise.
                        unsafe { sum::<$avx2, { $lanes / $avx2::LANES }>(x) }
                    }
                    if is_x86_feature_detected!("avx2") {
                        // SAFETY: the processor has AVX2.
                        return unsafe { sum_avx2(x) };
                    }
                }
                plain::<$t, $lanes>(x)
            }
        }
    };
}
run!(f32, __m512, __m256, 64);
run!(f64, __m512d, __m256d, 32);

/// The sum of a run, in `N` vectors. What fills no quarter of them is added number by number: a masked load that touches memory
/// ahead costs more than all of these, where the data comes from afar.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn sum<V: Vector, const N: usize>(x: &[V::Number]) -> V::Number {
    let width = N * V::LANES;
    let (mut from, mut left) = (x.as_ptr(), x.len());
    // SAFETY: the processor has the instructions; what is loaded lies in `x`, of which `left` elements from `from` on are left.
    unsafe {
        let mut sums = [V::zero(); N];
        while left >= 4 * width {
            for (i, sum) in sums.iter_mut().enumerate() {
                let at = |row: usize| V::load(from.add(row * width + i * V::LANES));
                *sum = sum.add(at(0).add(at(1)).add(at(2).add(at(3))));
            }
            (from, left) = (from.add(4 * width), left - 4 * width);
        }
        while left >= width {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add(V::load(from.add(i * V::LANES)));
            }
            (from, left) = (from.add(width), left - width);
        }
        for quarter in sums.chunks_exact_mut(N / 4) {
            if left < width / 4 {
                break;
            }
            for (i, sum) in quarter.iter_mut().enumerate() {
                *sum = sum.add(V::load(from.add(i * V::LANES)));
            }
            (from, left) = (from.add(width / 4), left - width / 4);
        }
        let mut half = N;
        while half > 1 {
            half /= 2;
            for i in 0..half {
                sums[i] = sums[i].add(sums[half + i]);
            }
        }
        (0..left).fold(sums[0].sum(), |sum, i| sum + *from.add(i))
    }
}

/// As [`sum`], on any processor.
fn plain<T: Scalar, const LANES: usize>(x: &[T]) -> T {
    let mut sums = [T::zero(); LANES];
    let (x, tail) = x.split_at(x.len() - x.len() % (LANES / 4));
    let (fours, rest) = x.split_at(x.len() - x.len() % (4 * LANES));
    for x in fours.chunks_exact(4 * LANES) {
        for (i, sum) in sums.iter_mut().enumerate() {
            let at = |row: usize| x[row * LANES + i];
            *sum += (at(0) + at(1)) + (at(2) + at(3));
        }
    }
    for x in rest.chunks(LANES) {
        sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += x);
    }
    let mut half = LANES;
    while half > 1 {
        half /= 2;
        for i in 0..half {
            let other = sums[half + i];
            sums[i] += other;
        }
    }
    tail.iter().fold(sums[0], |sum, &x| sum + x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of every length: whole numbers add without rounding, and tenths to the same bits as without vectors.
    fn every_length<T: Scalar, const LANES: usize>() {
        for len in 0..700 {
            let whole: Vec<T> = (0..len).map(|i| T::of(f64::from((i * 7) % 13))).collect();
            let expected: f64 = whole.iter().map(|&x| x.into()).sum();
            assert_eq!(T::sum_of_run(&whole).into(), expected, "{len} numbers");
            let tenths: Vec<T> = whole.iter().map(|&x| x / T::of(10.0)).collect();
            assert_eq!(T::sum_of_run(&tenths), plain::<T, LANES>(&tenths), "{len} tenths");
        }
    }

    #[test]
    fn runs_of_every_length_on_vectors_of_every_width() {
        every_length::<f32, 64>();
        every_length::<f64, 32>();
    }
}
