//! A second training by the same trainer begins anew, in all but what the optimizer remembers; unless a checkpoint is resumed.

use std::cell::RefCell;
use tests::messages::panic_of;
use wengert::files::Checkpoints;
use wengert::prelude::*;
use wengert::{Callback, EarlyStop, Goal, InTraining, Plan, Plateau, SpikeGuard, StepReport};

/// `y = 2 x`, of two samples.
fn doubled() -> Dataset<Tensor, Tensor> {
    Dataset::new(Tensor::from([[1.0], [2.0]]), Tensor::from([[2.0], [4.0]])).unwrap()
}

/// A layer whose loss on [`doubled`] is 2.5 times the square of what its weight is off by.
fn layer(weight: f32) -> Linear {
    let mut net = Linear::new(1, 1, &mut Rng::seed(0)).without_bias();
    net.weight.update(|w| w[0] = weight);
    net
}

/// Writes down the rate at the beginning and after each step.
struct Rates<'a>(&'a RefCell<Vec<f64>>);

impl Callback for Rates<'_> {
    fn on_start(&mut self, _: &Plan, training: &mut InTraining) {
        self.0.borrow_mut().push(training.optimizer.lr());
    }
    fn on_epoch(&mut self, _: &EpochReport, training: &mut InTraining) -> Control {
        self.0.borrow_mut().push(training.optimizer.lr());
        Control::Continue
    }
}

/// The first training comes near; the second begins far away, so that no epoch of it is as good as the best of the first.
#[test]
fn early_stopping_gives_a_second_network_nothing_of_the_first() {
    let data = doubled();
    let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse).epochs(5).batch(2).stop_early(3);
    trainer.fit(&mut layer(1.9), &data, &data).unwrap();
    let mut second = layer(-50.0);
    let report = trainer.fit(&mut second, &data, &data).unwrap();
    assert_eq!(report.epochs.len(), 5, "each of its epochs is better than the one before");
    // A step of rate 0.01 takes away a twentieth of the error: the loss of a weight w is 2.5 (w - 2)².
    let expected = 2.0 - 52.0 * 0.95_f64.powi(5);
    assert!(
        (f64::from(second.weight.item()) - expected).abs() < 1e-3,
        "{} for {expected}",
        second.weight.item()
    );
}

/// Half a cosine from 0.01 over four epochs, twice: its shares are 1, (2 + √2) / 4, 1/2, (2 - √2) / 4 and 0.
#[test]
fn a_schedule_begins_anew_with_the_first_rate() {
    let (data, rates) = (doubled(), RefCell::new(Vec::new()));
    let trainer = Trainer::new(Sgd::new(0.01)).loss(mse).epochs(4).schedule(Cosine::new(4));
    let mut trainer = trainer.with(Rates(&rates));
    let mut net = layer(0.0);
    for _ in 0..2 {
        trainer.fit(&mut net, &data, &data).unwrap();
    }
    drop(trainer);
    let root = 2.0_f64.sqrt();
    let expected =
        [1.0, (2.0 + root) / 4.0, 0.5, (2.0 - root) / 4.0, 0.0].map(|share| 0.01 * share).repeat(2);
    let found = rates.into_inner();
    assert_eq!(found.len(), expected.len());
    assert!(
        found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-12),
        "{found:?}"
    );
}

/// Patience 1, on losses that fall: without the first training's smallest loss there is no reason to lower the rate.
#[test]
fn a_plateau_of_one_training_is_none_of_the_next() {
    let data = doubled();
    let plateau = Plateau { patience: 1, ..Plateau::new() };
    let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse).epochs(4).batch(2).with(plateau);
    trainer.fit(&mut layer(1.9), &data, &data).unwrap();
    trainer.fit(&mut layer(-50.0), &data, &data).unwrap();
    assert_eq!(trainer.optimizer().lr(), 0.01);
    // A rate that grows the loss lowers itself, and stays lower in the next training.
    let plateau = Plateau { patience: 1, ..Plateau::new() };
    let mut trainer = Trainer::new(Sgd::new(0.45)).loss(mse).epochs(2).batch(2).with(plateau);
    trainer.fit(&mut layer(1.0), &data, &data).unwrap();
    assert_eq!(trainer.optimizer().lr(), 0.45);
    let mut trainer = trainer.epochs(3);
    trainer.fit(&mut layer(1.0), &data, &data).unwrap();
    trainer.fit(&mut layer(1.0), &data, &data).unwrap();
    assert!((trainer.optimizer().lr() - 0.045).abs() < 1e-12, "{}", trainer.optimizer().lr());
}

