//! Numbers in two bytes, and the update of a parameter that keeps what it remembers in them.
//!
//! A bfloat16 is the upper half of a single: eight bits of exponent, seven of fraction. Rounded to the nearest, a mean
//! `v + (1 - β)(x - v)` stands still as soon as its steps are below 2⁻⁹ of it, as they are with β = 0.999. So it is rounded up or down
//! at random, up with the probability of what is cut off: right in the mean, so that small steps add up. (M. Croci, M. Fasi, N. Higham,
//! T. Mary and M. Mikaitis, "Stochastic rounding: implementation, error analysis and applications", 2022.) The random bits are a function
//! of a key and of the place of the number, so they are the same on any number of threads, and there is no generator to keep.

use super::update::{Decayed, Keep, update_all};
use crate::scalar::Scalar;
use std::fmt;

/// A number of two bytes: the upper half of an `f32`.
///
/// ```
/// use autograd::Bf16;
/// // Between 1 and the next larger number, 1 + 2⁻⁷: a quarter of the way.
/// let x = 1.0 + 1.0 / 512.0;
/// let ups = (0..=u16::MAX).filter(|&bits| Bf16::stochastic(x, bits).value() > 1.0).count();
/// assert_eq!(ups, 65_536 / 4);
/// assert_eq!(Bf16::stochastic(0.375, u16::MAX).value(), 0.375);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Bf16(u16);

impl Bf16 {
    /// One of the two numbers that `x` lies between: the one further from 0 with the probability of where it lies, if the bits are random.
    /// A number that has this form stays as it is.
    #[inline(always)]
    pub fn stochastic(x: f32, bits: u16) -> Self {
        // What is cut off carries into the half that stays, if the bits that are added fill it up.
        let sum = x.to_bits().wrapping_add(u32::from(bits));
        // A NaN could overflow into a number.
        Bf16(if x.is_nan() { 0x7fc0 } else { (sum >> 16) as u16 })
    }

    /// The number.
    #[inline(always)]
    pub fn value(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

impl fmt::Debug for Bf16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

/// As [`update_each`](crate::update_each), or [`update_decayed`](crate::update_decayed) with a decay, of remembered numbers that are kept in
/// two bytes each, rounded [at random](Bf16::stochastic): the same key gives the same bits. In one pass: the rule sees numbers of full width.
///
/// ```
/// use autograd::{Bf16, update_bf16};
/// let (mut w, mut mean) = ([0.0; 4096], [Bf16::default(); 4096]);
/// for key in 0..4000 {
///     update_bf16(&mut w, &[1.0_f32; 4096], [&mut mean], None, key, |w, g, [m]| (w, [m + 0.001 * (g - m)]));
/// }
/// // 1 - 0.999⁴⁰⁰⁰ is 0.982. To the nearest, each would have stopped at 0.25, where the steps are half the distance to the next.
/// let whole = mean.iter().map(|m| m.value()).sum::<f32>() / 4096.0;
/// assert!((whole - 0.982).abs() < 0.002, "{whole}");
/// ```
///
/// # Panics
/// If the slices are not equally long.
pub fn update_bf16<T: Scalar, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [Bf16]; N],
    decay: Option<[T; 2]>,
    key: u64,
    rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
) {
    // One loop for both, which is half the code.
    let [shrink, pull] = decay.unwrap_or([T::one(), T::zero()]);
    let keep = InHalves { key: (key ^ key >> 32) as u32 };
    update_all(w, g, slots, &keep, &Decayed { shrink, pull, rule });
}

/// Rounded with bits that follow from this key.
struct InHalves {
    key: u32,
}

impl InHalves {
    /// Random bits for a place: sixteen for each of two slots. A permutation of all numbers of 32 bits, of which each bit depends on each,
    /// by two multiplications (C. Wellons, "Prospecting for Hash Functions", 2018).
    #[inline(always)]
    fn bits(&self, place: usize, pair: usize) -> u32 {
        let x = (place as u32).wrapping_mul(0x9e37_79b9) ^ self.key ^ (pair as u32).wrapping_mul(0x85eb_ca6b);
        let x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
        let x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
        x ^ x >> 16
    }
}

impl<T: Scalar> Keep<T> for InHalves {
    type Kept = Bf16;

    #[inline(always)]
    fn read(&self, kept: Bf16) -> T {
        T::of(f64::from(kept.value()))
    }

