//! Networks as files of ONNX: three graphs against golden lists, what is refused and how, and every operator that has a form against
//! ONNX Runtime.
//!
//! The last needs Python with the packages onnx, onnxruntime and numpy, named by `WENGERT_PYTHON`; `cargo xtask python` sees to it all.
//! `UPDATE=1` writes the golden lists anew; look at them before you commit.

mod cases;
mod several;

use cases::{Cases, directory};
use std::path::Path;
use wengert::autograd::onnx::{self, Graph, TraceError, Value};
use wengert::autograd::{Axes, By, Call, NewAxis, Op, Padding, Routine, View};
use wengert::ops::{Attention, Relu, Sigmoid, Square, SumOf};
use wengert::prelude::*;
use wengert::{
    AvgPool2d, BatchNorm, BatchNorm2d, Gru, OnnxError, Pool, RmsNorm, Window, export_onnx, onnx_graph,
};

type Function = fn(&Tensor) -> Tensor;

fn rng() -> Rng {
    Rng::seed(1)
}

/// Numbers between -2 and 2.
fn sample<T: Scalar>(dims: &[usize]) -> Tensor<T> {
    Tensor::uniform(dims, T::of(-2.0), T::of(2.0), &mut Rng::seed(7))
}

fn mlp<T: Scalar>() -> Mlp<T> {
    Mlp::new(&[4, 16, 8, 3], Activation::Tanh, &mut rng())
}

/// Statistics that are not those of the beginning.
fn seasoned(mut norm: BatchNorm) -> BatchNorm {
    norm.parameters_mut().into_iter().for_each(|(path, param)| {
        let shift = if path == "running_var" { 1.5 } else { 0.2 };
        param.update(|values| values.iter_mut().enumerate().for_each(|(i, x)| *x += shift + 0.1 * i as f32));
    });
    norm
}

fn cnn() -> Sequential {
    let rng = &mut rng();
    Sequential::new()
        .then(Conv2d::new(1, 6, [3, 3], rng))
        .then(seasoned(BatchNorm2d::new(6)))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Dropout::new(0.5))
        .then(Flatten)
        .then(Linear::new(6 * 5 * 5, 10, rng))
}

/// Words, their places, and two causal blocks.
#[derive(Module)]
struct Transformer {
    words: Embedding,
    places: Param,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    output: Linear,
}

impl Transformer {
    fn new(count: usize) -> Self {
        let rng = &mut rng();
        let mut block = || TransformerBlock::new(16, 4, rng).causal().dropout(0.1);
        let blocks = (0..count).map(|_| block()).collect();
        Transformer {
            words: Embedding::new(20, 16, rng),
            places: Param::new(Tensor::normal([32, 16], 0.0, 1.0, rng)),
            blocks,
            norm: LayerNorm::new(16),
            output: Linear::new(16, 20, rng),
        }
    }
}

impl Layer<f32, Array<usize>> for Transformer {
    fn forward(&self, x: &Array<usize>, mode: &mut Mode) -> Tensor {
        let time = x.shape()[1] as isize;
        let mut h = self.words.forward(x, mode) + self.places.slice(0, ..time);
        for block in &self.blocks {
            h = block.forward(&h, mode);
        }
        self.output.forward(&self.norm.forward(&h, mode), mode)
    }
}

fn words(batch: usize, time: usize) -> Array<usize> {
    Array::build([batch, time], |x| x.iter_mut().enumerate().for_each(|(i, x)| *x = i * 7 % 20)).unwrap()
}

#[test]
fn three_graphs() {
    let graphs = [
        ("mlp", onnx_graph(&mlp::<f32>(), &sample(&[1, 4])).unwrap()),
        ("cnn", onnx_graph(&cnn(), &sample(&[1, 1, 12, 12])).unwrap()),
        ("transformer", onnx_graph(&Transformer::new(1), &words(1, 6)).unwrap()),
    ];
    for (name, graph) in graphs {
        assert_eq!(graph.why_fixed(), None, "{name}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/onnx/{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, graph.to_string()).unwrap();
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            graph.to_string() == golden,
            "{} differs from the graph of today; UPDATE=1 writes it anew:\n{graph}",
            path.display()
        );
    }
}

