//! The adjoint of every view: elements put back to where they came from.

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::scatter;
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::op::{AnyOp, Keeps, Op};
use crate::ops::view::Viewing;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The adjoint of a view: zeros, to which each element is added where the view has found it.
///
/// ```
/// use autograd::{Op, Tensor, ops::{Unfold, Unview}, vjp};
/// let windows = Unfold { axis: 0, size: 2, step: 1 };
/// let put_back = |x: [&Tensor<f64>; 1]| Unview { view: windows, shape: [3].into() }.apply(x);
/// let (y, [dx]) = vjp(put_back, [&Tensor::from([[1.0, 2.0], [3.0, 4.0]])], &Tensor::from([10.0, 20.0, 30.0]));
/// assert_eq!(y.to_vec(), [1.0, 5.0, 4.0]); // the windows have the middle in common
/// assert_eq!(dx.to_vec(), [10.0, 20.0, 20.0, 30.0]);
/// ```
#[derive(Debug)]
pub struct Unview<V> {
    /// The view.
    pub view: V,
    /// The shape that it was a view of.
    pub shape: Shape,
}

impl<V: Viewing> Unview<V> {
    /// Where the view finds its elements in a tensor in row-major order.
    fn layout(&self) -> Result<Layout, ShapeError> {
        self.view.layout(&Layout::contiguous(self.shape.clone()))
    }
}

impl<T: Scalar, V: Viewing> Op<T, 1> for Unview<V> {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        self.shape.try_size()?;
        let layout = self.layout()?;
        if x != layout.shape() {
            return Err(ShapeError::new("the input has not the shape of the view")
                .operand("input", x, "")
                .operand("view", layout.shape(), "")
                .operand("of", &self.shape, "")
                .help("what the view makes of a tensor has the shape that goes back"));
        }
        Ok(self.shape.clone())
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        y.fill(T::zero());
        scatter::add_through(x, &self.layout().or_panic(), y);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        self.view.clone().apply_to(&[dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let layout = self.layout().or_panic();
        let places: Vec<usize> = layout.places().collect();
        let (places, zeros) = (Array::from_slice(&places), Tensor::<T>::zeros([self.shape.size()]));
        let (zeros, places) = (Value::of(zeros.array()), Value::of(&places));
        let attributes = [("axis", 0.into()), ("reduction", "add".into())];
        let sums = Value::node(
            "ScatterElements",
            &[&zeros, &places, &x[0].reshape(&[x.shape(0).size()])],
            &attributes,
        );
        sums.reshape(self.shape.dims())
    }
}
