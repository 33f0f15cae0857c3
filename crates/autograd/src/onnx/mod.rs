//! Networks for other programs: what a function of tensors computes, as a graph of ONNX (Open Neural Network Exchange).
//!
//! [`trace`] runs the function and records the calls that pass the one gate. Each operator says its own form in ONNX, by
//! [`Op::onnx`](crate::Op::onnx): one operator of ONNX, or several, written as a formula over [`Value`]s. A
//! [`Pointwise`](crate::Pointwise) operator need not: its formula is one already.
//!
//! A graph is what was computed for one input. That it holds for others is tested: the function is run again on other numbers, and what
//! then differs is an error. With two sizes of the batch the graphs are compared as well; where they differ in nothing but that
//! size, it is left open in the graph.
//!
//! ```
//! use autograd::{Tensor, onnx};
//! let w = Tensor::from([[0.5_f32, -1.0], [2.0, 0.25]]);
//! let graph = onnx::trace(|x: &Tensor| x.matmul(&w).relu(), &Tensor::ones([3, 2]), [("w", &w)]).unwrap();
//! assert_eq!(graph.to_string(), "\
//! input   input: f32[batch, 2]
//! w: f32[2, 2]
//! matmul_2 = MatMul(input, w)
//! output = Relu(matmul_2)
//! output  output: f32[batch, 2]
//! ");
//! let file: Vec<u8> = graph.to_bytes().unwrap();
//! # assert!(!file.is_empty());
//! ```
//! Source: <https://onnx.ai/onnx/operators>, opset 17.

mod attribute;
mod batch;
mod constant;
mod encode;
mod form;
mod graph;
mod input;
mod message;
mod options;
mod output;
mod place;
mod trace;
mod value;

pub use attribute::Attribute;
pub use encode::TooLarge;
pub use form::{Operands, Unsupported};
pub use graph::Graph;
pub use input::Input;
#[doc(hidden)]
pub use message::Message;
pub use options::Options;
pub use output::Output;
pub use trace::define;
pub(crate) use trace::value;
pub use value::Value;

use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::fmt;

/// Why there is no graph.
///
/// ```
/// use autograd::{Tensor, onnx::{self, TraceError}};
/// let why = |f: fn(&Tensor) -> Tensor| {
///     let example = Tensor::from([[1.0_f32, 2.0], [3.0, 5.0]]);
///     onnx::trace(f, &example, [] as [(&str, &Tensor); 0]).unwrap_err()
/// };
/// let by_number = why(|x| x * x.sum().item()); // a number of this example, and of no other
/// assert!(matches!(by_number, TraceError::DependsOnNumbers { .. }));
/// let for_two_rows = why(|x| x.reshape([4]));
/// assert!(matches!(for_two_rows, TraceError::OtherBatch { batch: 2, .. }));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TraceError {
    /// An operator has no form in ONNX.
    Unsupported(Unsupported),
    /// The graph is another one for other numbers.
    DependsOnNumbers {
        /// What first differs.
        what: String,
    },
    /// With batches of another size than the example's the function fails.
    OtherBatch {
        /// How many rows the example has.
        batch: usize,
        /// What the function says: its panic, or which operator has no form.
        why: String,
    },
    /// Names of inputs or outputs do not fit.
    Names {
        /// Which, and why.
        problem: String,
        /// What to do.
        help: String,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceError::Unsupported(unsupported) => unsupported.fmt(f),
            TraceError::DependsOnNumbers { what } => write!(
                f,
                "for other numbers in the input the graph is another one: {what} differs\n  help: what depends on the input has to be worked out by operators on tensors; look for `item`, `to_vec`, `at` and arrays made from them, and for branches that they decide"
            ),
            TraceError::OtherBatch { batch, why } => write!(
                f,
                "with a batch of another size than the {batch} of the example the network fails: {why}\n  help: if it is for batches of {batch} only, use the option `fixed_batch` (of `export_onnx_with` or `trace_with`); if an input's first axis is not the batch, `without_batch`; else take the size from the input, as by `x.dims()[0]`"
            ),
            TraceError::Names { problem, help } => write!(f, "{problem}\n  help: {help}"),
        }
    }
}

impl std::error::Error for TraceError {}

