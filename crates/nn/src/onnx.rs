//! Networks as files of ONNX, which other programs run: ONNX Runtime, TensorRT, browsers.
//!
//! What operators are in ONNX they say themselves, see [`autograd::onnx`]. What is added here is the names: a parameter is called by
//! its path, and an error names the path behind which it lies.

use crate::files::replace;
use crate::layer::Layer;
use crate::module::Module;
pub use autograd::onnx::Options as OnnxOptions;
use autograd::onnx::{Graph, Input, Output, TooLarge, TraceError, trace_with};
use autograd::{Scalar, Tensor};
use std::io;
use std::path::{Path, PathBuf};
use std::{error, fmt};

/// Why a network could not be exported.
///
/// ```
/// use autograd::onnx::TraceError;
/// use nn::{Linear, OnnxError, OnnxOptions, Rng, Tensor, export_onnx, onnx_graph_with};
/// let (net, x) = (Linear::new(2, 1, &mut Rng::seed(0)), Tensor::from([[1.0_f32, -1.0], [-2.0, 5.0]]));
/// let nowhere = std::env::temp_dir().join("no/such/folder/net.onnx");
/// assert!(matches!(export_onnx(&net, &x, nowhere), Err(OnnxError::Io { .. })));
///
/// // A graph has no branch of Rust's: here one of the example's numbers decides.
/// let branch = |_: &Linear, x: &Tensor| if x.at([0, 0]) > 0.0 { x.exp() } else { x.square() };
/// let error = onnx_graph_with(&net, branch, &x, &OnnxOptions::new()).unwrap_err();
/// assert!(matches!(error, OnnxError::Trace(TraceError::DependsOnNumbers { .. })));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum OnnxError {
    /// The network has no graph in ONNX.
    Trace(TraceError),
    /// The file would be too large for its format.
    TooLarge(TooLarge),
    /// The file could not be written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl fmt::Display for OnnxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OnnxError::Trace(error) => write!(f, "the network cannot be exported: {error}"),
            OnnxError::TooLarge(error) => write!(f, "the network cannot be exported: {error}"),
            OnnxError::Io { path, source } => {
                write!(
                    f,
                    "{}: cannot be written: {source}\n  help: see that the directory is there, and may be written to",
                    path.display()
                )
            }
        }
    }
}

impl error::Error for OnnxError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            OnnxError::Trace(error) => Some(error),
            OnnxError::TooLarge(error) => Some(error),
            OnnxError::Io { source, .. } => Some(source),
        }
    }
}

/// The graph of a network in evaluation, for inputs such as `example`: a tensor, an `Array` of indices, or a tuple of several.
///
/// The first axis of inputs and output is the batch, and may have any size where the network allows it; if not,
/// [`Graph::why_fixed`] says why. All other sizes are those of the example, which should be real data: see
/// [`autograd::onnx::trace`]. Parameters are called by their paths. Printed, the graph is a list of its nodes.
///
/// ```
/// use nn::{Activation, Mlp, Rng, Tensor, onnx_graph};
/// let net = Mlp::new(&[4, 8, 3], Activation::Tanh, &mut Rng::seed(0));
/// let graph = onnx_graph(&net, &Tensor::<f32>::normal([2, 4], 0.0, 1.0, &mut Rng::seed(1)))?;
/// assert!(graph.inputs().eq(["input: f32[batch, 4]"]) && graph.outputs().eq(["output: f32[batch, 3]"]));
/// assert_eq!(graph.operators().filter(|operator| *operator == "Tanh").count(), 1);
/// # Ok::<(), nn::OnnxError>(())
/// ```
///
/// # Errors
/// If an operator has no form in ONNX; if what is computed depends on the numbers of the input, as where a branch does; or if the network
/// fails with batches of other sizes, for which [`OnnxOptions::fixed_batch`] is the cure.
pub fn onnx_graph<T: Scalar, X: Input>(
    net: &(impl Layer<T, X> + ?Sized),
    example: &X,
) -> Result<Graph, OnnxError> {
    onnx_graph_with(net, |net, x| net.predict(x), example, &OnnxOptions::new())
}

