//! Training: networks learn, runs repeat to the bit, what is told about them is right, and nothing is left behind.

use std::cell::RefCell;
use std::process::Command;
use wengert::prelude::*;
use wengert::{Callback, InTraining, Plan, StepReport, TrainError, memory_stats};

/// Adds noise in training: a layer that draws random numbers.
#[derive(Clone, Module)]
struct Noise(f64);

impl Layer for Noise {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        match mode.rng() {
            Some(rng) => x + Tensor::normal(x.shape(), 0.0, self.0 as f32, rng),
            None => x.clone(),
        }
    }
}

#[derive(Clone, Module)]
struct Noisy {
    noise: Noise,
    mlp: Mlp,
}

impl Noisy {
    fn new(rng: &mut Rng) -> Self {
        Noisy { noise: Noise(0.1), mlp: Mlp::new(&[64, 16, 10], Activation::Sigmoid, rng) }
    }
}

impl Layer for Noisy {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        self.mlp.forward(&self.noise.forward(x, mode), mode)
    }
}

/// Every parameter under its path, to the bit.
fn bits(net: &impl Module) -> Vec<(String, Vec<u32>)> {
    let bits = |param: &Param| param.to_vec().into_iter().map(f32::to_bits).collect();
    net.parameters().into_iter().map(|(path, param)| (path, bits(param))).collect()
}

/// Two parts of the digits, the first of this many samples.
fn some_digits(samples: usize, rng: &mut Rng) -> (Dataset, Dataset) {
    let (part, rest) = digits().split(samples as f64 / 1797.0, rng);
    assert_eq!(part.len(), samples);
    (part, rest.split(0.1, rng).0)
}

fn xor() -> Dataset<Tensor, Tensor> {
    let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    Dataset::new(x, Tensor::from([[0.0], [1.0], [1.0], [0.0]])).unwrap()
}

#[test]
fn exclusive_or_is_learned_from_every_seed() {
    for seed in 0..20 {
        for activation in [Activation::Tanh, Activation::Sigmoid] {
            let data = xor();
            let mut net = Mlp::new(&[2, 8, 1], activation, &mut Rng::seed(seed));
            let mut trainer = Trainer::new(Adam::new(0.05)).loss(mse).batch(4).epochs(400).seed(seed);
            trainer.fit(&mut net, &data, &data).unwrap();
            let found = net.predict(data.x()).to_vec();
            let close =
                found.iter().zip(data.y().to_vec()).all(|(found, wanted)| (found - wanted).abs() < 0.1);
            assert!(close, "{activation:?}, seed {seed}: {found:?}");
        }
    }
}

/// No adaptive rule is needed: plain gradient descent goes the same way, slower.
#[test]
fn exclusive_or_is_learned_by_plain_gradient_descent() {
    for seed in 0..5 {
        let data = xor();
        let mut net = Mlp::new(&[2, 8, 1], Activation::Tanh, &mut Rng::seed(seed));
        let mut sgd = Sgd::new(0.2);
        for _ in 0..3000 {
            let loss = net.forward(data.x(), &mut Mode::eval()).mse(data.y());
            sgd.step(&mut net, &loss.backward());
        }
        let loss = net.predict(data.x()).mse(data.y()).item();
        assert!(loss < 0.01, "seed {seed}: {loss}");
    }
}

