//! Settings that are wrong: each error names the line, what is wrong with it, and what to do. And the reference, which has to list
//! the keys that the program knows.

use expect_test::expect_file;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const TABLE: &str = "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"b\"\ntask = \"numbers\"\n";
const DIGITS: &str = "[data]\nformat = \"digits\"\n";

/// What is wrong, and the settings.
fn cases() -> Vec<(&'static str, String)> {
    let table = |more: &str| format!("{TABLE}{more}");
    let digits = |more: &str| format!("{DIGITS}{more}");
    vec![
        ("no TOML", "[data\nformat = \"csv\"\n".into()),
        ("a key twice", digits("format = \"csv\"\n")),
        ("nothing", String::new()),
        ("a key in no section", "epochs = 3\n[data]\nformat = \"digits\"\n".into()),
        ("an unknown section", digits("[trainning]\nepochs = 3\n")),
        ("a section that is a value", "data = 3\n".into()),
        ("an unknown key", digits("[training]\nepoch = 3\n")),
        ("a key unlike any other", digits("[augment]\nzoom = 3\n")),
        ("a usual name of a key", digits("[training]\nlr = 0.1\n")),
        ("another usual name", digits("[model]\nhidden-layers = [8]\n")),
        ("a usual name of a value", TABLE.replace("\"numbers\"", "\"regression\"")),
        ("an unknown format", "[data]\nformat = \"cvs\"\n".into()),
        ("a text for a number", digits("[training]\nepochs = \"3\"\n")),
        ("a text for a true or false", digits("[augment]\nflip = \"true\"\n")),
        ("a text that is no number", digits("[training]\nepochs = \"many\"\n")),
        ("a fraction for a whole number", digits("[training]\nepochs = 1.5\n")),
        ("no epoch", digits("[training]\nepochs = 0\n")),
        ("a negative rate", digits("[training]\nrate = -0.1\n")),
        ("no number", digits("[training]\nrate = nan\n")),
        ("all dropped", digits("[model]\ndropout = 1.0\n")),
        ("an unknown activation", digits("[model]\nactivation = \"rellu\"\n")),
        ("a list with a text", digits("[model]\nhidden = [64, \"x\"]\n")),
        ("a value like another", digits("[training]\noptimizer = \"adagrad\"\n")),
        ("an empty layer", digits("[model]\nhidden = [64, 0]\n")),
        ("too large a layer", digits("[model]\nhidden = [100000000, 100000000]\n")),
        ("too large a convolution", digits("[model]\nkind = \"cnn\"\nkernel = 99999\nchannels = [64, 64]\n")),
        ("a key of another model", digits("[model]\nkernel = 3\n")),
        ("a key of another optimizer", digits("[training]\nmomentum = 0.9\n")),
        ("a cycle of one step", digits("[training]\nbatch = 2000\nepochs = 1\nschedule = \"one-cycle\"\n")),
        ("a warm-up beyond the end", digits("[training]\nepochs = 3\nwarmup = 4\n")),
        ("a fraction of epochs", digits("[training]\nwarmup = 2.5\n")),
        ("a shift out of sight", digits("[augment]\nflip = true\nshift = 8\n")),
        ("a square as large as the image", digits("[augment]\ncutout = 8\n")),
        ("a key of another format", digits("target = \"x\"\n")),
        ("an even kernel", digits("[model]\nkind = \"cnn\"\nkernel = 4\n")),
        ("an image that is used up", digits("[model]\nkind = \"cnn\"\nchannels = [4, 4, 4, 4]\n")),
        ("an image of other size", digits("[model]\nkind = \"cnn\"\nimage = [3, 8, 8]\n")),
        ("an image of two numbers", digits("[model]\nkind = \"cnn\"\nimage = [8, 8]\n")),
        ("convolutions of a table", table("[model]\nkind = \"cnn\"\n")),
        ("a changed table", table("[augment]\nshift = 1\n")),
        ("a loss for numbers", digits("[training]\nloss = \"mse\"\n")),
        ("a loss for classes", table("[training]\nloss = \"cross-entropy\"\n")),
        ("a missing file", "[data]\nformat = \"csv\"\ntrain = \"tabel.csv\"\ntarget = \"b\"\n".into()),
        ("no file", "[data]\nformat = \"csv\"\ntarget = \"b\"\n".into()),
        ("half a test", "[data]\nformat = \"npy\"\ntrain = \"table.csv\"\ntrain_targets = \"table.csv\"\ntest = \"table.csv\"\ntask = \"numbers\"\n".into()),
        ("no task", "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"b\"\n".into()),
        ("a target of texts", TABLE.replace("\"b\"", "\"c\"")),
        ("no such target", "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"z\"\n".into()),
        ("no such column", table("leave_out = [\"c\", \"z\"]\n")),
        ("a target that is left out", table("leave_out = [\"a\", \"b\"]\n")),
        ("a target of categories", table("categories = [\"b\"]\n")),
        ("two characters between cells", table("delimiter = \"::\"\n")),
        ("no character before fractions", table("decimal = \"\"\n")),
        ("a column left out twice", table("leave_out = [\"a\", \"a\"]\n")),
        ("a column left out and named", table("leave_out = [\"a\"]\ncategories = [\"a\"]\n")),
        ("commas everywhere", table("decimal = \",\"\n")),
        ("a test of everything", table("test_share = 1.0\n")),
        ("a smoothed number", table("[training]\nlabel_smoothing = 0.1\n")),
        ("no sample for the test", table("test_share = 0.01\n")),
        ("a spoiled cell", table("categories = [\"c\"]\n").replace("table.csv", "spoiled.csv")),
        ("a file of another kind", "[data]\nformat = \"npy\"\ntrain = \"table.csv\"\ntrain_targets = \"table.csv\"\ntask = \"numbers\"\n".into()),
    ]
}

