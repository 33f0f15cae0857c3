//! L-BFGS against PyTorch: losses, parameters, and how many iterations and evaluations it makes.

use tests::golden::{self, assert_close};
use wengert::files::{Checkpoints, Record};
use wengert::prelude::*;
use wengert::{BatchNorm, Lbfgs, LbfgsStop, mse};

/// Makes the steps of the run with this name.
fn follow<M: Module<f64>>(
    run: &str,
    net: &mut M,
    mut lbfgs: Lbfgs<f64>,
    loss: impl Fn(&M) -> Tensor<f64>,
    tolerance: f64,
) {
    let golden = &golden::nn()["lbfgs"][run];
    let losses = golden::numbers(&golden["losses"]);
    let counts = |name: &str| golden::labels(&golden[name]);
    let mut evaluations = 0;
    for (i, expected) in losses.iter().enumerate() {
        let what = format!("{run}, step {}", i + 1);
        let report = lbfgs.step(net, |net| {
            evaluations += 1;
            loss(net)
        });
        assert_close(&what, &[report.loss], &[*expected], tolerance);
        let found: Vec<f64> = net.parameters().iter().flat_map(|(_, param)| param.to_vec()).collect();
        assert_close(&what, &found, &golden::numbers(&golden["parameters"][i]), tolerance);
        assert_eq!(lbfgs.state.iterations(), counts("iterations")[i] as u64, "{what}: iterations");
        assert_eq!(lbfgs.state.evaluations(), counts("evaluations")[i] as u64, "{what}: evaluations");
    }
    assert_eq!(lbfgs.state.evaluations(), evaluations);
}

#[derive(Module)]
#[module(scalar = f64)]
struct Network {
    linear: Linear<f64>,
    scale: Param<f64>,
}

fn network(run: &str, lbfgs: Lbfgs<f64>, tolerance: f64) {
    let golden = golden::nn();
    let given = |name: &str| golden::tensor(&golden["optimizers"]["problem"][name]);
    let (x, y) = (given("x"), given("y"));
    let linear = Linear { weight: Param::new(given("weight")), bias: Some(Param::new(given("bias"))) };
    let mut net = Network { linear, scale: Param::new(given("scale")) };
    let loss = |net: &Network| (net.linear.forward(&x, &mut Mode::eval()).tanh() * &*net.scale).mse(&y);
    follow(run, &mut net, lbfgs, loss, tolerance);
}

fn rosenbrock(point: &Param<f64>) -> Tensor<f64> {
    let (x, y) = (point.i(0), point.i(1));
    (1.0 - &x).square() + (y - x.square()).square() * 100.0
}

fn search(lr: f64) -> Lbfgs<f64> {
    Lbfgs { strong_wolfe: true, ..Lbfgs::new(lr) }
}

#[test]
fn steps_of_a_fixed_length_are_those_of_pytorch() {
    network("network", Lbfgs { max_iter: 6, ..Lbfgs::new(0.5) }, 1e-12);
    network("network with a short history", Lbfgs { max_iter: 8, history: 2, ..Lbfgs::new(0.5) }, 1e-12);
}

#[test]
fn steps_that_are_searched_for_are_those_of_pytorch() {
    network("network with search", Lbfgs { max_iter: 6, ..search(1.0) }, 1e-12);
    network("network with few evaluations", Lbfgs { max_iter: 6, max_eval: Some(4), ..search(1.0) }, 1e-12);
    network("network to the end", Lbfgs { max_iter: 400, tolerance_grad: 1e-6, ..search(1.0) }, 1e-12);
}

#[test]
fn the_way_through_rosenbrocks_valley_is_that_of_pytorch() {
    // Where the steps are large, the last bit of the start changes PyTorch's own end by 2e-11.
    for (run, lr, tolerance) in [
        ("rosenbrock", 1.0, 1e-12),
        ("rosenbrock in small steps", 0.01, 1e-12),
        ("rosenbrock in large steps", 30.0, 1e-10),
    ] {
        let mut point = Param::new(Tensor::from([-1.2, 1.0]));
        follow(run, &mut point, Lbfgs { max_iter: 10, ..search(lr) }, rosenbrock, tolerance);
    }
}

