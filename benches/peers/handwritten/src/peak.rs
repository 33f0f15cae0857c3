//! The arithmetic limit of a core, measured.

use std::hint::black_box;
use std::time::Instant;

/// Numbers that fit into the registers, as twelve vectors: enough to keep every multiplier busy, since each waits for its own.
const NUMBERS: usize = if cfg!(target_feature = "avx512f") { 192 } else { 96 };
const STEPS: usize = 10_000;

/// The most floating-point operations a second of one core, the best of many runs: a fused multiply-add counts as two.
pub fn flops_per_second() -> f64 {
    (0..300).map(|_| run()).fold(0.0, f64::max)
}

fn run() -> f64 {
    let (mut numbers, factor, term) = (black_box([1_f32; NUMBERS]), black_box(0.5_f32), black_box(1_f32));
    let start = Instant::now();
    for _ in 0..STEPS {
        for number in &mut numbers {
            *number = number.mul_add(factor, term);
        }
    }
    black_box(numbers);
    (2 * NUMBERS * STEPS) as f64 / start.elapsed().as_secs_f64()
}
