//! The affine map of a layer and the function of its output, `y = f(x Wᵀ + b)`, in one operator.
//!
//! `W` is stored with one row for each output, as PyTorch stores it, and read transposed where it lies; bias and function
//! belong to the same pass over the output. With `dy` of the output, `dz` of what the function is applied to is
//!
//! ```text
//! dz = dy f'        dx = dz W        dW = dzᵀ x        db = dz, summed over all rows.
//! ```
//! Only `y` is kept of the output, so the function must be one whose derivative follows from its value, as those of relu,
//! sigmoid and tanh do. The identity is one of them: it is the layer without a function.

use crate::algebra::Algebra;
use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::map::{map_each, map_in_place};
use crate::kernels::matmul::{Epilogue, Matrix, Multiplication, matmul, matmul_all, matmul_then};
use crate::kernels::reduce;
use crate::kernels::update::update_with;
use crate::onnx::{self, Operands};
use crate::op::{Keeps, Op, one_by_one};
use crate::pointwise::{Pointwise, Slope, Value, constant_slope};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::array::from_fn;

/// `f(x Wᵀ)`, or with a third input `f(x Wᵀ + b)`, for a function whose derivative reads its value alone.
///
/// ```
/// use autograd::{Op, Routine, Tensor, ops::{Linear, Sigmoid}, vjp};
/// let (x, w) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[2.0, -1.0]]));
/// let (y, [dx, dw]) = vjp(|x| Linear(Routine(Sigmoid)).apply(x), [&x, &w], &Tensor::ones([1, 1]));
/// assert_eq!(y.item(), 0.5); // σ(0), whose slope is 1/4
/// assert_eq!((dx.to_vec(), dw.to_vec()), (vec![0.5, -0.25], vec![0.25, 0.5]));
/// ```
#[derive(Debug)]
pub struct Linear<P = Identity>(
    /// The function.
    pub P,
);

/// `f(x) = x`.
///
/// ```
/// use autograd::{Op, Tensor, ops::{Identity, Linear}};
/// let (x, w) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0, 4.0]]).requires_grad());
/// let y = Linear(Identity).apply([&x, &w]);
/// assert_eq!((y.item(), y.backward()[&w].to_vec()), (11.0, vec![1.0, 2.0]));
/// ```
#[derive(Debug)]
pub struct Identity;

impl<T: Scalar> Pointwise<T, 1> for Identity {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::one()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

impl<T: Scalar, P: Pointwise<T, 1>, const N: usize> Op<T, N> for Linear<P> {
    fn shape(&self, x: [&Shape; N]) -> Result<Shape, ShapeError> {
        const { assert!(N == 2 || N == 3, "the inputs are `x`, the weight and perhaps a bias") };
        let (w, y) = (x[1], output_shape(x[0], x[1])?);
        if let Some(b) = x.get(2).filter(|b| b.dims() != [w[0]]) {
            return Err(ShapeError::new("the bias must have one entry for each output")
                .operand("weight", w, format!("axis 0 is {}", w[0]))
                .operand("bias", b, "")
                .help(format!("give a bias of shape [{}], or `None`", w[0])));
        }
        Ok(y)
    }

