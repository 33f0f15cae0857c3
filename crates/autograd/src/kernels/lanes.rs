//! Sums of terms that are in registers alone: added on lanes, side by side, which are folded by halves.
//!
//! What is left behind the whole chunks goes on fewer lanes, and the last few elements one by one, in registers of their own, so that
//! the lanes never have to be in memory.

use crate::scalar::Scalar;

/// The most elements of which one sum is made before it goes on in `f64`, and the lanes on which they are added.
const RUN: usize = 1024;
const LANES: usize = 32;
const FEW: usize = 8;

/// The sum of a term of the elements of `N` slices, all equally long.
#[inline(always)]
pub(super) fn sum<T: Scalar, const N: usize>(x: [&[T]; N], term: impl Fn([T; N]) -> T) -> f64 {
    let mut whole = 0.0;
    let len = x[0].len();
    for first in (0..len).step_by(RUN) {
        let x = x.map(|x| &x[first..len.min(first + RUN)]);
        let mut many = [T::zero(); LANES];
        let x = add_chunks(x, &term, &mut many);
        let mut few = [T::zero(); FEW];
        let x = add_chunks(x, &term, &mut few);
        let mut one = [T::zero(); 1];
        add_chunks(x, &term, &mut one);
        let mut half = LANES / 2;
        while half > 0 {
            let (left, right) = many.split_at_mut(half);
            left.iter_mut().zip(right).for_each(|(left, right)| *left += *right);
            if half == FEW {
                left.iter_mut().zip(few).for_each(|(left, few)| *left += few);
            }
            half /= 2;
        }
        whole += (many[0] + one[0]).into();
    }
    whole
}

/// Adds the terms of whole chunks, and returns what is left.
#[inline(always)]
fn add_chunks<'a, T: Scalar, const N: usize, const LANES: usize>(
    x: [&'a [T]; N],
    term: &impl Fn([T; N]) -> T,
    sums: &mut [T; LANES],
) -> [&'a [T]; N] {
    let whole = x[0].len() / LANES * LANES;
    for first in (0..whole).step_by(LANES) {
        let x = x.map(|x| x[first..].first_chunk::<LANES>().expect("a whole chunk"));
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(x.map(|x| x[lane]));
        }
    }
    x.map(|x| &x[whole..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers, whose sums are exact in any order, of every length about the ends of lanes and runs.
    #[test]
    fn terms_of_every_length_are_summed() {
        for len in (0..100).chain([1023, 1024, 1025, 1032, 1059, 5000]) {
            let x: Vec<f32> = (0..len).map(|i| (i % 7) as f32).collect();
            let y: Vec<f32> = (0..len).map(|i| (i % 5) as f32 - 2.0).collect();
            let expected: f64 = x.iter().zip(&y).map(|(x, y)| f64::from(x * y)).sum();
            assert_eq!(sum([&x, &y], |[x, y]| x * y), expected, "{len}");
        }
    }
}
