//! Layer normalisation: each lane along the last axis brought to mean 0 and variance 1, then scaled and shifted; and without the
//! mean, by the root of the mean square.
//!
//! With `μ` and `σ² + ε = 1/r²` of a lane of `n` elements, and `z = (x - μ) r`,
//!
//! ```text
//! y = z γ + β        dβ = dy        dγ = dy z        dx = r (g - mean(g) - z mean(g z))   with g = dy γ.
//! ```
//! Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer Normalization", 2016.

use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels;
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op, one_by_one};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Layer normalisation over the last axis, with inputs `x` of shape `[.., n]`, scale and shift of shape `[n]`.
///
/// ```
/// use autograd::{Op, Tensor, ops::LayerNorm, vjp};
/// let norm = |x: [&Tensor<f64>; 3]| LayerNorm { epsilon: 0.0 }.apply(x);
/// let inputs = [&Tensor::from([1.0, 3.0]), &Tensor::ones([2]), &Tensor::zeros([2])];
/// let (y, [dx, dscale, dshift]) = vjp(norm, inputs, &Tensor::from([1.0, 0.0]));
/// assert_eq!(y.to_vec(), [-1.0, 1.0]); // as of any two numbers, so that `dx` is 0
/// assert_eq!([dx, dscale, dshift].map(|x| x.to_vec()), [[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0]]);
/// ```
#[derive(Debug)]
pub struct LayerNorm {
    /// What is added to the variance, so that a constant lane does not divide by 0.
    pub epsilon: f64,
}

impl<T: Scalar> Op<T, 3> for LayerNorm {
    fn shape(&self, [x, scale, shift]: [&Shape; 3]) -> Result<Shape, ShapeError> {
        let last = x.dims().last().map(std::slice::from_ref);
        if last.is_some_and(|last| scale.dims() == last && shift.dims() == last) {
            return Ok(x.clone());
        }
        Err(ShapeError::new("scale and shift must be as long as the last axis of the input")
            .operand("input", x, "")
            .operand("scale", scale, "")
            .operand("shift", shift, "")
            .help(match last {
                Some(last) => format!("give both the shape {last:?}"),
                None => "a single number has no axis to normalise over".into(),
            }))
    }

    fn forward(&self, [x, scale, shift]: [View<'_, T>; 3], y: &mut [T]) {
        let (x, scale, shift) = (x.contiguous(), scale.contiguous(), shift.contiguous());
        kernels::norm::layer_norm(&x, &scale, &shift, T::of(self.epsilon), y);
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        if i == 2 {
            return dy.clone();
        }
        let x = call.x(0);
        // As far from the first element as from the mean: what is large must not cancel.
        let first = x.slice(-1, ..x.dims()[x.rank() - 1].min(1) as isize);
        let off = &x - first.detach();
        let centred = &off - off.mean_keepdims(-1);
        let r = ((&centred * &centred).mean_keepdims(-1) + T::of(self.epsilon)).sqrt().powi(-1);
        let z = centred * &r;
        if i == 1 {
            return dy * z;
        }
        let g = dy * call.x(1);
        (&g - g.mean_keepdims(-1) - &z * (&g * &z).mean_keepdims(-1)) * r
    }

    /// All three gradients in one pass over the lanes, which share `z` and `g`.
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; 3] {
        let needs = [0, 1, 2].map(|i| call.needs(i));
        if call.recorded() || !needs[0] {
            return one_by_one(self, call, &dy);
        }
        let (x, scale) = (call.x(0), call.x(1));
        let (x, scale, dy_lanes) = (
            x.array().view().contiguous(),
            scale.array().view().contiguous(),
            dy.array().view().contiguous(),
        );
        let mut sums = [Vec::new(), Vec::new()];
        let dx = Tensor::build(dy.shape(), |dx| {
            sums = kernels::norm::layer_norm_back(&x, &scale, T::of(self.epsilon), &dy_lanes, dx);
        });
        let [dscale, dshift] = sums;
        [Some(dx), needs[1].then(|| entries(&dscale)), needs[2].then(|| entries(&dshift))]
    }

    fn keeps(&self, i: usize) -> Keeps {
        keeps(i)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let attributes = [("axis", (-1).into()), ("epsilon", self.epsilon.into())];
        Value::node("LayerNormalization", &[&x[0], &x[1], &x[2]], &attributes)
    }
}

/// What the gradients of input, scale and shift read, whatever is normalised.
pub(super) fn keeps(i: usize) -> Keeps {
    match i {
        0 => Keeps::x(0) | Keeps::x(1),
        1 => Keeps::x(0),
        _ => Keeps::NONE,
    }
}

/// A list of sums, as they go on in `f64`.
pub(super) fn entries<T: Scalar>(sums: &[f64]) -> Tensor<T> {
    Tensor::build([sums.len()], |y| y.iter_mut().zip(sums).for_each(|(y, &sum)| *y = T::of(sum)))
}

/// Normalisation of lanes.
impl<T: Scalar> Tensor<T> {
    /// Normalises each lane along the last axis to mean 0 and variance 1, multiplies by `scale` and adds `shift`, both of
    /// shape `[n]` for an input of shape `[.., n]`. The variance is the biased one; `epsilon` is added to it.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0]]);
    /// let y = x.layer_norm(&Tensor::ones([2]), &Tensor::zeros([2]), 0.0);
    /// assert_eq!(y.to_vec(), [-1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If scale or shift are not as long as the last axis.
    #[track_caller]
    pub fn layer_norm(&self, scale: &Self, shift: &Self, epsilon: f64) -> Self {
        LayerNorm { epsilon }.apply([self, scale, shift])
    }

    /// Divides each lane along the last axis by the root of the mean of its squares, `√(mean(x²) + ε)`, and multiplies by `scale`,
    /// of shape `[n]` for an input `[.., n]`. (B. Zhang and R. Sennrich, "Root Mean Square Layer Normalization", 2019.)
    ///
    /// ```
    /// use autograd::Tensor;
    /// let y = Tensor::from([3.0, 4.0]).rms_norm(&Tensor::ones([2]), 0.0);
    /// assert!((y * 12.5_f64.sqrt() - Tensor::from([3.0, 4.0])).abs().max().item() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If this is a scalar, or `scale` is not as long as the last axis.
    #[track_caller]
    pub fn rms_norm(&self, scale: &Self, epsilon: f64) -> Self {
        let last = self.shape().axis(-1).map_err(|e| e.of("rms_norm")).or_panic();
        assert!(
            scale.dims() == [self.shape()[last]],
            "rms_norm: the scale must be as long as the last axis: expected [{}], found {}\n  help: `Tensor::ones` of that shape scales nothing",
            self.shape()[last],
            scale.shape()
        );
        self * (self.square().mean_keepdims(-1) + T::of(epsilon)).rsqrt() * scale
    }
}