    fn forward(&self, x: [View<'_, T>; N], y: &mut [T]) {
        self.write([x[0], x[1]], x.get(2), y);
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        self.gradient(i, call, dy)
    }

    fn keeps(&self, i: usize) -> Keeps {
        let of_f = self.0.keeps(0);
        if i < 2 { of_f | Keeps::x(1 - i) } else { of_f }
    }

    /// All gradients from one `dz`.
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; N] {
        if call.recorded() {
            return one_by_one(self, call, &dy);
        }
        let dz = dy.into_array();
        let dz =
            if constant_slope(&self.0, 0) == Some(T::one()) { dz } else { self.cotangent_within(call, dz) };
        let mut gradients = gradients(call, &dz).into_iter();
        from_fn(|_| gradients.next().flatten())
    }
    fn onnx(&self, x: &Operands<'_>) -> onnx::Value {
        if x.shape(0).rank() == 2 {
            let inputs: Vec<&onnx::Value> = x.values().iter().collect();
            return self.0.onnx([onnx::Value::node("Gemm", &inputs, &[("transB", 1.into())])]);
        }
        let z = onnx::Value::node("MatMul", &[&x[0], &x[1].transpose(&[1, 0])], &[]);
        self.0.onnx([if N == 3 { z + x[2].clone() } else { z }])
    }
}

/// What does not depend on whether there is a bias, and is not compiled twice.
impl<P> Linear<P> {
    fn write<T: Scalar>(&self, [x, w]: [View<'_, T>; 2], bias: Option<&View<'_, T>>, y: &mut [T])
    where
        P: Pointwise<T, 1>,
    {
        let bias = bias.map(View::contiguous);
        let epilogue = bias.as_deref().map_or(Epilogue::Store, Epilogue::Bias);
        with_rows(x, |rows| {
            matmul_then(rows, Matrix::new(w).t(), y, epilogue, &|y| {
                map_in_place(y, Value(&self.0));
            });
        });
    }

    fn gradient<T: Scalar>(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T>
    where
        P: Pointwise<T, 1>,
    {
        let dz = match constant_slope(&self.0, 0) {
            Some(slope) if slope == T::one() => dy.clone(),
            Some(slope) => dy * slope,
            None if call.recorded() => dy * self.0.df(0, [Tensor::scalar(T::nan())], call.y()),
            None => Tensor::constant(self.cotangent_within(call, dy.array().clone())),
        };
        match i {
            0 => dz.as_rows().matmul(&call.x(1)).reshape(call.shape(0)),
            1 => dz.as_rows().t().matmul(&call.x(0).as_rows()),
            _ => dz,
        }
    }

    /// `dz = dy f'(y)`, in the place of `dy` if nobody else looks at it.
    fn cotangent_within<T: Scalar>(&self, call: &Call<'_, T>, mut dy: Array<T>) -> Array<T>
    where
        P: Pointwise<T, 1>,
    {
        if let (Some(dz), Some(y)) = (dy.get_mut(), call.kept_y().and_then(Array::as_slice)) {
            update_with(dz, y, [], Slope::of(&self.0, 0));
            return dy;
        }
        let y = call.kept_y().unwrap_or(&dy);
        Array::build(dy.shape(), |dz| {
            map_each([y.view()], [y.view(), dy.view()], dy.shape(), dz, Slope::of(&self.0, 0));
        })
        .or_panic()
    }
}

/// The gradients of `x`, the weight and the bias, if there is one, that are asked for, from the `dz` of a call.
fn gradients<T: Scalar>(call: &Call<'_, T>, dz: &Array<T>) -> [Option<Tensor<T>>; 3] {
    let mut gradients = [None, None, None];
    with_rows(dz.view(), |dz| {
        let x = || kept(call, 0);
        let w = || Matrix::new(kept(call, 1));
        match [call.needs(0), call.needs(1)] {
            // Two independent products, which share the threads.
            [true, true] => with_rows(x(), |x| {
                let mut dw = None;
                gradients[0] = Some(Tensor::build(call.shape(0), |dx| {
                    dw = Some(Tensor::build(call.shape(1), |dw| {
                        matmul_all(&[
                            Multiplication::new(dz, w(), dx, Epilogue::Store),
                            Multiplication::new(dz.t(), x, dw, Epilogue::Store),
                        ]);
                    }));
                }));
                gradients[1] = dw;
            }),
            [true, false] => {
                let dx = Tensor::build(call.shape(0), |dx| matmul(dz, w(), dx, Epilogue::Store));
                gradients[0] = Some(dx);
            }
            [false, true] => with_rows(x(), |x| {
                let dw = Tensor::build(call.shape(1), |dw| matmul(dz.t(), x, dw, Epilogue::Store));
                gradients[1] = Some(dw);
            }),
            [false, false] => {}
        }
    });
    if call.inputs() == 3 && call.needs(2) {
        let rows: SmallVec<[usize; 4]> = (0..dz.shape().rank() - 1).collect();
        gradients[2] = Some(Tensor::build(call.shape(2), |db| reduce::sum(dz.view(), &rows, db)));
    }
    gradients
}

/// The value of input `i`, which `keeps` lists.
fn kept<'a, T: Scalar>(call: &Call<'a, T>, i: usize) -> View<'a, T> {
    call.kept_x(i).expect("the gradients of `x` and of the weight keep the other").view()
}

/// Shows `f` the lanes of `x` along the last axis as rows of a matrix.
fn with_rows<T: Scalar, R>(x: View<'_, T>, f: impl FnOnce(Matrix<'_, T>) -> R) -> R {
    match x.shape().dims() {
        [_, _] => f(Matrix::new(x)),
        dims => {
            let (columns, rows) = dims.split_last().expect("`shape` has seen an axis");
            f(Matrix::row_major(&x.contiguous(), rows.iter().product(), *columns))
        }
    }
}

fn output_shape(x: &Shape, w: &Shape) -> Result<Shape, ShapeError> {
    let &[outputs, inputs] = w.dims() else {
        return Err(ShapeError::new("the weight must be a matrix, with a row for each output")
            .operand("input", x, "")
            .operand("weight", w, format!("rank {}", w.rank()))
            .help("give it the shape [outputs, inputs]: `unsqueeze(0)` for a single output"));
    };
    let Some((&last, rows)) = x.dims().split_last() else {
        return Err(ShapeError::new("the input is a single number, and has no axis to multiply along")
            .operand("input", x, "rank 0")
            .operand("weight", w, "")
            .help("`unsqueeze(0)` makes it a list of one"));
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
    #[doc(alias = "addmm")]
    #[track_caller]
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Self {
        match bias {
            Some(bias) => Linear(Identity).apply([self, weight, bias]),
            None => Linear(Identity).apply([self, weight]),
        }
    }

    /// `f(x Wᵀ + b)`, as [`linear`](Self::linear) followed by a pointwise function, in one pass where its derivative follows
    /// from its value.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Relu};
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let (w, b) = (Tensor::from([[3.0, 4.0], [5.0, 6.0]]), Tensor::from([-20.0, 20.0]));
    /// assert_eq!(x.linear_then(&w, Some(&b), Relu).to_vec(), [0.0, 37.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn linear_then(&self, weight: &Self, bias: Option<&Self>, f: impl Pointwise<T, 1>) -> Self {
        if f.keeps(0).has_x(0) {
            return f.apply([&self.linear(weight, bias)]);
        }
        match bias {
            Some(bias) => Linear(f).apply([self, weight, bias]),
            None => Linear(f).apply([self, weight]),
        }
    }
}
