//! Losses of numbers: how far a prediction is from its target.

use super::mean_of;
use autograd::{Algebra, Keeps, Pointwise, Scalar, Tensor};

/// The mean of the squared differences between prediction and target, over all elements.
///
/// ```
/// use nn::{mse, Tensor};
/// assert_eq!(mse(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0])).item(), 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements. Shapes are not broadcast: that hides mistakes.
#[doc(alias("MSELoss", "mse_loss"))]
#[track_caller]
pub fn mse<T: Scalar>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    mean_of("mse", SquaredDifference, prediction, target)
}

/// `(a - b)²`, of one element: [`mse`] is its mean.
///
/// ```
/// use nn::{Pointwise, SquaredDifference, Tensor};
/// let prediction = Tensor::from([3.0, 2.0]).requires_grad();
/// let losses = SquaredDifference.apply([&prediction, &Tensor::from([1.0, 2.5])]);
/// assert_eq!(losses.to_vec(), [4.0, 0.25]);
/// let weighted = (losses * Tensor::from([1.0, 10.0])).sum(); // the second sample counts ten times
/// assert_eq!(weighted.backward()[&prediction].to_vec(), [4.0, -10.0]);
/// ```
#[derive(Debug)]
pub struct SquaredDifference;

impl<T: Scalar> Pointwise<T, 2> for SquaredDifference {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        let difference = a - b;
        difference.clone() * difference
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
        let twice = A::number(2.0);
        twice * if i == 0 { a - b } else { b - a }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1)
    }
}

/// The mean of the magnitudes of the differences between prediction and target, over all elements: PyTorch's `l1_loss`.
///
/// It weighs a far target no more than its distance, and draws predictions to the median.
///
/// ```
/// use nn::{mae, Tensor};
/// assert_eq!(mae(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0])).item(), 1.0);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements.
#[doc(alias = "L1Loss")]
#[doc(alias = "l1_loss")]
#[track_caller]
pub fn mae<T: Scalar>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    mean_of("mae", AbsoluteDifference, prediction, target)
}

/// `|a - b|`, of one element: [`mae`] is its mean. Its derivative at 0 is 0.
///
/// ```
/// use nn::{AbsoluteDifference, Pointwise, Tensor};
/// let prediction = Tensor::from([1.0, 2.0]).requires_grad();
/// let losses = AbsoluteDifference.apply([&prediction, &Tensor::from([4.0, 2.0])]);
/// assert_eq!(losses.to_vec(), [3.0, 0.0]);
/// assert_eq!(losses.sum().backward()[&prediction].to_vec(), [-1.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct AbsoluteDifference;

impl<T: Scalar> Pointwise<T, 2> for AbsoluteDifference {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        (a - b).abs()
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
        let of_a = sign(a - b);
        if i == 0 { of_a } else { -of_a }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1)
    }
}

/// 1 above 0, -1 below, and 0 at 0.
#[inline(always)]
fn sign<T: Scalar, A: Algebra<T>>(x: A) -> A {
    let zero = || A::constant(T::zero());
    x.if_positive(A::one(), zero()) - (-x).if_positive(A::one(), zero())
}

/// Huber's loss, the mean over all elements: half the squared difference up to `delta`, and from there on a straight line.
///
/// ```text
/// d = prediction - target        d²/2  if |d| ≤ δ        δ (|d| - δ/2)  if not
/// ```
/// Source: P. J. Huber, "Robust Estimation of a Location Parameter", 1964.
///
/// ```
/// use nn::{huber, Tensor};
/// assert_eq!(huber(&Tensor::from([0.5, 3.0]), &Tensor::from([0.0, 0.0]), 1.0).item(), (0.125 + 2.5) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or `delta` is not positive.
#[doc(alias = "HuberLoss")]
#[track_caller]
pub fn huber<T: Scalar>(prediction: &Tensor<T>, target: &Tensor<T>, delta: f64) -> Tensor<T> {
    assert!(
        delta > 0.0,
        "huber: expected a positive delta, found {delta}\n  help: `mae` is what it comes near for small ones"
    );
    mean_of("huber", Huber { delta: T::of(delta) }, prediction, target)
}

/// [`huber`] divided by `beta`: the magnitude of the difference, rounded off below `beta`. With 0, or what is below all normal numbers
/// of the precision, it is [`mae`].
///
/// Source: R. Girshick, "Fast R-CNN", 2015.
///
/// ```
/// use nn::{smooth_l1, Tensor};
/// assert_eq!(smooth_l1(&Tensor::from([0.5, 3.0]), &Tensor::from([0.0, 0.0]), 1.0).item(), (0.125 + 2.5) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or `beta` is negative.
#[doc(alias = "SmoothL1Loss")]
#[track_caller]
pub fn smooth_l1<T: Scalar>(prediction: &Tensor<T>, target: &Tensor<T>, beta: f64) -> Tensor<T> {
    assert!(
        beta >= 0.0,
        "smooth_l1: expected a beta of at least 0, found {beta}\n  help: below it the loss is a parabola"
    );
    let beta = T::of(beta);
    if beta < T::min_positive_value() {
        return mean_of("smooth_l1", AbsoluteDifference, prediction, target);
    }
    mean_of("smooth_l1", Huber { delta: beta }, prediction, target) / beta
}

/// Huber's loss of one element: [`huber`] is its mean.
///
/// ```
/// use nn::{Huber, Pointwise, Tensor};
/// let prediction = Tensor::from([0.5, 3.0]).requires_grad();
/// let losses = Huber { delta: 1.0 }.apply([&prediction, &Tensor::zeros([2])]);
/// assert_eq!(losses.to_vec(), [0.125, 2.5]);
/// assert_eq!(losses.sum().backward()[&prediction].to_vec(), [0.5, 1.0]); // never more than delta
/// ```
#[derive(Debug)]
pub struct Huber<T> {
    /// Where the parabola ends, positive.
    pub delta: T,
}

impl<T: Scalar> Pointwise<T, 2> for Huber<T> {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        let (d, delta, half) = (a - b, || A::constant(self.delta), || A::number(0.5));
        let beyond = d.abs() - delta();
        let line = delta() * (d.abs() - half() * delta());
        beyond.if_positive(line, half() * d.clone() * d)
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
        let (d, delta) = (a - b, || A::constant(self.delta));
        let of_a = (d.abs() - delta()).if_positive(d.if_positive(delta(), -delta()), d);
        if i == 0 { of_a } else { -of_a }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: what is rounded off is at most half of `beta`.
    #[test]
    fn a_beta_below_all_numbers_rounds_nothing_off() {
        for beta in [0.0, 1e-50, 1e-44, 1e-39, 2e-38] {
            let x = Tensor::from([0.5_f32, -3.0, 0.0]).requires_grad();
            let loss = smooth_l1(&x, &Tensor::zeros([3]), beta);
            assert!((loss.item() - 3.5 / 3.0).abs() < 1e-6, "{loss} for {beta:e}");
            let third = 1.0 / 3.0;
            let found = loss.backward()[&x].to_vec();
            let off = found.iter().zip([third, -third, 0.0]).map(|(x, y): (&f32, f32)| (x - y).abs());
            assert!(off.fold(0.0, f32::max) < 1e-6, "{found:?} for {beta:e}");
        }
    }
}
