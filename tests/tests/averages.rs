//! Averages of weights against PyTorch's `AveragedModel`, and statistics that are worked out anew.

use tests::golden::{self, assert_close};
use wengert::prelude::*;
use wengert::{Average, BatchNorm, update_statistics};

#[derive(Clone, Module)]
#[module(scalar = f64)]
struct Net {
    first: Linear<f64>,
    norm: BatchNorm<f64>,
    last: Linear<f64>,
}

impl Layer<f64> for Net {
    fn forward(&self, x: &Tensor<f64>, mode: &mut Mode) -> Tensor<f64> {
        self.last.forward(&self.norm.forward(&self.first.forward(x, mode), mode).tanh(), mode)
    }
}

fn given(name: &str) -> Tensor<f64> {
    golden::tensor(&golden::nn()["averages"][name])
}

/// The number that PyTorch gives a layer.
fn their_path(path: &str) -> String {
    path.replace("first", "0").replace("norm", "1").replace("last", "3")
}

fn start() -> Net {
    let mut rng = Rng::seed(0);
    let mut net = Net {
        first: Linear::new(3, 4, &mut rng),
        norm: BatchNorm::new(4),
        last: Linear::new(4, 2, &mut rng),
    };
    let golden = &golden::nn()["averages"]["start"];
    for (path, param) in net.parameters_mut() {
        let value = golden::tensor(&golden[their_path(&path)]);
        param.update(|w| w.copy_from_slice(&value.to_vec()));
    }
    net
}

fn assert_is(net: &Net, state: &str) {
    let golden = &golden::nn()["averages"][state];
    for (path, param) in net.parameters() {
        let expected = golden::tensor(&golden[their_path(&path)]);
        assert_close(&format!("{state}: {path}"), &param.to_vec(), &expected.to_vec(), 1e-12);
    }
}

#[test]
fn averages_are_those_of_pytorch() {
    let (mut net, mut sgd) = (start(), Sgd::new(0.1).momentum(0.9));
    let (x, y) = (given("x"), given("y"));
    let swa = || Average { start: 4, ..Average::swa() };
    let mut averages = [
        ("ema", Average::ema(0.9)),
        ("ema of statistics", Average { average_statistics: true, ..Average::ema(0.9) }),
        ("ema with warm-up", Average { warm_up: true, ..Average::ema(0.7) }),
        ("swa", swa()),
        ("swa of statistics", Average { average_statistics: true, ..swa() }),
    ];
    for step in 1..=12 {
        let loss = net.forward(&x, &mut Mode::train(&mut Rng::seed(0))).mse(&y);
        sgd.step(&mut net, &loss.backward());
        for (name, average) in &mut averages {
            average.update(&net);
            if matches!(step, 5 | 6 | 12) {
                let mut copy = net.clone();
                average.copy_to(&mut copy);
                assert_is(&copy, &format!("{name} {step}"));
            }
        }
    }
    assert_eq!((averages[0].1.state.steps(), averages[3].1.state.steps()), (12, 8));

    let data = Dataset::new(x, y).expect("as many inputs as targets");
    assert_eq!(update_statistics(&mut net, &data, 5, &mut Rng::seed(0)), 2);
    assert_is(&net, "update_bn");
}

/// In a trainer, after each step or each epoch; the numbers of the network and of the average change places and come back.
#[test]
fn a_trainer_updates_an_average() {
    let data = Dataset::new(given("x"), given("y")).expect("as many inputs as targets");
    let train = |average: &mut Average<f64>| {
        let mut net = start();
        let trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).batch(6);
        trainer.with_mut(average).fit(&mut net, &data, &data).expect("a loss");
        net
    };
    let mut ema = Average::ema(0.5);
    let mut net = train(&mut ema);
    assert_eq!(ema.state.steps(), 6);
    let (last, mut mean) = (values(&net), net.clone());
    ema.copy_to(&mut mean);
    ema.swap(&mut net);
    assert_eq!(values(&net), values(&mean));
    assert_ne!(values(&net), last);
    ema.swap(&mut net);
    assert_eq!(values(&net), last);

    let mut swa = Average { per_epoch: true, start: 2, ..Average::swa() };
    let mut net = train(&mut swa);
    let last = values(&net);
    assert_eq!((swa.seen, swa.state.steps()), (3, 1));
    swa.swap(&mut net);
    assert_eq!(values(&net), last);
}

fn values(net: &Net) -> Vec<Vec<f64>> {
    net.parameters().iter().map(|(_, param)| param.to_vec()).collect()
}

#[test]
fn what_has_no_statistics_has_none_to_update() {
    let data = Dataset::new(given("x"), given("y")).expect("as many inputs as targets");
    let mut net = Linear::new(3, 2, &mut Rng::seed(0));
    assert_eq!(update_statistics(&mut net, &data, 5, &mut Rng::seed(0)), 0);
    net.freeze("*");
    assert_eq!(update_statistics(&mut net, &data, 5, &mut Rng::seed(0)), 0);
    // Frozen statistics stay.
    let mut net = start();
    net.freeze("norm.*");
    assert_eq!(update_statistics(&mut net, &data, 5, &mut Rng::seed(0)), 0);
}

#[test]
#[should_panic(expected = "swap: the average has seen no weights yet")]
fn there_is_no_average_before_the_first_update() {
    Average::ema(0.9).swap(&mut start());
}

#[test]
#[should_panic(expected = "update: a network has the means, and the average its weights, since `swap`")]
fn an_average_that_is_swapped_cannot_be_updated() {
    let (mut net, mut ema) = (start(), Average::ema(0.9));
    ema.update(&net);
    ema.swap(&mut net);
    ema.update(&net);
}

#[test]
#[should_panic(expected = "swap: the network has `bias` of shape [4], unlike the one that was averaged")]
fn an_average_of_another_network_is_a_mistake() {
    let (mut rng, mut ema) = (Rng::seed(0), Average::<f64>::ema(0.9));
    ema.update(&Linear::new(3, 2, &mut rng));
    // Its weight has as many numbers.
    ema.swap(&mut Linear {
        weight: Param::new(Tensor::zeros([6, 1])),
        bias: Some(Param::new(Tensor::zeros([4]))),
    });
}

#[test]
#[should_panic(expected = "swap: the network has fewer parameters, unlike the one that was averaged")]
fn an_average_of_a_larger_network_is_a_mistake() {
    let (net, mut ema) = (start(), Average::ema(0.9));
    ema.update(&net);
    ema.swap(&mut Wrapped { first: net.first });
}

#[derive(Module)]
#[module(scalar = f64)]
struct Wrapped {
    first: Linear<f64>,
}

#[test]
#[should_panic(
    expected = "update: the parameter `weight` has shape [2, 4], but the average remembers one of [2, 3]"
)]
fn an_average_keeps_to_its_network() {
    let (mut rng, mut ema) = (Rng::seed(0), Average::<f64>::ema(0.9));
    ema.update(&Linear::new(3, 2, &mut rng));
    ema.update(&Linear::new(4, 2, &mut rng));
}
