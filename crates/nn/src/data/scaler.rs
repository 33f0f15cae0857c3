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
    /// If there is no sample, or a column holds what is no finite number; or if a column is so wide, or so narrow, that its scale is no
    /// normal number of this precision.
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
        let (least, range) = span(&x, axes.clone());
        // In shares of the range, whose squares are neither lost nor too large.
        let shares = (x - &least) / range.masked_fill(&range.eq(0.0), 1.0);
        let mean = least + shares.mean_keepdims(axes.clone()) * &range;
        Self::of(&mean, &(shares.std_keepdims(axes, 0.0) * &range), &range)
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
        let (least, range) = span(&checked(x)?, 0.into());
        Self::of(&least, &range, &range)
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

    /// In the precision of the data. A scale of 0, that of equal numbers, divides nothing; nor does one that is but their rounding.
    fn of(offset: &Tensor<f64>, scale: &Tensor<f64>, range: &Tensor<f64>) -> Result<Self, ShapeError> {
        let rounding: f64 = (T::of(4.0) * T::epsilon()).into();
        let scale = scale.masked_fill(&scale.le(&(offset.abs() * rounding)), 1.0);
        let rounded = |x: &Tensor<f64>| Tensor::<T>::constant(x.array().cast());
        let scaler = Scaler { offset: rounded(offset), scale: rounded(&scale) };
        let is_sound = |(scale, range): (&T, &T)| scale.is_normal() && range.is_finite();
        match scaler.scale.to_vec().iter().zip(&rounded(range).to_vec()).position(|it| !is_sound(it)) {
            None => Ok(scaler),
            Some(column) => {
                let (range, bits) = (range.to_vec()[column], 8 * size_of::<T>());
                let reason = format!(
                    "column {column} has a range of {range:e}, for which no number of {bits} bits is a scale"
                );
                Err(ShapeError::new(reason)
                    .help("give the column in another unit: multiply or divide it before it is scaled"))
            }
        }
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

/// The least number along the axes, and how far the largest is from it.
fn span(x: &Tensor<f64>, axes: Axes) -> (Tensor<f64>, Tensor<f64>) {
    let least = x.min_keepdims(axes.clone());
    let range = x.max_keepdims(axes) - &least;
    (least, range)
}

/// Untracked numbers, of which there are some, all of them finite; in double precision, so that sums and differences are numbers, too.
fn checked<T: Scalar>(x: &Tensor<T>) -> Result<Tensor<f64>, ShapeError> {
    if x.rank() == 0 || x.size() == 0 {
        return Err(ShapeError::new("there is no sample to take a scale from").operand(
            "data",
            x.shape(),
            "",
        ));
    }
    match x.to_vec().iter().position(|x| !x.is_finite()) {
        None => Ok(Tensor::constant(x.array().cast())),
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

    /// By hand: 1, -1 and 3 have mean 1, squared differences 0, 4 and 4, and a range of 4.
    #[test]
    fn the_unit_of_a_column_does_not_matter() {
        let of_column = |x: &Tensor, scaled: [f32; 3], scaler: Scaler| {
            let found = scaler.apply(x).to_vec();
            let off = found.iter().zip(scaled).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{found:?} for {scaled:?} of {x}");
            let again = Scaler::new(scaler.offset().clone(), scaler.scale().clone()).unwrap();
            assert_eq!(again.apply(x).to_vec(), found);
        };
        let side = 2.0 / (8.0_f32 / 3.0).sqrt();
        for unit in [1e-37, 1e-30, 1e-23, 1.0, 1e19, 1e25, 8e37] {
            let x = Tensor::from([[1.0], [-1.0], [3.0]]) * unit;
            of_column(&x, [0.0, -side, side], Scaler::standardize(&x).unwrap());
            of_column(&x, [0.5, 0.0, 1.0], Scaler::min_max(&x).unwrap());
        }
        // By hand: the mean is 8 / 3, and the squared differences are 1/9, 1/9 and 4/9.
        let x = Tensor::from([[3e38], [3e38], [2e38]]);
        of_column(&x, [0.5_f32.sqrt(), 0.5_f32.sqrt(), -2.0_f32.sqrt()], Scaler::standardize(&x).unwrap());
    }

    #[test]
    fn a_column_whose_scale_is_no_number_is_named() {
        let wide = Tensor::<f32>::from([[1.0, 3e38], [2.0, -3e38], [3.0, 0.0]]);
        let near = Tensor::<f32>::from([[1.0, 1e-44], [2.0, -1e-44], [3.0, 0.0]]);
        let widest = Tensor::<f64>::from([[1.0, 1e308], [2.0, -1e308], [3.0, 0.0]]);
        let errors = [
            Scaler::standardize(&wide).map(drop),
            Scaler::min_max(&wide).map(drop),
            Scaler::standardize(&near).map(drop),
            Scaler::min_max(&near).map(drop),
            Scaler::standardize(&widest).map(drop),
            Scaler::min_max(&widest).map(drop),
        ];
        for error in errors {
            let message = error.unwrap_err().to_string();
            assert!(message.contains("column 1") && message.contains("help"), "{message}");
        }
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
