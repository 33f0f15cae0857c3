//! Dual numbers: a value and its derivative, carried forward together.
//!
//! `a + a'ε` with `ε² = 0`: each rule of arithmetic on duals is the rule of differentiation it stands for, as in
//! `(a + a'ε)(b + b'ε) = ab + (a'b + ab')ε`. Source: W. K. Clifford, "Preliminary Sketch of Biquaternions", 1873.

use crate::algebra::{Algebra, Number};
use crate::primitive::Primitive;
use crate::scalar::Scalar;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value and its derivative along one direction.
///
/// ```
/// use autograd::{Algebra, Dual};
/// let x = Dual::variable(3.0);
/// let y = x * x + Dual::constant(1.0);
/// assert_eq!((y.value, y.slope), (10.0, 6.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<T> {
    /// The value.
    pub value: T,
    /// The derivative.
    pub slope: T,
}

impl<T: Scalar> Dual<T> {
    /// The variable that is differentiated by: its slope is 1.
    pub fn variable(value: T) -> Self {
        Dual { value, slope: T::one() }
    }

    /// The chain rule: the value `y` of a function here, and its derivative `dy` here.
    fn chain(self, y: T, dy: T) -> Self {
        Dual { value: y, slope: dy * self.slope }
    }
}

impl<T: Scalar> Add for Dual<T> {
    type Output = Self;
    fn add(self, b: Self) -> Self {
        Dual { value: self.value + b.value, slope: self.slope + b.slope }
    }
}

impl<T: Scalar> Sub for Dual<T> {
    type Output = Self;
    fn sub(self, b: Self) -> Self {
        Dual { value: self.value - b.value, slope: self.slope - b.slope }
    }
}

impl<T: Scalar> Mul for Dual<T> {
    type Output = Self;
    fn mul(self, b: Self) -> Self {
        Dual { value: self.value * b.value, slope: self.slope * b.value + self.value * b.slope }
    }
}

impl<T: Scalar> Div for Dual<T> {
    type Output = Self;
    fn div(self, b: Self) -> Self {
        let value = self.value / b.value;
        Dual { value, slope: (self.slope - value * b.slope) / b.value }
    }
}

impl<T: Scalar> Neg for Dual<T> {
    type Output = Self;
    fn neg(self) -> Self {
        Dual { value: -self.value, slope: -self.slope }
    }
}

impl<T: Scalar> Algebra<T> for Dual<T> {
    fn constant(value: T) -> Self {
        Dual { value, slope: T::zero() }
    }
    fn exp(&self) -> Self {
        let y = self.value.exp();
        self.chain(y, y)
    }
    fn ln(&self) -> Self {
        self.chain(self.value.ln(), self.value.recip())
    }
    fn sqrt(&self) -> Self {
        let y = self.value.sqrt();
        self.chain(y, T::of(0.5) / y)
    }
    fn powi(&self, n: i32) -> Self {
        let slope = if n == 0 { T::zero() } else { T::of(n.into()) * self.value.powi(n - 1) };
        self.chain(self.value.powi(n), slope)
    }
    fn sin(&self) -> Self {
        self.chain(self.value.sin(), self.value.cos())
    }
    fn cos(&self) -> Self {
        self.chain(self.value.cos(), -self.value.sin())
    }
    fn tanh(&self) -> Self {
        let y = self.value.tanh();
        self.chain(y, T::one() - y * y)
    }
    fn abs(&self) -> Self {
        let sign = if self.value == T::zero() { T::zero() } else { self.value.signum() };
        self.chain(self.value.abs(), sign)
    }
    fn if_positive(&self, yes: Self, no: Self) -> Self {
        if self.value <= T::zero() { no } else { yes }
    }
    /// `y' = Σ ∂y/∂xᵢ xᵢ'`, where what does not move contributes nothing, not even where its derivative is infinite.
    fn primitive<P: Primitive<T, N>, const N: usize>(p: &P, x: [Self; N]) -> Self {
        let value = p.value(x.map(|x| x.value));
        let numbers = x.map(|x| Number(x.value));
        let moving = x.iter().enumerate().filter(|(_, x)| x.slope != T::zero());
        let slope = moving.map(|(i, x)| p.derivative(i, numbers, Number(value)).0 * x.slope).sum();
        Dual { value, slope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Pow;
    use crate::primitive::Primitive;

    /// `(xᵃ)'` by the base, by the exponent and by both, also where the derivative by what stands still is NaN.
    #[test]
    fn a_primitive_moves_with_what_moves() {
        let still = Dual::constant;
        let square = Pow.f([Dual::variable(-3.0), still(2.0)]);
        assert_eq!((square.value, square.slope), (9.0, -6.0));
        let power = Pow.f([still(2.0), Dual::variable(3.0)]);
        assert_eq!((power.value, power.slope), (8.0, 8.0 * 2.0_f64.ln()));
        let both = Pow.f([Dual::variable(2.0), Dual::variable(2.0)]);
        assert_eq!((both.value, both.slope), (4.0, 4.0 + 4.0 * 2.0_f64.ln()));
        assert_eq!(Pow.f([still(-2.0), still(3.0)]), still(-8.0));
    }
}
