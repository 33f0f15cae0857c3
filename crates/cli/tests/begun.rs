//! A training that goes on, and a model that is used, while settings and data have changed since: what still holds is done, what does
//! not is told.

mod common;

use common::Folder;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};
use wengert::Tensor;
use wengert::files::write_npy;

/// 40 rows of a table, of which `row` says where each is from.
fn table(row: impl Fn(usize) -> usize) -> String {
    let line = |n: usize| {
        format!("{},{},{}\n", n * 7 % 11, n * 5 % 13, if n.is_multiple_of(2) { "even" } else { "odd" })
    };
    "a,b,kind\n".to_owned() + &(0..40).map(|n| line(row(n))).collect::<String>()
}

fn settings(data: &str, training: &str) -> String {
    format!(
        "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"kind\"\n{data}[model]\nhidden = [4]\n[training]\nepochs = 3\n{training}"
    )
}

fn folder(data: &str, training: &str) -> Folder {
    let folder = Folder::new();
    folder.write("table.csv", table(|n| n));
    folder.write("run.toml", settings(data, training));
    folder.run(&["train", "run.toml"]);
    folder
}

#[test]
fn a_training_goes_on_by_the_settings_that_it_began_with() {
    let folder = folder("", "rate = 0.001\nschedule = \"cosine\"\nearly_stopping = 9\n");
    for (training, message) in [
        (
            "rate = 0.01\nschedule = \"cosine\"\nearly_stopping = 9\n",
            "`rate` is 0.01, but the training began with 0.001\n  --> run.toml:9:8\n",
        ),
        (
            "rate = 0.001\nearly_stopping = 9\n",
            "`[training]` lacks `schedule`, but the training began with \"cosine\"\n  --> run.toml:7:1\n",
        ),
        (
            "rate = 0.001\nschedule = \"cosine\"\nearly_stopping = 20\n",
            "`early_stopping` is 20, but the training began with 9\n  --> run.toml:11:18\n",
        ),
        (
            "rate = 0.001\nschedule = \"cosine\"\nearly_stopping = 9\nclip_norm = 1.0\n",
            "`clip_norm` is 1.0, but the training began without it\n  --> run.toml:12:13\n",
        ),
    ] {
        folder.write("run.toml", settings("", training));
        let told = folder.fail(&["train", "run.toml", "--resume"]);
        assert!(told.replace("\n --> ", "\n  --> ").contains(message), "{told}");
    }
    // The same number in other words, and what changes no step.
    let same = "rate = 1e-3\nschedule = \"cosine\"\nearly_stopping = 9\nworkers = 1\ncheckpoint_steps = 2\n";
    folder.write("run.toml", settings("", same));
    let told = folder.run(&["train", "run.toml", "--resume"]);
    assert!(told.contains("the training had ended before: nothing was left to do\n"), "{told}");
    folder.write("run.toml", settings("", same).replace("epochs = 3", "epochs = 5"));
    let output = folder.command(&["train", "run.toml", "--resume"]).output().unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(
        noted.starts_with("note: `epochs` is 5, but the training began with 3: the rate goes on as"),
        "{noted}"
    );
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("\nended after 5 of 5 epochs") && !told.contains("nothing was left"), "{told}");
    folder.write("run.toml", settings("", same).replace("epochs = 3", "epochs = 4"));
    let told = folder.fail(&["train", "run.toml", "--resume"]);
    assert!(told.contains("`epochs` is 4, but the training has done 5\n"), "{told}");
}

/// As many rows in another order are other samples in each part.
#[test]
fn a_training_goes_on_with_the_samples_that_it_began_with() {
    let with_validation = "validation = \"chosen.csv\"\n";
    let folder = Folder::new();
    let write = |file, row: &dyn Fn(usize) -> usize| folder.write(file, table(row));
    write("table.csv", &|n| n);
    write("chosen.csv", &|n| n + 3);
    folder.write("run.toml", settings(with_validation, ""));
    folder.run(&["train", "run.toml"]);
    let refused = |part: &str, line: &str| {
        let told = folder.fail(&["train", "run.toml", "--resume"]);
        let what =
            format!("the {part} part has other samples than the training began with, or in another order\n");
        assert!(told.contains(&what) && told.contains(line), "{told}");
    };
    write("table.csv", &|n| 39 - n);
    refused("training", "run.toml:3:9");
    write("table.csv", &|n| n);
    write("chosen.csv", &|n| n + 4);
    refused("validation", "run.toml:5:14");
    // The same samples in another file.
    write("other.csv", &|n| n + 3);
    let longer = settings("validation = \"other.csv\"\n", "").replace("epochs = 3", "epochs = 4");
    folder.write("whole.toml", &longer);
    folder.write("run.toml", longer);
    folder.run(&["train", "run.toml", "--resume"]);
    folder.run(&["train", "whole.toml"]);
    assert!(folder.weights("runs/run") == folder.weights("runs/whole"), "other bits");
}

#[test]
fn what_a_training_began_with_is_read_as_any_file() {
    let folder = folder("", "");
    let file = folder.0.join("runs/run/checkpoints/begun.safetensors");
    let whole = fs::read(&file).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"", b"\x02\0\0\0\0\0\0\0{}"] {
        fs::write(&file, bytes).unwrap();
        let told = folder.fail(&["train", "run.toml", "--resume"]);
        assert!(told.contains("begun.safetensors"), "{told}");
    }
    fs::remove_file(&file).unwrap();
    folder.run(&["train", "run.toml", "--resume"]);
    assert_eq!(fs::read(&file).unwrap(), whole);
}

