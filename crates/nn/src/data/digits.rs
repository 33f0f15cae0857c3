//! The 1,797 handwritten digits that are embedded in the crate; `data/README.md` has their source, licence and format.

use super::dataset::Dataset;
use autograd::Tensor;

/// All digits, a number of bits for each pixel: 45 KB. As a compressed file they would take more, and the code to read it with them.
static DIGITS: &[u8] = include_bytes!("../../data/digits.bits");

/// How many there are.
const COUNT: usize = 1797;
/// The pixels of an image.
const PIXELS: usize = 64;
/// The largest value of a pixel, full ink.
const INK: f32 = 16.0;

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
    let images = Tensor::from_vec(images, [COUNT, PIXELS]).expect("64 pixels for each digit");
    Dataset::new(images, labels).expect("one label for each image")
}

/// The pixels of all images, and the labels.
fn images_and_labels() -> (Vec<f32>, Vec<usize>) {
    let mut place = 0;
    let mut number = |bits: usize| {
        (0..bits).fold(0, |number, _| {
            let bit = DIGITS[place / 8] >> (7 - place % 8) & 1;
            place += 1;
            number << 1 | usize::from(bit)
        })
    };
    let (mut images, mut labels) = (Vec::with_capacity(COUNT * PIXELS), Vec::with_capacity(COUNT));
    for _ in 0..COUNT {
        for _ in 0..PIXELS {
            let is_ink = number(1) == 1;
            images.push(if is_ink { (number(4) + 1) as f32 / INK } else { 0.0 });
        }
        labels.push(number(4));
    }
    (images, labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{CsvOptions, read_csv_from};

    #[test]
    fn the_embedded_digits_are_those_of_the_source() {
        let source: &[u8] = include_bytes!("../../data/digits.csv.gz");
        let table = read_csv_from(source, "the source", &CsvOptions::default()).unwrap();
        let (images, labels) = images_and_labels();
        for (i, row) in table.data.chunks_exact(PIXELS + 1).enumerate() {
            let image = images[i * PIXELS..][..PIXELS].iter().map(|&pixel| f64::from(pixel * INK));
            assert!(image.chain([labels[i] as f64]).eq(row.iter().copied()), "digit {i}");
        }
        assert_eq!(table.data.len(), COUNT * (PIXELS + 1));
    }

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
