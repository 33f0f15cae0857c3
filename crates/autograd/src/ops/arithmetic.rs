//! `+ - * /` on tensors that broadcast together, and with plain numbers.
//!
//! ```text
//! y = a + b    da = dy          db = dy
//! y = a - b    da = dy          db = -dy
//! y = a b      da = dy b        db = dy a
//! y = a / b    da = dy / b      db = -dy y / b
//! ```

use crate::algebra::Algebra;
use crate::array::View;
use crate::error::OrPanic;
use crate::graph::Call;
use crate::kernels::map::map;
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op};
use crate::pointwise::Pointwise;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::ops;

/// `a + b`.
///
/// ```
/// use autograd::{Op, Tensor, ops::Add, vjp};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::scalar(10.0));
/// let (y, [da, db]) = vjp(|x| Add.apply(x), [&a, &b], &Tensor::ones([2]));
/// assert_eq!(y.to_vec(), [11.0, 12.0]);
/// assert_eq!((da.to_vec(), db.item()), (vec![1.0, 1.0], 2.0)); // what was stretched gets the sum
/// ```
#[derive(Debug)]
pub struct Add;

impl<T: Scalar> Op<T, 2> for Add {
    fn forward(&self, x: [View<'_, T>; 2], y: &mut [T]) {
        let shape = Shape::broadcast(&[x[0].shape(), x[1].shape()]).or_panic();
        map(x, &shape, y, |[a, b]| a + b);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy.clone()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        x[0].clone() + x[1].clone()
    }
}

/// `a - b`.
///
/// ```
/// use autograd::{Op, Tensor, ops::Sub, vjp};
/// let [a, b] = [3.0, 4.0].map(Tensor::scalar);
/// let (y, [da, db]) = vjp(|x| Sub.apply(x), [&a, &b], &Tensor::scalar(1.0));
/// assert_eq!([y, da, db].map(|x| x.item()), [-1.0, 1.0, -1.0]);
/// ```
#[derive(Debug)]
pub struct Sub;

impl<T: Scalar> Op<T, 2> for Sub {
    fn forward(&self, x: [View<'_, T>; 2], y: &mut [T]) {
        let shape = Shape::broadcast(&[x[0].shape(), x[1].shape()]).or_panic();
        map(x, &shape, y, |[a, b]| a - b);
    }
    fn backward(&self, i: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        if i == 0 { dy.clone() } else { -dy }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        x[0].clone() - x[1].clone()
    }
}

/// `a b`, element by element.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Mul, vjp};
/// let [a, b] = [3.0, 4.0].map(Tensor::scalar);
/// let (y, [da, db]) = vjp(|x| Mul.apply(x), [&a, &b], &Tensor::scalar(1.0));
/// assert_eq!([y, da, db].map(|x| x.item()), [12.0, 4.0, 3.0]);
/// ```
#[derive(Debug)]
pub struct Mul;

impl<T: Scalar> Pointwise<T, 2> for Mul {
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        a * b
    }
    fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
        if i == 0 { b } else { a }
    }
    fn keeps(&self, i: usize) -> Keeps {
        Keeps::x(1 - i)
    }
}

/// `a / b`, element by element.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Div, vjp};
/// let [a, b] = [6.0, 2.0].map(Tensor::scalar);
/// let (y, [da, db]) = vjp(|x| Div.apply(x), [&a, &b], &Tensor::scalar(1.0));
/// assert_eq!([y, da, db].map(|x| x.item()), [3.0, 0.5, -1.5]);
/// ```
#[derive(Debug)]
pub struct Div;

impl<T: Scalar> Pointwise<T, 2> for Div {
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        a / b
    }
    fn df<A: Algebra<T>>(&self, i: usize, [_, b]: [A; 2], y: A) -> A {
        if i == 0 { A::one() / b } else { -y / b }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(1) } else { Keeps::x(1) | Keeps::y() }
    }
}

/// `-x`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::Neg};
/// let x = Tensor::scalar(2.0).requires_grad();
/// let y = Neg.apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (-2.0, -1.0));
/// ```
#[derive(Debug)]
pub struct Neg;

impl<T: Scalar> Pointwise<T, 1> for Neg {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        -x
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(-T::one())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// `x + c` for a plain number `c`.
///
/// ```
/// use autograd::{Op, Tensor, ops::AddScalar};
/// let x = Tensor::scalar(2.0).requires_grad();
/// let y = AddScalar(5.0).apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (7.0, 1.0));
/// ```
#[derive(Debug)]
pub struct AddScalar<T>(pub T);

impl<T: Scalar> Op<T, 1> for AddScalar<T> {
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        x.map_into(y, |x| x + self.0);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy.clone()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        x[0].clone() + Value::number(self.0.into())
    }
}

