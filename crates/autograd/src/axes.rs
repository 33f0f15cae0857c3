//! The axes along which an operator works.

use crate::error::{OrPanic, ShapeError};
use crate::onnx::Value;
use crate::ops::Whole;
use crate::scalar::Scalar;
use crate::shape::{Shape, Small};
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::ops::RangeFull;

/// Which axes an operation works on: one, `-1` counting from the end, several, or all (`..`).
///
/// ```
/// use autograd::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_axes(-1).to_vec(), [3.0, 7.0]);
/// assert_eq!(x.sum_axes([0, 1]).item(), 10.0);
/// assert_eq!(x.sum_axes(..).item(), 10.0);
/// assert_eq!(x.sum_axes(x.rank() - 1).to_vec(), [3.0, 7.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes(Option<Small<isize>>);

impl Axes {
    /// The axes that are meant, in ascending order, for a tensor of this shape.
    ///
    /// ```
    /// use autograd::{Axes, Shape};
    /// let shape = Shape::from([2, 3, 4]);
    /// assert_eq!(Axes::from([-1, 0]).resolve(&shape)?, [0, 2]);
    /// assert_eq!(Axes::from(..).resolve(&shape)?, [0, 1, 2]);
    /// assert!(Axes::from([2, -1]).resolve(&shape).is_err()); // one axis, named twice
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If an axis is out of range or named twice.
    pub fn resolve(&self, shape: &Shape) -> Result<Vec<usize>, ShapeError> {
        let Some(axes) = &self.0 else { return Ok((0..shape.rank()).collect()) };
        let mut resolved = axes.iter().map(|&a| shape.axis(a)).collect::<Result<Vec<_>, _>>()?;
        resolved.sort_unstable();
        match resolved.windows(2).find(|w| w[0] == w[1]) {
            Some(w) => Err(ShapeError::new(format!("axis {} is named twice", w[0]))
                .operand("shape", shape, "negative axes count from the end")
                .help("name each axis once")),
            None => Ok(resolved),
        }
    }
}

impl Axes {
    /// The axes as ONNX has them.
    pub(crate) fn in_onnx(&self, shape: &Shape) -> Vec<i64> {
        self.resolve(shape).or_panic().into_iter().map(|axis| axis as i64).collect()
    }

    /// A reduction of ONNX over these axes, which it has as an attribute.
    pub(crate) fn reduce_in_onnx<T: Scalar>(&self, op: &'static str, x: &Tensor<T>, keepdims: bool) -> Value {
        let (axes, value) = (self.in_onnx(x.shape()), Value::of(x.array()));
        if axes.is_empty() {
            return value.then("Identity");
        }
        Value::node(op, &[&value], &[("axes", axes.into()), ("keepdims", i64::from(keepdims).into())])
    }
}

/// One axis, also one that was counted, as `x.rank() - 1`.
impl<W: Whole> From<W> for Axes {
    fn from(axis: W) -> Self {
        Axes(Some(SmallVec::from_slice(&[axis.whole()])))
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Axes(Some(SmallVec::from_slice(&axes)))
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Axes(Some(SmallVec::from_slice(axes)))
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Axes(None)
    }
}