/// The rows that were kept for the test are those of a number: in another table they are others, some of which were learnt from.
#[test]
fn a_model_is_measured_on_a_table_that_is_as_it_was() {
    let folder = folder("", "");
    let measured = folder.run(&["eval", "run.toml"]);
    for other in [table(|n| 39 - n), table(|n| n) + "1,2,odd\n"] {
        folder.write("table.csv", other);
        let told = folder.fail(&["eval", "run.toml"]);
        assert!(
            told.contains("run.toml: the training samples are others than when the model was trained"),
            "{told}"
        );
        let named = settings("test = \"table.csv\"\n", "");
        folder.write("named.toml", named + "[output]\nfolder = \"runs/run\"\n");
        folder.run(&["eval", "named.toml"]);
    }
    // The number that means the same, as it may be written by another program.
    folder.write("table.csv", table(|n| n).replace("\n", "\r\n").replace(",7,", ",7.0,"));
    assert_eq!(folder.run(&["eval", "run.toml"]), measured);
}

/// Of a file for the test that has the other column, too.
#[test]
fn a_model_is_measured_by_the_target_that_it_has_learnt() {
    let folder = Folder::new();
    folder.write("table.csv", table(|n| n));
    let numbers = |target: &str| {
        settings("test = \"table.csv\"\ntask = \"numbers\"\nleave_out = [\"kind\"]\n", "")
            .replace("target = \"kind\"", &format!("target = \"{target}\""))
    };
    folder.write("run.toml", numbers("a"));
    folder.run(&["train", "run.toml"]);
    let measured = folder.run(&["eval", "run.toml"]);
    folder.write("run.toml", numbers("b"));
    assert_eq!(folder.run(&["eval", "run.toml"]), measured);
}

/// Pixels of the digits are from 0 to 1, and another format may have them from 0 to 16.
#[test]
fn a_model_takes_files_of_the_format_that_it_has_learnt_from() {
    let folder = Folder::new();
    let training = "[model]\nhidden = [4]\n[training]\nepochs = 1\n";
    folder.write("run.toml", format!("[data]\nformat = \"digits\"\n{training}"));
    folder.run(&["train", "run.toml"]);
    let measured = folder.run(&["eval", "run.toml"]);
    write_npy(folder.0.join("x.npy"), &Tensor::<f32>::full([4, 8, 8], 16.0)).unwrap();
    write_npy(folder.0.join("y.npy"), &Tensor::<f32>::zeros([4])).unwrap();
    let arrays = "format = \"npy\"\ntask = \"classes\"\ntrain = \"x.npy\"\ntrain_targets = \"y.npy\"\n";
    let test = "test = \"x.npy\"\ntest_targets = \"y.npy\"\n";
    folder.write("run.toml", format!("[data]\n{arrays}{test}{training}"));
    for arguments in [&["eval", "run.toml"][..], &["predict", "run.toml", "x.npy"]] {
        let told = folder.fail(arguments);
        assert!(told.contains("error: the model has learnt from files of another format\n"), "{told}");
        assert!(told.contains("run.toml:2:10"), "{told}");
    }
    // What needs no file of them goes by the model.
    folder.write("run.toml", format!("[data]\n{arrays}{training}"));
    assert_eq!(folder.run(&["eval", "run.toml"]), measured);
    folder.run(&["summary", "run.toml"]);
}

#[test]
fn a_model_says_that_its_settings_have_changed() {
    let folder = folder("", "rate = 0.001\n");
    let noted = |arguments: &[&str]| {
        let output = folder.command(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let all = [
        &["eval", "run.toml"][..],
        &["predict", "run.toml", "table.csv"],
        &["export", "run.toml", "m.onnx"],
        &["summary", "run.toml"],
    ];
    for (text, note) in [
        (settings("", "rate = 0.001\nworkers = 2\n"), ""),
        (
            settings("", "rate = 0.1\n"),
            "note: `rate` is 0.1, but the model was trained with 0.001\n --> run.toml:9:8\n",
        ),
    ] {
        folder.write("run.toml", text);
        for arguments in all {
            let noted = noted(arguments);
            assert!(noted.starts_with(note) && noted.is_empty() == note.is_empty(), "{arguments:?}: {noted}");
        }
    }
}

#[test]
fn a_loss_that_is_no_number_names_no_line_of_the_command() {
    let folder = Folder::new();
    folder.write("run.toml", "[data]\nformat = \"digits\"\n[training]\nrate = 1e30\n");
    let told = folder.fail(&["train", "run.toml"]);
    assert!(told.contains("is not finite in epoch 1") && !told.contains(".rs:"), "{told}");
}

/// A training of long epochs is at work, and its folder looks as it does before it begins: another one that comes then leaves it alone.
#[cfg(unix)]
#[test]
fn what_a_training_began_with_is_written_by_who_has_the_folder() {
    let folder = Folder::new();
    let settings = |rate: &str| {
        format!(
            "[data]\nformat = \"digits\"\n[model]\nhidden = [2000, 2000]\n[training]\nrate = {rate}\nepochs = 9\nbatch = 1\n[output]\nfolder = \"run\"\n"
        )
    };
    folder.write("first.toml", settings("0.001"));
    folder.write("second.toml", settings("0.01"));
    let mut first =
        folder.command(&["train", "first.toml"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = folder.0.join("run/checkpoints/begun.safetensors");
    let start = Instant::now();
    while !begun.exists() && start.elapsed().as_secs() < 60 {
        sleep(Duration::from_millis(2));
    }
    fs::remove_file(&begun).unwrap();
    let second = folder.command(&["train", "second.toml"]).output().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.contains("another training is at work in this folder"), "{told}");
    assert!(!begun.exists(), "those of the second");
}
