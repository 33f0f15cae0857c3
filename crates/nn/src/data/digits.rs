//! The 1,797 handwritten digits that are embedded in the crate; `data/README.md` has their source and licence.

use super::csv::{CsvOptions, Table, read_csv_from};
use super::dataset::Dataset;
use autograd::Tensor;

/// The file, compressed: 58 KB.
static DIGITS: &[u8] = include_bytes!("../../data/digits.csv.gz");

/// The largest value in the file, full ink.
const INK: f64 = 16.0;

/// The 1,797 handwritten digits that are part of this crate: images of 8 by 8 pixels, `[1797, 64]`, with values from 0
/// (paper) to 1 (ink), and labels 0 to 9.
///
/// Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998;
/// licence CC BY 4.0.
///
/// ```
/// use nn::{Rng, data::digits};
/// let (train, test) = digits().split(0.8, &mut Rng::seed(0));
/// assert_eq!((train.len(), test.len()), (1438, 359));
/// ```
pub fn digits() -> Dataset {
    let (images, labels) = images_and_labels();
    let images = Tensor::from_vec(images, [labels.len(), 64]).expect("64 pixels for each label, as tested");
    Dataset::new(images, labels).expect("one label for each image")
}

/// The pixels of all images, and the labels.
fn images_and_labels() -> (Vec<f32>, Vec<usize>) {
    let Table { columns, data, .. } = read_csv_from(DIGITS, "the embedded digits", &CsvOptions::default())
        .expect("the embedded file is part of the crate and tested with it");
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for row in data.chunks_exact(columns) {
        let (label, pixels) = row.split_last().expect("a row has at least one cell");
        images.extend(pixels.iter().map(|&value| (value / INK) as f32));
        labels.push(*label as usize);
    }
    (images, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_digits_are_whole() {
        let (images, labels) = images_and_labels();
        assert_eq!((images.len(), labels.len()), (1797 * 64, 1797));
        assert!(images.iter().all(|value| (0.0..=1.0).contains(value)));
        let mut classes = [0; 10];
        labels.iter().for_each(|&label| classes[label] += 1);
        assert_eq!(classes, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        // The first digit is a zero; its first rows, in sixteenths.
        assert_eq!(labels[0], 0);
        let first: Vec<f32> = images[..16].iter().map(|value| value * 16.0).collect();
        assert_eq!(first, [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.]);
    }
}
