//! The programs that build the book, each of one version, kept below the target directory so that nothing is installed
//! for the user.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process};

/// A program from crates.io.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    /// Features, for `cargo install`.
    features: &'static str,
}

/// Builds the book. Without its web server, which is most of its dependencies.
pub(crate) const MDBOOK: Tool =
    Tool { name: "mdbook", version: "0.5.4", features: "--no-default-features --features search" };

/// Sets the mathematics of the book while it is built, with KaTeX 0.16.4: the version of `book/katex`.
pub(crate) const MDBOOK_KATEX: Tool = Tool { name: "mdbook-katex", version: "0.10.0", features: "" };

impl Tool {
    /// Builds the program, unless it is there in this version: one to three minutes each, once.
    pub(crate) fn install(&self, workspace: &Workspace) -> Result {
        let present = process::run(
            Command::new(self.path(workspace)).arg("--version"),
            Duration::from_secs(20),
            process::silent,
        );
        if present.is_ok_and(|output| is_version(&output.stdout, self.version)) {
            return Ok(());
        }
        println!("  building {} {} into {}", self.name, self.version, root(workspace).display());
        let Self { name, version, features } = self;
        let mut install =
            workspace.cargo(&format!("install {name} --version ={version} --locked --force {features}"));
        install.arg("--root").arg(root(workspace));
        // Its own place: what is half built there can go on, and does not mix with the workspace's artifacts.
        install.env("CARGO_TARGET_DIR", root(workspace).join("build"));
        process::run(&mut install, Duration::from_secs(20 * 60), process::silent).map(drop)
    }

    /// Where the program is, once it is installed.
    pub(crate) fn path(&self, workspace: &Workspace) -> PathBuf {
        directory(workspace).join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX))
    }
}

/// The search path with our programs before those that the user may have.
pub(crate) fn search_path(workspace: &Workspace) -> Result<OsString> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(directory(workspace)).chain(std::env::split_paths(&others)))
        .map_err(|error| format!("{}: {error}", directory(workspace).display()))
}

fn root(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

fn directory(workspace: &Workspace) -> PathBuf {
    root(workspace).join("bin")
}

/// Whether `mdbook v0.5.4` or `mdbook-katex 0.10.0` names that version.
fn is_version(printed: &str, version: &str) -> bool {
    printed.split_whitespace().any(|word| word.trim_start_matches('v') == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_whole() {
        assert!(is_version("mdbook v0.5.4\n", "0.5.4"));
        assert!(is_version("mdbook-katex 0.10.0\n", "0.10.0"));
        assert!(!is_version("mdbook v0.5.41\n", "0.5.4"));
        assert!(!is_version("mdbook v0.5.3\n", "0.5.4"));
    }
}
