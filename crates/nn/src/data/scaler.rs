//! Columns brought to one scale: `(x - offset) / scale`, with numbers taken from the training part alone.
//!
//! What is fitted to all data knows the test part, and a test that the network has seen proves less than it says.

use autograd::{Axes, Scalar, ShapeError, Tensor};

/// An affine map of every column, and its inverse.
///
/// ```
/// use nn::{Dataset, Rng, Tensor, data::Scaler};
/// let mut rng = Rng::seed(0);
/// let x = Tensor::<f32>::normal([100, 3], 20.0, 5.0, &mut rng);
/// let y = Tensor::normal([100, 1], 1e6, 1e5, &mut rng);
/// let (train, test) = Dataset::new(x, y)?.split(0.8, &mut rng);
///
/// let (inputs, targets) = (Scaler::standardize(train.x())?, Scaler::standardize(train.y())?);
/// let scaled = |x: &Tensor, y: &Tensor| (inputs.apply(x), targets.apply(y));
/// let (train, test) = (train.map(scaled)?, test.map(scaled)?);
/// assert!(train.x().mean().item().abs() < 1e-5 && (train.x().std(0.0).item() - 1.0).abs() < 1e-5);
/// // Of each column the mean, near 20, and the deviation, near 5.
/// assert!((inputs.offset() - 20.0).abs().max().item() < 2.0 && (inputs.scale() - 5.0).abs().max().item() < 1.0);
///
/// // In the units of the data, for a report.
/// let price = targets.inverse(test.y());
/// assert!(price.min().item() > 1e5);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scaler<T: Scalar = f32> {
    offset: Tensor<T>,
    scale: Tensor<T>,
}

impl<T: Scalar> Scaler<T> {
    /// To mean 0 and deviation 1 in every column: at every place of a sample. A column whose numbers are all the same becomes 0.
    ///
    /// # Errors
    /// If there is no sample, or a column holds what is no finite number.
    pub fn standardize(x: &Tensor<T>) -> Result<Self, ShapeError> {
        Self::standardize_over(x, 0)
    }

    /// As [`standardize`](Self::standardize), with one mean and deviation over all of these axes: over `[0, 2, 3]`, one for each channel
    /// of images `[n, channels, height, width]`.
    ///
    /// ```
    /// use nn::{Tensor, data::Scaler};
    /// let images = Tensor::<f32>::from([1.0, 3.0, 10.0, 10.0, 3.0, 5.0, 10.0, 30.0]).reshape([2, 2, 1, 2]);
    /// let scaler = Scaler::standardize_over(&images, [0, 2, 3])?;
    /// assert_eq!((scaler.offset().dims(), scaler.offset().to_vec()), (&[1, 2, 1, 1][..], vec![3.0, 15.0]));
    /// assert_eq!(scaler.apply(&images).mean_axes([0, 2, 3]).to_vec(), [0.0, 0.0]);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`standardize`](Self::standardize).
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn standardize_over(x: &Tensor<T>, axes: impl Into<Axes>) -> Result<Self, ShapeError> {
        let (x, axes) = (checked(x)?, axes.into());
        let (mean, deviation) = (x.mean_keepdims(axes.clone()), x.std_keepdims(axes, 0.0));
        Ok(Self::of(mean, &deviation))
    }

    /// To 0 for the least number of every column and 1 for the largest. A column whose numbers are all the same becomes 0. What is applied
    /// to other data may give less than 0 and more than 1.
    ///
    /// ```
    /// use nn::{Tensor, data::Scaler};
    /// let train = Tensor::<f32>::from([[1.0, 7.0], [2.0, 7.0], [5.0, 7.0]]);
    /// let scaler = Scaler::min_max(&train)?;
    /// assert_eq!(scaler.apply(&train).to_vec(), [0.0, 0.0, 0.25, 0.0, 1.0, 0.0]);
    /// assert_eq!(scaler.apply(&Tensor::from([[9.0, 8.0]])).to_vec(), [2.0, 1.0]);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`standardize`](Self::standardize).
    pub fn min_max(x: &Tensor<T>) -> Result<Self, ShapeError> {
        let x = checked(x)?;
        let least = x.min_keepdims(0);
        let range = x.max_keepdims(0) - &least;
        Ok(Self::of(least, &range))
    }

