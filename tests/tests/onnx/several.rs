//! Several inputs and outputs under names of one's own, and a batch that is fixed.

use super::cases::{Cases, directory};
use super::{rng, sample};
use wengert::autograd::onnx::{self, Options, TraceError};
use wengert::ops::Attention;
use wengert::prelude::*;
use wengert::{Bilinear, OnnxOptions, export_onnx_with, onnx_graph, onnx_graph_with};

/// What something is, in numbers below 5.
fn kinds(count: usize) -> Array<usize> {
    Array::build([count], |x| x.iter_mut().enumerate().for_each(|(i, x)| *x = i * 3 % 5)).unwrap()
}

/// The most that is seen is not all, and each row sees something.
fn mask(dims: &[usize]) -> Array<bool> {
    Array::build(dims, |x| x.iter_mut().enumerate().for_each(|(i, x)| *x = i % 3 != 1)).unwrap()
}

/// An image and its kind.
#[derive(Module)]
struct Conditional {
    image: Linear,
    kind: Embedding,
    output: Linear,
}

type Sample = (Tensor, Array<usize>);

impl Conditional {
    fn new() -> Self {
        let rng = &mut rng();
        Conditional {
            image: Linear::new(6, 4, rng),
            kind: Embedding::new(5, 4, rng),
            output: Linear::new(4, 3, rng),
        }
    }

    /// What is inside, and the logits.
    fn run(&self, (image, kind): &Sample) -> (Tensor, Tensor) {
        let inside = (self.image.predict(&image.flatten(1, -1)) + self.kind.predict(kind)).tanh();
        let logits = self.output.predict(&inside);
        (inside, logits)
    }
}

fn no_parameters() -> Vec<(String, &'static Param)> {
    Vec::new()
}

#[test]
fn several_inputs_and_outputs_agree_with_onnx_runtime() {
    let mut cases = Cases::new("several");
    let samples = [1, 4].map(|count| (sample(&[count, 2, 3]), kinds(count)));
    let net = Conditional::new();
    let options = Options::new().inputs(["image", "kind"]).outputs(["inside", "logits"]);
    let graph = cases.add_with("conditional", |x| net.run(x), &samples, net.parameters(), &options);
    assert!(graph.inputs().eq(["image: f32[batch, 2, 3]", "kind: i64[batch]"]), "{graph}");
    assert!(graph.outputs().eq(["inside: f32[batch, 4]", "logits: f32[batch, 3]"]), "{graph}");

    // Two tensors, to a layer of ours; the other way round the weights would not fit.
    let pairs = [2, 5].map(|batch| (sample(&[batch, 3]), sample(&[batch, 4]).exp()));
    cases.net("bilinear", &Bilinear::<f32>::new(3, 4, 2, &mut rng()), &pairs);

    // A mask for each sample; one that all share; and the words that may be looked at, by their number.
    let attention = MultiHeadAttention::<f32>::new(8, 2, &mut rng());
    let attend = |x: &Tensor, mask: &Array<bool>| {
        attention.attend(x, x, Attention::new().mask(mask), &mut Mode::eval())
    };
    let options = Options::new().inputs(["x", "mask"]);
    let own = [2, 5].map(|batch| (sample(&[batch, 4, 8]), mask(&[batch, 1, 4, 4])));
    let graph =
        cases.add_with("attention_mask", |(x, m)| attend(x, m), &own, attention.parameters(), &options);
    assert!(graph.inputs().eq(["x: f32[batch, 4, 8]", "mask: bool[batch, 1, 4, 4]"]), "{graph}");
    let shared = [4, 5].map(|batch| (sample(&[batch, 4, 8]), mask(&[4, 4])));
    let options = options.without_batch(["mask"]);
    let graph =
        cases.add_with("shared_mask", |(x, m)| attend(x, m), &shared, attention.parameters(), &options);
    assert!(graph.inputs().eq(["x: f32[batch, 4, 8]", "mask: bool[4, 4]"]), "{graph}");

    // The first input has no batch, and what is made for each row takes its size from the second; one is in no output.
    let scaled = [2, 5].map(|batch| (Tensor::scalar(0.3_f32), sample(&[batch, 3]), sample(&[batch, 1])));
    let scale = |(by, x, _): &(Tensor, Tensor, Tensor)| {
        Tensor::concat(&[&(x * by), &Tensor::ones([x.dims()[0], 2])], 1)
    };
    cases.add_with("scale", scale, &scaled, no_parameters(), &Options::new());

    // Outputs of all kinds; one twice, and one that is an input.
    let all = |x: &Tensor| (vec![x.exp(), x.clone()], x.argmax(1), x.gt(0.5));
    cases.add_with("kinds", all, &[2, 5].map(|n| sample(&[n, 3])), no_parameters(), &Options::new());
    let twice = |x: &Tensor| {
        let y = x.sin();
        (y.clone(), y)
    };
    let graph =
        cases.add_with("twice", twice, &[2, 5].map(|n| sample(&[n, 3])), no_parameters(), &Options::new());
    assert!(graph.outputs().eq(["output_0: f32[batch, 3]", "output_1: f32[batch, 3]"]), "{graph}");

    // The batch of 2 is in the code.
    let options = Options::new().fixed_batch();
    let halves = |x: &Tensor| x.reshape([2, 6]).exp();
    let graph = cases.add_with("fixed", halves, &[sample(&[2, 2, 3])], no_parameters(), &options);
    assert!(graph.inputs().eq(["input: f32[2, 2, 3]"]), "{graph}");
    assert_eq!(graph.why_fixed(), Some("the options say so"));

    assert_eq!(cases.fixed, ["fixed"]);
    cases.compare();
}

