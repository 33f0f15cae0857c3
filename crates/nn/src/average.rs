//! Averages of weights over training: smoother than the last weights, and as a rule better on data that was not trained on.
//!
//! The average is no network of its own, but one number for each of the network's, kept under the parameter's path. To measure with it,
//! [`swap`](Average::swap) exchanges the two without a copy, and again back.
//!
//! # Statistics
//! Those of a batch normalisation are, unless `average_statistics` says otherwise, the network's last ones. Neither they nor their mean
//! are quite those of averaged weights, so after the swap [`update_statistics`] may work them out from data.

use crate::data::{Dataset, Samples};
use crate::files::Record;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::{Module, Path, must_have_own_paths};
use crate::optim::State;
use crate::param::Param;
use crate::train::{Callback, Control, EpochReport, InTraining, StepReport};
use autograd::{Rng, Scalar, Shape, update_each};

/// The mean of a network's weights over training: [`ema`](Self::ema) or [`swa`](Self::swa).
///
/// In a trainer it is a callback, lent by [`with_mut`](crate::Trainer::with_mut), and is updated after each step, or each epoch if `per_epoch` says so. A second
/// training of the network goes on with the mean of the first; another network wants an average of its own.
///
/// ```
/// use nn::{Average, Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut average = Average { warm_up: true, ..Average::ema(0.999) };
/// Trainer::new(Sgd::new(0.1)).loss(mse).with_mut(&mut average).fit(&mut net, &data, &data)?;
/// average.swap(&mut net); // `net` has the means, and `average` the last weights
/// # Ok::<(), nn::TrainError>(())
/// ```
///
/// In a loop of one's own it is updated by hand, and a copy of the network may have the means. What shows a
/// [checkpoint](crate::files::Checkpoints) the network shows it the means by [`average.remember(record)`](Callback::remember), under a name
/// of their own ([`Record::within`]).
///
/// ```
/// use nn::{Average, Param, Tensor};
/// let mut average = Average::ema(0.75);
/// let mut w = Param::new(Tensor::scalar(4.0_f32));
/// average.update(&w); // the weights themselves at first
/// w.update(|w| w[0] = 8.0);
/// average.update(&w);
/// let mut mean = w.clone();
/// average.copy_to(&mut mean);
/// assert_eq!((mean.item(), w.item()), (0.75 * 4.0 + 0.25 * 8.0, 8.0));
/// ```
#[doc(alias("AveragedModel", "swa_utils"))]
#[derive(Clone, Debug)]
pub struct Average<T: Scalar = f32> {
    /// How much of the mean each update keeps, from 0 to 1; if `None`, all weights count equally.
    pub decay: Option<f64>,
    /// Whether less is kept at first: `min(decay, (1 + t) / (10 + t))` at the `t`-th update after the first.
    pub warm_up: bool,
    /// How many updates are left out at first.
    pub start: u64,
    /// Whether a trainer updates it after each epoch, and not after each step.
    pub per_epoch: bool,
    /// Whether statistics are averaged as weights are; if not, they are copied.
    pub average_statistics: bool,
    /// How many updates there were, with those that were left out.
    pub seen: u64,
    /// The number of weights in the mean, and the means.
    pub state: State<T>,
    /// Whether a network has the means at the moment, and this has its weights.
    pub is_swapped: bool,
}

