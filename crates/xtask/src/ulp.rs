//! `cargo xtask ulp`: the worst error of each elementary function in single precision, over all 2³² numbers. With `--every N` over
//! one in `N`.

use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process};

/// Some minutes for the build, some for four thousand million numbers times nine functions.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Builds and runs the program; a function that is too far off is an error.
pub(crate) fn run(workspace: &Workspace, every: &str) -> Result {
    let mut command =
        workspace.cargo(&format!("run --quiet --release -p benches --bin ulp -- --every {every}"));
    process::run(&mut command, LIMIT, |_| true).map(|_| ())
}
