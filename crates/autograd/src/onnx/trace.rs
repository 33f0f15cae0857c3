//! The recorder: while a network runs, every operator that passes the gate adds its form to a graph.
//!
//! A value is known by where its elements lie: a buffer and a layout. The recorder holds on to all values until it is done, so that no
//! buffer serves twice. What no operator has made, and is not the input, is a constant. Values that are no tensors, masks and indices,
//! pass no gate; whoever makes them says what they are by [`define`]. So does who knows a shorter form for several operators together.

use super::constant::{Constant, Data, Kind};
use super::form::{Operands, Unsupported};
use super::graph::{Depends, Entry, Graph, Id, Port, Source};
use super::output::Output;
use super::place::{AnyArray, Place};
use super::value::{Read, Value};
use crate::array::Array;
use crate::op::AnyOp;
use crate::scalar::{Element, Scalar};
use crate::tensor::Tensor;
use crate::watch::Watcher;
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::rc::Rc;

/// What has been recorded.
pub(super) struct Recorder {
    pub(super) values: Vec<Entry>,
    /// Of literals.
    pub(super) kind: Kind,
    known: HashMap<Place, Value>,
    /// Where a run of elements in row-major order begins, and how many there are.
    runs: HashMap<(usize, usize, usize), Value>,
    /// Buffers whose elements depend on the input.
    computed: HashMap<usize, ()>,
    /// Everything that was seen.
    held: Vec<Box<dyn Any>>,
}

const ON: Watcher = Watcher::ONNX;

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Lends the recorder. Values are made only while there is one.
#[track_caller]
pub(super) fn with<R>(f: impl FnOnce(&mut Recorder) -> R) -> R {
    RECORDER.with_borrow_mut(|recorder| {
        f(recorder.as_mut().expect("values of ONNX exist while a graph is recorded, and their operators run"))
    })
}

/// Runs `f`, whose inputs and parameters `begin` has made known, and gives the graph of its outputs.
pub(super) fn recorded<T: Scalar, Y: Output<T>>(
    begin: impl FnOnce(&mut Recorder),
    f: impl FnOnce() -> Y,
) -> Result<Graph, Rc<Unsupported>> {
    /// Puts back what was, also if `f` panics.
    struct Restore(bool, Option<Recorder>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ON.set(self.0);
            RECORDER.set(self.1.take());
        }
    }
    let mut recorder = Recorder {
        values: Vec::new(),
        kind: Kind::of::<T>(),
        known: HashMap::new(),
        runs: HashMap::new(),
        computed: HashMap::new(),
        held: Vec::new(),
    };
    begin(&mut recorder);
    let restore = Restore(ON.replace(true), RECORDER.replace(Some(recorder)));
    let y = crate::no_grad(f);
    let mut values = Vec::new();
    y.add_values(&mut values);
    let mut outputs: Vec<(Id, Port)> = Vec::new();
    for (value, port) in values {
        // What is given or held from the start cannot be an output by itself, and a value is one output.
        let is_fit = |id: Id| {
            let is_made = with(|recorder| matches!(recorder.values[id].source, Source::Node(_)));
            is_made && outputs.iter().all(|(output, _)| *output != id)
        };
        match &value.0 {
            Read::Missing(why) => return Err(why.clone()),
            Read::Of(id) if is_fit(*id) => outputs.push((*id, port)),
            _ => {
                let Read::Of(id) = value.then("Identity").0 else {
                    unreachable!("its input is in the graph")
                };
                outputs.push((id, port));
            }
        }
    }
    let recorder = RECORDER.take().expect("an inner trace puts back the outer one");
    drop(restore);
    let mut graph = Graph { values: recorder.values, outputs, fixed: None };
    graph.without_dead_values();
    Ok(graph)
}

impl Recorder {
    /// Makes an input known.
    pub(super) fn input<E: Element>(&mut self, name: &str, array: &Array<E>) {
        let source = Source::Input(Port::new(name, Kind::of::<E>(), array.shape().dims()));
        let value = self.add(Entry { source, depends: Depends::Input });
        self.know(array, value, true);
    }

    /// Makes a parameter known.
    pub(super) fn parameter<E: Element>(&mut self, name: String, array: &Array<E>) {
        if self.known.contains_key(&Place::of(array)) {
            return;
        }
        let source = Source::Constant(Constant { name: Some(name), data: Data::of(array) });
        let value = self.add(Entry { source, depends: Depends::Parameters });
        self.know(array, value, false);
    }

    /// Remembers what an array is.
    fn know(&mut self, array: &dyn AnyArray, value: Value, is_computed: bool) {
        let layout = array.layout();
        if layout.size() == 0 {
            return;
        }
        if is_computed {
            self.computed.insert(array.buffer(), ());
        }
        if layout.is_contiguous() {
            self.runs.insert((array.buffer(), layout.offset(), layout.size()), value.clone());
        }
        self.known.insert(Place::of(array), value);
        self.held.push(array.owner());
    }

