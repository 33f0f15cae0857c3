//! Tensors joined along an axis; carried back, each gets its slice of the cotangent.

use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::threads;
use crate::onnx::{Operands, Value};
use crate::op::{AnyOp, Keeps};
use crate::ops::Slice;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// About how many elements are copied in a nanosecond.
const PER_NANOSECOND: usize = 4;

/// Any number of tensors one after another along an axis.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::Concat, vjp};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0]));
/// let (y, [da, db]) = vjp(|x| Concat { axis: 0 }.apply_to(&x), [&a, &b], &Tensor::from([10.0, 20.0, 30.0]));
/// assert_eq!(y.to_vec(), [1.0, 2.0, 3.0]);
/// assert_eq!((da.to_vec(), db.to_vec()), (vec![10.0, 20.0], vec![30.0]));
/// ```
#[derive(Debug)]
pub struct Concat {
    /// The axis; `-1` is the last.
    pub axis: isize,
}

impl<T: Scalar> AnyOp<T> for Concat {
    fn name(&self) -> String {
        "concat".into()
    }

    fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let Some(first) = x.first() else {
            return Err(ShapeError::new("there is nothing to join").help("give at least one tensor"));
        };
        let axis = first.shape().axis(self.axis)?;
        let size =
            x.iter().map(|x| x.shape().dims().get(axis).copied().unwrap_or(0)).fold(0, usize::saturating_add);
        let shape = first.shape().with(axis, size);
        for (i, x) in x.iter().enumerate() {
            if x.shape().rank() != shape.rank() || x.shape().with(axis, size) != shape {
                return Err(ShapeError::new(format!("the shapes differ elsewhere than in axis {axis}"))
                    .operand("input 0", first.shape(), "")
                    .operand(format!("input {i}"), x.shape(), "")
                    .help(format!("all sizes but that of axis {axis} must be equal")));
            }
        }
        let inner: usize = shape.dims()[axis + 1..].iter().product();
        Array::build(&shape, |y| {
            // Along the first axis that counts, the inputs follow each other whole.
            let whole = size * inner;
            if whole == y.len() {
                let mut rest = y;
                for x in x {
                    let to;
                    (to, rest) = rest.split_at_mut(x.size());
                    x.view().map_into(to, |x| x);
                }
                return;
            }
            let runs: Vec<_> = x.iter().map(|x| (x.view().contiguous(), x.shape()[axis] * inner)).collect();
            let nanoseconds = y.len() / PER_NANOSECOND;
            threads::for_each_rows(y, whole, nanoseconds, |first, y| {
                for (row, mut y) in (first..).zip(y.chunks_exact_mut(whole)) {
                    for (x, run) in &runs {
                        let to;
                        (to, y) = y.split_at_mut(*run);
                        to.copy_from_slice(&x[row * run..][..*run]);
                    }
                }
            });
        })
    }

    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let axis = dy.shape().axis(self.axis).or_panic();
        let mut start = 0;
        for i in 0..call.inputs() {
            let len = call.shape(i)[axis];
            if call.needs(i) {
                give(i, Slice { axis, start, len, step: 1 }.apply_to(&[&dy]));
            }
            start += len;
        }
    }

    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let inputs: Vec<&Value> = x.values().iter().collect();
        Value::node("Concat", &inputs, &[("axis", (self.axis as i64).into())])
    }
}

/// Joining.
impl<T: Scalar> Tensor<T> {
    /// Joins tensors along an axis, in which alone their shapes may differ; `-1` is the last.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (a, b) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
    /// assert_eq!(Tensor::concat(&[&a, &b], 1).to_vec(), [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If there are none, the axis is out of range, or the shapes differ elsewhere.
    #[doc(alias("cat", "concatenate"))]
    #[track_caller]
    pub fn concat(tensors: &[&Self], axis: isize) -> Self {
        Concat { axis }.apply_to(tensors)
    }

    /// Joins tensors of one shape along a new axis, before which `axis` says; `-1` puts it last.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(Tensor::stack(&[&a, &b], -1).to_vec(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If there are none, the axis is out of range, or the shapes differ.
    #[doc(alias = "vstack")]
    #[track_caller]
    pub fn stack(tensors: &[&Self], axis: isize) -> Self {
        let of_another = |x: &&&Self| x.shape() != tensors[0].shape();
        if let Some(other) = tensors.iter().find(of_another) {
            let error = ShapeError::new("the shapes differ")
                .operand("one", tensors[0].shape(), "")
                .operand("other", other.shape(), "")
                .help("along a new axis only equal shapes lie; `concat` joins along one that is there");
            return Err(error.named("stack")).or_panic();
        }
        let mut expanded = Vec::with_capacity(tensors.len());
        for x in tensors {
            expanded.push(x.unsqueeze(axis));
        }
        Concat { axis }
            .try_apply_to(&expanded.iter().collect::<Vec<_>>())
            .map_err(|e| e.named("stack"))
            .or_panic()
    }
}
