//! Random numbers: one named generator, seeded by hand, with the same numbers on every machine.
//!
//! The generator is xoshiro256++ (D. Blackman and S. Vigna, 2019). Whoever needs random numbers is given a `&mut Rng`;
//! there is no hidden one. What is derived from its bits is derived here, so that a seed means the same in every
//! version of the crates below.

use crate::array::Array;
use crate::error::OrPanic;
use crate::scalar::Scalar;
use std::fmt;
use std::str::FromStr;

/// A generator of random numbers.
///
/// ```
/// use autograd::Rng;
/// let (mut a, mut b) = (Rng::seed(7), Rng::seed(7));
/// assert_eq!(a.uniform::<f64>(), b.uniform::<f64>());
///
/// // As text it can be kept, and goes on where it was.
/// let mut kept: Rng = a.to_string().parse().unwrap();
/// assert_eq!(a.bits(), kept.bits());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng([u64; 4]);

impl Rng {
    /// The generator that `seed` stands for: its state is the first four numbers of splitmix64 (G. Steele, D. Lea and C. Flood,
    /// "Fast splittable pseudorandom number generators", 2014), as the authors of xoshiro advise.
    #[doc(alias = "manual_seed")]
    pub fn seed(mut seed: u64) -> Self {
        Rng([(); 4].map(|()| {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ z >> 31
        }))
    }

    /// Sixty-four random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let bits = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        bits
    }

    /// A number uniform in `[0, 1)`: a multiple of 2⁻²⁴ in `f32`, of 2⁻⁵³ in `f64`. Of which type it is has to be said where nothing
    /// else settles it, as in arithmetic with literals.
    ///
    /// ```
    /// use autograd::Rng;
    /// let mut rng = Rng::seed(0);
    /// let angle = 360.0 * rng.uniform::<f64>();
    /// let share: f32 = rng.uniform();
    /// assert!(angle < 360.0 && share < 1.0);
    /// ```
    #[inline]
    pub fn uniform<T: Scalar>(&mut self) -> T {
        let digits = if size_of::<T>() == 4 { 24 } else { 53 };
        T::of((self.bits() >> (64 - digits)) as f64 / (1_u64 << digits) as f64)
    }

    /// A number from the standard normal distribution, by the polar method (G. Marsaglia, 1962); its type as for
    /// [`uniform`](Self::uniform).
    ///
    /// ```
    /// use autograd::Rng;
    /// let mut rng = Rng::seed(0);
    /// let mean = (0..1000).map(|_| rng.normal::<f64>()).sum::<f64>() / 1000.0;
    /// assert!(mean.abs() < 0.15); // its deviation is 0.03
    /// ```
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
    /// ```
    /// use autograd::Rng;
    /// let mut rng = Rng::seed(0);
    /// let mut throws = [0; 6];
    /// (0..600).for_each(|_| throws[rng.below(6)] += 1);
    /// assert!(throws.iter().all(|n| (50..150).contains(n)));
    /// ```
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(
            n > 0,
            "below: there is no whole number below 0\n  help: `n` is one more than the largest; is a list empty?"
        );
        let n = n as u64;
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// A place in a list of weights, which need not add up to 1: `i` with the probability `weights[i] / Σ weights`.
    ///
    /// ```
    /// use autograd::{Rng, Tensor};
    /// let logits = Tensor::from([2.0_f32, 1.0, f32::NEG_INFINITY]);
    /// let next = Rng::seed(0).weighted(&logits.softmax(-1).to_vec());
    /// assert!(next < 2);
    /// ```
    ///
    /// # Panics
    /// If a weight is negative or not finite, or they do not add up to a finite number above 0.
    #[doc(alias("multinomial", "choice", "categorical"))]
    #[track_caller]
    pub fn weighted<T: Scalar>(&mut self, weights: &[T]) -> usize {
        if let Some((i, weight)) =
            weights.iter().enumerate().find(|(_, w)| !(**w >= T::zero() && w.is_finite()))
        {
            panic!(
                "weighted: place {i} has weight {weight}\n  help: weights are finite and at least 0; `softmax` makes such of logits"
            );
        }
        let total: f64 = weights.iter().map(|&weight| weight.into()).sum();
        assert!(
            total > 0.0 && total.is_finite(),
            "weighted: the weights add up to {total}\n  help: give at least one place a weight above 0"
        );
        let mut left = self.uniform::<f64>() * total;
        let mut last = 0;
        for (i, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > T::zero()) {
            left -= weight.into();
            last = i;
            if left < 0.0 {
                break;
            }
        }
        // What rounding leaves falls to the last that weighs anything.
        last
    }

    /// Puts the items in random order, every order equally likely (R. Durstenfeld, 1964).
    ///
    /// ```
    /// use autograd::Rng;
    /// let mut cards: Vec<u32> = (0..52).collect();
    /// Rng::seed(0).shuffle(&mut cards);
    /// assert!(!cards.is_sorted());
    /// cards.sort(); // nothing is lost
    /// assert!(cards.into_iter().eq(0..52));
    /// ```
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
    #[doc(alias = "randperm")]
    #[track_caller]
    pub fn permutation(&mut self, n: usize) -> Array<usize> {
        Array::build([n], |order| {
            (0..n).zip(&mut *order).for_each(|(i, order)| *order = i);
            self.shuffle(order);
        })
        .or_panic()
    }

    /// A generator of its own, whose numbers are independent of those this one gives afterwards.
    ///
    /// ```
    /// use autograd::Rng;
    /// let mut rng = Rng::seed(0);
    /// let mut noise = rng.fork();
    /// let next = rng.clone().bits();
    /// (0..10).for_each(|_| _ = noise.bits()); // however many it gives
    /// assert_eq!(rng.bits(), next);
    /// ```
    pub fn fork(&mut self) -> Rng {
        Rng::seed(self.bits())
    }
}

