//! Packages of Debian and Ubuntu that a task needs: installed if we may, and named if not.

use std::process::Command;
use std::time::Duration;

use crate::{Result, process};

/// Installs a package, if this is root on a system with `apt-get`.
///
/// # Errors
/// If it cannot be installed; the message names the package.
pub(crate) fn install(package: &str) -> Result {
    let root = output("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    if !root || !succeeds("apt-get", &["--version"]) {
        return Err(format!(
            "{package} is missing: install the package `{package}` of your distribution, such as with \
             `sudo apt-get install {package}`"
        ));
    }
    println!("  installing the package {package}");
    // Tries the present lists of packages first; a fresh image has none.
    let script = format!("apt-get install -y {package} || (apt-get update && apt-get install -y {package})");
    let mut install = Command::new("sh");
    install.args(["-c", &script]).env("DEBIAN_FRONTEND", "noninteractive");
    process::run(&mut install, Duration::from_secs(300), process::silent)
        .map_err(|message| format!("{message}\nthe package `{package}` could not be installed"))?;
    Ok(())
}

/// Whether a program can be run, and ends well.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_ok()
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    process::run(command.args(arguments), Duration::from_secs(20), process::silent)
        .map(|output| output.stdout)
}
