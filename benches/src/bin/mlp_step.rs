//! Times one training step of an MLP, for the comparison with other frameworks:
//! `mlp_step CASES.json [CASE...]`, with `BUDGET` seconds a case (1.5) and `THREADS` from the environment.
//!
//! A step is forward, mean cross-entropy, backward and the optimizer, on one resident batch in `f32`. Each case prints
//! a line of JSON with the best and the median step in seconds.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: mlp_step CASES.json [CASE...]")?;
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
    let cases: Value = serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?;
    let cases =
        cases.as_object().ok_or_else(|| format!("{file}: expected an object with an entry for each case"))?;
    let names: Vec<String> = args.collect();
    let budget = Duration::from_secs_f64(number("BUDGET", 1.5)?);
    let threads = number("THREADS", 1.0)? as usize;
    for name in &names {
        cases.get(name).ok_or_else(|| format!("{file}: there is no case `{name}`"))?;
    }
    for (name, case) in cases {
        if names.is_empty() || names.contains(name) {
            let case = Case::parse(case).map_err(|e| format!("{file}: case `{name}`: {e}"))?;
            println!("{}", case.time(name, budget, threads));
        }
    }
    Ok(())
}

fn number(variable: &str, default: f64) -> Result<f64, String> {
    match std::env::var(variable) {
        Ok(text) => text.parse().map_err(|e| format!("{variable}={text}: {e}")),
        Err(_) => Ok(default),
    }
}

struct Case {
    sizes: Vec<usize>,
    batch: usize,
    activation: Activation,
    adam: bool,
}

impl Case {
    fn parse(case: &Value) -> Result<Self, String> {
        let size =
            |v: &Value| v.as_u64().map(|n| n as usize).ok_or(format!("expected a whole number, found {v}"));
        let sizes = case["dims"].as_array().ok_or("expected a list `dims`")?;
        Ok(Case {
            sizes: sizes.iter().map(size).collect::<Result<_, _>>()?,
            batch: size(&case["batch"])?,
            activation: match case["act"].as_str() {
                Some("sigmoid") => Activation::Sigmoid,
                Some("tanh") => Activation::Tanh,
                Some("relu") => Activation::Relu,
                _ => return Err(format!("unknown activation {}", case["act"])),
            },
            adam: match case["opt"].as_str() {
                Some("adam") => true,
                Some("sgd") => false,
                _ => return Err(format!("unknown optimizer {}", case["opt"])),
            },
        })
    }

    fn time(&self, name: &str, budget: Duration, threads: usize) -> Value {
        match self.adam {
            true => self.time_with(name, budget, threads, Adam::new(1e-3)),
            false => self.time_with(name, budget, threads, Sgd::new(0.01)),
        }
    }

    fn time_with(
        &self,
        name: &str,
        budget: Duration,
        threads: usize,
        mut optimizer: impl Optimizer,
    ) -> Value {
        let mut rng = Rng::seed(0);
        let (inputs, classes) = (self.sizes[0], self.sizes[self.sizes.len() - 1]);
        let x = Tensor::normal([self.batch, inputs], 0.0, 1.0, &mut rng);
        let y: Vec<usize> = (0..self.batch).map(|i| i % classes).collect();
        let mut net = Mlp::new(&self.sizes, self.activation, &mut rng);
        let mut step = || {
            let loss = net.forward(&x, &mut Mode::train(&mut rng)).cross_entropy(&y);
            let value = loss.item();
            optimizer.step(&mut net, &loss.backward());
            value
        };
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
            "fw": "wengert", "case": name, "threads": threads, "median": times[times.len() / 2], "best": times[0],
            "n": times.len(), "first": first, "last": last,
        })
    }
}