/// From far too short to far too long, where loss and slope mislead.
#[test]
fn searches_along_a_line_are_those_of_pytorch() {
    type Line = fn(&Param<f64>) -> Tensor<f64>;
    let lines: [(&str, f64, Line); 3] = [
        ("valley", 0.0, |p| (-&**p / (p.square() + 2.0)).sum()),
        ("waves", 1.0, |p| (p.square() * 0.1 + (p * 3.0).sin()).sum()),
        ("exponential", 0.0, |p| ((&**p - 3.0).exp() - &**p).sum()),
    ];
    for (name, start, line) in lines {
        for (text, lr) in [("0.001", 0.001), ("0.1", 0.1), ("1.0", 1.0), ("10.0", 10.0), ("300.0", 300.0)] {
            let mut p = Param::new(Tensor::from([start]));
            let lbfgs = Lbfgs { max_iter: 2, max_eval: Some(25), ..search(lr) };
            // From 300 away, the last bit of the start changes PyTorch's own first step by 1e-10.
            let tolerance = if lr == 300.0 { 1e-9 } else { 1e-12 };
            follow(&format!("{name} {text}"), &mut p, lbfgs, line, tolerance);
        }
    }
}

#[test]
fn it_says_why_it_ends() {
    let stop = |lbfgs: Lbfgs<f64>, start: f64| {
        let mut w = Param::new(Tensor::from([start, start]));
        let mut lbfgs = lbfgs;
        lbfgs.step(&mut w, |w| (w.square() * Tensor::from([1.0, 10.0])).sum()).stop
    };
    assert_eq!(stop(search(1.0), 0.0), LbfgsStop::Gradient);
    assert_eq!(stop(Lbfgs { tolerance_change: 1e-18, ..search(1.0) }, 1.0), LbfgsStop::Gradient);
    assert_eq!(stop(Lbfgs { max_iter: 2, max_eval: Some(50), ..search(1.0) }, 1.0), LbfgsStop::Iterations);
    assert_eq!(stop(Lbfgs { max_iter: 0, ..search(1.0) }, 1.0), LbfgsStop::Iterations);
    assert_eq!(stop(Lbfgs { max_eval: Some(3), ..search(1.0) }, 1.0), LbfgsStop::Evaluations);
    assert_eq!(
        stop(Lbfgs { tolerance_change: 1e-2, tolerance_grad: 0.0, ..search(1.0) }, 1.0),
        LbfgsStop::Change
    );
    assert_eq!(stop(search(1.0), f64::NAN), LbfgsStop::NotFinite);
}

/// What is no number is not stepped into: the parameters are the last that were good.
#[test]
fn a_loss_that_is_no_number_leaves_good_parameters() {
    // The logarithm ends at 0.
    let loss = |w: &Param<f64>| (&**w - w.ln() * 2.0).sum();
    let mut w = Param::new(Tensor::from([0.5]));
    let report = Lbfgs::new(10.0).step(&mut w, |w| -loss(w));
    assert_eq!((report.stop, w.to_vec()), (LbfgsStop::NotFinite, vec![0.5]));

    let mut w = Param::new(Tensor::from([9.0]));
    let report = Lbfgs { max_iter: 50, ..search(100.0) }.step(&mut w, loss);
    assert_eq!(report.stop, LbfgsStop::Gradient);
    assert_close("the minimum of w - 2 ln w", &w.to_vec(), &[2.0], 1e-7);
}

