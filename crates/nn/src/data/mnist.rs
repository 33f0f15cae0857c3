//! A folder of four IDX files, as MNIST, Fashion-MNIST and their relatives are published.

use super::dataset::Dataset;
use super::error::{DataError, DataErrorKind, Place};
use super::idx::{Idx, read_idx};
use autograd::Tensor;
use std::path::Path;

/// Reads training and test data from the folder of MNIST or one of its relatives.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, with `.gz` behind the name or without. Images become rows of pixels, `[n, height * width]`,
/// with values from 0 to 1.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("wengert-mnist-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # for (part, n) in [("train", 2), ("t10k", 1)] {
/// #     let images = [&[0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 2, 0, 0, 0, 2][..], &vec![51; 4 * usize::from(n)]].concat();
/// #     let labels = [&[0, 0, 8, 1, 0, 0, 0, n][..], &vec![3; usize::from(n)]].concat();
/// #     std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
/// #     std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
/// # }
/// // A folder with a very small relative: two images and one, of 2 by 2 pixels.
/// let (train, test) = nn::data::mnist(&folder)?;
/// assert_eq!((train.x().dims(), train.y(), test.len()), (&[2, 4][..], &vec![3, 3], 1));
/// assert_eq!(test.x().to_vec(), [51.0 / 255.0; 4]);
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// If a file cannot be read, is spoiled, or does not fit the others: not as many labels as images, test images of another
/// size, a test label that no training image has.
pub fn mnist(folder: impl AsRef<Path>) -> Result<(Dataset, Dataset), DataError> {
    let (train, train_size) = part(folder.as_ref(), "train", None)?;
    let classes = train.y().iter().max().map_or(0, |&label| label + 1);
    let (test, _) = part(folder.as_ref(), "t10k", Some((train_size, classes)))?;
    Ok((train, test))
}

/// The images and labels whose names begin with `prefix`, and the sizes of an image. If `fits` is given, images must
/// have its sizes and labels be below its number of classes.
fn part(
    folder: &Path,
    prefix: &str,
    fits: Option<(Vec<usize>, usize)>,
) -> Result<(Dataset, Vec<usize>), DataError> {
    let images = read(folder, &format!("{prefix}-images-idx3-ubyte"))?;
    let labels = read(folder, &format!("{prefix}-labels-idx1-ubyte"))?;
    let (count, size) = (images.idx.shape[0], images.idx.shape[1..].to_vec());
    let label_count = labels.idx.shape[0];
    if labels.idx.shape.len() != 1 || label_count != count {
        let reason = format!("labels of shape {:?} for {count} images", labels.idx.shape);
        return Err(labels
            .error(reason, "there must be one label for each image: check that the files belong together"));
    }
    if let Some((train_size, classes)) = fits {
        if size != train_size {
            let reason = format!("images of shape {size:?}, where the training images have {train_size:?}");
            return Err(images.error(reason, "check that the files belong together"));
        }
        if let Some(place) = labels.idx.data.iter().position(|&label| usize::from(label) >= classes) {
            let reason = format!(
                "label {} of sample {place}, where no training label is above {}",
                labels.idx.data[place],
                classes - 1
            );
            return Err(labels.error(reason, "check that the files belong together"));
        }
    }
    let pixels: Vec<f32> = images.idx.data.iter().map(|&ink| f32::from(ink) / 255.0).collect();
    let does_not_fit =
        |e: autograd::ShapeError| images.error(e.to_string(), "check that the files belong together");
    let x = Tensor::from_vec(pixels, [count, size.iter().product()]).map_err(does_not_fit)?;
    let y = labels.idx.data.iter().map(|&label| usize::from(label)).collect();
    Ok((Dataset::new(x, y).map_err(does_not_fit)?, size))
}

/// A file that has been read, and its name.
struct File {
    name: String,
    idx: Idx,
}

impl File {
    fn error(&self, reason: String, cure: &'static str) -> DataError {
        DataError::new(&self.name, Place::File, DataErrorKind::malformed(reason, cure))
    }
}

/// The file of this name, or with `.gz` behind it.
fn read(folder: &Path, name: &str) -> Result<File, DataError> {
    let plain = folder.join(name);
    let path = if plain.exists() { plain } else { folder.join(format!("{name}.gz")) };
    Ok(File { name: path.display().to_string(), idx: read_idx(&path)? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Folder, gzip};
    use super::*;

    /// A folder with two training images and one test image of 2 by 1 pixels, where one file may be replaced.
    fn folder(replace: &str, by: &[u8]) -> Folder {
        let folder = Folder::new();
        let files: [(&str, Vec<u8>); 4] = [
            (
                "train-images-idx3-ubyte",
                vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 255, 51, 102],
            ),
            ("train-labels-idx1-ubyte.gz", gzip(&[0, 0, 8, 1, 0, 0, 0, 2, 1, 0])),
            ("t10k-images-idx3-ubyte", vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 255, 0]),
            ("t10k-labels-idx1-ubyte", vec![0, 0, 8, 1, 0, 0, 0, 1, 1]),
        ];
        for (name, bytes) in files {
            let _: std::path::PathBuf =
                folder.write(name, if name.starts_with(replace) { by } else { &bytes });
        }
        folder
    }

    #[test]
    fn four_files_are_two_data_sets() {
        let (train, test) = mnist(folder("none", b"").path()).unwrap();
        assert_eq!((train.x().dims(), train.x().to_vec()), (&[2, 2][..], vec![0.0, 1.0, 0.2, 0.4]));
        assert_eq!((train.y(), test.y()), (&vec![1, 0], &vec![1]));
    }

    #[test]
    fn files_that_do_not_belong_together_are_errors_that_name_one() {
        for (file, bytes, reason) in [
            ("train-labels", &[0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 1][..], "labels of shape [3] for 2 images"),
            ("t10k-images", &[0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 9], "images of shape [1]"),
            ("t10k-labels", &[0, 0, 8, 1, 0, 0, 0, 1, 7], "label 7 of sample 0"),
            ("t10k-images", &[0, 0, 8], "magic number"),
        ] {
            let message = mnist(folder(file, bytes).path()).unwrap_err().to_string();
            assert!(message.contains(file) && message.contains(reason), "{message}");
        }
        let missing = mnist("no/such/folder").unwrap_err().to_string();
        assert!(
            missing.contains("no/such/folder") && missing.contains("train-images-idx3-ubyte.gz"),
            "{missing}"
        );
    }
}