    /// From what [`offset`](Self::offset) and [`scale`](Self::scale) gave, as when a network that was trained on scaled data is loaded.
    ///
    /// ```
    /// use nn::{Tensor, data::Scaler};
    /// let fitted = Scaler::<f32>::min_max(&Tensor::from([[1.0, -4.0], [3.0, 4.0]]))?;
    /// let (offset, scale) = (fitted.offset().clone(), fitted.scale().clone()); // to be written to a file, and read
    /// let again = Scaler::new(offset, scale)?;
    /// assert_eq!(again.apply(&Tensor::from([[2.0, 0.0]])).to_vec(), [0.5, 0.5]);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the two differ in shape, have no axis, or hold what is no finite number; or if a scale is 0.
    pub fn new(offset: Tensor<T>, scale: Tensor<T>) -> Result<Self, ShapeError> {
        let wrong = |problem: String, help: &str| {
            let error = ShapeError::new(format!("Scaler: {problem}"));
            Err(error.operand("offset", offset.shape(), "").operand("scale", scale.shape(), "").help(help))
        };
        if offset.shape() != scale.shape() || offset.rank() == 0 {
            let help =
                "both are as `Scaler::offset` and `Scaler::scale` gave them, with an axis for the samples";
            return wrong("offset and scale must have one shape, of at least one axis".to_owned(), help);
        }
        for (name, numbers) in [("offset", &offset), ("scale", &scale)] {
            let is_wrong = |x: &T| !x.is_finite() || (name == "scale" && *x == T::zero());
            if let Some((place, x)) = numbers.to_vec().iter().enumerate().find(|(_, x)| is_wrong(x)) {
                let help =
                    "a scale is finite and not 0, an offset finite: see whether the file was written whole";
                return wrong(format!("number {place} of the {name} is {x}"), help);
            }
        }
        Ok(Scaler { offset: offset.detach(), scale: scale.detach() })
    }

    /// A scale of 0, that of equal numbers, divides nothing; nor does one that is but the rounding of their mean.
    fn of(offset: Tensor<T>, scale: &Tensor<T>) -> Self {
        let offsets = offset.to_vec();
        let least = |offset: T| offset.abs() * T::epsilon() * T::of(4.0);
        let scales = scale.to_vec().into_iter().zip(offsets);
        let scales = scales.map(|(scale, offset)| if scale > least(offset) { scale } else { T::one() });
        let scale =
            Tensor::from_vec(scales.collect(), offset.shape().clone()).expect("a scale for each offset");
        Scaler { offset, scale }
    }

    /// These numbers, or any others with the same columns, in the new scale.
    ///
    /// # Panics
    /// If there are other columns.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<T>) -> Tensor<T> {
        self.check("apply", x);
        (x - &self.offset) / &self.scale
    }

    /// Numbers of the new scale in the old one. Gradients flow through it, and through [`apply`](Self::apply).
    ///
    /// # Panics
    /// If there are other columns.
    #[track_caller]
    pub fn inverse(&self, x: &Tensor<T>) -> Tensor<T> {
        self.check("inverse", x);
        x * &self.scale + &self.offset
    }

    /// What is subtracted, with size 1 along the axes that share it.
    pub fn offset(&self) -> &Tensor<T> {
        &self.offset
    }

    /// What is divided by, in the shape of the offset.
    pub fn scale(&self) -> &Tensor<T> {
        &self.scale
    }

    #[track_caller]
    fn check(&self, what: &str, x: &Tensor<T>) {
        let (own, other) = (self.offset.dims(), x.dims());
        let fits =
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| *own == 1 || own == other);
        if !fits {
            let error =
                ShapeError::new(format!("Scaler::{what}: these are not the columns it was fitted to"))
                    .operand("fitted", self.offset.shape(), "")
                    .operand("data", x.shape(), "")
                    .help("give data with the columns of the training part, in the same order");
            panic!("{error}");
        }
    }
}

