//! Training under a budget of memory: as few parts of a batch as keep within it, measured from outside; the same step, and the same bits
//! when it goes on from a checkpoint.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert::prelude::*;
use wengert::{BatchNorm, Callback, InTraining, PeakBytes, StepReport, TrainError};

const BATCH: usize = 120;

/// A network that notes how many samples go through it in training.
#[derive(Module)]
struct Counted {
    net: Sequential,
    #[module(skip)]
    samples: Mutex<Vec<usize>>,
    /// The most that went through it in evaluation.
    #[module(skip)]
    evaluated: AtomicUsize,
}

impl Counted {
    /// The sizes of the parts of the last step in training, with a batch of so many.
    fn last_cut(&self, batch: usize) -> Vec<usize> {
        let (mut parts, mut left) = (Vec::new(), batch);
        for &samples in self.samples.lock().unwrap().iter().rev() {
            if left == 0 {
                break;
            }
            parts.insert(0, samples);
            left -= samples;
        }
        parts
    }
}

impl Layer<f32> for Counted {
    fn forward(&self, x: &Tensor, mode: &mut Mode<'_>) -> Tensor {
        if mode.is_train() {
            self.samples.lock().unwrap().push(x.dims()[0]);
        } else {
            self.evaluated.fetch_max(x.dims()[0], Ordering::Relaxed);
        }
        self.net.forward(x, mode)
    }
}

/// Few weights, and many activations.
fn network(has_norm: bool) -> Counted {
    let rng = &mut Rng::seed(1);
    let mut net = Sequential::new().then(Linear::new(64, 96, rng));
    if has_norm {
        net = net.then(BatchNorm::new(96)).then(Dropout::new(0.2));
    }
    for _ in 0..4 {
        net = net.then(Activation::Tanh).then(Activation::Relu);
    }
    Counted {
        net: net.then(Linear::new(96, 10, rng)),
        samples: Mutex::default(),
        evaluated: AtomicUsize::new(0),
    }
}

fn data(samples: usize) -> Dataset<Tensor, Vec<usize>> {
    digits().take(samples)
}

fn bytes_of(net: &impl Module) -> usize {
    net.parameters().iter().map(|(_, param)| 4 * param.size()).sum()
}

/// What a step takes whose batch is cut into so many parts, by a loop by hand.
fn by_hand(count: usize) -> usize {
    let (net, data) = (network(false), data(BATCH));
    let parts: Vec<_> = data.batches(BATCH.div_ceil(count)).collect();
    let peak = PeakBytes::new();
    let mut sum = Gradients::default();
    for part in &parts {
        let loss = cross_entropy(&net.forward(&part.x, &mut Mode::train(&mut Rng::seed(0))), &part.y) * 0.5;
        sum += loss.backward();
    }
    peak.bytes() + bytes_of(&net)
}

/// The sizes of the parts of the last step of an epoch with this budget.
fn cut(bytes: usize) -> Result<Vec<usize>, TrainError> {
    let (mut net, data) = (network(false), data(BATCH));
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy).epochs(1).batch(BATCH);
    trainer = trainer.memory_budget(bytes);
    trainer.fit(&mut net, &data, &data)?;
    Ok(net.last_cut(BATCH))
}

#[test]
fn a_batch_is_cut_into_as_few_parts_as_keep_within() {
    let counts = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15];
    let takes = counts.map(by_hand);
    for ((count, takes), before) in counts.into_iter().zip(takes).zip([usize::MAX].into_iter().chain(takes)) {
        assert!(takes < before, "{count} parts take {takes}, fewer take {before}");
        assert_eq!(cut(takes).unwrap(), vec![BATCH / count; count], "with {takes} bytes");
    }
    // A byte less, and there is one part more; between the counts above there are others.
    for (count, takes) in [(2, takes[0] - 1), (3, takes[1] - 1), (4, takes[2] - 1), (5, takes[3] - 1)] {
        assert_eq!(cut(takes).unwrap(), vec![BATCH / count; count], "with {takes} bytes");
    }
    let (least, net) = (by_hand(BATCH), network(false));
    let error = cut(least - 1).unwrap_err();
    let weights = bytes_of(&net);
    assert_eq!(error, TrainError::MemoryBudget { bytes: least - 1, weights, samples: 1, needed: least });
    let text = error.to_string();
    assert!(
        text.contains(&format!("{least}, of which parameters {weights}")) && text.contains("help: "),
        "{text}"
    );
    let error = cut(weights - 1).unwrap_err();
    assert_eq!(error, TrainError::MemoryBudget { bytes: weights - 1, weights, samples: 0, needed: weights });
}

