//! Losses that ask for a distance: right answers are to be better than wrong ones by a margin, and what is beyond it does not count.

use super::must_be_labels;
use super::{mean_of, must_be_alike};
use crate::layers::blame::fail;
use autograd::{Algebra, Array, Keeps, Pointwise, Scalar, ShapeError, Tensor};

/// The hinge loss of scores against signs, 1 for yes and -1 for no: the mean of `max(0, 1 - t x)` (support vector machines).
///
/// Source: C. Cortes and V. Vapnik, "Support-Vector Networks", 1995.
///
/// ```
/// use nn::{hinge, Tensor};
/// assert_eq!(hinge(&Tensor::from([0.25, 3.0]), &Tensor::from([-1.0, 1.0])).item(), 1.25 / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or a sign is neither 1 nor -1.
#[track_caller]
pub fn hinge<T: Scalar>(scores: &Tensor<T>, signs: &Tensor<T>) -> Tensor<T> {
    let loss = mean_of("hinge", Hinge, scores, signs);
    must_be_signs("hinge", signs);
    loss
}

/// `max(0, 1 - t x)` for a score `x` and a sign `t`, of one element: [`hinge`] is its mean.
///
/// ```
/// use nn::{Hinge, Pointwise, Tensor};
/// let scores = Tensor::from([0.25_f64, 3.0]).requires_grad();
/// let losses = Hinge.apply([&scores, &Tensor::from([-1.0, 1.0])]);
/// assert_eq!(losses.to_vec(), [1.25, 0.0]);
/// assert_eq!(losses.sum().backward()[&scores].to_vec(), [1.0, 0.0]); // beyond the margin, nothing draws
/// ```
#[derive(Debug)]
pub struct Hinge;

impl<T: Scalar> Pointwise<T, 2> for Hinge {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x, t]: [A; 2]) -> A {
        let missing = A::one() - t * x;
        missing.if_positive(missing.clone(), A::constant(T::zero()))
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [x, t]: [A; 2], _: A) -> A {
        let missing = A::one() - t.clone() * x.clone();
        missing.if_positive(if i == 0 { -t } else { -x }, A::constant(T::zero()))
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1)
    }
}

#[track_caller]
fn must_be_signs<T: Scalar>(loss: &str, signs: &Tensor<T>) {
    let no_sign = |sign: &T| sign.abs() != T::one();
    if let Some(place) = signs.array().view().contiguous().iter().position(no_sign) {
        let value = signs.array().view().contiguous()[place];
        let error = ShapeError::new(format!("{loss}: sign {place} is {value}, neither 1 nor -1")).operand(
            "signs",
            signs.shape(),
            "counted in row-major order",
        );
        fail(&error.help("of 0 and 1, `x * 2.0 - 1.0` makes signs").to_string());
    }
}

/// The mean of `max(0, margin - t (a - b))`: where the sign `t` is 1, `a` is to be above `b`, and where it is -1, below.
///
/// ```
/// use nn::{margin_ranking, Tensor};
/// let (a, b) = (Tensor::from([2.0, 2.0]), Tensor::from([1.5, 0.0]));
/// assert_eq!(margin_ranking(&a, &b, &Tensor::from([1.0, 1.0]), 1.0).item(), 0.25);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or a sign is neither 1 nor -1.
#[doc(alias = "MarginRankingLoss")]
#[track_caller]
pub fn margin_ranking<T: Scalar>(a: &Tensor<T>, b: &Tensor<T>, signs: &Tensor<T>, margin: f64) -> Tensor<T> {
    must_be_alike("margin_ranking", a, b);
    must_be_alike("margin_ranking", a, signs);
    must_be_signs("margin_ranking", signs);
    (signs * (b - a) + T::of(margin)).relu().mean()
}

/// The hinge loss of one class in many, the mean over the rows: `Σ max(0, margin - x[label] + x[j]) / classes` over the other
/// classes `j`. Takes scores of shape `[n, classes]`.
///
/// Source: K. Crammer and Y. Singer, 2001, in the form of J. Weston and C. Watkins, 1999, as PyTorch has it.
///
/// ```
/// use nn::{multi_margin, Tensor};
/// assert_eq!(multi_margin(&Tensor::from([[2.0, 1.5]]), &[0], 1.0).item(), 0.25);
/// ```
///
/// # Panics
/// If the scores are not `[n, classes]` with `n > 0`, there are not `n` labels, or a label is not below `classes`.
#[doc(alias = "MultiMarginLoss")]
#[track_caller]
pub fn multi_margin<T: Scalar, L: AsRef<[usize]> + ?Sized>(
    scores: &Tensor<T>,
    labels: &L,
    margin: f64,
) -> Tensor<T> {
    let labels = labels.as_ref();
    must_be_labels("multi_margin", scores.shape(), labels);
    let [rows, classes] = [scores.dims()[0], scores.dims()[1]];
    let places = Array::from_slice(labels).reshape([rows, 1]).expect("a label for each row");
    let right = scores.gather(1, &places);
    let missing = (scores - right + T::of(margin)).relu();
    // Of the right class itself the margin would be counted.
    let others = Tensor::build([rows, classes], |y| {
        y.fill(T::one());
        y.chunks_exact_mut(classes).zip(labels).for_each(|(y, &label)| y[label] = T::zero());
    });
    (missing * others).sum() / T::of((rows * classes) as f64)
}

