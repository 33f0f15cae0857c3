//! Connectionist temporal classification against PyTorch, and in the second derivative against the sum over all paths.

use serde_json::Value;
use std::sync::LazyLock;
use tests::golden::{assert_close, labels, tensor};
use wengert::autograd::{Cases, Op, check_with};
use wengert::prelude::*;
use wengert::{Ctc, ctc};

const TOLERANCE: f64 = 1e-12;

static GOLDEN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../golden/ctc.json")).expect("golden/ctc.json"));

fn compare(name: &str, options: impl Fn(Ctc) -> Ctc) {
    let entry = &GOLDEN[name];
    let logits = tensor(&entry["logits"]).requires_grad();
    let targets: Vec<Vec<usize>> = entry["targets"].as_array().expect("a list").iter().map(labels).collect();
    let new = || options(Ctc::new(&targets).lengths(&labels(&entry["lengths"])));
    let expect = |what: &str, found: &Tensor<f64>| {
        assert_close(&format!("{name}: {what}"), &found.to_vec(), &tensor(&entry[what]).to_vec(), TOLERANCE);
    };
    expect("losses", &new().apply([&logits]));
    let loss = new().mean(&logits);
    expect("value", &loss);
    let [recorded] = grad(&loss, [&logits]);
    expect("gradient", &recorded);
    expect("gradient", &loss.backward()[&logits]);
    if !entry["second"].is_null() {
        let [second] = grad(&(recorded * tensor(&entry["direction"])).sum(), [&logits]);
        expect("second", &second);
    }
}

#[test]
fn the_loss_is_that_of_pytorch_to_the_second_derivative() {
    compare("several", |ctc| ctc);
    compare("another blank", |ctc| ctc.blank(2));
    compare("far", |ctc| ctc);
}

#[test]
fn what_no_path_stands_for_is_infinite_or_zero() {
    compare("impossible", |ctc| ctc);
    compare("zero for infinity", Ctc::zero_infinity);
}

/// A logit that is no number spoils its sequence, in all that counts, and neither the padding nor the sequence beside it.
#[test]
fn nan_is_not_swallowed() {
    let mut logits = Tensor::<f64>::zeros([2, 4, 3]);
    logits.update(|x| x[4] = f64::NAN);
    let logits = logits.requires_grad();
    let new = || Ctc::new(&[vec![1], vec![2]]).lengths(&[3, 4]);
    for (name, ctc) in [("plain", new()), ("zero for infinity", new().zero_infinity())] {
        let losses = ctc.clone().apply([&logits]).to_vec();
        assert!(losses[0].is_nan() && losses[1].is_finite(), "{name}: the losses are {losses:?}");
        let loss = ctc.mean(&logits);
        assert!(loss.item().is_nan(), "{name}: the mean is {loss}");
        let [recorded] = grad(&loss, [&logits]);
        let freed = loss.backward();
        for (way, dx) in [("recorded", &recorded), ("freed", &freed[&logits])] {
            let dx = dx.to_vec();
            let ([own, padding], beside) = ([&dx[..9], &dx[9..12]], &dx[12..]);
            assert!(own.iter().all(|dx| dx.is_nan()), "{name}, {way}: the gradient is {own:?}");
            assert_eq!(padding, [0.0; 3], "{name}, {way}: of the padding");
            assert!(beside.iter().all(|dx| dx.is_finite()), "{name}, {way}: beside it is {beside:?}");
        }
        let [second] = grad(&recorded.slice(0, ..1).sum(), [&logits]);
        assert!(second.at([0, 0, 0]).is_nan(), "{name}: the second derivative is {second}");
    }
}

#[test]
fn its_gradients_are_those_of_its_values() {
    let targets = [vec![1, 1, 3], vec![], vec![2, 3]];
    let cases = || Cases::shapes(["364"]);
    check_with(Ctc::new(&targets), cases());
    check_with(Ctc::new(&targets).lengths(&[5, 0, 6]), cases());
}

/// The logarithms of probabilities are logits. A sequence of many times neither underflows nor takes long.
#[test]
fn long_sequences_are_as_exact() {
    let x = Tensor::<f64>::normal([1, 2000, 5], 0.0, 1.0, &mut Rng::seed(0));
    let target = [(0..600).map(|i| 1 + i % 4).collect::<Vec<_>>()];
    let loss = ctc(&x, &target).item();
    assert!(loss.is_finite() && loss > 0.0);
    assert_close("of logarithms", &[ctc(&x.log_softmax(-1), &target).item()], &[loss], TOLERANCE);
    // Alike at all times: ln of the number of ways, which has a closed form, less that of all paths. With labels that differ, of 2000 times
    // and 600 labels, the ways are C(2000 + 600, 1200).
    let loss = ctc(&Tensor::<f64>::zeros([1, 2000, 5]), &target).item();
    let ln_ways: f64 = (1..=1200).map(|k| ((1400 + k) as f64 / k as f64).ln()).sum();
    assert_close("of equal logits", &[loss], &[(2000.0 * 5.0_f64.ln() - ln_ways) / 600.0], 1e-11);
}

#[test]
fn single_precision_is_close() {
    let entry = &GOLDEN["several"];
    let given = tensor(&entry["logits"]);
    let logits = Tensor::<f32>::build(given.shape(), |x| {
        x.iter_mut().zip(given.to_vec()).for_each(|(x, y)| *x = y as f32);
    });
    let targets: Vec<Vec<usize>> = entry["targets"].as_array().expect("a list").iter().map(labels).collect();
    let logits = logits.requires_grad();
    let loss = Ctc::new(&targets).lengths(&labels(&entry["lengths"])).mean(&logits);
    assert_close("value", &[loss.item().into()], &tensor(&entry["value"]).to_vec(), 1e-6);
    let [recorded] = grad(&loss, [&logits]);
    for dx in [&recorded, &loss.backward()[&logits]] {
        let dx: Vec<f64> = dx.to_vec().into_iter().map(f64::from).collect();
        assert_close("gradient", &dx, &tensor(&entry["gradient"]).to_vec(), 1e-6);
    }
}

#[test]
fn mistakes_are_named() {
    let logits = Tensor::<f64>::zeros([2, 4, 3]);
    let two = || Ctc::new(&[vec![1], vec![2]]);
    for (ctc, logits, expected) in [
        (two(), logits.slice(0, ..1), "there are 2 targets for 1 sequences"),
        (Ctc::new(&[] as &[Vec<usize>]), logits.slice(0, ..0), "there are 0 targets for 0 sequences"),
        (two(), logits.reshape([8, 3]), "expected 3 axes"),
        (two().blank(3), logits.clone(), "the blank, 3, is none of 3 classes"),
        (two().blank(2), logits.clone(), "label 2, of target 1, is the blank"),
        (Ctc::new(&[vec![1], vec![2, 3]]), logits.clone(), "label 3, of target 1, is out of range"),
        (two().lengths(&[4]), logits.clone(), "there are 1 lengths for 2 sequences"),
        (two().lengths(&[4, 5]), logits.clone(), "length 5, of sequence 1, is more than 4"),
    ] {
        let error = ctc.try_apply([&logits]).expect_err(expected).to_string();
        assert!(error.contains(expected) && error.contains("ctc") && error.contains("\n  help: "), "{error}");
    }
}
