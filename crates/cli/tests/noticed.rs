//! What is allowed, and goes wrong without a word: it is done, and noted; or it is an error that names the cause.

#[expect(dead_code, reason = "other tests look into models, too")]
mod common;

use common::Folder;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};
use wengert::Tensor;
use wengert::files::{Archive, write_npy};

const TABLE: &str = "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"kind\"\n";
const TRAINING: &str = "[model]\nhidden = [4]\n[training]\nepochs = 2\n";

fn table(rows: usize, kind: impl Fn(usize) -> String) -> String {
    let line = |n: usize| format!("{},{},{}\n", n * 7 % 11, ["ulm", "bonn"][n % 2], kind(n));
    "size,town,kind\n".to_owned() + &(0..rows).map(line).collect::<String>()
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("table.csv", table(40, |n| ["a", "b"][n % 2].to_owned()));
    folder.write("run.toml", format!("{TABLE}{TRAINING}"));
    folder
}

/// What it says on both ways, if it succeeds.
fn told(folder: &Folder, arguments: &[&str]) -> (String, String) {
    let output = folder.command(arguments).output().unwrap();
    let [out, noted] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{arguments:?}: {noted}");
    (out, noted)
}

#[test]
fn that_there_is_nothing_to_go_on_from_is_noted() {
    let folder = folder();
    let note = "note: there is no checkpoint to go on from; the training begins\n";
    assert!(told(&folder, &["train", "run.toml", "--resume"]).1.starts_with(note));
    assert!(!told(&folder, &["train", "run.toml", "--resume"]).1.contains("note"));
    // What it began with is left, and its model, which would be trained over.
    let checkpoints = folder.0.join("runs/run/checkpoints");
    for entry in fs::read_dir(&checkpoints).unwrap().map(Result::unwrap) {
        if entry.file_name().to_str().unwrap().starts_with("checkpoint-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let message = folder.fail(&["train", "run.toml", "--resume"]);
    assert!(message.contains("runs/run holds a model, and no checkpoints of its training"), "{message}");
}

/// It has left what it began with, and nothing to go on from.
#[test]
fn a_training_that_failed_at_once_begins_with_other_settings() {
    let folder = folder();
    let settings = fs::read_to_string(folder.0.join("run.toml")).unwrap();
    folder.write("run.toml", format!("{settings}batch = 4\nrate = 1e38\noptimizer = \"sgd\"\n"));
    assert!(folder.fail(&["train", "run.toml"]).contains("is not finite in epoch 1"));
    assert!(folder.0.join("runs/run/checkpoints/begun.safetensors").is_file());
    folder.write("run.toml", &settings);
    folder.run(&["train", "run.toml"]);
    folder.write("run.toml", settings.replace("epochs = 2", "epochs = 3"));
    folder.run(&["train", "run.toml", "--resume"]);
}

#[test]
fn a_training_goes_on_with_the_files_that_it_began_with() {
    let folder = folder();
    folder.run(&["train", "run.toml"]);
    folder.write("run.toml", format!("{TABLE}test = \"table.csv\"\n{TRAINING}"));
    let message = folder.fail(&["train", "run.toml", "--resume"]);
    assert!(
        message.contains("the training began without a file for the test\n --> run.toml:5:8\n"),
        "{message}"
    );
}

#[test]
fn a_test_of_the_training_samples_is_noted() {
    let folder = folder();
    folder.write("run.toml", format!("{TABLE}test = \"same.csv\"\n{TRAINING}"));
    folder.write("same.csv", fs::read(folder.0.join("table.csv")).unwrap());
    let note = "note: the test part is the training samples: how good the model is on others it does not tell\n --> run.toml:5:8\n";
    for command in ["train", "eval"] {
        let noted = told(&folder, &[command, "run.toml"]).1;
        assert!(noted.starts_with(note), "{command}: {noted}");
    }
    folder.write("same.csv", table(39, |n| ["a", "b"][n % 2].to_owned()));
    assert_eq!(told(&folder, &["eval", "run.toml"]).1, "");
}

#[test]
fn a_model_of_before_the_last_checkpoint_is_noted() {
    let folder = folder();
    folder.run(&["train", "run.toml"]);
    assert_eq!(told(&folder, &["eval", "run.toml"]).1, "");
    let checkpoints = fs::read_dir(folder.0.join("runs/run/checkpoints")).unwrap();
    let newest = checkpoints
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("begun.safetensors"))
        .max();
    let newest = File::options().write(true).open(newest.unwrap()).unwrap();
    newest.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    let noted = told(&folder, &["eval", "run.toml"]).1;
    assert!(noted.contains("note: a training has gone on since"), "{noted}");
    assert!(noted.contains("`wengert train run.toml --resume`"), "{noted}");
}

/// Bytes and shares of them.
#[test]
fn inputs_in_another_unit_are_noted() {
    let folder = Folder::new();
    let x = |unit: f32| {
        Tensor::from_vec((0..20 * 6).map(|n| (n * 37 % 101) as f32 * unit).collect(), [20, 6]).unwrap()
    };
    write_npy(folder.0.join("x.npy"), &x(1.0)).unwrap();
    write_npy(folder.0.join("y.npy"), &Tensor::from((0..20).map(|n| (n % 2) as f32).collect::<Vec<_>>()))
        .unwrap();
    folder.write(
        "run.toml",
        format!("[data]\nformat = \"npy\"\ntrain = \"x.npy\"\ntrain_targets = \"y.npy\"\ntask = \"classes\"\n{TRAINING}"),
    );
    folder.run(&["train", "run.toml"]);
    for (unit, is_noted) in [(1.0, false), (0.5, false), (1.0 / 255.0, true), (255.0, true), (-2.0, true)] {
        write_npy(folder.0.join("new.npy"), &x(unit)).unwrap();
        let noted = told(&folder, &["predict", "run.toml", "new.npy"]).1;
        assert_eq!(noted.contains("those of the training from 0 to 100\n"), is_noted, "{unit}: {noted}");
    }
}

/// A class of one row, which some seeds keep for the test; and amounts that are taken for classes.
#[test]
fn a_class_that_training_lacks_is_told_with_its_cause() {
    let folder = folder();
    folder.write("table.csv", table(40, |n| if n == 7 { "rare".into() } else { ["a", "b"][n % 2].into() }));
    let outcomes: Vec<Option<String>> = (0..20)
        .map(|seed| {
            let name = format!("seed{seed}.toml");
            folder.write(&name, format!("{TABLE}{TRAINING}seed = {seed}\n"));
            let output = folder.command(&["train", &name]).output().unwrap();
            (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
        })
        .collect();
    let failed: Vec<&String> = outcomes.iter().flatten().collect();
    assert!(!failed.is_empty() && failed.len() < 20, "{failed:?}");
    for message in failed {
        assert!(
            message.contains("the class \"rare\" is in the test or the validation part only"),
            "{message}"
        );
        assert!(message.contains(".toml:4:10") && message.contains("another `seed`"), "{message}");
    }
    folder.write("table.csv", table(40, |n| format!("{n}.25")));
    folder.write("amounts.toml", format!("{TABLE}task = \"classes\"\n{TRAINING}"));
    let message = folder.fail(&["train", "amounts.toml"]);
    assert!(message.contains("if its numbers are amounts, set `task = \"numbers\"`"), "{message}");
}

#[test]
fn a_column_that_is_not_there_is_told_with_that_which_is_like_it() {
    let folder = folder();
    folder.run(&["train", "run.toml"]);
    for (text, help) in [
        ("Size,town\n1,ulm\n", "did you mean `Size`? its columns are \"Size\", \"town\""),
        ("size;town\n1;ulm\n", "set `delimiter = \";\"`"),
        ("x,y\n1,ulm\n", "its columns are \"x\", \"y\""),
    ] {
        let mut predict = folder.command(&["predict", "run.toml", "-"]);
        let pipe = folder.write("new.csv", text);
        let output = predict.stdin(File::open(pipe).unwrap()).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(help), "{message}");
        assert!(folder.fail(&["predict", "run.toml", "new.csv"]).contains(help));
    }
}

/// Enough for another program to use the network.
#[test]
fn inputs_and_outputs_are_told_in_their_order() {
    let folder = folder();
    folder.run(&["train", "run.toml"]);
    let summary = folder.run(&["summary", "run.toml"]);
    assert!(summary.contains("inputs in order: 3: \"size\", \"town=bonn\", \"town=ulm\"\n"), "{summary}");
    assert!(summary.contains("logits in order: 2: \"a\", \"b\"\n"), "{summary}");
    folder.run(&["export", "run.toml", "out.safetensors"]);
    let archive = Archive::<f32>::read(folder.0.join("out.safetensors")).unwrap();
    assert!(archive.metadata["wengert.description"].contains("\"bonn\""), "{:?}", archive.metadata);
}
