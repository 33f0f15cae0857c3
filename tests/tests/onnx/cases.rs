//! Networks in a directory, and what they should give, for the script that runs them in ONNX Runtime.

use super::{Function, sample};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use wengert::autograd::onnx::{self, Graph, Input, Options, Output};
use wengert::prelude::*;

/// An empty directory of this test's own.
pub(crate) fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("onnx").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// What the script reads: inputs or outputs.
pub(crate) trait Described {
    fn described(&self) -> Vec<Json>;
}

fn number(x: f64) -> Json {
    if x.is_finite() { json!(x) } else { json!(x.to_string()) }
}

impl<T: Scalar> Described for Tensor<T> {
    fn described(&self) -> Vec<Json> {
        let data: Vec<Json> = self.to_vec().into_iter().map(|x| number(x.into())).collect();
        vec![json!({ "kind": T::NAME, "dims": self.dims(), "data": data })]
    }
}

impl Described for Array<usize> {
    fn described(&self) -> Vec<Json> {
        vec![json!({ "kind": "i64", "dims": self.shape().dims(), "data": self.to_vec() })]
    }
}

impl Described for Array<bool> {
    fn described(&self) -> Vec<Json> {
        vec![json!({ "kind": "bool", "dims": self.shape().dims(), "data": self.to_vec() })]
    }
}

impl<Y: Described> Described for Vec<Y> {
    fn described(&self) -> Vec<Json> {
        self.iter().flat_map(Y::described).collect()
    }
}

impl<A: Described, B: Described> Described for (A, B) {
    fn described(&self) -> Vec<Json> {
        [self.0.described(), self.1.described()].concat()
    }
}

impl<A: Described, B: Described, C: Described> Described for (A, B, C) {
    fn described(&self) -> Vec<Json> {
        [self.0.described(), self.1.described(), self.2.described()].concat()
    }
}

/// With the names that the graph has for them, as in `image: f32[batch, 3]`.
fn named(values: Vec<Json>, ports: impl Iterator<Item = String>) -> Vec<Json> {
    let ports: Vec<String> = ports.collect();
    assert_eq!(ports.len(), values.len(), "{ports:?}");
    let with_name = |(mut value, port): (Json, String)| {
        value["name"] = port.split(':').next().into();
        value
    };
    values.into_iter().zip(ports).map(with_name).collect()
}

/// Networks for the script, in a directory.
pub(crate) struct Cases {
    directory: PathBuf,
    pub(crate) fixed: Vec<String>,
}

impl Cases {
    pub(crate) fn new(name: &str) -> Self {
        Cases { directory: directory(name), fixed: Vec::new() }
    }

    /// A network, with what it gives for these inputs, of which the first is the example.
    pub(crate) fn add_with<T: Scalar, X: Input + Described, Y: Output<T> + Described>(
        &mut self,
        name: &str,
        f: impl Fn(&X) -> Y,
        inputs: &[X],
        parameters: Vec<(String, &Param<T>)>,
        options: &Options,
    ) -> Graph {
        let graph = onnx::trace_with(&f, &inputs[0], parameters, options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let count = if graph.has_any_batch() { inputs.len() } else { 1 };
        if !graph.has_any_batch() {
            self.fixed.push(name.to_owned());
        }
        let run = |x: &X| {
            json!({
                "inputs": named(x.described(), graph.inputs()),
                "outputs": named(no_grad(|| f(x)).described(), graph.outputs()),
            })
        };
        let runs: Vec<Json> = inputs[..count].iter().map(run).collect();
        std::fs::write(self.directory.join(format!("{name}.onnx")), graph.to_bytes().unwrap()).unwrap();
        std::fs::write(self.directory.join(format!("{name}.json")), Json::from(runs).to_string()).unwrap();
        graph
    }

    /// The same, as where no options are given.
    pub(crate) fn add<T: Scalar, X: Input + Described>(
        &mut self,
        name: &str,
        f: impl Fn(&X) -> Tensor<T>,
        inputs: &[X],
        parameters: Vec<(String, &Param<T>)>,
    ) {
        self.add_with(name, f, inputs, parameters, &Options::new());
    }

    pub(crate) fn net<T: Scalar, X: Input + Described>(
        &mut self,
        name: &str,
        net: &impl Layer<T, X>,
        inputs: &[X],
    ) {
        self.add(name, |x| net.predict(x), inputs, net.parameters());
    }

    /// Functions of a tensor, with batches of 2 and of 5.
    pub(crate) fn functions(&mut self, table: &[(&str, &[usize], Function)]) {
        for &(name, rest, f) in table {
            let inputs = [2, 5].map(|batch| sample::<f32>(&[&[batch], rest].concat()));
            self.add(name, f, &inputs, Vec::new());
        }
    }

    /// Runs the script, and fails if it does. Where no Python is named, there is nothing to compare with.
    pub(crate) fn compare(self) {
        let Some(python) = std::env::var_os("WENGERT_PYTHON") else {
            println!(
                "skipped: WENGERT_PYTHON names no Python with onnxruntime; `cargo xtask python` makes one"
            );
            return;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("onnx/check.py");
        let output = Command::new(&python).arg(script).arg(&self.directory).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", python.display()));
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "ONNX Runtime gives other values, or refuses a network: see above");
    }
}