/// Untracked numbers, of which there are some, all of them finite.
fn checked<T: Scalar>(x: &Tensor<T>) -> Result<Tensor<T>, ShapeError> {
    if x.rank() == 0 || x.size() == 0 {
        return Err(ShapeError::new("there is no sample to take a scale from").operand(
            "data",
            x.shape(),
            "",
        ));
    }
    match x.to_vec().iter().position(|x| !x.is_finite()) {
        None => Ok(x.detach()),
        Some(place) => {
            let width = x.size() / x.dims()[0];
            let (sample, column) = (place / width, place % width);
            let reason =
                format!("column {column} of sample {sample} is {}, no finite number", x.to_vec()[place]);
            Err(ShapeError::new(reason).help("fill missing values in, or drop the sample"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;

    /// By hand: column 0 has mean 2 and deviation 1, column 1 is constant.
    #[test]
    fn columns_have_mean_0_and_deviation_1() {
        let train = Tensor::from([[1.0, 0.1], [3.0, 0.1]]);
        let scaler = Scaler::standardize(&train).unwrap();
        assert_eq!(scaler.apply(&train).to_vec(), [-1.0, 0.0, 1.0, 0.0]);
        let other = Tensor::from([[5.0, 1.1]]);
        assert_eq!(scaler.apply(&other).to_vec(), [3.0, 1.0]);
        assert_eq!(scaler.inverse(&scaler.apply(&other)).to_vec(), [5.0, 1.1]);
    }

    #[test]
    fn columns_go_from_0_to_1() {
        let train = Tensor::from([[1.0, -4.0, 7.0], [3.0, 4.0, 7.0], [2.0, 0.0, 7.0]]);
        let scaler = Scaler::min_max(&train).unwrap();
        assert_eq!(scaler.apply(&train).to_vec(), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.5, 0.0]);
        assert_eq!(scaler.inverse(&scaler.apply(&train)).to_vec(), train.to_vec());
    }

    /// Channel 0 holds 0 and 2, channel 1 holds 10 and 30.
    #[test]
    fn a_channel_shares_one_scale() {
        let images = Tensor::from([[[0.0, 2.0], [10.0, 30.0]]]);
        let scaler = Scaler::standardize_over(&images, [0, 2]).unwrap();
        assert_eq!(scaler.offset().to_vec(), [1.0, 20.0]);
        assert_eq!(scaler.apply(&images).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    }

    /// A mean of equal numbers that is off by a rounding must not blow that up.
    #[test]
    fn a_constant_column_stays_small() {
        let train = Tensor::<f32>::full([7, 1], 0.1);
        let scaled = Scaler::standardize(&train).unwrap().apply(&train);
        assert!(scaled.to_vec().iter().all(|x| x.abs() < 1e-6), "{scaled}");
    }

    /// By hand: (5 - 1) / 2 and (0.5 - 0.25) / 0.5.
    #[test]
    fn a_scaler_is_made_anew_of_its_numbers_if_they_are_sound() {
        let of = |offset: &[f64], scale: &[f64]| {
            let row = |numbers: &[f64]| Tensor::from_vec(numbers.to_vec(), [1, numbers.len()]).unwrap();
            Scaler::new(row(offset), row(scale))
        };
        let scaler = of(&[1.0, 0.25], &[2.0, 0.5]).unwrap();
        assert_eq!(scaler.apply(&Tensor::from([[5.0, 0.5]])).to_vec(), [2.0, 0.5]);
        let message = |offset: &[f64], scale: &[f64]| of(offset, scale).unwrap_err().to_string();
        assert!(message(&[1.0], &[1.0, 1.0]).contains("one shape"));
        assert!(message(&[1.0, 1.0], &[1.0, 0.0]).contains("number 1 of the scale is 0"));
        assert!(message(&[f64::NAN, 1.0], &[1.0, 1.0]).contains("number 0 of the offset is NaN"));
        assert!(Scaler::new(Tensor::scalar(1.0), Tensor::scalar(1.0)).is_err());
    }

    #[test]
    fn what_has_no_scale_is_an_error_that_names_it() {
        let message = |x: Tensor<f64>| Scaler::standardize(&x).unwrap_err().to_string();
        assert!(message(Tensor::zeros([0, 2])).contains("no sample"));
        assert!(message(Tensor::from([[1.0, 2.0], [3.0, f64::NAN]])).contains("column 1 of sample 1 is NaN"));
        let scaler = Scaler::standardize(&Tensor::<f32>::ones([2, 3])).unwrap();
        let message = panic_of(|| scaler.apply(&Tensor::ones([2, 4])));
        assert!(message.contains("not the columns") && message.contains("[2, 4]"), "{message}");
    }
}
