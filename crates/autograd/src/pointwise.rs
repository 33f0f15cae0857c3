//! One formula, several readings.
//!
//! A pointwise operator is a formula `f` and its derivative `df`, written once over an [`Algebra`], and read
//! - as **numbers**: one vectorised loop for the value, and one for the gradient `dx = dy df(x, y)`;
//! - as **tensors**: the gradient of the gradient, to any order, since `df` is then itself recorded;
//! - as **values of ONNX** ([`Value`](onnx::Value)): the form of the operator in a file for other programs;
//! - as **dual numbers** ([`Dual`](crate::Dual)): the derivative of `f` worked out by the rules, which `df` must equal.

use crate::algebra::{Algebra, Number};
use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::map::{Each, map, map_each, map_in_place};
use crate::kernels::update::update_with;
use crate::onnx::{self, Operands};
use crate::op::{Keeps, Op, snake_case};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::any::type_name;
use std::array::from_fn;
use std::fmt;

/// A pointwise operator: its value and its derivatives, element by element.
///
/// # Example
/// `softsign(x) = x / (1 + |x|)`, with the derivative `1 / (1 + |x|)²`:
///
/// ```
/// use autograd::{Algebra, Keeps, Pointwise, Scalar, Tensor};
///
/// #[derive(Debug)]
/// struct Softsign;
///
/// impl<T: Scalar> Pointwise<T, 1> for Softsign {
///     fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
///         x.clone() / (A::one() + x.abs())
///     }
///     fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
///         (A::one() + x.abs()).powi(-2)
///     }
///     fn keeps(&self, _: usize) -> Keeps {
///         Keeps::x(0)
///     }
/// }
///
/// let x = Tensor::from([1.0, -3.0]).requires_grad();
/// let y = Softsign.apply([&x]);
/// assert_eq!(y.to_vec(), [0.5, -0.75]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.25, 0.0625]);
/// ```
/// Both formulas are proved by one line in its tests, `check(Map(Softsign))`, with the feature `check`. A literal in a formula
/// is written [`A::number(-2.0)`](Algebra::number).
pub trait Pointwise<T: Scalar, const N: usize>: fmt::Debug + Send + Sync + 'static {
    /// The value.
    fn f<A: Algebra<T>>(&self, x: [A; N]) -> A;

    /// The derivative of the value `y` with respect to `x[i]`.
    fn df<A: Algebra<T>>(&self, i: usize, x: [A; N], y: A) -> A;

    /// What `df(i, ..)` reads. What is not listed is NaN there. By default everything.
    fn keeps(&self, i: usize) -> Keeps {
        let _ = i;
        Keeps::ALL
    }

    /// What the operator is in ONNX. By default its formula; where ONNX has an operator for it, that is better.
    ///
    /// ```
    /// use autograd::{Algebra, Pointwise, Scalar, Tensor, onnx::{self, Value}};
    ///
    /// #[derive(Debug)]
    /// struct Ramp; // between 0 and 1, x itself
    ///
    /// impl<T: Scalar> Pointwise<T, 1> for Ramp {
    ///     fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
    ///         let below_1 = (A::one() - x.clone()).if_positive(x.clone(), A::one());
    ///         x.if_positive(below_1, A::number(0.0))
    ///     }
    ///     fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
    ///         let below_1 = (A::one() - x.clone()).if_positive(A::one(), A::number(0.0));
    ///         x.if_positive(below_1, A::number(0.0))
    ///     }
    ///     fn onnx(&self, [x]: [Value; 1]) -> Value {
    ///         Value::node("Clip", &[&x, &Value::number(0.0), &Value::number(1.0)], &[])
    ///     }
    /// }
    ///
    /// let (x, none) = (Tensor::from([-1.0, 0.5, 2.0]), [] as [(&str, &Tensor<f64>); 0]);
    /// assert_eq!(Ramp.apply([&x]).to_vec(), [0.0, 0.5, 1.0]);
    /// let graph = onnx::trace(|x: &Tensor<f64>| Ramp.apply([x]), &x, none).unwrap();
    /// assert!(graph.operators().eq(["Clip"])); // by its formula there would be five
    /// ```
    fn onnx(&self, x: [onnx::Value; N]) -> onnx::Value {
        self.f(x)
    }

    /// What messages call the operator. By default the name of the type, `LogAddExp` becoming `log_add_exp`.
    ///
    /// ```
    /// use autograd::{Pointwise, ops};
    /// assert_eq!(Pointwise::<f32, 1>::name(&ops::MulScalar(2.0)), "mul_scalar");
    /// ```
    fn name(&self) -> String {
        snake_case(type_name::<Self>())
    }

    /// Applies the operator to tensors that broadcast together.
    ///
    /// # Panics
    /// If they do not.
    #[track_caller]
    fn apply(self, x: [&Tensor<T>; N]) -> Tensor<T>
    where
        Self: Sized,
    {
        Op::apply(Map(self), x)
    }

    /// As [`apply`](Self::apply).
    ///
    /// ```
    /// use autograd::{Pointwise, Tensor, ops::Mul};
    /// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([10.0, 20.0, 30.0]));
    /// assert_eq!(Mul.try_apply([&x, &x])?.to_vec(), [1.0, 4.0]);
    /// assert!(Mul.try_apply([&x, &y]).is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the tensors do not broadcast together.
    #[track_caller]
    fn try_apply(self, x: [&Tensor<T>; N]) -> Result<Tensor<T>, ShapeError>
    where
        Self: Sized,
    {
        Op::try_apply(Map(self), x)
    }
}

