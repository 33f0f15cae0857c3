//! `ulp [--every N] [FUNCTION...]`: the worst error of each elementary function in single precision, over every number that there is, or over
//! one in `N`. The distance to the value in double precision is counted in units in the last place of `f32`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use wengert::prelude::*;
use wengert::with_threads;

const USAGE: &str = "usage: ulp [--every N] [FUNCTION...], with N from 1 on";

/// How many numbers a thread takes at once.
const CHUNK: u64 = 1 << 16;

/// A function in both precisions, and how far it may be off.
struct Function {
    name: &'static str,
    single: fn(&Tensor<f32>) -> Tensor<f32>,
    double: fn(&Tensor<f64>) -> Tensor<f64>,
    limit: f64,
}

const FUNCTIONS: [Function; 9] = [
    Function { name: "exp", single: |x| x.exp(), double: |x| x.exp(), limit: 2.0 },
    Function { name: "exp_m1", single: |x| x.exp_m1(), double: |x| x.exp_m1(), limit: 2.0 },
    Function { name: "ln", single: |x| x.ln(), double: |x| x.ln(), limit: 2.0 },
    Function { name: "ln_1p", single: |x| x.ln_1p(), double: |x| x.ln_1p(), limit: 2.0 },
    Function { name: "sigmoid", single: |x| x.sigmoid(), double: |x| x.sigmoid(), limit: 2.0 },
    Function { name: "tanh", single: |x| x.tanh(), double: |x| x.tanh(), limit: 2.0 },
    Function { name: "erf", single: |x| x.erf(), double: |x| x.erf(), limit: 4.0 },
    Function { name: "normal_cdf", single: |x| x.normal_cdf(), double: |x| x.normal_cdf(), limit: 4.0 },
    Function { name: "gelu", single: |x| x.gelu(), double: |x| x.gelu(), limit: 4.0 },
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let every = match names.first() {
        Some(first) if first == "--every" => {
            let given: Vec<String> = names.drain(..names.len().min(2)).collect();
            given.get(1).and_then(|n| n.parse().ok()).filter(|&n| n > 0).ok_or(USAGE)?
        }
        _ => 1,
    };
    if let Some(unknown) = names.iter().find(|name| FUNCTIONS.iter().all(|function| function.name != **name))
    {
        return Err(format!("there is no function `{unknown}`; {USAGE}").into());
    }
    let mut all_hold = true;
    println!("{:10}  {:>9}  {:>5}  at", "function", "worst", "limit");
    let is_asked = |function: &&Function| names.is_empty() || names.iter().any(|name| name == function.name);
    for function in FUNCTIONS.iter().filter(is_asked) {
        let (off, x) = worst(function, every);
        let verdict = if off <= function.limit { "" } else { "  TOO FAR OFF" };
        println!("{:10}  {off:9.6}  {:5}  {x:e}{verdict}", function.name, function.limit);
        all_hold &= verdict.is_empty();
    }
    Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The largest distance over one in `every` of all numbers, and where it is.
fn worst(function: &Function, every: u64) -> (f64, f32) {
    let count = (1_u64 << 32).div_ceil(every);
    let (next, worst) = (AtomicU64::new(0), Mutex::new((0.0, 0.0)));
    let work = || {
        let mut mine = (0.0, 0.0);
        loop {
            let first = next.fetch_add(CHUNK, Ordering::Relaxed);
            if first >= count {
                break;
            }
            let x: Vec<f32> =
                (first..count.min(first + CHUNK)).map(|i| f32::from_bits((i * every) as u32)).collect();
            mine = worst_of(function, x).into_iter().fold(mine, further);
        }
        let mut worst = worst.lock().expect("no thread has panicked");
        *worst = further(*worst, mine);
    };
    std::thread::scope(|scope| {
        (0..std::thread::available_parallelism().map_or(1, |n| n.get())).for_each(|_| {
            scope.spawn(work);
        });
    });
    worst.into_inner().expect("no thread has panicked")
}

/// The one that is further off; of two the one with the smaller bits, so that the result does not depend on the threads.
fn further(a: (f64, f32), b: (f64, f32)) -> (f64, f32) {
    match a.0.total_cmp(&b.0).then(b.1.to_bits().cmp(&a.1.to_bits())) {
        std::cmp::Ordering::Less => b,
        _ => a,
    }
}

/// How far off each is, and where.
fn worst_of(function: &Function, x: Vec<f32>) -> Vec<(f64, f32)> {
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    let (found, exact) = with_threads(1, || {
        let found = (function.single)(&Tensor::from(x.clone())).to_vec();
        (found, (function.double)(&Tensor::from(wide)).to_vec())
    });
    x.into_iter()
        .zip(found.into_iter().zip(exact))
        .map(|(x, (found, exact))| (ulps(found, exact), x))
        .collect()
}

/// The distance in units in the last place; what is no number where the other is one is infinitely far.
fn ulps(found: f32, exact: f64) -> f64 {
    if found == exact as f32 || found.is_nan() && exact.is_nan() {
        // Half a unit and less; the exact distance is of no interest where both are infinite.
        return if found.is_finite() { (f64::from(found) - exact).abs() / unit(exact) } else { 0.0 };
    }
    if found.is_finite() && exact.is_finite() {
        (f64::from(found) - exact).abs() / unit(exact)
    } else {
        f64::INFINITY
    }
}

/// From the number nearest to `exact` to the next one away from 0.
fn unit(exact: f64) -> f64 {
    let nearest = (exact as f32).abs().clamp(f32::MIN_POSITIVE, f32::MAX / 2.0);
    f64::from(f32::from_bits(nearest.to_bits() + 1)) - f64::from(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_within_the_limits() {
        for function in &FUNCTIONS {
            let (off, x) = worst(function, 1009);
            assert!(off > 0.2 && off <= function.limit, "{}({x:e}) is {off} units off", function.name);
        }
    }

    #[test]
    fn distances_are_counted_in_units() {
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(ulps(next, 1.0), 1.0);
        assert_eq!(ulps(-next, -1.0), 1.0);
        assert_eq!(ulps(f32::from_bits(3), 0.0), 3.0);
        assert_eq!(ulps(f32::INFINITY, 1e39), 0.0);
        assert_eq!(ulps(f32::NAN, f64::NAN), 0.0);
        assert_eq!(ulps(f32::NAN, 1.0), f64::INFINITY);
        assert_eq!(ulps(f32::INFINITY, 1.0), f64::INFINITY);
        assert_eq!(ulps(1.0, f64::INFINITY), f64::INFINITY);
    }
}
