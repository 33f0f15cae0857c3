//! Youngest first: the sweep that carries a cotangent back through the graph.
//!
//! A tensor is younger than everything it was computed from, so visiting nodes from the youngest to the oldest is a
//! reverse topological order: when a node's turn comes, every path from the root has delivered its share. The queue of
//! pending nodes is at once the work list, the order and the accumulator. It holds the frontier, not the graph, and
//! nothing here recurses.
//!
//! The queue is sorted by age. What is met next is nearly always younger or older than all that waits, so that it is put in
//! at an end, and finding its place costs next to nothing. Leaves have nothing behind them, and do not wait: their gradients
//! are gathered where they are returned.

use crate::gradients::{GradError, Gradients};
use crate::graph::{Call, Id, Node};
use crate::idle::{self, Pending};
use crate::layout::Layout;
use crate::nan;
use crate::observe;
use crate::profile;
use crate::recording;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashSet};

/// Carries `dy` from `root` back to the leaves; or, recorded, to the `targets`.
pub(crate) fn sweep<T: Scalar>(
    root: Tensor<T>,
    dy: Tensor<T>,
    targets: Option<&[Id]>,
) -> Result<Gradients<T>, GradError> {
    let _unseen = observe::pause();
    let mut grads = Gradients { by_age: idle::take_gradients() };
    sweep_since(0, root, dy, targets, &mut grads)?;
    Ok(grads)
}

/// What gathers the gradients that arrive.
pub(crate) trait Arrivals<T: Scalar> {
    /// Takes what arrives at a node.
    fn add(&mut self, id: Id, dx: Tensor<T>);

    /// The sum of what has arrived at a node so far, if it is at hand.
    fn so_far(&mut self, id: Id) -> Option<&mut Tensor<T>> {
        let _ = id;
        None
    }
}

impl<T: Scalar, F: FnMut(Id, Tensor<T>)> Arrivals<T> for F {
    fn add(&mut self, id: Id, dx: Tensor<T>) {
        self(id, dx);
    }
}

/// As [`sweep`], through the part of the graph that is not older than `since`, to which what is older counts as leaves.
/// What arrives at them is delivered as it comes, in the order in which a sweep through the whole adds it up.
pub(crate) fn sweep_since<T: Scalar>(
    since: Id,
    root: Tensor<T>,
    dy: Tensor<T>,
    targets: Option<&[Id]>,
    arrivals: &mut impl Arrivals<T>,
) -> Result<(), GradError> {
    let root = root.into_place();
    let Some(youngest) = root.node() else { return Err(GradError::ConstantRoot) };
    let recorded = targets.is_some() && recording::is_recording();
    let on_path = targets.map(|ids| on_path(youngest, ids, since));
    let is_asked_for = |node: &Node<T>| targets.map_or(node.is_leaf(), |ids| ids.contains(&node.id));
    let mut pending = idle::take_pending();
    pending.push_back((root, dy));
    recording::with_recording(recorded, || {
        while let Some((place, dy)) = pending.pop_back() {
            let Some(node) = place.node() else { continue };
            if is_asked_for(node) {
                arrivals.add(node.id, dy.clone());
            }
            if !node.is_call_since(since) {
                continue;
            }
            let call = Call::new(&place, node, recorded, on_path.as_ref());
            if let Some((input, layout)) = viewed(&call, node)
                && let Some(so_far) = match input.is_call_since(since) {
                    true => waiting(&pending, input.id).ok().map(|at| &mut pending[at].1),
                    false => is_asked_for(input).then(|| arrivals.so_far(input.id)).flatten(),
                }
                && profile::backward(node, || so_far.add_through(&dy, &layout))
            {
                continue;
            }
            let mut owed: SmallVec<[bool; 4]> = (0..node.inputs.len()).map(|i| call.needs(i)).collect();
            let mut give = |i: usize, dx| {
                let place = &node.inputs[i].place;
                let Some(input) = place.node().filter(|_| call.needs(i)) else { return };
                owed[i] = false;
                let dx = sum_to_input(dx, input, i, node);
                nan::gradient(node, i, &dx);
                if !input.is_call_since(since) {
                    if is_asked_for(input) {
                        arrivals.add(input.id, dx);
                    }
                    return;
                }
                match waiting(&pending, input.id) {
                    Ok(at) => pending[at].1.accumulate(dx),
                    Err(at) => pending.insert(at, (place.clone(), dx)),
                }
            };
            let _within = nan::backward(node, &dy);
            profile::backward(node, || node.op().gradients(&call, dy, &mut give));
            if let Some(i) = owed.iter().position(|&owed| owed) {
                let (name, caller) = (node.op().name(), node.caller);
                panic!(
                    "{name}: gave no gradient for input {i}, which needs one (called at {caller})\n  help: `gradients` of the operator has to give one for each input that `Call::needs` names; zeros, if it has none"
                );
            }
        }
    });
    idle::give_pending(pending);
    Ok(())
}

/// Where what goes back to a node waits, or belongs.
fn waiting<T: Scalar>(pending: &Pending<T>, id: Id) -> Result<usize, usize> {
    pending.binary_search_by_key(&Some(id), |(place, _)| place.node().map(|node| node.id))
}

/// The input of a view, and where it lies there, if what goes back may be added in its place. Many views of one tensor would otherwise
/// each make another as large as that, and take a time that grows with the square of their number.
fn viewed<'a, T: Scalar>(call: &Call<'_, T>, node: &'a Node<T>) -> Option<(&'a Node<T>, Layout)> {
    if call.recorded() || nan::is_on() {
        return None;
    }
    let input = node.inputs.first()?.place.node()?;
    let layout = node.op().layout_in(&input.shape).filter(Layout::is_spread)?;
    call.needs(0).then_some((input, layout))
}

/// Undoes broadcasting: a value that was used in many places gathers the gradients of all of them.
fn sum_to_input<T: Scalar>(dx: Tensor<T>, input: &Node<T>, i: usize, node: &Node<T>) -> Tensor<T> {
    if dx.shape() == &input.shape {
        return dx;
    }
    dx.try_sum_to(&input.shape).unwrap_or_else(|_| {
        let (name, caller) = (node.op().name(), node.caller);
        let (found, expected) = (dx.shape(), &input.shape);
        panic!("{name}: the gradient of input {i} has shape {found}, which does not sum to the input's {expected} (called at {caller})\n  help: what the operator's `backward` gives has the shape of the input, or one that the input broadcasts to")
    })
}

/// Whether `y` was computed from one of these nodes, or is one.
pub(crate) fn depends<T: Scalar>(y: &Tensor<T>, ids: &[Id]) -> bool {
    y.node().is_some_and(|node| on_path(node, ids, 0).contains(&node.id))
}

/// The nodes from which a path leads to a target: an operator need not work out a gradient that would get lost.
fn on_path<T: Scalar>(root: &Node<T>, targets: &[Id], since: Id) -> HashSet<Id> {
    let mut nodes = BTreeMap::from([(root.id, root)]);
    let mut unseen = vec![root];
    while let Some(node) = unseen.pop() {
        for input in node.parents_since(since) {
            if nodes.insert(input.id, input).is_none() {
                unseen.push(input);
            }
        }
    }
    // Oldest first, so that a node's inputs have been decided before it.
    let mut leading = HashSet::new();
    for (id, node) in nodes {
        if targets.contains(&id) || node.parents_since(since).any(|input| leading.contains(&input.id)) {
            leading.insert(id);
        }
    }
    leading
}
