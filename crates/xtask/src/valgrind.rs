//! Valgrind, which counts instructions and watches the memory: whether it can run here, and if it is missing, how to get it.

use std::process::Command;
use std::time::Duration;

use crate::{Result, process};

/// Tries the present lists of packages first; a fresh image has none.
const INSTALL: &str = "apt-get install -y valgrind || (apt-get update && apt-get install -y valgrind)";

/// Whether programs can run under valgrind. Where there is no such thing, `false`, and a line that says so; where it is
/// missing, it is installed if we may.
///
/// # Errors
/// If valgrind is missing and cannot be installed; the message names the package.
pub(crate) fn ready() -> Result<bool> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("  skipped: it needs valgrind on Linux and x86-64");
        return Ok(false);
    }
    if succeeds("valgrind", &["--version"]) {
        return Ok(true);
    }
    let root = output("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    if !root || !succeeds("apt-get", &["--version"]) {
        return Err(
            "valgrind is missing: install the package `valgrind` of your distribution, such as with \
             `sudo apt-get install valgrind`"
                .to_owned(),
        );
    }
    println!("  installing the package valgrind");
    let mut install = Command::new("sh");
    install.args(["-c", INSTALL]).env("DEBIAN_FRONTEND", "noninteractive");
    process::run(&mut install, Duration::from_secs(300), process::silent)
        .map_err(|message| format!("{message}\nthe package `valgrind` could not be installed"))?;
    Ok(true)
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_ok()
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    process::run(command.args(arguments), Duration::from_secs(20), process::silent)
        .map(|output| output.stdout)
}
