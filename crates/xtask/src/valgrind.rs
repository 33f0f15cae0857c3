//! Valgrind, which counts instructions and watches the memory: whether it can run here, and if it is missing, how to get it.

use crate::{Result, apt};

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
    if apt::succeeds("valgrind", &["--version"]) {
        return Ok(true);
    }
    apt::install("valgrind").map(|()| true)
}
