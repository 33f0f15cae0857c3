//! `cargo xtask deps`: the number of crates that somebody gets who writes `wengert = "..."` in a manifest. Each is code
//! to compile, to trust and to keep up with, so the number is printed, and kept.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process};

/// The most crates with the default features, `wengert` itself included. Ten of them read data (`flate2`), draw the progress bar
/// (`indicatif`) and listen for Ctrl-C (`signal-hook`).
const DEFAULT_LIMIT: usize = 24;
/// The most crates without them.
const BARE_LIMIT: usize = 14;

/// Prints both numbers and the crates behind them; too many is an error.
pub(crate) fn run(workspace: &Workspace) -> Result {
    let counts = [
        count(workspace, "with default features", "", DEFAULT_LIMIT),
        count(workspace, "without default features", "--no-default-features", BARE_LIMIT),
    ];
    counts.into_iter().collect()
}

fn count(workspace: &Workspace, what: &str, features: &str, limit: usize) -> Result {
    let mut tree = workspace.cargo(&format!("tree -p wengert -e normal,build --prefix none {features}"));
    let crates = unique(&process::run(&mut tree, Duration::from_secs(120), process::silent)?.stdout);
    let names: Vec<&str> = crates.iter().map(|line| line.split(' ').next().unwrap_or(line)).collect();
    let sentence = format!("{} crates {what} (at most {limit}): {}", crates.len(), names.join(", "));
    if crates.len() > limit {
        return Err(format!(
            "{sentence}\n{limit} is the limit in crates/xtask/src/dependencies.rs; raise it only for a crate that gives much \
             for little"
        ));
    }
    println!("  {sentence}");
    Ok(())
}

/// The `name version` pairs of what `cargo tree` prints, each once: it marks repetitions with `(*)` and adds paths.
fn unique(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once_and_its_second_version_again() {
        let tree =
            "wengert v0.1.0 (/somewhere/wengert)\nsyn v3.0.1 (proc-macro)\nsyn v3.0.1 (*)\n\nsyn v2.0.0\n";
        let expected = ["syn v2.0.0", "syn v3.0.1", "wengert v0.1.0"].map(str::to_owned);
        assert_eq!(unique(tree), BTreeSet::from(expected));
    }
}
