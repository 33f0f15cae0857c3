//! Comparisons, which give masks; masks in formulas of logic; and what is chosen by comparing.
//!
//! A mask is an array of `bool`. It has no derivative: what is chosen by it has, see [`Tensor::where_`].

use crate::algebra::Algebra;
use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::kernels::map::map;
use crate::onnx::{self, Value};
use crate::op::Keeps;
use crate::pointwise::Pointwise;
use crate::scalar::{Element, Scalar};
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::ops;

/// For each pair of elements of two arrays that broadcast together, whether `test` holds.
fn compare<E: Element>(
    name: &str,
    [a, b]: [View<'_, E>; 2],
    test: impl Fn(E, E) -> bool + Sync,
) -> Result<Array<bool>, ShapeError> {
    let shape = Shape::broadcast(&[a.shape(), b.shape()]).map_err(|error| error.of(name))?;
    Array::build(&shape, |y| map([a, b], &shape, y, |[a, b]| test(a, b)))
}

/// A comparison in ONNX, by the name of its method.
fn in_onnx(name: &str, a: &Value, b: &Value) -> Value {
    let op = match name {
        "gt" => "Greater",
        "ge" | "maximum" => "GreaterOrEqual",
        "lt" => "Less",
        "le" | "minimum" => "LessOrEqual",
        _ => "Equal",
    };
    let mask = Value::node(op, &[a, b], &[]);
    if name == "ne" { mask.then("Not") } else { mask }
}

/// What a tensor is compared with: another one, with which it broadcasts, or a number.
///
/// ```
/// use autograd::{Tensor, ops::Comparand};
/// fn how_many_above(x: &Tensor, limit: impl Comparand<f32>) -> usize {
///     x.gt(limit).count()
/// }
/// let x = Tensor::from([1.0, 2.0, 3.0]);
/// assert_eq!(how_many_above(&x, 1.5), 2);
/// assert_eq!(how_many_above(&x, &Tensor::from([0.0, 9.0, 9.0])), 1);
/// ```
pub trait Comparand<T: Scalar> {
    /// For each element of `x` and its counterpart, whether `test` holds.
    #[doc(hidden)]
    #[track_caller]
    fn counterpart_of(self, x: &Tensor<T>, name: &str, test: impl Fn(T, T) -> bool + Sync) -> Array<bool>;
}

impl<T: Scalar> Comparand<T> for T {
    #[track_caller]
    fn counterpart_of(self, x: &Tensor<T>, name: &str, test: impl Fn(T, T) -> bool + Sync) -> Array<bool> {
        let mask = x.mask(|x| test(x, self));
        onnx::define(name, &mask, || in_onnx(name, &Value::of(x.array()), &Value::number(self.into())));
        mask
    }
}

impl<T: Scalar> Comparand<T> for &Tensor<T> {
    #[track_caller]
    fn counterpart_of(self, x: &Tensor<T>, name: &str, test: impl Fn(T, T) -> bool + Sync) -> Array<bool> {
        let mask = compare(name, [x.array().view(), self.array().view()], test).or_panic();
        onnx::define(name, &mask, || in_onnx(name, &Value::of(x.array()), &Value::of(self.array())));
        mask
    }
}

/// Comparisons, with another tensor or with a number. NaN is unequal to everything, itself included, and neither above nor below.
impl<T: Scalar> Tensor<T> {
    /// Where this is greater.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.gt(2.0).to_vec(), [false, false, true]);
    /// assert_eq!(x.gt(&Tensor::from([0.0, 5.0, 5.0])).to_vec(), [true, false, false]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn gt(&self, other: impl Comparand<T>) -> Array<bool> {
        other.counterpart_of(self, "gt", |a, b| a > b)
    }

    /// Where this is greater or equal.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).ge(2.0).to_vec(), [false, true, true]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn ge(&self, other: impl Comparand<T>) -> Array<bool> {
        other.counterpart_of(self, "ge", |a, b| a >= b)
    }

    /// Where this is less.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).lt(2.0).to_vec(), [true, false, false]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn lt(&self, other: impl Comparand<T>) -> Array<bool> {
        other.counterpart_of(self, "lt", |a, b| a < b)
    }

    /// Where this is less or equal.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).le(2.0).to_vec(), [true, true, false]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn le(&self, other: impl Comparand<T>) -> Array<bool> {
        other.counterpart_of(self, "le", |a, b| a <= b)
    }

    /// Where this is equal.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, f64::NAN]).eq(2.0).to_vec(), [false, true, false]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn eq(&self, other: impl Comparand<T>) -> Array<bool> {
        other.counterpart_of(self, "eq", |a, b| a == b)
    }

    /// Where this is not equal.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, f64::NAN]).ne(2.0).to_vec(), [true, false, true]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn ne(&self, other: impl Comparand<T>) -> Array<bool> {
        other.counterpart_of(self, "ne", |a, b| a != b)
    }
}

