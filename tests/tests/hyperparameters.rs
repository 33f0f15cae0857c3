//! Hyperparameters that no rule allows: the step that refuses them, and what it says.

use tests::messages::panic_of;
use wengert::prelude::*;
use wengert::{
    Adadelta, Adafactor, Adagrad, Adamax, Lamb, Lbfgs, Lion, Lookahead, Muon, NAdam, RAdam, RmsProp, Split,
};

fn matrix() -> Param<f64> {
    Param::new(Tensor::from([[1.0, 2.0]]))
}

/// The step says this, blames the line that makes it, and has changed nothing.
#[track_caller]
fn refuses(expected: &str, mut optimizer: impl Optimizer<f64>) {
    let mut w = matrix();
    let grads = w.square().sum().backward();
    let (message, file, _) = panic_of(|| optimizer.step(&mut w, &grads));
    assert!(message.starts_with(&format!("{expected}\n  help: ")), "expected {expected}\nfound {message}");
    assert_eq!(file, file!(), "{message}");
    assert_eq!(w.to_vec(), [1.0, 2.0], "{message}");
}

#[track_caller]
fn accepts(mut optimizer: impl Optimizer<f64>) {
    let mut w = matrix();
    let grads = w.square().sum().backward();
    optimizer.step(&mut w, &grads);
    assert!(w.to_vec().iter().all(|w| w.is_finite()) && w.to_vec() != [1.0, 2.0], "{w:?}");
}

#[test]
fn shares_are_from_0_to_below_1() {
    let adam = || Adam::new(0.1);
    refuses("Adam: expected beta1 from 0 to below 1, found 1", Adam { beta1: 1.0, ..adam() });
    refuses("Adam: expected beta1 from 0 to below 1, found 2", Adam { beta1: 2.0, ..adam() });
    refuses("Adam: expected beta1 from 0 to below 1, found -0.1", Adam { beta1: -0.1, ..adam() });
    refuses("Adam: expected beta2 from 0 to below 1, found NaN", Adam { beta2: f64::NAN, ..adam() });
    refuses("AdamW: expected beta1 from 0 to below 1, found 1", AdamW { beta1: 1.0, ..AdamW::new(0.1) });
    refuses("AdamW: expected beta2 from 0 to below 1, found 1", AdamW { beta2: 1.0, ..AdamW::new(0.1) });
    refuses("Adamax: expected beta1 from 0 to below 1, found 1", Adamax { beta1: 1.0, ..Adamax::new(0.1) });
    refuses("Adamax: expected beta2 from 0 to below 1, found 1", Adamax { beta2: 1.0, ..Adamax::new(0.1) });
    refuses("NAdam: expected beta1 from 0 to below 1, found 1", NAdam { beta1: 1.0, ..NAdam::new(0.1) });
    refuses("NAdam: expected beta2 from 0 to below 1, found 1", NAdam { beta2: 1.0, ..NAdam::new(0.1) });
    refuses("RAdam: expected beta1 from 0 to below 1, found 1", RAdam { beta1: 1.0, ..RAdam::new(0.1) });
    refuses("RAdam: expected beta2 from 0 to below 1, found 1", RAdam { beta2: 1.0, ..RAdam::new(0.1) });
    refuses("Lamb: expected beta1 from 0 to below 1, found 1", Lamb { beta1: 1.0, ..Lamb::new(0.1) });
    refuses("Lamb: expected beta2 from 0 to below 1, found 1", Lamb { beta2: 1.0, ..Lamb::new(0.1) });
    refuses("Lion: expected beta1 from 0 to below 1, found 1", Lion { beta1: 1.0, ..Lion::new(0.1) });
    refuses("Lion: expected beta2 from 0 to below 1, found 1", Lion { beta2: 1.0, ..Lion::new(0.1) });
    refuses("Adadelta: expected rho from 0 to below 1, found 1", Adadelta { rho: 1.0, ..Adadelta::new(0.1) });
    refuses("Muon: expected momentum from 0 to below 1, found 1", Muon { momentum: 1.0, ..Muon::new(0.1) });
    refuses("Sgd: expected momentum from 0 to below 1, found 1", Sgd { momentum: 1.0, ..Sgd::new(0.1) });
    let rmsprop = || RmsProp::new(0.1);
    refuses("RmsProp: expected alpha from 0 to below 1, found 1", RmsProp { alpha: 1.0, ..rmsprop() });
    refuses("RmsProp: expected momentum from 0 to below 1, found 1", RmsProp { momentum: 1.0, ..rmsprop() });
}

