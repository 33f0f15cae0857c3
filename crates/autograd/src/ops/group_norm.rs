//! Normalisation image by image: over groups of channels, or over each channel.
//!
//! With `μ` and `σ² + ε = 1/r²` of a group of an image, of `n` elements, `z = (x - μ) r`, and scale and shift of each channel,
//!
//! ```text
//! y = z γ + β        dβ = Σ dy        dγ = Σ dy z        dx = r (g - mean(g) - z mean(g z))   with g = dy γ,
//! ```
//! the sums over batch and image, the means over the group. Every sum is one of sums of channels of images, as in
//! [`BatchNorm`](super::BatchNorm), whose loops these are.

use crate::array::View;
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::batch_norm::{Affine, cotangent_sums, moments};
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op, one_by_one};
use crate::ops::batch_norm::{fit_channels, others, per_channel, sizes};
use crate::ops::norm::{entries, keeps};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Group normalisation of `[n, c, ..]`, with inputs `x`, scale and shift of shape `[c]`.
///
/// ```
/// use autograd::{Op, Tensor, ops::GroupNorm, vjp};
/// let x = Tensor::from([[1.0, 3.0, 10.0, 14.0]]);
/// let norm = |x: [&Tensor<f64>; 3]| GroupNorm { groups: 2, epsilon: 0.0 }.apply(x);
/// let (y, [dx, dscale, _]) = vjp(norm, [&x, &Tensor::ones([4]), &Tensor::zeros([4])], &Tensor::ones([1, 4]));
/// assert_eq!(y.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
/// assert_eq!((dx.to_vec(), dscale.to_vec()), (vec![0.0; 4], y.to_vec())); // a group sums to 0, whatever `x` is
/// ```
#[derive(Debug)]
pub struct GroupNorm {
    /// Into how many groups the channels fall.
    pub groups: usize,
    /// What is added to the variance.
    pub epsilon: f64,
}

impl GroupNorm {
    /// For each channel of each image the mean of its group, and `1 / √(variance + ε)`.
    fn statistics<T: Scalar>(&self, x: &[T], shape: &Shape) -> Vec<(T, T)> {
        let (channels, inner) = sizes(shape).or_panic();
        let each = channels / self.groups;
        let [means, variances] = moments(x, shape[0] * self.groups, each * inner);
        let groups = means.into_iter().zip(variances);
        groups
            .flat_map(|(mean, variance)| {
                let r = (variance + T::of(self.epsilon)).sqrt().recip();
                std::iter::repeat_n((mean, r), each)
            })
            .collect()
    }
}

impl<T: Scalar> Op<T, 3> for GroupNorm {
    fn shape(&self, [x, scale, shift]: [&Shape; 3]) -> Result<Shape, ShapeError> {
        let (channels, _) = sizes(x)?;
        if self.groups == 0 || !channels.is_multiple_of(self.groups) {
            let problem = format!("{channels} channels do not fall into {} equal groups", self.groups);
            return Err(ShapeError::new(problem)
                .operand("input", x, format!("axis 1 is {channels}"))
                .help("the number of groups must divide that of channels"));
        }
        fit_channels(x, scale, shift)
    }

