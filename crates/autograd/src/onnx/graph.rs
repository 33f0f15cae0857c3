//! A graph of ONNX: values in the order in which they are made, each an input, a constant or the result of a node.
//!
//! A value is named by its place in the list, and is made of values before it only. This is the form that Wengert's list has: the
//! file, in which values have names, is written from it.

use super::attribute::Attribute;
use super::constant::{Constant, Kind};
use std::fmt;

/// A value, by its place among all.
pub(super) type Id = usize;

/// What a value depends on, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depends {
    Nothing,
    Parameters,
    Input,
}

/// A size of an input or an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dim {
    Size(usize),
    /// The size of the batch, which the caller chooses.
    Batch,
    /// It follows from the batch, but is not its size.
    Unknown,
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Size(size) => write!(f, "{size}"),
            Dim::Batch => f.write_str("batch"),
            Dim::Unknown => f.write_str("?"),
        }
    }
}

/// What is known of an input or an output from outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) dims: Vec<Dim>,
}

impl Port {
    pub(super) fn new(name: &str, kind: Kind, dims: &[usize]) -> Self {
        Port { name: name.into(), kind, dims: dims.iter().map(|&size| Dim::Size(size)).collect() }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.dims.iter().map(Dim::to_string).collect();
        write!(f, "{}: {}[{}]", self.name, self.kind, dims.join(", "))
    }
}

/// A node: an operator of ONNX, what it is applied to, and its settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) op: &'static str,
    /// `None` for an optional input that is left out.
    pub(super) inputs: Vec<Option<Id>>,
    pub(super) attributes: Vec<(&'static str, Attribute)>,
    /// Which of the operator's outputs the value is.
    pub(super) output: usize,
}

/// How a value comes to be.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Input(Port),
    Constant(Constant),
    Node(Node),
}

/// A value and how it comes to be.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) source: Source,
    pub(super) depends: Depends,
}

impl Entry {
    /// The values it is made of.
    pub(super) fn operands(&self) -> impl Iterator<Item = Id> + '_ {
        let inputs = match &self.source {
            Source::Node(node) => &node.inputs[..],
            _ => &[],
        };
        inputs.iter().flatten().copied()
    }
}

/// A network as a graph of ONNX, ready to be written.
///
/// Printed, it is a list: the inputs, the parameters and other constants, and then a line for each node.
///
/// ```
/// use autograd::{Tensor, onnx};
/// let w = Tensor::from([[0.5_f32, -1.0], [2.0, 0.25]]);
/// let graph = onnx::trace(|x: &Tensor| x.matmul(&w).relu(), &Tensor::ones([3, 2]), [("w", &w)])?;
/// assert!(graph.inputs().eq(["input: f32[batch, 2]"]) && graph.outputs().eq(["output: f32[batch, 2]"]));
/// assert!(graph.parameters().eq(["w"]) && graph.operators().eq(["MatMul", "Relu"]));
/// assert!(graph.has_any_batch() && graph.why_fixed().is_none());
/// let file = graph.to_bytes()?;
/// assert!(file.len() > w.size() * size_of::<f32>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    pub(super) values: Vec<Entry>,
    /// No value is two of them.
    pub(super) outputs: Vec<(Id, Port)>,
    pub(super) fixed: Option<String>,
}

impl Graph {
    /// Whether the first axis of inputs and output may have any size.
    pub fn has_any_batch(&self) -> bool {
        self.fixed.is_none()
    }

    /// Why the first axis has the size that it had in the example, where it has.
    pub fn why_fixed(&self) -> Option<&str> {
        self.fixed.as_deref()
    }

    /// The inputs, each as in `image: f32[batch, 3]`: its name, what its numbers are, and its sizes.
    pub fn inputs(&self) -> impl Iterator<Item = String> {
        let names = self.names();
        let ports = self.values.iter().zip(names).filter_map(|(entry, name)| match &entry.source {
            Source::Input(port) => Some(Port { name, ..port.clone() }.to_string()),
            _ => None,
        });
        ports.collect::<Vec<_>>().into_iter()
    }

    /// The outputs, as the [`inputs`](Self::inputs). A size that is not the batch's, but follows from it, is `?`.
    pub fn outputs(&self) -> impl Iterator<Item = String> {
        let names = self.names();
        let port = |(id, port): &(Id, Port)| Port { name: names[*id].clone(), ..port.clone() }.to_string();
        self.outputs.iter().map(port).collect::<Vec<_>>().into_iter()
    }

