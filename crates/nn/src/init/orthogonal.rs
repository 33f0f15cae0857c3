//! Random rotations: rows at right angles, every direction equally likely.
//!
//! Of a matrix `A` of independent normal numbers, with `A = L Q` for a lower triangular `L` with a positive diagonal, the rows of `Q` are
//! such (F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007). `L` is Cholesky's factor of `A Aᵀ`, and
//! `Q = L⁻¹ A`. Done once this loses digits, as many as the condition of `A` has squared; done again, to the `Q` found, it is exact to the
//! last digits (Y. Yamamoto and others, "Roundoff error analysis of the CholeskyQR2 algorithm", 2015). A small number added to the
//! diagonal at first keeps the factor from failing for any `A` (T. Fukaya and others, "Shifted Cholesky QR", 2020). All of it is products
//! of matrices, which Gram and Schmidt's method is not.

use autograd::{Rng, Scalar, Shape, Tensor};

/// Weights `[outputs, ..]` whose rows, or columns if these are fewer, are at right angles and as long as the gain. Worked out in double
/// precision.
pub(super) fn sample<T: Scalar>(shape: &Shape, gain: f64, rng: &mut Rng) -> Tensor<T> {
    let rows = shape[0];
    let columns: usize = shape.dims()[1..].iter().product();
    if rows == 0 || columns == 0 {
        return Tensor::zeros(shape);
    }
    let (few, many) = (rows.min(columns), rows.max(columns));
    let mut q = Tensor::<f64>::normal([few, many], 0.0, 1.0, rng);
    for pass in 0..3 {
        let mut gram = q.matmul(&q.t());
        if pass == 0 {
            let trace = gram.trace().item();
            let shift = 11.0 * ((few * many + few * (few + 1)) as f64) * f64::EPSILON / 2.0 * trace;
            gram.update(|gram| gram.iter_mut().step_by(few + 1).for_each(|g| *g += shift));
        }
        q = gram.cholesky().solve_triangular(&q, false);
    }
    let q = if rows > columns { q.t() } else { q };
    let q = q.array().view().contiguous();
    Tensor::build(shape, |w| w.iter_mut().zip(q.iter()).for_each(|(w, &q)| *w = T::of(gain * q)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn farthest(w: &Tensor<f64>, expected: f64) -> f64 {
        let (rows, columns) = (w.dims()[0], w.size() / w.dims()[0]);
        let w = w.reshape([rows, columns]);
        let gram = if rows <= columns { w.matmul(&w.t()) } else { w.t().matmul(&w) };
        let n = gram.dims()[0];
        let of = |(i, g): (usize, f64)| (g - if i % (n + 1) == 0 { expected } else { 0.0 }).abs();
        gram.to_vec().into_iter().enumerate().map(of).fold(0.0, f64::max)
    }

    #[test]
    fn rows_or_columns_are_at_right_angles() {
        for shape in [&[5, 9][..], &[9, 5], &[40, 40], &[1, 7], &[7, 1], &[6, 2, 3, 3], &[100, 99]] {
            let w: Tensor<f64> = sample(&Shape::from(shape), 2.0, &mut Rng::seed(1));
            assert_eq!(w.dims(), shape);
            assert!(farthest(&w, 4.0) < 1e-12, "{shape:?}: {}", farthest(&w, 4.0));
            let w: Tensor<f32> = sample(&Shape::from(shape), 1.0, &mut Rng::seed(1));
            let wide =
                Tensor::build(w.shape(), |y| y.iter_mut().zip(w.to_vec()).for_each(|(y, w)| *y = w.into()));
            assert!(farthest(&wide, 1.0) < 1e-6, "{shape:?}");
        }
    }

    /// Of the first row of many rotations of the plane, direction is uniform, and half of all have determinant -1.
    #[test]
    fn every_direction_is_equally_likely() {
        let (n, mut rng) = (4000, Rng::seed(2));
        let (mut quadrants, mut mirrored) = ([0; 8], 0);
        for _ in 0..n {
            let w = sample::<f64>(&Shape::from([2, 2]), 1.0, &mut rng).to_vec();
            let angle = w[1].atan2(w[0]) / std::f64::consts::TAU;
            quadrants[((angle + 1.0) * 8.0) as usize % 8] += 1;
            mirrored += usize::from(w[0] * w[3] - w[1] * w[2] < 0.0);
        }
        // Five deviations of a binomial count.
        assert!(quadrants.iter().all(|&count| (count as f64 - 500.0).abs() < 105.0), "{quadrants:?}");
        assert!((mirrored as f64 - 2000.0).abs() < 158.0, "{mirrored}");
    }
}
