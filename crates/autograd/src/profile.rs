//! Where the time goes: what each operator costs, how often it is called and what memory it takes.
//!
//! While [`profile`] runs a closure, every call of an operator and of its gradient is a frame on a stack. What a frame
//! takes includes what its callees take; its *own* share does not, so that own shares add up to what is spent in
//! operators, and the rest of the wall time was spent outside. Equal calls are counted together, and the first of them
//! are kept one by one as well, for a trace.

pub(crate) mod report;
mod trace;

pub use report::{Cost, Profile, Row};
pub use trace::Event;

use crate::buffer::taken_bytes;
use crate::graph::{Id, Node};
use crate::op::AnyOp;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::watch::Watcher;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::time::{Duration, Instant};

/// How many single calls are kept for the trace.
const EVENTS: usize = 100_000;
/// How many calls are told apart by the leaves they read. A program that makes a new leaf in each step has no end of them.
const KINDS: usize = 10_000;

/// Runs `f`, and measures every operator that it applies on this thread: also constant ones, and within `no_grad`.
///
/// Printed, a profile is a table; [`named`](Profile::named) tells it the names of parameters, and with them the layers.
///
/// Work that an operator hands to helper threads counts as time of the caller. Within `f`, another `profile` takes over:
/// what runs in it is the inner one's, and for the outer one time outside of operators. If `f` panics, measuring ends. While no
/// profile is taken, an operator only asks whether one is.
///
/// ```
/// use autograd::{Tensor, profile};
/// let w = Tensor::<f32>::ones([64, 64]).requires_grad();
/// let (loss, profile) = profile(|| w.sin().sum());
/// assert_eq!(profile.rows().len(), 2);
/// println!("{}", profile.named([("hidden.weight", &w)]));
/// # assert!(loss.is_tracked());
/// ```
pub fn profile<R>(f: impl FnOnce() -> R) -> (R, Profile) {
    /// Puts back what was, also if `f` panics.
    struct Restore(bool, Option<Recorder>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ON.set(self.0);
            RECORDER.set(self.1.take());
        }
    }
    let restore = Restore(ON.replace(true), RECORDER.replace(Some(Recorder::new())));
    let result = f();
    let recorder = RECORDER.take().expect("an inner profile puts back the outer one");
    drop(restore);
    (result, recorder.finish())
}

/// Measures a stretch of the program's own under a name, until what is returned is dropped. Operators within it are measured as
/// ever; its own time is the time between them. Does nothing while no profile is taken.
///
/// Like that of an operator, a type's name is written in snake case and without its path, as in `span(type_name::<Self>())`.
///
/// ```
/// use autograd::{Tensor, profile, span};
/// let (_, profile) = profile(|| {
///     let _span = span("load data");
///     std::thread::sleep(std::time::Duration::from_millis(2));
/// });
/// assert_eq!(profile.rows()[0].operator, "load data");
/// assert!(profile.rows()[0].cost.own.as_millis() >= 2);
/// ```
#[track_caller]
pub fn span(name: &'static str) -> Span {
    match ON.get() {
        false => Span { depth: None, here: PhantomData },
        true => {
            let place = Place { leaves: SmallVec::new(), caller: Location::caller() };
            open(crate::op::snake_case(name), Pass::Span, place, SmallVec::new())
        }
    }
}

/// A stretch that is being measured, see [`span`].
///
/// ```
/// use autograd::{Span, profile, span};
/// let ((), profile) = profile(|| {
///     let _epoch: Span = span("epoch");
///     drop(span("step"));
/// });
/// assert_eq!(profile.events().map(|event| event.operator).collect::<Vec<_>>(), ["step", "epoch"]);
/// ```
#[derive(Debug)]
#[must_use = "it measures until it is dropped: `let _span = span(..)`"]
pub struct Span {
    /// How many frames lie below it; `None` while no profile is taken.
    depth: Option<usize>,
    /// It belongs to its thread.
    here: PhantomData<*const ()>,
}

/// On which way an operator was called.
///
/// ```
/// use autograd::{Pass, Tensor, profile};
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let (_, profile) = profile(|| x.sum().backward());
/// let calls = |pass| profile.events().filter(|event| event.pass == pass).count();
/// assert_eq!((calls(Pass::Forward), calls(Pass::Backward)), (1, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// By the program: its value.
    Forward,
    /// By the sweep: its gradient.
    Backward,
    /// By another operator, whose value or gradient is written in operators.
    Within,
    /// No operator, but a [`span`].
    Span,
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Pass::Forward => "forward",
            Pass::Backward => "backward",
            Pass::Within => "within",
            Pass::Span => "span",
        })
    }
}

const ON: Watcher = Watcher::PROFILE;

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Begins to measure the value of an operator, if a profile is taken. Not around a closure: its result would be moved.
#[inline]
pub(crate) fn forward<T: Scalar>(
    op: &dyn AnyOp<T>,
    x: &[&Tensor<T>],
    caller: &'static Location<'static>,
) -> Option<Span> {
    ON.get().then(|| open_forward(op, x, caller))
}

/// Ends what [`forward`] began. If the operator fails, dropping the span does.
#[inline]
pub(crate) fn close(span: Option<Span>, output: &Shape) {
    if let Some(span) = span {
        span.close(Some(output));
    }
}