#[test]
fn names_are_usual_where_none_are_given() {
    let pair = (sample::<f32>(&[2, 3]), sample::<f32>(&[2, 3]));
    let graph = onnx::trace(|(a, b): &(Tensor, Tensor)| a * b, &pair, no_parameters()).unwrap();
    assert_eq!(
        graph.to_string(),
        "\
input   input_0: f32[batch, 3]
input   input_1: f32[batch, 3]
output = Mul(input_0, input_1)
output  output: f32[batch, 3]
"
    );
}

/// Inputs are told apart though the example has one tensor twice, and from what the network holds.
#[test]
fn an_example_may_be_shared() {
    let x: Tensor = sample(&[2, 3]);
    let pair = (x.clone(), x.clone());
    for options in [Options::new(), Options::new().fixed_batch()] {
        let f = |(a, b): &(Tensor, Tensor)| a - b;
        let graph = onnx::trace_with(f, &pair, no_parameters(), &options).unwrap();
        assert!(graph.to_string().contains("output = Sub(input_0, input_1)"), "{graph}");
        let graph = onnx::trace_with(|(a, _)| a - &x, &pair, no_parameters(), &Options::new().fixed_batch());
        let graph = graph.unwrap().to_string();
        assert!(graph.contains("output = Sub(input_0, constant_2)"), "{graph}");
    }
}

#[test]
fn what_needs_its_batch_is_told_the_cure() {
    #[derive(Module)]
    struct Halves {
        count: usize,
    }
    impl Layer for Halves {
        fn forward(&self, x: &Tensor, _: &mut Mode) -> Tensor {
            x.reshape([self.count, 6]).exp()
        }
    }
    let (net, x) = (Halves { count: 2 }, sample(&[2, 2, 3]));
    let error = onnx_graph(&net, &x).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "the network cannot be exported: with a batch of another size than the 2 of the example the network fails: reshape"
        ),
        "{error}"
    );
    assert!(error.contains("use the option `fixed_batch` (of `export_onnx_with`"), "{error}");
    let options = OnnxOptions::new().fixed_batch();
    let path = directory("cure").join("net.onnx");
    let graph = export_onnx_with(&net, |net, x| net.predict(x), &x, &options, &path).unwrap();
    assert!(graph.outputs().eq(["output: f32[2, 6]"]), "{graph}");
    assert_eq!(std::fs::read(&path).unwrap(), graph.to_bytes().unwrap());

    // An operator without a form, which the example does not meet.
    let branch = |x: &Tensor| if x.dims()[0] > 2 { x.lgamma() } else { x.exp() };
    let error = onnx::trace(branch, &x, no_parameters()).unwrap_err();
    assert!(
        matches!(error, TraceError::OtherBatch { batch: 2, ref why } if why.starts_with("lgamma")),
        "{error}"
    );
    assert!(onnx::trace_with(branch, &x, no_parameters(), &options).is_ok());
    // What fails with the example as well fails as it does everywhere.
    let error = onnx::trace(|x: &Tensor| x.lgamma(), &x, no_parameters()).unwrap_err();
    assert!(matches!(error, TraceError::Unsupported(_)), "{error}");
    // A fixed batch does not hide what depends on numbers.
    let error = onnx::trace_with(|x: &Tensor| x * x.to_vec()[0], &x, no_parameters(), &options).unwrap_err();
    assert!(matches!(error, TraceError::DependsOnNumbers { .. }), "{error}");
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let net = Conditional::new();
    let x = (sample(&[2, 2, 3]), kinds(2));
    let refused = |options: OnnxOptions| {
        let error =
            onnx_graph_with(&net, |net, x| net.run(x), &x, &options).expect_err("this should be refused");
        error.to_string().strip_prefix("the network cannot be exported: ").unwrap().to_owned()
    };
    assert_eq!(
        refused(OnnxOptions::new().inputs(["image"])),
        "names of inputs: 1, inputs: 2\n  help: give a name to each, or to none; those given are image"
    );
    assert_eq!(
        refused(OnnxOptions::new().outputs(["a", "b", "c"])),
        "names of outputs: 3, outputs: 2\n  help: give a name to each, or to none; those given are a, b, c"
    );
    let taken = |name: &str| {
        format!(
            "an input or an output cannot be called {name:?}\n  help: each needs a name, which no other and no parameter has"
        )
    };
    assert_eq!(refused(OnnxOptions::new().inputs(["a", "b"]).outputs(["c", "a"])), taken("a"));
    assert_eq!(refused(OnnxOptions::new().inputs(["a", "kind.weight"])), taken("kind.weight"));
    assert_eq!(refused(OnnxOptions::new().inputs(["a", ""])), taken(""));
    assert_eq!(
        refused(OnnxOptions::new().without_batch(["mask"])),
        "no input is called \"mask\", which is said to be without a batch\n  help: the inputs are input_0, input_1"
    );
}
