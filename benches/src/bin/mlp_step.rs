//! Times one training step of an MLP, for the comparison with other frameworks:
//! `mlp_step CASES.json [CASE...]`, with `BUDGET` seconds a case (1.5) and on at most `THREADS` threads (as many as there are cores),
//! both from the environment.
//!
//! A step is forward, mean cross-entropy, backward and the optimizer, on one resident batch in `f32`. Each case prints
//! a line of JSON with the best and the median step in seconds.

use benches::Case;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wengert::{threads, with_threads};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: mlp_step CASES.json [CASE...]")?;
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
    let cases = benches::cases(&text).map_err(|e| format!("{file}: {e}"))?;
    let names: Vec<String> = args.collect();
    let budget = Duration::from_secs_f64(benches::number("BUDGET", 1.5)?);
    let count = benches::threads_from_environment()?;
    for name in &names {
        cases.get(name).ok_or_else(|| format!("{file}: there is no case `{name}`"))?;
    }
    for (name, case) in &cases {
        if names.is_empty() || names.contains(name) {
            let case = Case::parse(case).map_err(|e| format!("{file}: case `{name}`: {e}"))?;
            println!("{}", with_threads(count, || time(&case, name, budget)));
        }
    }
    Ok(())
}

/// Steps for the budget, after a third of it to warm up.
fn time(case: &Case, name: &str, budget: Duration) -> Value {
    let mut step = case.training();
    let first = step();
    let warm_up = Instant::now();
    while warm_up.elapsed() < budget / 3 {
        step();
    }
    let (mut times, mut last) = (Vec::new(), first);
    let start = Instant::now();
    while start.elapsed() < budget || times.len() < 10 {
        let start = Instant::now();
        last = step();
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    json!({
        "fw": "wengert", "case": name, "threads": threads(), "median": times[times.len() / 2], "best": times[0],
        "n": times.len(), "first": first, "last": last,
    })
}