#[test]
fn digits_are_learned() {
    let mut rng = Rng::seed(0);
    let (train, test) = digits().split(0.8, &mut rng);
    let mut net = Mlp::new(&[64, 64, 10], Activation::Sigmoid, &mut rng);
    let mut trainer =
        Trainer::new(Adam::new(1e-2)).loss(cross_entropy).metric("accuracy", accuracy).epochs(20);
    let report = trainer.fit(&mut net, &train, &test).unwrap();
    let reached = report.last().and_then(|epoch| epoch.metric("accuracy")).unwrap();
    assert!(reached >= 0.96, "{reached}");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let run = |weights: u64, order: u64| {
        let (train, test) = some_digits(300, &mut Rng::seed(1));
        let mut net = Noisy::new(&mut Rng::seed(weights));
        let mut trainer = Trainer::new(Adam::new(1e-2)).loss(cross_entropy).epochs(3).seed(order);
        let report = trainer.fit(&mut net, &train, &test).unwrap();
        let losses: Vec<[u64; 2]> =
            report.epochs.iter().map(|epoch| [epoch.train_loss, epoch.test_loss].map(f64::to_bits)).collect();
        (bits(&net), losses)
    };
    let first = run(2, 3);
    assert!(first == run(2, 3), "the second run differs");
    assert!(first != run(4, 3), "the seed of the weights has no effect");
    assert!(first != run(2, 4), "the seed of the training has no effect");
}

/// The loop that a [`Trainer`] runs, by hand; returns the losses, up to one that is not finite.
fn by_hand(
    net: &mut impl Layer,
    train: &Dataset,
    epochs: usize,
    seed: u64,
    optimizer: &mut impl Optimizer,
) -> Vec<f64> {
    let mut rng = Rng::seed(seed);
    let mut losses = Vec::new();
    for _ in 0..epochs {
        for batch in train.batches(32).shuffle(&mut rng) {
            let loss = net.forward(&batch.x, &mut Mode::train(&mut rng)).cross_entropy(&batch.y);
            losses.push(loss.item().into());
            if !loss.item().is_finite() {
                return losses;
            }
            optimizer.step(net, &loss.backward());
        }
    }
    losses
}

/// And measuring after every epoch, which the loop by hand does not, changes nothing: evaluation is pure.
#[test]
fn a_trainer_does_what_the_loop_by_hand_does() {
    let (train, test) = some_digits(300, &mut Rng::seed(1));
    let net = Noisy::new(&mut Rng::seed(2));
    let (mut trained, mut looped) = (net.clone(), net.clone());
    let mut trainer = Trainer::new(Sgd::new(0.5).momentum(0.9)).loss(cross_entropy).epochs(3).seed(5);
    trainer.fit(&mut trained, &train, &test).unwrap();
    by_hand(&mut looped, &train, 3, 5, &mut Sgd::new(0.5).momentum(0.9));
    assert!(bits(&trained) == bits(&looped), "the parameters differ");
    let (noisy, plain) = (trainer.evaluate(&trained, &test), trainer.evaluate(&trained.mlp, &test));
    assert_eq!(noisy, plain, "there is noise in the trainer's evaluation");
    assert!(bits(&trained) != bits(&net), "nothing was trained");
}

#[test]
fn evaluation_is_pure() {
    let (data, _) = some_digits(20, &mut Rng::seed(1));
    let net = Noisy::new(&mut Rng::seed(2));
    let before = bits(&net);
    let first = net.predict(data.x()).to_vec();
    assert_eq!(first, net.predict(data.x()).to_vec());
    assert_eq!(first, net.forward(data.x(), &mut Mode::eval()).to_vec());
    assert_eq!(first, net.mlp.predict(data.x()).to_vec(), "there is noise in evaluation");
    assert!(Mode::eval().rng().is_none());
    assert!(!net.predict(data.x()).is_tracked(), "a prediction is not recorded");
    assert!(before == bits(&net));

    let mut rng = Rng::seed(3);
    let noisy = net.forward(data.x(), &mut Mode::train(&mut rng)).to_vec();
    assert_ne!(first, noisy, "there is no noise in training");
    assert_ne!(rng, Rng::seed(3), "training draws from the numbers it was given");
}

/// What a callback is told, in order.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Start(usize, Plan),
    Step(usize, StepReport),
    Epoch(usize, EpochReport),
    End(usize, Report),
}

/// Writes down what it is told, under its number, and stops after an epoch.
struct Listener<'a> {
    number: usize,
    stop_after: usize,
    told: &'a RefCell<Vec<Told>>,
}

