//! Files that are written: none is one that the command reads, or that a training has left.

#[expect(dead_code, reason = "other tests look into models, too")]
mod common;

use common::Folder;
use std::fs;
use std::path::Path;

const SETTINGS: &str = "\
[data]
format = \"csv\"
train = \"table.csv\"
test = \"test.csv\"
target = \"kind\"
[model]
hidden = [4]
[training]
epochs = 1
";

/// A folder with a model that tells two kinds by a size, and new rows for it.
fn trained() -> Folder {
    let folder = Folder::new();
    let rows = |n: usize| (0..n).map(|n| format!("{n}.5,{}\n", ["x", "y"][n % 2])).collect::<String>();
    for (name, n) in [("table.csv", 20), ("test.csv", 6), ("new.csv", 4)] {
        folder.write(name, format!("size,kind\n{}", rows(n)));
    }
    folder.write("run.toml", SETTINGS);
    folder.run(&["train", "run.toml"]);
    folder
}

fn checkpoint(folder: &Folder) -> String {
    let entries = fs::read_dir(folder.0.join("runs/run/checkpoints")).unwrap();
    let mut names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.find(|name| Path::new(name).extension().is_some_and(|e| e == "safetensors")).unwrap();
    format!("runs/run/checkpoints/{name}")
}

#[test]
fn what_is_read_or_was_trained_is_not_overwritten() {
    let folder = trained();
    let before = |name: &str| fs::read(folder.0.join(name)).unwrap();
    let checkpoint = checkpoint(&folder);
    let whole = folder.0.join("new.csv").display().to_string();
    for (output, kept, what) in [
        ("new.csv", "new.csv", "it holds the samples that are to be told"),
        ("./new.csv", "new.csv", "it holds the samples that are to be told"),
        ("runs/../new.csv", "new.csv", "it holds the samples that are to be told"),
        (&whole, "new.csv", "it holds the samples that are to be told"),
        ("table.csv", "table.csv", "it holds data that the settings name"),
        ("test.csv", "test.csv", "it holds data that the settings name"),
        ("run.toml", "run.toml", "it holds the settings"),
        ("runs/run/model.safetensors", "runs/run/model.safetensors", "it holds the trained model"),
        ("runs/run/log.csv", "runs/run/log.csv", "it is what a training has left"),
        (&checkpoint, &checkpoint, "among the checkpoints"),
    ] {
        let content = before(kept);
        let message = folder.fail(&["predict", "run.toml", "new.csv", "--output", output]);
        assert!(message.contains(&format!("{output}: ")) && message.contains(what), "{message}");
        assert!(message.contains("help: name another file"), "{message}");
        assert_eq!(before(kept), content, "{output}");
    }
    for (file, what) in [
        ("runs/run/model.safetensors", "it holds the trained model"),
        ("./runs/run/../run/model.safetensors", "it holds the trained model"),
        (&checkpoint, "among the checkpoints"),
        ("runs/run/checkpoints/new.safetensors", "among the checkpoints"),
    ] {
        let content = [before("runs/run/model.safetensors"), before(&checkpoint)];
        let message = folder.fail(&["export", "run.toml", file]);
        assert!(message.contains(what) && message.contains("help: name another file"), "{message}");
        assert_eq!([before("runs/run/model.safetensors"), before(&checkpoint)], content, "{file}");
    }
    // Where there are no files of that name, and beside what is kept.
    for output in ["told.csv", "runs/run/told.csv"] {
        folder.run(&["predict", "run.toml", "new.csv", "--output", output]);
        folder.run(&["predict", "run.toml", "new.csv", "--output", output]);
        assert_eq!(fs::read_to_string(folder.0.join(output)).unwrap().lines().count(), 5);
    }
    folder.run(&["export", "run.toml", "runs/run/export.safetensors"]);
}

#[cfg(unix)]
#[test]
fn links_to_what_is_kept_are_not_written_through() {
    let folder = trained();
    let before = fs::read(folder.0.join("new.csv")).unwrap();
    std::os::unix::fs::symlink("new.csv", folder.0.join("soft.csv")).unwrap();
    std::os::unix::fs::symlink("runs/run/checkpoints", folder.0.join("soft")).unwrap();
    fs::hard_link(folder.0.join("new.csv"), folder.0.join("hard.csv")).unwrap();
    for output in ["soft.csv", "hard.csv"] {
        let message = folder.fail(&["predict", "run.toml", "new.csv", "--output", output]);
        assert!(message.contains(&format!("{output}: ")), "{message}");
        assert_eq!(fs::read(folder.0.join("new.csv")).unwrap(), before, "{output}");
    }
    let message = folder.fail(&["export", "run.toml", "soft/new.onnx"]);
    assert!(message.contains("among the checkpoints"), "{message}");
    // What is no file is written as it comes.
    assert_eq!(folder.run(&["predict", "run.toml", "new.csv", "--output", "/dev/null"]), "");
}

/// A file that others read is the old one or the new one.
#[cfg(unix)]
#[test]
fn predictions_are_written_whole_or_not_at_all() {
    use std::os::unix::fs::MetadataExt;
    let folder = trained();
    let told = folder.write("told.csv", "old\n");
    let open = fs::File::open(&told).unwrap();
    folder.run(&["predict", "run.toml", "new.csv", "--output", "told.csv"]);
    assert_eq!(std::io::read_to_string(&open).unwrap(), "old\n", "who has it open reads on");
    assert_ne!(open.metadata().unwrap().ino(), fs::metadata(&told).unwrap().ino());
    assert_eq!(fs::read_to_string(&told).unwrap().lines().count(), 5);
}

/// Its log would take the place of what it learns from.
#[test]
fn a_training_writes_over_no_data() {
    let folder = trained();
    for name in ["log.csv", "report.html"] {
        let rows = fs::read(folder.0.join("table.csv")).unwrap();
        folder.write(name, &rows);
        let here = SETTINGS.replace("table.csv", name) + "[output]\nfolder = \".\"\n";
        folder.write("here.toml", here);
        for arguments in [&["train", "here.toml"][..], &["train", "here.toml", "--resume"]] {
            let message = folder.fail(arguments);
            assert!(
                message.contains(&format!("{name}, which holds data that the settings name")),
                "{message}"
            );
            assert!(message.contains("here.toml:11:10"), "{message}");
            assert!(!folder.0.join("checkpoints").exists(), "before the training");
        }
        assert_eq!(fs::read(folder.0.join(name)).unwrap(), rows, "{name}");
    }
}

/// Whether it is of a training whose checkpoints were removed, or of another program.
#[test]
fn a_model_without_checkpoints_is_not_trained_over() {
    let folder = trained();
    let model = || fs::read(folder.0.join("runs/run/model.safetensors")).unwrap();
    let before = model();
    fs::remove_dir_all(folder.0.join("runs/run/checkpoints")).unwrap();
    folder.write("run.toml", SETTINGS.replace("epochs = 1", "epochs = 2"));
    for arguments in [&["train", "run.toml"][..], &["train", "run.toml", "--resume"]] {
        let message = folder.fail(arguments);
        assert!(message.contains("runs/run holds a model, and no checkpoints of its training"), "{message}");
        assert_eq!(model(), before);
    }
}
