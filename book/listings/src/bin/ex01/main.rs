//! Exercise 1: a slope whose error shrinks a hundredfold when the nudge shrinks tenfold. `cargo run --bin ex01` tests what is in
//! `yours.rs`, `cargo run --bin ex01 -- --answer` what is in `answer.rs`.

mod answer;
mod yours;

use std::process::ExitCode;

/// A function, a place, and the slope that calculus gives there.
struct Case {
    name: &'static str,
    f: fn(f64) -> f64,
    x: f64,
    slope: f64,
}

const CASES: [Case; 3] = [
    Case { name: "the cube at 2", f: |x| x * x * x, x: 2.0, slope: 12.0 },
    Case { name: "one over x at 2", f: |x| 1.0 / x, x: 2.0, slope: -0.25 },
    Case { name: "the square root at 4", f: f64::sqrt, x: 4.0, slope: 0.25 },
];

// ANCHOR: test
/// What is tested: the slope of a function, at a place, with a nudge.
type Slope = fn(fn(f64) -> f64, f64, f64) -> f64;

/// Whether a tenth of the nudge leaves a hundredth of the error.
fn passes(slope: Slope) -> bool {
    let mut good = true;
    for Case { name, f, x, slope: truth } in CASES {
        let error = |nudge| (slope(f, x, nudge) - truth).abs();
        for nudge in [0.1, 0.01] {
            let shrinks = error(nudge) / error(nudge / 10.0);
            println!("{name}, nudge {nudge}: the error shrinks {shrinks:.1} times");
            good &= (95.0..105.0).contains(&shrinks);
        }
    }
    good
}
// ANCHOR_END: test

fn main() -> ExitCode {
    let answer = std::env::args().any(|argument| argument == "--answer");
    if passes(if answer { answer::slope } else { yours::slope }) {
        println!("passed");
        ExitCode::SUCCESS
    } else {
        println!("not yet: each error should shrink about 100 times");
        ExitCode::FAILURE
    }
}