/// What is said of settings that are refused.
#[track_caller]
fn refused(folder: &Path, settings: &str) -> String {
    fs::write(folder.join("settings.toml"), settings).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wengert"))
        .args(["train", "settings.toml"])
        .current_dir(folder)
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{settings}: {message}");
    message
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_a_cure() {
    let folder = std::env::temp_dir().join(format!("wengert-cli-settings-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let whole = folder.canonicalize().unwrap();
    let rows: String = (0..10).map(|n| format!("{n},{n}.5,k{}\n", n % 2)).collect();
    fs::write(folder.join("table.csv"), format!("a,b,c\n{rows}")).unwrap();
    fs::write(folder.join("spoiled.csv"), format!("a,b,c\n{rows}7,8 kg,k0\n")).unwrap();
    let mut told = String::new();
    for (what, settings) in cases() {
        let message = refused(&folder, &settings);
        assert!(message.starts_with("error: ") && !message.contains("panicked"), "{what}: {message}");
        let message = message.replace(whole.to_str().unwrap(), "FOLDER");
        told.push_str(&format!("## {what}\n{message}\n"));
        assert!(!folder.join("runs").exists(), "{what}: nothing is written");
    }
    fs::remove_dir_all(&folder).unwrap();
    expect_file!["settings.txt"].assert_eq(&told);
}

#[test]
fn the_reference_lists_the_keys_that_the_program_knows() {
    let folder = std::env::temp_dir().join(format!("wengert-cli-reference-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let reference = include_str!("../reference.md");
    for section in reference.split("\n## `[").skip(1) {
        let name = section.split(']').next().unwrap();
        let listed: BTreeSet<&str> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .flat_map(|line| {
                line.split('|').nth(1).unwrap().split(',').map(|key| key.trim().trim_matches('`'))
            })
            .collect();
        // A key unlike any other makes the program list its own.
        let data = if name == "data" { "" } else { DIGITS };
        let head = if name == "data" { DIGITS.to_owned() } else { format!("[{name}]\n") };
        let message = refused(&folder, &format!("{data}{head}qqqqqq = 1\n"));
        let known = message.split("its keys are ").nth(1).unwrap_or_else(|| panic!("{message}")).trim();
        let known: Vec<&str> = known.split(", ").map(|key| key.trim_matches('`')).collect();
        assert_eq!(known.len(), listed.len(), "each once: {known:?}");
        assert_eq!(listed, known.into_iter().collect(), "[{name}]");
    }
    fs::remove_dir_all(&folder).unwrap();
}
