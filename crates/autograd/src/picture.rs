//! The recorded graph, to look at: as DOT for Graphviz, and as an SVG without it.
//!
//! Every operator, leaf and constant is a box with its shape; an operator's box also tells what the graph keeps alive for its
//! gradient. Values flow downwards, gradients back up.

mod dot;
mod layers;
mod svg;

use crate::graph::{Call, Id, Place};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::Location;

/// What `y` was computed from: a picture of the recorded graph. If `y` is a constant, that is all there is.
///
/// ```
/// use autograd::{Tensor, graph};
/// let (w, x) = (Tensor::<f32>::ones([3, 2]).requires_grad(), Tensor::ones([5, 2]));
/// let loss = x.linear(&w, None).sigmoid().sum();
/// let picture = graph(&loss).named([("hidden.weight", &w)]);
/// assert!(picture.dot().contains("hidden.weight"));
/// assert!(picture.svg().starts_with("<svg"));
/// ```
#[doc(alias = "make_dot")]
pub fn graph<T: Scalar>(y: &Tensor<T>) -> Picture {
    let mut picture = Picture { items: Vec::new(), edges: Vec::new() };
    if y.node().is_none() {
        picture.add(Item::new(Kind::Constant, "constant", y.shape()));
        return picture;
    }
    let mut nodes: BTreeMap<Id, &Place<T>> = BTreeMap::new();
    let mut unseen = vec![y.place()];
    while let Some(place) = unseen.pop() {
        let Some(node) = place.node() else { continue };
        if nodes.insert(node.id, place).is_none() {
            unseen.extend(node.inputs.iter().map(|input| &input.place));
        }
    }
    let calls = nodes.values().filter_map(|place| call(place));
    let mut counted: HashSet<*const T> = calls.flat_map(|call| values_of_leaves(&call)).collect();
    let mut items = HashMap::new();
    for (id, place) in nodes {
        let Some(node) = place.node() else { continue };
        let mut item = Item { id: Some(id), ..Item::new(Kind::Leaf, "leaf", &node.shape) };
        let mut inputs = Vec::new();
        if let Some(call) = call(place) {
            item.kind = Kind::Operator;
            item.name = call.op().name();
            item.caller = Some(call.caller());
            item.kept = keeps(&call, &mut counted);
            inputs.extend((0..call.inputs()).map(|i| match call.input(i) {
                Some(node) => items[&node.id],
                None => picture.add(Item::new(Kind::Constant, "constant", call.shape(i))),
            }));
        }
        let at = picture.add(item);
        picture.edges.extend(inputs.into_iter().map(|from| (from, at)));
        items.insert(id, at);
    }
    picture
}

/// What made a node, if it is no leaf.
fn call<T: Scalar>(place: &Place<T>) -> Option<Call<'_, T>> {
    let node = place.node().filter(|node| !node.is_leaf())?;
    Some(Call::new(place, node, false, None))
}

/// Where the values of leaves lie that a call reads. They live anyway, and do not count as kept.
fn values_of_leaves<T: Scalar>(call: &Call<'_, T>) -> Vec<*const T> {
    let leaves = (0..call.inputs()).filter(|&i| call.input(i).is_some_and(|node| node.is_leaf()));
    leaves.filter_map(|i| call.kept_x(i)).map(|array| array.view().data().as_ptr()).collect()
}

/// The bytes that a call keeps alive. A buffer counts once, for the oldest that keeps it.
fn keeps<T: Scalar>(call: &Call<'_, T>, counted: &mut HashSet<*const T>) -> usize {
    let arrays = (0..call.inputs()).filter_map(|i| call.kept_x(i)).chain(call.kept_y());
    let buffers = arrays.map(|array| array.view().data());
    buffers.filter(|data| counted.insert(data.as_ptr())).map(size_of_val).sum()
}

/// A recorded graph, ready to be drawn: see [`graph`].
///
/// ```
/// use autograd::{Picture, Tensor, graph};
/// let w = Tensor::<f32>::ones([100]).requires_grad();
/// let picture: Picture = graph(&w.exp().sum()).named([("hidden.weight", &w)]);
/// assert_eq!(picture.kept_bytes(), 400); // the exponentials, which are the slope
/// let (dot, svg) = (picture.dot(), picture.svg());
/// assert!(dot.starts_with("digraph") && dot.contains("hidden.weight") && svg.contains("hidden.weight"));
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    /// In order of age: what an operator was applied to stands before it.
    items: Vec<Item>,
    /// From an item to the one that reads it.
    edges: Vec<(usize, usize)>,
}

/// A box.
#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    /// The operator's name, or the leaf's path.
    name: String,
    shape: Shape,
    kept: usize,
    caller: Option<&'static Location<'static>>,
    id: Option<Id>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Leaf,
    Constant,
    Operator,
}

impl Item {
    fn new(kind: Kind, name: &str, shape: &Shape) -> Self {
        Item { kind, name: name.into(), shape: shape.clone(), kept: 0, caller: None, id: None }
    }

    /// What stands in the box.
    fn lines(&self) -> Vec<String> {
        let shape = if self.shape.rank() == 0 { "a number".into() } else { self.shape.to_string() };
        let kept =
            (self.kept > 0).then(|| format!("keeps {}", crate::profile::report::bytes(self.kept as u64)));
        [self.name.clone(), shape].into_iter().chain(kept).collect()
    }

    /// File and line of the caller.
    fn place(&self) -> Option<String> {
        let caller = self.caller?;
        let file = caller.file().rsplit(['/', '\\']).next().unwrap_or(caller.file());
        Some(format!("{file}:{}", caller.line()))
    }
}

impl Picture {
    fn add(&mut self, item: Item) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }

    /// Gives leaves their paths, as in `graph(&loss).named(net.parameters())`.
    pub fn named<T: Scalar, L: AsRef<Tensor<T>>>(
        mut self,
        leaves: impl IntoIterator<Item = (impl Into<String>, L)>,
    ) -> Self {
        let id = |leaf: L| Some(leaf.as_ref().node()?.id);
        let names: HashMap<Option<Id>, String> =
            leaves.into_iter().map(|(name, leaf)| (id(leaf), name.into())).collect();
        for item in self.items.iter_mut().filter(|item| item.kind == Kind::Leaf) {
            if let Some(name) = names.get(&item.id) {
                item.name.clone_from(name);
            }
        }
        self
    }

    /// The bytes that the graph keeps alive for gradients, beside the leaves themselves; a buffer counts once.
    pub fn kept_bytes(&self) -> usize {
        self.items.iter().map(|item| item.kept).sum()
    }
}
