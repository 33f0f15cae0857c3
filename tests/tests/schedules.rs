//! Schedules of the learning rate, against PyTorch's, by themselves and in training.

use tests::golden::{self, assert_close};
use tests::messages::panic_of;
use wengert::prelude::*;
use wengert::{
    Cosine, Exponential, InverseRoot, Line, Milestones, OneCycle, Plateau, Polynomial, Schedule, StepDecay,
    WarmRestarts, Warmup,
};

fn expected(name: &str) -> Vec<f64> {
    golden::numbers(&golden::nn()["schedules"][name])
}

#[test]
fn rates_are_those_of_pytorch() {
    let line = |length, start, end| Line { length, start, end };
    let cases: [(&str, Box<dyn Schedule>); 11] = [
        ("step", Box::new(StepDecay { factor: 0.5, ..StepDecay::new(3) })),
        ("milestones", Box::new(Milestones { factor: 0.3, ..Milestones::new(&[2, 5, 9]) })),
        ("exponential", Box::new(Exponential::new(0.9))),
        ("cosine", Box::new(Cosine { end: 0.1, ..Cosine::new(20) })),
        ("warm restarts", Box::new(WarmRestarts { growth: 2, end: 0.05, ..WarmRestarts::new(3) })),
        ("equal restarts", Box::new(WarmRestarts::new(5))),
        ("one cycle", Box::new(OneCycle::new(20))),
        ("line", Box::new(line(10, 0.25, 0.75))),
        ("polynomial", Box::new(Polynomial::new(10, 2.0))),
        ("warm-up, then cosine", Box::new(line(5, 0.2, 1.0).then(5, Cosine::new(12)))),
        (
            "exponential times step",
            Box::new(Exponential::new(0.9).times(StepDecay { factor: 0.5, ..StepDecay::new(4) })),
        ),
    ];
    for (name, schedule) in cases {
        let expected = expected(name);
        let found: Vec<f64> = (0..expected.len() as u64).map(|t| schedule.share(t)).collect();
        assert_close(name, &found, &expected, 1e-12);
    }
}

#[test]
fn the_rate_on_a_plateau_is_that_of_pytorch() {
    let mut plateau = Plateau { factor: 0.5, patience: 2, cooldown: 1, least: 0.2, ..Plateau::new() };
    let mut lr = 1.0;
    let rate = |loss| {
        lr = plateau.next(loss, lr);
        lr
    };
    let found: Vec<f64> = expected("losses").into_iter().map(rate).collect();
    assert_close("plateau", &found, &expected("plateau"), 1e-12);
}

/// What has no counterpart there, by its formula; and at its end each stays where it is.
#[test]
fn formulas_and_ends() {
    let shares = |schedule: &dyn Schedule, times: [u64; 4]| times.map(|t| schedule.share(t));
    assert_eq!(shares(&Warmup::new(4), [0, 1, 3, 9]), [0.25, 0.5, 1.0, 1.0]);
    assert_eq!(shares(&InverseRoot::new(4), [0, 3, 15, 63]), [1.0, 1.0, 0.5, 0.25]);
    assert_eq!(shares(&|t: u64| 1.0 / (1.0 + t as f64), [0, 1, 3, 4]), [1.0, 0.5, 0.25, 0.2]);
    for (end, schedule) in [
        (0.1, &Cosine { end: 0.1, ..Cosine::new(3) } as &dyn Schedule),
        (0.0, &Line::new(3)),
        (0.0, &Polynomial::new(3, 1.5)),
        (1.0 / 25e4, &OneCycle::new(3)),
        (0.0, &Exponential::new(0.5)),
    ] {
        assert_eq!([1 << 40, u64::MAX].map(|t| schedule.share(t)), [end; 2], "{schedule:?}");
    }
    // The shortest cycles have no way up, and nothing is divided by 0.
    assert!(shares(&OneCycle::new(2), [0, 1, 2, 3]).iter().all(|share| share.is_finite()));
    assert_eq!(shares(&Cosine::new(0), [0, 1, 2, 3]), [0.0; 4]);
}

/// All the time up, and then it stays at the top: PyTorch's last step with `pct_start=1.0` is the largest rate, too.
#[test]
fn one_cycle_may_rise_to_its_end() {
    let up = OneCycle { rise: 1.0, ..OneCycle::new(11) };
    let shares = [0, 5, 10, 11, 100].map(|t| up.share(t));
    assert_close("all the way up", &shares, &[0.04, 0.52, 1.0, 1.0, 1.0], 1e-12);
}

