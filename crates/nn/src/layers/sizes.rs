//! Sizes along several axes, which are mostly the same.

/// A size along each of `D` axes: one number for all of them, or an array.
///
/// ```
/// use nn::{Conv2d, Rng};
/// let mut rng = Rng::seed(0);
/// let square: Conv2d = Conv2d::new(1, 8, 3, &mut rng);
/// let wide: Conv2d = Conv2d::new(1, 8, [3, 5], &mut rng);
/// assert_eq!((square.weight.dims(), wide.weight.dims()), (&[8, 1, 3, 3][..], &[8, 1, 3, 5][..]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes<const D: usize>(
    /// The sizes, axis by axis.
    pub [usize; D],
);

impl<const D: usize> From<usize> for Sizes<D> {
    fn from(size: usize) -> Self {
        Sizes([size; D])
    }
}

impl<const D: usize> From<[usize; D]> for Sizes<D> {
    fn from(sizes: [usize; D]) -> Self {
        Sizes(sizes)
    }
}