/// A [`Pointwise`] formula as an [`Op`].
///
/// ```
/// use autograd::{Map, Op, Tensor, ops::Mul};
/// /// Applies any operator of two inputs to a tensor and itself.
/// fn to_itself(op: impl Op<f64, 2>, x: &Tensor<f64>) -> Tensor<f64> {
///     op.apply([x, x])
/// }
/// assert_eq!(to_itself(Map(Mul), &Tensor::from([3.0, 4.0])).to_vec(), [9.0, 16.0]);
/// ```
pub struct Map<P>(pub P);

impl<P: fmt::Debug> fmt::Debug for Map<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The reading by which values are computed.
pub(crate) struct Value<'a, P>(pub(crate) &'a P);

impl<T: Scalar, P: Pointwise<T, N>, const N: usize> Each<T, T, T, N, 0> for Value<'_, P> {
    #[inline(always)]
    fn at(&self, x: [T; N], []: [T; 0]) -> T {
        self.0.f(x.map(Number)).0
    }
}

/// The reading by which gradients with respect to `x[i]` are. What the formula did not ask to keep is NaN, so that reading it is seen.
pub(crate) struct Slope<'a, P, const N: usize> {
    formula: &'a P,
    i: usize,
    has_x: [bool; N],
    has_y: bool,
}

impl<'a, P, const N: usize> Slope<'a, P, N> {
    pub(crate) fn of<T: Scalar>(formula: &'a P, i: usize) -> Self
    where
        P: Pointwise<T, N>,
    {
        let keeps = formula.keeps(i);
        Slope { formula, i, has_x: from_fn(|j| keeps.has_x(j)), has_y: keeps.has_y() }
    }

    #[inline(always)]
    fn slope<T: Scalar>(&self, x: [T; N], y: T) -> T
    where
        P: Pointwise<T, N>,
    {
        let known = |value: T, has: bool| Number(if has { value } else { T::nan() });
        self.formula.df(self.i, from_fn(|j| known(x[j], self.has_x[j])), known(y, self.has_y)).0
    }
}

/// Of operands, value and cotangent.
impl<T: Scalar, P: Pointwise<T, N>, const N: usize> Each<T, T, T, N, 2> for Slope<'_, P, N> {
    #[inline(always)]
    fn at(&self, x: [T; N], [y, dy]: [T; 2]) -> T {
        dy * self.slope(x, y)
    }
}

