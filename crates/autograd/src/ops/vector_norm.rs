//! Norms of vectors, over axes.
//!
//! ```text
//! ‖x‖_p = (Σ |x|ᵖ)^(1/p)        ‖x‖_∞ = max |x|        ‖x‖_-∞ = min |x|        ‖x‖_0 = how many are not 0
//! ```
//! Where a sum of squares is too large or too small for its precision, all elements are first divided by the largest magnitude, and
//! the result is multiplied by it. The norm does not depend on that number, so it counts as a constant. At the vector of zeros,
//! where no norm has a derivative, it is 0, one of its subgradients.

use crate::array::Array;
use crate::axes::Axes;
use crate::error::OrPanic;
use crate::kernels::reduce::remaining;
use crate::onnx::{self, Value};
use crate::op::Op;
use crate::ops::{Abs, Extremum, Square, SumOf};
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Norms.
impl<T: Scalar> Tensor<T> {
    /// The `p`-norm of all elements, a scalar: `2.0` for Euclid's, `1.0` for the sum of magnitudes, `f64::INFINITY` for the largest.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([3.0e200_f64, -4.0e200]);
    /// assert!((x.norm(2.0).item() / 5.0e200 - 1.0).abs() < 1e-15);
    /// assert_eq!(x.norm(f64::INFINITY).item(), 4.0e200);
    /// ```
    ///
    /// # Panics
    /// If `p` is NaN, or it is infinite or negative and there are no elements.
    #[track_caller]
    pub fn norm(&self, p: f64) -> Self {
        self.norm_axes(.., p)
    }

    /// The `p`-norm over some axes, which disappear; see [`norm`](Self::norm).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[3.0, 4.0], [0.0, -2.0]]);
    /// assert_eq!(x.norm_axes(-1, 2.0).to_vec(), [5.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// As there, or if an axis is out of range or named twice.
    #[track_caller]
    pub fn norm_axes(&self, axes: impl Into<Axes>, p: f64) -> Self {
        let axes = axes.into();
        let resolved = axes.resolve(self.shape()).map_err(|e| e.of("norm")).or_panic();
        self.norm_keepdims(axes, p).reshape(remaining(self.shape(), &resolved, false))
    }

    /// The `p`-norm over some axes, which stay with size 1; see [`norm`](Self::norm).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[3.0, 4.0], [0.0, -2.0]]);
    /// assert_eq!((&x / x.norm_keepdims(-1, 2.0)).to_vec(), [0.6, 0.8, 0.0, -1.0]);
    /// ```
    ///
    /// # Panics
    /// As there, or if an axis is out of range or named twice.
    #[track_caller]
    pub fn norm_keepdims(&self, axes: impl Into<Axes>, p: f64) -> Self {
        assert!(
            !p.is_nan(),
            "norm: expected a number for p, found NaN\n  help: 2 is usual; `f64::INFINITY` is the largest absolute value"
        );
        let axes = axes.into();
        axes.resolve(self.shape()).map_err(|e| e.of("norm")).or_panic();
        let y = self.norm_over(axes.clone(), p);
        if p.is_finite() && p != 0.0 {
            onnx::define("norm", y.array(), || {
                if p == 1.0 || p == 2.0 {
                    return axes.reduce_in_onnx(if p == 1.0 { "ReduceL1" } else { "ReduceL2" }, self, true);
                }
                let power = |x: &Value, p| Value::node("Pow", &[x, &Value::number(p)], &[]);
                let powers = power(&Value::of(self.array()).then("Abs"), p);
                let axes = Value::ints(axes.in_onnx(self.shape()));
                power(
                    &Value::node("ReduceSum", &[&powers, &axes], &[("noop_with_empty_axes", 1.into())]),
                    p.recip(),
                )
            });
        }
        y
    }

    /// The norm by its operators, for axes that are there.
    #[track_caller]
    fn norm_over(&self, axes: Axes, p: f64) -> Self {
        let extremum = |least| Extremum { axes: axes.clone(), keepdims: true, least };
        if p.is_infinite() {
            let of_all = extremum(p < 0.0).try_apply([&self.abs()]);
            return of_all.map_err(|e| e.named("norm")).or_panic();
        }
        if p == 0.0 {
            let [one, none] = [T::one(), T::zero()].map(Tensor::scalar);
            return Tensor::where_(&self.ne(T::zero()), &one, &none).sum_keepdims(axes);
        }
        if self.size() == 0 {
            return self.sum_keepdims(axes);
        }
        if p == 1.0 {
            return SumOf::over(Abs, axes, true).apply([self]);
        }
        if p == 2.0 {
            let squares = SumOf::over(Square, axes.clone(), true).apply([self]);
            // Above this no square that is lost counts.
            let least = T::min_positive_value() / T::epsilon();
            let values = squares.array().view().contiguous();
            if values.iter().fold(true, |all, x| all & (*x >= least) & x.is_finite()) {
                return squares.sqrt();
            }
        }
        let largest = extremum(false).apply([&self.detach().abs()]);
        // Zeros and infinities leave nothing to divide by, and one over the least numbers of all is infinite.
        let scale = Tensor::build(largest.shape(), |scale| {
            largest.array().view().map_into(scale, |x| match x {
                x if x.is_finite() && x > T::zero() => x.max(T::min_positive_value()),
                _ => T::one(),
            });
        });
        let x = self / &scale;
        let norm = match p {
            2.0 => SumOf::over(Square, axes, true).apply([&x]).root(),
            _ => {
                let powers = x.abs().where_zero(|x| x.powf(T::of(p)));
                let is_zero: Array<bool> = x.eq(T::zero());
                // A negative power of 0 is infinite, and what it is the mean with is 0.
                let powers = if p < 0.0 { powers.masked_fill(&is_zero, T::infinity()) } else { powers };
                powers.sum_keepdims(axes).where_zero(|x| x.powf(T::of(p.recip())))
            }
        };
        norm * scale
    }
}
