//! A profile counts each call once, where it belongs, and its times and bytes add up.

use expect_test::expect;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wengert::prelude::*;
use wengert::{Pass, Profile, no_grad, span};

/// One step of a small network.
fn step() -> (Mlp, Profile) {
    let mut rng = Rng::seed(0);
    let mut net = Mlp::new(&[16, 32, 16], Activation::Tanh, &mut rng);
    let x = Tensor::<f32>::ones([4, 16]);
    let mut adam = Adam::new(1e-3);
    let ((), profile) = profile(|| {
        let loss = net.forward(&x, &mut Mode::eval()).cross_entropy(&[0, 1, 2, 3]);
        adam.step(&mut net, &loss.backward());
    });
    let profile = profile.named(net.parameters());
    (net, profile)
}

#[test]
fn every_call_is_counted_once_under_its_layer() {
    let (_, profile) = step();
    let count = |layer: &str, pass| {
        let rows = profile.rows();
        rows.iter()
            .filter(|row| row.layer == layer && row.pass == pass)
            .map(|row| row.cost.calls)
            .sum::<u64>()
    };
    for layer in ["layers.0", "layers.1"] {
        assert_eq!((count(layer, Pass::Forward), count(layer, Pass::Backward)), (1, 1), "{layer}\n{profile}");
    }
    let calls = |name: &str, pass| {
        let costs = profile.by_operator();
        costs.iter().find(|(key, _)| *key == (name.to_owned(), pass)).map_or(0, |(_, cost)| cost.calls)
    };
    assert_eq!((calls("cross_entropy", Pass::Forward), calls("cross_entropy", Pass::Backward)), (1, 1));
    assert_eq!(calls("adam", Pass::Span), 1);
    assert!(profile.by_layer().iter().any(|(layer, _)| layer == "layers.1"));
}

#[test]
fn bytes_are_the_buffers_taken_and_views_take_none() {
    let x = Tensor::<f32>::ones([64, 32]);
    let (_, profile) = profile(|| no_grad(|| x.exp().transpose(0, 1)));
    let bytes = profile.by(|row| row.operator.clone()).into_iter().map(|(name, cost)| (name, cost.bytes));
    let mut bytes: Vec<_> = bytes.collect();
    bytes.sort();
    assert_eq!(bytes[0], ("exp".to_owned(), 64 * 32 * 4));
    assert_eq!((bytes.len(), bytes[1].1), (2, 0), "{profile}");
}

#[test]
fn own_times_add_up_to_no_more_than_the_wall_time() {
    let (_, profile) = step();
    assert_eq!(
        profile.rows().iter().map(|row| row.cost.own).sum::<std::time::Duration>(),
        profile.measured()
    );
    assert!(profile.measured() <= profile.wall());
    assert!(profile.rows().iter().all(|row| row.cost.own <= row.cost.total));
}

#[test]
fn what_an_operator_calls_is_told_apart_and_counted_once() {
    let w = Tensor::<f32>::ones([4, 4]).requires_grad();
    // A recorded gradient is written in tensors.
    let (_, profile) = profile(|| grad(&w.sin().sum(), [&w]));
    let profile = profile.named([("hidden.weight", &w)]);
    let rows = profile.rows();
    let within: Vec<_> =
        rows.iter().filter(|row| row.pass == Pass::Within && row.layer == "hidden").collect();
    assert!(within.iter().any(|row| row.operator == "cos"), "{profile}");
    let sin = rows.iter().find(|row| row.operator == "sin" && row.pass == Pass::Backward).unwrap();
    let inner = within.iter().map(|row| row.cost.own).sum::<std::time::Duration>();
    assert_eq!(sin.cost.total, sin.cost.own + inner, "{profile}");
    assert_eq!(sin.layer, "hidden");
}

#[test]
fn a_panic_ends_measuring_and_an_inner_profile_takes_over() {
    let x = Tensor::<f32>::ones([2]);
    let ((), outer) = profile(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| profile(|| panic!("as planned"))));
        assert!(panicked.is_err());
        let (_, inner) = profile(|| x.exp());
        assert_eq!(inner.rows().len(), 1);
        let _ = x.sin();
    });
    let names: Vec<_> = outer.rows().into_iter().map(|row| row.operator).collect();
    assert_eq!(names, ["sin"]);
    assert!(catch_unwind(AssertUnwindSafe(|| profile(|| panic!("as planned")))).is_err());
    let _stale = span("outside of any profile");
    let (_, next) = profile(|| ());
    assert!(next.rows().is_empty());
}

#[test]
fn the_trace_is_json_and_its_events_nest() {
    let (_, profile) = step();
    let trace: serde_json::Value = serde_json::from_str(&profile.chrome_trace()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    assert_eq!(events.len(), profile.events().count());
    assert!(events.iter().all(|event| event["ph"] == "X" && event["args"]["layer"].is_string()));
    let spans: Vec<_> = profile.events().map(|event| (event.start, event.start + event.time)).collect();
    for (i, a) in spans.iter().enumerate() {
        for b in &spans[i + 1..] {
            // `a` ended first: it lies before `b` or within it.
            assert!(a.1 <= b.0 || (b.0 <= a.0 && a.1 <= b.1), "{a:?} {b:?}");
        }
    }
}

#[test]
fn the_table_has_this_form() {
    let w = Tensor::<f32>::ones([64, 32]).requires_grad();
    let (_, profile) = profile(|| w.exp());
    let table = profile.named([("hidden.weight", &w)]).to_string();
    let lines: Vec<String> = table.lines().map(masked).collect();
    expect![[r#"
        operator pass layer calls own time share mean total bytes
        ───
        exp forward hidden 1 _ _ _ _ 8.00 KiB
        ───
        in operators 1 _ _ _ 8.00 KiB
        outside _ _"#]]
    .assert_eq(&lines.join("\n"));
}

/// A line of a table without what differs from run to run: times, shares and widths.
fn masked(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut masked = Vec::new();
    let is_unit = |word: &str| ["ns", "µs", "ms", "s", "%"].contains(&word);
    for (i, word) in words.iter().enumerate() {
        match words.get(i + 1) {
            Some(next) if is_unit(next) => masked.push("_"),
            _ if is_unit(word) => {}
            _ if word.starts_with('─') => masked.push("───"),
            _ => masked.push(word),
        }
    }
    masked.join(" ")
}
