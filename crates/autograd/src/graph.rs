//! The Wengert list: what was computed from what.
//!
//! A tracked tensor has a [`Node`]. A leaf's node is empty; any other holds the operator that was called, the nodes of
//! its inputs, and the values that the operator said it keeps, and nothing else: history is apart from data. Nodes
//! point to older nodes only, so there are no cycles, and a node dies with the last tensor computed from it. Its memory
//! serves the next one, see [`idle`](crate::idle).

mod call;

pub use call::Call;

use crate::array::Array;
use crate::error::ShapeError;
use crate::idle;
use crate::nan;
use crate::observe;
use crate::onnx;
use crate::op::{AnyOp, Keeps};
use crate::profile;
use crate::recording::is_recording;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::watch::is_watched;
use smallvec::SmallVec;
use std::any::Any;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The age of a node: whatever is computed from it has a greater one.
pub(crate) type Id = u64;

/// A leaf, or a call that can be differentiated.
pub(crate) struct Node<T: Scalar> {
    pub(crate) id: Id,
    pub(crate) shape: Shape,
    /// None for a leaf.
    pub(crate) inputs: Vec<Input<T>>,
    /// `None` only until the node is first a call.
    op: Option<Box<dyn Slot<T>>>,
    /// Without its node, which would be a cycle.
    output: Option<Array<T>>,
    /// The line of the program that made the leaf or the call.
    pub(crate) caller: &'static Location<'static>,
}

/// An input of a recorded call.
pub(crate) struct Input<T: Scalar> {
    /// None if it was a constant.
    pub(crate) place: Place<T>,
    held: Held<T>,
}

enum Held<T: Scalar> {
    Value(Array<T>),
    Shape(Shape),
}

/// Memory for an operator of some type: an `Option` that is `None` while its node lies idle.
trait Slot<T: Scalar>: Any + Send + Sync {
    fn op(&self) -> &dyn AnyOp<T>;
    fn clear(&mut self);
    /// Moves the operator into the memory of a node.
    fn move_to(&mut self, node: &mut Node<T>);
}

impl<T: Scalar, O: AnyOp<T>> Slot<T> for Option<O> {
    fn op(&self) -> &dyn AnyOp<T> {
        self.as_ref().expect("a call has its operator")
    }
    fn clear(&mut self) {
        *self = None;
    }
    fn move_to(&mut self, node: &mut Node<T>) {
        node.set_op(self.take().expect("a call has its operator"));
    }
}

impl<T: Scalar> Node<T> {
    /// An empty node, in memory that lay idle if there is any.
    #[inline]
    fn make(fill: impl FnOnce(&mut Node<T>)) -> Place<T> {
        let mut place = idle::take_node().unwrap_or_else(Node::new);
        fill(Arc::get_mut(&mut place).expect("a node that lies idle has no other owner"));
        Place(Some(place))
    }

    #[cold]
    fn new() -> Arc<Self> {
        let (shape, inputs, caller) = (Shape::scalar(), Vec::new(), Location::caller());
        Arc::new(Node { id: 0, shape, inputs, op: None, output: None, caller })
    }

    /// A leaf: a variable that gradients are asked for.
    #[track_caller]
    pub(crate) fn leaf(shape: &Shape) -> Place<T> {
        let caller = Location::caller();
        Node::make(|node| node.begin(shape, caller))
    }

    #[inline]
    fn begin(&mut self, shape: &Shape, caller: &'static Location<'static>) {
        self.id = next_id();
        self.shape = shape.clone();
        self.caller = caller;
    }

    /// What a call was given and has made, of which it holds what is kept.
    #[inline(never)]
    fn hold(&mut self, x: &[&Tensor<T>], y: &Array<T>, keeps: Keeps, caller: &'static Location<'static>) {
        self.begin(y.shape(), caller);
        self.inputs.reserve_exact(x.len());
        self.inputs.extend(x.iter().enumerate().map(|(i, x)| Input {
            place: x.place().clone(),
            held: match keeps.has_x(i) {
                true => Held::Value(x.array().clone()),
                false => Held::Shape(x.shape().clone()),
            },
        }));
        self.output = keeps.has_y().then(|| y.clone());
    }

    /// The nodes of the inputs that are tracked.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &Node<T>> {
        self.inputs.iter().filter_map(|input| input.place.node())
    }

    /// Whether it is a call that is not older than `since`.
    #[inline]
    pub(crate) fn is_call_since(&self, since: Id) -> bool {
        self.id >= since && !self.is_leaf()
    }

    /// As [`parents`](Self::parents), but none of a node that is older than `since`.
    pub(crate) fn parents_since(&self, since: Id) -> impl Iterator<Item = &Node<T>> {
        self.parents().filter(move |_| self.id >= since)
    }

    #[inline]
    pub(crate) fn is_leaf(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The operator that was called.
    #[inline]
    pub(crate) fn op(&self) -> &dyn AnyOp<T> {
        self.op.as_ref().expect("a leaf has no operator").op()
    }

    #[inline]
    fn set_op<O: AnyOp<T>>(&mut self, op: O) {
        let slot = self.op.as_deref_mut().map(|slot| slot as &mut dyn Any);
        match slot.and_then(|slot| slot.downcast_mut::<Option<O>>()) {
            Some(slot) => *slot = Some(op),
            None => self.op = Some(Box::new(Some(op))),
        }
    }
}

