//! Optimizers, step by step: against PyTorch's trajectories, and what they remember of each parameter.

use tests::golden::{self, assert_close};
use wengert::prelude::*;
use wengert::{Adadelta, Adagrad, Adamax, Lion, NAdam, RAdam, RmsProp};

/// The output is `s tanh(x Wᵀ + b)`: three parameters of different shapes.
#[derive(Clone, Module)]
#[module(scalar = f64)]
struct Problem {
    linear: Linear<f64>,
    scale: Param<f64>,
}

/// How far a trajectory of twelve steps may drift from PyTorch's: rounding, no more.
const TOLERANCE: f64 = 1e-12;

/// Makes PyTorch's steps of the run with this name, and compares all parameters after each.
fn follow(run: &str, mut optimizer: impl Optimizer<f64>) {
    let golden = &golden::nn()["optimizers"];
    let given = |name: &str| golden::tensor(&golden["problem"][name]);
    let (x, y) = (given("x"), given("y"));
    let linear = Linear { weight: Param::new(given("weight")), bias: Some(Param::new(given("bias"))) };
    let mut net = Problem { linear, scale: Param::new(given("scale")) };

    let rates = golden::numbers(&golden[run]["rates"]);
    assert_eq!(rates.len(), 12);
    for (step, rate) in rates.into_iter().enumerate() {
        optimizer.set_lr(rate);
        assert_eq!(optimizer.lr(), rate);
        let output = net.linear.forward(&x, &mut Mode::eval()).tanh() * &*net.scale;
        optimizer.step(&mut net, &output.mse(&y).backward());
        let found: Vec<f64> = net.parameters().iter().flat_map(|(_, param)| param.to_vec()).collect();
        let expected = golden::numbers(&golden[run]["trajectory"][step]);
        assert_close(&format!("{run}, step {}", step + 1), &found, &expected, TOLERANCE);
    }
    assert_eq!(optimizer.state().steps(), 12);
}

#[test]
fn gradient_descent_takes_the_steps_of_pytorch() {
    follow("sgd", Sgd::new(1.0));
    follow("momentum", Sgd::new(1.0).momentum(0.9));
    follow("nesterov", Sgd { nesterov: true, ..Sgd::new(1.0).momentum(0.9) });
}

#[test]
fn adam_takes_the_steps_of_pytorch() {
    follow("adam", Adam::new(1.0));
    follow("adam with other betas", Adam { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, ..Adam::new(1.0) });
}

#[test]
fn all_others_take_the_steps_of_pytorch() {
    follow("dampening and decay", Sgd { dampening: 0.3, weight_decay: 0.1, ..Sgd::new(1.0).momentum(0.9) });
    let betas = || Adam { beta1: 0.5, beta2: 0.6, amsgrad: true, ..Adam::new(1.0) };
    follow("amsgrad", Adam { weight_decay: 0.1, ..betas() });
    follow("adamw", AdamW { weight_decay: 0.1, ..AdamW::new(1.0) });
    follow("adamw with amsgrad", AdamW { beta1: 0.5, beta2: 0.6, amsgrad: true, ..AdamW::new(1.0) });
    follow("adamax", Adamax { beta1: 0.8, beta2: 0.7, weight_decay: 0.1, ..Adamax::new(1.0) });
    follow("nadam", NAdam { momentum_decay: 0.2, weight_decay: 0.1, ..NAdam::new(1.0) });
    follow("radam", RAdam { beta2: 0.95, weight_decay: 0.1, ..RAdam::new(1.0) });
    follow("adagrad", Adagrad { lr_decay: 0.1, initial: 0.2, weight_decay: 0.1, ..Adagrad::new(1.0) });
    follow("adadelta", Adadelta { weight_decay: 0.1, ..Adadelta::new(1.0) });
    follow("rmsprop", RmsProp { weight_decay: 0.1, ..RmsProp::new(1.0) });
    let rmsprop = || RmsProp { alpha: 0.8, centered: true, ..RmsProp::new(1.0) };
    follow("rmsprop with momentum", RmsProp { momentum: 0.9, ..RmsProp::new(1.0) });
    follow("centered rmsprop", rmsprop());
    follow("centered rmsprop with momentum", RmsProp { momentum: 0.9, ..rmsprop() });
    // The formula of the paper, of which PyTorch has nothing.
    follow("lion", Lion { weight_decay: 0.1, ..Lion::new(1.0) });
}

/// With a gradient that stays the same, the mean square comes to be the square of the mean, and by rounding less: with `alpha` 0.9 however the
/// mean is written. A gradient that is no number is still seen.
#[test]
fn rounding_makes_no_nan_of_a_variance() {
    for (alpha, momentum) in [(0.99, 0.0), (0.99, 0.9), (0.9, 0.0), (0.9, 0.9)] {
        for slope in [0.1_f32, 0.7, 1.3, 2.5, 0.9, 0.3, 0.01, 1e-3] {
            let case = format!("alpha {alpha}, momentum {momentum}, slope {slope}");
            let mut w = Param::new(Tensor::from([0.0_f32]));
            let mut rmsprop = RmsProp { alpha, centered: true, momentum, ..RmsProp::new(1e-3) };
            for step in 1..=3000 {
                let grads = (&*w * slope).sum().backward();
                rmsprop.step(&mut w, &grads);
                assert!(w.item().is_finite(), "{case}: {} at step {step}", w.item());
            }
            let grads = (&*w * f32::NAN).sum().backward();
            rmsprop.step(&mut w, &grads);
            assert!(w.item().is_nan(), "{case}: a gradient of NaN is swallowed");
        }
    }
}