impl<T: Scalar> Average<T> {
    /// A mean that forgets, `mean = decay mean + (1 - decay) weights`, and is the weights themselves at first. 0.999 to 0.9999 are usual.
    ///
    /// Source: B. T. Polyak and A. B. Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992, with exponential weights. As
    /// PyTorch's `AveragedModel` with `get_ema_multi_avg_fn`; `average_statistics` is its `use_buffers`.
    ///
    /// # Panics
    /// If the decay is not from 0 to 1.
    #[track_caller]
    pub fn ema(decay: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&decay),
            "Average: expected a decay from 0 to 1, found {decay}\n  help: it is the share of the mean that is kept; 0.999 is usual"
        );
        Average { decay: Some(decay), ..Self::swa() }
    }

    /// The equal mean of all weights: stochastic weight averaging. Begin late, as with `start`, and with a learning rate that stays large,
    /// so that the weights move about the minimum.
    ///
    /// Source: P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov and A. G. Wilson, "Averaging Weights Leads to Wider Optima and Better
    /// Generalization", 2018.
    ///
    /// ```
    /// use nn::{Average, Param, Tensor};
    /// let mut swa = Average { start: 1, ..Average::swa() };
    /// let mut w = Param::new(Tensor::scalar(0.0_f32));
    /// for value in [7.0, 1.0, 2.0, 6.0] {
    ///     w.update(|w| w[0] = value);
    ///     swa.update(&w); // not the first
    /// }
    /// swa.swap(&mut w);
    /// assert_eq!(w.item(), 3.0);
    /// ```
    pub fn swa() -> Self {
        Average {
            decay: None,
            warm_up: false,
            start: 0,
            per_epoch: false,
            average_statistics: false,
            seen: 0,
            state: State::default(),
            is_swapped: false,
        }
    }

    /// Takes the weights into the mean, unless they are among those that are left out.
    ///
    /// # Panics
    /// If the means are swapped, a parameter has another shape than before, or two have one path.
    #[track_caller]
    pub fn update(&mut self, module: &dyn Module<T>) {
        self.must_be_home("update");
        self.seen += 1;
        if self.seen <= self.start {
            return;
        }
        let t = self.state.steps() as f64;
        let share = match self.decay {
            None => 1.0 / (t + 1.0),
            Some(decay) if self.warm_up => 1.0 - decay.min((1.0 + t) / (10.0 + t)),
            Some(decay) => 1.0 - decay,
        };
        blend(&mut self.state, module, share, self.average_statistics);
    }

    /// Exchanges the means and the parameters of the network, statistics among them, with no copy; a second time, back.
    ///
    /// # Panics
    /// If there is no mean yet, or it is one of another network.
    #[track_caller]
    pub fn swap(&mut self, module: &mut dyn Module<T>) {
        for_each(&mut self.state, "swap", module, |param, mean| param.update(|w| w.swap_with_slice(mean)));
        self.is_swapped = !self.is_swapped;
    }

    /// Sets the parameters of a network, as of a clone, to the means, which stay here.
    ///
    /// # Panics
    /// As [`swap`](Self::swap), or if the means are swapped.
    #[track_caller]
    pub fn copy_to(&mut self, module: &mut dyn Module<T>) {
        self.must_be_home("copy_to");
        for_each(&mut self.state, "copy_to", module, |param, mean| param.update(|w| w.copy_from_slice(mean)));
    }

    /// Shows all that is remembered; gives the parameters of which there are means.
    fn show(&mut self, record: &mut Record<'_, T>) -> Vec<(String, Shape)> {
        record.count("seen", &mut self.seen);
        let has_mean = record.found("steps").is_some_and(|steps: u64| steps > 0);
        let is_swapped = &mut self.is_swapped;
        record.value_that("is_swapped", is_swapped, "no swap without a mean", |is_swapped| {
            !is_swapped || has_mean
        });
        record.state(&["mean"], &mut self.state)
    }

    #[track_caller]
    fn must_be_home(&self, what: &str) {
        assert!(
            !self.is_swapped,
            "{what}: a network has the means, and the average its weights, since `swap`\n  help: swap them back first"
        );
    }
}

impl<T: Scalar> Callback<T> for Average<T> {
    fn on_step(&mut self, _: &StepReport, training: &mut InTraining<'_, T>) -> Control {
        if !self.per_epoch {
            self.update(training.module);
        }
        Control::Continue
    }
    fn on_epoch(&mut self, _: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        if self.per_epoch {
            self.update(training.module);
        }
        Control::Continue
    }
    fn remember(&mut self, record: &mut Record<'_, T>) {
        self.show(record);
    }
    fn remember_in(&mut self, record: &mut Record<'_, T>, training: &mut InTraining<'_, T>) {
        let found = self.show(record);
        if record.found("steps").is_some_and(|steps: u64| steps > 0) {
            record.must_be_of("parameters", &found, training.module);
        }
    }
}

