//! Two graphs of one network, recorded with batches of different sizes, made one that holds for any size.
//!
//! The graphs have to be the same, node by node, but for numbers that follow from the size of the batch: the shape of a reshape, where
//! one size is then left to be worked out (-1); the shape to expand to, and constants that are the same all along the batch, which take
//! their size from the input. All else that differs is a reason to keep to one size.

use super::TraceError;
use super::constant::{Constant, Data};
use super::graph::{Depends, Dim, Entry, Graph, Id, Node, Port, Source};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is needed to tell what the batch does.
struct Sizes {
    a: usize,
    b: usize,
}

impl Sizes {
    fn is_batch(&self, a: usize, b: usize) -> bool {
        a == self.a && b == self.b
    }

    /// Dimensions, where those that differ are the batch's; `None` if the ranks differ.
    fn dims(&self, a: &[Dim], b: &[Dim]) -> Option<Vec<Dim>> {
        let dim = |(&a, &b): (&Dim, &Dim)| match (a, b) {
            (Dim::Size(x), Dim::Size(y)) if x == y => a,
            (Dim::Size(x), Dim::Size(y)) if self.is_batch(x, y) => Dim::Batch,
            _ => Dim::Unknown,
        };
        (a.len() == b.len()).then(|| a.iter().zip(b).map(dim).collect())
    }
}

/// The graph that is `a` for batches of its size and `b` for those of another.
///
/// # Errors
/// The reason why there is none.
pub(super) fn unified(a: &Graph, b: &Graph, sizes: [usize; 2]) -> Result<Graph, String> {
    let sizes = Sizes { a: sizes[0], b: sizes[1] };
    let different = || "with another batch the network takes another way".to_owned();
    let is_same = |(a, b): (&(Id, Port), &(Id, Port))| a.0 == b.0;
    if a.values.len() != b.values.len()
        || a.outputs.len() != b.outputs.len()
        || !a.outputs.iter().zip(&b.outputs).all(is_same)
    {
        return Err(different());
    }
    let mut joint = Joint { places: Vec::with_capacity(a.values.len()), values: Vec::new(), input: None };
    for (id, (x, y)) in a.values.iter().zip(&b.values).enumerate() {
        let place = match (&x.source, &y.source) {
            (Source::Input(p), Source::Input(q)) if p.name == q.name => {
                let dims = sizes.dims(&p.dims, &q.dims).ok_or_else(different)?;
                if dims.first() == Some(&Dim::Batch) {
                    joint.input = joint.input.or(Some(joint.values.len()));
                }
                joint.push(Source::Input(Port { dims, ..p.clone() }), x.depends)
            }
            (Source::Constant(p), Source::Constant(q)) if p.same(q) => {
                joint.push(x.source.clone(), x.depends)
            }
            (Source::Constant(p), Source::Constant(q)) => joint.constant(p, q, &sizes, a.readers(id))?,
            (Source::Node(p), Source::Node(q)) if p == q => {
                let entry = x.clone().moved(&joint.places);
                joint.push(entry.source, entry.depends)
            }
            (Source::Node(p), Source::Node(q)) if p.op == q.op => {
                return Err(format!("with another batch {} is set or connected otherwise", p.op));
            }
            _ => return Err(different()),
        };
        joint.places.push(place);
    }
    let open = |((id, a), (_, b)): (&(Id, Port), &(Id, Port))| {
        let dims = sizes.dims(&a.dims, &b.dims).ok_or_else(different)?;
        Ok((joint.places[*id], Port { dims, ..a.clone() }))
    };
    let outputs = a.outputs.iter().zip(&b.outputs).map(open).collect::<Result<_, String>>()?;
    Ok(Graph { values: joint.values, outputs, fixed: None })
}

/// What `record` gives, or why it gives nothing: its error, or the message of its panic.
pub(super) fn attempted<R>(record: impl FnOnce() -> Result<R, TraceError>) -> Result<R, String> {
    match catch_unwind(AssertUnwindSafe(record)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(panic) => {
                panic.downcast_ref::<&str>().map_or_else(|| "it panics".to_owned(), |&text| text.to_owned())
            }
        }),
    }
}

/// Where two graphs that should be equal, since only the numbers of the input differ, are not.
pub(super) fn difference(a: &Graph, b: &Graph) -> Option<String> {
    for (x, y) in a.values.iter().zip(&b.values) {
        let (what, same) = match (&x.source, &y.source) {
            (Source::Input(p), Source::Input(q)) => ("the input".to_owned(), p == q),
            (Source::Constant(p), Source::Constant(q)) => (format!("a constant, {p},"), p.same(q)),
            (Source::Node(p), Source::Node(q)) => (p.op.to_owned(), p == q),
            (Source::Node(p), _) => (p.op.to_owned(), false),
            _ => ("a constant".to_owned(), false),
        };
        if !same {
            return Some(what);
        }
    }
    let same = a.values.len() == b.values.len() && a.outputs == b.outputs;
    (!same).then(|| "the number of operators".to_owned())
}

