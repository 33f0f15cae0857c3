//! Noise, for samples of any shape, and for tables.

use super::{Augment, Sample, must_be_a_probability};
use autograd::{Array, Rng, Scalar, Tensor};

/// Independent noise added to every number, normal with this deviation.
///
/// Source: C. Bishop, "Training with Noise is Equivalent to Tikhonov Regularization", 1995. For a table, scale the columns first:
/// [`Scaler`](crate::data::Scaler).
///
/// ```
/// use nn::{Rng, data::{Noise, digits}};
/// let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
/// let batch = images.batches(32).augment(&Noise::new(0.1), &mut Rng::seed(0)).next().unwrap();
/// assert!(batch.x.to_vec() != images.take(32).x().to_vec());
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    deviation: f64,
}

impl Noise {
    /// With this deviation.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(deviation: f64) -> Self {
        assert!(
            deviation >= 0.0 && deviation.is_finite(),
            "Noise: a deviation of {deviation}\n  help: give a finite number of at least 0"
        );
        Noise { deviation }
    }
}

impl<T: Scalar> Augment<T> for Noise {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        for value in sample.values.iter_mut() {
            *value += T::of(self.deviation * rng.normal::<f64>());
        }
    }
}

/// Cells of a table exchanged for those of other samples in the same column: each cell with a probability, each time from another sample,
/// so that every column keeps its values, whatever their scale and kind.
///
/// Source: M. Jahrer, the solution that won the competition Porto Seguro's Safe Driver Prediction, 2017.
///
/// ```
/// use nn::data::{Swap, digits};
/// use nn::Rng;
/// let data = digits();
/// let batch = data.batches(32).augment(&Swap::new(0.15, data.x()), &mut Rng::seed(0)).next().unwrap();
/// assert_eq!(batch.x.dims(), [32, 64]);
/// ```
#[derive(Clone, Debug)]
pub struct Swap<T: Scalar = f32> {
    probability: f64,
    table: Array<T>,
}

impl<T: Scalar> Swap<T> {
    /// Cells exchanged with this probability for those of any sample of `x`: the inputs of the training part.
    ///
    /// # Panics
    /// If the probability is not in `[0, 1]`, or `x` has no sample.
    #[track_caller]
    pub fn new(probability: f64, x: &Tensor<T>) -> Self {
        must_be_a_probability("Swap", probability);
        let has_samples = x.dims().first().is_some_and(|samples| *samples > 0);
        assert!(
            has_samples,
            "Swap: there is no sample to take cells from\n  help: give the inputs of the training part"
        );
        let table = x.array().contiguous().expect("memory for the inputs");
        Swap { probability, table }
    }
}

impl<T: Scalar> Augment<T> for Swap<T> {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let (table, dims) = (self.table.as_slice().expect("in order"), self.table.shape().dims());
        assert!(
            dims[1..] == *sample.shape,
            "Swap: a sample of shape {:?}, where the table has {:?}\n  help: give the inputs that are augmented",
            sample.shape,
            &dims[1..]
        );
        let columns = sample.values.len();
        for (column, value) in sample.values.iter_mut().enumerate() {
            if rng.uniform::<f64>() < self.probability {
                *value = table[rng.below(dims[0]) * columns + column];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::applied;
    use super::*;
    use crate::testing::panic_of;
    use proptest::prelude::*;

    #[test]
    fn noise_is_added_with_its_deviation() {
        let x = vec![5.0; 20_000];
        let y = applied(&Noise::new(0.5), &x, &[20_000], 1);
        let mean = y.iter().sum::<f64>() / 20_000.0;
        let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 20_000.0;
        // Five deviations: of the mean 0.5 / √n, of the variance 0.25 √(2 / n).
        assert!((mean - 5.0).abs() < 0.018 && (variance - 0.25).abs() < 0.0125, "{mean} and {variance}");
        assert_eq!(applied(&Noise::new(0.0), &x, &[20_000], 1), x);
        assert!(panic_of(|| Noise::new(-1.0)).contains("help"));
    }

    proptest! {
        /// Cells name their row and column, so that one sees where a cell comes from.
        #[test]
        fn cells_come_from_their_own_column(rows in 1..9_usize, columns in 1..9_usize, p in 0.0..=1.0, seed: u64) {
            let table = Tensor::<f64>::arange(rows * columns).reshape([rows, columns]);
            let x = vec![-1.0; columns];
            let y = applied(&Swap::new(p, &table), &x, &[columns], seed);
            for (column, y) in y.into_iter().enumerate() {
                prop_assert!(y == -1.0 || y as usize % columns == column);
            }
            prop_assert_eq!(applied(&Swap::new(0.0, &table), &x, &[columns], seed), x.clone());
            prop_assert!(applied(&Swap::new(1.0, &table), &x, &[columns], seed).iter().all(|y| *y >= 0.0));
        }
    }

    #[test]
    fn a_table_of_others_is_refused() {
        let swap = Swap::new(0.5, &Tensor::<f64>::ones([2, 3]));
        assert!(
            panic_of(|| applied(&swap, &[1.0], &[1], 0))
                .contains("a sample of shape [1], where the table has [3]")
        );
        assert!(panic_of(|| Swap::new(0.5, &Tensor::<f64>::ones([0, 3]))).contains("no sample"));
    }
}