/// The state: four numbers of sixteen hexadecimal digits each, with `-` between them.
impl fmt::Display for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:016x}-{b:016x}-{c:016x}-{d:016x}")
    }
}

impl FromStr for Rng {
    type Err = RngError;

    fn from_str(text: &str) -> Result<Self, RngError> {
        let mut words = text.split('-').map(|word| {
            let is_whole = word.len() == 16 && word.bytes().all(|digit| digit.is_ascii_hexdigit());
            u64::from_str_radix(word, 16).ok().filter(|_| is_whole).ok_or(RngError)
        });
        let mut next = || words.next().unwrap_or(Err(RngError));
        let state = [next()?, next()?, next()?, next()?];
        // From zeros there would come nothing but zeros.
        if words.next().is_some() || state == [0; 4] { Err(RngError) } else { Ok(Rng(state)) }
    }
}

/// A text that is not the state of an [`Rng`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RngError;

impl fmt::Display for RngError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no state of a generator: expected four numbers of sixteen hexadecimal digits, with `-` between them, not all zero")
    }
}

impl std::error::Error for RngError {}

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

    /// The first numbers of the published C program from the state 1, 2, 3, 4.
    #[test]
    fn a_state_means_the_numbers_of_the_published_program() {
        let words = [1, 2, 3, 4].map(|word| format!("{word:016x}"));
        let mut rng: Rng = words.join("-").parse().unwrap();
        let first: Vec<u64> = (0..4).map(|_| rng.bits()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let sound = Rng::seed(0).to_string();
        let zeros = vec!["0".repeat(16); 4].join("-");
        for text in [
            "",
            "1-2-3-4",
            &sound[1..],
            &format!("{sound}-{}", "0".repeat(16)),
            &zeros,
            &sound.replace('-', "+"),
        ] {
            assert_eq!(text.parse::<Rng>(), Err(RngError), "{text}");
        }
        assert_eq!(sound.parse(), Ok(Rng::seed(0)));
    }

    /// Shares of a hundred thousand draws, five deviations wide; what weighs nothing is never drawn, first, last or between.
    #[test]
    fn places_come_as_often_as_they_weigh() {
        let (mut rng, mut count) = (Rng::seed(3), [0; 5]);
        (0..100_000).for_each(|_| count[rng.weighted(&[0.0_f32, 1.0, 0.0, 3.0, 0.0])] += 1);
        assert_eq!([count[0], count[2], count[4]], [0; 3]);
        // The deviation of a count is the root of n p (1 - p), which is 137.
        assert!((count[1] - 25_000_i32).abs() < 685, "{count:?}");
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
