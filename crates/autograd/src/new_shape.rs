//! The shape that `reshape` is given, in which one size may be left open.
//!
//! A literal such as `[2, -1]` has no type of its own until something settles it, and where several would do, Rust takes `i32`. So
//! that literals with and without a sign may be written, lists of `i32` are among them.

use crate::error::ShapeError;
use crate::shape::Shape;

/// What [`Tensor::reshape`](crate::Tensor::reshape) takes: a [`Shape`] or what becomes one, as `[2, 3]`; or a list of sizes with a
/// sign, one of which may be `-1`: it follows from the others.
///
/// ```
/// use autograd::{Shape, Tensor};
/// let (x, batch) = (Tensor::<f32>::zeros([4, 3, 2]), 4_usize);
/// assert_eq!(x.reshape([batch, 6]).dims(), [4, 6]);
/// assert_eq!(x.reshape([4, -1]).dims(), [4, 6]);
/// assert_eq!(x.reshape([-1, batch as isize]).dims(), [6, 4]);
/// assert_eq!(x.reshape(&Shape::from([24])).dims(), [24]);
/// ```
pub trait NewShape {
    /// The shape, for elements that have the shape `from` now.
    ///
    /// ```
    /// use autograd::{NewShape, Shape};
    /// let from = Shape::from([4, 6]);
    /// assert_eq!([3, -1].of(&from)?, Shape::from([3, 8]));
    /// assert!([5, -1].of(&from).is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If a size is negative but for one of `-1`, or nothing fits in its place.
    fn of(self, from: &Shape) -> Result<Shape, ShapeError>;
}

impl<S: Into<Shape>> NewShape for S {
    #[inline]
    fn of(self, _: &Shape) -> Result<Shape, ShapeError> {
        Ok(self.into())
    }
}

impl<const N: usize> NewShape for [isize; N] {
    fn of(self, from: &Shape) -> Result<Shape, ShapeError> {
        infer(&self, from)
    }
}

impl<const N: usize> NewShape for [i32; N] {
    fn of(self, from: &Shape) -> Result<Shape, ShapeError> {
        infer(&self.map(|size| size as isize), from)
    }
}

fn infer(sizes: &[isize], from: &Shape) -> Result<Shape, ShapeError> {
    let refused =
        |problem: String| ShapeError::new(problem).operand("from", from, format!("{} elements", from.size()));
    let open = sizes.iter().filter(|&&size| size == -1).count();
    if open > 1 || sizes.iter().any(|&size| size < -1) {
        return Err(refused(format!("{sizes:?} is no shape"))
            .help("sizes are at least 0, but for one of -1, which follows from the others"));
    }
    let known: Shape = sizes.iter().filter(|&&size| size >= 0).map(|&size| size as usize).collect();
    let product = known.try_size()?;
    if open == 1 && (product == 0 || !from.size().is_multiple_of(product)) {
        return Err(refused(format!("no size in the place of -1 makes {sizes:?} fit")).help(format!(
            "the other sizes multiply to {product}, which must divide the number of elements"
        )));
    }
    let size = |&size: &isize| if size == -1 { from.size() / product } else { size as usize };
    Ok(sizes.iter().map(size).collect())
}
