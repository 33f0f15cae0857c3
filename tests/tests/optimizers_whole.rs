//! Optimizers that look at a parameter as a whole, and those that are made of others: against PyTorch and formulas.

use serde_json::Value;
use tests::golden::{self, assert_close};
use wengert::prelude::*;
use wengert::{Adafactor, BatchNorm, Decay, Group, Lamb, Lookahead, Muon, MuonRate, Path, Split, State};

const TOLERANCE: f64 = 1e-12;

/// Parameters of all kinds of shapes.
#[derive(Module)]
#[module(scalar = f64)]
struct Tensors {
    number: Param<f64>,
    vector: Param<f64>,
    zeros: Param<f64>,
    wide: Param<f64>,
    tall: Param<f64>,
    cube: Param<f64>,
}

#[derive(Module)]
#[module(scalar = f64)]
struct Matrices {
    wide: Param<f64>,
    tall: Param<f64>,
}

fn given(part: &str, name: &str) -> Tensor<f64> {
    golden::tensor(&golden::nn()["tensors"][part][name])
}

fn start(name: &str) -> Param<f64> {
    Param::new(given("start", name))
}

fn tensors() -> Tensors {
    let [number, vector, zeros] = ["number", "vector", "zeros"].map(start);
    let [wide, tall, cube] = ["wide", "tall", "cube"].map(start);
    Tensors { number, vector, zeros, wide, tall, cube }
}

fn matrices() -> Matrices {
    Matrices { wide: start("wide"), tall: start("tall") }
}

/// The sum of `sin(slope * parameter)`.
fn loss(net: &dyn Module<f64>) -> Tensor<f64> {
    let terms =
        net.parameters().into_iter().map(|(path, param)| (param * given("slopes", &path)).sin().sum());
    terms.reduce(|a, b| a + b).expect("a parameter")
}

/// Makes the steps of the run with this name, and compares all parameters after each, in the order of `names`.
fn follow(run: &str, names: &[&str], mut net: impl Module<f64>, mut optimizer: impl Optimizer<f64>) {
    let golden: &Value = &golden::nn()["tensors"][run];
    let rate = golden["rate"].as_f64().expect("a rate");
    for step in 0..12 {
        optimizer.set_lr(rate / (1.0 + step as f64 / 4.0));
        let grads = loss(&net).backward();
        optimizer.step(&mut net, &grads);
        let params = net.parameters();
        let named = |name: &&str| params.iter().find(|(path, _)| path == name).expect("a name").1.to_vec();
        let found: Vec<f64> = names.iter().flat_map(named).collect();
        let expected = golden::numbers(&golden["trajectory"][step]);
        assert_close(&format!("{run}, step {}", step + 1), &found, &expected, TOLERANCE);
    }
    assert_eq!(optimizer.state().steps(), 12);
}

const ALL: [&str; 6] = ["number", "vector", "zeros", "wide", "tall", "cube"];

/// A vector and a matrix that are slow, and do not decay.
fn with_groups<O: Optimizer<f64>>(optimizer: O) -> O {
    let slow = Group::new().rate(0.5).decay(0.0);
    optimizer.group("vector", slow).group("wi*", slow)
}

#[test]
fn lamb_takes_the_steps_of_its_paper() {
    follow("lamb", &ALL, tensors(), Lamb { weight_decay: 0.1, ..Lamb::new(1.0) });
    let lamb = Lamb { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, ..Lamb::new(1.0) };
    follow("lamb with groups", &ALL, tensors(), with_groups(lamb));
}

#[test]
fn adafactor_takes_the_steps_of_pytorch() {
    follow("adafactor", &ALL, tensors(), Adafactor::new(1.0));
    let adafactor = Adafactor {
        beta2_decay: -0.5,
        epsilon: 1e-2,
        least_size: 0.3,
        clip: 1.2,
        weight_decay: 0.1,
        ..Adafactor::new(1.0)
    };
    follow("adafactor with groups", &ALL, tensors(), with_groups(adafactor));
}

/// What it remembers of a matrix is a row and a column.
#[test]
fn adafactor_remembers_a_row_and_a_column() {
    let (mut net, mut adafactor) = (tensors(), Adafactor::new(0.1));
    let grads = loss(&net).backward();
    adafactor.step(&mut net, &grads);
    let lengths = |path: &str| lengths(&adafactor.state, path);
    assert_eq!(lengths("number"), [1, 0]);
    assert_eq!(lengths("vector"), [3, 0]);
    assert_eq!(lengths("wide"), [2, 4]);
    assert_eq!(lengths("tall"), [5, 2]);
    assert_eq!(lengths("cube"), [2 * 3, 2 * 2]);
    assert_eq!(lengths("other"), [0; 0]);
}

