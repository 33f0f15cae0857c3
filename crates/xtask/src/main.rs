//! The tasks of the repository: `cargo xtask TASK`. One file a task; `cargo xtask` alone prints the help.

mod apt;
mod bench_smoke;
mod book;
mod dependencies;
mod doc_examples;
mod examples;
mod memcheck;
mod mutants;
mod process;
mod python;
mod site;
mod test;
mod tidy;
mod tools;
mod ulp;
mod valgrind;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// A task either succeeds or says, in words for the person who ran it, what went wrong and where.
type Result<T = ()> = std::result::Result<T, String>;

const HELP: &str = "\
The tasks of the repository.

    cargo xtask test            all that CI checks: format, lints, tests, documentation, examples, book, house rules
    cargo xtask test --quick    format, lints and tests alone
    cargo xtask test --deep     also what takes long: 200 kills of a training, ten minutes of programs at random
    cargo xtask test --list     the names of the checks, in order
    cargo xtask examples        build and run every example, the long ones in a short form, and hold each to what it promises
    cargo xtask examples --long    the long ones to their end: half an hour; the data of all has to be there, see README.md
    cargo xtask book            build the book and look for dead links, leftovers and anything from the network
    cargo xtask bench-smoke     the instructions of a step and of operators, beside the kept ones; UPDATE=1 keeps the new ones
    cargo xtask memcheck        the tests of kernels and buffers under valgrind, but for the slowest
    cargo xtask memcheck --sanitizer    all of them with AddressSanitizer
    cargo xtask ulp             the worst error of each elementary function over all numbers in single precision
    cargo xtask ulp --every N   over one in N
    cargo xtask mutants         makes every rule of differentiation wrong in every small way, and asks whether the tests see it
    cargo xtask mutants PART    of the files that have PART in their path; several parts are joined by commas
    cargo xtask python          exported networks in ONNX Runtime, and events in TensorBoard, which it installs below the target directory
    cargo xtask deps            the number of crates that a user of `wengert` gets
    cargo xtask doc-examples    the public items without an example in their documentation
    cargo xtask tidy            the house rules that no compiler checks
    cargo xtask help            this text

Each task exits with 0 if all is well and with 1 if not. What a task needs beside the Rust toolchain, a C compiler and git
(the book's tools) it builds by itself, below the target directory; valgrind it installs by apt-get if it may.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [] | ["help" | "--help" | "-h", ..] | [_, "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test"] => with_workspace(|workspace| test::run(workspace, test::CHECKS)),
        ["test", "--deep"] => {
            with_workspace(|workspace| test::run(workspace, test::CHECKS.iter().chain(test::DEEP)))
        }
        ["test", "--quick"] => with_workspace(|workspace| test::run(workspace, &test::CHECKS[..test::QUICK])),
        ["test", "--list"] => {
            test::list();
            Ok(())
        }
        ["examples"] => with_workspace(examples::run),
        ["examples", "--long"] => with_workspace(examples::long),
        ["book"] => with_workspace(book::run),
        ["bench-smoke"] => with_workspace(bench_smoke::run),
        ["memcheck"] => with_workspace(memcheck::run),
        ["memcheck", "--sanitizer"] => with_workspace(memcheck::sanitizer),
        ["ulp"] => with_workspace(|workspace| ulp::run(workspace, "1")),
        ["ulp", "--every", n] => with_workspace(|workspace| ulp::run(workspace, n)),
        ["mutants"] => with_workspace(|workspace| mutants::run(workspace, "")),
        ["mutants", part] => with_workspace(|workspace| mutants::run(workspace, part)),
        ["python"] => with_workspace(python::run),
        ["doc-examples"] => with_workspace(doc_examples::run),
        ["deps"] => with_workspace(dependencies::run),
        ["tidy"] => with_workspace(tidy::run),
        _ => Err(format!("I do not know `cargo xtask {}`.\n\n{HELP}", words.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn with_workspace(task: impl FnOnce(&Workspace) -> Result) -> Result {
    task(&Workspace::find()?)
}
