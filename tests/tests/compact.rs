//! Moments in half the bytes: the path of the weights stays near that of full storage, and what is stored has half the bytes.

use wengert::prelude::*;

/// The loss after each step of logistic regression on some digits, and the weights at the end.
fn trained(mut optimizer: impl Optimizer, steps: usize) -> (Vec<f64>, Vec<f32>) {
    let data = digits().take(256);
    let mut net = Linear::new(64, 10, &mut Rng::seed(3));
    let mut losses = Vec::new();
    for _ in 0..steps.div_ceil(8) {
        for batch in data.batches(32).shuffle(&mut Rng::seed(losses.len() as u64)) {
            let loss = cross_entropy(&net.forward(&batch.x, &mut Mode::eval()), &batch.y);
            losses.push(f64::from(loss.item()));
            optimizer.step(&mut net, &loss.backward());
        }
    }
    (losses, net.weight.to_vec())
}

/// How far weights are apart, as a share of how far they have come.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let start = Linear::<f32>::new(64, 10, &mut Rng::seed(3)).weight.to_vec();
    let distance =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    distance(a, b) / distance(&start, b)
}

macro_rules! near {
    ($($name:ident: $optimizer:expr),* $(,)?) => {$(
        #[test]
        fn $name() {
            let (losses, weights) = trained($optimizer, 400);
            let (compact, found) = trained($optimizer.moments(Storage::Bf16), 400);
            let mean = |losses: &[f64]| losses[360..].iter().sum::<f64>() / 40.0;
            let (full, half) = (mean(&losses), mean(&compact));
            assert!(found != weights, "it is stored otherwise");
            let apart = apart(&found, &weights);
            println!("loss {full} and {half}, {apart} apart");
            assert!((half / full - 1.0).abs() < 0.02, "loss {full} and {half}");
            assert!(apart < 0.02, "{apart}");
        }
    )*};
}

near! {
    adadelta: Adadelta::new(1.0),
    adagrad: Adagrad::new(0.01),
    adam: Adam::new(1e-3),
    adam_with_the_largest: Adam { amsgrad: true, ..Adam::new(1e-3) },
    adamw: AdamW::new(1e-3),
    adamax: Adamax::new(1e-3),
    radam: RAdam::new(1e-3),
    sgd: Sgd { nesterov: true, ..Sgd::new(0.01).momentum(0.9) },
}

/// Gradients that become small: the mean of their squares has to follow, by steps of a thousandth, and the weights with it. To the
/// nearest number of two bytes it would stand still.
#[test]
fn the_mean_of_squares_does_not_stand_still() {
    let run = |storage: Storage| {
        let mut w = Param::new(Tensor::<f32>::zeros([4096]));
        let mut adam = Adam::new(1e-3).moments(storage);
        for step in 0..3000 {
            let scale = if step < 500 { 1.0 } else { 0.1 };
            let loss = (&*w * scale).sum();
            adam.step(&mut w, &loss.backward());
        }
        let mean = |x: Vec<f32>| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
        (mean(adam.state.copy_of("", 1).unwrap()), mean(w.to_vec()))
    };
    let (squares, weights) = run(Storage::Full);
    let by_formula = 0.01 + (1.0 - 0.999_f64.powi(500) - 0.01) * 0.999_f64.powi(2500);
    assert!((squares / by_formula - 1.0).abs() < 1e-3, "{squares}, by the formula {by_formula}");
    let (half_squares, half_weights) = run(Storage::Bf16);
    assert!((half_squares / squares - 1.0).abs() < 0.01, "{half_squares}, in full {squares}");
    assert!((half_weights / weights - 1.0).abs() < 0.01, "{half_weights}, in full {weights}");
}

#[test]
fn the_same_program_gives_the_same_bits_on_any_number_of_threads() {
    let run =
        |threads| wengert::with_threads(threads, || trained(Adam::new(0.01).moments(Storage::Bf16), 24));
    assert!(run(1) == run(1) && run(1) == run(2));
}

#[test]
fn each_number_takes_two_bytes() {
    let bytes = |storage: Storage| {
        let mut net: Linear = Linear::new(64, 10, &mut Rng::seed(0));
        let mut adam = AdamW::new(0.01).moments(storage);
        let loss = net.forward(&Tensor::ones([1, 64]), &mut Mode::eval()).sum();
        adam.step(&mut net, &loss.backward());
        assert_eq!(adam.state.of("weight").len(), if storage == Storage::Full { 2 } else { 0 });
        let copies = [0, 1, 2].map(|slot| adam.state.copy_of("weight", slot).map(|copy| copy.len()));
        assert_eq!(copies, [Some(640), Some(640), None]);
        adam.state.bytes()
    };
    assert_eq!((bytes(Storage::Full), bytes(Storage::Bf16)), (2 * 4 * 650, 2 * 2 * 650));
}

/// A checkpoint that was stored in another way does not fit, and says so.
#[test]
fn a_checkpoint_in_another_storage_is_refused() {
    let folder = std::env::temp_dir().join(format!("wengert-compact-{}", std::process::id()));
    let data = digits().take(64);
    let train = |storage: Storage, epochs: usize| {
        let mut net: Linear = Linear::new(64, 10, &mut Rng::seed(0));
        let mut trainer = Trainer::new(Adam::new(0.01).moments(storage)).loss(cross_entropy).epochs(epochs);
        trainer = trainer.checkpoint(Checkpoints::new(&folder).resume());
        trainer.fit(&mut net, &data, &data).map(|_| ()).map_err(|error| error.to_string())
    };
    train(Storage::Bf16, 1).unwrap();
    let error = train(Storage::Full, 2).unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(error.contains("not the same: optimizer.storage was bf16, and is full"), "{error}");
}

#[test]
#[should_panic(expected = "say how they are stored before the first step")]
fn what_is_remembered_already_is_not_stored_otherwise() {
    let mut w = Param::new(Tensor::<f32>::ones([3]));
    let mut sgd = Sgd::new(0.1).momentum(0.9);
    let grads = w.sum().backward();
    sgd.step(&mut w, &grads);
    let _ = sgd.moments(Storage::Bf16);
}
