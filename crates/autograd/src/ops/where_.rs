//! A choice between two tensors, element by element. The one that is not chosen gets a gradient of exactly 0 there.

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::map::map_each;
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The first input where the mask holds, the second elsewhere.
///
/// ```
/// use autograd::{Op, Tensor, ops::Where, vjp};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([10.0, 20.0]));
/// let (y, [da, db]) = vjp(|x| Where { mask: a.gt(1.5) }.apply(x), [&a, &b], &Tensor::ones([2]));
/// assert_eq!(y.to_vec(), [10.0, 2.0]);
/// assert_eq!((da.to_vec(), db.to_vec()), (vec![0.0, 1.0], vec![1.0, 0.0]));
/// ```
#[derive(Debug)]
pub struct Where {
    /// The mask, which broadcasts with the inputs.
    pub mask: Array<bool>,
}

impl<T: Scalar> Op<T, 2> for Where {
    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, ShapeError> {
        Shape::broadcast(&[self.mask.shape(), a, b]).map_err(|_| {
            ShapeError::new("the mask and the tensors do not broadcast together")
                .operand("mask", self.mask.shape(), "")
                .operand("a", a, "")
                .operand("b", b, "")
                .help("aligned at the last axis, sizes must be equal or 1")
        })
    }
    fn forward(&self, [a, b]: [View<'_, T>; 2], y: &mut [T]) {
        let shape = Shape::broadcast(&[self.mask.shape(), a.shape(), b.shape()]).or_panic();
        let choose = |[a, b]: [T; 2], [holds]: [bool; 1]| if holds { a } else { b };
        map_each([a, b], [self.mask.view()], &shape, y, choose);
    }
    fn backward(&self, i: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let zero = Tensor::scalar(T::zero());
        let [a, b] = if i == 0 { [dy, &zero] } else { [&zero, dy] };
        Tensor::where_(&self.mask, a, b)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        Value::of(&self.mask).choose(&x[0], &x[1])
    }
}

/// Choosing.
impl<T: Scalar> Tensor<T> {
    /// `a` where the mask holds, `b` elsewhere; all three broadcast together.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([4.0, -1.0]);
    /// let root = Tensor::where_(&x.mask(|x| x > 0.0), &x, &Tensor::scalar(1.0)).sqrt();
    /// assert_eq!(root.to_vec(), [2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If they do not.
    #[doc(alias = "where")]
    #[track_caller]
    pub fn where_(mask: &Array<bool>, a: &Self, b: &Self) -> Self {
        Where { mask: mask.clone() }.apply([a, b])
    }

    /// This tensor, with `value` where the mask holds; both broadcast together.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, -2.0]);
    /// assert_eq!(x.masked_fill(&x.mask(|x| x < 0.0), 9.0).to_vec(), [1.0, 9.0]);
    /// ```
    ///
    /// # Panics
    /// If they do not.
    #[track_caller]
    pub fn masked_fill(&self, mask: &Array<bool>, value: T) -> Self {
        Self::where_(mask, &Tensor::scalar(value), self)
    }

    /// Of a matrix, or each in a batch, what lies on or above a diagonal, `offset` above the main one; zeros below.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).triu(0).to_vec(), [1.0, 2.0, 0.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn triu(&self, offset: isize) -> Self {
        self.triangle("triu", |above| above >= offset)
    }

    /// Of a matrix, or each in a batch, what lies on or below a diagonal, `offset` above the main one; zeros above.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).tril(-1).to_vec(), [0.0, 0.0, 3.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn tril(&self, offset: isize) -> Self {
        self.triangle("tril", |above| above <= offset)
    }

    /// The elements whose column less row `holds` is true of; zeros elsewhere.
    #[track_caller]
    fn triangle(&self, name: &str, holds: impl Fn(isize) -> bool) -> Self {
        let axis = |i| self.shape().axis(i).map_err(|e| e.of(name));
        let (rows, columns) = (self.shape()[axis(-2).or_panic()], self.shape()[axis(-1).or_panic()]);
        let mask = Array::build([rows, columns], |mask| {
            for (i, row) in mask.chunks_exact_mut(columns.max(1)).enumerate() {
                row.iter_mut().enumerate().for_each(|(j, mask)| *mask = holds(j as isize - i as isize));
            }
        });
        Self::where_(&mask.map_err(|e| e.of(name)).or_panic(), self, &Tensor::scalar(T::zero()))
    }
}
