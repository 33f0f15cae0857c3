//! Sums of a function of the elements, whose values are never a tensor: what losses, penalties and norms are made of.
//!
//! ```text
//! y = Σ f(x)        dx = broadcast(dy) f'(x)
//! ```

use crate::algebra::Algebra;
use crate::array::View;
use crate::axes::Axes;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::map::{map_each, plain};
use crate::kernels::reduce;
use crate::kernels::sum_of::sum_of_runs;
use crate::onnx::{self, Operands};
use crate::op::{Keeps, Op};
use crate::pointwise::{Map, Pointwise, Value};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::array::from_fn;

/// The sum over some axes of a [`Pointwise`] function, in one pass over its operands.
///
/// # Example
/// The sum of squared differences:
///
/// ```
/// use autograd::{Algebra, Op, Pointwise, Scalar, Tensor, ops::SumOf};
///
/// #[derive(Debug)]
/// struct SquaredDifference;
///
/// impl<T: Scalar> Pointwise<T, 2> for SquaredDifference {
///     fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
///         (a - b).powi(2)
///     }
///     fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
///         let of_a = A::number(2.0) * (a - b);
///         if i == 0 { of_a } else { -of_a }
///     }
/// }
///
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
/// let y = SumOf::over(SquaredDifference, -1, false).apply([&a, &Tensor::from([1.0, 1.0])]);
/// assert_eq!(y.to_vec(), [1.0, 13.0]);
/// assert_eq!(y.sum().backward()[&a].to_vec(), [0.0, 2.0, 4.0, 6.0]);
/// ```
#[derive(Debug)]
pub struct SumOf<P> {
    terms: Map<OfInputs<P>>,
    axes: Axes,
    keepdims: bool,
}

impl<P> SumOf<P> {
    /// The sum over all axes, a scalar.
    ///
    /// ```
    /// use autograd::{Op, Tensor, ops::{Abs, SumOf}};
    /// assert_eq!(SumOf::all(Abs).apply([&Tensor::from([[1.0, -2.0], [-3.0, 4.0]])]).item(), 10.0);
    /// ```
    pub fn all(f: P) -> Self {
        Self::over(f, .., false)
    }

    /// The sum over some axes of the operands' joint shape, which stay with size 1 if `keepdims`.
    pub fn over(f: P, axes: impl Into<Axes>, keepdims: bool) -> Self {
        SumOf { terms: Map(OfInputs(f)), axes: axes.into(), keepdims }
    }

    /// The joint shape of the operands, and which of its axes are summed.
    fn joint(&self, x: &[&Shape]) -> Result<(Shape, Vec<usize>), ShapeError> {
        let joint = Shape::joint(x)?.into_owned();
        let axes = self.axes.resolve(&joint)?;
        Ok((joint, axes))
    }
}

impl<T: Scalar, P: Pointwise<T, N>, const N: usize> Op<T, N> for SumOf<P> {
    fn name(&self) -> String {
        format!("sum_of_{}", self.terms.0.0.name())
    }

    fn shape(&self, x: [&Shape; N]) -> Result<Shape, ShapeError> {
        let (joint, axes) = self.joint(&x)?;
        Ok(reduce::remaining(&joint, &axes, self.keepdims))
    }

    fn forward(&self, x: [View<'_, T>; N], y: &mut [T]) {
        let (joint, axes) = self.joint(&x.map(|x| x.shape())).or_panic();
        let f = Value(&self.terms.0);
        let kept = joint.rank() - axes.len();
        let are_last = axes.iter().all(|&axis| axis >= kept);
        if let Some(x) = plain(&x, &joint, joint.size()).filter(|_| are_last) {
            return sum_of_runs(x, joint.dims()[kept..].iter().product(), y, f);
        }
        let terms = Tensor::build(&joint, |terms| map_each(x, [] as [View<'_, T>; 0], &joint, terms, f));
        reduce::sum(terms.array().view(), &axes, y);
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let (joint, axes) = self.joint(&from_fn::<_, N, _>(|j| call.shape(j))).or_panic();
        let dy = dy.reshape(reduce::remaining(&joint, &axes, true)).broadcast_to(&joint);
        self.terms.backward(i, call, &dy)
    }

    fn keeps(&self, i: usize) -> Keeps {
        Op::keeps(&self.terms, i)
    }
    fn onnx(&self, x: &Operands<'_>) -> onnx::Value {
        let (joint, _) = self.joint(&from_fn::<_, N, _>(|i| x.shape(i))).or_panic();
        let terms = self.terms.0.0.onnx(from_fn(|i| x[i].clone()));
        let axes = self.axes.in_onnx(&joint);
        if axes.is_empty() {
            return terms;
        }
        let keepdims = [("keepdims", i64::from(self.keepdims).into())];
        onnx::Value::node("ReduceSum", &[&terms, &onnx::Value::ints(axes)], &keepdims)
    }
}

/// A function whose derivative reads its operands alone: where it would read the value, that is computed anew.
#[derive(Debug)]
struct OfInputs<P>(P);

impl<T: Scalar, P: Pointwise<T, N>, const N: usize> Pointwise<T, N> for OfInputs<P> {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, x: [A; N]) -> A {
        self.0.f(x)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, x: [A; N], unknown: A) -> A {
        let y = if self.0.keeps(i).has_y() { self.0.f(x.clone()) } else { unknown };
        self.0.df(i, x, y)
    }
    fn keeps(&self, i: usize) -> Keeps {
        let keeps = self.0.keeps(i);
        if keeps.has_y() { (0..N).fold(Keeps::NONE, |all, j| all | Keeps::x(j)) } else { keeps }
    }
}