/// A formula of logic between two masks that broadcast together, owned or borrowed.
macro_rules! between_masks {
    ($Op:ident, $op:ident, $name:literal, $node:literal, $test:expr; $([$A:ty, $B:ty])*) => {$(
        impl ops::$Op<$B> for $A {
            type Output = Array<bool>;
            #[inline]
            #[track_caller]
            fn $op(self, other: $B) -> Array<bool> {
                let mask = compare($name, [self.view(), other.view()], $test).or_panic();
                onnx::define($name, &mask, || Value::node($node, &[&Value::of(&self), &Value::of(&other)], &[]));
                mask
            }
        }
    )*};
    ($($Op:ident $op:ident $name:literal $node:literal $test:expr),*) => {$(
        between_masks!($Op, $op, $name, $node, $test;
            [Array<bool>, Array<bool>] [&Array<bool>, Array<bool>] [Array<bool>, &Array<bool>] [&Array<bool>, &Array<bool>]);
    )*};
}
between_masks!(BitAnd bitand "and" "And" |a, b| a & b, BitOr bitor "or" "Or" |a, b| a | b, BitXor bitxor "xor" "Xor" |a, b| a ^ b);

impl ops::Not for &Array<bool> {
    type Output = Array<bool>;
    #[inline]
    #[track_caller]
    fn not(self) -> Array<bool> {
        let mask =
            Array::build(self.shape(), |y| map([self.view()], self.shape(), y, |[holds]| !holds)).or_panic();
        onnx::define("not", &mask, || Value::of(self).then("Not"));
        mask
    }
}

impl ops::Not for Array<bool> {
    type Output = Array<bool>;
    #[inline]
    #[track_caller]
    fn not(self) -> Array<bool> {
        !&self
    }
}

/// `a + w (b - a)`; its derivatives are `1 - w`, `w` and `b - a`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Lerp, vjp};
/// let [a, b, w] = [2.0, 6.0, 0.25].map(Tensor::scalar);
/// let (y, slopes) = vjp(|x| Lerp.apply(x), [&a, &b, &w], &Tensor::scalar(1.0));
/// assert_eq!(y.item(), 3.0);
/// assert_eq!(slopes.map(|x| x.item()), [0.75, 0.25, 4.0]);
/// ```
#[derive(Debug)]
pub struct Lerp;

impl<T: Scalar> Pointwise<T, 3> for Lerp {
    fn f<A: Algebra<T>>(&self, [a, b, w]: [A; 3]) -> A {
        // From the nearer end, so that it is met exactly.
        let path = b.clone() - a.clone();
        let from_b = b - path.clone() * (A::one() - w.clone());
        (w.clone() - A::number(0.5)).if_positive(from_b, a + w * path)
    }
    fn df<A: Algebra<T>>(&self, i: usize, [a, b, w]: [A; 3], _: A) -> A {
        match i {
            0 => A::one() - w,
            1 => w,
            _ => b - a,
        }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i < 2 { Keeps::x(2) } else { Keeps::x(0) | Keeps::x(1) }
    }
}

/// The larger, the smaller, and what lies between.
impl<T: Scalar> Tensor<T> {
    /// The larger of two, element by element, which takes the whole gradient: of two equal ones the first. NaN is above all.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 5.0]);
    /// assert_eq!(x.maximum(&Tensor::from([3.0, 4.0])).to_vec(), [3.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn maximum(&self, other: &Self) -> Self {
        let is_first = other.counterpart_of(self, "maximum", |a, b| a >= b || a.is_nan());
        let y = Tensor::where_(&is_first, self, other);
        onnx::define("maximum", y.array(), || {
            Value::node("Max", &[&Value::of(self.array()), &Value::of(other.array())], &[])
        });
        y
    }

    /// The smaller of two, element by element, which takes the whole gradient: of two equal ones the first. NaN is below all.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 5.0]);
    /// assert_eq!(x.minimum(&Tensor::from([3.0, 4.0])).to_vec(), [1.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the two do not broadcast together.
    #[track_caller]
    pub fn minimum(&self, other: &Self) -> Self {
        let is_first = other.counterpart_of(self, "minimum", |a, b| a <= b || a.is_nan());
        let y = Tensor::where_(&is_first, self, other);
        onnx::define("minimum", y.array(), || {
            Value::node("Min", &[&Value::of(self.array()), &Value::of(other.array())], &[])
        });
        y
    }

    /// The point between this tensor and `end` at the share `weight` of the way, `x + weight (end - x)`: exactly this one at 0, and
    /// exactly `end` at 1.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (start, end) = (Tensor::from([0.0, 10.0]), Tensor::from([1.0, 20.0]));
    /// assert_eq!(start.lerp(&end, &Tensor::scalar(0.25)).to_vec(), [0.25, 12.5]);
    /// ```
    ///
    /// # Panics
    /// If the three do not broadcast together.
    #[track_caller]
    pub fn lerp(&self, end: &Self, weight: &Self) -> Self {
        Lerp.apply([self, end, weight])
    }
}