    fn forward(&self, [x, scale, shift]: [View<'_, T>; 3], y: &mut [T]) {
        // Nothing, of perhaps more images than there is memory for.
        if y.is_empty() {
            return;
        }
        let (_, inner) = sizes(x.shape()).or_panic();
        let (shape, x) = (x.shape(), x.contiguous());
        let of_channels: Vec<(T, T)> = scale.iter().zip(shift.iter()).collect();
        let of: Vec<[T; 4]> = self
            .statistics(&x, shape)
            .into_iter()
            .zip(of_channels.iter().cycle())
            .map(|((mean, r), &(scale, shift))| [mean, r * scale, T::zero(), shift])
            .collect();
        Affine { x: &x, dy: None, of: &of, inner }.write(y);
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let rank = dy.rank();
        if i == 2 {
            return dy.sum_axes(others(rank));
        }
        let x = call.x(0);
        let (channels, inner) = sizes(x.shape()).or_panic();
        let grouped = [x.shape()[0], self.groups, channels / self.groups * inner];
        let lanes = x.reshape(grouped);
        let centred = &lanes - lanes.mean_keepdims(-1);
        let r = (centred.square().mean_keepdims(-1) + T::of(self.epsilon)).rsqrt();
        let z = centred * &r;
        if i == 1 {
            return (dy * z.reshape(x.shape())).sum_axes(others(rank));
        }
        let g = (dy * per_channel(&call.x(1), rank)).reshape(grouped);
        let dx = (&g - g.mean_keepdims(-1) - &z * (&g * &z).mean_keepdims(-1)) * r;
        dx.reshape(x.shape())
    }

    /// All three gradients from the same sums, of each channel of each image.
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; 3] {
        let needs = [0, 1, 2].map(|i| call.needs(i));
        if call.recorded() || !needs[0] || dy.size() == 0 {
            return one_by_one(self, call, &dy);
        }
        let (x, scale) = (call.x(0), call.x(1).to_vec());
        let (channels, inner) = sizes(x.shape()).or_panic();
        let (x_elements, dy_elements) = (x.array().view().contiguous(), dy.array().view().contiguous());
        let statistics = self.statistics(&x_elements, x.shape());
        let means: Vec<T> = statistics.iter().map(|&(mean, _)| mean).collect();
        let sums = cotangent_sums(&x_elements, &dy_elements, &means, inner);
        let (mut dscale, mut dshift) = (vec![0.0; channels], vec![0.0; channels]);
        let each = channels / self.groups;
        let count = (each * inner) as f64;
        let mut of: Vec<[T; 4]> = Vec::with_capacity(sums.len());
        for (group, sums) in sums.chunks_exact(each).enumerate() {
            let first = group % self.groups * each;
            let scale = &scale[first..first + each];
            let (mean, r) = statistics[group * each];
            let r: f64 = r.into();
            let mut whole = [0.0; 2];
            for (c, (&scale, &[sum, product])) in scale.iter().zip(sums).enumerate() {
                dshift[first + c] += sum;
                dscale[first + c] += product * r;
                whole[0] += sum * scale.into();
                whole[1] += product * scale.into();
            }
            let slope = T::of(-r * r * r * whole[1] / count);
            let shift = T::of(-r * whole[0] / count);
            of.extend(scale.iter().map(|&scale| [mean, T::of(r) * scale, slope, shift]));
        }
        let affine = Affine { x: &x_elements, dy: Some(&dy_elements), of: &of, inner };
        let dx = Tensor::build(dy.shape(), |dx| affine.write(dx));
        [Some(dx), needs[1].then(|| entries(&dscale)), needs[2].then(|| entries(&dshift))]
    }

    fn keeps(&self, i: usize) -> Keeps {
        keeps(i)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let shape = x.shape(0);
        let (channels, inner) = sizes(shape).or_panic();
        // Each group as a channel of its own, with mean 0 and variance 1.
        let grouped = x[0].reshape(&[shape[0], self.groups, channels / self.groups * inner]);
        let [one, zero] = [T::one(), T::zero()]
            .map(|number| Value::of(Tensor::build([self.groups], |y| y.fill(number)).array()));
        let epsilon = [("epsilon", self.epsilon.into())];
        let z =
            Value::node("InstanceNormalization", &[&grouped, &one, &zero], &epsilon).reshape(shape.dims());
        let mut dims = vec![1; shape.rank()];
        dims[1] = channels;
        z * x[1].reshape(&dims) + x[2].reshape(&dims)
    }
}

/// Group and instance normalisation.
impl<T: Scalar> Tensor<T> {
    /// Normalises each of `groups` groups of channels of `[n, c, ..]` to mean 0 and variance 1, image by image, multiplies each
    /// channel by `scale` and adds `shift`, both of shape `[c]`. (Y. Wu and K. He, "Group Normalization", 2018.)
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 3.0, 10.0, 10.0]]);
    /// let y = x.group_norm(2, &Tensor::ones([4]), &Tensor::zeros([4]), 1e-12);
    /// assert!((y - Tensor::from([[-1.0, 1.0, 0.0, 0.0]])).abs().max().item() < 1e-9);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes, the channels do not fall into so many groups, or scale and shift have not a number for
    /// each.
    #[track_caller]
    pub fn group_norm(&self, groups: usize, scale: &Self, shift: &Self, epsilon: f64) -> Self {
        GroupNorm { groups, epsilon }.apply([self, scale, shift])
    }

    /// Normalises each channel of `[n, c, ..]` to mean 0 and variance 1, image by image: [`group_norm`](Self::group_norm) with a
    /// group for each channel. (D. Ulyanov et al., "Instance Normalization", 2016.)
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[[1.0, 3.0], [10.0, 14.0]]]);
    /// let y = x.instance_norm(&Tensor::ones([2]), &Tensor::from([0.0, 5.0]), 0.0);
    /// assert_eq!(y.to_vec(), [-1.0, 1.0, 4.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes, or scale and shift have not a number for each channel.
    #[track_caller]
    pub fn instance_norm(&self, scale: &Self, shift: &Self, epsilon: f64) -> Self {
        let (channels, _) = sizes(self.shape()).map_err(|e| e.named("instance_norm")).or_panic();
        GroupNorm { groups: channels.max(1), epsilon }.apply([self, scale, shift])
    }
}