impl Callback for Listener<'_> {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining) {
        self.told.borrow_mut().push(Told::Start(self.number, plan.clone()));
    }
    fn on_step(&mut self, step: &StepReport, _: &mut InTraining) -> Control {
        self.told.borrow_mut().push(Told::Step(self.number, *step));
        Control::Continue
    }
    fn on_epoch(&mut self, epoch: &EpochReport, _: &mut InTraining) -> Control {
        self.told.borrow_mut().push(Told::Epoch(self.number, epoch.clone()));
        if epoch.epoch == self.stop_after { Control::Stop } else { Control::Continue }
    }
    fn on_end(&mut self, report: &Report, _: &mut InTraining) {
        self.told.borrow_mut().push(Told::End(self.number, report.clone()));
    }
}

#[test]
fn callbacks_are_told_everything_in_order() {
    let (train, test) = some_digits(70, &mut Rng::seed(1));
    let mut net = Noisy::new(&mut Rng::seed(2));
    let losses = by_hand(&mut net.clone(), &train, 2, 5, &mut Sgd::new(0.1));
    let told = RefCell::new(Vec::new());
    let listener = |number, stop_after| Listener { number, stop_after, told: &told };
    let mut trainer =
        Trainer::new(Sgd::new(0.1)).loss(cross_entropy).metric("accuracy", accuracy).epochs(4).seed(5);
    trainer = trainer.with(listener(1, 2)).with(listener(2, 0));
    let report = trainer.fit(&mut net, &train, &test).unwrap();
    drop(trainer);

    // Of four epochs two were made, since the first callback stopped; 70 samples make batches of 32, 32 and 6.
    assert_eq!(report.epochs.len(), 2);
    let mut told = told.into_inner().into_iter();
    let mut next = || told.next().expect("one more thing to be told");
    for number in [1, 2] {
        let start = next();
        assert!(
            matches!(&start, Told::Start(n, plan) if *n == number && (plan.epochs, plan.steps_per_epoch) == (4, 3)),
            "{start:?}"
        );
    }
    for (epoch, losses) in losses.chunks(3).enumerate() {
        for (step, &loss) in losses.iter().enumerate() {
            for number in [1, 2] {
                let Told::Step(n, found) = next() else { panic!("expected a step") };
                assert_eq!((n, found.epoch, found.step, found.loss), (number, epoch + 1, step + 1, loss));
            }
        }
        let report = &report.epochs[epoch];
        assert_eq!(report.epoch, epoch + 1);
        let mean = (32.0 * losses[0] + 32.0 * losses[1] + 6.0 * losses[2]) / 70.0;
        assert!((report.train_loss - mean).abs() < 1e-12, "{} for {mean}", report.train_loss);
        assert!(report.metric("accuracy").is_some() && report.metric("other").is_none());
        assert_eq!([next(), next()], [1, 2].map(|number| Told::Epoch(number, report.clone())));
    }
    assert_eq!([next(), next()], [1, 2].map(|number| Told::End(number, report.clone())));
    assert_eq!(told.next(), None);
}

#[test]
fn a_closure_can_end_the_training() {
    let data = xor();
    let mut net = Mlp::new(&[2, 2, 1], Activation::Tanh, &mut Rng::seed(0));
    let stop = |epoch: &EpochReport| if epoch.epoch == 3 { Control::Stop } else { Control::Continue };
    let report = Trainer::new(Sgd::new(0.1)).loss(mse).with(stop).fit(&mut net, &data, &data).unwrap();
    assert_eq!(report.epochs.len(), 3);
}

