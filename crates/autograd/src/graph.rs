//! The Wengert list: what was computed from what.
//!
//! A tracked tensor has a [`Node`]. A leaf's node is empty; any other holds the operator that was called, the nodes of
//! its inputs, and the values that the operator said it keeps, and nothing else: history is apart from data. Nodes
//! point to older nodes only, so there are no cycles, and a node dies with the last tensor computed from it.

use crate::array::Array;
use crate::error::ShapeError;
use crate::nan;
use crate::op::{AnyOp, Keeps};
use crate::profile;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use smallvec::SmallVec;
use std::cell::Cell;
use std::collections::HashSet;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The age of a node: whatever is computed from it has a greater one.
pub(crate) type Id = u64;

/// A tracked tensor's place in the graph.
pub(crate) struct Node<T: Scalar> {
    pub(crate) id: Id,
    pub(crate) shape: Shape,
    /// `None` for a leaf.
    pub(crate) record: Option<Record<T>>,
}

/// A call that can be differentiated.
pub(crate) struct Record<T: Scalar> {
    pub(crate) op: Box<dyn AnyOp<T>>,
    pub(crate) inputs: SmallVec<[Input<T>; 2]>,
    /// Without its node, which would be a cycle.
    output: Option<Array<T>>,
    /// The line of the program that made the call.
    pub(crate) caller: &'static Location<'static>,
}

/// An input of a recorded call.
pub(crate) struct Input<T: Scalar> {
    /// `None` if it was a constant.
    pub(crate) node: Option<Arc<Node<T>>>,
    held: Held<T>,
}

enum Held<T: Scalar> {
    Value(Array<T>),
    Shape(Shape),
}

impl<T: Scalar> Node<T> {
    /// A leaf: a variable that gradients are asked for.
    pub(crate) fn leaf(shape: Shape) -> Arc<Self> {
        Arc::new(Node { id: next_id(), shape, record: None })
    }

    /// What made it, unless it is a leaf or older than `since`.
    pub(crate) fn record_since(&self, since: Id) -> Option<&Record<T>> {
        self.record.as_ref().filter(|_| self.id >= since)
    }
}

/// A new age, greater than all before it.
#[inline]
pub(crate) fn next_id() -> Id {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Evaluates an operator, and records the call if an input is tracked and recording is on.
#[inline]
#[track_caller]
pub(crate) fn record<T: Scalar, O: AnyOp<T>>(op: O, x: &[&Tensor<T>]) -> Result<Tensor<T>, ShapeError> {
    let arrays: SmallVec<[&Array<T>; 4]> = x.iter().map(|x| x.array()).collect();
    let span = profile::forward(&op, x, Location::caller());
    let array = op.value(&arrays).map_err(|e| e.of(&op.name()))?;
    profile::close(span, array.shape());
    nan::value(&op, x, &array, Location::caller());
    if !is_recording() || x.iter().all(|x| x.node().is_none()) {
        return Ok(Tensor::constant(array));
    }
    let mut keeps = Keeps::NONE;
    for (i, x) in x.iter().enumerate() {
        if x.node().is_some() {
            keeps = keeps | op.keeps(i);
        }
    }
    let inputs = x.iter().enumerate().map(|(i, x)| Input {
        node: x.node().cloned(),
        held: match keeps.has_x(i) {
            true => Held::Value(x.array().clone()),
            false => Held::Shape(x.shape().clone()),
        },
    });
    let record = Record {
        inputs: inputs.collect(),
        op: Box::new(op),
        output: keeps.has_y().then(|| array.clone()),
        caller: Location::caller(),
    };
    let node = Node { id: next_id(), shape: array.shape().clone(), record: Some(record) };
    Ok(Tensor::tracked(array, Arc::new(node)))
}

impl<T: Scalar> Drop for Node<T> {
    /// Frees the nodes that only this one held, in a loop: a chain of a million calls must not need a million stack
    /// frames to die.
    fn drop(&mut self) {
        // Most often somebody holds them still, and there is nothing to do.
        let is_held_here = |input: &Input<T>| {
            input.node.as_ref().is_some_and(|node| node.record.is_some() && Arc::strong_count(node) == 1)
        };
        if !self.record.iter().any(|record| record.inputs.iter().any(is_held_here)) {
            return;
        }
        let mut dying = Vec::new();
        let mut next = self.record.take();
        while let Some(record) = next {
            // Only sole ownership passes on; leaves have nothing behind them.
            let orphans = record.inputs.into_iter().filter_map(|input| Arc::into_inner(input.node?));
            dying.extend(orphans.filter(|node| node.record.is_some()));
            next = dying.pop().and_then(|mut node| node.record.take());
        }
    }
}

/// A recorded call, as the operator's `backward` sees it: the values it kept, and what is asked of it.
#[derive(Clone, Copy)]
pub struct Call<'a, T: Scalar> {
    node: &'a Arc<Node<T>>,
    record: &'a Record<T>,
    recorded: bool,
    /// The nodes that gradients are carried to; `None` for all.
    on_path: Option<&'a HashSet<Id>>,
}

