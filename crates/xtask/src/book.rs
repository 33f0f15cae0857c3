//! `cargo xtask book`: builds the book and reads the result. mdBook itself ends with success when a file to include is
//! missing and says nothing at all when an anchor is, so the pages are looked at afterwards. What the pages *show* is held
//! to the truth by `book/listings/tests/contract.rs`.

use std::process::Command;
use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process, site, tools};

/// Installs the tools where they are missing, builds the book and scans it.
pub(crate) fn run(workspace: &Workspace) -> Result {
    for tool in [tools::MDBOOK, tools::MDBOOK_KATEX] {
        tool.install(workspace)?;
    }
    let site = workspace.target.join("book");
    let mut build = Command::new(tools::MDBOOK.path(workspace));
    build.arg("build").arg(workspace.root.join("book")).arg("--dest-dir").arg(&site);
    build.env("PATH", tools::search_path(workspace)?);
    // Its errors are only known from what it logs.
    build.env_remove("MDBOOK_LOG").env_remove("RUST_LOG");
    let transcript = process::run(&mut build, Duration::from_secs(300), process::silent)?.transcript;
    if transcript.contains("ERROR") {
        return Err(format!("{transcript}\nmdBook reports an error (and ends with success all the same)"));
    }
    let problems = site::problems(&site)?;
    if !problems.is_empty() {
        return Err(format!("{}\nin the built book, {}", problems.join("\n"), site.display()));
    }
    println!("  the book is in {}", site.join("index.html").display());
    Ok(())
}
