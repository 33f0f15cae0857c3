//! A special function: `ln Γ(x)` for positive `x`, and its derivatives, the polygamma functions, to any order.
//!
//! By Stirling's series for large `x`, with the Bernoulli numbers `B₂ₖ`, and the recurrence `Γ(x + 1) = x Γ(x)` for others
//! (M. Abramowitz and I. Stegun, 1964, 6.1.40 and 6.4.11).

use wengert::autograd::{Call, Keeps, Op, Scalar, Tensor, View};

/// The `n`-th derivative of `ln Γ(x)`, whose derivative is the next. NaN unless `x > 0`.
#[derive(Debug)]
pub struct LnGamma {
    /// How often it is differentiated: 0 is `ln Γ` itself, 1 the digamma function.
    pub n: i32,
}

impl<T: Scalar> Op<T, 1> for LnGamma {
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        x.map_into(y, |x| T::of(derivative(self.n, x.into())));
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy * LnGamma { n: self.n + 1 }.apply([&call.x(0)])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

const BERNOULLI: [f64; 7] =
    [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];

fn derivative(n: i32, mut x: f64) -> f64 {
    let factorial = |k: i32| (2..=k).map(f64::from).product::<f64>();
    let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
    let mut y = if x > 0.0 { 0.0 } else { f64::NAN };
    while x > 0.0 && x < 20.0 {
        y += if n == 0 { -x.ln() } else { sign * factorial(n - 1) / x.powi(n) };
        x += 1.0;
    }
    y += match n {
        0 => (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln(),
        1 => x.ln() - 0.5 / x,
        _ => sign * (factorial(n - 2) + 0.5 * factorial(n - 1) / x) / x.powi(n - 1),
    };
    let term = |(b, k): (f64, i32)| b * factorial(2 * k + n - 2) / factorial(2 * k) / x.powi(2 * k + n - 1);
    y + sign * BERNOULLI.into_iter().zip(1..).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{follows_its_differences, near};
    use wengert::autograd::{Cases, check_with, grad};

    #[test]
    fn it_is_proved() {
        check_with(LnGamma { n: 0 }, Cases::default().range(0.5, 6.0));
        follows_its_differences(|x| LnGamma { n: 0 }.apply([x]), &Tensor::from([0.3, 1.0, 2.5, 30.0]));
    }

    /// `Γ(5) = 24`, `Γ(½) = √π`, and with Euler's `γ` and Apéry's `ζ(3)`: `ψ(1) = -γ`, `ψ'(1) = π²/6`, `ψ''(1) = -2 ζ(3)`.
    #[test]
    fn known_values() {
        let value = |x: f64| LnGamma { n: 0 }.apply([&Tensor::scalar(x)]);
        near(&value(5.0), &Tensor::scalar(24.0_f64.ln()));
        near(&value(0.5), &Tensor::scalar(std::f64::consts::PI.ln() / 2.0));
        let x = Tensor::scalar(1.0_f64).requires_grad();
        let mut y = LnGamma { n: 0 }.apply([&x]);
        assert!(y.item().abs() < 1e-14);
        let squared = std::f64::consts::PI.powi(2);
        for expected in [
            -0.577_215_664_901_532_9,
            squared / 6.0,
            -2.0 * 1.202_056_903_159_594_2,
            squared * squared / 15.0,
        ] {
            [y] = grad(&y, [&x]);
            assert!((y.item() - expected).abs() < 1e-12, "{} for {expected}", y.item());
        }
        assert!(LnGamma { n: 0 }.apply([&Tensor::scalar(-1.0_f32)]).item().is_nan());
    }
}