/// Ten samples in batches of 4, 4 and 2: every sample counts the same, whatever its batch.
#[test]
fn means_are_over_samples_not_over_batches() {
    let x: Tensor<f64> = Tensor::arange(10).reshape([10, 1]);
    let y = x.powi(2);
    let data = Dataset::new(x.clone(), y.clone()).unwrap();
    let mut net: Mlp<f64> = Mlp::new(&[1, 1], Activation::Identity, &mut Rng::seed(0));
    let largest = |p: &Tensor<f64>, y: &Tensor<f64>| (p - y).abs().to_vec().into_iter().fold(0.0, f64::max);
    let sizes = |p: &Tensor<f64>, _: &Tensor<f64>| p.dims()[0] as f64;
    // A rate of 0 keeps the network as it is.
    let mut trainer = Trainer::new(Sgd::new(0.0)).loss(mse).epochs(1).batch(4);
    trainer = trainer.metric("largest", largest).metric("size", sizes);
    let report = trainer.fit(&mut net, &data, &data).unwrap();
    let last = report.last().unwrap();

    let predicted = net.predict(&x);
    let expected = mse(&predicted, &y).item();
    assert!((last.train_loss / expected - 1.0).abs() < 1e-12, "{} for {expected}", last.train_loss);
    assert!((last.test_loss / expected - 1.0).abs() < 1e-12, "{} for {expected}", last.test_loss);
    let part = |range: std::ops::Range<isize>| {
        range.len() as f64 * largest(&predicted.slice(0, range.clone()), &y.slice(0, range))
    };
    let expected = (part(0..4) + part(4..8) + part(8..10)) / 10.0;
    assert!((last.metric("largest").unwrap() / expected - 1.0).abs() < 1e-12);
    assert_eq!(last.metric("size"), Some((4.0 * 4.0 + 4.0 * 4.0 + 2.0 * 2.0) / 10.0));
    assert_eq!(trainer.evaluate(&net, &data), (last.test_loss, last.metrics.clone()));
}

#[test]
fn a_second_fit_goes_on_with_what_the_optimizer_remembers() {
    let (train, test) = some_digits(64, &mut Rng::seed(1));
    let net = Noisy::new(&mut Rng::seed(2));
    let (mut twice, mut once) = (net.clone(), net);
    let trainer = |epochs| Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(epochs).seed(5);
    let (mut in_parts, mut whole) = (trainer(1), trainer(2));
    for fits in 1..=2 {
        in_parts.fit(&mut twice, &train, &test).unwrap();
        assert_eq!(in_parts.optimizer().state.steps(), 2 * fits);
    }
    whole.fit(&mut once, &train, &test).unwrap();
    assert!(in_parts.optimizer().state == whole.optimizer().state);
    assert!(bits(&twice) == bits(&once));
}

/// A loss that is finite, with a gradient that is not: the square root at 0.
#[test]
fn a_gradient_that_is_not_finite_ends_the_training_before_its_step_and_is_named() {
    let mut net = Linear::with_init(1, 1, Init::Zeros, &mut Rng::seed(0));
    let data = Dataset::new(Tensor::ones([4, 1]), Tensor::zeros([4, 1])).unwrap();
    let ended = RefCell::new(0);
    struct End<'a>(&'a RefCell<usize>);
    impl Callback for End<'_> {
        fn on_end(&mut self, _: &Report, _: &mut InTraining) {
            *self.0.borrow_mut() += 1;
        }
    }
    let root = |output: &Tensor, _: &Tensor| output.sqrt().mean();
    let error =
        Trainer::new(Sgd::new(0.1)).loss(root).with(End(&ended)).fit(&mut net, &data, &data).unwrap_err();
    let TrainError::NotFinite { epoch: 1, step: 1, what, birth } = &error else { panic!("{error}") };
    assert_eq!(what, "the gradient of `weight`");
    // Infinite is the slope of the root, and its line is known.
    assert!(birth.contains("sqrt") && birth.contains(file!()), "{birth}");
    assert!(bits(&net).iter().all(|(_, bits)| bits.iter().all(|bits| *bits == 0)));
    assert_eq!(*ended.borrow(), 1);
}