#[test]
fn the_learning_rate_may_change_between_steps() {
    follow("momentum with a schedule", Sgd::new(1.0).momentum(0.9));
    follow("adam with a schedule", Adam::new(1.0));
}

#[derive(Module)]
#[module(scalar = f64)]
struct Pair {
    first: Param<f64>,
    second: Param<f64>,
}

impl Pair {
    fn new(first: usize, second: usize) -> Self {
        let zeros = |n: usize| Param::new(Tensor::zeros([n]));
        Pair { first: zeros(first), second: zeros(second) }
    }

    /// Gradients of a loss that is linear with these slopes; it does not depend on a parameter that has none.
    fn grads(&self, first: impl Into<Option<f64>>, second: impl Into<Option<f64>>) -> Gradients<f64> {
        let terms = [(&self.first, first.into()), (&self.second, second.into())];
        let terms = terms.into_iter().filter_map(|(param, slope)| Some(param.sum() * slope?));
        terms.reduce(|a, b| a + b).expect("a slope").backward()
    }

    fn values(&self) -> (f64, f64) {
        (self.first.item(), self.second.item())
    }
}

/// Makes a step along these slopes.
fn step(
    optimizer: &mut Sgd<f64>,
    net: &mut Pair,
    first: impl Into<Option<f64>>,
    second: impl Into<Option<f64>>,
) -> (f64, f64) {
    let grads = net.grads(first, second);
    optimizer.step(net, &grads);
    net.values()
}

/// With velocity `v = v / 2 + 1` and rate 1, a parameter moves by 1, 1.5, 1.75, ...; one that sits a step out stays
/// where it is, and so does its velocity.
#[test]
fn a_parameter_without_gradient_stays_and_keeps_its_own_moments() {
    let (mut net, mut sgd) = (Pair::new(1, 1), Sgd::new(1.0).momentum(0.5));
    assert_eq!(step(&mut sgd, &mut net, None, 1.0), (0.0, -1.0));
    assert_eq!(step(&mut sgd, &mut net, 1.0, 1.0), (-1.0, -2.5));
    assert_eq!(step(&mut sgd, &mut net, 1.0, None), (-2.5, -2.5));
    assert_eq!(step(&mut sgd, &mut net, 1.0, 1.0), (-4.25, -4.25));
    assert_eq!(sgd.state.steps(), 4);
}

/// Moments belong to a path, not to a place in the walk nor to a tensor in memory.
#[test]
fn moments_follow_the_path() {
    #[derive(Module)]
    #[module(scalar = f64)]
    struct Turned {
        second: Param<f64>,
        first: Param<f64>,
    }
    let (mut net, mut sgd) = (Pair::new(1, 1), Sgd::new(1.0).momentum(0.5));
    assert_eq!(step(&mut sgd, &mut net, 3.0, 1.0), (-3.0, -1.0));
    // The velocities, 3 and 1, are halved, and nothing is added to them.
    let mut turned = Turned { second: net.second, first: net.first };
    let grads = (0.0 * (turned.first.sum() + turned.second.sum())).backward();
    sgd.step(&mut turned, &grads);
    assert_eq!((turned.first.item(), turned.second.item()), (-4.5, -1.5));
}

#[test]
fn a_momentum_set_between_steps_counts_from_then_on() {
    let (mut net, mut sgd) = (Pair::new(1, 1), Sgd::new(1.0));
    assert_eq!(step(&mut sgd, &mut net, 1.0, 2.0), (-1.0, -2.0));
    sgd.momentum = 0.5;
    assert_eq!(step(&mut sgd, &mut net, 1.0, 2.0), (-2.0, -4.0));
    assert_eq!(step(&mut sgd, &mut net, 1.0, 2.0), (-3.5, -7.0));
    sgd.momentum = 0.0;
    assert_eq!(step(&mut sgd, &mut net, 1.0, 2.0), (-4.5, -9.0));
}

#[test]
#[should_panic(
    expected = "step: the parameter `second` has shape [3], but the optimizer remembers one of [2]"
)]
fn an_optimizer_says_so_when_it_meets_another_network() {
    let mut adam = Adam::new(0.1);
    for mut net in [Pair::new(4, 2), Pair::new(4, 3)] {
        let grads = net.grads(1.0, 1.0);
        adam.step(&mut net, &grads);
    }
}

#[test]
#[should_panic(expected = "no parameter of the module has a gradient here")]
fn gradients_of_another_network_are_no_gradients() {
    let (mut net, other) = (Pair::new(1, 1), Pair::new(1, 1));
    Sgd::new(0.1).step(&mut net, &other.grads(1.0, None));
}
