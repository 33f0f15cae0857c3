//! What the command says to somebody who meets it first: how it is used, what is odd, and how a training has ended.

#[expect(dead_code, reason = "other tests look into models, too")]
mod common;

use common::Folder;
use std::fs;
use wengert::Tensor;
use wengert::files::write_npy;

const DIGITS: &str = "[data]\nformat = \"digits\"\n[model]\nhidden = [4]\n[training]\n";

/// Trains by these settings: what it prints, and what it notes.
fn train(settings: &str) -> (String, String) {
    let folder = Folder::new();
    folder.write("run.toml", format!("{DIGITS}{settings}"));
    let output = folder.command(&["train", "run.toml"]).output().unwrap();
    let [told, noted] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{noted}");
    (told, noted)
}

#[test]
fn misuse_is_answered_by_the_usage() {
    let folder = Folder::new();
    for (arguments, said) in [
        (&["trian", "x.toml"][..], "there is no command `trian`\n  help: did you mean `train`?"),
        (&["qqq"], "the commands are `train`, `eval`, `predict`, `summary`, `export`, `help`"),
        (
            &["predict", "x.toml"],
            "`predict` takes other arguments\n  usage: wengert predict SETTINGS FILE [--output FILE]\n",
        ),
        (&["train"], "`train` takes other arguments\n  usage: wengert train SETTINGS [--resume]\n"),
        (
            &["help", "me"],
            "there is no help on `me`\n  help: it is on `settings`, `train`, `eval`, `predict`, ",
        ),
        (&["help", "setting"], "there is no help on `setting`\n  help: did you mean `settings`?"),
        (&["help", "trian"], "did you mean `train`?"),
        (&["help", "a", "b"], "`help` takes other arguments\n  usage: wengert help [COMMAND | settings]\n"),
        (&["train", "x.toml", "--resum"], "there is no option `--resum`\n  help: did you mean `--resume`?"),
        (&["predict", "x.toml", "x.csv", "--out", "y.csv"], "did you mean `--output`?"),
        (
            &["train", "x.toml", "-r"],
            "there is no option `-r`\n  help: the options are `--resume`, `--output`, ",
        ),
    ] {
        let message = folder.fail(arguments);
        assert!(message.starts_with("error: ") && message.contains(said), "{message}");
    }
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        assert!(folder.run(arguments).contains("  predict SETTINGS FILE"));
    }
    assert_eq!(folder.run(&["--version"]), format!("wengert {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_last_line_says_why_a_training_has_ended() {
    let last = |settings: &str| train(settings).0.lines().next_back().unwrap().to_owned();
    assert_eq!(last("epochs = 2\n"), "ended after 2 of 2 epochs: all epochs are done");
    // With so high a rate the loss grows.
    let early = last("epochs = 50\nearly_stopping = 2\nrate = 3.0\n");
    let (epochs, why) = early.split_once(": ").unwrap();
    let epochs: u32 =
        epochs.strip_prefix("ended after ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((3..50).contains(&epochs), "{early}");
    let best = epochs - 2;
    let stopped = "stopped by early stopping with a patience of 2: the test loss became no better";
    assert_eq!(why, format!("{stopped} after epoch {best}"));
}

#[test]
fn a_batch_of_all_samples_is_noted() {
    let (told, noted) = train("epochs = 1\nbatch = 2000\n");
    assert!(told.starts_with("1438 training samples"), "{told}");
    let note = "note: `batch` is 2000, more than the 1438 training samples: an epoch is a single step\n --> run.toml:7:9\n";
    assert!(noted.starts_with(note), "{noted}");
    assert!(!train("epochs = 1\nbatch = 1438\n").1.contains("note"));
}

/// Its usage, and what it does; the options of others are not in it.
#[test]
fn each_command_has_help_of_its_own() {
    let folder = Folder::new();
    for command in ["train", "eval", "predict", "summary", "export", "help"] {
        let told = folder.run(&["help", command]);
        assert!(told.starts_with(&format!("Usage: wengert {command} ")), "{told}");
        assert_eq!(folder.run(&[command, "--help"]), told);
        assert_eq!(told.contains("--resume"), command == "train", "{told}");
        assert_eq!(told.contains("  --output FILE"), command == "predict", "{told}");
    }
    let predict = folder.run(&["help", "predict"]);
    assert!(predict.contains("in the order of the file"), "{predict}");
    assert!(folder.run(&["help"]).contains("in the order of the file"));
}

/// Of a filter that is larger than the image part never sees it.
#[test]
fn a_kernel_beyond_the_image_is_noted() {
    let folder = Folder::new();
    let settings = |kernel: usize| {
        format!("{DIGITS}epochs = 1\n")
            .replace("hidden = [4]", &format!("kind = \"cnn\"\nchannels = [2]\nkernel = {kernel}"))
    };
    let noted = |kernel| {
        folder.write("run.toml", settings(kernel));
        let _ = fs::remove_dir_all(folder.0.join("runs"));
        let output = folder.command(&["train", "run.toml"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let note = "note: `kernel` is 9, larger than an image of 8 by 8 pixels\n --> run.toml:6:10\n";
    assert!(noted(9).starts_with(note), "{}", noted(9));
    assert!(!noted(7).contains("note"));
}

/// Height, width and colours, as most programs hand them out.
#[test]
fn images_whose_channels_stand_last_are_noted() {
    let folder = Folder::new();
    let labels = Tensor::from((0..20).map(|n| (n % 2) as f32).collect::<Vec<_>>());
    write_npy(folder.0.join("y.npy"), &labels).unwrap();
    folder.write("run.toml", "[data]\nformat = \"npy\"\ntrain = \"x.npy\"\ntrain_targets = \"y.npy\"\ntask = \"classes\"\nscale = \"none\"\n[model]\nkind = \"cnn\"\nchannels = [2]\n[training]\nepochs = 1\n");
    for (dims, is_noted) in [([20, 8, 8, 3], true), ([20, 3, 8, 8], false), ([20, 8, 8, 8], false)] {
        write_npy(folder.0.join("x.npy"), &Tensor::<f32>::ones(dims)).unwrap();
        let _ = fs::remove_dir_all(folder.0.join("runs"));
        let output = folder.command(&["train", "run.toml"]).output().unwrap();
        let noted = String::from_utf8_lossy(&output.stderr);
        let note = "note: a sample is taken as 8 channels of 8 by 3 pixels\n --> run.toml:8:8\n";
        assert_eq!(noted.contains(note), is_noted, "{dims:?}: {noted}");
    }
}

#[test]
fn a_number_of_threads_that_is_none_is_an_error() {
    for (threads, is_one) in [("1", true), ("0", false), ("two", false), ("", false)] {
        let output = Folder::new().command(&["help"]).env("WENGERT_THREADS", threads).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), is_one, "{threads}: {told}");
        assert_eq!(
            told.contains(&format!("WENGERT_THREADS is {threads:?}, and no number")),
            !is_one,
            "{told}"
        );
    }
}