/// A part that only every other step uses is no mistake.
#[test]
fn a_parameter_may_sit_out_some_steps() {
    #[derive(Module)]
    struct Sometimes(Linear, Linear);
    impl Layer for Sometimes {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let rest = mode.rng().is_some_and(|rng| rng.below(2) == 0);
            let h = self.0.forward(x, mode);
            if rest { h } else { &h + self.1.forward(x, mode) }
        }
    }
    let (train, test) = some_digits(320, &mut Rng::seed(1));
    for seed in 0..4 {
        let mut rng = Rng::seed(seed);
        let mut net = Sometimes(Linear::new(64, 10, &mut rng), Linear::new(64, 10, &mut rng));
        let mut trainer = Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(2).seed(seed);
        trainer.fit(&mut net, &train, &test).unwrap();
    }
}

#[test]
fn a_penalty_is_added_to_the_loss_of_every_step() {
    let (train, test) = some_digits(64, &mut Rng::seed(1));
    let mut net = Linear::new(64, 10, &mut Rng::seed(2));
    let (mut by_hand, mut sgd) = (net.clone(), Sgd::new(0.1));
    let trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy).penalty(|net| l2(net, 0.3));
    trainer.epochs(2).fit(&mut net, &train, &test).unwrap();
    let mut rng = Rng::seed(0);
    for _ in 0..2 {
        for batch in train.batches(32).shuffle(&mut rng) {
            let outputs = by_hand.forward(&batch.x, &mut Mode::train(&mut rng));
            let loss = outputs.cross_entropy(&batch.y) + l2(&by_hand, 0.3);
            sgd.step(&mut by_hand, &loss.backward());
        }
    }
    assert!(bits(&net) == bits(&by_hand));
}

#[test]
fn a_callback_can_end_the_training_after_a_step_and_change_the_rate() {
    struct Halve(usize);
    impl Callback for Halve {
        fn on_step(&mut self, step: &StepReport, training: &mut InTraining) -> Control {
            training.optimizer.set_lr(training.optimizer.lr() / 2.0);
            if step.step == self.0 { Control::Stop } else { Control::Continue }
        }
    }
    let (train, test) = some_digits(320, &mut Rng::seed(1));
    let mut net = Linear::new(64, 10, &mut Rng::seed(2));
    let mut trainer = Trainer::new(Sgd::new(1.0)).loss(cross_entropy).with(Halve(3));
    let report = trainer.fit(&mut net, &train, &test).unwrap();
    assert_eq!(
        (report.epochs.len(), trainer.optimizer().lr, trainer.optimizer().state.steps()),
        (0, 0.125, 3)
    );
}

#[test]
fn data_without_samples_is_an_error() {
    let (some, _) = some_digits(10, &mut Rng::seed(1));
    let none = some.select(&[]);
    let mut net = Noisy::new(&mut Rng::seed(2));
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy);
    for (train, test, name) in [(&none, &some, "training"), (&some, &none, "test")] {
        let error = trainer.fit(&mut net, train, test).unwrap_err();
        assert_eq!(error, TrainError::Empty { name });
        assert_eq!(
            error.to_string(),
            format!(
                "the {name} data has no samples\n  help: `len()` of a data set is their number; a split by 0 or 1 leaves one part empty"
            )
        );
    }
}

/// One pixel of one image is NaN; the steps before its batch are made, its own is not.
#[test]
fn a_loss_that_is_not_finite_ends_the_training_before_its_step() {
    let (train, test) = some_digits(300, &mut Rng::seed(1));
    let mut x = train.x().to_vec();
    x[170 * 64 + 5] = f32::NAN;
    let train = Dataset::new(Tensor::from_vec(x, [300, 64]).unwrap(), train.y().clone()).unwrap();
    let net = Noisy::new(&mut Rng::seed(2));
    let (mut trained, mut looped) = (net.clone(), net.clone());
    let made = RefCell::new(0);
    struct Count<'a>(&'a RefCell<usize>);
    impl Callback for Count<'_> {
        fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
            *self.0.borrow_mut() += 1;
            Control::Continue
        }
    }
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy).seed(5).with(Count(&made));
    let error = trainer.fit(&mut trained, &train, &test).unwrap_err();
    let losses = by_hand(&mut looped, &train, 1, 5, &mut Sgd::new(0.1));

    assert!((2..10).contains(&losses.len()), "choose another sample: step {}", losses.len());
    assert!(
        matches!(&error, TrainError::NotFinite { epoch: 1, step, what, birth } if *step == losses.len() && what == "the loss" && birth.contains("NaN")),
        "{error:?}"
    );
    assert_eq!(*made.borrow(), losses.len() - 1);
    assert!(bits(&trained) == bits(&looped) && bits(&trained) != bits(&net));
    let message = error.to_string();
    assert!(
        message.contains(&format!("the loss is not finite in epoch 1, step {}", losses.len()))
            && message.contains("help: "),
        "{message}"
    );
}

