//! The affine map of a layer, `y = x Wᵀ + b`, in one operator.
//!
//! `W` is stored with one row for each output, as PyTorch stores it, and read transposed where it lies; the bias is laid
//! into the output before the product is added to it. With `dy` of the output,
//!
//! ```text
//! dx = dy W        dW = dyᵀ x        db = dy, summed over all rows.
//! ```

use crate::array::View;
use crate::error::ShapeError;
use crate::graph::Call;
use crate::kernels::matmul::{Epilogue, Matrix, matmul};
use crate::op::{Keeps, Op};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// `x Wᵀ`, or with a third input `x Wᵀ + b`.
#[derive(Debug)]
pub struct Linear;

impl<T: Scalar> Op<T, 2> for Linear {
    fn shape(&self, [x, w]: [&Shape; 2]) -> Result<Shape, ShapeError> {
        output_shape(x, w)
    }
    fn forward(&self, [x, w]: [View<'_, T>; 2], y: &mut [T]) {
        product(x, w, y, Epilogue::Store);
    }
    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        gradient(i, call, dy)
    }
    fn keeps(&self, i: usize) -> Keeps {
        Keeps::x(1 - i)
    }
}

impl<T: Scalar> Op<T, 3> for Linear {
    fn shape(&self, [x, w, b]: [&Shape; 3]) -> Result<Shape, ShapeError> {
        let y = output_shape(x, w)?;
        if b.dims() != [w[0]] {
            return Err(ShapeError::new("the bias must have one entry for each output")
                .operand("weight", w, format!("axis 0 is {}", w[0]))
                .operand("bias", b, "")
                .help(format!("give a bias of shape [{}], or `None`", w[0])));
        }
        Ok(y)
    }
    fn forward(&self, [x, w, b]: [View<'_, T>; 3], y: &mut [T]) {
        product(x, w, y, Epilogue::Bias(&b.contiguous()));
    }
    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        gradient(i, call, dy)
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i < 2 { Keeps::x(1 - i) } else { Keeps::NONE }
    }
}

fn output_shape(x: &Shape, w: &Shape) -> Result<Shape, ShapeError> {
    let &[outputs, inputs] = w.dims() else {
        return Err(ShapeError::new("the weight must be a matrix, with a row for each output")
            .operand("input", x, "")
            .operand("weight", w, format!("rank {}", w.rank())));
    };
    let Some((&last, rows)) = x.dims().split_last() else {
        return Err(ShapeError::new("the input is a single number, and has no axis to multiply along")
            .operand("input", x, "rank 0")
            .operand("weight", w, ""));
    };
    if last == inputs {
        return Ok(Shape::from(rows).join(&[outputs]));
    }
    let error = ShapeError::new("the last axis of the input must be as long as the weight's rows")
        .operand("input", x, format!("axis {} is {last}", x.rank() - 1))
        .operand("weight", w, format!("axis 1 is {inputs}"));
    Err(match last == outputs {
        true => error.help("the weight has shape [outputs, inputs]: did you mean `x.linear(&w.t(), ..)`?"),
        false => error.help("the weight has shape [outputs, inputs]"),
    })
}

fn product<T: Scalar>(x: View<'_, T>, w: View<'_, T>, y: &mut [T], epilogue: Epilogue<'_, T>) {
    if x.shape().rank() == 2 {
        return matmul(Matrix::new(x), Matrix::new(w).t(), y, epilogue);
    }
    let inputs = w.shape()[1];
    let rows = x.shape().dims()[..x.shape().rank() - 1].iter().product();
    matmul(Matrix::row_major(&x.contiguous(), rows, inputs), Matrix::new(w).t(), y, epilogue);
}

fn gradient<T: Scalar>(i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
    match i {
        0 => dy.as_rows().matmul(&call.x(1)).reshape(call.shape(0)),
        1 => dy.as_rows().t().matmul(&call.x(0).as_rows()),
        _ => dy.clone(),
    }
}

/// The affine map.
impl<T: Scalar> Tensor<T> {
    /// `x Wᵀ + b`: `[.., inputs]` to `[.., outputs]` with a weight of shape `[outputs, inputs]` and a bias of shape
    /// `[outputs]`, or none.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let (w, b) = (Tensor::from([[3.0, 4.0], [5.0, 6.0]]), Tensor::from([10.0, 20.0]));
    /// assert_eq!(x.linear(&w, Some(&b)).to_vec(), [21.0, 37.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Self {
        match bias {
            Some(bias) => Linear.apply([self, weight, bias]),
            None => Linear.apply([self, weight]),
        }
    }
}
