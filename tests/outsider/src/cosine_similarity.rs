//! Two inputs whose gradients share work: the cosine of the angle between lanes.
//!
//! With the unit vectors `p = a/|a|` and `q = b/|b|`, and `y = p·q`,
//!
//! ```text
//! da = dy (q - y p) / |a|        db = dy (p - y q) / |b| :
//! ```
//! both read both unit vectors, which are therefore worked out once.

use wengert::autograd::{Call, Op, Scalar, Shape, ShapeError, Tensor, View};

/// The cosine of the angle between the lanes of `a` and `b` along the last axis, `y = a·b / |a||b|`.
#[derive(Debug)]
pub struct CosineSimilarity;

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
                .operand("right", b, "")
                .help("both have one shape, the last axis included")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::follows_its_differences;
    use wengert::autograd::{Cases, check_with};

    #[test]
    fn it_is_proved() {
        check_with(CosineSimilarity, Cases::shapes(["abN", "abN"]));
        let x = Tensor::from([[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]]);
        follows_its_differences(|x| CosineSimilarity.apply([x, &x.powi(2)]), &x);
    }

    #[test]
    fn known_values_and_what_does_not_fit() {
        let a = Tensor::from([[3.0, 4.0], [1.0, 0.0]]).requires_grad();
        let y = CosineSimilarity.apply([&a, &Tensor::from([[4.0, 3.0], [0.0, 2.0]])]);
        assert_eq!(y.to_vec(), [0.96, 0.0]);
        let message = CosineSimilarity.try_apply([&a, &Tensor::zeros([2])]).unwrap_err().to_string();
        assert!(message.starts_with("cosine_similarity: expected lanes of one shape"), "{message}");
    }
}