#[test]
fn parameters_without_gradient_in_a_whole_epoch_are_named() {
    #[derive(Module)]
    struct Forgetful {
        used: Linear,
        forgotten: Vec<Linear>,
    }
    impl Layer for Forgetful {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            self.used.forward(x, mode) + self.forgotten[1].forward(x, mode).detach()
        }
    }
    let mut rng = Rng::seed(1);
    let (train, test) = some_digits(64, &mut rng);
    let mut linear = || Linear::new(64, 10, &mut rng);
    let mut net = Forgetful { used: linear(), forgotten: vec![linear().without_bias(), linear()] };
    let error = Trainer::new(Sgd::new(0.1)).loss(cross_entropy).fit(&mut net, &train, &test).unwrap_err();
    let paths = ["forgotten.0.weight", "forgotten.1.weight", "forgotten.1.bias"].map(String::from).to_vec();
    assert_eq!(error, TrainError::NoGradient { paths: paths.clone() });
    assert!(error.to_string().contains(&paths.join(", ")), "{error}");
}

/// If no parameter at all has a gradient, that is the same error, and no panic.
#[test]
fn a_network_whose_output_is_a_constant_is_an_error_too() {
    #[derive(Module)]
    struct Detached(Linear);
    impl Layer for Detached {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            self.0.forward(x, mode).detach()
        }
    }
    let mut rng = Rng::seed(1);
    let (train, test) = some_digits(64, &mut rng);
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy);
    let mut net = Detached(Linear::new(64, 10, &mut rng));
    let error = trainer.fit(&mut net, &train, &test).unwrap_err();
    assert_eq!(error, TrainError::NoGradient { paths: vec!["weight".into(), "bias".into()] });

    let error = trainer.fit(&mut Noise(0.1), &train, &test).unwrap_err();
    assert_eq!(error, TrainError::NoGradient { paths: vec![] });
    assert!(error.to_string().contains("the network has no parameters"), "{error}");
}

/// What a thread holds before and after is the same, with the trainer, its optimizer and its report still there:
/// none of them keeps a tensor. The parameters keep their buffers.
#[test]
fn after_training_nothing_of_it_lives() {
    let (train, test) = some_digits(100, &mut Rng::seed(1));
    let mut net = Noisy::new(&mut Rng::seed(2));
    let before = memory_stats();
    let mut trainer =
        Trainer::new(Adam::new(0.01)).loss(cross_entropy).metric("accuracy", accuracy).epochs(2);
    let report = trainer.fit(&mut net, &train, &test).unwrap();
    let after = memory_stats();
    assert_eq!((after.live_buffers, after.live_bytes), (before.live_buffers, before.live_bytes));
    assert_eq!(report.epochs.len(), 2);
    drop((net, train, test));
    assert_eq!(memory_stats().live_buffers, 0);
}

/// The last batch is smaller than the others, and so is that of the test data.
#[test]
fn a_trainer_takes_no_memory_from_the_system_after_its_second_epoch() {
    let (train, test) = some_digits(331, &mut Rng::seed(1));
    let mut net = Noisy::new(&mut Rng::seed(2));
    let allocations = RefCell::new(Vec::new());
    let count = |_: &EpochReport| {
        allocations.borrow_mut().push(memory_stats().system_allocations);
        Control::Continue
    };
    let mut trainer =
        Trainer::new(Adam::new(0.01)).loss(cross_entropy).metric("accuracy", accuracy).epochs(6);
    trainer = trainer.with(count);
    trainer.fit(&mut net, &train, &test).unwrap();
    drop(trainer);
    let allocations = allocations.into_inner();
    assert!(allocations[1..].iter().all(|&count| count == allocations[1]), "{allocations:?}");
}

