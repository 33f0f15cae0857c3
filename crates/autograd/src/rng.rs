//! Random numbers: one named generator, seeded by hand, with the same numbers on every machine.
//!
//! The generator is xoshiro256++ (D. Blackman and S. Vigna, 2019). Whoever needs random numbers is given a `&mut Rng`;
//! there is no hidden one. What is derived from its bits is derived here, so that a seed means the same in every
//! version of the crates below.

use crate::array::Array;
use crate::error::OrPanic;
use crate::scalar::Scalar;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng};

/// A generator of random numbers.
///
/// ```
/// use autograd::Rng;
/// let (mut a, mut b) = (Rng::seed(7), Rng::seed(7));
/// assert_eq!(a.uniform::<f64>(), b.uniform::<f64>());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The generator that `seed` stands for.
    pub fn seed(seed: u64) -> Self {
        Rng(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Sixty-four random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number uniform in `[0, 1)`: a multiple of 2⁻²⁴ in `f32`, of 2⁻⁵³ in `f64`.
    #[inline]
    pub fn uniform<T: Scalar>(&mut self) -> T {
        let digits = if size_of::<T>() == 4 { 24 } else { 53 };
        T::of((self.bits() >> (64 - digits)) as f64 / (1_u64 << digits) as f64)
    }

    /// A number from the standard normal distribution, by the polar method (G. Marsaglia, 1962).
    pub fn normal<T: Scalar>(&mut self) -> T {
        loop {
            let (u, v) = (2.0 * self.uniform::<f64>() - 1.0, 2.0 * self.uniform::<f64>() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return T::of(u * (-2.0 * s.ln() / s).sqrt());
            }
        }
    }

    /// A whole number uniform in `0..n`, without bias (D. Lemire, 2019).
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "below: there is no number below 0");
        let n = n as u64;
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts the items in random order, every order equally likely (R. Durstenfeld, 1964).
    pub fn shuffle<V>(&mut self, items: &mut [V]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// The numbers `0..n` in random order, every order equally likely: as indices, they shuffle an axis.
    ///
    /// ```
    /// use autograd::{Rng, Tensor};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// let shuffled = x.index_select(0, &Rng::seed(0).permutation(3));
    /// assert_eq!(shuffled.sum_axes(0).to_vec(), [9.0, 12.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no memory for them.
    #[track_caller]
    pub fn permutation(&mut self, n: usize) -> Array<usize> {
        Array::build([n], |order| {
            (0..n).zip(&mut *order).for_each(|(i, order)| *order = i);
            self.shuffle(order);
        })
        .or_panic()
    }

    /// A generator of its own, whose numbers are independent of those this one gives afterwards.
    pub fn fork(&mut self) -> Rng {
        Rng::seed(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_these_numbers_for_ever() {
        let mut rng = Rng::seed(7);
        let first: Vec<u64> = (0..3).map(|_| rng.bits()).collect();
        // Worked out apart from this crate, from the published algorithm, seeded by splitmix64.
        assert_eq!(first, [1_021_219_803_524_665_661, 3_174_977_118_032_272_916, 13_236_943_193_235_544_178]);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&rng.uniform::<f32>())));
    }

    /// Moments and tails of a hundred thousand samples, five deviations wide.
    #[test]
    fn the_normal_distribution_has_its_moments() {
        let mut rng = Rng::seed(1);
        let n = 100_000;
        let samples: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let moment = |k: i32| samples.iter().map(|x| x.powi(k)).sum::<f64>() / n as f64;
        assert!(moment(1).abs() < 0.016 && (moment(2) - 1.0).abs() < 0.023 && (moment(4) - 3.0).abs() < 0.16);
        let beyond_two = samples.iter().filter(|x| x.abs() > 2.0).count() as f64 / n as f64;
        assert!((beyond_two - 0.0455).abs() < 0.0033, "{beyond_two}");
    }

    #[test]
    fn below_and_shuffle_are_fair() {
        let mut rng = Rng::seed(3);
        let mut counts = [0; 6];
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            rng.shuffle(&mut items);
            counts[items[0] * 2 + usize::from(items[1] > items[2])] += 1;
        }
        assert!(counts.iter().all(|c| (856..1144).contains(c)), "{counts:?}");
        assert!((0..100).all(|_| rng.below(3) < 3));
    }
}
