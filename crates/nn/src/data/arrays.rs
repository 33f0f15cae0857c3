//! Data sets from the files of NumPy.

use super::dataset::{Dataset, Samples};
use crate::files::{FileError, FileErrorKind, read_npy, read_npz_array};
use autograd::{Array, Tensor};
use std::path::Path;

/// What is wrong with an array, and what to do.
type Unfit = (String, &'static str);

/// What to do about targets that are none.
const CURE: &str =
    "save as targets one label or one row of numbers for each sample, in the order of the inputs";

/// What an array of NumPy may be as the targets of a data set: labels, whole numbers from 0 on along one axis, or numbers of any shape.
///
/// ```
/// use nn::data::{FromNumpy, npy};
/// use nn::{Dataset, Tensor, files::{FileError, write_npy}};
/// # let [x, y] = ["x", "y"].map(|name| std::env::temp_dir().join(format!("targets-{name}-{}.npy", std::process::id())));
/// write_npy(&x, &Tensor::from([[1.0_f32, 2.0], [3.0, 4.0]]))?;
/// write_npy(&y, &Tensor::from([1.0_f32, 0.5]))?;
/// fn read<Y: FromNumpy>(x: &std::path::Path, y: &std::path::Path) -> Result<Dataset<Tensor, Y>, FileError> {
///     npy(x, y)
/// }
/// assert_eq!(read::<Tensor>(&x, &y)?.y().to_vec(), [1.0, 0.5]);
/// let error = read::<Vec<usize>>(&x, &y).unwrap_err().to_string();
/// assert!(error.contains("the label of sample 1 is 0.5, no whole number from 0 on"), "{error}");
/// # [x, y].map(|path| std::fs::remove_file(path).unwrap());
/// # Ok::<(), FileError>(())
/// ```
pub trait FromNumpy: Samples {
    /// The targets, or what keeps the array from being them, and a cure.
    #[doc(hidden)]
    fn from_numpy(array: &Tensor<f64>) -> Result<Self, Unfit>;
}

impl FromNumpy for Vec<usize> {
    fn from_numpy(array: &Tensor<f64>) -> Result<Self, Unfit> {
        if array.rank() != 1 {
            return Err((
                format!("labels of shape {}, which have to lie along one axis", array.shape()),
                CURE,
            ));
        }
        let label = |(sample, label): (usize, f64)| {
            let is_label = label >= 0.0 && label.fract() == 0.0 && label <= f64::from(u32::MAX);
            let reason = || format!("the label of sample {sample} is {label}, no whole number from 0 on");
            is_label.then_some(label as usize).ok_or_else(|| (reason(), CURE))
        };
        array.array().iter().enumerate().map(label).collect()
    }
}

impl FromNumpy for Tensor {
    fn from_numpy(array: &Tensor<f64>) -> Result<Self, Unfit> {
        if array.rank() == 0 {
            let reason = "a single number, where there has to be one entry along axis 0 for each sample";
            return Err((reason.into(), "save one entry for each sample along the first axis"));
        }
        let wide = array.array().view().contiguous();
        let round = |single: &mut [f32]| single.iter_mut().zip(&*wide).for_each(|(y, x)| *y = *x as f32);
        let no_memory = |_| ("there is no memory for these numbers in 32 bits".into(), "give fewer samples");
        let single = Array::build(array.shape(), round).map_err(no_memory)?;
        let is_lost = |(x, y): (&f64, f32)| x.is_finite() && y.is_infinite();
        if let Some(place) = wide.iter().zip(&single).position(is_lost) {
            let (subscript, number) = (array.shape().index_of(place), wide[place]);
            let reason = format!(
                "the element {subscript:?}, counted from 0, is {number:e}, beyond all numbers of 32 bits"
            );
            return Err((reason, "give it in a larger unit"));
        }
        Ok(Tensor::constant(single))
    }
}

/// Inputs and targets from two `.npy` files: `[n, ..]` each, the targets labels or numbers, whichever the data set has. Numbers are rounded
/// to 32 bits; infinities and NaN stay what they are.
///
/// ```
/// use nn::{Dataset, Tensor, data::npy, files::write_npy};
/// # let [images, labels] = ["i", "l"].map(|name| std::env::temp_dir().join(format!("npy-{name}-{}.npy", std::process::id())));
/// write_npy(&images, &Tensor::<f32>::ones([3, 8, 8]))?; // or `numpy.save`, in Python
/// write_npy(&labels, &Tensor::from([2.0_f32, 0.0, 1.0]))?;
/// let digits: Dataset = npy(&images, &labels)?;
/// assert_eq!((digits.x().dims(), digits.y()), (&[3, 8, 8][..], &vec![2, 0, 1]));
/// let targets: Dataset<Tensor, Tensor> = npy(&images, &labels)?; // the same as numbers, for a regression
/// assert_eq!(targets.y().to_vec(), [2.0, 0.0, 1.0]);
/// # [images, labels].map(|path| std::fs::remove_file(path).unwrap());
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// As [`read_npy`](crate::files::read_npy) for 64 bits; if there are not as many targets as inputs, labels are no whole numbers from 0 on,
/// or a finite number is beyond 32 bits.
pub fn npy<Y: FromNumpy>(
    inputs: impl AsRef<Path>,
    targets: impl AsRef<Path>,
) -> Result<Dataset<Tensor, Y>, FileError> {
    let (inputs, targets) = (inputs.as_ref(), targets.as_ref());
    let x = Tensor::from_numpy(&read_npy(inputs)?).map_err(|why| unfit(inputs, why))?;
    joined(x, &read_npy(targets)?, |why| unfit(targets, why))
}

/// Inputs and targets from two arrays of one `.npz` file; as [`npy`].
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/files/testing/stored.npz");
/// // In Python: `numpy.savez(path, x=numpy.array([[1, 2], [3, 4.5]], "f4"), y=numpy.array([1, 0]))`
/// let train: nn::Dataset = nn::data::npz(path, "x", "y")?;
/// assert_eq!((train.x().to_vec(), train.y()), (vec![1.0, 2.0, 3.0, 4.5], &vec![1, 0]));
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// As [`read_npz`](crate::files::read_npz) and [`npy`]; if there is no array of one of the names.
pub fn npz<Y: FromNumpy>(
    path: impl AsRef<Path>,
    inputs: &str,
    targets: &str,
) -> Result<Dataset<Tensor, Y>, FileError> {
    let path = path.as_ref();
    let of_entry = |entry, why| unfit(path, why).of_entry(entry);
    let x = Tensor::from_numpy(&read_npz_array(path, inputs)?).map_err(|why| of_entry(inputs, why))?;
    joined(x, &read_npz_array(path, targets)?, |why| of_entry(targets, why))
}

fn unfit(path: &Path, (reason, cure): Unfit) -> FileError {
    FileError::new(&path.display().to_string(), None, FileErrorKind::malformed(reason, cure))
}

/// A data set of these inputs and an array of targets, for which there is what makes an error of its file.
fn joined<Y: FromNumpy>(
    x: Tensor,
    targets: &Tensor<f64>,
    unfit: impl Fn(Unfit) -> FileError,
) -> Result<Dataset<Tensor, Y>, FileError> {
    let y = Y::from_numpy(targets).map_err(&unfit)?;
    let (n, m) = (x.count(), y.count());
    Dataset::new(x, y).map_err(|_| unfit((format!("{n} inputs for {m} targets"), CURE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::write_npy;
    use crate::testing::Folder;

    /// The inputs with these targets, as a data set with labels.
    fn with(targets: &Tensor<f64>) -> Result<Dataset, FileError> {
        let folder = Folder::new();
        let [x, y] = ["x.npy", "y.npy"].map(|name| folder.path().join(name));
        write_npy(&x, &Tensor::<f64>::arange(6).reshape([3, 2])).unwrap();
        write_npy(&y, targets).unwrap();
        npy(x, y)
    }

    #[test]
    fn arrays_are_data_sets() {
        let data = with(&Tensor::from([2.0, 0.0, 1.0])).unwrap();
        assert_eq!((data.x().dims(), data.y()), (&[3, 2][..], &vec![2, 0, 1]));
        // Written by NumPy, see `tests/golden/npz.py`.
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/files/testing/deflated.npz");
        let labelled: Dataset = npz(path, "x", "y").unwrap();
        assert_eq!((labelled.x().to_vec(), labelled.y()), (vec![1.0, 2.0, 3.0, 4.5], &vec![1, 0]));
        let numbers: Dataset<Tensor, Tensor> = npz(path, "y", "x").unwrap();
        assert_eq!((numbers.x().dims(), numbers.y().dims()), (&[2][..], &[2, 2][..]));
    }

    #[test]
    fn targets_that_are_none_are_errors_that_name_the_file() {
        for (targets, reason) in [
            (Tensor::from([1.0, 0.0]), "3 inputs for 2 targets"),
            (Tensor::from([1.0, 0.5, 0.0]), "the label of sample 1 is 0.5, no whole number from 0 on"),
            (Tensor::from([1.0, 1.0, -1.0]), "the label of sample 2 is -1"),
            (Tensor::from([f64::NAN, 1.0, 1.0]), "the label of sample 0 is NaN"),
            (Tensor::from([f64::INFINITY, 1.0, 1.0]), "the label of sample 0 is inf"),
            (Tensor::from([[1.0], [1.0], [1.0]]), "labels of shape [3, 1]"),
            (Tensor::scalar(1.0), "labels of shape []"),
        ] {
            let message = with(&targets).unwrap_err().to_string();
            assert!(message.contains("y.npy: ") && message.contains(reason), "{message}");
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/files/testing/stored.npz");
        let message = npz::<Vec<usize>>(path, "x", "z").unwrap_err().to_string();
        assert!(message.contains(r#"stored.npz: there is no array "z", only ["x", "y"]"#), "{message}");
        let message = npz::<Vec<usize>>(path, "y", "x").unwrap_err().to_string();
        assert!(message.contains(r#"stored.npz, entry "x": labels of shape [2, 2]"#), "{message}");
        assert!(npz::<Vec<usize>>("no/such.npz", "x", "y").unwrap_err().to_string().contains("no/such.npz"));
    }

    /// In Python, `numpy.float32(1e39)` is infinite, which nobody has measured.
    #[test]
    fn numbers_beyond_32_bits_are_errors_that_name_the_element() {
        let folder = Folder::new();
        let [x, y] = ["x.npy", "y.npy"].map(|name| folder.path().join(name));
        let read = |inputs: [[f64; 2]; 2], targets: [[f64; 2]; 2]| {
            write_npy(&x, &Tensor::from(inputs)).unwrap();
            write_npy(&y, &Tensor::from(targets)).unwrap();
            npy::<Tensor>(&x, &y)
        };
        let (sound, spoiled) =
            ([[1.0, 2.0], [f64::NEG_INFINITY, 4.0]], [[1.0, f64::INFINITY], [-1e39, 1e39]]);
        let kept = read(sound, [[1.0; 2]; 2]).unwrap();
        assert_eq!(kept.x().to_vec(), [1.0, 2.0, f32::NEG_INFINITY, 4.0], "what the file says");
        for (error, name) in [(read(spoiled, sound), "x.npy"), (read(sound, spoiled), "y.npy")] {
            let message = error.unwrap_err().to_string();
            let told =
                "the element [1, 0], counted from 0, is -1e39, beyond all numbers of 32 bits; give it in";
            assert!(message.contains(&format!("{name}: {told}")), "{message}");
        }
    }
}