/// Moves the means by this share of the way to the weights.
#[track_caller]
fn blend<T: Scalar>(state: &mut State<T>, module: &dyn Module<T>, share: f64, statistics: bool) {
    if state.steps == 0 {
        must_have_own_paths("update", module);
    }
    let (share, mut place) = (T::of(share), 0);
    let mut path = std::mem::take(&mut state.path);
    module.visit(&mut path, &mut |path, param| {
        let slot = state.slot("update", place, path.as_str(), param.shape());
        let now = param.array().view().contiguous();
        match slot.values.first_mut() {
            None => slot.values.push(now.to_vec()),
            Some(mean) if param.is_statistic() && !statistics => mean.copy_from_slice(&now),
            Some(mean) => update_each(mean, &now, [], |mean, now, []| (mean + share * (now - mean), [])),
        }
        place += 1;
    });
    state.path = path;
    state.steps += 1;
}

/// Does something with each parameter and its mean.
#[track_caller]
fn for_each<T: Scalar>(
    state: &mut State<T>,
    what: &str,
    module: &mut dyn Module<T>,
    mut each: impl FnMut(&mut Param<T>, &mut [T]),
) {
    assert!(
        state.steps() > 0,
        "{what}: the average has seen no weights yet\n  help: `update` it after steps, or train with it as a callback"
    );
    // First a look at all, so that no network is left with half of them.
    let mut unknown = None;
    let mut place = 0;
    module.visit(&mut Path::default(), &mut |path, param| {
        if state.find(place, path.as_str()).is_none_or(|i| state.slots[i].values[0].len() != param.size()) {
            unknown.get_or_insert_with(|| format!("`{path}` of shape {}", param.shape()));
        }
        place += 1;
    });
    let unknown = unknown.or_else(|| (place != state.slots.len()).then(|| "fewer parameters".to_owned()));
    if let Some(unknown) = unknown {
        panic!(
            "{what}: the network has {unknown}, unlike the one that was averaged\n  help: use an average of this network"
        );
    }
    place = 0;
    module.visit_mut(&mut Path::default(), &mut |path, param| {
        if let Some(i) = state.find(place, path.as_str()) {
            each(param, &mut state.slots[i].values[0]);
        }
        place += 1;
    });
}

/// Works out all statistics of a network anew, as the mean of what its layers tell of each batch in training. Nothing else of it
/// changes. Gives the number of statistics that were told something.
///
/// For averaged weights, whose statistics nobody has seen: PyTorch's `update_bn`. A layer tells by way of gradients, so it takes as long as
/// training for an epoch.
///
/// ```
/// use nn::{BatchNorm, Dataset, Rng, Tensor, update_statistics};
/// let data = Dataset::new(Tensor::from([[1.0_f32], [3.0], [5.0], [7.0]]), vec![0; 4]).unwrap();
/// let mut norm = BatchNorm::new(1);
/// assert_eq!(update_statistics(&mut norm, &data, 2, &mut Rng::seed(0)), 2);
/// assert_eq!((norm.running_mean.item(), norm.running_var.item()), (4.0, 2.0));
/// ```
///
/// # Panics
/// If the inputs do not fit the network, or `batch` is 0; also if the last batch is of one sample where a
/// [`BatchNorm`](crate::BatchNorm) needs more.
#[doc(alias = "update_bn")]
#[track_caller]
pub fn update_statistics<T: Scalar, X: Samples, Y: Samples>(
    net: &mut impl Layer<T, X>,
    data: &Dataset<X, Y>,
    batch: usize,
    rng: &mut Rng,
) -> usize {
    let mut found = 0;
    for (i, batch) in (1_u32..).zip(data.batches(batch)) {
        let outputs = net.forward(&batch.x, &mut Mode::train(rng));
        if !outputs.is_tracked() {
            return 0;
        }
        let (grads, mut told) = (outputs.sum().backward(), 0);
        net.visit_mut(&mut Path::default(), &mut |_, param| {
            told += usize::from(param.learn(&grads, Some(f64::from(i).recip())));
        });
        found = found.max(told);
    }
    found
}
