//! What a network is made of: its layers, their parameters, and what they cost.

use crate::capture::{layer_of, layers, place, watch};
use crate::layer::Layer;
use crate::module::{Module, Path};
use autograd::{Applied, Scalar, Shape, observe};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

/// The parameters of a module, by layer. Printed, it is a table.
///
/// ```
/// use nn::{Linear, Module, Rng, summary};
/// #[derive(Module)]
/// struct Net {
///     hidden: Linear,
///     output: Linear,
/// }
/// let mut rng = Rng::seed(0);
/// let mut net = Net { hidden: Linear::new(64, 32, &mut rng), output: Linear::new(32, 10, &mut rng) };
/// net.freeze("hidden.bias");
/// let summary = summary(&net);
/// assert_eq!((summary.trained(), summary.count()), (64 * 32 + 32 * 10 + 10, 64 * 32 + 32 + 32 * 10 + 10));
/// println!("{summary}");
/// ```
#[doc(alias = "torchinfo")]
pub fn summary<T: Scalar>(module: &(impl Module<T> + ?Sized)) -> Summary {
    let mut layers: Vec<LayerSummary> = Vec::new();
    module.visit(&mut Path::default(), &mut |path, param| {
        let (layer, name) = path.as_str().rsplit_once('.').unwrap_or(("", path.as_str()));
        if layers.last().is_none_or(|last| last.path != layer) {
            layers.push(LayerSummary {
                path: layer.to_owned(),
                parameters: Vec::new(),
                output: None,
                flops: 0,
            });
        }
        let kind = match (param.is_statistic(), param.is_frozen()) {
            (false, false) => ParamKind::Trained,
            (_, true) => ParamKind::Frozen,
            (true, false) => ParamKind::Statistic,
        };
        let shape = param.shape().clone();
        if let Some(layer) = layers.last_mut() {
            layer.parameters.push(ParamSummary { name: name.to_owned(), shape, kind });
        }
    });
    Summary { layers, bytes_each: size_of::<T>(), other_flops: None }
}

/// As [`summary`], and what each layer gives and costs for the input `x`, found by running the network in evaluation.
///
/// An operator belongs to the layer whose parameter it reads; those that read none are counted together.
///
/// ```
/// use nn::{Activation, Mlp, Rng, Tensor, summary_of};
/// let net: Mlp = Mlp::new(&[64, 32, 10], Activation::Relu, &mut Rng::seed(0));
/// let summary = summary_of(&net, &Tensor::zeros([1, 64]));
/// assert_eq!(summary.layers[0].flops, 2 * 64 * 32);
/// assert_eq!(summary.layers[1].output.as_ref().unwrap().dims(), [1, 10]);
/// ```
///
/// # Panics
/// If `x` does not fit.
#[track_caller]
pub fn summary_of<T: Scalar, X>(net: &(impl Layer<T, X> + ?Sized), x: &X) -> Summary {
    let mut summary = summary(net);
    let flops = Rc::new(RefCell::new(HashMap::<Option<String>, u64>::new()));
    let (sums, layers) = (flops.clone(), layers(net));
    let count = move |call: Applied<'_, T>| {
        let layer = layer_of(&layers, &call).map(|(layer, _)| layer.to_owned());
        *sums.borrow_mut().entry(layer).or_default() += flops_of(&call);
    };
    observe(count, || net.predict(x));
    let mut flops = flops.take();
    for layer in &mut summary.layers {
        layer.flops = flops.remove(&Some(layer.path.clone())).unwrap_or(0);
    }
    summary.other_flops = Some(flops.into_values().sum());
    for value in watch(net, || net.predict(x)).1 {
        if let Some(layer) = summary.layers.iter_mut().find(|layer| layer.path == value.layer) {
            layer.output = Some(value.output.shape().clone());
        }
    }
    summary
}

/// The floating-point operations of a call: two for each multiplication and addition of a product of matrices, a convolution or
/// attention; of all else one for each element of the result. Views are free.
fn flops_of<T: Scalar>(call: &Applied<'_, T>) -> u64 {
    let outputs = call.output.size() as u64;
    let is_view = call.is_shown || call.inputs.iter().any(|x| place(x) == place(call.output));
    let dims = |i: usize| call.inputs.get(i).map_or(&[][..], |x| x.dims());
    let per_first = |dims: &[usize]| dims.iter().skip(1).product::<usize>() as u64;
    let last = |i: usize| dims(i).last().copied().unwrap_or(1) as u64;
    match call.operator {
        "linear" | "matmul" => 2 * outputs * last(0),
        // The filters are [outputs, inputs, ..], each entry of which meets every place of the result ...
        "conv1d" | "conv2d" => 2 * outputs * per_first(dims(1)),
        // ... or [inputs, outputs, ..], and every place of what is given.
        "conv_transpose1d" | "conv_transpose2d" => {
            2 * dims(0).iter().product::<usize>() as u64 * per_first(dims(1))
        }
        // Scores, and the values that they weigh.
        "attention" => {
            let keys = dims(1).iter().rev().nth(1).copied().unwrap_or(1) as u64;
            2 * outputs * keys + 2 * (outputs / last(2).max(1)) * last(0) * keys
        }
        _ if is_view => 0,
        _ => outputs,
    }
}

/// What a network is made of: [`summary`].
///
/// ```
/// use nn::{Linear, Rng, summary};
/// let summary = summary(&Linear::<f32>::new(3, 2, &mut Rng::seed(0)));
/// assert_eq!((summary.count(), summary.trained(), summary.bytes()), (8, 8, 32));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The layers that have parameters, in the order of the fields.
    pub layers: Vec<LayerSummary>,
    /// Of what belongs to no layer, if the network was run.
    pub other_flops: Option<u64>,
    /// The bytes of a number.
    bytes_each: usize,
}

