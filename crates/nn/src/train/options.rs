//! What a trainer may be told, a method each.

#[cfg(feature = "progress")]
use super::Progress;
use super::budget::Budget;
use super::callback::Lent;
use super::measure::must_be_a_name;
use super::{Callback, Trainer};
use crate::clip::clip_norm;
use crate::diagnose::Diagnosis;
use crate::files::Checkpoints;
use crate::module::Module;
use autograd::{Gradients, Rng, Scalar, Tensor};

impl<'a, O, L, Y, T: Scalar> Trainer<'a, O, L, Y, T> {
    /// How often every sample is shown.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// How many samples make a batch; the last may have fewer. One of a single sample, as of 33 by 32, makes a
    /// [`BatchNorm`](crate::BatchNorm) panic whose channels have one element each: [`fit_batches`](Self::fit_batches) with
    /// [`drop_last`](crate::Batches::drop_last) leaves it out.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn batch(mut self, batch: usize) -> Self {
        assert!(
            batch > 0,
            "batch: expected a size of at least 1, found 0\n  help: 32 is usual; `.batch(train.len())` makes one batch of all samples"
        );
        self.settings.batch = batch;
        self
    }

    /// Has the batches of [`fit`](Self::fit) worked out ahead by so many threads, where that takes long: the same batches for any number.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::arange(8).unsqueeze(1), Tensor::ones([8, 1])).unwrap();
    /// let report = |workers| {
    ///     let mut net = Linear::new(1, 1, &mut Rng::seed(0));
    ///     Trainer::new(Sgd::new(0.001)).loss(mse).batch(2).epochs(1).workers(workers).fit(&mut net, &data, &data)
    /// };
    /// assert_eq!(report(2)?.epochs[0].train_loss, report(0)?.epochs[0].train_loss);
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// At most so many samples of a batch go through the network at once, which bounds the memory of a step; the gradients of these small
    /// batches, which are as few and as equal as can be, are added up, so that the step is that of the whole batch.
    ///
    /// The loss of a small batch counts by its share of the samples. So it is the same step, up to rounding, where the loss is the mean over
    /// samples, as usual. Where it is a mean over something else, such as the words of sentences of many lengths, labels with weights or
    /// those that are not left out, it is a mean of the small batches' means; of a loss that is a sum, the step is of one small batch's size.
    /// What looks at a batch as a whole, such as batch normalisation, sees the small one.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::arange(8).unsqueeze(1), Tensor::ones([8, 1])).unwrap();
    /// let weight = |samples| {
    ///     let mut net = Linear::new(1, 1, &mut Rng::seed(0));
    ///     let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse).batch(8).epochs(1).micro_batch(samples);
    ///     trainer.fit(&mut net, &data, &data).map(|_| net.weight.item())
    /// };
    /// assert!((weight(2)? - weight(8)?).abs() < 1e-6); // the same step, with a quarter of the activations in memory
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn micro_batch(mut self, samples: usize) -> Self {
        assert!(
            samples > 0,
            "micro_batch: expected at least one sample, found 0\n  help: leave it out to take whole batches"
        );
        self.settings.micro_batch = Some(samples);
        self
    }

    /// Keeps a step within so many bytes: a batch that would take more is cut into as few small batches as keep within them, whose
    /// gradients are added up, as with [`micro_batch`](Self::micro_batch), where it says what is the same step then.
    ///
    /// Counted is what the forward and the backward pass hold at once, in tensors: parameters, activations, gradients and their sum. Not
    /// counted are data, what the optimizer remembers and does, and what [`diagnose_every`](Self::diagnose_every) keeps in the steps it
    /// looks at. The bytes are measured and not guessed: before the first step, passes over parts of the first batch, which change
    /// nothing, find the cut. They begin with one sample, or with three if the network has running statistics, since one has no
    /// variance, so network and loss have to work for so few. No size is tried that would surely be too large; what is tried takes more
    /// than the budget, and less than twice of it as a rule, only if memory grows faster with many samples than with few.
    /// All batches are cut by what the first one took, so samples should be of one shape. Test data go through the network in parts of
    /// that size, too.
    ///
    /// The same seed, data, network and budget give the same cut and the same bits, and a checkpoint keeps the cut for training that goes
    /// on with the same budget. [`PeakBytes`](crate::PeakBytes) measures what a program takes.
    ///
    /// ```
    /// use nn::{Activation, Adam, Mlp, Rng, TrainError, Trainer, cross_entropy, data::digits};
    /// let (train, test) = digits().take(600).split(0.8, &mut Rng::seed(0));
    /// let net = || Mlp::new(&[64, 32, 10], Activation::Relu, &mut Rng::seed(0));
    /// let trainer = || Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(1).batch(480);
    /// // As few parts of each batch as keep within 100 kB.
    /// trainer().memory_budget(100_000).fit(&mut net(), &train, &test)?;
    ///
    /// let error = trainer().memory_budget(10_000).fit(&mut net(), &train, &test).unwrap_err();
    /// assert_eq!(error, TrainError::MemoryBudget { bytes: 10_000, weights: 9640, samples: 1, needed: 29_224 });
    /// # Ok::<(), TrainError>(())
    /// ```
    ///
    /// `fit` gives [`TrainError::MemoryBudget`](crate::TrainError::MemoryBudget) if not even so few keep within the budget.
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.settings.budget = Some(Budget { bytes, samples: None });
        self
    }

    /// What the samples are called that are measured after every epoch, in progress, logs and pages: `"test"`, unless it is said
    /// otherwise. Samples by which an epoch is chosen, as [`stop_early`](Self::stop_early) does, are better no test.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let (train, validation) = data.split(0.75, &mut Rng::seed(0));
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(1).measured_on("validation");
    /// let report = trainer.fit(&mut net, &train, &validation)?;
    /// assert!(report.epochs[0].to_string().contains("  validation loss "));
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    ///
    /// # Panics
    /// If the name is empty, has a control character, or is `"train"`, `"training"` or `"step"`, as losses of training are called.
    #[track_caller]
    pub fn measured_on(mut self, name: &'static str) -> Self {
        assert!(
            !["train", "training", "step"].contains(&name),
            "measured_on: {name:?} is what losses of training are called\n  help: \"validation\" and \"test\" are usual"
        );
        self.settings.measured_on = must_be_a_name("measured_on", name);
        self
    }

    /// The seed of the order of samples and of everything random in the network. The same seed, data and network give
    /// the same bits.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.rng = Rng::seed(seed);
        self
    }

    /// Adds a penalty on the parameters to the loss of every step, such as `|net| l2(net, 1e-4)`. Reports do not include
    /// it.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, l2, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// Trainer::new(Sgd::new(0.1)).loss(mse).penalty(|net| l2(net, 1e-4)).fit(&mut net, &data, &data)?;
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn penalty(mut self, penalty: impl Fn(&dyn Module<T>) -> Tensor<T> + 'a) -> Self {
        self.settings.penalties.push(Box::new(penalty));
        self
    }

    /// Changes the gradients of every step before it is made, such as `|net, grads| clip_value(net, grads, 1.0)`.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, clip_value, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let before = net.weight.to_vec();
    /// let trainer = Trainer::new(Sgd::new(1.0)).loss(mse).epochs(1); // one step
    /// trainer.gradients(|net, grads| clip_value(net, grads, 0.01)).fit(&mut net, &data, &data)?;
    /// assert!(net.weight.to_vec().iter().zip(before).all(|(after, before)| (after - before).abs() < 0.0101));
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn gradients(mut self, change: impl Fn(&dyn Module<T>, &mut Gradients<T>) + 'a) -> Self {
        self.settings.changes.push(Box::new(change));
        self
    }

    /// Scales the gradients of every step so that their norm together is at most `most`: [`clip_norm`].
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let before = net.weight.detach();
    /// Trainer::new(Sgd::new(1.0)).loss(mse).epochs(1).clip_norm(0.01).fit(&mut net, &data, &data)?; // one step
    /// assert!((&*net.weight - before).norm(2.0).item() < 0.0101);
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    #[track_caller]
    pub fn clip_norm(self, most: f64) -> Self {
        self.gradients(move |net, grads| {
            clip_norm(net, grads, most);
        })
    }

    /// Looks at what the layers give and at their gradients with the first step and every so many steps, and hands that to `tell`, with the
    /// number of the step, to be printed, and to all callbacks: [`TensorBoard`](crate::TensorBoard) writes it as curves, and
    /// [`LayerHistory`](crate::LayerHistory) keeps it for the page about the training. See [`diagnose`](crate::diagnose()). The training is
    /// the same to the bit; of small batches whose gradients add up, it is the first.
    ///
    /// ```
    /// use nn::{Activation, Adam, Mlp, Rng, Trainer, cross_entropy, data::digits};
    /// let (train, test) = digits().split(0.2, &mut Rng::seed(0));
    /// let mut net = Mlp::new(&[64, 32, 10], Activation::Relu, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(1).diagnose_every(10, |step, diagnosis| {
    ///     diagnosis.troubled().for_each(|layer| println!("step {step}, {}: {:?}", layer.path, layer.troubles));
    /// });
    /// trainer.fit(&mut net, &train, &test)?;
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    ///
    /// # Panics
    /// If `steps` is 0.
    #[track_caller]
    pub fn diagnose_every(mut self, steps: usize, tell: impl FnMut(usize, &Diagnosis) + 'a) -> Self {
        assert!(steps > 0, "diagnose_every: expected at least 1 step, found 0\n  help: 100 is usual");
        self.settings.diagnoses = Some((steps, Box::new(tell)));
        self
    }

    /// Adds a callback: it is told of every step and epoch, and can end the training.
    ///
    /// ```
    /// use nn::{Control, Dataset, EpochReport, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let two = |epoch: &EpochReport| if epoch.epoch == 2 { Control::Stop } else { Control::Continue };
    /// let report = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(100).with(two).fit(&mut net, &data, &data)?;
    /// assert_eq!(report.epochs.len(), 2);
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn with(mut self, callback: impl Callback<T> + 'a) -> Self {
        self.settings.callbacks.push(Box::new(callback));
        self
    }

    /// As [`with`](Self::with), for a callback that is wanted again when the training is over.
    ///
    /// ```
    /// use nn::{Dataset, EarlyStop, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut early = EarlyStop::new(3);
    /// let report = Trainer::new(Sgd::new(0.1)).loss(mse).with_mut(&mut early).fit(&mut net, &data, &data)?;
    /// assert_eq!(early.state.best(), report.last().map(|epoch| epoch.test_loss));
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn with_mut(self, callback: &'a mut (impl Callback<T> + 'a)) -> Self {
        self.with(Lent(callback))
    }

    /// Writes checkpoints: the folder, or how and how often, as [`Checkpoints`] says. One is written after each epoch, when training is
    /// stopped, and as often as asked for.
    ///
    /// What is in them: the network, what the optimizer and the callbacks remember, the learning rate, the random numbers, and the
    /// place in the data. They are of one call of `fit`; for a second, take another folder. Training that goes on from one, with the same program and data, ends with the same bits as if it had never
    /// been interrupted.
    ///
    /// So the learning rate and the random numbers are those of the checkpoint, whatever rate and seed the program has by then. Another network, optimizer, batch, number of samples or list of
    /// callbacks is an error; what is in the samples is not looked at: split them by a seed of their own.
    ///
    /// ```
    /// use nn::files::Checkpoints;
    /// use nn::{Dataset, Linear, Rng, Adam, Tensor, Trainer, mse};
    /// # let folder = std::env::temp_dir().join(format!("wengert-trainer-doc-{}", std::process::id()));
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let train = |epochs| {
    ///     let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    ///     let checkpoints = Checkpoints::new(&folder).resume();
    ///     let mut trainer = Trainer::new(Adam::new(0.1)).loss(mse).epochs(epochs).checkpoint(checkpoints);
    ///     trainer.fit(&mut net, &data, &data)
    /// };
    /// train(3)?; // as if the process had died here
    /// let report = train(5)?;
    /// assert!(report.resumed.is_some() && report.epochs.len() == 5);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn checkpoint(mut self, checkpoints: impl Into<Checkpoints>) -> Self {
        self.settings.checkpoints = Some(Box::new(checkpoints.into()));
        self
    }

    /// Shows progress: a live bar where standard error is a terminal, a line for each epoch where it is not.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).progress().fit(&mut net, &data, &data)?;
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    #[cfg(feature = "progress")]
    pub fn progress(self) -> Self {
        self.with(Progress::new())
    }

    /// The optimizer, with all it remembers.
    ///
    /// ```
    /// use nn::{Adam, Dataset, Linear, Rng, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Adam::new(0.1)).loss(mse).batch(4).epochs(3);
    /// trainer.fit(&mut net, &data, &data)?;
    /// assert_eq!(trainer.optimizer().state.steps(), 3 * 2);
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    pub fn optimizer(&self) -> &O {
        &self.optimizer
    }
}
