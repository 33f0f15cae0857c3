//! What the benches and `mlp_step` share: a case of the comparison, and the training step that is timed.

use serde_json::{Map, Value};
use wengert::prelude::*;

/// The cases of a file such as `peers/cases.json`, by name.
///
/// # Errors
/// If the text is not an object in JSON.
pub fn cases(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(cases)) => Ok(cases),
        Ok(_) => Err("expected an object with an entry for each case".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// An MLP, and how it is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The sizes of the layers: inputs, hidden layers, classes.
    pub sizes: Vec<usize>,
    /// The number of samples in a batch.
    pub batch: usize,
    /// What stands between the layers.
    pub activation: Activation,
    /// Whether the optimizer is Adam, with a learning rate of 0.001, or plain gradient descent with 0.01.
    pub adam: bool,
}

impl Case {
    /// A case as a file has it: `{"dims": [784, 10], "batch": 64, "act": "sigmoid", "opt": "sgd"}`.
    ///
    /// # Errors
    /// If an entry is missing or makes no sense; the message says which.
    pub fn parse(case: &Value) -> Result<Self, String> {
        let size = |key: &str, value: &Value| match value.as_u64() {
            Some(n @ 1..) => Ok(n as usize),
            _ => Err(format!("`{key}`: expected a whole number above 0, found {value}")),
        };
        let sizes = case["dims"].as_array().filter(|sizes| sizes.len() >= 2);
        let sizes =
            sizes.ok_or_else(|| format!("`dims`: expected two sizes or more, found {}", case["dims"]))?;
        Ok(Case {
            sizes: sizes.iter().map(|value| size("dims", value)).collect::<Result<_, _>>()?,
            batch: size("batch", &case["batch"])?,
            activation: match case["act"].as_str() {
                Some("sigmoid") => Activation::Sigmoid,
                Some("tanh") => Activation::Tanh,
                Some("relu") => Activation::Relu,
                _ => return Err(format!("`act`: expected sigmoid, tanh or relu, found {}", case["act"])),
            },
            adam: match case["opt"].as_str() {
                Some("adam") => true,
                Some("sgd") => false,
                _ => return Err(format!("`opt`: expected sgd or adam, found {}", case["opt"])),
            },
        })
    }

    /// A fresh network and its batch. Each call makes one step, and returns the loss before it: forward, mean
    /// cross-entropy, backward and the optimizer, in `f32`.
    pub fn training(&self) -> Box<dyn FnMut() -> f32> {
        match self.adam {
            true => self.training_with(Adam::new(1e-3)),
            false => self.training_with(Sgd::new(0.01)),
        }
    }

    fn training_with(&self, mut optimizer: impl Optimizer + 'static) -> Box<dyn FnMut() -> f32> {
        let mut rng = Rng::seed(0);
        let (inputs, classes) = (self.sizes[0], self.sizes[self.sizes.len() - 1]);
        let x = Tensor::normal([self.batch, inputs], 0.0, 1.0, &mut rng);
        let y: Vec<usize> = (0..self.batch).map(|i| i % classes).collect();
        let mut net = Mlp::new(&self.sizes, self.activation, &mut rng);
        Box::new(move || {
            let loss = net.forward(&x, &mut Mode::train(&mut rng)).cross_entropy(&y);
            let value = loss.item();
            optimizer.step(&mut net, &loss.backward());
            value
        })
    }
}

/// A number from the environment, or a default.
///
/// # Errors
/// If the variable is no number from 0 to a million.
pub fn number(variable: &str, default: f64) -> Result<f64, String> {
    match std::env::var(variable) {
        Ok(text) => match text.parse() {
            Ok(number) if (0.0..=1e6).contains(&number) => Ok(number),
            _ => Err(format!("{variable}={text}: expected a number from 0 to a million")),
        },
        Err(_) => Ok(default),
    }
}

/// The number of threads that the variable `THREADS` names, or one for each core.
///
/// # Errors
/// If it names no whole number above 0.
pub fn threads_from_environment() -> Result<usize, String> {
    match number("THREADS", wengert::threads() as f64)? {
        count if count >= 1.0 && count.fract() == 0.0 => Ok(count as usize),
        count => Err(format!("THREADS={count}: expected a whole number above 0")),
    }
}

/// The bytes of the process's resident set: `VmRSS` now, `VmHWM` at its peak. See proc_pid_status(5).
///
/// # Errors
/// Where there is no `/proc`: it is Linux's.
pub fn resident(field: &str) -> Result<usize, String> {
    let path = "/proc/self/status";
    let status = std::fs::read_to_string(path).map_err(|e| {
        format!("{path}: {e}; the memory of a process is read where Linux shows it, on Linux only")
    })?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    Ok(1024 * kibibytes.ok_or_else(|| format!("{path}: no `{field}` in kB"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// On one batch, whose labels are noise, the loss falls all the same: it is learned by heart.
    #[test]
    fn every_case_of_the_comparison_trains() {
        for (name, case) in cases(include_str!("../peers/cases.json")).unwrap() {
            // The widest takes too long without optimisation.
            if name == "wide" {
                continue;
            }
            let mut step = Case::parse(&case).unwrap().training();
            let first = step();
            let last = (0..20).map(|_| step()).last().unwrap();
            assert!(last < first && last.is_finite(), "{name}: from {first} to {last}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_case_is_named() {
        let good = json!({"dims": [2, 3], "batch": 4, "act": "relu", "opt": "adam"});
        let case = Case { sizes: vec![2, 3], batch: 4, activation: Activation::Relu, adam: true };
        assert_eq!(Case::parse(&good), Ok(case));
        for (key, value, message) in [
            ("dims", json!([2]), "`dims`: expected two sizes or more, found [2]"),
            ("dims", json!([2, "3"]), "`dims`: expected a whole number above 0, found \"3\""),
            ("batch", json!(0), "`batch`: expected a whole number above 0, found 0"),
            ("act", json!(null), "`act`: expected sigmoid, tanh or relu, found null"),
            ("opt", json!("lion"), "`opt`: expected sgd or adam, found \"lion\""),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert_eq!(Case::parse(&bad), Err(message.to_owned()));
        }
        assert!(cases("[]").is_err() && cases("{").is_err());
    }
}
