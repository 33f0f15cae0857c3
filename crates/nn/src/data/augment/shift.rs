//! Images moved by whole pixels and mirrored: every pixel keeps its value, and some get that of the border.

use super::{Augment, Image, Sample};
use autograd::{Rng, Scalar};
use std::ops::RangeInclusive;

/// What is seen beyond the border of an image.
///
/// ```
/// use nn::{Dataset, Rng, Tensor, data::{Border, Shift}};
/// let image = Dataset::new(Tensor::from([1.0_f32, 2.0, 3.0]).reshape([1, 1, 3]), vec![0])?; // a row of three pixels
/// let two_to_the_right = |border| {
///     let shift = Shift::new(0..=0, 2..=2).border(border);
///     image.batches(1).augment(&shift, &mut Rng::seed(0)).next().unwrap().x.to_vec()
/// };
/// assert_eq!(two_to_the_right(Border::Fill(9.0)), [9.0, 9.0, 1.0]);
/// assert_eq!(two_to_the_right(Border::Edge), [1.0, 1.0, 1.0]);
/// assert_eq!(two_to_the_right(Border::Reflect), [3.0, 2.0, 1.0]);
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border {
    /// One value everywhere, as the paper around a drawing.
    Fill(f64),
    /// The nearest pixel.
    Edge,
    /// The image mirrored at its outermost pixels, which do not come twice.
    Reflect,
}

impl Border {
    /// Which of `n` places in a row is seen at place `i`, if it is not the fill.
    fn place(self, i: isize, n: usize) -> Option<usize> {
        let last = n as isize - 1;
        if (0..=last).contains(&i) {
            return Some(i as usize);
        }
        match self {
            Border::Fill(_) => None,
            Border::Edge => Some(i.clamp(0, last) as usize),
            Border::Reflect if last == 0 => Some(0),
            Border::Reflect => {
                let i = i.rem_euclid(2 * last);
                Some(i.min(2 * last - i) as usize)
            }
        }
    }

    /// The pixel that is seen at this row and column of a plane that is not empty.
    pub(super) fn pixel<T: Scalar>(
        self,
        plane: &[T],
        [height, width]: [usize; 2],
        row: isize,
        column: isize,
    ) -> T {
        match (self, self.place(row, height), self.place(column, width)) {
            (_, Some(row), Some(column)) => plane[row * width + column],
            (Border::Fill(value), ..) => T::of(value),
            _ => unreachable!("only a fill is no place of the image"),
        }
    }
}

/// An image moved by whole pixels, down and to the right by numbers that are drawn for each sample. To enlarge an image by a border of
/// `n` pixels and cut it to its size at random is this, with [`Shift::up_to`]`(n)`.
///
/// ```
/// use nn::data::{Border, Shift, digits};
/// use nn::Rng;
/// let images = digits().map(|x, y| (x.reshape([1797, 8, 8]), y.clone()))?;
/// let down = Shift::new(1..=1, 0..=0).border(Border::Fill(0.5));
/// let batch = images.batches(1).augment(&down, &mut Rng::seed(0)).next().unwrap();
/// assert_eq!((batch.x.at([0, 0, 3]), batch.x.at([0, 1, 3])), (0.5, images.x().at([0, 0, 3])));
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[doc(alias = "RandomCrop")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    rows: (isize, isize),
    columns: (isize, isize),
    border: Border,
}

impl Shift {
    /// By so many rows down and columns to the right; negative numbers are up and to the left. Beyond the border is 0.
    ///
    /// # Panics
    /// If a range is empty.
    #[track_caller]
    pub fn new(rows: RangeInclusive<isize>, columns: RangeInclusive<isize>) -> Self {
        for range in [&rows, &columns] {
            assert!(
                !range.is_empty(),
                "Shift: {range:?} is no range to draw from\n  help: give the lower bound first"
            );
        }
        Shift { rows: rows.into_inner(), columns: columns.into_inner(), border: Border::Fill(0.0) }
    }

    /// By up to so many pixels in each of the four directions.
    ///
    /// ```
    /// use nn::{Dataset, Rng, Tensor, data::Shift};
    /// let mut dots = Tensor::<f32>::zeros([100, 5, 5]);
    /// dots.update(|x| x.chunks_exact_mut(25).for_each(|image| image[12] = 1.0)); // in the middle
    /// let data = Dataset::new(dots, vec![0; 100])?;
    /// let batch = data.batches(100).augment(&Shift::up_to(1), &mut Rng::seed(0)).next().unwrap();
    /// let at = |row, column| batch.x.sum_axes(0).at([row, column]); // how many dots are there now
    /// assert_eq!((at(0, 2), at(2, 4)), (0.0, 0.0));
    /// assert!(at(1, 1) > 0.0 && at(2, 2) > 0.0 && at(3, 3) > 0.0);
    /// # Ok::<(), nn::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If they are more than half of what can be counted.
    #[track_caller]
    pub fn up_to(pixels: usize) -> Self {
        let most = isize::try_from(pixels).expect("Shift: more pixels than an image can have");
        Self::new(-most..=most, -most..=most)
    }

    /// With this border.
    pub fn border(self, border: Border) -> Self {
        Shift { border, ..self }
    }
}

