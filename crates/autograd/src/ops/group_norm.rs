//! Normalisation image by image: over groups of channels, or over each channel.
//!
//! A group of channels of an image is a lane, and normalising it a layer normalisation whose scale is 1 and whose shift is 0; scale
//! and shift belong to channels, and come after.

use crate::error::OrPanic;
use crate::ops::batch_norm::{per_channel, sizes};
use crate::scalar::Scalar;
use crate::tensor::Tensor;

/// Group and instance normalisation.
impl<T: Scalar> Tensor<T> {
    /// Normalises each of `groups` groups of channels of `[n, c, ..]` to mean 0 and variance 1, image by image, multiplies each
    /// channel by `scale` and adds `shift`, both of shape `[c]`. (Y. Wu and K. He, "Group Normalization", 2018.)
    ///
    /// # Panics
    /// If there are fewer than two axes, the channels do not fall into so many groups, or scale and shift have not a number for
    /// each.
    #[track_caller]
    pub fn group_norm(&self, groups: usize, scale: &Self, shift: &Self, epsilon: f64) -> Self {
        let (channels, inner) = sizes(self.shape()).map_err(|e| e.named("group_norm")).or_panic();
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group_norm: {channels} channels do not fall into {groups} equal groups"
        );
        for (name, x) in [("scale", scale), ("shift", shift)] {
            assert!(
                x.dims() == [channels],
                "group_norm: {name} must have a number for each channel: expected [{channels}], found {}",
                x.shape()
            );
        }
        let size = channels / groups * inner;
        let lanes = self.reshape([self.shape()[0], groups, size]);
        let z =
            lanes.layer_norm(&Tensor::ones([size]), &Tensor::zeros([size]), epsilon).reshape(self.shape());
        let [scale, shift] = [scale, shift].map(|x| per_channel(x, self.rank()));
        z * scale + shift
    }

    /// Normalises each channel of `[n, c, ..]` to mean 0 and variance 1, image by image: [`group_norm`](Self::group_norm) with a
    /// group for each channel. (D. Ulyanov et al., "Instance Normalization", 2016.)
    ///
    /// # Panics
    /// If there are fewer than two axes, or scale and shift have not a number for each channel.
    #[track_caller]
    pub fn instance_norm(&self, scale: &Self, shift: &Self, epsilon: f64) -> Self {
        let (channels, _) = sizes(self.shape()).map_err(|e| e.named("instance_norm")).or_panic();
        self.group_norm(channels.max(1), scale, shift, epsilon)
    }
}