/// As [`onnx_graph`], of what `f` computes with the network, and with names and a batch as the options say: see [`export_onnx_with`].
///
/// ```
/// use nn::{Layer, Linear, OnnxOptions, Rng, Tensor, onnx_graph_with};
/// let net = Linear::<f32>::new(4, 3, &mut Rng::seed(0));
/// let both = |net: &Linear, x: &Tensor| (net.predict(x), net.predict(x).softmax(-1));
/// let options = OnnxOptions::new().outputs(["logits", "probabilities"]).fixed_batch();
/// let graph = onnx_graph_with(&net, both, &Tensor::ones([2, 4]), &options)?;
/// assert!(graph.outputs().eq(["logits: f32[2, 3]", "probabilities: f32[2, 3]"]));
/// # Ok::<(), nn::OnnxError>(())
/// ```
///
/// # Errors
/// As [`onnx_graph`]; and if the options name what there is not, or give a name twice.
pub fn onnx_graph_with<T: Scalar, M: Module<T> + ?Sized, X: Input, Y: Output<T>>(
    net: &M,
    f: impl Fn(&M, &X) -> Y,
    example: &X,
    options: &OnnxOptions,
) -> Result<Graph, OnnxError> {
    let parameters = net.parameters();
    let parameters =
        parameters.iter().map(|(path, param)| (path.as_str(), AsRef::<Tensor<T>>::as_ref(*param)));
    trace_with(|x| f(net, x), example, parameters, options).map_err(OnnxError::Trace)
}

/// Writes a network in evaluation to a file of ONNX, opset 17, and gives its [graph](onnx_graph). The file is there whole or not at all.
///
/// In ONNX Runtime, for Python: `InferenceSession("net.onnx").run(None, {"input": x})`.
///
/// ```
/// use nn::{Activation, Mlp, Rng, Tensor, export_onnx};
/// let net = Mlp::new(&[4, 8, 3], Activation::Tanh, &mut Rng::seed(0));
/// let path = std::env::temp_dir().join("wengert_export_onnx_example.onnx");
/// let graph = export_onnx(&net, &Tensor::<f32>::ones([1, 4]), &path)?;
/// assert!(graph.has_any_batch());
/// assert!(graph.parameters().eq(["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::OnnxError>(())
/// ```
///
/// # Errors
/// As [`onnx_graph`]; and if the file would have 2 GiB or more, or cannot be written.
#[doc(alias = "onnx.export")]
pub fn export_onnx<T: Scalar, X: Input>(
    net: &(impl Layer<T, X> + ?Sized),
    example: &X,
    path: impl AsRef<Path>,
) -> Result<Graph, OnnxError> {
    written(onnx_graph(net, example)?, path.as_ref())
}

/// As [`export_onnx`], of what `f` computes with the network: from several inputs, a tuple, and with several outputs, a tuple or a vector.
/// The options name them, and say what of them is a batch. For a layer `f` is `|net, x| net.predict(x)`.
///
/// ```
/// use autograd::Array;
/// use nn::{Embedding, Layer, Linear, OnnxOptions, Rng, Tensor, export_onnx_with};
/// let rng = &mut Rng::seed(0);
/// let net = (Linear::<f32>::new(4, 3, rng), Embedding::<f32>::new(10, 3, rng));
/// let example = (Tensor::ones([2, 4]), Array::from_slice(&[7, 0]));
/// let options = OnnxOptions::new().inputs(["image", "kind"]).outputs(["score"]);
/// let path = std::env::temp_dir().join("wengert_export_onnx_with_example.onnx");
/// let graph = export_onnx_with(
///     &net,
///     |net, (image, kind)| (net.0.predict(image) * net.1.predict(kind)).sum_axes(-1),
///     &example,
///     &options,
///     &path,
/// )?;
/// assert!(graph.inputs().eq(["image: f32[batch, 4]", "kind: i64[batch]"]));
/// assert!(graph.outputs().eq(["score: f32[batch]"]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::OnnxError>(())
/// ```
///
/// # Errors
/// As [`export_onnx`]; and if the options name what there is not, or give a name twice.
pub fn export_onnx_with<T: Scalar, M: Module<T> + ?Sized, X: Input, Y: Output<T>>(
    net: &M,
    f: impl Fn(&M, &X) -> Y,
    example: &X,
    options: &OnnxOptions,
    path: impl AsRef<Path>,
) -> Result<Graph, OnnxError> {
    written(onnx_graph_with(net, f, example, options)?, path.as_ref())
}

/// The graph, once it is in a file.
fn written(graph: Graph, path: &Path) -> Result<Graph, OnnxError> {
    let bytes = graph.to_bytes().map_err(OnnxError::TooLarge)?;
    replace(path, |out| out.write_all(&bytes))
        .map_err(|source| OnnxError::Io { path: path.to_path_buf(), source })?;
    Ok(graph)
}