    /// What an array is.
    pub(super) fn value_of(&mut self, array: &dyn AnyArray) -> Value {
        let layout = array.layout();
        if let Some(value) = self.known.get(&Place::of(array)).filter(|_| layout.size() > 0) {
            return value.clone();
        }
        if self.computed.contains_key(&array.buffer()) && layout.size() > 0 {
            let run = (array.buffer(), layout.offset(), layout.size());
            return match self.runs.get(&run).filter(|_| layout.is_contiguous()).cloned() {
                Some(Value(Read::Of(id))) => {
                    let shape = Value::sizes(layout.shape().dims());
                    let inputs = vec![Some(id), self.id(&shape)];
                    let node =
                        super::graph::Node { op: "Reshape", inputs, attributes: Vec::new(), output: 0 };
                    let depends = self.values[id].depends;
                    self.add(Entry { source: Source::Node(node), depends })
                }
                Some(missing) => missing,
                None => Value(Read::Missing(Rc::new(Unsupported {
                    operator: "an array whose elements were put in another order outside of operators".into(),
                    ..Unsupported::new("change the order by operators on tensors".into())
                }))),
            };
        }
        let source = Source::Constant(Constant { name: None, data: array.data() });
        let value = self.add(Entry { source, depends: Depends::Nothing });
        self.know(array, value.clone(), false);
        value
    }

    /// The path of the parameter that was used last on the way to these values.
    fn parameter_behind(&self, values: &[Value]) -> Option<String> {
        let mut next: Vec<Id> = values
            .iter()
            .filter_map(|value| match value.0 {
                Read::Of(id) => Some(id),
                _ => None,
            })
            .collect();
        let mut seen = vec![false; self.values.len()];
        while let Some(last) = next.iter().copied().max() {
            next.retain(|&id| id != last);
            if std::mem::replace(&mut seen[last], true) {
                continue;
            }
            let parameter = self.values[last].operands().find_map(|id| match &self.values[id].source {
                Source::Constant(Constant { name, .. }) => name.clone(),
                _ => None,
            });
            if parameter.is_some() {
                return parameter;
            }
            next.extend(self.values[last].operands());
        }
        None
    }
}

/// Adds the form of an operator, if a graph is being recorded.
#[inline]
pub(crate) fn value<T: Scalar>(
    op: &dyn AnyOp<T>,
    x: &[&Tensor<T>],
    y: &Array<T>,
    caller: &'static Location<'static>,
) {
    if ON.get() {
        add_form(op, x, y, caller);
    }
}

#[cold]
fn add_form<T: Scalar>(
    op: &dyn AnyOp<T>,
    x: &[&Tensor<T>],
    y: &Array<T>,
    caller: &'static Location<'static>,
) {
    let (values, is_known) = with(|recorder| {
        let values: Vec<Value> = x.iter().map(|x| recorder.value_of(x.array())).collect();
        (values, recorder.known.contains_key(&Place::of(y)))
    });
    // A view that changes nothing; or a call within which the value was already made.
    if is_known {
        return;
    }
    let operands = Operands { values, shapes: x.iter().map(|x| x.shape()).collect(), output: y.shape() };
    // What is made of what has no form has none either, and the first is to blame.
    let missing = operands.values.iter().find(|value| matches!(value.0, Read::Missing(_))).cloned();
    let value = missing.unwrap_or_else(|| op.onnx(&operands));
    // An operator may hold what depends on the input, such as a mask.
    let depends =
        operands.values.iter().chain([&value]).map(Value::depends).max().unwrap_or(Depends::Nothing);
    // Of literals alone a literal comes.
    if depends == Depends::Nothing {
        return;
    }
    keep(value, y, depends, &|| op.name(), &operands.values, caller);
}

/// Says what an array is in ONNX, where a graph is being recorded: one that passes no gate, such as a mask; or the result of several
/// operators, for which there is a shorter form, that takes the place of theirs.
///
/// ```
/// use autograd::{Tensor, onnx::{self, Value}};
/// fn relu6(x: &Tensor) -> Tensor {
///     let y = x.clamp(0.0, 6.0);
///     onnx::define("relu6", y.array(), || {
///         Value::node("Clip", &[&Value::of(x.array()), &Value::number(0.0), &Value::number(6.0)], &[])
///     });
///     y
/// }
/// assert_eq!(relu6(&Tensor::from([-1.0, 9.0])).to_vec(), [0.0, 6.0]);
/// ```
#[inline]
#[track_caller]
pub fn define<E: Element>(name: &str, y: &Array<E>, form: impl FnOnce() -> Value) {
    if ON.get() {
        let value = form();
        if value.depends_on_input() || matches!(value.0, Read::Missing(_)) {
            keep(value, y, Depends::Input, &|| name.into(), &[], Location::caller());
        }
    }
}

/// Remembers what an array is, and where it is nothing, who is to blame.
fn keep(
    value: Value,
    y: &dyn AnyArray,
    depends: Depends,
    name: &dyn Fn() -> String,
    x: &[Value],
    caller: &'static Location<'static>,
) {
    with(|recorder| {
        let value = match value.0 {
            // What depends on parameters alone is a constant, whatever has made it.
            Read::Missing(_) if depends < Depends::Input => return,
            Read::Missing(why) if why.operator.is_empty() => {
                let behind = recorder.parameter_behind(x);
                let why = Unsupported { operator: name(), caller: Some(caller), behind, ..(*why).clone() };
                Value(Read::Missing(Rc::new(why)))
            }
            // The same number everywhere.
            Read::Number(_) | Read::Absent | Read::Int(_) | Read::Ints(_) => return,
            _ => value,
        };
        recorder.know(y, value, depends == Depends::Input);
    });
}
