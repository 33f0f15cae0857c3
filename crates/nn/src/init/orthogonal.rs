//! Random rotations: rows at right angles, every direction equally likely.
//!
//! Of a matrix `A` of independent normal numbers, with `A = L Q` for a lower triangular `L` with a positive diagonal, the rows of `Q` are
//! such (F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007). That is the method of Gram and Schmidt:
//! each row less its projections on those before, and scaled. Rounding leaves it at right angles only as far as little of a row was
//! taken away, so all is done twice, which is enough (L. Giraud, J. Langou and M. Rozložník, "The loss of orthogonality in the
//! Gram-Schmidt orthogonalization process", 2005). Some rows at a time are taken against all before, so that most of the work is
//! products of matrices.

use autograd::{Rng, Scalar, Shape, Tensor};

/// The rows that are taken together.
const PANEL: usize = 16;

/// Weights `[outputs, ..]` whose rows, or columns if these are fewer, are at right angles and as long as the gain.
pub(super) fn sample<T: Scalar>(shape: &Shape, gain: f64, rng: &mut Rng) -> Tensor<T> {
    let rows = shape[0];
    let columns: usize = shape.dims()[1..].iter().product();
    if rows == 0 || columns == 0 {
        return Tensor::zeros(shape);
    }
    let (few, many) = (rows.min(columns), rows.max(columns));
    let mut q = Tensor::normal([few, many], T::zero(), T::one(), rng);
    for first in (0..few).step_by(PANEL) {
        let done = q.i(..first);
        let mut panel = q.i(first..few.min(first + PANEL));
        for _ in 0..2 {
            panel = &panel - panel.matmul(&done.t()).matmul(&done);
            panel.update(|rows| one_after_the_other(rows, many));
        }
        drop(done);
        q.update(|q| panel.array().view().iter().zip(&mut q[first * many..]).for_each(|(new, q)| *q = new));
    }
    let q = if rows > columns { q.t() } else { q };
    (q * T::of(gain)).reshape(shape)
}

/// Gram and Schmidt's method for the rows of a matrix.
fn one_after_the_other<T: Scalar>(rows: &mut [T], columns: usize) {
    let dot = |a: &[T], b: &[T]| -> f64 { a.iter().zip(b).map(|(&a, &b)| a.into() * b.into()).sum() };
    for i in 0..rows.len() / columns {
        let (before, row) = rows[..(i + 1) * columns].split_at_mut(i * columns);
        for other in before.chunks_exact(columns) {
            let along = T::of(dot(row, other));
            row.iter_mut().zip(other).for_each(|(x, &other)| *x -= along * other);
        }
        let scale = T::of(dot(row, row).sqrt().recip());
        row.iter_mut().for_each(|x| *x *= scale);
    }
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
