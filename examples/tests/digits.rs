//! The command line of `digits`: what it explains, and what it refuses. That it learns, `cargo xtask examples` checks.

use std::collections::BTreeSet;
use std::process::{Command, Output};

/// Runs the example with these arguments. Cargo builds it if need be: no test is told where an example lies.
fn digits(arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "examples", "--example", "digits", "--"]).args(arguments);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().expect("cargo runs")
}

#[test]
fn help_explains_every_option() {
    let output = digits(&["--help"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let help = String::from_utf8(output.stdout).unwrap();
    // `Long("data") => ...` is how the source takes an option.
    let source = include_str!("../digits.rs");
    let taken: BTreeSet<&str> =
        source.split("Long(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(taken.contains("seed") && taken.len() >= 9, "{taken:?}");
    for option in taken {
        assert!(
            help.lines().any(|line| line
                .trim_start()
                .trim_start_matches("-h, ")
                .starts_with(&format!("--{option} "))),
            "--{option} is not in\n{help}"
        );
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason() {
    for (arguments, reasons) in [
        (&["--fast"][..], &["--fast", "--help"][..]),
        (&["mnist"], &["mnist", "--help"]),
        (&["--epochs", "0"], &["--epochs 0", "expected 1 or more"]),
        (&["--batch", "0"], &["--batch 0", "expected 1 or more"]),
        (&["--hidden", "-3"], &["--hidden", "-3"]),
        (&["--seed", "x"], &["--seed", "x"]),
        (&["--seed"], &["--seed"]),
        (&["--lr", "0"], &["--lr 0", "above 0"]),
        (&["--lr", "fast"], &["--lr", "fast"]),
        (&["--data", "no/such/folder"], &["no/such/folder"]),
    ] {
        let output = digits(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.starts_with("digits: ") && output.stdout.is_empty(), "{arguments:?}: {message}");
        for reason in reasons {
            assert!(message.contains(reason), "{arguments:?} without `{reason}`: {message}");
        }
    }
}
