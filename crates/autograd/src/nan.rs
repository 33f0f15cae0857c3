//! Where the first NaN and the first infinity come from.
//!
//! A NaN is met late: in a loss, or in a weight, long after the operation that made it. While [`trace_nan`] runs a closure, every
//! value and every gradient is looked at as it is made, and the first that is not finite tells on its operator. A NaN is
//! *born* where an output has one and no input has; what an operator was given already came with an input. Infinities are told
//! apart: a masked score of -∞ is no fault, and a NaN is often born of an infinity.

mod trace;

pub use trace::{Birth, NanTrace, Operand};

use crate::array::Array;
use crate::graph::{Id, Node};
use crate::op::AnyOp;
use crate::profile::Pass;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use crate::watch::Watcher;
use std::cell::RefCell;
use std::panic::Location;

/// Runs `f`, and finds the first NaN and the first infinity among the values and gradients that are worked out on this thread.
///
/// Printed, the trace names operator, pass, the line of the program that made the forward call, and what it was given;
/// [`named`](NanTrace::named) adds the paths of parameters. Within `f`, another `trace_nan` takes over. It makes a step several
/// times slower; when none is taken, an operator only asks whether one is.
///
/// ```
/// use autograd::{Pass, Tensor, trace_nan};
/// let x = Tensor::from([4.0_f32, 0.0]).requires_grad();
/// let (_, trace) = trace_nan(|| (x.sqrt() * 0.0).sum().backward());
/// let nan = trace.nan().unwrap();
/// assert_eq!((nan.operator.as_str(), nan.pass), ("sqrt", Pass::Backward)); // 0 / 0
/// ```
#[doc(alias("detect_anomaly", "set_detect_anomaly"))]
pub fn trace_nan<R>(f: impl FnOnce() -> R) -> (R, NanTrace) {
    /// Puts back what was, also if `f` panics.
    struct Restore(bool, Tracing);
    impl Drop for Restore {
        fn drop(&mut self) {
            ON.set(self.0);
            TRACING.set(std::mem::take(&mut self.1));
        }
    }
    let restore = Restore(ON.replace(true), TRACING.take());
    let result = f();
    let trace = TRACING.take().trace;
    drop(restore);
    (result, trace)
}

const ON: Watcher = Watcher::NAN;

thread_local! {
    static TRACING: RefCell<Tracing> = RefCell::default();
}

#[derive(Default)]
struct Tracing {
    trace: NanTrace,
    /// The gradients that are being worked out, the innermost last: what is computed within belongs to them.
    gradients: Vec<Gradient>,
}

struct Gradient {
    operator: String,
    caller: &'static Location<'static>,
    cotangent: Operand,
}

/// Whether a trace is taken.
#[inline]
pub(crate) fn is_on() -> bool {
    ON.get()
}

/// Looks at the value of an operator, if a trace is taken.
#[inline]
pub(crate) fn value<T: Scalar>(
    op: &dyn AnyOp<T>,
    x: &[&Tensor<T>],
    y: &Array<T>,
    caller: &'static Location<'static>,
) {
    if ON.get() {
        look_at_value(op, x, y, caller);
    }
}

/// Looks at the cotangent of a call whose gradients are to be worked out, if a trace is taken, until what is returned is dropped.
#[inline]
pub(crate) fn backward<T: Scalar>(node: &Node<T>, dy: &Tensor<T>) -> Option<Within> {
    ON.get().then(|| look_at_cotangent(node, dy))
}

/// Looks at the gradient of input `i` of that call.
#[inline]
pub(crate) fn gradient<T: Scalar>(node: &Node<T>, i: usize, dx: &Tensor<T>) {
    if ON.get() {
        look_at_gradient(node, i, dx);
    }
}

/// While the gradients of a call are worked out.
pub(crate) struct Within;

impl Drop for Within {
    fn drop(&mut self) {
        TRACING.with_borrow_mut(|tracing| tracing.gradients.pop());
    }
}

