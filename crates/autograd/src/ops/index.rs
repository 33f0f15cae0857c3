//! Elements by index along an axis, and their adjoint.
//!
//! A gather takes `y[.., j, ..] = x[.., indices[.., j, ..], ..]`; carried back, each element of the cotangent is added where its
//! element came from, twice if it was taken twice. Either is the other's gradient. Rows of a table, an embedding, a rolled axis
//! and padding by reflection are gathers, of the same places from every lane.

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::scatter::{self, Lanes};
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

mod methods;

/// Elements along an axis, by index.
///
/// ```
/// use autograd::{Op, Tensor, ops::Gather};
/// let x = Tensor::from([10.0, 20.0, 30.0]).requires_grad();
/// let y = Gather { axis: 0, indices: [2, 0, 2].into() }.apply([&x]);
/// assert_eq!(y.to_vec(), [30.0, 10.0, 30.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.0, 2.0]);
/// ```
#[derive(Debug)]
pub struct Gather {
    /// The axis; `-1` is the last.
    pub axis: isize,
    /// Which, for every lane: as many axes as the input, whose sizes are the input's, or 1, but for the axis.
    pub indices: Array<usize>,
}

impl<T: Scalar> Op<T, 1> for Gather {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let axis = x.axis(self.axis)?;
        let taken = taken(&self.indices, x, axis)?;
        within(&self.indices, x[axis])
            .map_err(|e| e.operand("input", x, format!("axis {axis} is {}", x[axis])))?;
        Ok(taken)
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        let axis = x.shape().axis(self.axis).or_panic();
        with_lanes(&self.indices, x.shape(), axis, |lanes| scatter::gather(&x.contiguous(), lanes, y));
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let size = call.shape(0)[call.shape(0).axis(self.axis).or_panic()];
        ScatterAdd { axis: self.axis, indices: self.indices.clone(), size }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let (indices, whole) = (&self.indices, x.shape(0));
        let axis = [("axis", (whole.axis(self.axis).or_panic() as i64).into())];
        if indices.size() == x.output()[whole.axis(self.axis).or_panic()] {
            // The same from every lane.
            let indices = indices.reshape([indices.size()]).or_panic();
            return Value::node("Gather", &[&x[0], &Value::of(&indices)], &axis);
        }
        Value::node("GatherElements", &[&x[0], &of_every_lane(indices, x.output())], &axis)
    }
}

/// The adjoint of [`Gather`]: zeros, to which each element of the input is added at its index.
///
/// ```
/// use autograd::{Op, Tensor, ops::ScatterAdd, vjp};
/// let add = |[x]: [&Tensor<f64>; 1]| ScatterAdd { axis: 0, indices: [2, 0, 2].into(), size: 3 }.apply([x]);
/// let (y, [dx]) = vjp(add, [&Tensor::from([1.0, 2.0, 3.0])], &Tensor::from([10.0, 20.0, 30.0]));
/// assert_eq!((y.to_vec(), dx.to_vec()), (vec![2.0, 0.0, 4.0], vec![30.0, 10.0, 30.0]));
/// ```
#[derive(Debug)]
pub struct ScatterAdd {
    /// The axis; `-1` is the last.
    pub axis: isize,
    /// Where the elements go: as many axes as the input, of its sizes, or 1, but for the axis, whose size is the input's.
    pub indices: Array<usize>,
    /// The size of the axis in the result.
    pub size: usize,
}

impl<T: Scalar> Op<T, 1> for ScatterAdd {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let axis = x.axis(self.axis)?;
        if taken(&self.indices, x, axis)? != *x {
            return Err(ShapeError::new(format!("expected an index for each element along axis {axis}"))
                .operand("input", x, "")
                .operand("indices", self.indices.shape(), "")
                .help("give the indices the shape of the input, or sizes of 1"));
        }
        let whole = x.with(axis, self.size);
        within(&self.indices, self.size)
            .map_err(|e| e.operand("result", &whole, format!("axis {axis} is {}", self.size)))?;
        Ok(whole)
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        y.fill(T::zero());
        let axis = x.shape().axis(self.axis).or_panic();
        let whole = x.shape().with(axis, self.size);
        with_lanes(&self.indices, &whole, axis, |lanes| scatter::scatter_add(&x.contiguous(), lanes, y));
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        Gather { axis: self.axis, indices: self.indices.clone() }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let zeros = Tensor::<T>::zeros(x.output());
        let indices = of_every_lane(&self.indices, x.shape(0));
        let axis = x.shape(0).axis(self.axis).or_panic() as i64;
        let attributes = [("axis", axis.into()), ("reduction", "add".into())];
        Value::node("ScatterElements", &[&Value::of(zeros.array()), &indices, &x[0]], &attributes)
    }
}

/// The shape of what these indices take of a tensor.
fn taken(indices: &Array<usize>, x: &Shape, axis: usize) -> Result<Shape, ShapeError> {
    let fits = |(i, (&of_indices, &of_x)): (usize, (&usize, &usize))| {
        i == axis || of_indices == of_x || of_indices == 1
    };
    let shape = indices.shape();
    if shape.rank() != x.rank() || !shape.dims().iter().zip(x.dims()).enumerate().all(fits) {
        return Err(ShapeError::new(format!("the indices do not fit the input beside axis {axis}"))
            .operand("input", x, "")
            .operand("indices", shape, "")
            .help("their other sizes must be equal, or 1 in the indices; `index_select` takes the same from every lane"));
    }
    Ok(x.with(axis, shape[axis]))
}

/// Every index is below `size`.
fn within(indices: &Array<usize>, size: usize) -> Result<(), ShapeError> {
    if indices.as_slice().is_some_and(|indices| indices.iter().all(|&index| index < size)) {
        return Ok(());
    }
    match indices.view().iter().enumerate().find(|(_, index)| *index >= size) {
        Some((place, index)) => {
            let help = match size {
                0 => "there is nothing to choose from".into(),
                _ => format!("indices run from 0 to {}", size - 1),
            };
            Err(ShapeError::new(format!("index {index}, at place {place}, is out of range")).help(help))
        }
        None => Ok(()),
    }
}

/// The lanes along `axis` of a tensor of shape `whole`, and what is taken of them.
fn with_lanes(indices: &Array<usize>, whole: &Shape, axis: usize, f: impl FnOnce(Lanes<'_>)) {
    let taken = indices.shape()[axis];
    let are_equal = indices.size() == taken;
    let indices =
        if are_equal { indices.clone() } else { indices.broadcast_to(&whole.with(axis, taken)).or_panic() };
    let inner = whole.dims()[axis + 1..].iter().product();
    f(Lanes { len: whole[axis], taken, inner, indices: &indices.view().contiguous() });
}

/// Indices in ONNX, one for each element of `shape`.
fn of_every_lane(indices: &Array<usize>, shape: &Shape) -> Value {
    let value = Value::of(indices);
    if indices.shape() == shape {
        return value;
    }
    match value.depends_on_input() {
        true => Value::node("Expand", &[&value, &Value::sizes(shape.dims())], &[]),
        false => Value::of(&indices.broadcast_to(shape).or_panic()),
    }
}