/// `c x` for a plain number `c`.
///
/// ```
/// use autograd::{Pointwise, Tensor, ops::MulScalar};
/// let x = Tensor::scalar(2.0).requires_grad();
/// let y = MulScalar(5.0).apply([&x]);
/// assert_eq!((y.item(), y.backward()[&x].item()), (10.0, 5.0));
/// ```
#[derive(Debug)]
pub struct MulScalar<T>(pub T);

impl<T: Scalar> Pointwise<T, 1> for MulScalar<T> {
    fn f<A: Algebra<T>>(&self, [x]: [A; 1]) -> A {
        x * A::constant(self.0)
    }
    fn df<A: Algebra<T>>(&self, _: usize, _: [A; 1], _: A) -> A {
        A::constant(self.0)
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// An operator between two tensors, owned or borrowed.
macro_rules! between_tensors {
    ($Op:ident, $op:ident, |$a:ident, $b:ident| $apply:expr) => {
        between_tensors!($Op, $op, [&Tensor<T>, &Tensor<T>], |$a, $b| $apply);
        between_tensors!($Op, $op, [Tensor<T>, &Tensor<T>], |a, $b| { let $a = &a; $apply });
        between_tensors!($Op, $op, [&Tensor<T>, Tensor<T>], |$a, b| { let $b = &b; $apply });
        between_tensors!($Op, $op, [Tensor<T>, Tensor<T>], |a, b| { let ($a, $b) = (&a, &b); $apply });
    };
    ($Op:ident, $op:ident, [$A:ty, $B:ty], |$a:ident, $b:ident| $apply:expr) => {
        impl<T: Scalar> ops::$Op<$B> for $A {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, $b: $B) -> Tensor<T> {
                let $a = self;
                $apply
            }
        }
    };
}
between_tensors!(Add, add, |a, b| Add.apply([a, b]));
between_tensors!(Sub, sub, |a, b| Sub.apply([a, b]));
between_tensors!(Mul, mul, |a, b| Mul.apply([a, b]));
between_tensors!(Div, div, |a, b| Div.apply([a, b]));

/// An operator between a tensor, owned or borrowed, and a plain number on its right.
macro_rules! with_number {
    ($Op:ident, $op:ident, |$x:ident, $c:ident| $apply:expr) => {
        impl<T: Scalar> ops::$Op<T> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, $c: T) -> Tensor<T> {
                let $x = self;
                $apply
            }
        }
        impl<T: Scalar> ops::$Op<T> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, $c: T) -> Tensor<T> {
                let $x = &self;
                $apply
            }
        }
    };
}
with_number!(Add, add, |x, c| AddScalar(c).apply([x]));
with_number!(Sub, sub, |x, c| AddScalar(-c).apply([x]));
with_number!(Mul, mul, |x, c| MulScalar(c).apply([x]));
with_number!(Div, div, |x, c| Div.apply([x, &Tensor::scalar(c)]));

/// An operator between a plain number and a tensor, owned or borrowed, on its right.
macro_rules! number_with {
    ($T:ty, $Op:ident, $op:ident, |$c:ident, $x:ident| $apply:expr) => {
        impl ops::$Op<&Tensor<$T>> for $T {
            type Output = Tensor<$T>;
            #[inline]
            // not compiled before it is called: a library for both types would otherwise hold every operator twice
            #[track_caller]
            fn $op(self, $x: &Tensor<$T>) -> Tensor<$T> {
                let $c = self;
                $apply
            }
        }
        impl ops::$Op<Tensor<$T>> for $T {
            type Output = Tensor<$T>;
            #[inline]
            #[track_caller]
            fn $op(self, x: Tensor<$T>) -> Tensor<$T> {
                let ($c, $x) = (self, &x);
                $apply
            }
        }
    };
    ($T:ty) => {
        number_with!($T, Add, add, |c, x| AddScalar(c).apply([x]));
        number_with!($T, Sub, sub, |c, x| Sub.apply([&Tensor::scalar(c), x]));
        number_with!($T, Mul, mul, |c, x| MulScalar(c).apply([x]));
        number_with!($T, Div, div, |c, x| Div.apply([&Tensor::scalar(c), x]));
    };
}
number_with!(f32);
number_with!(f64);

impl<T: Scalar> ops::Neg for &Tensor<T> {
    type Output = Tensor<T>;
    #[track_caller]
    fn neg(self) -> Tensor<T> {
        Neg.apply([self])
    }
}

impl<T: Scalar> ops::Neg for Tensor<T> {
    type Output = Tensor<T>;
    #[track_caller]
    fn neg(self) -> Tensor<T> {
        Neg.apply([&self])
    }
}