impl<'a, T: Scalar> Call<'a, T> {
    pub(crate) fn new(
        node: &'a Arc<Node<T>>,
        record: &'a Record<T>,
        recorded: bool,
        on_path: Option<&'a HashSet<Id>>,
    ) -> Self {
        Call { node, record, recorded, on_path }
    }

    /// Input `i`. While the backward pass is itself recorded, it has its place in the graph.
    ///
    /// # Panics
    /// If the operator's `keeps` does not list it.
    #[track_caller]
    pub fn x(&self, i: usize) -> Tensor<T> {
        let input = &self.record.inputs[i];
        let Held::Value(array) = &input.held else {
            self.not_kept(&format!("input {i}"), &format!("Keeps::x({i})"))
        };
        match &input.node {
            Some(node) if self.recorded => Tensor::tracked(array.clone(), node.clone()),
            _ => Tensor::constant(array.clone()),
        }
    }

    /// The output. While the backward pass is itself recorded, it has its place in the graph.
    ///
    /// # Panics
    /// If the operator's `keeps` does not list it.
    #[track_caller]
    pub fn y(&self) -> Tensor<T> {
        let Some(array) = &self.record.output else { self.not_kept("its output", "Keeps::y()") };
        match self.recorded {
            true => Tensor::tracked(array.clone(), self.node.clone()),
            false => Tensor::constant(array.clone()),
        }
    }

    /// Input `i`, which is kept, in its place in the graph, whether the backward pass is recorded or not.
    pub(crate) fn placed_x(&self, i: usize) -> Tensor<T> {
        let array = self.kept_x(i).expect("the operator keeps it").clone();
        match &self.record.inputs[i].node {
            Some(node) => Tensor::tracked(array, node.clone()),
            None => Tensor::constant(array),
        }
    }

    /// The node of input `i`, if anybody asks for its gradient.
    pub(crate) fn asked(&self, i: usize) -> Option<Id> {
        self.record.inputs[i].node.as_ref().map(|node| node.id).filter(|_| self.needs(i))
    }

    /// The value of input `i`, if it was kept.
    pub fn kept_x(&self, i: usize) -> Option<&'a Array<T>> {
        match &self.record.inputs[i].held {
            Held::Value(array) => Some(array),
            Held::Shape(_) => None,
        }
    }

    /// The value of the output, if it was kept.
    pub fn kept_y(&self) -> Option<&'a Array<T>> {
        self.record.output.as_ref()
    }

    #[cold]
    #[track_caller]
    fn not_kept(&self, what: &str, cure: &str) -> ! {
        let (name, caller) = (self.record.op.name(), self.record.caller);
        panic!(
            "{name}: the gradient reads {what}, which was not kept: add `{cure}` to its `keeps` (called at {caller})"
        )
    }

    /// The shape of input `i`.
    pub fn shape(&self, i: usize) -> &'a Shape {
        match &self.record.inputs[i].held {
            Held::Value(array) => array.shape(),
            Held::Shape(shape) => shape,
        }
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.record.inputs.len()
    }

    /// Whether anybody asks for the gradient of input `i`.
    pub fn needs(&self, i: usize) -> bool {
        let node = &self.record.inputs[i].node;
        node.as_ref().is_some_and(|node| self.on_path.is_none_or(|on_path| on_path.contains(&node.id)))
    }

    /// Whether the backward pass is recorded, to be differentiated again. If not, `backward` may take a faster way
    /// than tensors to the same values.
    pub fn recorded(&self) -> bool {
        self.recorded
    }

    /// The line of the program that called the operator.
    pub fn caller(&self) -> &'static Location<'static> {
        self.record.caller
    }
}

impl<T: Scalar> std::fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} called at {}", self.record.op, self.record.caller)
    }
}

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

#[inline]
pub(crate) fn is_recording() -> bool {
    RECORDING.get()
}

/// Runs `f` without recording: its tensors are constants, and no graph grows. For evaluation, and for updates by hand.
///
/// ```
/// use autograd::{no_grad, Tensor};
/// let w = Tensor::from([2.0]).requires_grad();
/// assert!((&w * 3.0).is_tracked());
/// assert!(!no_grad(|| &w * 3.0).is_tracked());
/// ```
pub fn no_grad<R>(f: impl FnOnce() -> R) -> R {
    with_recording(false, f)
}

/// Runs `f` with recording on or off, and restores what was, also if `f` panics.
pub(crate) fn with_recording<R>(on: bool, f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _restore = Restore(RECORDING.replace(on));
    f()
}