/// A layer, and what it costs.
///
/// ```
/// use nn::{Linear, Rng, Tensor, summary_of};
/// let net: Linear = Linear::new(3, 2, &mut Rng::seed(0)); // a network of its own: its path is empty
/// let layer = &summary_of(&net, &Tensor::ones([5, 3])).layers[0];
/// assert_eq!((layer.path.as_str(), layer.parameters.len()), ("", 2));
/// assert_eq!((layer.output.as_ref().unwrap().dims(), layer.flops), (&[5, 2][..], 2 * 5 * 2 * 3));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LayerSummary {
    /// The layer's path; empty for the parameters of the module itself.
    pub path: String,
    /// Its parameters.
    pub parameters: Vec<ParamSummary>,
    /// The shape of what it gave last, if the network was run: of its last operator that reads a parameter.
    pub output: Option<Shape>,
    /// Its floating-point operations; 0 if the network was not run.
    pub flops: u64,
}

/// A parameter.
///
/// ```
/// use nn::{Linear, ParamKind, Rng, summary};
/// let weight = &summary(&Linear::<f32>::new(3, 2, &mut Rng::seed(0))).layers[0].parameters[0];
/// assert_eq!((weight.name.as_str(), weight.shape.dims(), weight.kind), ("weight", &[2, 3][..], ParamKind::Trained));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParamSummary {
    /// The last step of its path.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// What becomes of it in training.
    pub kind: ParamKind,
}

/// What becomes of a parameter in training.
///
/// ```
/// use nn::{BatchNorm, Module, ParamKind, summary};
/// let mut norm: BatchNorm = BatchNorm::new(3);
/// norm.freeze("bias");
/// let kinds: Vec<ParamKind> = summary(&norm).layers[0].parameters.iter().map(|param| param.kind).collect();
/// assert_eq!(kinds, [ParamKind::Trained, ParamKind::Frozen, ParamKind::Statistic, ParamKind::Statistic]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// An optimizer changes it by its gradient.
    Trained,
    /// It follows what a layer tells it of each batch.
    Statistic,
    /// Nothing changes it.
    Frozen,
}

impl Summary {
    fn parameters(&self) -> impl Iterator<Item = &ParamSummary> {
        self.layers.iter().flat_map(|layer| &layer.parameters)
    }

    /// The number of all numbers.
    pub fn count(&self) -> usize {
        self.parameters().map(|param| param.shape.size()).sum()
    }

    /// The number of those that are trained.
    pub fn trained(&self) -> usize {
        let trained = self.parameters().filter(|param| param.kind == ParamKind::Trained);
        trained.map(|param| param.shape.size()).sum()
    }

    /// The memory of all numbers, in bytes.
    pub fn bytes(&self) -> usize {
        self.count() * self.bytes_each
    }

    /// The floating-point operations of a forward pass, if the network was run.
    ///
    /// ```
    /// use nn::{Linear, Rng, Tensor, summary, summary_of};
    /// let net: Linear = Linear::new(3, 2, &mut Rng::seed(0));
    /// assert_eq!(summary_of(&net, &Tensor::ones([5, 3])).flops(), Some(2 * 5 * 2 * 3));
    /// assert_eq!(summary(&net).flops(), None);
    /// ```
    pub fn flops(&self) -> Option<u64> {
        Some(self.other_flops? + self.layers.iter().map(|layer| layer.flops).sum::<u64>())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ran = self.other_flops.is_some();
        let mut table =
            vec![["layer", "parameter", "shape", "count", "bytes", "output", "FLOPs"].map(String::from)];
        for layer in &self.layers {
            for (i, ParamSummary { name, shape, kind }) in layer.parameters.iter().enumerate() {
                let name = match kind {
                    ParamKind::Trained => name.clone(),
                    ParamKind::Statistic => format!("{name} (statistic)"),
                    ParamKind::Frozen => format!("{name} (frozen)"),
                };
                let (count, bytes) = (shape.size(), shape.size() * self.bytes_each);
                let mut line = [
                    String::new(),
                    name,
                    shape.to_string(),
                    thousands(count as u64),
                    memory(bytes),
                    String::new(),
                    String::new(),
                ];
                if i == 0 {
                    line[0] = if layer.path.is_empty() { "(itself)".into() } else { layer.path.clone() };
                    line[5] = layer.output.as_ref().map_or(String::new(), Shape::to_string);
                    line[6] = thousands(layer.flops);
                }
                table.push(line);
            }
        }
        if let Some(flops) = self.other_flops.filter(|&flops| flops > 0) {
            let mut line = ["(no layer)", "", "", "", "", "", ""].map(String::from);
            line[6] = thousands(flops);
            table.push(line);
        }
        let sum = table.len();
        let trained = format!("{} trained", thousands(self.trained() as u64));
        let all = [thousands(self.count() as u64), memory(self.bytes())];
        let [count, bytes] = all;
        let flops = self.flops().map_or(String::new(), thousands);
        table.push(["total".into(), trained, String::new(), count, bytes, String::new(), flops]);

        let columns = if ran { 7 } else { 5 };
        let width = |i: usize| table.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * (columns - 1));
        for (n, line) in table.iter().enumerate() {
            if n == 1 || n == sum {
                writeln!(f, "{rule}")?;
            }
            let mut text = String::new();
            for (i, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let is_number = matches!(i, 3 | 4 | 6);
                text += &if is_number { format!("{cell:>width$}  ") } else { format!("{cell:<width$}  ") };
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

/// With a comma at every thousand.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

fn memory(bytes: usize) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