#[test]
fn parameters_have_their_paths_and_those_without_use_are_left_out() {
    let net = Transformer::new(2);
    let graph = onnx_graph(&net, &words(2, 6)).unwrap();
    let paths: Vec<String> = net.parameters().into_iter().map(|(path, _)| path).collect();
    assert!(graph.parameters().eq(paths.iter().map(String::as_str)));
    let all = (Linear::<f32>::new(2, 2, &mut rng()), Linear::<f32>::new(2, 2, &mut rng()));
    let graph = onnx::trace(|x: &Tensor| all.1.predict(x), &sample(&[1, 2]), all.parameters()).unwrap();
    assert_eq!(graph.parameters().collect::<Vec<_>>(), ["1.weight", "1.bias"]);
}

#[test]
fn names_are_given_once() {
    let w = sample(&[3]);
    let graph = onnx::trace(|x: &Tensor| x * &w, &sample(&[2, 3]), [("input", &w)]).unwrap();
    assert_eq!(
        graph.to_string(),
        "\
input   input_2: f32[batch, 3]
input: f32[3]
output = Mul(input_2, input)
output  output: f32[batch, 3]
"
    );
}

fn of(f: impl Fn(&Tensor) -> Tensor, dims: &[usize]) -> Result<Graph, TraceError> {
    onnx::trace(f, &sample(dims), std::iter::empty::<(&str, &Tensor)>())
}

/// What the error says, but for lines of sources.
#[track_caller]
fn refused(f: impl Fn(&Tensor) -> Tensor, dims: &[usize]) -> String {
    let text = of(f, dims).expect_err("this should have no graph").to_string();
    text.lines().filter(|line| !line.starts_with("  called at ")).collect::<Vec<_>>().join("\n")
}

/// An operator from outside without a form, and with one.
#[derive(Debug)]
struct Twice {
    has_form: bool,
}

impl<T: Scalar> Op<T, 1> for Twice {
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        x.map_into(y, |x| x + x);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy + dy
    }
    fn onnx(&self, x: &onnx::Operands<'_>) -> Value {
        if self.has_form { x[0].clone() + x[0].clone() } else { Value::unsupported("take it twice yourself") }
    }
}

#[test]
fn what_has_no_form_is_named() {
    assert_eq!(
        refused(|x| Twice { has_form: false }.apply([x]), &[2, 3]),
        "twice has no form in ONNX\n  help: take it twice yourself"
    );
    let text = refused(|x| x.lgamma(), &[2, 3]);
    assert!(
        text.starts_with("lgamma has no form in ONNX\n  help: write it in operators that have one"),
        "{text}"
    );

    let net = (Linear::<f32>::new(3, 3, &mut rng()), ());
    let error = onnx::trace(|x: &Tensor| net.0.predict(x).lgamma().exp(), &sample(&[2, 3]), net.parameters());
    let TraceError::Unsupported(unsupported) = error.unwrap_err() else { panic!("of another kind") };
    assert_eq!((unsupported.operator(), unsupported.behind()), ("lgamma", Some("0.weight")));
    assert!(unsupported.caller().unwrap().file().ends_with("main.rs"));
    // The first is to blame, and nobody if the output does not depend on it.
    assert!(refused(|x| x.lgamma().digamma(), &[2]).starts_with("lgamma"));
    assert!(
        of(
            |x| {
                x.lgamma();
                x.exp()
            },
            &[2]
        )
        .is_ok()
    );
    // What depends on no input is a constant.
    assert_eq!(
        of(|x| x * Tensor::ones([3]).lgamma(), &[2, 3]).unwrap().operators().collect::<Vec<_>>(),
        ["Mul"]
    );
}