/// Works out the gradients of a call, and measures that if a profile is taken.
#[inline]
pub(crate) fn backward<T: Scalar, R>(node: &Node<T>, gradients: impl FnOnce() -> R) -> R {
    let _span = ON.get().then(|| {
        let leaves = node.parents().filter(|node| node.is_leaf()).map(|node| node.id).collect();
        let place = Place { leaves, caller: node.caller };
        open(node.op().name(), Pass::Backward, place, SmallVec::from_iter([node.shape.clone()]))
    });
    gradients()
}

#[cold]
fn open_forward<T: Scalar>(op: &dyn AnyOp<T>, x: &[&Tensor<T>], caller: &'static Location<'static>) -> Span {
    let nodes = x.iter().filter_map(|x| x.node());
    let leaves = nodes.filter(|node| node.is_leaf()).map(|node| node.id).collect();
    let shapes = x.iter().map(|x| x.shape().clone()).collect();
    open(op.name(), Pass::Forward, Place { leaves, caller }, shapes)
}

#[cold]
fn open(operator: String, pass: Pass, place: Place, inputs: SmallVec<[Shape; 2]>) -> Span {
    RECORDER.with_borrow_mut(|recorder| {
        let depth = recorder.as_mut().map(|recorder| recorder.open(operator, pass, place, inputs));
        Span { depth, here: PhantomData }
    })
}

impl Span {
    #[cold]
    fn close(mut self, output: Option<&Shape>) {
        let Some(depth) = self.depth.take() else { return };
        RECORDER.with_borrow_mut(|recorder| recorder.iter_mut().for_each(|r| r.close(depth, output)));
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.depth.is_some() {
            Span { depth: self.depth.take(), here: PhantomData }.close(None);
        }
    }
}

/// Where in a program an operator is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    /// The leaves among its inputs: a layer's parameters.
    leaves: SmallVec<[Id; 2]>,
    caller: &'static Location<'static>,
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    operator: String,
    pass: Pass,
    place: Place,
}

/// One call, kept for the trace.
#[derive(Clone, Debug)]
struct Call {
    /// The number of its kind.
    kind: usize,
    start: Duration,
    time: Duration,
    bytes: u64,
    inputs: SmallVec<[Shape; 2]>,
    output: Option<Shape>,
}

/// A call that has begun.
struct Frame {
    kind: Kind,
    inputs: SmallVec<[Shape; 2]>,
    start: Instant,
    /// What the thread had taken by then.
    taken: u64,
    /// What its callees cost.
    inner_time: Duration,
    inner_bytes: u64,
}

/// A profile that is being taken.
struct Recorder {
    start: Instant,
    frames: Vec<Frame>,
    numbers: HashMap<Kind, usize>,
    kinds: Vec<(Kind, Cost)>,
    calls: Vec<Call>,
}

impl Recorder {
    fn new() -> Self {
        let (numbers, kinds) = (HashMap::new(), Vec::new());
        Recorder { start: Instant::now(), frames: Vec::new(), numbers, kinds, calls: Vec::new() }
    }

    /// Begins a call, and says how many frames lie below it.
    fn open(&mut self, operator: String, pass: Pass, place: Place, inputs: SmallVec<[Shape; 2]>) -> usize {
        let caller = self.frames.iter().rfind(|frame| frame.kind.pass != Pass::Span);
        let (pass, mut place) = match caller {
            // What an operator calls belongs where it stands itself.
            Some(caller) if place.leaves.is_empty() => (pass.max(Pass::Within), caller.kind.place.clone()),
            Some(_) => (pass.max(Pass::Within), place),
            None => (pass, place),
        };
        if self.kinds.len() >= KINDS {
            place.leaves.clear();
        }
        let kind = Kind { operator, pass, place };
        let (inner_time, inner_bytes) = (Duration::ZERO, 0);
        // The clock is read last, and first when the call ends: what measuring costs falls to the caller.
        let taken = taken_bytes();
        self.frames.push(Frame { kind, inputs, start: Instant::now(), taken, inner_time, inner_bytes });
        self.frames.len() - 1
    }

    /// Ends the call that lies on `depth` frames, and those above it that a program forgot.
    fn close(&mut self, depth: usize, output: Option<&Shape>) {
        let (now, taken) = (Instant::now(), taken_bytes());
        while self.frames.len() > depth {
            let frame = self.frames.pop().expect("there are more than `depth`");
            let (time, bytes) = (now - frame.start, taken - frame.taken);
            let number = match self.numbers.get(&frame.kind) {
                Some(&number) => number,
                None => {
                    self.numbers.insert(frame.kind.clone(), self.kinds.len());
                    self.kinds.push((frame.kind, Cost::default()));
                    self.kinds.len() - 1
                }
            };
            self.kinds[number].1 += Cost {
                calls: 1,
                total: time,
                own: time - frame.inner_time,
                bytes: bytes - frame.inner_bytes,
            };
            if let Some(caller) = self.frames.last_mut() {
                caller.inner_time += time;
                caller.inner_bytes += bytes;
            }
            if self.calls.len() < EVENTS {
                let start = frame.start - self.start;
                let (inputs, output) = (frame.inputs, output.cloned());
                self.calls.push(Call { kind: number, start, time, bytes, inputs, output });
            }
        }
    }

    fn finish(mut self) -> Profile {
        self.close(0, None);
        Profile::new(self.start.elapsed(), self.kinds, self.calls)
    }
}