impl<T: Scalar> Augment<T> for Shift {
    fn apply(&self, sample: &mut Sample<'_, T>, rng: &mut Rng) {
        let mut image = sample.image("Shift");
        let mut draw = |(low, high): (isize, isize)| low + rng.below(low.abs_diff(high) + 1) as isize;
        let (down, right) = (draw(self.rows), draw(self.columns));
        remade(&mut image, |plane, size, row, column| {
            self.border.pixel(plane, size, row as isize - down, column as isize - right)
        });
    }
}

/// Every pixel of an image made anew: of the plane as it was, the size, its row and its column.
pub(super) fn remade<T: Scalar>(
    image: &mut Image<'_, T>,
    pixel: impl Fn(&[T], [usize; 2], usize, usize) -> T,
) {
    let size @ [_, width] = [image.height, image.width];
    let mut old = Vec::new();
    for plane in image.planes() {
        old.clear();
        old.extend_from_slice(plane);
        for (row, pixels) in plane.chunks_exact_mut(width).enumerate() {
            pixels.iter_mut().enumerate().for_each(|(column, new)| *new = pixel(&old, size, row, column));
        }
    }
}

/// An image mirrored, always: for half of the samples, [`sometimes`](super::Augmentation::sometimes).
///
/// ```
/// use nn::{Rng, data::{Flip, digits}};
/// let images = digits().map(|x, y| (x.reshape([1797, 1, 8, 8]), y.clone()))?;
/// let batch = images.batches(32).augment(&Flip::Horizontal, &mut Rng::seed(0)).next().unwrap();
/// assert!(batch.x.to_vec() != images.take(32).x().to_vec());
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flip {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
}

impl<T: Scalar> Augment<T> for Flip {
    fn apply(&self, sample: &mut Sample<'_, T>, _: &mut Rng) {
        let mut image = sample.image("Flip");
        let width = image.width.max(1);
        for plane in image.planes() {
            if *self == Flip::Vertical {
                // All pixels in reverse are all rows in reverse, each of them in reverse.
                plane.reverse();
            }
            plane.chunks_exact_mut(width).for_each(<[T]>::reverse);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{applied, image};
    use super::*;
    use crate::testing::panic_of;
    use proptest::prelude::*;

    /// By hand, on two channels of 2 by 3 pixels.
    #[test]
    fn an_image_has_two_mirrors() {
        let (x, shape) = image(2, 2, 3);
        let across = [3., 2., 1., 6., 5., 4., 9., 8., 7., 12., 11., 10.];
        assert_eq!(applied(&Flip::Horizontal, &x, &shape, 0), across);
        let down = [4., 5., 6., 1., 2., 3., 10., 11., 12., 7., 8., 9.];
        assert_eq!(applied(&Flip::Vertical, &x, &shape, 0), down);
    }

    /// By hand, one pixel down and two to the left.
    #[test]
    fn beyond_the_border_is_what_was_asked_for() {
        let (x, shape) = image(1, 3, 3);
        let shifted = |border| applied(&Shift::new(1..=1, -2..=-2).border(border), &x, &shape, 0);
        assert_eq!(shifted(Border::Fill(-1.0)), [-1., -1., -1., 3., -1., -1., 6., -1., -1.]);
        assert_eq!(shifted(Border::Edge), [3., 3., 3., 3., 3., 3., 6., 6., 6.]);
        // Rows 1, 0, 1 and columns 2, 1, 0.
        assert_eq!(shifted(Border::Reflect), [6., 5., 4., 3., 2., 1., 6., 5., 4.]);
        let (low, high) = (1, 0);
        assert!(panic_of(|| Shift::new(low..=high, 0..=0)).contains("no range"));
    }

    /// NumPy's `pad(mode='reflect')` of 0, 1, 2 by seven: 1 2 1 0 1 2 1 [0 1 2] 1 0 1 2 1 0 1.
    #[test]
    fn a_reflection_goes_on_for_ever() {
        let seen: Vec<_> = (-7..10).map(|i| Border::Reflect.place(i, 3).unwrap()).collect();
        assert_eq!(seen, [1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
        assert_eq!(Border::Reflect.place(-5, 1), Some(0));
    }

    proptest! {
        /// A shift is a roll whose pixels from the other side are the fill.
        #[test]
        fn a_shift_is_a_roll_with_a_fill(
            height in 1..6_usize, width in 1..6_usize, down in -7..8_isize, right in -7..8_isize,
        ) {
            let (x, shape) = image(2, height, width);
            let y = applied(&Shift::new(down..=down, right..=right), &x, &shape, 0);
            for channel in 0..2 {
                for row in 0..height as isize {
                    for column in 0..width as isize {
                        let (from_row, from_column) = (row - down, column - right);
                        let comes_round = from_row != from_row.rem_euclid(height as isize)
                            || from_column != from_column.rem_euclid(width as isize);
                        let place = |row, column| ((channel * height as isize + row) * width as isize + column) as usize;
                        let expected = if comes_round { 0.0 } else { x[place(from_row, from_column)] };
                        prop_assert_eq!(y[place(row, column)], expected);
                    }
                }
            }
        }
    }

    #[test]
    fn every_shift_in_range_is_drawn() {
        let (x, shape) = image(1, 5, 5);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let y = applied(&Shift::up_to(1), &x, &shape, seed);
            let place = y.iter().position(|y| *y == 13.0).unwrap();
            seen.insert((place / 5, place % 5));
        }
        assert!(seen.into_iter().eq((1..4).flat_map(|row| (1..4).map(move |column| (row, column)))));
    }
}
