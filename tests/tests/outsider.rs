//! Operators written as somebody else would write them: a struct in a file, the public interface, and one line of
//! proof. One of each kind: by `Op`, by a pointwise formula, and with work that the gradients share.

use wengert::autograd::{
    Algebra, Call, Cases, Keeps, Map, Op, Pointwise, Scalar, Shape, ShapeError, Tensor, View, check,
    check_with,
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

/// `y = ln(eᵃ + eᵇ)` by a formula; its derivatives are `eᵃ⁻ʸ` and `eᵇ⁻ʸ`.
#[derive(Debug)]
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

/// The cosine of the angle between the lanes of `a` and `b` along the last axis, `y = a·b / |a||b|`. With the unit
/// vectors `p = a/|a|` and `q = b/|b|`,
///
/// ```text
/// da = dy (q - y p) / |a|        db = dy (p - y q) / |b| :
/// ```
/// both read both unit vectors, which are therefore worked out once.
#[derive(Debug)]
struct CosineSimilarity;

/// `x` as unit vectors, and their lengths.
fn unit<T: Scalar>(x: &Tensor<T>) -> (Tensor<T>, Tensor<T>) {
    let length = (x * x).sum_keepdims(-1).sqrt();
    (x / &length, length)
}

impl<T: Scalar> Op<T, 2> for CosineSimilarity {
    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, ShapeError> {
        match a.dims().split_last() {
            Some((_, rest)) if a == b => Ok(Shape::from(rest)),
            _ => Err(ShapeError::new("expected lanes of one shape")
                .operand("left", a, "")
                .operand("right", b, "")),
        }
    }

    fn forward(&self, [a, b]: [View<'_, T>; 2], y: &mut [T]) {
        let n = a.shape().dims().last().copied().unwrap_or(1).max(1);
        let (a, b) = (a.contiguous(), b.contiguous());
        let dot = |u: &[T], v: &[T]| u.iter().zip(v).map(|(&u, &v)| u * v).sum::<T>();
        for ((a, b), y) in a.chunks_exact(n).zip(b.chunks_exact(n)).zip(y) {
            *y = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        }
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let ((p, length), (q, _)) = (unit(&call.x(i)), unit(&call.x(1 - i)));
        dy.unsqueeze(-1) * (q - call.y().unsqueeze(-1) * p) / length
    }

    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; 2] {
        let ((p, a), (q, b)) = (unit(&call.x(0)), unit(&call.x(1)));
        let (dy, y) = (dy.unsqueeze(-1), call.y().unsqueeze(-1));
        [call.needs(0).then(|| &dy * (&q - &y * &p) / a), call.needs(1).then(|| &dy * (&p - &y * &q) / b)]
    }
}

#[test]
fn cosine_similarity() {
    check_with(CosineSimilarity, Cases::shapes(["abN", "abN"]));
    check_with(CosineSimilarity, Cases::shapes(["N", "N"]));
    let a = Tensor::from([[3.0, 4.0], [1.0, 0.0]]).requires_grad();
    let y = CosineSimilarity.apply([&a, &Tensor::from([[4.0, 3.0], [0.0, 2.0]])]);
    assert_eq!(y.to_vec(), [0.96, 0.0]);
    let message = CosineSimilarity.try_apply([&a, &Tensor::zeros([2])]).unwrap_err().to_string();
    assert!(message.starts_with("cosine_similarity: expected lanes of one shape"), "{message}");
}
