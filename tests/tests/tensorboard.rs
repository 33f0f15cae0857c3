//! Events for TensorBoard, as its own reader finds them. It needs Python with the package tensorboard, named by `WENGERT_PYTHON`;
//! `cargo xtask python` sees to it.

use serde_json::Value as Json;
use std::path::Path;
use std::process::Command;
use wengert::prelude::*;
use wengert::{LayerHistory, LayerState, TensorBoard};

#[test]
fn its_own_reader_finds_every_number() {
    let Some(python) = std::env::var_os("WENGERT_PYTHON") else {
        println!("skipped: WENGERT_PYTHON names no Python with tensorboard; `cargo xtask python` makes one");
        return;
    };
    let folder = std::env::temp_dir().join(format!("wengert-tensorboard-{}", std::process::id()));
    let data = digits().select(&(0..100).collect::<Vec<_>>());
    let mut history = LayerHistory::default();
    let mut train = |epochs: usize| {
        let mut net = Mlp::new(&[64, 8, 10], Activation::Tanh, &mut Rng::seed(0));
        let mut trainer =
            Trainer::new(Adam::new(0.01)).loss(cross_entropy).metric("accuracy", accuracy).epochs(epochs);
        trainer = trainer.checkpoint(Checkpoints::new(folder.join("checkpoints")).resume());
        trainer = trainer.with(TensorBoard::new(folder.join("events")).histograms());
        trainer = trainer.diagnose_every(5, |_, _| {}).with_mut(&mut history);
        (trainer.fit(&mut net, &data, &data).unwrap(), net)
    };
    train(2);
    // The process dies, and another goes on.
    let (report, net) = train(3);
    assert!(report.resumed.is_some());

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tensorboard/check.py");
    let output = Command::new(&python).arg(script).arg(folder.join("events")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Json = serde_json::from_slice(&output.stdout).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();

    let curve = |tag: &str| -> Vec<(u64, f32)> {
        let points = found["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag} in {found}"));
        points.iter().map(|point| (point[0].as_u64().unwrap(), point[1].as_f64().unwrap() as f32)).collect()
    };
    let expected = |value: &dyn Fn(&EpochReport) -> f64| -> Vec<(u64, f32)> {
        report.epochs.iter().map(|epoch| (4 * epoch.epoch as u64, value(epoch) as f32)).collect()
    };
    assert_eq!(curve("loss/train"), expected(&|epoch| epoch.train_loss));
    assert_eq!(curve("loss/test"), expected(&|epoch| epoch.test_loss));
    assert_eq!(curve("metrics/accuracy"), expected(&|epoch| epoch.metric("accuracy").unwrap()));
    assert_eq!(curve("learning rate"), expected(&|_| 0.01));
    let steps: Vec<u64> = curve("loss/step").into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, (1..=12).collect::<Vec<_>>());

    // The layers, looked at in steps of both processes.
    let looks = |value: fn(&LayerState) -> Option<f64>, row: usize| -> Vec<(u64, f32)> {
        let looks = history.looks.iter();
        looks.map(|(step, look)| (*step as u64, value(&look.rows[row]).unwrap() as f32)).collect()
    };
    assert_eq!(history.looks.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [1, 6, 11]);
    for (row, path) in ["layers.0", "layers.1"].into_iter().enumerate() {
        assert_eq!(history.looks[0].1.rows[row].path, path);
        assert_eq!(curve(&format!("layer mean/{path}")), looks(|layer| Some(layer.mean), row));
        assert_eq!(curve(&format!("layer deviation/{path}")), looks(|layer| Some(layer.deviation), row));
        assert_eq!(curve(&format!("layer dead/{path}")), looks(|layer| Some(layer.dead), row));
        assert_eq!(curve(&format!("layer gradient/{path}")), looks(|layer| layer.gradient, row));
    }

    for (path, param) in net.parameters() {
        let all = &found["histograms"][&path];
        assert_eq!(all.as_array().map(Vec::len), Some(3), "{path}");
        let numbers: Vec<f64> = param.to_vec().into_iter().map(f64::from).collect();
        let range =
            [f64::min as fn(f64, f64) -> f64, f64::max].map(|f| numbers.iter().copied().reduce(f).unwrap());
        let size = numbers.len() as f64;
        // The last one is of the network as it is now.
        let last = [size, range[0], range[1], numbers.iter().sum(), size];
        for (i, expected) in last.into_iter().enumerate() {
            assert_eq!(
                all[2][i + 1].as_f64().map(|x| x as f32),
                Some(expected as f32),
                "{path}: number {i} of {}",
                all[2]
            );
        }
        assert_eq!(
            all[2][6].as_array().unwrap().last().unwrap().as_f64().map(|x| x as f32),
            Some(range[1] as f32)
        );
    }
}
