//! Whether threads ever hurt: `threads [COUNT]` times operators of many sizes with one thread and with `COUNT` (as many as
//! there are cores), in turns, and prints how the times compare.
//!
//! What is printed is microseconds for one call and `t(COUNT) / t(1)`, of the best and of the median turn.

use std::time::{Duration, Instant};
use wengert::ops::Tanh;
use wengert::prelude::*;
use wengert::{threads, with_threads};

/// A size's name, and what is timed.
type Case = (String, Box<dyn Fn()>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|_| format!("{text}: expected a number of threads"))?,
        None => threads(),
    };
    if count == 0 {
        return Err("0: expected a number of threads, at least 1".into());
    }
    println!(
        "{:<22} {:>10} {:>10} {:>7} {:>7}",
        "",
        "1 thread",
        format!("{count} threads"),
        "best",
        "median"
    );
    for (name, run) in cases() {
        let [one, many] = interleaved(&run, count);
        let [best, median] = [0, one.len() / 2].map(|i| many[i] / one[i]);
        println!(
            "{name:<22} {:>10.2} {:>10.2} {best:>7.2} {median:>7.2}",
            one[one.len() / 2],
            many[many.len() / 2]
        );
    }
    Ok(())
}

/// Microseconds a call, sorted, for one thread and for `count`: twenty turns of ten milliseconds each.
fn interleaved(run: &dyn Fn(), count: usize) -> [Vec<f64>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..20 {
        for (count, times) in [1, count].into_iter().zip(&mut times) {
            with_threads(count, || {
                let (mut calls, start) = (0_u32, Instant::now());
                while calls == 0 || start.elapsed() < Duration::from_millis(10) {
                    run();
                    calls += 1;
                }
                times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
            });
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    times
}

fn cases() -> Vec<Case> {
    let mut rng = Rng::seed(0);
    let mut normal = |rows: usize, columns: usize| Tensor::<f32>::normal([rows, columns], 0.0, 1.0, &mut rng);
    let mut cases: Vec<Case> = Vec::new();
    for n in [16, 32, 48, 64, 80, 96, 128, 192, 256, 512, 1024] {
        let (a, b) = (normal(n, n), normal(n, n));
        cases.push((format!("matmul {n}"), Box::new(move || drop(a.matmul(&b)))));
    }
    for [m, k, n] in [[64, 784, 256], [784, 64, 256], [64, 128, 10], [1, 1024, 1024], [512, 512, 1]] {
        let (a, b) = (normal(m, k), normal(k, n));
        cases.push((format!("matmul {m}x{k}x{n}"), Box::new(move || drop(a.matmul(&b)))));
    }
    for rows in [16, 64, 256, 1024, 4096, 16384] {
        let x = normal(rows, 64);
        let size = rows * 64;
        let (a, b, c, d) = (x.clone(), x.clone(), x.clone(), x.clone());
        cases.push((format!("add {size}"), Box::new(move || drop(&a + &a))));
        cases.push((format!("tanh {size}"), Box::new(move || drop(b.tanh()))));
        cases.push((format!("sum {size}"), Box::new(move || drop(c.sum()))));
        cases.push((format!("column sums {size}"), Box::new(move || drop(d.sum_axes(0)))));
        cases.push((format!("softmax {size}"), Box::new(move || drop(x.softmax(-1)))));
    }
    for width in [8, 16, 32, 64, 128, 256] {
        let (x, w) = (normal(64, width).requires_grad(), normal(width, width).requires_grad());
        let step = move || drop(x.linear_then(&w, None, Tanh).sum().backward());
        cases.push((format!("layer 64x{width}, and back"), Box::new(step)));
    }
    cases
}