/// How many numbers are in each slot of a parameter.
fn lengths(state: &State<f64>, path: &str) -> Vec<usize> {
    state.of(path).iter().map(Vec::len).collect()
}

#[test]
fn muon_takes_the_steps_of_pytorch_in_double_precision() {
    let names = ["wide", "tall"];
    follow("muon", &names, matrices(), Muon::new(1.0));
    let muon = Muon { nesterov: false, momentum: 0.8, scale: MuonRate::MatchAdam, ..Muon::new(1.0) };
    follow("muon without nesterov", &names, matrices(), muon);
    let muon = Muon {
        coefficients: [1.5, -0.5, 0.1],
        rounds: 3,
        epsilon: 2.0,
        scale: MuonRate::Spectral,
        ..Muon::new(1.0)
    };
    follow("muon with other rounds", &names, matrices(), muon);
}

/// One round of `(3 X - X³) / 2` after another goes to the orthogonal factor: of a triangular matrix with a positive diagonal, and of
/// twice an orthogonal matrix.
#[test]
fn muon_steps_along_the_orthogonal_factor() {
    let (sin, cos) = 0.3_f64.sin_cos();
    let rotation = Tensor::from([[cos, -sin], [sin, cos]]);
    for gradient in [&rotation * 2.0, rotation.matmul(&Tensor::from([[2.0, 1.0], [1.0, 3.0]]))] {
        let mut w = Param::new(Tensor::zeros([2, 2]));
        let muon = Muon { coefficients: [1.5, -0.5, 0.0], rounds: 60, weight_decay: 0.0, ..Muon::new(1.0) };
        let grads = (&w * &gradient).sum().backward();
        { muon }.step(&mut w, &grads);
        assert_close("the step", &w.to_vec(), &(-&rotation).to_vec(), 1e-14);
    }
}

#[test]
#[should_panic(
    expected = "Muon: the parameter `number` of shape [] is no matrix\n  help: give what is none to another optimizer: `Split::new("
)]
fn muon_says_what_to_do_with_what_is_no_matrix() {
    let mut net = tensors();
    let grads = loss(&net).backward();
    Muon::new(0.1).step(&mut net, &grads);
}

fn split() -> Split<Muon<f64>, AdamW<f64>, f64> {
    Split::new("*", Muon::new(1.0), AdamW { weight_decay: 0.1, ..AdamW::new(0.1) }).matrices()
}

#[test]
fn a_split_takes_the_steps_of_both() {
    let names = ["number", "vector", "zeros", "cube", "wide", "tall"];
    follow("split", &names, tensors(), split());
    // The same, of four optimizers.
    let adam = || AdamW { weight_decay: 0.1, ..AdamW::new(0.1) };
    let rest = Split::new("*", adam(), adam());
    follow(
        "split",
        &names,
        tensors(),
        Split::new("?a*", Muon::new(1.0), Split::new("wide", Muon::new(1.0), rest)),
    );
}

#[test]
fn lookahead_takes_the_steps_of_its_paper() {
    let adam = || Adam { weight_decay: 0.1, ..Adam::new(1.0) };
    follow("lookahead", &ALL, tensors(), with_groups(Lookahead::new(adam())));
    // Each half by itself.
    let half = || with_groups(Lookahead::new(adam()));
    follow("lookahead", &ALL, tensors(), Split::new("?a*", half(), half()));
    follow("lookahead", &ALL, tensors(), with_groups(Lookahead::new(Split::new("?u*", adam(), adam()))));
}

/// All that is remembered is shown once, under a path of its own.
#[test]
fn all_states_are_shown() {
    let (mut net, mut optimizer) = (tensors(), Lookahead::new(split()));
    let grads = loss(&net).backward();
    optimizer.step(&mut net, &grads);
    let mut found = Vec::new();
    optimizer.visit_states(&mut Path::default(), &mut |path, slots, state: &mut State<f64>| {
        found.push((path.to_string(), slots, state.steps(), lengths(state, "wide")));
    });
    let expected: [(&str, &[&str], &[usize]); 4] = [
        ("", &["slow"], &[8]),
        ("inner", &[], &[]),
        ("inner.first", &["momentum"], &[8]),
        ("inner.rest", &["m", "v"], &[]),
    ];
    assert_eq!(found, expected.map(|(path, slots, lengths)| (path.to_owned(), slots, 1, lengths.to_vec())));
}

