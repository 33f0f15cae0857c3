//! `cargo xtask test`: all that CI checks. A failed check does not stop the run, so that one run shows every failure.

use std::time::{Duration, Instant};

use crate::workspace::Workspace;
use crate::{
    Result, bench_smoke, book, dependencies, doc_examples, examples, memcheck, process, python, tidy,
};

/// The longest that one command of cargo may take, cold and on a slow machine.
const CARGO_LIMIT: Duration = Duration::from_secs(20 * 60);

/// One check: what the run calls it, what it does, and the function that does it.
pub(crate) struct Check {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result,
}

/// What `--deep` runs beside all [`CHECKS`]: what takes too long for every change.
pub(crate) const DEEP: &[Check] = &[
    Check {
        name: "kills",
        about: "training that is killed 200 times, and ends with the same bits",
        run: |workspace| {
            let mut test = workspace.cargo("test --workspace --all-features --test resume");
            process::run(test.env("KILLS", "200"), CARGO_LIMIT, tells_of_tests).map(drop)
        },
    },
    Check {
        name: "fuzz",
        about: "ten minutes of programs at random",
        run: |workspace| cargo(workspace, "run -p tests --bin fuzz -- 600"),
    },
];

/// How many of the [`CHECKS`], from the first, `--quick` runs.
pub(crate) const QUICK: usize = 3;

/// All checks, in the order in which they run: those that fail soonest come first.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "format",
        about: "cargo fmt --all --check",
        run: |workspace| cargo(workspace, "fmt --all --check"),
    },
    Check {
        name: "lints",
        about: "cargo clippy, all targets and features, warnings denied",
        run: |workspace| cargo(workspace, "clippy --workspace --all-targets --all-features -- -D warnings"),
    },
    // Criterion's benches run in its test mode here: each body once, nothing measured. The examples are run for real below.
    Check {
        name: "tests",
        about: "cargo test, all features; benches once each, unmeasured",
        run: |workspace| cargo(workspace, "test --workspace --all-features --lib --bins --tests --benches"),
    },
    Check {
        name: "doc-tests",
        about: "cargo test --doc, all features",
        run: |workspace| cargo(workspace, "test --workspace --all-features --doc"),
    },
    Check { name: "documentation", about: "cargo doc, warnings denied", run: documentation },
    Check {
        name: "doc-examples",
        about: "every public item of the libraries has an example in its documentation",
        run: doc_examples::run,
    },
    Check {
        name: "no features",
        about: "cargo clippy of wengert without default features, warnings denied",
        run: |workspace| cargo(workspace, "clippy -p wengert --no-default-features -- -D warnings"),
    },
    Check {
        name: "examples",
        about: "every example, run in release; digits on five seeds",
        run: examples::run,
    },
    Check {
        name: "bench-smoke",
        about: "the instructions of a step and of operators, beside the kept ones",
        run: bench_smoke::run,
    },
    Check {
        name: "memcheck",
        about: "the tests of kernels and buffers under valgrind, but for the slowest",
        run: memcheck::run,
    },
    Check {
        name: "python",
        about: "networks in ONNX Runtime, events in TensorBoard, where there is Python",
        run: python::run,
    },
    Check { name: "book", about: "the book builds, offline and without a dead link", run: book::run },
    Check { name: "dependencies", about: "the number of crates a user gets", run: dependencies::run },
    Check { name: "tidy", about: "the house rules that no compiler checks", run: tidy::run },
];

/// Prints the names of the checks.
pub(crate) fn list() {
    for (position, check) in CHECKS.iter().enumerate() {
        let quick = if position < QUICK { "  (also with --quick)" } else { "" };
        println!("{:14} {}{quick}", check.name, check.about);
    }
}

/// Runs the checks, one after another, and ends with a table and a verdict.
pub(crate) fn run<'a>(workspace: &Workspace, checks: impl IntoIterator<Item = &'a Check>) -> Result {
    let checks: Vec<&Check> = checks.into_iter().collect();
    let outcomes: Vec<(&Check, Duration, bool)> = checks
        .iter()
        .copied()
        .enumerate()
        .map(|(position, check)| {
            println!("[{}/{}] {}: {}", position + 1, checks.len(), check.name, check.about);
            let start = Instant::now();
            let outcome = (check.run)(workspace);
            let time = start.elapsed();
            match &outcome {
                Ok(()) => println!("  ok, {:.1} s\n", time.as_secs_f64()),
                Err(message) => println!("{}\n  FAILED, {:.1} s\n", message.trim_end(), time.as_secs_f64()),
            }
            (check, time, outcome.is_ok())
        })
        .collect();

    for (check, time, passed) in &outcomes {
        println!(
            "{:14} {:>8.1} s  {}",
            check.name,
            time.as_secs_f64(),
            if *passed { "ok" } else { "FAILED" }
        );
    }
    let total: Duration = outcomes.iter().map(|(_, time, _)| *time).sum();
    println!("{:14} {:>8.1} s\n", "together", total.as_secs_f64());
    let verdict = verdict(outcomes.iter().map(|(check, _, passed)| (check.name, *passed)));
    if let Ok(good) = &verdict {
        println!("{good}");
    }
    verdict.map(drop)
}

/// The last line of a run.
fn verdict(outcomes: impl Iterator<Item = (&'static str, bool)>) -> Result<String> {
    let outcomes: Vec<_> = outcomes.collect();
    let failed: Vec<&str> = outcomes.iter().filter(|(_, passed)| !passed).map(|(name, _)| *name).collect();
    if failed.is_empty() {
        Ok(format!("all {} checks passed", outcomes.len()))
    } else {
        Err(format!("FAILED: {}", failed.join(", ")))
    }
}

fn cargo(workspace: &Workspace, arguments: &str) -> Result {
    process::run(&mut workspace.cargo(arguments), CARGO_LIMIT, tells_of_tests).map(drop)
}

fn documentation(workspace: &Workspace) -> Result {
    let mut command = workspace.cargo("doc --workspace --all-features --no-deps");
    command.env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command, CARGO_LIMIT, process::silent).map(drop)
}

/// The lines of `cargo test` worth showing when all is well: which program runs, and its closing line.
fn tells_of_tests(line: &str) -> bool {
    ["Running ", "Doc-tests ", "test result:"].iter().any(|start| line.trim_start().starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts_or_names() {
        assert_eq!(verdict([("format", true), ("lints", true)].into_iter()).unwrap(), "all 2 checks passed");
        let failed = verdict([("format", true), ("tests", false), ("book", false)].into_iter());
        assert_eq!(failed.unwrap_err(), "FAILED: tests, book");
    }

    #[test]
    fn quick_ends_with_the_tests() {
        assert_eq!(CHECKS[QUICK - 1].name, "tests");
    }

    #[test]
    fn the_closing_lines_of_cargo_test_are_shown() {
        assert!(tells_of_tests("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"));
        assert!(tells_of_tests("     Running unittests src/lib.rs (target/debug/deps/nn-0123)"));
        assert!(!tells_of_tests("test tests::quick_ends_with_the_tests ... ok"));
        assert!(!tells_of_tests("   Compiling nn v0.1.0"));
    }
}