/// The triplet loss, the mean over the rows: `max(0, ‖a - p‖ - ‖a - n‖ + margin)` over the last axis. What is like the anchor is
/// to be nearer than what is not.
///
/// Source: V. Balntas and others, "Learning local feature descriptors with triplets and shallow convolutional neural networks", 2016.
///
/// ```
/// use nn::{triplet_margin, Tensor};
/// let [a, p, n] = [[0.0, 0.0], [0.0, 1.0], [3.0, 4.0]].map(|x| Tensor::from([x]));
/// assert_eq!(triplet_margin(&a, &p, &n, 5.0).item(), 1.0);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements.
#[doc(alias = "TripletMarginLoss")]
#[track_caller]
pub fn triplet_margin<T: Scalar>(
    anchor: &Tensor<T>,
    positive: &Tensor<T>,
    negative: &Tensor<T>,
    margin: f64,
) -> Tensor<T> {
    must_be_alike("triplet_margin", anchor, positive);
    must_be_alike("triplet_margin", anchor, negative);
    let distance = |x: &Tensor<T>| (anchor - x).norm_axes(-1, 2.0);
    (distance(positive) - distance(negative) + T::of(margin)).relu().mean()
}

/// The loss of the cosine between two vectors, those of the last axis, the mean over the rows: `1 - cos` where the sign is 1, and
/// `max(0, cos - margin)` where it is -1. A vector of zeros has cosine 0 with every other.
///
/// ```
/// use nn::{cosine_embedding, Tensor};
/// let (a, b) = (Tensor::from([[1.0, 0.0], [1.0, 0.0]]), Tensor::from([[0.0, 2.0], [3.0, 0.0]]));
/// assert_eq!(cosine_embedding(&a, &b, &Tensor::from([1.0, -1.0]), 0.5).item(), (1.0 + 0.5) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, there is not one sign for each row, or it is neither 1 nor -1.
#[doc(alias = "CosineEmbeddingLoss")]
#[track_caller]
pub fn cosine_embedding<T: Scalar>(
    a: &Tensor<T>,
    b: &Tensor<T>,
    signs: &Tensor<T>,
    margin: f64,
) -> Tensor<T> {
    must_be_alike("cosine_embedding", a, b);
    // Each by its own length: the product of both may be no number where they are.
    let cosine = (direction(a) * direction(b)).sum_axes(-1);
    must_be_alike("cosine_embedding", &cosine, signs);
    must_be_signs("cosine_embedding", signs);
    let is_like = signs.gt(T::zero());
    Tensor::where_(&is_like, &(-&cosine + T::one()), &(&cosine - T::of(margin)).relu()).mean()
}

/// The vectors of the last axis with length 1, but for those of zeros, which stay.
fn direction<T: Scalar>(x: &Tensor<T>) -> Tensor<T> {
    let norm = x.norm_keepdims(-1, 2.0);
    x / norm.masked_fill(&norm.eq(T::zero()), T::one())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the cosine of (3, 4) and (4, 3) is 24/25 in any unit, and its gradient by the first is `(b̂ - cos â) / ‖a‖`.
    #[test]
    fn a_cosine_has_no_unit() {
        let (a, b) = (Tensor::from([[3.0_f32, 4.0]]), Tensor::from([[4.0_f32, 3.0]]));
        for (unit_a, unit_b) in [
            (1.0, 1.0),
            (1e-20, 1e-20),
            (1e-23, 1e-23),
            (1e-37, 1e-37),
            (1e18, 1e19),
            (1e37, 1e37),
            (1e-30, 1e37),
        ] {
            let (a, b) = ((&a * unit_a).requires_grad(), (&b * unit_b).requires_grad());
            let loss = cosine_embedding(&a, &b, &Tensor::from([1.0]), 0.0);
            assert!((loss.item() - 0.04).abs() < 1e-6, "{loss} for {unit_a} and {unit_b}");
            let grads = loss.backward();
            for (x, unit, expected) in [(&a, unit_a, [-0.0448, 0.0336]), (&b, unit_b, [0.0336, -0.0448])] {
                let found = (&grads[x] * unit).to_vec();
                let off = found.iter().zip(expected).map(|(x, y): (&f32, f32)| (x - y).abs());
                assert!(off.fold(0.0, f32::max) < 1e-6, "{found:?} for {unit_a} and {unit_b}");
            }
        }
    }

    #[test]
    fn zeros_have_cosine_0_with_all() {
        let (a, b) = (Tensor::from([[0.0_f32, 0.0]]).requires_grad(), Tensor::from([[4.0_f32, 3.0]]));
        for other in [&b, &Tensor::zeros([1, 2])] {
            let loss = cosine_embedding(&a, other, &Tensor::from([1.0]), 0.0);
            assert_eq!(loss.item(), 1.0);
            assert!(loss.backward()[&a].to_vec().iter().all(|x| x.is_finite()));
        }
    }
}