/// In single precision, too, and with gradients that were worked out in two parts.
#[test]
fn parts_of_the_loss_may_be_added_up() {
    let x: Tensor = Tensor::from([[1.0, 2.0], [0.5, -1.0], [3.0, 1.0], [-2.0, 0.5]]);
    let y = x.matmul(&Tensor::from([[2.0], [-3.0]])) + 0.5;
    let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    let mut lbfgs = Lbfgs { strong_wolfe: true, max_iter: 50, ..Lbfgs::new(1.0) };
    lbfgs.step_with(&mut net, |net| {
        let part = |rows: [usize; 2]| mse(&net.forward(&x.rows(&rows), &mut Mode::eval()), &y.rows(&rows));
        let (a, b) = (part([0, 1]), part([2, 3]));
        let loss = f64::from(a.item() + b.item());
        (loss, a.backward() + b.backward())
    });
    let found: Vec<f64> = net.parameters().iter().flat_map(|(_, p)| p.to_vec()).map(f64::from).collect();
    assert_close("the line", &found, &[2.0, -3.0, 0.5], 1e-4);
}

/// Of all evaluations of a step the first one counts.
#[test]
fn statistics_move_once_a_step() {
    let mut norm = BatchNorm::<f64>::new(1);
    let x = Tensor::from([[1.0], [3.0]]);
    let report = search(1.0).step(&mut norm, |norm| {
        (norm.forward(&x, &mut Mode::train(&mut Rng::seed(0))) - 5.0).square().mean()
    });
    assert!(report.evaluations > 2);
    assert_close("the mean", &norm.running_mean.to_vec(), &[0.2], 1e-15);
}

#[test]
#[should_panic(expected = "Lbfgs: it has trained 1 parameters, and here are 2")]
fn another_network_is_a_mistake() {
    let mut net = (Param::new(Tensor::scalar(1.0)), Param::new(Tensor::scalar(2.0)));
    let mut lbfgs = search(1.0);
    lbfgs.step(&mut net.0, |w| w.square().sum());
    lbfgs.step(&mut net, |w| w.0.square().sum());
}

#[test]
#[should_panic(expected = "Lbfgs: no parameter of the module has a gradient here")]
fn a_loss_of_another_network_is_a_mistake() {
    let (mut net, other) = (Param::new(Tensor::scalar(1.0)), Param::new(Tensor::scalar(1.0)));
    search(1.0).step(&mut net, |_| other.square());
}

/// Saved after some steps and restored into a new one, it goes on to the same bits.
#[test]
fn a_checkpoint_goes_on_with_the_same_bits() {
    let folder = std::env::temp_dir().join(format!("wengert_lbfgs_{}", std::process::id()));
    let begin = || Param::new(Tensor::from([-1.2, 1.0]));
    for make in [|| search(1.0), || Lbfgs::new(1e-3)] {
        let make = || Lbfgs { max_iter: 4, history: 3, ..make() };
        let (mut whole, mut lbfgs) = (begin(), make());
        for _ in 0..2 {
            lbfgs.step(&mut whole, rosenbrock);
        }
        let mut checkpoints = Checkpoints::new(&folder);
        let keep = |record: &mut Record<'_, f64>, point: &mut Param<f64>, lbfgs: &mut Lbfgs<f64>| {
            record.module("point", point);
            record.within("lbfgs", |record| lbfgs.state.remember(record));
        };
        checkpoints.save(2, |record| keep(record, &mut whole, &mut lbfgs)).unwrap();
        lbfgs.step(&mut whole, rosenbrock);

        let (mut resumed, mut fresh) = (begin(), make());
        let mut checkpoints = Checkpoints::new(&folder);
        assert!(checkpoints.restore(|record| keep(record, &mut resumed, &mut fresh)).unwrap().is_some());
        fresh.step(&mut resumed, rosenbrock);
        let bits = |point: &Param<f64>| point.to_vec().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(&resumed), bits(&whole));
        assert_eq!(fresh.state.iterations(), lbfgs.state.iterations());
        assert_eq!(fresh.state.evaluations(), lbfgs.state.evaluations());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