/// Numbers that leave the tensors are seen, whatever becomes of them.
#[test]
fn what_depends_on_numbers_is_refused() {
    let differs = "for other numbers in the input the graph is another one";
    assert!(refused(|x| x * x.to_vec()[0], &[2, 3]).starts_with(differs));
    assert!(
        refused(|x| if x.to_vec()[0] > x.to_vec()[x.size() - 1] { x.exp() } else { x.sin() }, &[2, 3])
            .starts_with(differs)
    );
    assert!(
        refused(|x| x * Tensor::constant(x.array().contiguous().unwrap().clone()).to_vec()[1], &[4])
            .starts_with(differs)
    );
    assert!(
        refused(|x| Tensor::where_(&x.mask(|x| x > 0.5), x, &-x), &[2, 3]).starts_with("mask has no form")
    );
    // A sum is the same in any order.
    assert!(refused(|x| if x.mean().item() > 0.0 { x.exp() } else { x.sin() }, &[2, 3]).starts_with(differs));
    // An array that was turned outside of operators.
    let turned = refused(|x| x.matmul(&Tensor::constant(x.exp().array().permute(&[1, 0]).unwrap())), &[3, 3]);
    assert!(turned.contains("in another order outside of operators"), "{turned}");
    // The same of what does not depend on the input is a constant.
    assert!(of(|x| x * Tensor::<f32>::ones([3]).exp().to_vec()[0], &[2, 3]).is_ok());
}

#[test]
fn a_batch_that_matters_is_kept() {
    let graph = of(|x| x - x.sum_axes(0) / x.dims()[0] as f32, &[2, 3]).unwrap();
    let why = graph.why_fixed().unwrap();
    assert!(why.starts_with("the size of the batch is in a constant, f32[] = ["), "{why}");
    assert!(graph.to_string().contains("input: f32[2, 3]"), "{graph}");
    let graph = of(|x| x.reshape([3, x.dims()[0], 2]), &[2, 6]).unwrap();
    assert!(graph.to_string().ends_with("output  output: f32[3, batch, 2]\n"), "{graph}");
    let graph = of(|x| if x.dims()[0] > 3 { x.exp() } else { x.sin() }, &[2, 3]).unwrap();
    assert_eq!(graph.why_fixed(), Some("with another batch the network takes another way"));
    assert!(of(|x| x * 2.0, &[]).unwrap().why_fixed().unwrap().contains("no axis"));
}

#[test]
fn a_file_is_whole_or_not_there() {
    let directory = directory("whole");
    let path = directory.join("net.onnx");
    std::fs::write(&path, "before").unwrap();
    let graph = export_onnx(&mlp::<f32>(), &sample(&[1, 4]), &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), graph.to_bytes().unwrap());
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
    let missing = directory.join("missing/net.onnx");
    let error = export_onnx(&mlp::<f32>(), &sample(&[1, 4]), &missing).unwrap_err();
    assert!(matches!(&error, OnnxError::Io { path, .. } if *path == missing), "{error}");
    assert!(error.to_string().contains("help: see that the directory is there"), "{error}");
}

#[test]
fn networks_agree_with_onnx_runtime() {
    let mut cases = Cases::new("networks");
    cases.net("mlp", &mlp::<f32>(), &[sample(&[1, 4]), sample(&[7, 4])]);
    cases.net("mlp_f64", &mlp::<f64>(), &[sample(&[1, 4]), sample(&[7, 4])]);
    cases.net("cnn", &cnn(), &[sample(&[1, 1, 12, 12]), sample(&[7, 1, 12, 12])]);
    cases.net("transformer", &Transformer::new(2), &[words(1, 6), words(7, 6)]);
    let block = TransformerBlock::<f32>::new(16, 4, &mut rng()).causal();
    cases.net("transformer_block", &block, &[sample(&[1, 6, 16]), sample(&[7, 6, 16])]);
    let gru = Gru::<f32>::new(3, 5, &mut rng());
    cases.add(
        "gru",
        |x: &Tensor| gru.predict(x),
        &[sample(&[2, 4, 3]), sample(&[5, 4, 3])],
        gru.parameters(),
    );
    let norm = RmsNorm::<f32>::new(3);
    cases.net("rms_norm_and_mean", &(AverageOf(norm)), &[sample(&[1, 4, 3]), sample(&[5, 4, 3])]);
    let pool = Sequential::new().then(AvgPool2d::new([2, 2])).then(seasoned(BatchNorm2d::new(3)));
    cases.net("pool", &pool, &[sample(&[1, 3, 5, 5]), sample(&[5, 3, 5, 5])]);
    assert_eq!(cases.fixed, [""; 0]);
    cases.compare();
}

