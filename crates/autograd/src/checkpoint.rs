//! Time for memory: what a function needs for its gradient is computed anew in the backward pass, instead of kept.
//!
//! A checkpointed function is one node of the graph. In the forward pass it is evaluated, and what that records is dropped;
//! in the backward pass it is evaluated again from the same inputs, and swept through on the spot. A network of `n` equal blocks
//! that are checkpointed keeps the inputs of each, and what one block keeps for a while: some `√n` as much, where blocks are
//! chosen well (T. Chen et al., "Training deep nets with sublinear memory cost", 2016). It costs one more forward pass.

use crate::array::Array;
use crate::backward::sweep_since;
use crate::error::ShapeError;
use crate::graph::{Call, Id, Place, next_id};
use crate::op::{AnyOp, Keeps};
use crate::recording::{is_recording, with_recording};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The value `f(x)`, whose gradient evaluates `f` anew. Value and gradient have the bits that they have
/// without it; derivatives of higher order are the same up to rounding.
///
/// Tracked tensors that `f` captures, such as parameters, get their gradients as well. What is computed on the way to the
/// checkpoint should be passed as an input rather than captured. A recorded gradient keeps what it computes anew.
///
/// `f` must return the same bits again, or the backward pass panics. Where it draws random numbers, it draws them from its own
/// clone of a generator:
///
/// ```
/// use autograd::{Rng, Tensor, checkpoint};
/// let (x, rng) = (Tensor::from([0.5, 1.0, 2.0]).requires_grad(), Rng::seed(3));
/// let y = checkpoint(
///     move |[x]| {
///         let mut rng = rng.clone();
///         x.exp() * Tensor::uniform(x.shape(), 0.0, 1.0, &mut rng)
///     },
///     [&x],
/// );
/// let value = y.to_vec();
/// assert_eq!(y.sum().backward()[&x].to_vec(), value);
/// ```
///
/// # Panics
/// If `f` does; and the backward pass, if `f` returns other values than before.
#[track_caller]
pub fn checkpoint<T: Scalar, const N: usize>(
    f: impl Fn([&Tensor<T>; N]) -> Tensor<T> + Send + Sync + 'static,
    x: [&Tensor<T>; N],
) -> Tensor<T> {
    if !is_recording() {
        return f(x);
    }
    let since = next_id();
    let y = f(x);
    let read = older_than(since, &y);
    if read.is_empty() {
        return y;
    }
    // Of what is only captured, `f` has the value.
    let mut inputs: Vec<Tensor<T>> = Vec::with_capacity(read.len());
    let sources = x.map(|x| match x.node().filter(|node| read.contains_key(&node.id)) {
        None => Source::Constant(x.array().clone()),
        Some(node) => Source::Input(position(&inputs, node.id).unwrap_or_else(|| {
            inputs.push(x.clone());
            inputs.len() - 1
        })),
    });
    let kept = inputs.len();
    for (id, (shape, place)) in read {
        if position(&inputs, id).is_none() {
            inputs.push(Tensor::tracked(Tensor::zeros([]).broadcast_to(shape).into_array(), place));
        }
    }
    let value = y.into_array();
    let op = Checkpoint { f, sources, kept, seal: seal(&value), value: Mutex::new(Some(value)) };
    op.apply_to(&inputs.iter().collect::<Vec<_>>())
}

fn position<T: Scalar>(inputs: &[Tensor<T>], id: Id) -> Option<usize> {
    inputs.iter().position(|input| input.node().is_some_and(|node| node.id == id))
}

/// The nodes older than `since` that `y` was computed from, or is, without those behind them.
pub(crate) fn older_than<T: Scalar>(since: Id, y: &Tensor<T>) -> BTreeMap<Id, (Shape, Place<T>)> {
    let (mut older, mut seen) = (BTreeMap::new(), HashSet::new());
    let mut unseen = vec![y.place()];
    while let Some(place) = unseen.pop() {
        let Some(node) = place.node() else { continue };
        if node.id < since {
            older.insert(node.id, (node.shape.clone(), place.clone()));
        } else if seen.insert(node.id) {
            unseen.extend(node.inputs.iter().map(|input| &input.place));
        }
    }
    older
}

/// A function that is evaluated again for its gradient.
struct Checkpoint<T: Scalar, F, const N: usize> {
    f: F,
    /// Where each argument of `f` comes from.
    sources: [Source<T>; N],
    /// How many of the inputs are arguments; the others are captured.
    kept: usize,
    /// A mark of the value, which must come again.
    seal: u64,
    /// The value, until it is handed over.
    value: Mutex<Option<Array<T>>>,
}

enum Source<T: Scalar> {
    Input(usize),
    Constant(Array<T>),
}

impl<T: Scalar, F, const N: usize> fmt::Debug for Checkpoint<T, F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checkpoint of {}", std::any::type_name::<F>())
    }
}

impl<T: Scalar, F, const N: usize> AnyOp<T> for Checkpoint<T, F, N>
where
    F: Fn([&Tensor<T>; N]) -> Tensor<T> + Send + Sync + 'static,
{
    fn name(&self) -> String {
        "checkpoint".into()
    }

    fn value(&self, _: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| ShapeError::new("the value has been handed over"))
    }

    fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
        let since = next_id();
        let x = self.sources.each_ref().map(|source| match source {
            Source::Input(i) => call.placed_x(*i),
            Source::Constant(array) => Tensor::constant(array.clone()),
        });
        let y = with_recording(true, || (self.f)(x.each_ref()));
        assert!(
            y.shape() == dy.shape() && seal(y.array()) == self.seal,
            "checkpoint: the function returned another value when it was evaluated for its gradient (called at {})\n  help: it must do the same each time: draw random numbers from a clone of the generator, `let mut rng = rng.clone();`, made inside the function",
            call.caller()
        );
        let ids: Vec<(usize, Id)> = (0..call.inputs()).filter_map(|i| Some((i, call.asked(i)?))).collect();
        let targets: Vec<Id> = ids.iter().map(|&(_, id)| id).collect();
        let swept = with_recording(call.recorded(), || {
            sweep_since(since, y, dy, Some(&targets), &mut |id, dx| {
                if let Some(&(i, _)) = ids.iter().find(|(_, of)| *of == id) {
                    give(i, dx);
                }
            })
        });
        swept.expect("what has a node the first time has one again");
    }

    fn keeps(&self, i: usize) -> Keeps {
        match i {
            _ if i >= self.kept => Keeps::NONE,
            0..64 => Keeps::x(i),
            _ => Keeps::ALL,
        }
    }
}

/// A number that equal values share, and others hardly ever.
fn seal<T: Scalar>(y: &Array<T>) -> u64 {
    let mix = |seal: u64, y: T| {
        (seal.rotate_left(5) ^ Into::<f64>::into(y).to_bits()).wrapping_mul(0x517c_c1b7_2722_0a95)
    };
    y.view().iter().fold(0, mix)
}
