//! Pooling in ONNX, whose images have two axes in front.

use super::windows::{Layout, Pool};
use crate::kernels::pool::Span;
use crate::onnx::{Attribute, Value};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Applies an operator on images to the last `axes` axes, whatever lies before them.
fn on_images(x: &Value, shape: &Shape, y: &Shape, axes: usize, op: impl FnOnce(&Value) -> Value) -> Value {
    let front = shape.rank() - axes;
    if front == 2 {
        return op(x);
    }
    let (outer, image) = shape.split_at(front);
    let [batch, channels] = match outer.dims() {
        [] => [1, 1],
        [batch] => [*batch, 1],
        [batch, others @ ..] => [*batch, others.iter().product()],
    };
    op(&x.reshape(Shape::from([batch, channels]).join(image.dims()).dims())).reshape(y.dims())
}

fn list(sizes: impl IntoIterator<Item = usize>) -> Attribute {
    sizes.into_iter().map(|size| size as i64).collect::<Vec<_>>().into()
}

impl<const D: usize> Pool<D> {
    /// The largest of each window, from images of one shape to those of another.
    pub(super) fn largest_in_onnx(&self, x: &Value, shape: &Shape, y: &Shape) -> Value {
        // Behind the image as much as the last window needs: so there is no question of what becomes of one that is cut off.
        let behind = |i: usize| {
            let (len, places) = (shape[shape.rank() - D + i], y[y.rank() - D + i]);
            let end = (places - 1) * self.stride[i] + (self.size[i] - 1) * self.dilation[i] + 1;
            end.saturating_sub(len + self.padding[i])
        };
        let attributes = [
            ("kernel_shape", list(self.size)),
            ("strides", list(self.stride)),
            ("pads", list(self.padding.into_iter().chain((0..D).map(behind)))),
            ("dilations", list(self.dilation)),
        ];
        on_images(x, shape, y, D, |x| Value::node("MaxPool", &[x], &attributes))
    }
}

impl Layout {
    /// The means of the windows along the last `axes` axes.
    pub(super) fn means_in_onnx<T: Scalar>(&self, x: &Value, shape: &Shape, axes: usize) -> Value {
        let spans = [&self.rows[..], &self.columns[..]];
        if let [Some((rows, down)), Some((columns, right))] = spans.map(evenly) {
            let attributes = [
                ("kernel_shape", list([rows, columns].into_iter().skip(2 - axes))),
                ("strides", list([down, right].into_iter().skip(2 - axes))),
            ];
            let y = self.output(shape, axes);
            return on_images(x, shape, &y, axes, |x| Value::node("AveragePool", &[x], &attributes));
        }
        // Others are products with matrices of shares, one for each axis.
        let [rows, columns] = [0, 1].map(|i| shares::<T>(spans[i], self.plane[i]));
        let y = Value::node("MatMul", &[x, &Value::of(columns.t().array())], &[]);
        if axes == 1 { y } else { Value::node("MatMul", &[&Value::of(rows.array()), &y], &[]) }
    }
}

/// The size and the stride of windows that lie evenly, and within the image.
fn evenly(spans: &[Span]) -> Option<(usize, usize)> {
    let first = spans.first()?;
    let stride = spans.get(1).map_or(first.count, |second| second.first);
    let fits = |(i, span): (usize, &Span)| {
        span.first == i * stride && span.count == first.count && span.step == 1 && span.divisor == span.count
    };
    (stride > 0 && spans.iter().enumerate().all(fits)).then_some((first.count, stride))
}

/// What each window takes of each element.
fn shares<T: Scalar>(spans: &[Span], len: usize) -> Tensor<T> {
    Tensor::build([spans.len(), len], |y| {
        y.fill(T::zero());
        for (span, y) in spans.iter().zip(y.chunks_exact_mut(len)) {
            let share = T::of((span.divisor as f64).recip());
            y.iter_mut().skip(span.first).step_by(span.step).take(span.count).for_each(|y| *y = share);
        }
    })
}
