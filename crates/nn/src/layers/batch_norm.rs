//! Normalisation over the batch: in training by the batch itself, in evaluation by what was seen in training.

use crate::Module;
use crate::layer::Layer;
use crate::layers::norm::channels;
use crate::mode::Mode;
use crate::param::Param;
use autograd::{Op, Scalar, Tensor, ops};

/// Gives each channel mean 0 and variance 1, and then a scale and a shift that are learned: `[n, channels, ..]` to the same.
///
/// In training mean and variance are those of the batch, and the running ones follow them with the optimizer's step; in evaluation, and
/// where the running ones are frozen, they are used in their place. Names and shapes of the parameters are those of PyTorch.
///
/// Source: S. Ioffe and C. Szegedy, "Batch Normalization", 2015.
///
/// ```
/// use nn::{BatchNorm, Layer, Mode, Optimizer, Rng, Sgd, Tensor};
/// let mut norm = BatchNorm::new(1);
/// let x = Tensor::from([[1.0_f32], [3.0]]);
/// let y = norm.forward(&x, &mut Mode::train(&mut Rng::seed(0)));
/// assert!((y.at([0, 0]) + 1.0).abs() < 1e-4);
/// Sgd::new(0.0).step(&mut norm, &y.sum().backward());
/// assert_eq!(norm.running_mean.item(), 0.1 * 2.0);
/// ```
///
/// # Panics
/// In training, if a channel has a single element, as in a batch of one row: it is its own mean.
#[derive(Clone, Debug, Module)]
pub struct BatchNorm<T: Scalar = f32> {
    /// The scale, of shape `[channels]`.
    pub weight: Param<T>,
    /// The shift, of shape `[channels]`.
    pub bias: Param<T>,
    /// The running mean, a statistic of shape `[channels]`.
    pub running_mean: Param<T>,
    /// The running variance, unbiased, a statistic of shape `[channels]`.
    pub running_var: Param<T>,
    /// What is added to the variance.
    pub epsilon: f64,
}

/// Of batches `[n, channels]` or `[n, channels, length]`.
///
/// ```
/// use nn::{BatchNorm1d, Layer, Mode, Rng, Tensor};
/// let norm = BatchNorm1d::new(1);
/// let x = Tensor::from([[[1.0_f32, 3.0]], [[5.0, 7.0]]]); // two samples, one channel of length 2
/// let y = norm.forward(&x, &mut Mode::train(&mut Rng::seed(0)));
/// assert!((y.at([0, 0, 0]) + 3.0 / 5.0_f32.sqrt()).abs() < 1e-4); // mean 4, variance 5
/// ```
pub type BatchNorm1d<T = f32> = BatchNorm<T>;

/// Of images `[n, channels, height, width]`.
///
/// ```
/// use nn::{BatchNorm2d, Layer, Mode, Rng, Tensor};
/// let mut rng = Rng::seed(0);
/// let images = Tensor::<f32>::normal([8, 3, 4, 4], 5.0, 2.0, &mut rng);
/// let y = BatchNorm2d::new(3).forward(&images, &mut Mode::train(&mut rng));
/// assert!(y.mean_axes([0, 2, 3]).abs().max().item() < 1e-5); // of each channel
/// ```
pub type BatchNorm2d<T = f32> = BatchNorm<T>;

impl<T: Scalar> BatchNorm<T> {
    /// Scale 1, shift 0, `epsilon` 1e-5; mean 0 and variance 1, of which every step replaces a tenth.
    pub fn new(channels: usize) -> Self {
        Self::with_momentum(channels, 0.1)
    }

    /// With the share of mean and variance that every step replaces.
    ///
    /// ```
    /// use nn::{BatchNorm, Layer, Mode, Optimizer, Rng, Sgd, Tensor};
    /// let mut norm = BatchNorm::with_momentum(1, 1.0); // the running ones are those of the last batch
    /// let y = norm.forward(&Tensor::from([[1.0_f32], [3.0]]), &mut Mode::train(&mut Rng::seed(0)));
    /// Sgd::new(0.0).step(&mut norm, &y.sum().backward());
    /// assert_eq!((norm.running_mean.item(), norm.running_var.item()), (2.0, 2.0));
    /// ```
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[track_caller]
    pub fn with_momentum(channels: usize, momentum: f64) -> Self {
        BatchNorm {
            weight: Param::new(Tensor::ones([channels])),
            bias: Param::new(Tensor::zeros([channels])),
            running_mean: Param::statistic(Tensor::zeros([channels]), momentum),
            running_var: Param::statistic(Tensor::ones([channels]), momentum),
            epsilon: 1e-5,
        }
    }
}

impl<T: Scalar> Layer<T> for BatchNorm<T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let BatchNorm { weight, bias, running_mean, running_var, epsilon } = self;
        channels("BatchNorm", weight, x);
        if !mode.is_train() || running_mean.is_frozen() && running_var.is_frozen() {
            return x.batch_norm_with([running_mean, running_var], weight, bias, *epsilon);
        }
        let op = match ops::BatchNorm::of(x, *epsilon) {
            Ok(op) => op,
            Err(error) => panic!("BatchNorm: {error}"),
        };
        let n = x.size() / weight.size().max(1);
        if n < 2 {
            let problem = "in training each channel needs more than one element, found shape";
            let help = "make batches larger, leave out a last batch of one sample by `drop_last`, or freeze the running statistics";
            weight.blame("BatchNorm", &format!("{problem} {}\n  help: {help}", x.shape()));
        }
        let [mean, variance] = op.moments();
        let unbiased = T::of(n as f64 / (n - 1) as f64);
        let scale = running_mean.tell(weight, &mean);
        let scale = running_var.tell(&scale, &(variance * unbiased));
        op.apply([x, &scale, bias])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;
    use crate::{Dataset, Linear, Sequential, Sgd, Trainer, mse, update_statistics};
    use autograd::Rng;

    /// 33 samples leave a last batch of one.
    #[test]
    fn a_batch_of_one_is_told_with_the_layer_and_the_cure() {
        let rng = &mut Rng::seed(0);
        let data = Dataset::new(Tensor::normal([33, 4], 0.0, 1.0, rng), Tensor::zeros([33, 2])).unwrap();
        let mut net = Sequential::new().then(Linear::new(4, 2, rng)).then(BatchNorm::new(2));
        let trained =
            panic_of(|| Trainer::new(Sgd::new(0.1)).loss(mse).batch(32).fit(&mut net, &data, &data));
        let learnt = panic_of(|| update_statistics(&mut net, &data, 32, &mut Rng::seed(0)));
        for message in [trained, learnt] {
            let told =
                "BatchNorm `1`: in training each channel needs more than one element, found shape [1, 2]";
            assert!(message.contains(told) && message.contains("`drop_last`"), "{message}");
        }
        let fit = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(1).fit_batches(
            &mut net,
            |rng| data.batches(32).shuffle(rng).drop_last(),
            &data,
        );
        assert_eq!(fit.unwrap().epochs.len(), 1);
    }
}
