//! Operators written as somebody else would write them: a struct, the public interface, and one line of proof. By `Op` and by
//! a pointwise formula; the package `outsider` has more.

use wengert::autograd::{
    Algebra, Call, Keeps, Map, Op, Pointwise, Scalar, Shape, ShapeError, Tensor, View, check,
};

/// `y = ln(1 + eˣ)`, written so that nothing overflows; its derivative is the sigmoid.
#[derive(Debug)]
struct Softplus;

impl<T: Scalar> Op<T, 1> for Softplus {
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        x.map_into(y, |x| x.max(T::zero()) + (-x.abs()).exp().ln_1p());
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy * call.x(0).sigmoid()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

#[test]
fn softplus() {
    check(Softplus);
    let x = Tensor::from([-1000.0_f32, 0.0, 1000.0]).requires_grad();
    let y = Softplus.apply([&x]);
    assert_eq!(y.to_vec(), [0.0, std::f32::consts::LN_2, 1000.0]);
    assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.5, 1.0]);
}

/// The squared distances of the rows of two matrices, as far as its shape goes.
#[derive(Debug)]
struct Cdist {
    problem: &'static str,
}

impl<T: Scalar> Op<T, 2> for Cdist {
    fn shape(&self, _: [&Shape; 2]) -> Result<Shape, ShapeError> {
        Err(ShapeError::new(self.problem))
    }
    fn forward(&self, _: [View<'_, T>; 2], _: &mut [T]) {}
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy.clone()
    }
}

/// The operator is named once, whether its author has done so or not, and only where it is the operator that is named.
#[test]
fn an_operator_is_named_once() {
    let x = Tensor::<f32>::ones([2, 3]);
    let says = |problem| Cdist { problem }.try_apply([&x, &x]).unwrap_err().to_string();
    assert_eq!(says("the rows differ"), "cdist: the rows differ");
    assert_eq!(says("cdist: the rows differ"), "cdist: the rows differ");
    assert_eq!(says("cdist of rows: they differ"), "cdist: cdist of rows: they differ");
}

/// `y = ln(eᵃ + eᵇ)` by a formula; its derivatives are `eᵃ⁻ʸ` and `eᵇ⁻ʸ`. That it can be copied takes nothing from it.
#[derive(Clone, Copy, Debug)]
struct LogAddExp;

impl<T: Scalar> Pointwise<T, 2> for LogAddExp {
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        a.clone() + (A::one() + (b - a).exp()).ln()
    }
    fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], y: A) -> A {
        (if i == 0 { a - y } else { b - y }).exp()
    }
    fn keeps(&self, i: usize) -> Keeps {
        Keeps::x(i) | Keeps::y()
    }
}

#[test]
fn log_add_exp() {
    check(Map(LogAddExp));
    let [a, b] = [0.5_f64, 0.25].map(|p| Tensor::scalar(p.ln()).requires_grad());
    let y = LogAddExp.apply([&a, &b]);
    assert!((y.item() - 0.75_f64.ln()).abs() < 1e-15);
    let grads = y.backward();
    assert!((grads[&a].item() - 2.0 / 3.0).abs() < 1e-15 && (grads[&b].item() - 1.0 / 3.0).abs() < 1e-15);
}
