//! Batch normalisation: each channel brought to mean 0 and variance 1 over the batch, then scaled and shifted.
//!
//! With `μ` and `σ² + ε = 1/r²` of a channel of `n` elements, over batch and all axes after the second, and `z = (x - μ) r`,
//!
//! ```text
//! y = z γ + β        dβ = Σ dy        dγ = Σ dy z        dx = γ r (dy - dβ/n - z dγ/n) .
//! ```
//! Source: S. Ioffe and C. Szegedy, "Batch Normalization", 2015.

use crate::array::View;
use crate::axes::Axes;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::batch_norm::{Affine, cotangent_sums, moments};
use crate::onnx::{self, Value};
use crate::op::{Keeps, Op, one_by_one};
use crate::ops::norm::{entries, keeps};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Batch normalisation of `[n, c]` or `[n, c, ..]`, with inputs `x`, scale and shift of shape `[c]`. It is told the moments of `x`,
/// which whoever normalises wants to know as well; as functions of `x` they have their part in the gradient.
///
/// ```
/// use autograd::{Op, Tensor, ops::BatchNorm};
/// let x = Tensor::from([[1.0, 5.0], [3.0, 9.0]]).requires_grad();
/// let op = BatchNorm::of(&x, 0.0)?;
/// assert_eq!(op.moments().map(|x| x.to_vec()), [[2.0, 7.0], [1.0, 4.0]]);
/// let y = op.apply([&x, &Tensor::ones([2]), &Tensor::zeros([2])]);
/// assert_eq!(y.to_vec(), [-1.0, -1.0, 1.0, 1.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0; 4]); // the sums are 0, whatever `x` is
/// # Ok::<(), autograd::ShapeError>(())
/// ```
#[derive(Debug)]
pub struct BatchNorm<T: Scalar> {
    epsilon: f64,
    /// The mean and variance of every channel.
    moments: [Vec<T>; 2],
}

impl<T: Scalar> BatchNorm<T> {
    /// For this `x` alone, and with what is added to the variance.
    ///
    /// # Errors
    /// If `x` has no axis of channels, or the channels have no elements.
    pub fn of(x: &Tensor<T>, epsilon: f64) -> Result<Self, ShapeError> {
        let (channels, inner) = sizes(x.shape()).map_err(|e| e.named("batch_norm"))?;
        if x.size() == 0 && channels > 0 {
            return Err(ShapeError::new("there is nothing to take a mean of")
                .named("batch_norm")
                .operand("input", x.shape(), "no elements")
                .help("leave out batches without samples, or give the moments: `batch_norm_with`"));
        }
        Ok(BatchNorm { epsilon, moments: moments(&x.array().view().contiguous(), channels, inner) })
    }

    /// The mean and the biased variance of each channel, as constants of shape `[c]`.
    pub fn moments(&self) -> [Tensor<T>; 2] {
        self.moments.each_ref().map(|values| Tensor::build([values.len()], |y| y.copy_from_slice(values)))
    }

    /// For each channel `1 / √(variance + ε)`.
    fn reciprocals(&self) -> impl Iterator<Item = T> + '_ {
        self.moments[1].iter().map(|&variance| (variance + T::of(self.epsilon)).sqrt().recip())
    }
}

/// The channels, and the elements of each in an image.
pub(super) fn sizes(x: &Shape) -> Result<(usize, usize), ShapeError> {
    if x.rank() < 2 {
        return Err(ShapeError::new("expected a batch of channels")
            .operand("input", x, format!("rank {}", x.rank()))
            .help("axes are [batch, channels, ..]"));
    }
    Ok((x[1], x.dims()[2..].iter().product()))
}

/// The shape of `x`, if scale and shift have a number for each of its channels.
pub(super) fn fit_channels(x: &Shape, scale: &Shape, shift: &Shape) -> Result<Shape, ShapeError> {
    let (channels, _) = sizes(x)?;
    if scale.dims() == [channels] && shift.dims() == [channels] {
        return Ok(x.clone());
    }
    Err(ShapeError::new("scale and shift must have a number for each channel")
        .operand("input", x, format!("axis 1 is {channels}"))
        .operand("scale", scale, "")
        .operand("shift", shift, "")
        .help(format!("give both the shape [{channels}]")))
}

/// The axes that channels are normalised over: all but the second.
pub(super) fn others(rank: usize) -> Axes {
    let axes: Vec<isize> = (0..rank as isize).filter(|&axis| axis != 1).collect();
    axes.as_slice().into()
}

/// A number for each channel, to be broadcast with images.
#[track_caller]
pub(super) fn per_channel<T: Scalar>(x: &Tensor<T>, rank: usize) -> Tensor<T> {
    let mut dims = vec![1; rank];
    dims[1] = x.size();
    x.reshape(dims)
}

impl<T: Scalar> Op<T, 3> for BatchNorm<T> {
    fn shape(&self, [x, scale, shift]: [&Shape; 3]) -> Result<Shape, ShapeError> {
        let (channels, _) = sizes(x)?;
        if self.moments[0].len() != channels {
            return Err(ShapeError::new("the moments are those of another tensor")
                .operand("input", x, "")
                .help("give those of this input: `BatchNorm::of`"));
        }
        fit_channels(x, scale, shift)
    }

