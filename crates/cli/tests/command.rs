//! The command as one uses it: settings in a folder, a program, and what it prints and leaves.

mod common;

use common::Folder;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Each key makes a training unlike all others, and the same settings make the same one.
#[test]
fn every_setting_counts() {
    let folder = Folder::new();
    let base = ["", "", "epochs = 2\nbatch = 64\n", ""];
    let train = |[data, model, training, more]: [&str; 4]| {
        let head = format!("[data]\nformat = \"digits\"\n{data}[model]\nhidden = [16]\n{model}");
        folder.write("case.toml", format!("{head}[training]\n{training}{more}"));
        let _ = fs::remove_dir_all(folder.0.join("runs"));
        folder.run(&["train", "case.toml"]);
        folder.weights("runs/case")
    };
    let [whole, again] = [(); 2].map(|()| train(base));
    assert!(whole == again);
    let mut seen = vec![whole.clone()];
    let mut differ = |case: [&str; 4]| {
        let weights = train(case);
        assert!(!seen.contains(&weights), "{case:?}");
        seen.push(weights);
    };
    for data in ["test_share = 0.5\n", "scale = \"standardize\"\n"] {
        differ([data, base[1], base[2], base[3]]);
    }
    for model in ["activation = \"tanh\"\n", "activation = \"gelu\"\n", "dropout = 0.5\n"] {
        differ([base[0], model, base[2], base[3]]);
    }
    for training in [
        "seed = 1\n",
        "rate = 0.002\n",
        "weight_decay = 0.1\n",
        "optimizer = \"adamw\"\nweight_decay = 0.1\n",
        "optimizer = \"lion\"\n",
        "optimizer = \"sgd\"\n",
        "optimizer = \"rmsprop\"\n",
        "optimizer = \"rmsprop\"\nmomentum = 0.5\n",
        "schedule = \"cosine\"\n",
        "schedule = \"one-cycle\"\n",
        "warmup = 1\n",
        "clip_norm = 0.1\n",
        "label_smoothing = 0.2\n",
    ] {
        differ([base[0], base[1], &format!("{}{training}", base[2]), base[3]]);
    }
    // The section draws random numbers, whatever is in it: the first case changes no image.
    for more in
        ["shift = 0", "shift = 2", "rotate = 20", "scale = 0.2", "flip = true", "noise = 0.1", "cutout = 3"]
    {
        differ([base[0], base[1], base[2], &format!("[augment]\n{more}\n")]);
    }
    // These change when something is done, and not what.
    for training in ["workers = 2\n", "checkpoint_steps = 3\n", "tensorboard = true\n"] {
        assert!(train([base[0], base[1], &format!("{}{training}", base[2]), base[3]]) == whole, "{training}");
    }
}

#[cfg(unix)]
#[test]
fn what_was_stopped_goes_on_to_the_same_bits() {
    let folder = Folder::new();
    let settings = "[data]\nformat = \"digits\"\n[training]\nepochs = 60\n[augment]\nnoise = 0.1\n[output]\nfolder = \"FOLDER\"\n";
    folder.write("whole.toml", settings.replace("FOLDER", "whole"));
    folder.write("halved.toml", settings.replace("FOLDER", "halved"));
    folder.run(&["train", "whole.toml"]);

    let mut child = folder
        .command(&["train", "halved.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !fs::read_to_string(folder.0.join("halved/log.csv")).is_ok_and(|log| log.lines().count() > 3) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no epoch in a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "as a shell says of Ctrl-C");
    assert!(!folder.0.join("halved/model.safetensors").exists());
    folder.run(&["train", "halved.toml", "--resume"]);
    assert!(folder.weights("whole") == folder.weights("halved"), "other bits");
    let logs = ["whole", "halved"].map(|run| {
        let log = fs::read_to_string(folder.0.join(run).join("log.csv")).unwrap();
        log.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(logs[0], logs[1], "but for the seconds");
}

#[test]
fn the_settings_that_are_shipped_train() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let data = shipped.join("data").canonicalize().unwrap();
    let folder = Folder::new();
    let mut files: Vec<_> =
        fs::read_dir(shipped.join("configs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    assert!(files.len() >= 3);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap().replace("\"../data", &format!("\"{}", data.display()));
        folder.write(name, &text);
        if text.contains("../../data/") {
            let message = folder.fail(&["train", name]);
            assert!(message.contains("is not there"), "all before the files is understood: {message}");
            continue;
        }
        let trained = folder.run(&["train", name]);
        let value = |key: &str| -> Option<f64> {
            trained.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.parse().unwrap())
        };
        let good = value("test accuracy: ").or(value("test R2: ")).unwrap();
        assert!(good > 0.85, "{name}: {trained}");
    }
}

#[test]
fn help_is_there_and_wrong_words_are_told() {
    let folder = Folder::new();
    for arguments in [&["help"][..], &["--help"], &[]] {
        assert!(folder.run(arguments).contains("train SETTINGS"));
    }
    assert_eq!(folder.run(&["help", "settings"]), include_str!("../reference.md"));
    for (arguments, part) in [
        (&["eval", "x.toml", "--resume"][..], "`--resume` belongs to `train`"),
        (&["train", "no.toml"], "no.toml: the settings cannot be read"),
    ] {
        let message = folder.fail(arguments);
        assert!(message.contains(part), "{message}");
    }
}