#[test]
fn other_numbers_are_within_their_bounds() {
    refuses("Adam: expected epsilon from 0 on, found -1", Adam { epsilon: -1.0, ..Adam::new(0.1) });
    refuses("Adam: expected epsilon from 0 on, found inf", Adam { epsilon: f64::INFINITY, ..Adam::new(0.1) });
    refuses("AdamW: expected epsilon from 0 on, found -1", AdamW { epsilon: -1.0, ..AdamW::new(0.1) });
    refuses("Adamax: expected epsilon from 0 on, found -1", Adamax { epsilon: -1.0, ..Adamax::new(0.1) });
    refuses("NAdam: expected epsilon from 0 on, found -1", NAdam { epsilon: -1.0, ..NAdam::new(0.1) });
    refuses("RAdam: expected epsilon from 0 on, found -1", RAdam { epsilon: -1.0, ..RAdam::new(0.1) });
    refuses("Lamb: expected epsilon from 0 on, found -1", Lamb { epsilon: -1.0, ..Lamb::new(0.1) });
    refuses("Muon: expected epsilon from 0 on, found -1", Muon { epsilon: -1.0, ..Muon::new(0.1) });
    refuses("RmsProp: expected epsilon from 0 on, found -1", RmsProp { epsilon: -1.0, ..RmsProp::new(0.1) });
    refuses(
        "Adadelta: expected epsilon from 0 on, found -1",
        Adadelta { epsilon: -1.0, ..Adadelta::new(0.1) },
    );
    let nadam = NAdam { momentum_decay: -1.0, ..NAdam::new(0.1) };
    refuses("NAdam: expected momentum_decay from 0 on, found -1", nadam);
    let adagrad = || Adagrad::new(0.1);
    refuses("Adagrad: expected epsilon from 0 on, found -1", Adagrad { epsilon: -1.0, ..adagrad() });
    refuses("Adagrad: expected lr_decay from 0 on, found -1", Adagrad { lr_decay: -1.0, ..adagrad() });
    refuses("Adagrad: expected initial from 0 on, found -1", Adagrad { initial: -1.0, ..adagrad() });
    let adafactor = || Adafactor::new(0.1);
    refuses("Adafactor: expected epsilon from 0 on, found -1", Adafactor { epsilon: -1.0, ..adafactor() });
    refuses(
        "Adafactor: expected least_size from 0 on, found -1",
        Adafactor { least_size: -1.0, ..adafactor() },
    );
    refuses("Adafactor: expected clip from 1 on, found 0.5", Adafactor { clip: 0.5, ..adafactor() });
    refuses(
        "Adafactor: expected beta2_decay up to 0, found 0.8",
        Adafactor { beta2_decay: 0.8, ..adafactor() },
    );
    let lookahead = |alpha| Lookahead { alpha, ..Lookahead::new(Sgd::new(0.1)) };
    refuses("Lookahead: expected alpha above 0 to 1, found 0", lookahead(0.0));
    refuses("Lookahead: expected alpha above 0 to 1, found 1.5", lookahead(1.5));
}

