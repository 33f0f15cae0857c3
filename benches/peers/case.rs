//! What the contestants in Rust share: a case with what it starts from, and how its steps are timed. Each takes this file as a module.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub struct Case {
    pub name: String,
    /// The sizes of the layers: inputs, hidden layers, classes.
    pub sizes: Vec<usize>,
    pub batch: usize,
    /// `sigmoid`, `tanh` or `relu`.
    pub activation: String,
    /// Adam with a learning rate of 0.001, or plain gradient descent with 0.01.
    pub adam: bool,
    /// The inputs, `[batch, sizes[0]]`.
    pub x: Vec<f32>,
    /// The classes, one for each row of the batch.
    pub y: Vec<usize>,
    /// For each layer the weight, `[outputs, inputs]`; the biases start from zero.
    pub weights: Vec<Vec<f32>>,
}

impl Case {
    /// The cases of the file that the command line names, with the batch and the weights from the files beside it.
    pub fn all() -> Vec<Case> {
        let path = std::env::args().nth(1).expect("expected a file of cases");
        let text = std::fs::read_to_string(&path).expect("the file of cases can be read");
        let Value::Object(cases) = serde_json::from_str(&text).expect("the cases are JSON") else {
            panic!("{path}: expected an object with an entry for each case");
        };
        cases.into_iter().map(|(name, case)| Case::new(name, &case)).collect()
    }

    fn new(name: String, case: &Value) -> Case {
        let sizes: Vec<usize> = serde_json::from_value(case["dims"].clone()).expect("`dims` are sizes");
        let batch = case["batch"].as_u64().expect("`batch` is a size") as usize;
        let start =
            std::fs::read(case["start"].as_str().expect("`start` is a path")).expect("`start` can be read");
        let mut start = start.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        let mut take = |count: usize| start.by_ref().take(count).collect::<Vec<f32>>();
        Case {
            name,
            batch,
            x: take(batch * sizes[0]),
            y: (0..batch).map(|i| i % sizes[sizes.len() - 1]).collect(),
            weights: sizes.windows(2).map(|size| take(size[0] * size[1])).collect(),
            activation: case["act"].as_str().expect("`act` is a name").to_owned(),
            adam: case["opt"] == "adam",
            sizes,
        }
    }

    /// Prints the line that `mlp_step` prints: times of the steps, each of which returns its loss.
    pub fn time(&self, framework: &str, mut step: impl FnMut() -> f32) {
        let budget = Duration::from_secs_f64(number("BUDGET", 1.5));
        let first = step();
        let start = Instant::now();
        while start.elapsed() < budget / 3 {
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
        let line = json!({
            "fw": framework, "case": self.name, "threads": threads(), "median": times[times.len() / 2], "best": times[0],
            "n": times.len(), "first": first, "last": last,
        });
        println!("{line}");
    }
}

/// The most threads to use, which the driver sets.
pub fn threads() -> usize {
    number("THREADS", 1.0) as usize
}

fn number(variable: &str, default: f64) -> f64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable}={text}: expected a number"))
    })
}