#[test]
fn a_loop_by_hand_takes_no_memory_from_the_system_after_its_first_step() {
    let (train, _) = some_digits(320, &mut Rng::seed(1));
    let mut net = Noisy::new(&mut Rng::seed(2));
    let mut adam = Adam::new(0.01);
    let mut rng = Rng::seed(3);
    let mut allocations = Vec::new();
    let mut live = Vec::new();
    for batch in train.batches(32).shuffle(&mut rng) {
        // As in the README: the logits live until the end of the step.
        let logits = net.forward(&batch.x, &mut Mode::train(&mut rng));
        let loss = logits.cross_entropy(&batch.y) + l2(&net, 1e-4);
        adam.step(&mut net, &loss.backward());
        drop((batch, logits));
        allocations.push(memory_stats().system_allocations);
        live.push(memory_stats().live_buffers);
    }
    assert_eq!(allocations.len(), 10);
    assert!(allocations.iter().all(|&count| count == allocations[0]), "{allocations:?}");
    assert!(live.iter().all(|&count| count == live[0]), "{live:?}");
}

/// In a process whose standard error is a pipe: one line for each epoch, and nothing that moves a cursor.
///
/// That process is this test again, told by the environment which of the two it is.
#[test]
fn progress_is_a_line_for_each_epoch_where_there_is_no_terminal() {
    const INNER: &str = "WENGERT_TEST_OF_PROGRESS";
    if std::env::var_os(INNER).is_some() {
        let (train, test) = some_digits(64, &mut Rng::seed(1));
        let mut net = Noisy::new(&mut Rng::seed(2));
        let mut trainer =
            Trainer::new(Sgd::new(0.1)).loss(cross_entropy).metric("accuracy", accuracy).epochs(10);
        trainer = trainer.progress();
        trainer.fit(&mut net, &train, &test).unwrap();
        return;
    }
    let name = "progress_is_a_line_for_each_epoch_where_there_is_no_terminal";
    let mut inner = Command::new(std::env::current_exe().unwrap());
    let output = inner.args([name, "--exact", "--nocapture"]).env(INNER, "1").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("epoch ")).collect();
    assert_eq!(lines.len(), 10, "{text}");
    assert!(!text.contains(['\r', '\x1b']), "{text:?}");
    assert!(lines[0].starts_with("epoch 1  train loss ") && lines[9].starts_with("epoch 10  train loss "));
    for line in lines {
        // `epoch 1  train loss 2.4118  test loss 2.3511  accuracy 0.1290  0.01 s`
        let parts: Vec<&str> = line.split("  ").filter(|part| part.contains(' ')).collect();
        let number =
            |part: &str, name: &str| part.strip_prefix(name).and_then(|n| n.trim().parse::<f64>().ok());
        let [.., train, test, accuracy, seconds] = parts[..] else { panic!("{line}") };
        let numbers = [number(train, "train loss"), number(test, "test loss"), number(accuracy, "accuracy")];
        assert!(numbers.iter().all(Option::is_some), "{line}: {numbers:?}");
        let time = seconds.strip_suffix(" ms").or(seconds.strip_suffix(" s"));
        assert!(time.is_some_and(|time| time.parse::<f64>().is_ok()), "{line}");
    }
}

