//! Functions with steps, whose derivative is 0 wherever there is one, and clamping.

use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// -1 below 0, 0 at 0 and 1 above; its derivative is 0.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Sign};
/// let x = Tensor::from([-2.5, 0.0, 3.0]).requires_grad();
/// let y = Sign.apply([&x]) * &x; // the magnitude, by a factor that has no slope
/// assert_eq!(y.to_vec(), [2.5, 0.0, 3.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [-1.0, 0.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Sign;

impl<T: Scalar> Primitive<T, 1> for Sign {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        // NaN and both zeros stay what they are.
        let one = if x > T::zero() { T::one() } else { x };
        if x < T::zero() { -T::one() } else { one }
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(T::zero())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Sign")
    }
}

/// The largest whole number that is at most `x`; its derivative is 0.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Floor};
/// let x = Tensor::from([-2.25, 2.25]).requires_grad();
/// let y = &x - Floor.apply([&x]); // what is above the whole number
/// assert_eq!(y.to_vec(), [0.75, 0.25]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Floor;

impl<T: Scalar> Primitive<T, 1> for Floor {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.floor()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(T::zero())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Floor")
    }
}

/// The smallest whole number that is at least `x`; its derivative is 0.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Ceil};
/// let x = Tensor::from([-2.25, 2.25]).requires_grad();
/// let y = Ceil.apply([&x]);
/// assert_eq!(y.to_vec(), [-2.0, 3.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Ceil;

impl<T: Scalar> Primitive<T, 1> for Ceil {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        x.ceil()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(T::zero())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Ceil")
    }
}

/// The nearest whole number, of two the even one; its derivative is 0.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Round};
/// let x = Tensor::from([0.5, 1.5, 2.4]).requires_grad();
/// let y = &x + (Round.apply([&x]) - &x).detach(); // rounded, with the derivative of what was not
/// assert_eq!(y.to_vec(), [0.0, 2.0, 2.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, 1.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Round;

impl<T: Scalar> Primitive<T, 1> for Round {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        let half = T::of(0.5);
        let even = (x * half).round() / half;
        if (x - x.trunc()).abs() == half { even } else { x.round() }
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(T::zero())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Round")
    }
}

/// `x` between two bounds, and the nearer bound outside; its derivative is 1 between them, and 0 at them and
/// outside.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Clamp};
/// let x = Tensor::from([-2.0, 0.5, 1.0]).requires_grad();
/// let y = Clamp { low: 0.0, high: 1.0 }.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, 0.5, 1.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Clamp<T> {
    /// The lower bound.
    pub low: T,
    /// The upper bound.
    pub high: T,
}

impl<T: Scalar> Primitive<T, 1> for Clamp<T> {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        let x = if x < self.low { self.low } else { x };
        if x > self.high { self.high } else { x }
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, x: [A; 1], _: A) -> A {
        Inside { low: self.low, high: self.high }.f(x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::node("Clip", &[&x, &Value::number(self.low.into()), &Value::number(self.high.into())], &[])
    }
}

/// 1 between two bounds, 0 at them and outside; its derivative is 0.
#[derive(Clone, Debug)]
struct Inside<T> {
    low: T,
    high: T,
}

impl<T: Scalar> Primitive<T, 1> for Inside<T> {
    #[inline(always)]
    fn value(&self, [x]: [T; 1]) -> T {
        if x > self.low && x < self.high { T::one() } else { T::zero() }
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(T::zero())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Steps and bounds, element by element.
impl<T: Scalar> Tensor<T> {
    /// The sign: -1, 0 or 1. Its derivative is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-2.5, 0.0, 3.0]).sign().to_vec(), [-1.0, 0.0, 1.0]);
    /// ```
    #[doc(alias = "sgn")]
    #[track_caller]
    pub fn sign(&self) -> Self {
        Sign.apply([self])
    }

    /// The largest whole number that is not above. Its derivative is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-2.5, 2.5]).floor().to_vec(), [-3.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn floor(&self) -> Self {
        Floor.apply([self])
    }

    /// The smallest whole number that is not below. Its derivative is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-2.5, 2.5]).ceil().to_vec(), [-2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn ceil(&self) -> Self {
        Ceil.apply([self])
    }

    /// The nearest whole number, of two the even one, as in NumPy and PyTorch. Its derivative is 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.5, 1.5, 2.4]).round().to_vec(), [0.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn round(&self) -> Self {
        Round.apply([self])
    }

    /// `x` where it lies between the bounds, and the nearer bound elsewhere. Its derivative is 1 between them, and 0
    /// at them and outside. An infinite bound is none.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 2.0]).clamp(0.0, 1.0).to_vec(), [0.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the lower bound is above the upper one, or one of them is NaN.
    #[doc(alias = "clip")]
    #[track_caller]
    pub fn clamp(&self, low: T, high: T) -> Self {
        assert!(
            low <= high,
            "clamp: there is nothing between {low} and {high}\n  help: give the lower bound first"
        );
        Clamp { low, high }.apply([self])
    }
}