    fn forward(&self, [x, scale, shift]: [View<'_, T>; 3], y: &mut [T]) {
        let (_, inner) = sizes(x.shape()).or_panic();
        let of: Vec<[T; 4]> = self.moments[0]
            .iter()
            .zip(self.reciprocals())
            .zip(scale.iter().zip(shift.iter()))
            .map(|((&mean, r), (scale, shift))| [mean, r * scale, T::zero(), shift])
            .collect();
        Affine { x: &x.contiguous(), dy: None, of: &of, inner }.write(y);
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let rank = dy.rank();
        let axes = others(rank);
        if i == 2 {
            return dy.sum_axes(axes);
        }
        let x = call.x(0);
        let centred = &x - x.mean_keepdims(axes.clone());
        let r = (centred.square().mean_keepdims(axes.clone()) + T::of(self.epsilon)).rsqrt();
        let z = centred * &r;
        if i == 1 {
            return (dy * z).sum_axes(axes);
        }
        let means = dy.mean_keepdims(axes.clone()) + &z * (dy * &z).mean_keepdims(axes);
        (dy - means) * r * per_channel(&call.x(1), rank)
    }

    /// All three gradients from the same sums.
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; 3] {
        let needs = [0, 1, 2].map(|i| call.needs(i));
        if call.recorded() || !needs[0] {
            return one_by_one(self, call, &dy);
        }
        let (x, scale) = (call.x(0), call.x(1));
        let (channels, inner) = sizes(x.shape()).or_panic();
        let (x, dy_runs) = (x.array().view().contiguous(), dy.array().view().contiguous());
        let means = &self.moments[0];
        let sums = cotangent_sums(&x, &dy_runs, means, inner);
        let count = (x.len() / channels.max(1)) as f64;
        let of: Vec<[T; 4]> = means
            .iter()
            .zip(self.reciprocals())
            .zip(scale.array().iter().zip(&sums))
            .map(|((&mean, r), (scale, &[sum, product]))| {
                let (factor, r) = (scale * r, r.into());
                let slope = T::of(-r * r * product / count) * factor;
                [mean, factor, slope, T::of(-sum / count) * factor]
            })
            .collect();
        let dx =
            Tensor::build(dy.shape(), |dx| Affine { x: &x, dy: Some(&dy_runs), of: &of, inner }.write(dx));
        let (dshift, dscale): (Vec<f64>, Vec<f64>) =
            sums.iter().zip(self.reciprocals()).map(|(&[sum, product], r)| (sum, product * r.into())).unzip();
        [Some(dx), needs[1].then(|| entries(&dscale)), needs[2].then(|| entries(&dshift))]
    }

    fn keeps(&self, i: usize) -> Keeps {
        keeps(i)
    }
}

/// Batch normalisation.
impl<T: Scalar> Tensor<T> {
    /// Normalises each channel of `[n, c]` or `[n, c, ..]` to mean 0 and variance 1 over the batch and all axes after the second,
    /// multiplies by `scale` and adds `shift`, both of shape `[c]`. Returns with it the mean and the biased variance of each channel,
    /// as constants: what a layer keeps running averages of. `epsilon` is added to the variance.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 5.0], [3.0, 5.0]]);
    /// let (y, mean, variance) = x.batch_norm(&Tensor::ones([2]), &Tensor::zeros([2]), 1e-12);
    /// assert!((y - Tensor::from([[-1.0, 0.0], [1.0, 0.0]])).abs().max().item() < 1e-9);
    /// assert_eq!((mean.to_vec(), variance.to_vec()), (vec![2.0, 5.0], vec![1.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes, the channels have no elements, or scale and shift have not a number for each.
    #[track_caller]
    pub fn batch_norm(&self, scale: &Self, shift: &Self, epsilon: f64) -> (Self, Self, Self) {
        let op = BatchNorm::of(self, epsilon).or_panic();
        let [mean, variance] = op.moments();
        (op.apply([self, scale, shift]), mean, variance)
    }

    /// Normalises each channel of `[n, c, ..]` with a given mean and variance, multiplies by `scale` and adds `shift`, all of shape
    /// `[c]`: batch normalisation in evaluation, with running averages.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let (mean, variance) = (Tensor::from([0.0, 4.0]), Tensor::from([1.0, 0.25]));
    /// let x = Tensor::from([[1.0, 5.0]]);
    /// let y = x.batch_norm_with([&mean, &variance], &Tensor::ones([2]), &Tensor::zeros([2]), 0.0);
    /// assert_eq!(y.to_vec(), [1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes, or one of the four has not a number for each channel.
    #[track_caller]
    pub fn batch_norm_with(
        &self,
        [mean, variance]: [&Self; 2],
        scale: &Self,
        shift: &Self,
        epsilon: f64,
    ) -> Self {
        let (channels, _) = sizes(self.shape()).map_err(|e| e.named("batch_norm_with")).or_panic();
        for (name, x) in [("mean", mean), ("variance", variance), ("scale", scale), ("shift", shift)] {
            assert!(
                x.dims() == [channels],
                "batch_norm_with: {name} must have a number for each channel: expected [{channels}], found {}\n  help: channels are axis 1 of the input",
                x.shape()
            );
        }
        let of = [scale, shift, mean, variance];
        let factor = (variance + T::of(epsilon)).rsqrt() * scale;
        let [mean, factor, shift] = [mean, &factor, shift].map(|x| per_channel(x, self.rank()));
        let y = (self - mean) * factor + shift;
        onnx::define("batch_norm_with", y.array(), || {
            let inputs = [self, of[0], of[1], of[2], of[3]].map(|x| Value::of(x.array()));
            Value::node("BatchNormalization", &inputs.each_ref(), &[("epsilon", epsilon.into())])
        });
        y
    }
}