/// Small batches whose gradients are added up make the steps of the whole batches.
#[test]
fn small_batches_make_the_same_steps() {
    let some = digits().select(&(0..70).collect::<Vec<_>>());
    let x = some.x().to_vec().into_iter().map(f64::from).collect();
    let data = Dataset::new(Tensor::from_vec(x, [70, 64]).unwrap(), some.y().clone()).unwrap();
    let weights = |micro: Option<usize>| {
        let mut net: Mlp<f64> = Mlp::new(&[64, 8, 10], Activation::Tanh, &mut Rng::seed(0));
        let mut trainer =
            Trainer::new(Sgd::new(0.1)).loss(cross_entropy).epochs(2).penalty(|net| l2(net, 1e-2));
        if let Some(samples) = micro {
            trainer = trainer.micro_batch(samples);
        }
        let report = trainer.fit(&mut net, &data, &data).unwrap();
        let numbers: Vec<f64> = net.parameters().into_iter().flat_map(|(_, param)| param.to_vec()).collect();
        (numbers, report.last().unwrap().train_loss)
    };
    let (expected, loss) = weights(None);
    for micro in [1, 5, 31, 32, 100] {
        let (found, found_loss) = weights(Some(micro));
        let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-12 && (found_loss - loss).abs() < 1e-12, "{micro}: {off}");
    }
}

/// A batch that throws the network back: without a guard it takes long to recover, with it the step is undone.
#[test]
fn a_spike_of_the_loss_is_undone() {
    let x = Tensor::<f32>::normal([64, 4], 0.0, 1.0, &mut Rng::seed(1));
    let y = x.sum_axes(1).unsqueeze(1);
    let data = Dataset::new(x.clone(), y.clone()).unwrap();
    let mut rng = Rng::seed(2);
    let mut net = Linear::new(4, 1, &mut rng);
    let mut sgd = Sgd { momentum: 0.9, ..Sgd::new(0.02) };
    let mut guard = wengert::SpikeGuard { memory: 20, every: 10, lower: 0.5, ..wengert::SpikeGuard::new() };
    let mut undone = Vec::new();
    for step in 0..100 {
        // Once the targets are a thousand times too large: the step after it has a loss of thousands.
        let wrong = if step == 60 { 1000.0 } else { 1.0 };
        for batch in data.batches(64) {
            let loss = mse(&net.forward(&batch.x, &mut Mode::train(&mut rng)), &(&batch.y * wrong));
            let value = f64::from(loss.item());
            sgd.step(&mut net, &loss.backward());
            let mut training = InTraining::new(&mut net, &mut sgd);
            if guard.look(value, &mut training) {
                undone.push(step);
            }
        }
    }
    assert_eq!((undone, guard.state.rollbacks(), sgd.lr), (vec![60], 1, 0.01));
    let loss = mse(&net.predict(&x), &y).item();
    assert!(loss < 1e-3, "{loss}");
}

/// Layers are looked at with the first step and every so many, once for small batches that add up, and the training is the same.
#[test]
fn looking_at_layers_changes_nothing() {
    let train_with = |micro: usize, every: Option<usize>| {
        let mut rng = Rng::seed(3);
        let (train, test) = digits().take(320).split(0.8, &mut rng);
        let mut net = Noisy::new(&mut rng);
        let told = RefCell::new(Vec::new());
        let mut trainer = Trainer::new(Adam::new(1e-2)).loss(cross_entropy).epochs(2).micro_batch(micro);
        if let Some(every) = every {
            trainer = trainer.diagnose_every(every, |step, diagnosis| {
                let paths: Vec<String> = diagnosis.rows.iter().map(|row| row.path.clone()).collect();
                assert_eq!(paths, ["mlp.layers.0", "mlp.layers.1"]);
                assert!(
                    diagnosis
                        .rows
                        .iter()
                        .all(|row| row.gradient.is_some_and(|g| g > 0.0) && row.deviation > 0.0)
                );
                told.borrow_mut().push(step);
            });
        }
        trainer.fit(&mut net, &train, &test).unwrap();
        drop(trainer);
        (bits(&net), told.take())
    };
    for micro in [32, 10] {
        let (with, told) = train_with(micro, Some(5));
        assert_eq!(told, [1, 6, 11, 16]);
        assert!(with == train_with(micro, None).0, "small batches of {micro}");
    }
}
