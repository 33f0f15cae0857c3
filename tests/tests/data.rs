//! Data that is augmented, sampled and fetched ahead, in loops by hand and in the trainer: the same bits, also after an interruption.

use std::path::Path;
use tests::resumable::bits;
use wengert::data::{Affine, Augmentation, Elastic, Mixup, Noise, Scaler, Swap};
use wengert::files::Checkpoints;
use wengert::prelude::*;
use wengert::{Batches, soft_cross_entropy};

const EPOCHS: usize = 3;

fn images() -> (Dataset, Dataset) {
    let images = digits().take(150).map(|x, y| (x.reshape([150, 1, 8, 8]), y.clone())).unwrap();
    images.split_stratified(0.7, &mut Rng::seed(3))
}

/// Shuffled or balanced by turns, changed in every way, and worked out by so many threads.
fn batches(train: &Dataset, rng: &mut Rng, workers: usize) -> Batches {
    let augmentation = Augmentation::new()
        .then(Affine::new().rotate(-10.0..=10.0).shift(-1.0..=1.0))
        .sometimes(0.5, Elastic::new(4.0, 2.0))
        .then(Noise::new(0.05));
    let batches = train.batches(16);
    let batches = if rng.below(2) == 0 { batches.shuffle(rng) } else { batches.balanced(rng) };
    batches.augment(&augmentation, rng).workers(workers)
}

fn network() -> Sequential {
    let mut rng = Rng::seed(1);
    Sequential::new()
        .then(Flatten)
        .then(Linear::new(64, 16, &mut rng))
        .then(Activation::Relu)
        .then(Linear::new(16, 10, &mut rng))
}

fn by_hand(workers: usize) -> Vec<u32> {
    let (train, _) = images();
    let (mut net, mut adam, mut rng) = (network(), Adam::new(1e-2), Rng::seed(0));
    for _ in 0..EPOCHS {
        for batch in batches(&train, &mut rng, workers) {
            let loss = net.forward(&batch.x, &mut Mode::train(&mut rng)).cross_entropy(&batch.y);
            adam.step(&mut net, &loss.backward());
        }
    }
    bits(&net)
}

/// Ends training after a step.
struct StopAfter(usize);

impl Callback for StopAfter {
    fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
        self.0 -= 1;
        if self.0 == 0 { Control::Stop } else { Control::Continue }
    }
}

fn by_trainer(workers: usize, pieces: Option<(usize, &Path)>) -> Vec<u32> {
    let (train, test) = images();
    for _ in 0..100 {
        let mut net = network();
        let mut trainer = Trainer::new(Adam::new(1e-2)).loss(cross_entropy).epochs(EPOCHS);
        if let Some((steps, folder)) = pieces {
            trainer = trainer.with(StopAfter(steps)).checkpoint(Checkpoints::new(folder).resume());
        }
        let report = trainer.fit_batches(&mut net, |rng| batches(&train, rng, workers), &test).unwrap();
        if report.epochs.len() == EPOCHS {
            return bits(&net);
        }
    }
    panic!("a hundred pieces are not enough");
}

#[test]
fn workers_change_no_bit_of_what_is_learned() {
    let expected = by_hand(0);
    for workers in 0..4 {
        assert!(by_hand(workers) == expected, "a loop by hand, {workers} workers");
        assert!(by_trainer(workers, None) == expected, "the trainer, {workers} workers");
    }
}

#[test]
fn training_goes_on_in_the_middle_of_an_epoch() {
    let expected = by_hand(0);
    for (steps, workers) in [(1, 0), (3, 2), (5, 1)] {
        let folder = std::env::temp_dir().join(format!("wengert-data-{}-{steps}", std::process::id()));
        let weights = by_trainer(workers, Some((steps, &folder)));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(weights == expected, "in pieces of {steps} steps, with {workers} workers");
    }
}

/// A target that is a sum of two columns, on a scale of its own: told within a hundredth of its deviation, in its own units.
#[test]
fn a_table_is_scaled_by_its_training_part_and_told_in_its_own_units() {
    let mut rng = Rng::seed(0);
    let x = Tensor::<f32>::normal([300, 2], 100.0, 30.0, &mut rng);
    let y = x.matmul(&Tensor::from([[2000.0_f32], [-500.0]])) + 1e6;
    let (train, test) = Dataset::new(x, y).unwrap().split(0.8, &mut rng);
    let (inputs, targets) =
        (Scaler::standardize(train.x()).unwrap(), Scaler::standardize(train.y()).unwrap());
    let scaled = |x: &Tensor, y: &Tensor| (inputs.apply(x), targets.apply(y));
    let (train, scaled_test) = (train.map(scaled).unwrap(), test.map(scaled).unwrap());
    let mut net = Linear::new(2, 1, &mut rng);
    Trainer::new(Adam::new(0.02)).loss(mse).epochs(60).fit(&mut net, &train, &scaled_test).unwrap();
    let told = targets.inverse(&net.predict(scaled_test.x()));
    let error = (told - test.y()).abs().max().item();
    assert!(error < 0.01 * targets.scale().item(), "{error} beside {}", targets.scale());
}

/// Samples that are mixed, or have cells of others, are learned from; what is measured is not mixed.
#[test]
fn mixed_samples_are_learned_from() {
    let mut rng = Rng::seed(0);
    let (train, test) = digits().one_hot(10).unwrap().split(0.8, &mut rng);
    let mut net = Mlp::new(&[64, 32, 10], Activation::Relu, &mut rng);
    let (mixup, swap) = (Mixup::new(0.2), Swap::new(0.1, train.x()));
    let report = Trainer::new(Adam::new(5e-3))
        .loss(soft_cross_entropy)
        .epochs(12)
        .fit_batches(
            &mut net,
            |rng| {
                let batches = train.batches(32).shuffle(rng).augment(&swap, rng);
                batches.map_batch(move |batch, rng| mixup.apply(batch, rng), rng).workers(1)
            },
            &test,
        )
        .unwrap();
    let labels = test.y().argmax(1).to_vec();
    let right = accuracy(&net.predict(test.x()), &labels);
    assert!(right > 0.94, "{right} after {:?}", report.last());
}