/// Fields are public, so what `new` refuses may come later.
#[test]
fn lengths_that_are_none_are_named() {
    type Case = (&'static str, Box<dyn Schedule>);
    let cases: [Case; 6] = [
        ("StepDecay: expected a length of at least 1", Box::new(StepDecay { every: 0, ..StepDecay::new(1) })),
        (
            "WarmRestarts: expected a length of at least 1",
            Box::new(WarmRestarts { length: 0, ..WarmRestarts::new(1) }),
        ),
        (
            "WarmRestarts: expected a length of at least 1",
            Box::new(WarmRestarts { length: 0, growth: 2, ..WarmRestarts::new(1) }),
        ),
        (
            "OneCycle: expected a length of at least 2, found 1",
            Box::new(OneCycle { length: 1, ..OneCycle::new(2) }),
        ),
        (
            "OneCycle: expected a rise from 0 to 1, found 1.5",
            Box::new(OneCycle { rise: 1.5, ..OneCycle::new(2) }),
        ),
        (
            "OneCycle: expected a rise from 0 to 1, found NaN",
            Box::new(OneCycle { rise: f64::NAN, ..OneCycle::new(2) }),
        ),
    ];
    for (expected, schedule) in cases {
        let (message, ..) = panic_of(|| schedule.share(3));
        assert!(message.starts_with(expected) && message.contains("\n  help: "), "{message}");
    }
    for (expected, (message, file, _)) in [
        ("StepDecay: expected a length of at least 1", panic_of(|| StepDecay::new(0))),
        ("WarmRestarts: expected a length of at least 1", panic_of(|| WarmRestarts::new(0))),
        ("OneCycle: expected a length of at least 2, found 1", panic_of(|| OneCycle::new(1))),
    ] {
        assert!(message.starts_with(expected) && file == file!(), "{file}: {message}");
    }
}

/// Notes the rate before each step and epoch, as it is when the one before is over.
struct Rates<'a>(&'a std::cell::RefCell<Vec<f64>>);

impl Callback for Rates<'_> {
    fn on_start(&mut self, _: &wengert::Plan, training: &mut InTraining) {
        self.0.borrow_mut().push(training.optimizer.lr());
    }
    fn on_step(&mut self, _: &StepReport, training: &mut InTraining) -> Control {
        self.0.borrow_mut().push(training.optimizer.lr());
        Control::Continue
    }
    fn on_epoch(&mut self, _: &EpochReport, training: &mut InTraining) -> Control {
        self.0.borrow_mut().push(training.optimizer.lr());
        Control::Continue
    }
}

/// Two epochs of two steps, twice: the second training begins with the schedule anew, though the first has lowered the rate.
#[test]
fn a_trainer_follows_a_schedule() {
    let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).expect("as many");
    let rates = std::cell::RefCell::new(Vec::new());
    let halves = || Exponential::new(0.5);
    for (per_step, expected) in
        [(false, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]), (true, [1.0, 0.5, 0.25, 0.25, 0.125, 0.0625, 0.0625])]
    {
        let mut net = Linear::new(2, 1, &mut Rng::seed(0));
        let trainer = Trainer::new(Sgd::new(1.0)).loss(mse).epochs(2).batch(4);
        let trainer = if per_step { trainer.schedule_steps(halves()) } else { trainer.schedule(halves()) };
        let mut trainer = trainer.with(Rates(&rates));
        for _ in 0..2 {
            trainer.fit(&mut net, &data, &data).expect("it trains");
            assert_eq!(rates.take(), expected);
        }
    }
}

/// Steps so small that no weight changes: the loss is the same from the first epoch on.
#[test]
fn a_trainer_lowers_the_rate_on_a_plateau() {
    let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).expect("as many");
    let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    let plateau = Plateau { factor: 0.5, patience: 1, ..Plateau::new() };
    let mut trainer = Trainer::new(Sgd::new(1e-30)).loss(mse).epochs(5).with(plateau);
    trainer.fit(&mut net, &data, &data).expect("it trains");
    assert_eq!(trainer.optimizer().lr(), 0.25e-30);
}