/// A whole training holds no more than its budget beside the data, and tests in parts as well.
#[test]
fn a_training_keeps_within_its_budget() {
    let (train, test) = (data(4 * BATCH), data(4 * BATCH));
    let held = |bytes: Option<usize>| {
        let mut net = network(true);
        let mut trainer = Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(2).batch(2 * BATCH);
        if let Some(bytes) = bytes {
            trainer = trainer.memory_budget(bytes);
        }
        let weights = bytes_of(&net);
        let peak = PeakBytes::new();
        trainer.fit(&mut net, &train, &test).unwrap();
        let cut = net.last_cut(2 * BATCH);
        assert!(net.evaluated.into_inner() <= cut[0], "{cut:?}");
        peak.bytes() + weights
    };
    let data = 4 * 64 * 2 * BATCH;
    let whole = held(None);
    for bytes in [whole * 3 / 4, whole * 2 / 3] {
        let held = held(Some(bytes));
        // Beside it there are the batch, and its part.
        assert!(held <= bytes + 2 * data, "{held} of {bytes}, {whole} without a budget");
        assert!(held > bytes / 2);
    }
}

#[test]
fn the_step_is_that_of_the_whole_batch() {
    let weights = |bytes: usize| {
        let (mut net, data) = (network(false), data(2 * BATCH + 17));
        let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy).epochs(2).batch(BATCH);
        trainer = trainer.memory_budget(bytes);
        trainer.fit(&mut net, &data, &data).unwrap();
        let parts = net.samples.lock().unwrap().len();
        (net.parameters().into_iter().flat_map(|(_, param)| param.to_vec()).collect::<Vec<_>>(), parts)
    };
    let (whole, _) = weights(usize::MAX);
    let (cut, parts) = weights(by_hand(4));
    assert!(parts >= 2 * (4 + 4 + 1), "{parts} passes");
    assert!(cut != whole, "it was cut, so bits differ");
    let off = cut.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < 1e-5, "{off}");
}

/// Ends training after so many steps.
struct StopAfter(usize);

impl Callback for StopAfter {
    fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
        self.0 -= 1;
        if self.0 == 0 { Control::Stop } else { Control::Continue }
    }
}

/// The same seed and budget give the same bits, in one go and in pieces; the passes that find the cut change neither random numbers nor
/// statistics.
#[test]
fn training_goes_on_to_the_same_bits() {
    let folder = std::env::temp_dir().join(format!("wengert-budget-{}", std::process::id()));
    let (train, test) = (data(120), data(40));
    let trained = |budget: Option<usize>, micro: Option<usize>, steps: Option<usize>| loop {
        let mut net = network(true);
        let mut trainer = Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(2).batch(40);
        if let Some(bytes) = budget {
            trainer = trainer.memory_budget(bytes);
        }
        if let Some(samples) = micro {
            trainer = trainer.micro_batch(samples);
        }
        if let Some(steps) = steps {
            trainer = trainer.with(StopAfter(steps)).checkpoint(Checkpoints::new(&folder).resume());
        }
        let report = trainer.fit(&mut net, &train, &test).unwrap();
        if report.epochs.len() == 2 {
            let bits: Vec<u32> =
                net.parameters().into_iter().flat_map(|(_, p)| p.to_vec()).map(f32::to_bits).collect();
            break (bits, net.last_cut(40).first().copied());
        }
    };
    let budget = Some(by_hand(12));
    let (expected, samples) = trained(budget, None, None);
    assert!(samples.is_some_and(|samples| samples < 40), "it is cut");
    assert!(trained(budget, None, None).0 == expected);
    for steps in [1, 2] {
        assert!(trained(budget, None, Some(steps)).0 == expected, "in pieces of {steps}");
        fs::remove_dir_all(&folder).unwrap();
    }
    // As with parts of that size from the beginning: what found them has left nothing.
    assert!(trained(None, samples, None).0 == expected);
}