impl Graph {
    /// The nodes that read a value, and as which of their inputs.
    fn readers(&self, id: Id) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.values.iter().flat_map(move |entry| {
            let node = match &entry.source {
                Source::Node(node) => Some(node),
                _ => None,
            };
            node.into_iter().flat_map(move |node| {
                let reads =
                    move |(i, input): (usize, &Option<Id>)| (*input == Some(id)).then_some((node.op, i));
                node.inputs.iter().enumerate().filter_map(reads)
            })
        })
    }
}

/// The graph that is being made, and where the values of the others are in it.
struct Joint {
    places: Vec<Id>,
    values: Vec<Entry>,
    /// The input that has the batch.
    input: Option<Id>,
}

impl Joint {
    fn push(&mut self, source: Source, depends: Depends) -> Id {
        self.values.push(Entry { source, depends });
        self.values.len() - 1
    }

    fn literal(&mut self, data: Data) -> Id {
        self.push(Source::Constant(Constant { name: None, data }), Depends::Nothing)
    }

    fn node(&mut self, op: &'static str, inputs: &[Id], attributes: &[(&'static str, i64)]) -> Id {
        let attributes = attributes.iter().map(|&(key, value)| (key, value.into())).collect();
        let inputs = inputs.iter().copied().map(Some).collect();
        self.push(Source::Node(Node { op, inputs, attributes, output: 0 }), Depends::Input)
    }

    /// A constant that differs.
    fn constant(
        &mut self,
        a: &Constant,
        b: &Constant,
        sizes: &Sizes,
        readers: impl Iterator<Item = (&'static str, usize)>,
    ) -> Result<Id, String> {
        let readers: Vec<(&str, usize)> = readers.collect();
        let all_are = |op: &str| !readers.is_empty() && readers.iter().all(|&reader| reader == (op, 1));
        let fixed = || format!("the size of the batch is in a constant, {a}");
        if let (Data::I64(dims, x), Data::I64(other, y)) = (&a.data, &b.data)
            && dims == other
        {
            let differ: Vec<usize> = (0..x.len().min(y.len())).filter(|&i| x[i] != y[i]).collect();
            return match &differ[..] {
                [i] if all_are("Reshape") => {
                    let mut x = x.clone();
                    x[*i] = -1;
                    Ok(self.literal(Data::I64(dims.clone(), x)))
                }
                [i] if all_are("Expand") && sizes.is_batch(x[*i] as usize, y[*i] as usize) => {
                    self.shape_of_batch(x, *i).ok_or_else(fixed)
                }
                _ => Err(fixed()),
            };
        }
        let (x, y) = (a.data.dims(), b.data.dims());
        let differ: Vec<usize> = (0..x.len().min(y.len())).filter(|&i| x[i] != y[i]).collect();
        let [axis] = differ[..] else { return Err(fixed()) };
        if x.len() != y.len() || !sizes.is_batch(x[axis], y[axis]) {
            return Err(fixed());
        }
        let (Some(once), Some(other)) = (a.data.once_along(axis), b.data.once_along(axis)) else {
            return Err(fixed());
        };
        if !(Constant { name: None, data: once.clone() }).same(&Constant { name: None, data: other }) {
            return Err(fixed());
        }
        let dims: Vec<i64> = x.iter().map(|&size| size as i64).collect();
        let shape = self.shape_of_batch(&dims, axis).ok_or_else(fixed)?;
        let once = self.literal(once);
        Ok(self.node("Expand", &[once, shape], &[]))
    }

    /// A shape with the size of the batch in the place of entry `i`.
    fn shape_of_batch(&mut self, dims: &[i64], i: usize) -> Option<Id> {
        let input = self.input?;
        let batch = self.node("Shape", &[input], &[("start", 0), ("end", 1)]);
        let mut parts = Vec::new();
        for part in [&dims[..i], &[], &dims[i + 1..]].into_iter().enumerate() {
            match part {
                (1, _) => parts.push(batch),
                (_, []) => {}
                (_, part) => parts.push(self.literal(Data::I64(vec![part.len()], part.to_vec()))),
            }
        }
        Some(if parts.len() == 1 { batch } else { self.node("Concat", &parts, &[("axis", 0)]) })
    }
}