/// A tensor's place in the graph: an owner of its node, or none for a constant.
#[derive(Clone)]
pub(crate) struct Place<T: Scalar>(Option<Arc<Node<T>>>);

impl<T: Scalar> Place<T> {
    pub(crate) const NONE: Self = Place(None);

    #[inline]
    pub(crate) fn node(&self) -> Option<&Node<T>> {
        self.0.as_deref()
    }

    /// The node, if nobody else owns it.
    #[inline]
    fn orphan(&mut self) -> Option<Arc<Node<T>>> {
        self.0.take_if(|node| Arc::strong_count(node) == 1)
    }
}

impl<T: Scalar> Drop for Place<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(node) = self.orphan() {
            bury(node);
        }
    }
}

/// The most inputs for which a node keeps room while it lies idle.
const MANY: usize = 32;

/// Empties a node that has no owner left, and those that only this one owned, and gives them back. In a loop: a chain of a million
/// calls must not need a million stack frames to die.
fn bury<T: Scalar>(node: Arc<Node<T>>) {
    let mut dying: SmallVec<[Arc<Node<T>>; 4]> = SmallVec::new();
    let mut next = Some(node);
    while let Some(mut dead) = next {
        if let Some(node) = Arc::get_mut(&mut dead) {
            dying.extend(node.inputs.iter_mut().filter_map(|input| input.place.orphan()));
            node.inputs.clear();
            // A node comes back to any call, of which few have so many inputs.
            if node.inputs.capacity() > MANY {
                node.inputs = Vec::new();
            }
            node.output = None;
            node.op.iter_mut().for_each(|slot| slot.clear());
            idle::give_node(dead);
        }
        next = dying.pop();
    }
}

/// A new age, greater than all before it.
#[inline]
pub(crate) fn next_id() -> Id {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Evaluates an operator, and records the call if an input is tracked and recording is on.
///
/// Little of it is compiled for each operator anew: a network uses many.
#[inline]
#[track_caller]
pub(crate) fn record<T: Scalar, O: AnyOp<T>>(op: O, x: &[&Tensor<T>]) -> Result<Tensor<T>, ShapeError> {
    let caller = Location::caller();
    if is_watched() {
        return record_watched(&mut Some(op), x, caller);
    }
    let arrays: SmallVec<[&Array<T>; 4]> = x.iter().map(|x| x.array()).collect();
    match op.value(&arrays) {
        Ok(y) => {
            let keeps = kept(&op, x);
            Ok(tracked(x, y, keeps, caller, |node| node.set_op(op)))
        }
        Err(error) => Err(named(error, &op)),
    }
}

/// As [`record`], seen by all that look on.
#[cold]
fn record_watched<T: Scalar>(
    slot: &mut dyn Slot<T>,
    x: &[&Tensor<T>],
    caller: &'static Location<'static>,
) -> Result<Tensor<T>, ShapeError> {
    let op = slot.op();
    let seen = observe::begin(op);
    let arrays: SmallVec<[&Array<T>; 4]> = x.iter().map(|x| x.array()).collect();
    let span = profile::forward(op, x, caller);
    let y = op.value(&arrays).map_err(|error| named(error, op))?;
    profile::close(span, y.shape());
    nan::value(op, x, &y, caller);
    onnx::value(op, x, &y, caller);
    let keeps = kept(op, x);
    let y = tracked(x, y, keeps, caller, |node| slot.move_to(node));
    observe::end(seen, x, &y);
    Ok(y)
}

#[cold]
fn named<T: Scalar>(error: ShapeError, op: &dyn AnyOp<T>) -> ShapeError {
    error.of(&op.name())
}

/// A value with its place in the graph, if its call is recorded. What is passed puts the operator there.
#[inline]
fn tracked<T: Scalar>(
    x: &[&Tensor<T>],
    y: Array<T>,
    keeps: Option<Keeps>,
    caller: &'static Location<'static>,
    set_op: impl FnOnce(&mut Node<T>),
) -> Tensor<T> {
    let Some(keeps) = keeps else { return Tensor::constant(y) };
    let place = Node::make(|node| {
        node.hold(x, &y, keeps, caller);
        set_op(node);
    });
    Tensor::tracked(y, place)
}

/// What the gradients of a call will read, unless the call is not recorded.
#[inline]
fn kept<T: Scalar>(op: &(impl AnyOp<T> + ?Sized), x: &[&Tensor<T>]) -> Option<Keeps> {
    if !is_recording() {
        return None;
    }
    let tracked = x.iter().enumerate().filter(|(_, x)| x.is_tracked());
    tracked.map(|(i, _)| op.keeps(i)).reduce(|a, b| a | b)
}
