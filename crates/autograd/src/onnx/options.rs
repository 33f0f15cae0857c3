//! What the caller may choose: the names of inputs and outputs, and what of them is a batch.

use super::TraceError;

/// How a graph is made: the names of its inputs and outputs, and which axes may have any size.
///
/// Where nothing is said, the first axis of the first input is the batch, as is that of each input with as many rows; it may have any size.
/// A single input is called `input`, several `input_0`, `input_1`, and so on; outputs are called `output` in the same way.
///
/// ```
/// use autograd::{Array, Tensor, onnx};
/// let options = onnx::Options::new().inputs(["image", "kind"]).outputs(["score"]);
/// let example = (Tensor::<f32>::ones([2, 3]), Array::from_slice(&[4, 0]));
/// let w = Tensor::ones([5, 3]);
/// let score = |(image, kind): &(Tensor, Array<usize>)| (image * w.index_select(0, kind)).sum_axes(1);
/// let graph = onnx::trace_with(score, &example, [("w", &w)], &options).unwrap();
/// assert_eq!(graph.inputs().collect::<Vec<_>>(), ["image: f32[batch, 3]", "kind: i64[batch]"]);
/// assert_eq!(graph.outputs().collect::<Vec<_>>(), ["score: f32[batch]"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    inputs: Vec<String>,
    outputs: Vec<String>,
    without_batch: Vec<String>,
    is_fixed: bool,
}

fn owned(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

impl Options {
    /// As where nothing is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of the inputs, in the order in which the example has them.
    #[doc(alias = "input_names")]
    pub fn inputs(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Options { inputs: owned(names), ..self }
    }

    /// The names of the outputs, in the order in which the function gives them.
    #[doc(alias = "output_names")]
    pub fn outputs(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Options { outputs: owned(names), ..self }
    }

    /// The names of inputs whose first axis is not the batch though it is as long in the example, such as a mask that all samples share.
    ///
    /// ```
    /// use autograd::{Tensor, onnx};
    /// let example = (Tensor::from([[1.0_f32, 2.0], [3.0, 4.0]]), Tensor::from([[1.0_f32, 0.0], [2.0, 1.0]]));
    /// let options = onnx::Options::new().inputs(["x", "w"]).without_batch(["w"]);
    /// let product = |(x, w): &(Tensor, Tensor)| x.matmul(w);
    /// let graph = onnx::trace_with(product, &example, [] as [(&str, &Tensor); 0], &options)?;
    /// assert!(graph.inputs().eq(["x: f32[batch, 2]", "w: f32[2, 2]"]));
    /// # Ok::<(), onnx::TraceError>(())
    /// ```
    pub fn without_batch(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Options { without_batch: owned(names), ..self }
    }

    /// All sizes are those of the example, the batch's too: for networks that work with one size of the batch only.
    ///
    /// ```
    /// use autograd::{Tensor, onnx};
    /// let example = Tensor::from([[1.0_f32, 2.0], [3.0, 4.0]]);
    /// let (flat, none) = (|x: &Tensor| x.reshape([4]), [] as [(&str, &Tensor); 0]);
    /// let graph = onnx::trace_with(flat, &example, none, &onnx::Options::new().fixed_batch())?;
    /// assert!(graph.inputs().eq(["input: f32[2, 2]"]) && !graph.has_any_batch());
    /// # Ok::<(), onnx::TraceError>(())
    /// ```
    #[doc(alias = "dynamic_axes")]
    pub fn fixed_batch(self) -> Self {
        Options { is_fixed: true, ..self }
    }

    /// The names of so many inputs.
    pub(super) fn input_names(&self, count: usize) -> Result<Vec<String>, TraceError> {
        named(&self.inputs, "input", count)
    }

    /// The names of so many outputs. No name that the caller has given may occur twice, nor be that of a parameter.
    pub(super) fn output_names<'a>(
        &'a self,
        count: usize,
        parameters: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<String>, TraceError> {
        let mut taken: Vec<&str> = parameters.collect();
        for name in self.inputs.iter().chain(&self.outputs) {
            if taken.contains(&name.as_str()) || name.is_empty() {
                let problem = format!("an input or an output cannot be called {name:?}");
                let help = "each needs a name, which no other and no parameter has";
                return Err(TraceError::Names { problem, help: help.into() });
            }
            taken.push(name);
        }
        named(&self.outputs, "output", count)
    }

    /// The size of the batch and, for each input, whether its first axis is the batch; the reason if there is none.
    pub(super) fn batch(
        &self,
        rows: &[Option<usize>],
        names: &[String],
    ) -> Result<Result<(usize, Vec<bool>), String>, TraceError> {
        if let Some(name) = self.without_batch.iter().find(|name| !names.contains(name)) {
            let problem = format!("no input is called {name:?}, which is said to be without a batch");
            return Err(TraceError::Names { problem, help: format!("the inputs are {}", names.join(", ")) });
        }
        if self.is_fixed {
            return Ok(Err("the options say so".to_owned()));
        }
        let rows: Vec<Option<usize>> = rows
            .iter()
            .zip(names)
            .map(|(rows, name)| rows.filter(|_| !self.without_batch.contains(name)))
            .collect();
        Ok(match rows.iter().flatten().next() {
            Some(&batch) => Ok((batch, rows.iter().map(|&rows| rows == Some(batch)).collect())),
            None => Err("the input has no axis of a batch".to_owned()),
        })
    }
}

/// The names that were given, or else those that are usual.
fn named(given: &[String], usual: &str, count: usize) -> Result<Vec<String>, TraceError> {
    match (given.len(), count) {
        (0, 1) => Ok(vec![usual.to_owned()]),
        (0, _) => Ok((0..count).map(|i| format!("{usual}_{i}")).collect()),
        (names, count) if names == count => Ok(given.to_vec()),
        (names, _) => Err(TraceError::Names {
            problem: format!("names of {usual}s: {names}, {usual}s: {count}"),
            help: format!("give a name to each, or to none; those given are {}", given.join(", ")),
        }),
    }
}