#[cold]
fn look_at_value<T: Scalar>(
    op: &dyn AnyOp<T>,
    x: &[&Tensor<T>],
    y: &Array<T>,
    caller: &'static Location<'static>,
) {
    let (y, n) = (Operand::new("output".into(), y, None), x.len());
    let given = || {
        x.iter().enumerate().map(move |(i, x)| {
            let leaf = x.node().filter(|node| node.is_leaf()).map(|node| node.id);
            let label = if n == 1 { "input".into() } else { format!("input {i}") };
            Operand::new(label, x.array(), leaf)
        })
    };
    TRACING.with_borrow_mut(|Tracing { trace, gradients }| {
        trace.note(&y, || match gradients.last() {
            Some(gradient) => gradient.birth(given(), Operand { label: op.name(), ..y.clone() }),
            None => {
                let (operator, given, found) = (op.name(), given().collect(), y.clone());
                Birth { operator, pass: Pass::Forward, caller, given, came_with: None, found }
            }
        });
    });
}

#[cold]
fn look_at_cotangent<T: Scalar>(node: &Node<T>, dy: &Tensor<T>) -> Within {
    let cotangent = Operand::new("cotangent".into(), dy.array(), None);
    let gradient = Gradient { operator: node.op().name(), caller: node.caller, cotangent };
    TRACING.with_borrow_mut(|tracing| {
        // Given by hand, or the sum of gradients that are finite.
        tracing.trace.note(&gradient.cotangent, || gradient.birth([], gradient.cotangent.clone()));
        tracing.gradients.push(gradient);
    });
    Within
}

#[cold]
fn look_at_gradient<T: Scalar>(node: &Node<T>, i: usize, dx: &Tensor<T>) {
    let leaf = node.inputs[i].place.node().filter(|node| node.is_leaf()).map(|node| node.id);
    let found = Operand::new(format!("gradient {i}"), dx.array(), leaf);
    TRACING.with_borrow_mut(|tracing| {
        let Tracing { trace, gradients } = tracing;
        if let Some(gradient) = gradients.last() {
            trace.note(&found, || gradient.birth([], found.clone()));
        }
    });
}

impl Gradient {
    fn birth(&self, read: impl IntoIterator<Item = Operand>, found: Operand) -> Birth {
        let given = std::iter::once(self.cotangent.clone()).chain(read).collect();
        let (operator, caller) = (self.operator.clone(), self.caller);
        Birth { operator, pass: Pass::Backward, caller, given, came_with: None, found }
    }
}

impl NanTrace {
    /// Remembers what is found, if it is the first NaN or the first infinity.
    fn note(&mut self, found: &Operand, birth: impl Fn() -> Birth) {
        let is_nan = |operand: &Operand| operand.nans > 0;
        let is_infinite = |operand: &Operand| operand.infinities > 0;
        remember(&mut self.nan, found, is_nan, &birth);
        remember(&mut self.infinity, found, is_infinite, &birth);
    }
}

fn remember(
    first: &mut Option<Birth>,
    found: &Operand,
    has: impl Fn(&Operand) -> bool,
    birth: impl Fn() -> Birth,
) {
    if first.is_none() && has(found) {
        let mut birth = birth();
        birth.came_with = birth.given.iter().position(has);
        *first = Some(birth);
    }
}

impl Operand {
    fn new<T: Scalar>(label: String, array: &Array<T>, leaf: Option<Id>) -> Self {
        let (range, nans, infinities) = (None, 0, 0);
        let mut operand = Operand { label, shape: array.shape().clone(), range, nans, infinities, leaf };
        for x in array.view().iter() {
            let x: f64 = x.into();
            if x.is_finite() {
                let (low, high) = operand.range.unwrap_or((x, x));
                operand.range = Some((low.min(x), high.max(x)));
            } else if x.is_nan() {
                operand.nans += 1;
            } else {
                operand.infinities += 1;
            }
        }
        operand
    }
}
