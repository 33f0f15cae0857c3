//! `cargo xtask python`: what we write for other programs, read by them: exported networks by ONNX Runtime, events by TensorBoard. Python's
//! packages are installed below the target directory, in one version each, so that nothing is installed for the user.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process};

const PACKAGES: [&str; 4] = ["onnx==1.23.2", "onnxruntime==1.32.0", "numpy==2.4.6", "tensorboard==2.21.0"];

/// Installs the packages where they are missing, and runs the tests that need them.
pub(crate) fn run(workspace: &Workspace) -> Result {
    let environment = workspace.target.join("python");
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // Written last: what is half installed does not count.
    let mark = environment.join("packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&mark).ok().as_deref() != Some(&wanted) {
        if !prepare(&environment)? {
            println!("  skipped: it needs Python 3.11 or later, with its module `venv`");
            return Ok(());
        }
        println!("  installing {} into {}", PACKAGES.join(", "), environment.display());
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
        process::run(&mut install, Duration::from_secs(600), process::silent)?;
        std::fs::write(&mark, wanted).map_err(|error| format!("{}: {error}", mark.display()))?;
    }
    // With the features that the other tests have, so that nothing is compiled a second time.
    let mut test = workspace.cargo(
        "test --workspace --all-features --test onnx --test tensorboard -- --nocapture --test-threads=1",
    );
    test.env("WENGERT_PYTHON", &python);
    process::run(&mut test, Duration::from_secs(20 * 60), |line| line.contains(" networks, ")).map(drop)
}

/// Makes an environment of Python's; `false` where there is no such Python.
fn prepare(environment: &Path) -> Result<bool> {
    let mut find = Command::new("python3");
    find.args(["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"]);
    if process::run(&mut find, Duration::from_secs(20), process::silent).is_err() {
        return Ok(false);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(environment);
    process::run(&mut make, Duration::from_secs(120), process::silent).map(|_| true)
}
