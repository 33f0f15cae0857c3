//! The tangent, inverse and hyperbolic functions. Angles are in radians.

use super::power::Hypot;
use crate::algebra::Algebra;
use crate::onnx::Value;
use crate::op::Keeps;
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::f64::consts::PI;

/// The tangent; `tan' = 1 + tan²`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Tan};
/// let x = Tensor::scalar(std::f64::consts::FRAC_PI_4).requires_grad();
/// let y = Tan.apply([&x]);
/// assert!((y.item() - 1.0).abs() < 1e-15 && (y.backward()[&x].item() - 2.0).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Tan;

impl<T: Scalar> Primitive<T, 1> for Tan {
    fn value(&self, [x]: [T; 1]) -> T {
        x.tan()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, _: [A; 1], y: A) -> A {
        A::one() + y.clone() * y
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::y()
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Tan")
    }
}

/// `√(1 - x²)`, without cancellation at -1 and 1.
fn cosine_of_arcsine<T: Scalar, A: Algebra<T>>(x: A) -> A {
    ((A::one() - x.clone()) * (A::one() + x)).sqrt()
}

/// The inverse sine; `asin' x = 1 / √(1 - x²)`, infinite at -1 and 1.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Asin};
/// let x = Tensor::from([0.0, 1.0]).requires_grad();
/// let y = Asin.apply([&x]);
/// assert_eq!(y.to_vec(), [0.0, std::f64::consts::FRAC_PI_2]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [1.0, f64::INFINITY]);
/// ```
#[derive(Clone, Debug)]
pub struct Asin;

impl<T: Scalar> Primitive<T, 1> for Asin {
    fn value(&self, [x]: [T; 1]) -> T {
        x.asin()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::one() / cosine_of_arcsine(x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Asin")
    }
}

/// The inverse cosine; `acos' x = -1 / √(1 - x²)`, infinite at -1 and 1.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Acos};
/// let x = Tensor::from([0.0, 1.0]).requires_grad();
/// let y = Acos.apply([&x]);
/// assert_eq!(y.to_vec(), [std::f64::consts::FRAC_PI_2, 0.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [-1.0, f64::NEG_INFINITY]);
/// ```
#[derive(Clone, Debug)]
pub struct Acos;

impl<T: Scalar> Primitive<T, 1> for Acos {
    fn value(&self, [x]: [T; 1]) -> T {
        x.acos()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        -A::one() / cosine_of_arcsine(x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Acos")
    }
}

/// The inverse tangent; `atan' x = 1 / (1 + x²)`.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Atan};
/// let x = Tensor::scalar(1.0).requires_grad();
/// let y = Atan.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (std::f64::consts::FRAC_PI_4, 0.5));
/// ```
#[derive(Clone, Debug)]
pub struct Atan;

impl<T: Scalar> Primitive<T, 1> for Atan {
    fn value(&self, [x]: [T; 1]) -> T {
        x.atan()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        A::one() / (A::one() + x.clone() * x)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Atan")
    }
}

/// The angle of the point `(b, a)`; with `r² = a² + b²` its derivatives are `b / r²` and `-a / r²`, and 0 at the origin.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Atan2, vjp};
/// let [a, b] = [2.0, 0.0].map(Tensor::scalar); // straight above the origin
/// let (y, [da, db]) = vjp(|x| Atan2.apply(x), [&a, &b], &Tensor::scalar(1.0));
/// assert_eq!([y, da, db].map(|x| x.item()), [std::f64::consts::FRAC_PI_2, 0.0, -0.5]);
/// ```
#[derive(Clone, Debug)]
pub struct Atan2;

impl<T: Scalar> Primitive<T, 2> for Atan2 {
    fn value(&self, [a, b]: [T; 2]) -> T {
        a.atan2(b)
    }
    fn derivative<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
        let r = Hypot.f([a.clone(), b.clone()]);
        let safe = r.if_positive(r.clone(), A::one());
        let slope = (if i == 0 { b } else { -a }) / safe.clone() / safe;
        r.if_positive(slope, A::constant(T::zero()))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1)
    }
    fn onnx(&self, [a, b]: [Value; 2]) -> Value {
        // The arc tangent of the quotient on the right, half a turn from it on the left; of two zeros it is that of their signs.
        let is = |op, x: &Value| Value::node(op, &[x, &Value::number(0.0)], &[]);
        let both = |op, [a, b]: [Value; 2]| Value::node(op, &[&a, &b], &[]);
        // What is divided by tells on the sign of a zero.
        let is_negative = |x: &Value| both("Or", [is("Less", x), is("Less", &x.then("Reciprocal"))]);
        let are_zero = both("And", [is("Equal", &a), is("Equal", &b)]);
        let right = (a.clone() / are_zero.choose(&Value::number(1.0), &b)).then("Atan");
        let half = is_negative(&a).choose(&Value::number(-PI), &Value::number(PI));
        is_negative(&b).choose(&(right.clone() + half), &right)
    }
}