    /// The names of the parameters that the output depends on, in the order in which they were given.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|entry| match &entry.source {
            Source::Constant(constant) => constant.name.as_deref(),
            _ => None,
        })
    }

    /// The operators of ONNX that occur, in the order of the nodes.
    pub fn operators(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|entry| match &entry.source {
            Source::Node(node) => Some(node.op),
            _ => None,
        })
    }

    /// Leaves out what neither the output depends on nor the caller gives.
    pub(super) fn without_dead_values(&mut self) {
        let mut lives = vec![false; self.values.len()];
        self.outputs.iter().for_each(|(id, _)| lives[*id] = true);
        for (id, entry) in self.values.iter().enumerate().rev() {
            lives[id] |= matches!(entry.source, Source::Input(_));
            if lives[id] {
                entry.operands().for_each(|operand| lives[operand] = true);
            }
        }
        let mut places = Vec::with_capacity(lives.len());
        let mut values = Vec::new();
        for (entry, lives) in self.values.drain(..).zip(lives) {
            places.push(values.len());
            if lives {
                values.push(entry.moved(&places));
            }
        }
        self.outputs.iter_mut().for_each(|(id, _)| *id = places[*id]);
        self.values = values;
    }

    /// Makes one constant of those without a name that are equal.
    pub(super) fn with_each_constant_once(&mut self) {
        let mut places: Vec<Id> = Vec::with_capacity(self.values.len());
        let mut kept: Vec<Entry> = Vec::new();
        for entry in self.values.drain(..) {
            let entry = entry.moved(&places);
            let is_same = |other: &Entry| match (&entry.source, &other.source) {
                (Source::Constant(a), Source::Constant(b)) => {
                    a.name.is_none() && b.name.is_none() && a.same(b)
                }
                _ => false,
            };
            let place = kept.iter().position(is_same).unwrap_or(kept.len());
            places.push(place);
            if place == kept.len() {
                kept.push(entry);
            }
        }
        self.outputs.iter_mut().for_each(|(id, _)| *id = places[*id]);
        self.values = kept;
    }

    /// A name for each value. That of a parameter is its path, that of a result its operator with a number; none is given twice.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = vec![String::new(); self.values.len()];
        let mut taken: std::collections::HashSet<String> = self.parameters().map(str::to_owned).collect();
        let mut free = |wanted: String| {
            let mut name = wanted.clone();
            let mut count = 1;
            while !taken.insert(name.clone()) {
                count += 1;
                name = format!("{wanted}_{count}");
            }
            name
        };
        for (id, entry) in self.values.iter().enumerate() {
            if let Source::Input(port) = &entry.source {
                names[id] = free(port.name.clone());
            }
        }
        self.outputs.iter().for_each(|(id, port)| names[*id] = free(port.name.clone()));
        for (id, entry) in self.values.iter().enumerate() {
            match &entry.source {
                Source::Constant(Constant { name: Some(name), .. }) => names[id].clone_from(name),
                Source::Constant(_) => names[id] = free(format!("constant_{id}")),
                Source::Node(node) if names[id].is_empty() => {
                    names[id] = free(format!("{}_{id}", node.op.to_lowercase()));
                }
                _ => {}
            }
        }
        names
    }
}

impl Entry {
    /// The same entry, of values that have moved.
    pub(super) fn moved(mut self, places: &[Id]) -> Self {
        if let Source::Node(node) = &mut self.source {
            node.inputs.iter_mut().flatten().for_each(|input| *input = places[*input]);
        }
        self
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names();
        self.inputs().try_for_each(|port| writeln!(f, "input   {port}"))?;
        for (entry, name) in self.values.iter().zip(&names) {
            match &entry.source {
                Source::Input(_) => {}
                Source::Constant(constant) => writeln!(f, "{name}: {constant}")?,
                Source::Node(node) => {
                    let inputs: Vec<&str> =
                        node.inputs.iter().map(|id| id.map_or("_", |id| names[id].as_str())).collect();
                    write!(f, "{name} = {}({}", node.op, inputs.join(", "))?;
                    for (i, (key, attribute)) in node.attributes.iter().enumerate() {
                        write!(f, "{} {key}={attribute}", if i == 0 { ";" } else { "," })?;
                    }
                    let output = if node.output > 0 { format!(".{}", node.output) } else { String::new() };
                    writeln!(f, "){output}")?;
                }
            }
        }
        self.outputs().try_for_each(|port| writeln!(f, "output  {port}"))
    }
}