#[derive(Module)]
struct AverageOf(RmsNorm);

impl Layer for AverageOf {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        self.0.forward(x, mode).mean_axes(1)
    }
}

/// Matrices with a determinant that is not 0.
fn matrices(x: &Tensor) -> Tensor {
    x * 0.2 + Tensor::ones([3, 3]).triu(0).tril(0) * 2.0
}

#[test]
fn functions_agree_with_onnx_runtime() {
    let mut cases = Cases::new("functions");
    cases.functions(&[
        ("add", &[3], |x| x + x.exp()),
        ("sub", &[3], |x| 1.0 - x - x.exp()),
        ("mul", &[3], |x| x * x.exp() * 3.0),
        ("div", &[3], |x| 2.0 / (x / x.exp()) / 3.0),
        ("neg", &[3], |x| -x + 0.5),
        ("exp", &[3], |x| x.exp()),
        ("ln", &[3], |x| (x.abs() + 0.1).ln()),
        ("sqrt", &[3], |x| x.abs().sqrt()),
        ("powi", &[3], |x| x.powi(3) + x.powi(0) + x.powi(-2) + x.powi(2)),
        ("sin", &[3], |x| x.sin()),
        ("cos", &[3], |x| x.cos()),
        ("tanh", &[3], |x| x.tanh()),
        ("sigmoid", &[3], |x| x.sigmoid()),
        ("relu", &[3], |x| x.relu()),
        ("exp2", &[3], |x| x.exp2()),
        ("exp_m1", &[3], |x| x.exp_m1()),
        ("ln_1p", &[3], |x| x.abs().ln_1p()),
        ("log2", &[3], |x| (x.abs() + 0.1).log2()),
        ("log10", &[3], |x| (x.abs() + 0.1).log10()),
        ("gelu", &[3], |x| (x * 3.0).gelu()),
        ("gelu_tanh", &[3], |x| (x * 3.0).gelu_tanh()),
        ("silu", &[3], |x| x.silu()),
        ("mish", &[3], |x| x.mish()),
        ("hardsigmoid", &[3], |x| (x * 3.0).hardsigmoid()),
        ("hardswish", &[3], |x| (x * 3.0).hardswish()),
        ("softsign", &[3], |x| x.softsign()),
        ("glu", &[4], |x| x.glu(-1)),
        ("leaky_relu", &[3], |x| x.leaky_relu(0.1)),
        ("elu", &[3], |x| x.elu(0.7)),
        ("selu", &[3], |x| x.selu()),
        ("celu", &[3], |x| x.celu(0.7)),
        ("softplus", &[3], |x| x.softplus(1.0, f32::INFINITY) + x.softplus(2.0, 1.5)),
        ("log_sigmoid", &[3], |x| x.log_sigmoid()),
        ("powf", &[3], |x| x.abs().powf(1.7)),
        ("pow", &[3], |x| x.abs().pow(&x.exp())),
        ("recip", &[3], |x| x.recip()),
        ("square", &[3], |x| x.square()),
        ("rsqrt", &[3], |x| x.abs().rsqrt()),
        ("cbrt", &[3], |x| x.cbrt()),
        ("hypot", &[3], |x| x.hypot(&x.exp()) + (x * 1e20).hypot(&(x * 2e20)) * 1e-20),
        ("sign", &[3], |x| x.sign()),
        ("floor", &[3], |x| x.floor()),
        ("ceil", &[3], |x| x.ceil()),
        ("round", &[3], |x| x.round() + ((x * 2.0).round() * 0.5).round()),
        ("clamp", &[3], |x| x.clamp(-1.0, 0.5)),
        ("erf", &[3], |x| x.erf()),
        ("erfc", &[3], |x| x.erfc()),
        ("normal_cdf", &[3], |x| x.normal_cdf()),
        ("tan", &[3], |x| (x * 0.5).tan()),
        ("asin", &[3], |x| (x * 0.5).asin()),
        ("acos", &[3], |x| (x * 0.5).acos()),
        ("atan", &[3], |x| x.atan()),
        ("atan2", &[9], |x| {
            let zeros = x.round().clamp(-1.0, 1.0);
            zeros.atan2(&zeros.roll(1, 1)) + x.atan2(&x.roll(1, 1))
        }),
        ("sinh", &[3], |x| x.sinh()),
        ("cosh", &[3], |x| x.cosh()),
        ("lerp", &[3], |x| x.lerp(&x.exp(), &x.sigmoid())),
        ("abs", &[3], |x| x.abs()),
        ("matmul", &[3, 4], |x| x.matmul(&x.t()).matmul(&sample(&[3, 2]))),
        ("matmul_vector", &[4], |x| x.matmul(&sample(&[4]))),
        ("linear", &[3, 4], |x| x.linear(&sample(&[5, 4]), Some(&sample(&[5])))),
        ("linear_without_bias", &[4], |x| {
            x.linear(&sample(&[5, 4]), None).linear_then(&sample(&[2, 5]), None, Routine(Sigmoid))
        }),
        ("linear_then", &[4], |x| x.linear_then(&sample(&[5, 4]), Some(&sample(&[5])), Relu)),
        ("einsum", &[3, 4], |x| Tensor::einsum("bij,bkj,k->bi", &[x, &x.exp(), &sample(&[3])])),
        ("softmax", &[3, 4], |x| x.softmax(-1) + x.softmax(1)),
        ("log_softmax", &[3, 4], |x| x.log_softmax(-1) + x.log_softmax(1)),
        ("logsumexp", &[3, 4], |x| (x * 60.0).logsumexp(1)),
        ("sum", &[3, 4], |x| x.sum_axes([1, 2]).unsqueeze(-1) + x.sum_keepdims(-1).squeeze(-1)),
        ("mean", &[3, 4], |x| x.mean_axes([1]) + x.mean()),
        ("max", &[3, 4], |x| x.max_axes([1]) + x.max_keepdims(-1).mean_axes(1)),
        ("min", &[3, 4], |x| x.min_axes([1]) + x.min_keepdims(-1).mean_axes(1)),
        ("prod", &[3, 4], |x| x.prod_axes([1, 2])),
        ("var", &[3, 4], |x| {
            x.var_axes(-1, 1.0) + x.std_axes(-1, 0.0) + (x * 0.0).std_keepdims(-1, 1.0).squeeze(-1)
        }),
        ("norm", &[3, 4], |x| x.norm_axes(-1, 2.0) + x.norm_axes(-1, 1.0) + x.norm_axes(-1, 3.0)),
        ("norm_other", &[3, 4], |x| x.norm_axes(-1, f64::INFINITY) + x.round().norm_axes(-1, 0.0)),
        ("argmax", &[6, 4], |x| sample::<f32>(&[6, 2]).index_select(0, &x.argmax(1))),
        ("argmin", &[6, 4], |x| sample::<f32>(&[6, 2]).index_select(0, &x.argmin(1))),
        ("sort", &[5], |x| x.sort(1, true).0 * 2.0 + x.sort(-1, false).0),
        ("topk", &[5], |x| x.topk(2, 1, true).0),
        ("reshape", &[6], |x| x.reshape([x.dims()[0] * 2, 3]).exp().reshape([x.dims()[0], 3, 2])),
        ("permute", &[3, 4], |x| x.permute(&[2, 0, 1]).exp().transpose(0, 1)),
        ("squeeze", &[1, 4], |x| x.squeeze(1).unsqueeze(-1)),
        ("flatten", &[3, 4], |x| x.flatten(1, -1)),
        ("expand", &[1, 4], |x| {
            x.expand(&[-1, 3, -1]) + sample::<f32>(&[1, 1, 4]).expand(&[x.dims()[0] as isize, 3, 4])
        }),
        ("repeat", &[2], |x| x.repeat([1, 3]) + x.repeat_interleave(3, 1)),
        ("slice", &[7, 4], |x| x.slice(1, 2..5) + x.slice(-2, -3..) * x.slice_step(1, 6, 3, -2)),
        ("subscript", &[7, 4], |x| x.i((.., 3, 1..)) + x.i((.., -1, ..3))),
        ("subscript_step", &[7, 4], |x| x.i((.., By(.., -2), NewAxis, 0))),
        ("split", &[6], |x| x.chunk(3, 1)[1].clone() + &x.split(&[1, 2, 3], 1)[1]),
        ("concat", &[3], |x| Tensor::concat(&[x, &x.exp(), &x.slice(1, ..1)], -1)),
        ("stack", &[3], |x| Tensor::stack(&[x, &x.exp()], 1)),
        ("flip", &[3, 4], |x| x.flip([1, 2]) + x.flip(-1)),
        ("flip_batch", &[3], |x| x.flip(0)),
        ("roll", &[5], |x| x.roll(2, 1) - x.roll(-1, 1)),
        ("pad", &[3], |x| {
            x.pad(&[(1, 2)], Padding::Constant(0.0)) + x.pad(&[(2, 1)], Padding::Constant(-1.5))
        }),
        ("pad_reflect", &[3, 4], |x| x.pad(&[(1, 2), (3, 0)], Padding::Reflect)),
        ("pad_replicate", &[3, 4], |x| x.pad(&[(1, 2), (3, 0)], Padding::Replicate)),
        ("rows", &[3], |x| x.index_select(1, &Array::from_slice(&[2, 0, 2, 1]))),
        ("gather", &[3, 2], |x| x.gather(1, &Array::from_vec(vec![2, 0], [1, 2, 1]).unwrap())),
        ("take_along_axis", &[4], |x| x.take_along_axis(&x.argsort(1, true), 1)),
        ("scatter_add", &[3], |x| {
            x.scatter_add(1, &Array::from_vec(vec![2, 2], [1, 2]).unwrap(), &x.slice(1, ..2))
        }),
        ("one_hot", &[5], |x| Tensor::one_hot(&x.argmax(1), 5) * 2.0),
        ("where", &[3], |x| Tensor::where_(&(x.gt(0.5) | &x.lt(&x.sin())), x, &x.exp())),
        ("masked_fill", &[3], |x| x.masked_fill(&(!(x.ge(0.0) & x.le(1.0)) ^ x.ne(2.0)), 0.25)),
        ("comparison", &[3], |x| x.masked_fill(&x.round().eq(&x.ceil()), 0.25)),
        ("any", &[3, 2], |x| {
            x.masked_fill(&x.gt(1.0).any_axes(-1).reshape([x.dims()[0], 3, 1]).unwrap(), 0.5)
        }),
        ("all", &[3, 2], |x| x.sum_axes(-1).masked_fill(&x.gt(0.0).all_axes(-1), 0.5)),
        ("maximum", &[3], |x| x.maximum(&x.exp().sin()) + x.minimum(&x.exp().sin())),
        ("tril", &[3, 3], |x| x.tril(0) + x.triu(1) * 2.0),
        ("cumsum", &[3, 4], |x| x.cumsum(1) + x.cumsum(-1)),
        ("cumprod", &[3, 4], |x| x.cumprod(1)),
        ("diagonal", &[3, 4], |x| x.diagonal(1, [-2, -1]) + x.diagonal(0, [2, 1])),
        ("trace", &[3, 3], |x| x.trace().unsqueeze(-1)),
        ("unfold", &[7, 2], |x| x.unfold(1, 3, 2)),
        ("diag_embed", &[3], |x| x.diag_embed(1)),
        ("det", &[3, 3], |x| matrices(x).det().unsqueeze(-1)),
        ("conv1d", &[4, 9], |x| x.conv1d(&sample(&[6, 2, 3]), Window::new().stride(2).padding(1), 2)),
        ("conv2d", &[2, 9, 8], |x| x.conv2d(&sample(&[4, 2, 3, 2]), Window::new().dilation(2).padding(1), 1)),
        ("conv_transpose1d", &[4, 5], |x| {
            x.conv_transpose1d(&sample(&[4, 3, 3]), Window::new().stride(3).padding(1), [2], 2)
        }),
        ("conv_transpose2d", &[2, 5, 4], |x| {
            x.conv_transpose2d(&sample(&[2, 3, 3, 2]), Window::new().stride(2).dilation(2), [1, 0], 1)
        }),
        ("max_pool1d", &[2, 9], |x| x.max_pool1d(Pool::new([3]).stride(2).padding(1))),
        ("max_pool2d", &[2, 9, 8], |x| x.max_pool2d(Pool::new([3, 2]).stride(2).ceil_mode())),
        ("max_pool_of_planes", &[9, 8], |x| x.max_pool2d(Pool::new([2, 2]).dilation(2))),
        ("avg_pool1d", &[2, 9], |x| x.avg_pool1d(Pool::new([3]).stride(2))),
        ("avg_pool2d", &[2, 9, 8], |x| x.avg_pool2d(Pool::new([3, 2]))),
        ("avg_pool_padded", &[2, 9, 8], |x| {
            let pool = Pool::new([3, 3]).stride(2).padding(1).ceil_mode();
            x.avg_pool2d(pool) + x.avg_pool2d(pool.without_padding())
        }),
        ("avg_pool1d_padded", &[2, 9], |x| x.avg_pool1d(Pool::new([3]).padding(1))),
        ("adaptive_avg_pool2d", &[2, 9, 8], |x| x.adaptive_avg_pool2d([4, 3])),
        ("global_avg_pool2d", &[2, 9, 8], |x| x.adaptive_avg_pool2d([1, 1])),
        ("layer_norm", &[3, 4], |x| x.layer_norm(&sample(&[4]), &sample(&[4]), 1e-5)),
        ("rms_norm", &[3, 4], |x| x.rms_norm(&sample(&[4]), 1e-5)),
        ("group_norm", &[4, 3, 2], |x| x.group_norm(2, &sample(&[4]), &sample(&[4]), 1e-5)),
        ("instance_norm", &[4, 5], |x| x.instance_norm(&sample(&[4]), &sample(&[4]), 1e-5)),
        ("batch_norm_with", &[4], |x| {
            x.batch_norm_with([&sample(&[4]), &sample(&[4]).square()], &sample(&[4]), &sample(&[4]), 1e-3)
        }),
        ("attention", &[2, 5, 4], |x| {
            x.scaled_dot_product_attention(&x.exp(), &x.sin(), Attention::new().scale(0.3))
        }),
        ("attention_causal", &[5, 4], |x| {
            x.scaled_dot_product_attention(&x.slice(1, ..3), &x.slice(1, 2..), Attention::new().causal())
        }),
        ("attention_masked", &[5, 4], |x| {
            let mask = x.sum_axes(-1).gt(-0.5).reshape([x.dims()[0], 1, 5]).unwrap();
            let blind = x.sum_axes(-1).gt(0.0).reshape([x.dims()[0], 5, 1]).unwrap();
            x.scaled_dot_product_attention(x, x, Attention::new().causal().mask(&(mask & blind)))
        }),
        ("sum_of", &[3, 4], |x| SumOf::over(Square, Axes::from(-1), true).apply([x])),
        ("from_outside", &[3], |x| Twice { has_form: true }.apply([x])),
        ("identity", &[3], |x| x.clone()),
        ("zeros_of_the_batch", &[3], |x| Tensor::concat(&[x, &Tensor::ones([x.dims()[0], 2])], 1)),
        ("checkpoint", &[3], |x| wengert::autograd::checkpoint(|[x]| x.exp().sin(), [x])),
    ]);
    assert_eq!(cases.fixed, ["diag_embed"]);
    cases.compare();
}