#[test]
fn weights_do_not_grow_by_their_decay() {
    let decay = -1.0;
    let said = |name: &str| format!("{name}: expected weight_decay from 0 on, found -1");
    refuses(&said("Sgd"), Sgd { weight_decay: decay, ..Sgd::new(0.1) });
    refuses(&said("Adam"), Adam { weight_decay: decay, ..Adam::new(0.1) });
    refuses(&said("AdamW"), AdamW { weight_decay: decay, ..AdamW::new(0.1) });
    refuses(&said("Lamb"), Lamb { weight_decay: decay, ..Lamb::new(0.1) });
    refuses(&said("Lion"), Lion { weight_decay: decay, ..Lion::new(0.1) });
    refuses(&said("Muon"), Muon { weight_decay: decay, ..Muon::new(0.1) });
    refuses(&said("Adamax"), Adamax { weight_decay: decay, ..Adamax::new(0.1) });
    refuses(&said("NAdam"), NAdam { weight_decay: decay, ..NAdam::new(0.1) });
    refuses(&said("RAdam"), RAdam { weight_decay: decay, ..RAdam::new(0.1) });
    refuses(&said("Adagrad"), Adagrad { weight_decay: decay, ..Adagrad::new(0.1) });
    refuses(&said("Adadelta"), Adadelta { weight_decay: decay, ..Adadelta::new(0.1) });
    refuses(&said("Adafactor"), Adafactor { weight_decay: decay, ..Adafactor::new(0.1) });
    refuses(&said("RmsProp"), RmsProp { weight_decay: decay, ..RmsProp::new(0.1) });
    // Of one within another, that is named.
    refuses(&said("Sgd"), Lookahead::new(Sgd { weight_decay: decay, ..Sgd::new(0.1) }));
}

#[test]
fn nesterov_needs_momentum_and_no_dampening() {
    let sgd = || Sgd { momentum: 0.9, nesterov: true, ..Sgd::new(0.1) };
    accepts(sgd());
    let expected = "Sgd: expected momentum, with nesterov, above 0 to below 1, found 0";
    refuses(expected, Sgd { momentum: 0.0, ..sgd() });
    refuses("Sgd: expected dampening, with nesterov, of 0, found 0.3", Sgd { dampening: 0.3, ..sgd() });
    refuses("Sgd: expected dampening from 0 to 1, found 1.5", Sgd { dampening: 1.5, ..Sgd::new(0.1) });
}

/// The bounds that belong to a range, as PyTorch has them.
#[test]
fn bounds_are_allowed() {
    accepts(Adam { beta1: 0.0, beta2: 0.0, epsilon: 0.0, ..Adam::new(0.1) });
    accepts(RmsProp { alpha: 0.0, epsilon: 0.0, ..RmsProp::new(0.1) });
    accepts(Sgd { momentum: 0.9, dampening: 1.0, ..Sgd::new(0.1) });
    accepts(Adafactor { beta2_decay: 0.0, clip: 1.0, epsilon: 0.0, least_size: 0.0, ..Adafactor::new(0.1) });
    accepts(Lookahead { alpha: 1.0, ..Lookahead::new(Sgd::new(0.1)) });
}

/// Fields are public: what one is set to after some steps is looked at, too, and what is within an optimizer made of others.
#[test]
fn every_step_looks_at_every_part() {
    let mut w = matrix();
    let mut step = |adam: &mut Adam<f64>| {
        let grads = w.square().sum().backward();
        adam.step(&mut w, &grads);
    };
    let mut adam = Adam::new(0.1);
    step(&mut adam);
    adam.beta2 = 1.0;
    let (message, ..) = panic_of(|| step(&mut adam));
    assert!(message.starts_with("Adam: expected beta2 "), "{message}");

    let wrong = || Adam { beta1: 1.0, ..Adam::new(0.1) };
    let expected = "Adam: expected beta1 from 0 to below 1, found 1";
    refuses(expected, Split::new("*", wrong(), Sgd::new(0.1)));
    refuses(expected, Lookahead::new(wrong()));
    let mut boxed: Box<dyn Optimizer<f64>> = Box::new(wrong());
    let grads = w.square().sum().backward();
    let (message, ..) = panic_of(|| boxed.step(&mut w, &grads));
    assert!(message.starts_with(expected), "{message}");
    let mut lbfgs = Lbfgs::new(1.0);
    lbfgs.lr = -1.0;
    let (message, file, _) = panic_of(|| lbfgs.step(&mut w, |w| w.square().sum()));
    assert!(
        message.starts_with("Lbfgs: expected a finite learning rate of at least 0, found -1"),
        "{message}"
    );
    assert_eq!(file, file!());
}