/// The graph of what `f` computes, for inputs such as `example`. Tensors among `parameters` keep their names.
///
/// The function is run several times, without recording for gradients: on the rows of the example in batches of other sizes, and on other
/// numbers, which are those of the example in another order. Give an example of real data: what depends on numbers is not seen if
/// they are all alike. Several inputs are a tuple.
///
/// ```
/// use autograd::{Tensor, onnx};
/// let w = Tensor::from([0.5_f32, -1.0]);
/// let weighted = |x: &Tensor| (x * &w).sum_axes(1);
/// let graph = onnx::trace(weighted, &Tensor::from([[1.0, 2.0], [3.0, 4.0]]), [("w", &w)])?;
/// assert!(graph.operators().eq(["Mul", "ReduceSum"]));
/// assert!(graph.outputs().eq(["output: f32[batch]"]));
/// # Ok::<(), onnx::TraceError>(())
/// ```
///
/// # Errors
/// If an operator has no form in ONNX, the graph depends on the numbers of the input, or the function fails with a batch of another size.
pub fn trace<X: Input, T: Scalar, L: AsRef<Tensor<T>>>(
    f: impl Fn(&X) -> Tensor<T>,
    example: &X,
    parameters: impl IntoIterator<Item = (impl Into<String>, L)>,
) -> Result<Graph, TraceError> {
    trace_with(f, example, parameters, &Options::new())
}

/// As [`trace`], for one or several outputs, and with names and a batch as the options say: see [`Options`] for an example.
///
/// ```
/// use autograd::{Tensor, onnx};
/// let options = onnx::Options::new().outputs(["mean", "deviation"]);
/// let moments = |x: &Tensor| (x.mean_axes(1), x.std_axes(1, 0.0));
/// let example = Tensor::from([[1.0, 2.0], [3.0, 5.0]]);
/// let graph = onnx::trace_with(moments, &example, [] as [(&str, &Tensor); 0], &options)?;
/// assert!(graph.outputs().eq(["mean: f32[batch]", "deviation: f32[batch]"]));
/// # Ok::<(), onnx::TraceError>(())
/// ```
///
/// # Errors
/// As [`trace`]; and if the options name what there is not, or give a name twice.
pub fn trace_with<X: Input, T: Scalar, Y: Output<T>, L: AsRef<Tensor<T>>>(
    f: impl Fn(&X) -> Y,
    example: &X,
    parameters: impl IntoIterator<Item = (impl Into<String>, L)>,
    options: &Options,
) -> Result<Graph, TraceError> {
    let parameters: Vec<(String, L)> = parameters.into_iter().map(|(name, x)| (name.into(), x)).collect();
    let mut rows = Vec::new();
    example.add_rows(&mut rows);
    let names = options.input_names(rows.len())?;
    let record = |x: &X| {
        let begin = |recorder: &mut trace::Recorder| {
            x.announce(&mut names.iter(), recorder);
            for (name, parameter) in &parameters {
                recorder.parameter(name.clone(), parameter.as_ref().array());
            }
        };
        trace::recorded(begin, || f(x)).map_err(|why| TraceError::Unsupported((*why).clone()))
    };
    let example = || example.copied(&mut rows.iter().map(|_| None));
    let open = match options.batch(&rows, &names)? {
        Err(why) => Err(why),
        Ok((batch, is_batch)) => {
            // Of two rows or more: a single one broadcasts where several do not.
            let sizes = [batch + 1, batch + 2];
            let [a, b] =
                sizes.map(|size| example().copied(&mut is_batch.iter().map(|is| is.then_some(size))));
            match batch::attempted(|| Ok([record(&a)?, record(&b.varied())?])) {
                Ok([a, b]) => batch::unified(&a, &b, sizes),
                Err(why) => {
                    // What fails with the example as well has nothing to do with the batch.
                    record(&example())?;
                    return Err(TraceError::OtherBatch { batch, why });
                }
            }
        }
    };
    let plain = record(&example())?;
    // A function may refuse numbers below 0; then there is nothing to compare.
    let negated = batch::attempted(|| record(&example().negated()));
    if let Some(what) = negated.ok().and_then(|other| batch::difference(&plain, &other)) {
        return Err(TraceError::DependsOnNumbers { what });
    }
    let mut graph = match open {
        Ok(graph) => graph,
        Err(why) => {
            if let Some(what) = batch::difference(&plain, &record(&example().varied())?) {
                return Err(TraceError::DependsOnNumbers { what });
            }
            Graph { fixed: Some(why), ..plain }
        }
    };
    let names =
        options.output_names(graph.outputs.len(), parameters.iter().map(|(name, _)| name.as_str()))?;
    graph.outputs.iter_mut().zip(names).for_each(|((_, port), name)| port.name = name);
    graph.with_each_constant_once();
    Ok(graph)
}
