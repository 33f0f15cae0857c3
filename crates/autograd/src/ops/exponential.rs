//! Exponentials and logarithms to other bases, and those that stay exact around 0.

use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::f64::consts::{LN_2, LN_10};

/// `2ˣ`; `(2ˣ)' = 2ˣ ln 2`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Exp2};
/// let x = Tensor::scalar(3.0).requires_grad();
/// let y = Exp2.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (8.0, 8.0 * std::f64::consts::LN_2));
/// ```
#[derive(Clone, Debug)]
pub struct Exp2;

impl<T: Scalar> Primitive<T, 1> for Exp2 {
    fn value(&self, [x]: [T; 1]) -> T {
        x.exp2()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        y * A::number(LN_2)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::node("Pow", &[&Value::number(2.0), &x], &[])
    }
}

/// `eˣ - 1`, whose derivative is `eˣ`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::ExpM1};
/// let x = Tensor::from([0.0, -1000.0]).requires_grad();
/// let y = ExpM1.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, -1.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ExpM1;

impl<T: Scalar> Primitive<T, 1> for ExpM1 {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.fast_exp_m1()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        x.exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Exp") - Value::number(1.0)
    }
}

/// `ln(1 + x)`, whose derivative is `1 / (1 + x)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Ln1p};
/// let x = Tensor::from([0.0, 3.0]).requires_grad();
/// let y = Ln1p.apply([&x]);
/// assert_eq!(y.at([0]), 0.0);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 0.25]);
/// ```
#[derive(Clone, Debug)]
pub struct Ln1p;

impl<T: Scalar> Primitive<T, 1> for Ln1p {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.fast_ln_1p()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::one() / (A::one() + x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        (x + Value::number(1.0)).then("Log")
    }
}

/// The logarithm to base 2; `(log₂ x)' = 1 / (x ln 2)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Log2};
/// let x = Tensor::scalar(8.0).requires_grad();
/// let y = Log2.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (3.0, 1.0 / (8.0 * std::f64::consts::LN_2)));
/// ```
#[derive(Clone, Debug)]
pub struct Log2;

impl<T: Scalar> Primitive<T, 1> for Log2 {
    fn value(&self, [x]: [T; 1]) -> T {
        x.log2()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::one() / (x * A::number(LN_2))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Log") / Value::number(LN_2)
    }
}

/// The logarithm to base 10; `(log₁₀ x)' = 1 / (x ln 10)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Log10};
/// let x = Tensor::scalar(100.0).requires_grad();
/// let y = Log10.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (2.0, 1.0 / (100.0 * std::f64::consts::LN_10)));
/// ```
#[derive(Clone, Debug)]
pub struct Log10;

impl<T: Scalar> Primitive<T, 1> for Log10 {
    fn value(&self, [x]: [T; 1]) -> T {
        x.log10()
    }
    #[inline(always)]
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::one() / (x * A::number(LN_10))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Log") / Value::number(LN_10)
    }
}

/// Exponentials and logarithms, element by element.
impl<T: Scalar> Tensor<T> {
    /// `2ˣ`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([3.0, -1.0]).exp2().to_vec(), [8.0, 0.5]);
    /// ```
    #[track_caller]
    pub fn exp2(&self) -> Self {
        Exp2.apply([self])
    }

    /// `eˣ - 1`, exact around 0, too.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).exp_m1().to_vec(), [0.0, 1e-20]);
    /// ```
    #[doc(alias = "expm1")]
    #[track_caller]
    pub fn exp_m1(&self) -> Self {
        ExpM1.apply([self])
    }

    /// `ln(1 + x)`, exact around 0, too; NaN below -1, `-inf` there.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).ln_1p().to_vec(), [0.0, 1e-20]);
    /// ```
    #[doc(alias = "log1p")]
    #[track_caller]
    pub fn ln_1p(&self) -> Self {
        Ln1p.apply([self])
    }

    /// The logarithm to base 2; NaN below 0, `-inf` at 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([8.0, 0.5]).log2().to_vec(), [3.0, -1.0]);
    /// ```
    #[track_caller]
    pub fn log2(&self) -> Self {
        Log2.apply([self])
    }

    /// The logarithm to base 10; NaN below 0, `-inf` at 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 1000.0]).log10().to_vec(), [0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn log10(&self) -> Self {
        Log10.apply([self])
    }
}
