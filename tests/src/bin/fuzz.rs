//! Random programs in the public interface, for a while: `cargo run --release -p tests --bin fuzz -- [SECONDS] [SEED]`.
//!
//! Ends with how many held, or with the first that did not and its seed, from which it runs again.

use std::process::ExitCode;
use std::time::{Duration, Instant};
use tests::fuzz::program;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (Ok(seconds), Ok(first)) = (next(60), next(0)) else {
        eprintln!("usage: fuzz [SECONDS] [SEED]");
        return ExitCode::FAILURE;
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    loop {
        if let Err(problem) = program(seed) {
            eprintln!("seed {seed}: {problem}");
            return ExitCode::FAILURE;
        }
        seed += 1;
        if Instant::now() >= end {
            println!("{} programs held, seeds {first} to {}", seed - first, seed - 1);
            return ExitCode::SUCCESS;
        }
    }
}
