//! Powers, roots, and the length of a pair of numbers.

use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::pointwise::Pointwise;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// `xᶜ` for a plain number `c`; `(xᶜ)' = c xᶜ⁻¹`, and 0 everywhere for `c = 0`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Powf};
/// let x = Tensor::scalar(4.0).requires_grad();
/// let y = Powf(1.5).apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (8.0, 3.0));
/// ```
#[derive(Clone, Debug)]
pub struct Powf<T>(
    /// The exponent.
    pub T,
);

impl<T: Scalar> Primitive<T, 1> for Powf<T> {
    fn value(&self, [x]: [T; 1]) -> T {
        x.powf(self.0)
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        match self.0 {
            c if c == T::zero() => A::constant(c),
            c => A::constant(c) * Powf(c - T::one()).f([x]),
        }
    }
    fn keeps(&self, _: usize) -> Keeps {
        if self.0 == T::zero() { Keeps::NONE } else { Keeps::x(0) }
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        Value::node("Pow", &[&x, &Value::number(self.0.into())], &[])
    }
}

/// `xᵃ`, element by element; `∂/∂x = a xᵃ⁻¹` and `∂/∂a = xᵃ ln x`.
///
/// Where base and exponent are 0, so is `∂/∂x`; where the base is 0 and the exponent is not negative, `∂/∂a` is 0.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Pow, vjp};
/// let [x, a] = [2.0, 3.0].map(Tensor::scalar);
/// let (y, [dx, da]) = vjp(|x| Pow.apply(x), [&x, &a], &Tensor::scalar(1.0));
/// assert_eq!([y, dx, da].map(|x| x.item()), [8.0, 12.0, 8.0 * 2.0_f64.ln()]);
/// ```
#[derive(Clone, Debug)]
pub struct Pow;

impl<T: Scalar> Primitive<T, 2> for Pow {
    fn value(&self, [x, a]: [T; 2]) -> T {
        x.powf(a)
    }
    fn derivative<A: Algebra<T>>(&self, i: usize, [x, a]: [A; 2], y: A) -> A {
        // The branch that is not taken is worked out at 1, where all its derivatives are finite.
        let zero = || A::constant(T::zero());
        if i == 0 {
            // 0 if both are, and NaN if one is.
            let both = x.abs() + a.abs();
            let a = both.if_positive(a, A::one());
            return both.if_positive(a.clone() * Pow.f([x, a - A::one()]), both.clone());
        }
        let safe = x.abs().if_positive(x.clone(), A::one());
        let at_zero = (-a).if_positive(A::constant(T::neg_infinity()), zero());
        x.abs().if_positive(y * safe.ln(), at_zero)
    }
    fn keeps(&self, i: usize) -> Keeps {
        let both = Keeps::x(0) | Keeps::x(1);
        if i == 0 { both } else { both | Keeps::y() }
    }
    fn onnx(&self, [x, a]: [Value; 2]) -> Value {
        Value::node("Pow", &[&x, &a], &[])
    }
}

/// `1 / x`; `(1 / x)' = -1 / x²`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Recip};
/// let x = Tensor::scalar(-4.0).requires_grad();
/// let y = Recip.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (-0.25, -0.0625));
/// ```
#[derive(Debug)]
pub struct Recip;

impl<T: Scalar> Pointwise<T, 1> for Recip {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        A::one() / x
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        -(y.clone() * y)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Reciprocal")
    }
}

/// `x²`; `(x²)' = 2x`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Square};
/// let x = Tensor::scalar(-3.0).requires_grad();
/// let y = Square.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (9.0, -6.0));
/// ```
#[derive(Debug)]
pub struct Square;

impl<T: Scalar> Pointwise<T, 1> for Square {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x.clone() * x
    }
    fn df<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        x.clone() + x
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// `1 / √x`; `(1 / √x)' = -1 / (2 √x³)`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Rsqrt};
/// let x = Tensor::scalar(4.0).requires_grad();
/// let y = Rsqrt.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (0.5, -1.0 / 16.0));
/// ```
#[derive(Debug)]
pub struct Rsqrt;

impl<T: Scalar> Pointwise<T, 1> for Rsqrt {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        A::one() / x.sqrt()
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        A::number(-0.5) * y.powi(3)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
}

/// `∛x`; `(∛x)' = 1 / (3 ∛x²)`, infinite at 0.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Cbrt};
/// let x = Tensor::scalar(-8.0).requires_grad();
/// let y = Cbrt.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (-2.0, 1.0 / 12.0));
/// ```
#[derive(Clone, Debug)]
pub struct Cbrt;

