//! Checkpoints that no training has written, with the right checksum: what they say is held against the program before it is believed.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use tests::resumable::bits;
use wengert::files::{Archive, Record};
use wengert::prelude::*;
use wengert::{Average, Cosine, Lbfgs, Plateau, SpikeGuard};

/// A folder of a test, which is gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wengert-hostile-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    /// Changes the newest checkpoint in this way, as a whole file with the right checksum.
    fn change(&self, change: impl Fn(&mut Archive)) {
        let newest = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        let mut archive = Archive::<f32>::read(&newest).unwrap();
        archive.metadata.remove("_fnv1a64").unwrap();
        change(&mut archive);
        fs::remove_dir_all(&self.0).unwrap();
        let saved = Checkpoints::new(&self.0).save(1, |record| {
            archive.metadata.iter().for_each(|(name, text)| record.value(name, &mut text.clone()));
            archive.tensors.iter_mut().for_each(|(name, tensor)| record.tensor(name, tensor));
        });
        saved.unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn set(name: &'static str, text: impl Into<String>) -> Box<dyn Fn(&mut Archive)> {
    let text = text.into();
    Box::new(move |archive| {
        let known = archive.metadata.insert(name.into(), text.clone());
        assert!(known.is_some(), "{name} is not among the texts");
    })
}

fn replace(name: &'static str, old: &'static str, new: &'static str) -> Box<dyn Fn(&mut Archive)> {
    Box::new(move |archive| {
        let text = archive.metadata.get_mut(name).unwrap_or_else(|| panic!("{name} is not among the texts"));
        assert!(text.contains(old), "{name} is {text:?}");
        *text = text.replacen(old, new, 1);
    })
}

fn tensor(name: &'static str, value: Tensor) -> Box<dyn Fn(&mut Archive)> {
    Box::new(move |archive| {
        let found = archive.tensors.iter_mut().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("{name} is not among the tensors")).1 = value.clone();
    })
}