/// What the first network had learned is not what the second one goes back to.
#[test]
fn a_spike_is_one_among_the_losses_of_its_own_training() {
    let data = doubled();
    let mut guard = SpikeGuard { memory: 2, every: 1, ..SpikeGuard::new() };
    let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse).epochs(4).batch(2).with_mut(&mut guard);
    trainer.fit(&mut layer(1.9), &data, &data).unwrap();
    let mut second = layer(-50.0);
    trainer.fit(&mut second, &data, &data).unwrap();
    drop(trainer);
    assert_eq!(guard.state.rollbacks(), 0);
    assert!(second.weight.item() < -30.0, "{}", second.weight.item());
}

/// A resumed training is the same one: what was best before counts.
#[test]
fn a_resumed_training_remembers() {
    let folder = std::env::temp_dir().join(format!("wengert-fit-again-{}", std::process::id()));
    let data = doubled();
    let train = |epochs, rate| {
        let mut net = layer(1.9);
        let checkpoints = Checkpoints::new(&folder).resume();
        let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse).epochs(epochs).batch(2);
        trainer = trainer.stop_early(2).checkpoint(checkpoints);
        trainer = trainer.with(Spoiled(rate));
        let report = trainer.fit(&mut net, &data, &data).unwrap();
        (report.epochs.len(), net.weight.item())
    };
    // The weight is off by 0.1, and by a twentieth less after each step.
    let (_, best) = train(3, 0.0);
    // From here on each step leads away: two epochs that are not better, and back to the best, which was before the interruption.
    let (epochs, weight) = train(9, 1.0);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((epochs, weight), (5, best));
}

/// Adds something to the weight after each step.
struct Spoiled(f32);

impl Callback for Spoiled {
    fn on_step(&mut self, _: &StepReport, training: &mut InTraining) -> Control {
        training
            .module
            .visit_mut(&mut wengert::Path::default(), &mut |_, param| param.update(|w| w[0] += self.0));
        Control::Continue
    }
}

#[test]
fn a_metric_that_is_not_there_is_told_before_the_first_epoch_at_the_line_of_fit() {
    let data = doubled();
    let steps = RefCell::new(0);
    let early = EarlyStop { metric: Some(("acuracy", Goal::Most)), ..EarlyStop::new(2) };
    struct Count<'a>(&'a RefCell<usize>);
    impl Callback for Count<'_> {
        fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
            *self.0.borrow_mut() += 1;
            Control::Continue
        }
    }
    let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse).with(Count(&steps)).with(early);
    trainer = trainer.metric("accuracy", |_, _| 1.0);
    let mut net = layer(0.0);
    let (message, file, line) = panic_of(|| trainer.fit(&mut net, &data, &data));
    assert_eq!((file.as_str(), line), (file!(), line!() - 1));
    assert!(message.contains("no metric \"acuracy\" among [\"accuracy\"]"), "{message}");
    drop(trainer);
    assert_eq!(*steps.borrow(), 0);
}

#[test]
fn a_network_that_is_frozen_is_told_from_one_without_parameters() {
    let data = doubled();
    let mut trainer = Trainer::new(Sgd::new(0.01)).loss(mse);
    let mut net = layer(0.0);
    net.freeze("*");
    let error = trainer.fit(&mut net, &data, &data).unwrap_err().to_string();
    assert!(
        error.starts_with("all parameters of the network are frozen") && error.contains("unfreeze"),
        "{error}"
    );
    let error = trainer.fit(&mut Flatten, &data, &data).unwrap_err().to_string();
    assert!(error.starts_with("the network has no parameters"), "{error}");
}

#[test]
fn a_checkpoint_of_another_network_is_told_in_words() {
    let folder = std::env::temp_dir().join(format!("wengert-fit-again-other-{}", std::process::id()));
    let data = doubled();
    let trainer = || {
        let checkpoints = Checkpoints::new(&folder).resume();
        Trainer::new(Sgd::new(0.01)).loss(mse).epochs(1).checkpoint(checkpoints)
    };
    trainer().fit(&mut layer(0.0), &data, &data).unwrap();
    let mut other: Mlp = Mlp::new(&[1, 4, 1], Activation::Relu, &mut Rng::seed(0));
    let error = trainer().fit(&mut other, &data, &data).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(error.contains("that of the checkpoint has 1 parameters, this one has 4"), "{error}");
    assert!(!error.contains("trainer.trained"), "{error}");
}