impl<T: Scalar> Primitive<T, 1> for Cbrt {
    fn value(&self, [x]: [T; 1]) -> T {
        x.cbrt()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        A::one() / (A::number(3.0) * y.clone() * y)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        let root = Value::node("Pow", &[&x.then("Abs"), &Value::number(1.0 / 3.0)], &[]);
        x.then("Sign") * root
    }
}

/// `√(a² + b²)`; its derivatives are `a / y` and `b / y`, and 0 at the origin.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Hypot, vjp};
/// let [a, b] = [3.0, 4.0].map(Tensor::scalar);
/// let (y, [da, db]) = vjp(|x| Hypot.apply(x), [&a, &b], &Tensor::scalar(1.0));
/// assert_eq!([y, da, db].map(|x| x.item()), [5.0, 0.6, 0.8]);
/// ```
#[derive(Clone, Debug)]
pub struct Hypot;

impl<T: Scalar> Primitive<T, 2> for Hypot {
    fn value(&self, [a, b]: [T; 2]) -> T {
        a.hypot(b)
    }
    fn derivative<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], y: A) -> A {
        let x = if i == 0 { a } else { b };
        let safe = y.if_positive(y.clone(), A::one());
        y.if_positive(x / safe, A::constant(T::zero()))
    }
    fn keeps(&self, i: usize) -> Keeps {
        Keeps::x(i) | Keeps::y()
    }
    fn onnx(&self, [a, b]: [Value; 2]) -> Value {
        // By the greater one, so that no square overflows or is lost.
        let [a, b] = [a, b].map(|x| x.then("Abs"));
        let [less, more] = ["Min", "Max"].map(|op| Value::node(op, &[&a, &b], &[]));
        let is_zero = Value::node("Equal", &[&more, &Value::number(0.0)], &[]);
        let ratio = less / is_zero.choose(&Value::number(1.0), &more);
        more * (ratio.clone() * ratio + Value::number(1.0)).then("Sqrt")
    }
}

/// Powers and roots, element by element.
impl<T: Scalar> Tensor<T> {
    /// `xᶜ` for a plain number, NaN where `x` is negative and `c` not whole. [`powi`](Self::powi) is faster for whole ones.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([4.0, 9.0]).powf(1.5).to_vec(), [8.0, 27.0]);
    /// ```
    #[track_caller]
    pub fn powf(&self, c: T) -> Self {
        Powf(c).apply([self])
    }

    /// `xᵃ`, the exponent being a tensor, too.
    ///
    /// Its derivative by `x` is 0 where `a` is 0, and that by `a` is 0 where `x` is 0 and `a` is not negative.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let exponents = Tensor::from([0.0, 0.5, 3.0]);
    /// assert_eq!(Tensor::scalar(4.0).pow(&exponents).to_vec(), [1.0, 2.0, 64.0]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[doc(alias = "power")]
    #[track_caller]
    pub fn pow(&self, exponent: &Self) -> Self {
        Pow.apply([self, exponent])
    }

    /// The reciprocal `1 / x`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([2.0, -4.0]).recip().to_vec(), [0.5, -0.25]);
    /// ```
    #[doc(alias = "reciprocal")]
    #[track_caller]
    pub fn recip(&self) -> Self {
        Recip.apply([self])
    }

    /// The square `x²`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([2.0, -3.0]).square().to_vec(), [4.0, 9.0]);
    /// ```
    #[track_caller]
    pub fn square(&self) -> Self {
        Square.apply([self])
    }

    /// The reciprocal square root `1 / √x`; NaN below 0, infinite at 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([4.0, 0.25]).rsqrt().to_vec(), [0.5, 2.0]);
    /// ```
    #[track_caller]
    pub fn rsqrt(&self) -> Self {
        Rsqrt.apply([self])
    }

    /// The cube root, negative below 0. Its derivative at 0 is infinite.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([-8.0, 27.0]).cbrt().to_vec(), [-2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn cbrt(&self) -> Self {
        Cbrt.apply([self])
    }

    /// The length `√(x² + other²)` of the pair, without overflow. Its derivatives at the origin are 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([3.0, 1e200]).hypot(&Tensor::from([4.0, 0.0])).to_vec(), [5.0, 1e200]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn hypot(&self, other: &Self) -> Self {
        Hypot.apply([self, other])
    }
}
