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

mod batch;
mod constant;
mod encode;
mod form;
mod graph;
mod input;
mod message;
mod trace;
mod value;

pub use encode::TooLarge;
pub use form::{Operands, Unsupported};
pub use graph::{Attribute, Graph};
pub use input::Input;
#[doc(hidden)]
pub use message::Message;
pub use trace::define;
pub(crate) use trace::value;
pub use value::Value;

use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::fmt;

/// Why there is no graph.
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
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraceError::Unsupported(unsupported) => unsupported.fmt(f),
            TraceError::DependsOnNumbers { what } => write!(
                f,
                "for other numbers in the input the graph is another one: {what} differs\n  help: what depends on the input has to be worked out by operators on tensors; look for `item`, `to_vec`, `at` and arrays made from them, and for branches that they decide"
            ),
        }
    }
}

impl std::error::Error for TraceError {}

/// The graph of what `f` computes, for inputs such as `example`. Tensors among `parameters` keep their names.
///
/// The function is run several times, without recording for gradients: on the rows of the example in batches of other sizes, and on other
/// numbers, which are those of the example in another order. Give an example of real data: what depends on numbers is not seen if
/// they are all alike.
///
/// # Errors
/// If an operator has no form in ONNX, or the graph depends on the numbers of the input.
pub fn trace<X: Input, T: Scalar, L: AsRef<Tensor<T>>>(
    f: impl Fn(&X) -> Tensor<T>,
    example: &X,
    parameters: impl IntoIterator<Item = (impl Into<String>, L)>,
) -> Result<Graph, TraceError> {
    let parameters: Vec<(String, L)> = parameters.into_iter().map(|(name, x)| (name.into(), x)).collect();
    let record = |x: &X| {
        let begin = |recorder: &mut trace::Recorder| {
            x.announce(recorder);
            for (name, parameter) in &parameters {
                recorder.parameter(name.clone(), parameter.as_ref().array());
            }
        };
        trace::recorded(begin, || f(x)).map_err(|why| TraceError::Unsupported((*why).clone()))
    };
    // Of two rows or more: a single one broadcasts where several do not.
    let open = match example.batch() {
        None => Err("the input has no axis of a batch".to_owned()),
        Some(rows) => {
            let sizes = [rows + 1, rows + 2];
            let [a, b] = sizes.map(|size| example.with_batch(size));
            batch::unified(&record(&a)?, &record(&b.varied())?, sizes)
        }
    };
    let mut graph = match open {
        Ok(graph) => graph,
        Err(why) => {
            let graph = record(example)?;
            if let Some(what) = batch::difference(&graph, &record(&example.varied())?) {
                return Err(TraceError::DependsOnNumbers { what });
            }
            Graph { fixed: Some(why), ..graph }
        }
    };
    graph.with_each_constant_once();
    Ok(graph)
}
