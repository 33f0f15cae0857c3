//! The size of a parameter, for rules whose steps depend on it.

use autograd::Scalar;

/// `√Σ x²`, in double precision, where the squares of numbers of single precision neither overflow nor vanish. The order of the sum
/// depends on the length alone, and nothing is allocated.
pub(super) fn norm<T: Scalar>(x: &[T]) -> f64 {
    let square = |x: T| -> f64 {
        let x: f64 = x.into();
        x * x
    };
    let (blocks, rest) = x.as_chunks::<8>();
    let sums = blocks
        .iter()
        .fold([0.0; 8], |sums: [f64; 8], block| std::array::from_fn(|i| sums[i] + square(block[i])));
    (sums.iter().sum::<f64>() + rest.iter().map(|&x| square(x)).sum::<f64>()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_counts() {
        assert_eq!(norm::<f32>(&[]), 0.0);
        for n in [1, 7, 8, 9, 16, 100] {
            assert_eq!(norm(&vec![2.0_f32; n]), 2.0 * (n as f64).sqrt());
        }
        // 1² + 2² + … + 24² is 70².
        let x: Vec<f64> = (1..=24).map(f64::from).collect();
        assert_eq!(norm(&x), 70.0);
        assert!((norm(&[3e30_f32, 4e30]) / 5e30 - 1.0).abs() < 1e-7);
    }
}