/// In the place of the cotangent, where the formula reads one number.
impl<T: Scalar, P: Pointwise<T, N>, const N: usize> Each<T, T, (T, [T; 0]), 2, 0> for Slope<'_, P, N> {
    #[inline(always)]
    fn at(&self, [dy, read]: [T; 2], []: [T; 0]) -> (T, [T; 0]) {
        (dy * self.slope([read; N], read), [])
    }
}

/// The derivative with respect to `x[i]`, if it is the same everywhere, because it reads nothing.
pub(crate) fn constant_slope<T: Scalar, const N: usize>(
    formula: &impl Pointwise<T, N>,
    i: usize,
) -> Option<T> {
    let nan = Number(T::nan());
    (formula.keeps(i) == Keeps::NONE).then(|| formula.df(i, [nan; N], nan).0)
}

/// A cotangent times a derivative that is the same everywhere.
#[inline(never)]
fn scaled<T: Scalar>(dy: &Tensor<T>, slope: T) -> Tensor<T> {
    if slope == T::one() {
        return dy.clone();
    }
    Tensor::build(dy.shape(), |dx| map([dy.array().view()], dy.shape(), dx, |[dy]| dy * slope))
}

/// As [`scaled`], in its place.
#[inline(never)]
fn scale<T: Scalar>(dy: &mut [T], slope: T) {
    map_in_place(dy, |[dy]: [T; 1], []: [T; 0]| dy * slope);
}

impl<T: Scalar, P: Pointwise<T, N>, const N: usize> Op<T, N> for Map<P> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn forward(&self, x: [View<'_, T>; N], y: &mut [T]) {
        let shape = Shape::joint(&x.map(|x| x.shape())).or_panic();
        map_each(x, [] as [View<'_, T>; 0], &shape, y, Value(&self.0));
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let keeps = self.0.keeps(i);
        if call.recorded() {
            let absent = || Tensor::scalar(T::nan());
            let x = from_fn(|j| if keeps.has_x(j) { call.x(j) } else { absent() });
            let y = if keeps.has_y() { call.y() } else { absent() };
            return dy * self.0.df(i, x, y);
        }
        if let Some(slope) = constant_slope(&self.0, i) {
            return scaled(dy, slope);
        }
        // One pass; `dy` stands in for operands that are not there.
        let x = from_fn(|j| call.kept_x(j).filter(|_| keeps.has_x(j)).unwrap_or(dy.array()).view());
        let y = call.kept_y().filter(|_| keeps.has_y()).unwrap_or(dy.array()).view();
        let slope = Slope::of(&self.0, i);
        Tensor::build(dy.shape(), |dx| map_each(x, [y, dy.array().view()], dy.shape(), dx, slope))
    }

    fn backward_all(&self, call: &Call<'_, T>, mut dy: Tensor<T>) -> [Option<Tensor<T>>; N] {
        if N == 1 && !call.recorded() && self.in_place(call, &mut dy) {
            let mut dx = Some(dy);
            return from_fn(|_| dx.take());
        }
        from_fn(|i| call.needs(i).then(|| self.backward(i, call, &dy)))
    }

    fn keeps(&self, i: usize) -> Keeps {
        self.0.keeps(i)
    }

    fn onnx(&self, x: &Operands<'_>) -> onnx::Value {
        self.0.onnx(from_fn(|i| x[i].clone()))
    }
}

impl<P> Map<P> {
    /// Makes the gradient of the only input of its cotangent, if nobody else looks at that and the derivative reads one value
    /// or none.
    fn in_place<T: Scalar, const N: usize>(&self, call: &Call<'_, T>, dy: &mut Tensor<T>) -> bool
    where
        P: Pointwise<T, N>,
    {
        let Some(dy) = dy.as_mut_slice() else { return false };
        if let Some(slope) = constant_slope(&self.0, 0) {
            scale(dy, slope);
            return true;
        }
        let keeps = self.0.keeps(0);
        let value = match (keeps.has_x(0), keeps.has_y()) {
            (true, false) => call.kept_x(0),
            (false, true) => call.kept_y(),
            _ => return false,
        };
        let Some(value) = value.and_then(Array::as_slice) else { return false };
        update_with(dy, value, [], Slope::of(&self.0, 0));
        true
    }
}
