//! Parts of graphs that lie idle, and are used again: a training loop asks the system for memory in its first step only.
//!
//! A node goes back to the thread that lets go of it last, and is taken by the next call that the thread records. The sweep gives
//! nodes back from the youngest to the oldest, and the one given last is taken first; so in a loop a node comes back to a call of
//! the same operator with the same inputs, and has room for both. Lists of pending nodes and of gradients are kept likewise.

use crate::buffer;
use crate::graph::{Id, Node, Place};
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// No more nodes are kept by a thread, some MiB.
const NODES: usize = 1 << 14;

/// Nodes whose turn in a sweep will come, with their cotangents: the oldest first.
pub(crate) type Pending<T> = VecDeque<(Place<T>, Tensor<T>)>;
/// The gradients that a sweep has found: the youngest first.
pub(crate) type ByAge<T> = Vec<(Id, Tensor<T>)>;

/// What lies idle on a thread.
pub struct Idle<T: Scalar> {
    nodes: Vec<Arc<Node<T>>>,
    pending: Pending<T>,
    gradients: ByAge<T>,
}

impl<T: Scalar> Idle<T> {
    pub(crate) const NOTHING: Self =
        Idle { nodes: Vec::new(), pending: VecDeque::new(), gradients: Vec::new() };
}

impl<T: Scalar> fmt::Debug for Idle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Idle({} nodes)", self.nodes.len())
    }
}

/// A node without inputs that nobody else owns.
#[inline]
pub(crate) fn take_node<T: Scalar>() -> Option<Arc<Node<T>>> {
    with(|idle| idle.nodes.pop()).flatten()
}

/// Keeps such a node.
#[inline]
pub(crate) fn give_node<T: Scalar>(node: Arc<Node<T>>) {
    with(|idle| {
        if idle.nodes.len() < NODES {
            idle.nodes.push(node);
        }
    });
}

pub(crate) fn take_pending<T: Scalar>() -> Pending<T> {
    with(|idle| std::mem::take(&mut idle.pending)).unwrap_or_default()
}

/// Keeps an empty list.
pub(crate) fn give_pending<T: Scalar>(pending: Pending<T>) {
    with(|idle| idle.pending = pending);
}

pub(crate) fn take_gradients<T: Scalar>() -> ByAge<T> {
    with(|idle| std::mem::take(&mut idle.gradients)).unwrap_or_default()
}

/// Keeps a list, but not what is in it.
pub(crate) fn give_gradients<T: Scalar>(mut gradients: ByAge<T>) {
    gradients.clear();
    with(|idle| idle.gradients = gradients);
}

/// Gives memory that lies idle back to the system: small blocks and parts of graphs of the calling thread, and segments of the arena, 64 MiB and
/// more, of which no tensor of any thread holds a part.
///
/// Idle memory serves the next tensors, so there is no need to call this between steps; it makes the next one slower. It is
/// for a program that has trained, and goes on to something else.
///
/// ```
/// use autograd::{Tensor, empty_cache, memory_stats};
/// let ask = || drop(Tensor::<f32>::zeros([100, 100]));
/// ask();
/// let before = memory_stats().system_allocations;
/// ask();
/// assert_eq!(memory_stats().system_allocations, before);
/// empty_cache();
/// ask();
/// assert_eq!(memory_stats().system_allocations, before + 1);
/// ```
pub fn empty_cache() {
    with(|idle: &mut Idle<f32>| *idle = Idle::NOTHING);
    with(|idle: &mut Idle<f64>| *idle = Idle::NOTHING);
    buffer::empty();
}

/// `None` on a thread that is ending. Nothing that `f` drops may come back here.
#[inline]
fn with<T: Scalar, R>(f: impl FnOnce(&mut Idle<T>) -> R) -> Option<R> {
    T::idle().try_with(|idle| f(&mut idle.borrow_mut())).ok()
}
