//! Some thousand random programs, and more on demand: see `tests::fuzz`.

use tests::fuzz::program;

/// `cargo run -p tests --bin fuzz -- 600` goes on for ten minutes, and `-- 1 SEED` runs what fails here again.
#[test]
fn random_programs_give_answers_or_helpful_errors() {
    for seed in 0..5000 {
        if let Err(problem) = program(seed) {
            panic!("seed {seed}: {problem}");
        }
    }
}
