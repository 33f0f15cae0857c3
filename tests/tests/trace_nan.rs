//! The first NaN and the first infinity are told with their true culprit: operator, pass, line and parameter.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use wengert::autograd::{Call, Keeps, NanTrace, Op, View, checkpoint, grad, trace_nan};
use wengert::prelude::*;
use wengert::{Pass, Tensor};

/// The identity, with one element of its value or its gradient spoiled.
#[derive(Debug)]
struct Spoil {
    pass: Pass,
    with: f32,
}

impl Op<f32, 1> for Spoil {
    fn forward(&self, [x]: [View<'_, f32>; 1], y: &mut [f32]) {
        x.map_into(y, |x| x);
        if self.pass == Pass::Forward {
            y[0] = self.with;
        }
    }
    fn backward(&self, _: usize, _: &Call<'_, f32>, dy: &Tensor) -> Tensor {
        if self.pass == Pass::Forward { dy.clone() } else { dy + self.with }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Spoils the value that comes by at one place.
struct Spoiler {
    place: usize,
    pass: Pass,
    with: f32,
    passed: Cell<usize>,
    line: Cell<u32>,
}

impl Spoiler {
    #[track_caller]
    fn at(&self, x: Tensor) -> Tensor {
        if self.passed.replace(self.passed.get() + 1) != self.place {
            return x;
        }
        self.line.set(Location::caller().line());
        let (pass, with) = (self.pass, self.with);
        Spoil { pass, with }.apply([&x])
    }
}

fn weights<const N: usize>(shapes: [&[usize]; N]) -> [Tensor; N] {
    let mut rng = Rng::seed(1);
    shapes.map(|shape| Tensor::normal(shape, 0.0, 0.3, &mut rng).requires_grad())
}

/// Five networks, spoiled behind any of their operators.
const NETWORKS: [fn(&Spoiler) -> Tensor; 5] = [
    |s| {
        let [x, w, v] = weights([&[4, 3], &[5, 3], &[2, 5]]);
        let h = s.at(x.linear(&w, None));
        let h = s.at(h.tanh());
        s.at(s.at(h.linear(&v, None)).log_softmax(-1)).mean()
    },
    |s| {
        let [x, scale, shift] = weights([&[4, 6], &[6], &[6]]);
        let h = s.at(x.layer_norm(&scale, &shift, 1e-5));
        let scores = s.at(h.matmul(&s.at(h.t())));
        s.at(s.at(scores.softmax(-1)).matmul(&h)).sum()
    },
    |s| {
        let [x, w] = weights([&[2, 3], &[3, 3]]);
        let step = |h: &Tensor| s.at(s.at(h.matmul(&w)).sigmoid());
        let h = step(&step(&step(&x)));
        s.at(&h * &h).sum()
    },
    |s| {
        let [table, w] = weights([&[7, 4], &[4, 4]]);
        let words = s.at(table.rows(&[1, 5, 1]));
        let joined = s.at(Tensor::concat(&[&words, &s.at(words.matmul(&w))], 0));
        s.at(joined.exp()).logsumexp(0).sum()
    },
    |s| {
        let [x, w, b] = weights([&[2, 4], &[4, 4], &[4]]);
        let h = checkpoint(|[x, w, b]| x + x.linear(w, Some(b)).relu(), [&x, &w, &b]);
        let h = s.at(h);
        let h = s.at(Tensor::where_(&h.mask(|h| h > 0.0), &h, &h.powi(3)));
        s.at(h.transpose(0, 1)).mean()
    },
];

#[test]
fn whatever_is_spoiled_is_named_with_its_line() {
    let mut spoiled = 0;
    for network in NETWORKS {
        for place in 0.. {
            let mut is_past_the_end = false;
            for pass in [Pass::Forward, Pass::Backward] {
                for with in [f32::NAN, f32::INFINITY] {
                    let (passed, line) = (Cell::new(0), Cell::new(0));
                    let spoiler = Spoiler { place, pass, with, passed, line };
                    let (_, trace) = trace_nan(|| network(&spoiler).backward());
                    is_past_the_end = place >= spoiler.passed.get();
                    if is_past_the_end {
                        assert!(trace.nan().is_none() && trace.infinity().is_none(), "{trace}");
                        continue;
                    }
                    let birth = if with.is_nan() { trace.nan() } else { trace.infinity() };
                    let birth = birth.unwrap_or_else(|| panic!("nothing found"));
                    assert_eq!((birth.operator.as_str(), birth.pass), ("spoil", pass), "{trace}");
                    assert_eq!((birth.caller.line(), birth.caller.file()), (spoiler.line.get(), file!()));
                    assert!(birth.came_with.is_none() && birth.found.shape.size() > 0, "{trace}");
                    spoiled += 1;
                }
            }
            if is_past_the_end {
                break;
            }
        }
    }
    assert_eq!(spoiled, 4 * (4 + 5 + 7 + 4 + 3));
}

fn text(trace: &NanTrace) -> String {
    let text = trace.to_string();
    // Lines of this file change.
    let line = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':').to_owned();
    text.split(".rs:")
        .enumerate()
        .map(|(i, part)| if i == 0 { part.to_owned() } else { line(part) })
        .collect()
}

#[test]
fn real_culprits() {
    let x = Tensor::from([4.0_f32, 0.0, 2.0]).requires_grad();
    let culprit = |f: &dyn Fn() -> Tensor| {
        let (_, trace) = trace_nan(|| f().sum().backward());
        let of =
            |birth: Option<&wengert::Birth>| birth.map(|birth| format!("{} {}", birth.operator, birth.pass));
        [of(trace.nan()), of(trace.infinity())]
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(culprit(&|| &x * 2.0), [None, None]);
    assert_eq!(culprit(&|| x.ln()), [None, some("ln forward")]);
    assert_eq!(culprit(&|| x.sqrt()), [None, some("sqrt backward")]);
    assert_eq!(culprit(&|| &x / &x), [some("div forward"), some("div backward")]);
    assert_eq!(culprit(&|| (&x * 100.0).exp() * 0.0), [some("mul_scalar forward"), some("exp forward")]);
    assert_eq!(culprit(&|| (x.ln() - x.ln()).exp()), [some("sub forward"), some("ln forward")]);
    // What follows a backward pass is the next forward pass.
    assert_eq!(
        culprit(&|| Tensor::scalar((&x * 2.0).sum().backward()[&x].at([0])) * x.ln()),
        [None, some("ln forward")]
    );
    // In a gradient that is recorded, and thus written in operators, it is still the gradient of the operator called.
    let (_, trace) = trace_nan(|| grad(&x.sqrt().sum(), [&x]));
    let birth = trace.infinity().unwrap();
    assert_eq!((birth.operator.as_str(), birth.pass, birth.caller.file()), ("sqrt", Pass::Backward, file!()));
}

/// A NaN that is there before is not born, but came with a parameter, whose path is told.
#[test]
fn what_comes_with_a_parameter_is_told_by_its_path() {
    let mut net = Mlp::<f32>::new(&[2, 3, 1], Activation::Tanh, &mut Rng::seed(1));
    net.parameters_mut()[2].1.update(|w| w[1] = f32::NAN);
    let loss = || net.forward(&Tensor::ones([1, 2]), &mut Mode::eval()).sum();
    let (_, trace) = trace_nan(loss);
    let trace = trace.named(net.parameters());
    let birth = trace.nan().unwrap();
    assert_eq!(birth.came_with.map(|i| birth.given[i].label.as_str()), Some("layers.1.weight"), "{trace}");
    let text = text(&trace);
    for part in [
        "first NaN: came with layers.1.weight into the value of linear",
        "layers.1.bias",
        "1 of 3 NaN",
        "[1, 3]",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let (_, clean) = trace_nan(|| Tensor::<f32>::ones([2]).sum());
    assert_eq!(clean.to_string(), "every value and every gradient is finite\n");
}

#[test]
fn it_nests_and_ends_with_its_closure() {
    let bad = || Tensor::from([0.0_f32]).ln();
    let ((_, inner), outer) = trace_nan(|| trace_nan(bad));
    assert!(inner.infinity().is_some() && outer.infinity().is_none());
    let (_, outer) = trace_nan(|| (bad(), trace_nan(|| ())));
    assert!(outer.infinity().is_some());
    let (panicked, outer) = trace_nan(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| trace_nan(|| panic!("on purpose")).0)).is_err();
        bad();
        panicked
    });
    assert!(panicked && outer.infinity().is_some());
    bad();
    let (_, after) = trace_nan(|| ());
    assert!(after.infinity().is_none());
}
