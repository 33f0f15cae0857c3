//! The arithmetic limit of a core, measured.

use std::hint::black_box;
use std::time::Instant;

/// Numbers that the nearest cache holds.
const NUMBERS: usize = 4096;
/// Multiply-adds on a number between its load and its store: many enough for these to be hidden, few enough for the processor to
/// have several vectors under way, since each waits for its own.
const CHAIN: usize = 24;
const PASSES: usize = 100;

/// The most floating-point operations a second of one core, the best of many runs: a fused multiply-add counts as two.
pub fn flops_per_second() -> f64 {
    (0..300).map(|_| run()).fold(0.0, f64::max)
}

fn run() -> f64 {
    let (mut numbers, factor, term) = ([1_f32; NUMBERS], black_box(0.5_f32), black_box(1_f32));
    let start = Instant::now();
    for _ in 0..PASSES {
        for number in black_box(&mut numbers) {
            for _ in 0..CHAIN {
                *number = number.mul_add(factor, term);
            }
        }
    }
    (2 * NUMBERS * CHAIN * PASSES) as f64 / start.elapsed().as_secs_f64()
}
