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

/// Elements along an axis, by index.
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

/// Elements by index.
impl<T: Scalar> Tensor<T> {
    /// Entries along axis 0, by index: `[n, ..]` to `[indices.len(), ..]`. How an embedding looks up its table.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let table = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
    /// let rows = table.rows(&[1, 1, 0]);
    /// assert_eq!(rows.to_vec(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
    /// assert_eq!(rows.sum().backward()[&table].to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If an index is out of range, or this is a scalar.
    #[track_caller]
    pub fn rows(&self, indices: &[usize]) -> Self {
        self.selected(0, &Array::from_slice(indices)).map_err(|e| e.named("rows")).or_panic()
    }

    /// Entries along an axis, by index; the axis gives way to those of the indices.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let columns = x.index_select(1, &[2, 0].into());
    /// assert_eq!(columns.to_vec(), [3.0, 1.0, 6.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[doc(alias = "take")]
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Array<usize>) -> Self {
        self.selected(axis, indices).map_err(|e| e.named("index_select")).or_panic()
    }

    /// The same entries from every lane along an axis.
    #[track_caller]
    pub(crate) fn selected(&self, axis: isize, indices: &Array<usize>) -> Result<Self, ShapeError> {
        let at = self.shape().axis(axis)?;
        let shape: Shape = (0..self.rank()).map(|i| if i == at { indices.size() } else { 1 }).collect();
        let y = Gather { axis: at as isize, indices: indices.reshape(shape)? }.try_apply([self])?;
        let (head, tail) = self.shape().split_at(at);
        Ok(y.reshape(head.join(indices.shape().dims()).join(&tail.dims()[1..])))
    }

    /// Elements along an axis, by an index of each: `y[i][j] = x[i][indices[i][j]]` for the last axis of a matrix. Beside the axis
    /// the indices have the sizes of this tensor, or 1.
    ///
    /// ```
    /// use autograd::{Array, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let indices = Array::from_vec(vec![2, 0], [2, 1])?;
    /// assert_eq!(x.gather(1, &indices).to_vec(), [3.0, 4.0]);
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the sizes differ.
    #[track_caller]
    pub fn gather(&self, axis: isize, indices: &Array<usize>) -> Self {
        Gather { axis, indices: indices.clone() }.apply([self])
    }

    /// As [`gather`](Self::gather), but that this tensor, too, is broadcast beside the axis: NumPy's `take_along_axis`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[0.1, 0.7, 0.2], [0.9, 0.0, 0.1]]);
    /// let largest = x.take_along_axis(&x.argmax(-1).reshape([2, 1])?, -1);
    /// assert_eq!(largest.to_vec(), [0.7, 0.9]);
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the sizes do not broadcast.
    #[track_caller]
    pub fn take_along_axis(&self, indices: &Array<usize>, axis: isize) -> Self {
        let named = |e: ShapeError| e.named("take_along_axis");
        let at = self.shape().axis(axis).map_err(named).or_panic();
        let has_axes = indices.shape().rank() == self.rank();
        let beside = |shape: &Shape| if has_axes { shape.with(at, 1) } else { shape.clone() };
        let joint = Shape::broadcast(&[&beside(self.shape()), &beside(indices.shape())]);
        let x = match joint {
            Ok(joint) if has_axes => self.broadcast_to(joint.with(at, self.shape()[at])),
            _ => self.clone(),
        };
        Gather { axis, indices: indices.clone() }.try_apply([&x]).map_err(named).or_panic()
    }

    /// This tensor, with each element of `source` added at its index along an axis. Beside the axis, the indices have the sizes of
    /// `source`, or 1.
    ///
    /// ```
    /// use autograd::{Array, Tensor};
    /// let counts = Tensor::<f32>::zeros([3]).scatter_add(0, &Array::from_slice(&[2, 0, 2]), &Tensor::ones([3]));
    /// assert_eq!(counts.to_vec(), [1.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the sizes differ.
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, indices: &Array<usize>, source: &Self) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("scatter_add")).or_panic();
        self + ScatterAdd { axis, indices: indices.clone(), size: self.shape()[at] }.apply([source])
    }

    /// The elements where the mask holds, in row-major order; the mask and this tensor are broadcast together.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, -2.0, 3.0]);
    /// assert_eq!(x.masked_select(&x.mask(|x| x > 0.0)).to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If they do not broadcast.
    #[track_caller]
    pub fn masked_select(&self, mask: &Array<bool>) -> Self {
        let shape =
            Shape::broadcast(&[self.shape(), mask.shape()]).map_err(|e| e.of("masked_select")).or_panic();
        let size = shape.try_size().map_err(|e| e.of("masked_select")).or_panic();
        let all = self.broadcast_to(&shape).reshape([size]);
        let mask = mask.broadcast_to(&shape).or_panic();
        let holds: Vec<usize> =
            mask.view().iter().enumerate().filter(|(_, holds)| *holds).map(|(i, _)| i).collect();
        all.rows(&holds)
    }

    /// The elements moved on by `shift` places along an axis; what leaves at one end comes back at the other.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(1, 0).to_vec(), [4.0, 1.0, 2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn roll(&self, shift: isize, axis: isize) -> Self {
        let at = self.shape().axis(axis).map_err(|e| e.of("roll")).or_panic();
        // An axis that is longer than the largest `isize` is an empty tensor's.
        let size = isize::try_from(self.shape()[at]).unwrap_or(0).max(1);
        match (-(shift % size)).rem_euclid(size) {
            0 => self.clone(),
            first => Self::concat(&[&self.slice(axis, first..), &self.slice(axis, ..first)], axis),
        }
    }
}