/// A statistic belongs to one of the two, and so moves once: by a tenth.
#[test]
fn a_split_moves_a_statistic_once() {
    for pattern in ["running_*", "weight", "*"] {
        let mut norm = BatchNorm::<f64>::new(1);
        let x = Tensor::from([[1.0], [3.0]]);
        let grads = norm.forward(&x, &mut Mode::train(&mut Rng::seed(0))).sum().backward();
        Split::new(pattern, Sgd::new(0.1), Sgd::new(0.1)).step(&mut norm, &grads);
        assert_close(pattern, &norm.running_mean.to_vec(), &[0.2], 1e-15);
        assert_close(pattern, &norm.running_var.to_vec(), &[0.9 + 0.2], 1e-15);
    }
}

/// One side may have no gradient in a step, but not both.
#[test]
fn a_side_without_gradients_waits() {
    let (mut net, mut split) = (tensors(), split());
    let grads = net.vector.sum().backward();
    split.step(&mut net, &grads);
    assert_eq!((split.first.state.steps(), split.rest.state.steps()), (0, 1));
    let other = start("wide");
    let grads = other.sum().backward();
    let step = std::panic::AssertUnwindSafe(|| split.step(&mut net, &grads));
    let message = std::panic::catch_unwind(step).expect_err("no gradient");
    assert!(message.downcast_ref::<&str>().expect("a text").starts_with("step: no parameter of the module"));
}

/// From 1, with rate 1 and slope 1, to 0 and -1; every second step half of the way back: to 0, and from there to -1.
#[test]
fn a_weight_sets_out_where_it_gets_its_first_gradient() {
    let mut net = (Param::new(Tensor::scalar(1.0)), Param::new(Tensor::scalar(5.0)));
    let mut optimizer = Lookahead { k: 2, ..Lookahead::new(Sgd::new(1.0)) };
    let mut step = |second: bool| {
        let loss = if second { &net.0 + &net.1 } else { net.0.sum() };
        optimizer.step(&mut net, &loss.backward());
        (net.0.item(), net.1.item())
    };
    assert_eq!(step(false), (0.0, 5.0));
    assert_eq!(step(true), (0.0, 4.5));
    assert_eq!(step(false), (-1.0, 4.5));
    assert_eq!(step(true), (-1.0, 4.0));
}

#[test]
#[should_panic(expected = "Split: no parameter has a path like `encoder.*`")]
fn a_split_of_nothing_is_a_mistake() {
    let mut net = tensors();
    let grads = loss(&net).backward();
    Split::new("encoder.*", Sgd::new(0.1), Sgd::new(0.1)).step(&mut net, &grads);
}

#[test]
#[should_panic(expected = "Split: of the parameters with a path like `vec*` none is a matrix")]
fn a_split_of_no_matrices_is_a_mistake() {
    let mut net = tensors();
    let grads = loss(&net).backward();
    Split::new("vec*", Muon::new(0.1), Sgd::new(0.1)).matrices().step(&mut net, &grads);
}

/// An optimizer in a box has the states, the rate and the decay of what is in it.
#[test]
fn a_boxed_optimizer_is_what_is_in_it() {
    let seen = |optimizer: &mut dyn Optimizer| {
        let mut states = Vec::new();
        optimizer.visit_states(&mut Path::default(), &mut |path, slots, _| {
            states.push((path.to_string(), slots.to_vec()));
        });
        states
    };
    let split = || Split::new("*.weight", Muon::new(0.02), AdamW { weight_decay: 0.3, ..AdamW::new(0.1) });
    let mut boxed: Box<dyn Optimizer> = Box::new(split());
    assert_eq!(seen(&mut boxed), seen(&mut split()));
    assert_eq!(seen(&mut boxed).len(), 3); // that of the whole, and those of its parts
    let decayed: Box<dyn Optimizer> = Box::new(AdamW::<f32> { weight_decay: 0.3, ..AdamW::new(0.1) });
    assert_eq!((decayed.lr(), decayed.decay()), (0.1, Decay::Decoupled(0.3)));
}