    #[inline(always)]
    fn keep(&self, x: T, place: usize, slot: usize) -> Bf16 {
        let x: f64 = x.into();
        Bf16::stochastic(x as f32, (self.bits(place, slot / 2) >> (16 * (slot % 2))) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    /// Over all bits that may be added, the mean is the number itself, and no other than its two neighbours is met.
    #[test]
    fn rounding_is_right_in_the_mean() {
        for x in [1.003_f32, -1.003, 0.1, -7.77e-12, 1e-40, 65_537.0, 3e38, 0.999_999] {
            let below = f32::from_bits(x.to_bits() & 0xffff_0000);
            let above = f32::from_bits((x.to_bits() & 0xffff_0000) + 0x1_0000);
            let mut sum = 0.0;
            for bits in 0..=u16::MAX {
                let found = Bf16::stochastic(x, bits).value();
                assert!(found == below || found == above, "{x} became {found}");
                sum += f64::from(found);
            }
            let mean = sum / 65_536.0;
            assert!((mean / f64::from(x) - 1.0).abs() < 1e-9, "{x} is {mean} in the mean");
        }
    }

    #[test]
    fn what_has_two_bytes_stays_as_it_is() {
        for bits in (0..=u16::MAX).step_by(7).chain([0x7f80, 0xff80, 0x8000]) {
            let x = Bf16(bits).value();
            for added in [0, 1, 0x8000, u16::MAX] {
                let found = Bf16::stochastic(x, added);
                assert!(
                    if x.is_nan() { found.value().is_nan() } else { found == Bf16(bits) },
                    "{x}: {found:?}"
                );
            }
        }
        let worst = f32::from_bits(0xffff_ffff);
        assert!(Bf16::stochastic(worst, u16::MAX).value().is_nan());
    }

    /// The rule sees what was kept, and every element is rounded by itself, in the same way on any number of threads.
    #[test]
    fn one_pass_is_what_it_is_one_by_one_on_any_number_of_threads() {
        let rule = |w: f32, g: f32, [a, b, c]: [f32; 3]| {
            let (a, b) = (0.9 * a + 0.1 * g, 0.99 * b + 0.01 * g * g);
            (w - 0.1 * a / (b.sqrt() + 1e-8), [a, b, c.max(b)])
        };
        for len in [0, 1, 7, 64, 65, 1000, 100_003] {
            let g: Vec<f32> = (0..len).map(|i| (i % 13) as f32 * 0.37 - 2.0).collect();
            let start: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let kept = Bf16::stochastic(0.3, 0);
            let keep = InHalves { key: 5 };
            let expected: Vec<(f32, [Bf16; 3])> = (0..len)
                .map(|i| {
                    let (w, slots) = rule(0.5 * start[i], g[i] + 0.25 * start[i], [kept.value(); 3]);
                    let halve = |n: usize| {
                        let shift = if n == 1 { 16 } else { 0 };
                        Bf16::stochastic(slots[n], (keep.bits(i, n / 2) >> shift) as u16)
                    };
                    (w, [halve(0), halve(1), halve(2)])
                })
                .collect();
            for count in [1, 2, 3, 8] {
                let (mut w, mut slots) = (start.clone(), [(); 3].map(|()| vec![kept; len]));
                with_threads(count, || {
                    let slots = slots.each_mut().map(Vec::as_mut_slice);
                    update_bf16(&mut w, &g, slots, Some([0.5, 0.25]), 5, rule);
                });
                let found: Vec<_> =
                    (0..len).map(|i| (w[i], [slots[0][i], slots[1][i], slots[2][i]])).collect();
                assert!(found == expected, "{len} elements on {count} threads");
            }
        }
    }

    /// Bits of places, slots and keys that have little to do with each other: each is set half the time, and so is the exclusive or of two.
    #[test]
    fn bits_are_random() {
        let all = |keep: &InHalves, pair: usize| (0..4096).map(|i| keep.bits(i, pair)).collect::<Vec<u32>>();
        let (one, other) = (all(&InHalves { key: 1 }, 0), all(&InHalves { key: 2 }, 0));
        let pair = all(&InHalves { key: 1 }, 1);
        let differences = |a: &[u32], b: &[u32]| a.iter().zip(b).map(|(a, b)| a ^ b).collect::<Vec<u32>>();
        let turned: Vec<u32> = one.iter().map(|x| x.rotate_left(16)).collect();
        let cases = [
            one.clone(),
            differences(&one, &other),
            differences(&one, &pair),
            differences(&one, &turned),
            differences(&one[1..], &one[..4095]),
        ];
        for (case, numbers) in cases.iter().enumerate() {
            for bit in 0..32 {
                let share =
                    numbers.iter().filter(|x| *x >> bit & 1 == 1).count() as f64 / numbers.len() as f64;
                // Five standard deviations of 4096 throws.
                assert!((share - 0.5).abs() < 5.0 * 0.5 / 64.0, "bit {bit} of case {case}: {share}");
            }
        }
    }
}