/// A change and what is said of it; the first is none.
type Cases = Vec<(Box<dyn Fn(&mut Archive)>, &'static str)>;

fn as_it_was() -> Box<dyn Fn(&mut Archive)> {
    Box::new(|_| ())
}

/// A trainer with all that remembers something.
fn train(folder: &Folder, epochs: usize) -> (Linear, Result<Report, String>) {
    let x = Tensor::normal([12, 2], 0.0, 1.0, &mut Rng::seed(0));
    let y = x.sum_keepdims(-1);
    let data = Dataset::new(x, y).unwrap();
    let mut net = Linear::new(2, 1, &mut Rng::seed(1));
    let mut average = Average::ema(0.5);
    let mut trainer = Trainer::new(Adam::new(0.01))
        .loss(mse)
        .epochs(epochs)
        .batch(4)
        .schedule(Cosine::new(10))
        .with(Plateau::new())
        .with_mut(&mut average)
        // A step in which the loss does not fall is a spike.
        .with(SpikeGuard { factor: 1e-9, memory: 2, every: 1, ..SpikeGuard::new() })
        .with(EarlyStop::new(5))
        .checkpoint(Checkpoints::new(&folder.0).resume());
    let result = trainer.fit(&mut net, &data, &data).map_err(|error| error.to_string());
    drop(trainer);
    if result.is_ok() {
        average.swap(&mut net);
    }
    (net, result)
}

#[test]
fn what_a_trainer_is_told_is_not_believed() {
    let cases: Cases = vec![
        (set("trainer.epoch", "0"), "no place in a training: trainer.epoch 0, step 0, of 3 steps in all"),
        (set("trainer.step", "4"), "no place in a training: trainer.epoch 2, step 4, of 3 steps in all"),
        (set("trainer.seconds", "-1"), "out of range: trainer.seconds is -1, expected a time"),
        (set("trainer.seconds", "inf"), "out of range: trainer.seconds is inf"),
        (set("trainer.epochs", ""), "not to be read: trainer.epochs is \"\""),
        (replace("trainer.epochs", "1", "7"), "not to be read: trainer.epochs is \"7"),
        (
            set("callback.0.base", "-0.1"),
            "out of range: callback.0.base is -0.1, expected a finite rate of at least 0",
        ),
        (set("callback.0.base", "inf"), "out of range: callback.0.base is inf"),
        (set("callback.1.best", "NaN"), "out of range: callback.1.best is NaN, expected a loss"),
        (replace("callback.2.parameters", "weight", "length"), "missing: callback.2.length.mean"),
        (
            Box::new(|archive| {
                replace("callback.2.parameters", "weight", "length")(archive);
                let (name, _) =
                    archive.tensors.iter_mut().find(|(name, _)| name == "callback.2.weight.mean").unwrap();
                *name = "callback.2.length.mean".into();
            }),
            "of another network: callback.2.parameters has \"length\" of [1, 2], expected \"weight\" of [1, 2]",
        ),
        (
            Box::new(|archive| {
                set("callback.2.steps", "0")(archive);
                set("callback.2.is_swapped", "true")(archive);
            }),
            "out of range: callback.2.is_swapped is true, expected no swap without a mean",
        ),
        (
            set("callback.3.usual", "-inf"),
            "out of range: callback.3.usual is -inf, expected a mean of losses",
        ),
        (
            tensor("callback.3.kept.tensors.model.weight", Tensor::ones([3])),
            "in callback.3.kept: of another shape: model.weight is [3], expected [1, 2]",
        ),
        (
            tensor("callback.3.kept.tensors.optimizer.weight.m", Tensor::ones([3])),
            "in callback.3.kept: of another shape: optimizer.weight.m is [3], expected [2]",
        ),
        (
            replace("callback.3.kept.values", "optimizer.lr\u{1f}", "optimizer.lr\u{1f}-"),
            "in callback.3.kept: not a learning rate: optimizer.lr is -",
        ),
        (set("callback.3.kept.values", ""), "in callback.3.kept: missing: optimizer.lr"),
        (
            tensor("callback.4.parameters.weight", Tensor::ones([2, 1])),
            "of another network: callback.4.parameters has \"weight\" of [2, 1], expected \"weight\" of [1, 2]",
        ),
        (
            Box::new(|archive| {
                set("callback.4.parameters.names", "weight")(archive);
                archive.tensors.retain(|(name, _)| name != "callback.4.parameters.bias");
            }),
            "of another network: callback.4.parameters has no more, expected \"bias\" of [1]",
        ),
    ];
    for (i, (change, expected)) in [(as_it_was(), "")].into_iter().chain(cases).enumerate() {
        let folder = Folder::new();
        train(&folder, 1).1.unwrap();
        folder.change(change);
        let (net, result) = train(&folder, 3);
        let begun = Linear::new(2, 1, &mut Rng::seed(1));
        match result {
            Ok(report) => assert!(i == 0 && report.epochs.len() == 3, "{expected}: {report:?}"),
            Err(error) => {
                assert!(i > 0 && error.contains(expected), "{expected}\n{error}");
                assert_eq!(bits(&net), bits(&begun), "changed by {expected}");
            }
        }
    }
}

#[test]
fn what_l_bfgs_is_told_is_not_believed() {
    fn keep(record: &mut Record, net: &mut Linear, lbfgs: &mut Lbfgs) {
        record.module("net", net);
        record.within("lbfgs", |record| lbfgs.state.remember(record));
    }
    let x = Tensor::normal([12, 2], 0.0, 1.0, &mut Rng::seed(0));
    let y = x.square().sum_keepdims(-1);
    let loss = |net: &Linear| mse(&net.forward(&x, &mut Mode::eval()), &y);
    let new = || (Linear::new(2, 1, &mut Rng::seed(1)), Lbfgs { max_iter: 4, ..Lbfgs::new(0.1) });
    let vector = |name, size: usize| tensor(name, Tensor::ones([size]));
    let without_last = |archive: &mut Archive| {
        replace("lbfgs.vectors.names", "\ngradient\ndirection", "")(archive);
        archive.tensors.retain(|(name, _)| !name.ends_with("gradient") && !name.ends_with("direction"));
    };
    let cases: Cases = vec![
        (vector("lbfgs.vectors.0.s", 2), "of another shape: lbfgs.vectors.0.s is [2], expected [3]"),
        (vector("lbfgs.vectors.0.y", 4), "of another shape: lbfgs.vectors.0.y is [4], expected [3]"),
        (
            vector("lbfgs.vectors.gradient", 1),
            "of another shape: lbfgs.vectors.gradient is [1], expected [3]",
        ),
        (
            vector("lbfgs.vectors.direction", 0),
            "of another shape: lbfgs.vectors.direction is [0], expected [3]",
        ),
        (
            tensor("lbfgs.vectors.0.s", Tensor::ones([3, 1])),
            "of another shape: lbfgs.vectors.0.s is [3, 1], expected [3]",
        ),
        (set("lbfgs.parameters", ""), "lbfgs.vectors.0.s is [3], expected no vector, without parameters"),
        (
            replace("lbfgs.parameters", "[1,2] weight", "[1,3] weight"),
            "of another shape: lbfgs.parameters has [1, 3] for \"weight\", expected [1, 2]",
        ),
        (
            replace("lbfgs.parameters", "[1,2] weight", "[1] bias\n[1] bias"),
            "twice: lbfgs.parameters has \"bias\", expected each path once",
        ),
        (
            set("lbfgs.parameters", "[9223372036854775807,9] other"),
            "of a shape that no tensor has: lbfgs.parameters has [9223372036854775807, 9] for \"other\"",
        ),
        (
            set("lbfgs.numbers", ""),
            "other vectors: lbfgs.vectors.names are not those of an L-BFGS with 0 numbers",
        ),
        (
            set("lbfgs.numbers", "1 1 1"),
            "other vectors: lbfgs.vectors.names are not those of an L-BFGS with 3 numbers",
        ),
        (set("lbfgs.numbers", "1 NaN"), "not to be read: lbfgs.numbers is \"1 NaN\""),
        (
            Box::new(without_last),
            "other vectors: lbfgs.vectors.names are not those of an L-BFGS with 4 numbers",
        ),
        (
            set("lbfgs.scale", "inf"),
            "out of range: lbfgs.scale is inf, expected a finite number of at least 0",
        ),
        (set("lbfgs.scale", "-1"), "out of range: lbfgs.scale is -1"),
    ];
    for (i, (change, expected)) in [(as_it_was(), "")].into_iter().chain(cases).enumerate() {
        let folder = Folder::new();
        let (mut net, mut lbfgs) = new();
        lbfgs.step(&mut net, loss);
        Checkpoints::new(&folder.0).save(1, |record| keep(record, &mut net, &mut lbfgs)).unwrap();
        folder.change(change);
        let (mut net, mut lbfgs) = new();
        let restored = Checkpoints::new(&folder.0).restore(|record| keep(record, &mut net, &mut lbfgs));
        if let Err(error) = restored {
            assert!(i > 0 && error.to_string().contains(expected), "{expected}\n{error}");
            assert!(bits(&net) == bits(&new().0) && lbfgs.state.iterations() == 0, "changed by {expected}");
        } else {
            assert!(i == 0, "{expected}: restored");
            lbfgs.step(&mut net, loss);
        }
    }
}