/// The hyperbolic sine, whose derivative is the hyperbolic cosine.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Sinh};
/// let x = Tensor::scalar(2.0_f64.ln()).requires_grad();
/// let y = Sinh.apply([&x]); // (2 - 1/2) / 2
/// assert!((y.item() - 0.75).abs() < 1e-15 && (y.backward()[&x].item() - 1.25).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Sinh;

impl<T: Scalar> Primitive<T, 1> for Sinh {
    fn value(&self, [x]: [T; 1]) -> T {
        x.sinh()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        Cosh.f([x])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Sinh")
    }
}

/// The hyperbolic cosine, whose derivative is the hyperbolic sine.
///
/// ```
/// use autograd::{Primitive, Tensor, ops::Cosh};
/// let x = Tensor::scalar(2.0_f64.ln()).requires_grad();
/// let y = Cosh.apply([&x]); // (2 + 1/2) / 2
/// assert!((y.item() - 1.25).abs() < 1e-15 && (y.backward()[&x].item() - 0.75).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Cosh;

impl<T: Scalar> Primitive<T, 1> for Cosh {
    fn value(&self, [x]: [T; 1]) -> T {
        x.cosh()
    }
    fn derivative<A: Algebra<T>>(&self, _: usize, [x]: [A; 1], _: A) -> A {
        Sinh.f([x])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
    fn onnx(&self, [x]: [Value; 1]) -> Value {
        x.then("Cosh")
    }
}

/// Functions of angles, element by element.
impl<T: Scalar> Tensor<T> {
    /// The tangent.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1.0]).tan().at([1]), 1.0_f64.tan());
    /// ```
    #[track_caller]
    pub fn tan(&self) -> Self {
        Tan.apply([self])
    }

    /// The inverse sine, from `-π/2` to `π/2`; NaN outside of `[-1, 1]`, at whose ends the derivative is infinite.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1.0]).asin().to_vec(), [0.0, std::f64::consts::FRAC_PI_2]);
    /// ```
    #[track_caller]
    pub fn asin(&self) -> Self {
        Asin.apply([self])
    }

    /// The inverse cosine, from 0 to `π`; NaN outside of `[-1, 1]`, at whose ends the derivative is infinite.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, -1.0]).acos().to_vec(), [0.0, std::f64::consts::PI]);
    /// ```
    #[track_caller]
    pub fn acos(&self) -> Self {
        Acos.apply([self])
    }

    /// The inverse tangent, from `-π/2` to `π/2`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1.0]).atan().to_vec(), [0.0, std::f64::consts::FRAC_PI_4]);
    /// ```
    #[track_caller]
    pub fn atan(&self) -> Self {
        Atan.apply([self])
    }

    /// The angle of the point `(x, y)` where `y` is this tensor, from `-π` to `π`. Its derivatives at the origin are 0.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (x, y) = (Tensor::from([-1.0, 0.0]), Tensor::from([0.0, 1.0]));
    /// assert_eq!(y.atan2(&x).to_vec(), [std::f64::consts::PI, std::f64::consts::FRAC_PI_2]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[doc(alias = "arctan2")]
    #[track_caller]
    pub fn atan2(&self, x: &Self) -> Self {
        Atan2.apply([self, x])
    }

    /// The hyperbolic sine `(eˣ - e⁻ˣ) / 2`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1e-20]).sinh().to_vec(), [0.0, 1e-20]);
    /// ```
    #[track_caller]
    pub fn sinh(&self) -> Self {
        Sinh.apply([self])
    }

    /// The hyperbolic cosine `(eˣ + e⁻ˣ) / 2`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([0.0, 1.0]).cosh().to_vec(), [1.0, 1.0_f64.cosh()]);
    /// ```
    #[track_caller]
    pub fn cosh(&self) -> Self {
        Cosh.apply([self])
    }
}
