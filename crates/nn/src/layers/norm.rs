//! Normalisation within each sample: nothing is remembered between batches, and evaluation is what training is.

use crate::Module;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::param::Param;
use autograd::{Scalar, Tensor};

/// Gives the last axis mean 0 and variance 1, and then a scale and a shift that are learned: `[.., size]` to the same.
///
/// Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer Normalization", 2016.
///
/// ```
/// use nn::{Layer, LayerNorm, Tensor};
/// let norm = LayerNorm::new(2);
/// let y = norm.predict(&Tensor::from([[1.0_f32, 3.0]]));
/// assert!((y.at([0, 1]) - 1.0).abs() < 1e-4);
/// ```
#[derive(Clone, Debug, Module)]
pub struct LayerNorm<T: Scalar = f32> {
    /// The scale, of shape `[size]`.
    pub weight: Param<T>,
    /// The shift, of shape `[size]`.
    pub bias: Param<T>,
    /// What is added to the variance.
    pub epsilon: f64,
}

impl<T: Scalar> LayerNorm<T> {
    /// Scale 1, shift 0, `epsilon` 1e-5.
    pub fn new(size: usize) -> Self {
        LayerNorm {
            weight: Param::new(Tensor::ones([size])),
            bias: Param::new(Tensor::zeros([size])),
            epsilon: 1e-5,
        }
    }
}

impl<T: Scalar> Layer<T> for LayerNorm<T> {
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        x.layer_norm(&self.weight, &self.bias, self.epsilon)
    }
}

/// Divides the last axis by the root of the mean of its squares, and multiplies by a scale that is learned: `[.., size]` to the same.
///
/// Source: B. Zhang and R. Sennrich, "Root Mean Square Layer Normalization", 2019.
///
/// ```
/// use nn::{Layer, RmsNorm, Tensor};
/// let norm = RmsNorm::new(2);
/// let y = norm.predict(&Tensor::from([[3.0_f32, 3.0]]));
/// assert!((y.at([0, 1]) - 1.0).abs() < 1e-4);
/// ```
#[derive(Clone, Debug, Module)]
pub struct RmsNorm<T: Scalar = f32> {
    /// The scale, of shape `[size]`.
    pub weight: Param<T>,
    /// What is added to the mean of squares.
    pub epsilon: f64,
}

impl<T: Scalar> RmsNorm<T> {
    /// Scale 1, `epsilon` 1e-5.
    pub fn new(size: usize) -> Self {
        RmsNorm { weight: Param::new(Tensor::ones([size])), epsilon: 1e-5 }
    }
}

impl<T: Scalar> Layer<T> for RmsNorm<T> {
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        x.rms_norm(&self.weight, self.epsilon)
    }
}

/// Gives each group of channels of each sample mean 0 and variance 1, and then each channel a scale and a shift that are learned:
/// `[n, channels, ..]` to the same. With a group for each channel it is instance normalisation.
///
/// Source: Y. Wu and K. He, "Group Normalization", 2018.
///
/// ```
/// use nn::{GroupNorm, Layer, Tensor};
/// let norm = GroupNorm::new(4, 16);
/// assert_eq!(norm.predict(&Tensor::<f32>::zeros([8, 16, 7, 7])).dims(), [8, 16, 7, 7]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct GroupNorm<T: Scalar = f32> {
    /// The scale, of shape `[channels]`.
    pub weight: Param<T>,
    /// The shift, of shape `[channels]`.
    pub bias: Param<T>,
    /// The number of groups.
    pub groups: usize,
    /// What is added to the variance.
    pub epsilon: f64,
}

impl<T: Scalar> GroupNorm<T> {
    /// Scale 1, shift 0, `epsilon` 1e-5.
    ///
    /// # Panics
    /// If the groups do not divide the channels.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "GroupNorm: {channels} channels do not fall into {groups} equal groups\n  help: the number of groups must divide that of channels"
        );
        let (weight, bias) = (Param::new(Tensor::ones([channels])), Param::new(Tensor::zeros([channels])));
        GroupNorm { weight, bias, groups, epsilon: 1e-5 }
    }
}

impl<T: Scalar> Layer<T> for GroupNorm<T> {
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        x.group_norm(self.groups, &self.weight, &self.bias, self.epsilon)
    }
}
