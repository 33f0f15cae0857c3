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
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        last_axis("LayerNorm", &self.weight, x);
        x.layer_norm(&self.weight, &self.bias, self.epsilon)
    }
}

/// Panics unless the last axis is as long as the scale.
#[track_caller]
fn last_axis<T: Scalar>(layer: &str, scale: &Param<T>, x: &Tensor<T>) {
    let size = scale.size();
    scale.must_fit(x.dims().last() == Some(&size), layer, x.shape(), &|| {
        format!("[.., {size}]\n  help: the last axis must be as long as the layer was made for")
    });
}

/// Panics unless there are as many channels as the scale has numbers.
#[track_caller]
pub(super) fn channels<T: Scalar>(layer: &str, scale: &Param<T>, x: &Tensor<T>) {
    let size = scale.size();
    scale.must_fit(x.dims().get(1) == Some(&size), layer, x.shape(), &|| {
        format!("[batch, {size}, ..]\n  help: axis 1 must have as many channels as the layer was made for")
    });
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
#[doc(alias = "RMSNorm")]
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
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        last_axis("RmsNorm", &self.weight, x);
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
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        channels("GroupNorm", &self.weight, x);
        x.group_norm(self.groups, &self.weight, &self.bias, self.epsilon)
    }
}
