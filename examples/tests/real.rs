//! How the examples on real data end when there is none. What they learn, `cargo xtask examples` checks.

use std::process::{Command, Output};

/// Runs `mnist` with these arguments, where `WENGERT_DATA` names a folder without MNIST.
fn mnist(arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--package", "examples", "--example", "mnist", "--"]).args(arguments);
    cargo.env("WENGERT_DATA", env!("CARGO_MANIFEST_DIR"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().expect("cargo runs")
}

/// Who runs all examples can tell data that is not there from an example that fails.
#[test]
fn data_that_is_not_there_has_an_exit_code_of_its_own() {
    for (arguments, code, reasons) in [
        (&[][..], examples::real::NO_DATA, &["/examples/mnist", "help: ", "--data DIR"][..]),
        (&["--data", "no/such/folder"], 1, &["no/such/folder", "train-images-idx3-ubyte"]),
        (&["--fast", "1"], 1, &["--fast", "--help"]),
    ] {
        let output = mnist(arguments);
        let message = String::from_utf8(output.stderr).expect("a message in UTF-8");
        assert_eq!(output.status.code(), Some(code.into()), "{arguments:?}: {message}");
        assert!(message.starts_with("mnist: ") && output.stdout.is_empty(), "{arguments:?}: {message}");
        for reason in reasons {
            assert!(message.contains(reason), "{arguments:?} without `{reason}`: {message}");
        }
    }
}
