//! `cargo xtask memcheck`: the tests of the code that may be `unsafe`, watched for every access outside of its memory.
//!
//! Valgrind also sees what was read before it was written, but knows no AVX-512 and is slow, so the longest tests are left
//! out. `--sanitizer` takes AddressSanitizer instead, with every test and on whatever the processor has.

use std::process::Command;
use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process, valgrind};

/// What may be `unsafe`, as `cargo xtask tidy` has it.
const FILTERS: &str = "kernels:: buffer::";

/// Tests that go through so many numbers that they take half a minute each under valgrind.
const SLOW: [&str; 6] = [
    "double_precision_is_within",
    "single_precision_is_within",
    "all_layouts_agree_around",
    "ragged_sizes_agree_with",
    "sums_run_over_k",
    "the_same_bits_on_any_number_of_threads",
];

/// The one target whose sanitizer we ask for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Runs the tests, but for the slow ones, under valgrind. Any error that it sees is one.
pub(crate) fn run(workspace: &Workspace) -> Result {
    if !valgrind::ready()? {
        return Ok(());
    }
    // As `cargo xtask test` builds them, so that this is done once.
    let mut build = workspace.cargo("test --workspace --all-features --lib --no-run");
    let built = process::run(&mut build, BUILD_LIMIT, process::silent)?;
    let program = executable(&built.transcript).ok_or("cargo did not name the program of the tests")?;
    let mut tests = Command::new("valgrind");
    tests
        .args(["-q", "--error-exitcode=1", "--partial-loads-ok=no", "--leak-check=no"])
        .arg(workspace.root.join(program))
        .args(FILTERS.split_whitespace())
        .args(SLOW.iter().flat_map(|name| ["--skip", name]))
        .current_dir(&workspace.root);
    process::run(&mut tests, RUN_LIMIT, is_result).map(drop)
}

/// Runs all of the tests with AddressSanitizer, in a target directory of its own.
pub(crate) fn sanitizer(workspace: &Workspace) -> Result {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("  skipped: it needs {TARGET}");
        return Ok(());
    }
    let libraries = workspace.rustc(&format!("--print target-libdir --target {TARGET}"))?;
    if !has_runtime(&libraries) {
        return Err(format!(
            "AddressSanitizer's runtime is missing: this toolchain has no librustc*_rt.asan.a in {libraries}.\n\
             A toolchain from rustup has it (`rustup toolchain install stable`); `cargo xtask memcheck` does without."
        ));
    }
    let command = format!("test --target {TARGET} -p wengert-autograd --lib -- {FILTERS}");
    let mut tests = workspace.cargo(&command);
    // The flag is not stable, yet what it needs is part of every toolchain that rustup installs for this target.
    tests.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    tests.env("CARGO_TARGET_DIR", workspace.target.join("asan"));
    process::run(&mut tests, BUILD_LIMIT, is_result).map(drop)
}

/// The path of the tests of `autograd`, in a line such as `Executable unittests src/lib.rs (target/debug/deps/autograd-01)`.
fn executable(transcript: &str) -> Option<&str> {
    let lines = transcript.lines().filter(|line| line.trim_start().starts_with("Executable "));
    let mut paths = lines.filter_map(|line| Some(line.trim_end().strip_suffix(')')?.rsplit_once('(')?.1));
    paths.find(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with("autograd-")))
}

/// Whether a folder of a toolchain's libraries has AddressSanitizer's.
fn has_runtime(libraries: &str) -> bool {
    std::fs::read_dir(libraries).is_ok_and(|files| {
        files.flatten().any(|file| file.file_name().to_string_lossy().ends_with("_rt.asan.a"))
    })
}

fn is_result(line: &str) -> bool {
    line.starts_with("test result:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_the_tests_is_found() {
        let transcript = "  Compiling a v0.1.0 (a)\n  Executable unittests src/lib.rs (target/debug/deps/nn-01)\n  \
             Executable unittests src/lib.rs (target/debug/deps/autograd-02)\n";
        assert_eq!(executable(transcript), Some("target/debug/deps/autograd-02"));
        assert_eq!(executable(&transcript.replace("autograd", "wengert")), None);
    }
}
