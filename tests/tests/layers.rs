//! Layers against PyTorch's: parameters by their names there, outputs, and gradients; and what is random in training.

use serde_json::Value;
use std::sync::LazyLock;
use tests::golden::{assert_close, labels, tensor};
use wengert::autograd::ops::Attention;
use wengert::autograd::{Array, no_grad};
use wengert::prelude::*;
use wengert::{
    AdaptiveAvgPool2d, AvgPool2d, Bilinear, Cell, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Dropout,
    Embedding, Flatten, GroupNorm, Gru, LayerNorm, Lstm, MaxPool2d, MultiHeadAttention, Path, Pool,
    Recurrent, Residual, RmsNorm, Rnn, Sequential, TransformerBlock, Unflatten, Window,
};

const TOLERANCE: f64 = 1e-10;

static GOLDEN: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../golden/layers.json")).expect("golden/layers.json")
});

/// Gives a layer the parameters of an entry, and compares output and gradients. The names and shapes of the parameters
/// are compared on the way.
fn compare<X>(
    name: &str,
    mut layer: impl Layer<f64, X>,
    x: &X,
    dx: impl Fn(&Gradients<f64>) -> Option<Tensor<f64>>,
) {
    let entry = &GOLDEN[name];
    let named = entry["parameters"].as_object().expect("parameters by name");
    let mut paths: Vec<String> = layer.parameters().into_iter().map(|(path, _)| path).collect();
    paths.sort();
    let mut names: Vec<&String> = named.keys().collect();
    names.sort();
    assert_eq!(paths.iter().collect::<Vec<_>>(), names, "{name}");
    for (path, param) in layer.parameters_mut() {
        let given = tensor(&named[&path]);
        assert_eq!(param.shape(), given.shape(), "{name}: {path}");
        param.update(|w| w.copy_from_slice(&given.to_vec()));
    }
    let y = layer.forward(x, &mut Mode::eval());
    let expected = tensor(&entry["y"]);
    assert_eq!(y.shape(), expected.shape(), "{name}");
    assert_close(name, &y.to_vec(), &expected.to_vec(), TOLERANCE);
    // In training the same: nothing here is random.
    let again = no_grad(|| layer.forward(x, &mut Mode::train(&mut Rng::seed(0))));
    assert_eq!(again.to_vec(), y.to_vec(), "{name} in training");
    let grads = y.backward_from(&tensor(&entry["cotangent"]));
    for (path, param) in layer.parameters() {
        let expected = tensor(&entry["gradients"][&path]).to_vec();
        assert_close(&format!("{name}: d{path}"), &grads[param].to_vec(), &expected, TOLERANCE);
    }
    if let Some(dx) = dx(&grads) {
        assert_close(&format!("{name}: dx"), &dx.to_vec(), &tensor(&entry["dx"]).to_vec(), TOLERANCE);
    }
}

/// As above, of a tensor.
fn same(name: &str, layer: impl Layer<f64>) {
    let x = tensor(&GOLDEN[name]["x"]).requires_grad();
    compare(name, layer, &x, |grads| Some(grads[&x].clone()));
}

#[test]
fn convolutions_are_those_of_pytorch() {
    let rng = &mut Rng::seed(0);
    same("conv1d", Conv1d::grouped(4, 6, [3], 2, rng).window(Window::new().stride(2).padding(1)));
    let window = Window { stride: [2, 1], padding: [1, 0], dilation: [1, 2] };
    same("conv2d", Conv2d::new(2, 3, [3, 2], rng).window(window));
    same("conv2d without bias", Conv2d::new(2, 2, [1, 1], rng).without_bias());
    let up = ConvTranspose1d::grouped(4, 6, [3], 2, rng).output_padding([1]);
    same("conv transpose1d", up.window(Window::new().stride(2).padding(1)));
    let window = Window { stride: [2, 1], padding: [1, 0], dilation: [1, 1] };
    same("conv transpose2d", ConvTranspose2d::new(3, 2, [3, 2], rng).window(window));
}

#[test]
fn normalisations_are_those_of_pytorch() {
    same("layer norm", LayerNorm::new(4));
    same("rms norm", RmsNorm::new(4));
    same("group norm", GroupNorm::new(2, 4));
}

#[test]
fn pools_are_those_of_pytorch() {
    same("max pool", MaxPool2d(Pool::new([2, 3]).stride(2)));
    same("mean pool", AvgPool2d::new([2, 2]));
    same("adaptive pool", AdaptiveAvgPool2d([2, 3]));
}

#[test]
fn embeddings_are_those_of_pytorch() {
    let indices = labels(&GOLDEN["embedding"]["x"]["values"]);
    let x = Array::from_vec(indices, [2, 2]).expect("four");
    compare("embedding", Embedding::new(5, 3, &mut Rng::seed(0)), &x, |_| None);
}

#[test]
fn attention_is_that_of_pytorch() {
    let new = || MultiHeadAttention::new(4, 2, &mut Rng::seed(0));
    same("attention", new());
    same("causal attention", new().causal());
    #[derive(Module)]
    #[module(scalar = f64)]
    struct Cross(MultiHeadAttention<f64>);
    /// As a layer, beside a memory.
    impl Layer<f64> for Cross {
        fn forward(&self, x: &Tensor<f64>, _: &mut Mode) -> Tensor<f64> {
            self.0.attend(x, &tensor(&GOLDEN["memory"]), Attention::new(), &mut Mode::eval())
        }
    }
    same("cross attention", Cross(new()));
}

#[test]
fn transformer_blocks_are_those_of_pytorch() {
    let new = || TransformerBlock::new(4, 2, &mut Rng::seed(0));
    same("block", TransformerBlock { norm_first: false, ..new() });
    same("causal block", new().causal());
}

/// Later places change nothing for those before.
#[test]
fn a_causal_block_sees_no_future() {
    let block = TransformerBlock::<f64>::new(8, 2, &mut Rng::seed(0)).causal();
    let x = Tensor::normal([1, 6, 8], 0.0, 1.0, &mut Rng::seed(1));
    let changed = Tensor::concat(&[&x.slice(1, ..4), &(x.slice(1, 4..) + 1.0)], 1);
    let [y, z] = [&x, &changed].map(|x| block.predict(x));
    assert_eq!(y.slice(1, ..4).to_vec(), z.slice(1, ..4).to_vec());
    assert!(y.slice(1, 4..).to_vec() != z.slice(1, 4..).to_vec());
}

/// Of what attention adds, of the units within the network, and of what the network adds, as in PyTorch's `TransformerEncoderLayer`.
#[test]
fn dropout_in_a_block_is_in_its_three_places() {
    let block = TransformerBlock::<f64>::new(8, 2, &mut Rng::seed(0)).dropout(0.5);
    let x = Tensor::normal([3, 5, 8], 0.0, 1.0, &mut Rng::seed(1));
    let (mut rng, mut by_hand) = (Rng::seed(2), Rng::seed(2));
    let y = block.forward(&x, &mut Mode::train(&mut rng));
    let mode = &mut Mode::train(&mut by_hand);
    let added = block.self_attn.forward(&block.norm1.forward(&x, mode), mode);
    let h = &x + block.drop.forward(&added, mode);
    let units = block.drop.forward(&block.linear1.forward(&block.norm2.forward(&h, mode), mode).gelu(), mode);
    let expected = &h + block.drop.forward(&block.linear2.forward(&units, mode), mode);
    assert_eq!(y.to_vec(), expected.to_vec());
}

#[test]
fn dropout_in_a_block_is_of_training_alone() {
    let block = TransformerBlock::<f64>::new(8, 2, &mut Rng::seed(0)).dropout(0.5);
    let x = Tensor::normal([1, 6, 8], 0.0, 1.0, &mut Rng::seed(1));
    let train = |seed| block.forward(&x, &mut Mode::train(&mut Rng::seed(seed))).to_vec();
    assert!(train(0) == train(0) && train(0) != train(1) && train(0) != block.predict(&x).to_vec());
}

#[test]
fn recurrent_layers_are_those_of_pytorch() {
    let rng = &mut Rng::seed(0);
    same("rnn", Rnn::new(3, 4, rng));
    same("lstm", Lstm::stack(3, 4, 2, rng));
    same("gru", Gru::stack(3, 4, 2, rng));
}

/// A sequence in two parts, the second with the state of the first, is the sequence; one of no places has no outputs.
#[test]
fn a_recurrent_layer_goes_on_from_its_state() {
    fn goes_on<C: Cell>(layer: &Recurrent<C, f64>) {
        let x = Tensor::normal([2, 5, 3], 0.0, 1.0, &mut Rng::seed(1));
        let (y, states) = layer.run(&x, None, &mut Mode::eval());
        let (first, between) = layer.run(&x.slice(1, ..2), None, &mut Mode::eval());
        let (second, last) = layer.run(&x.slice(1, 2..), Some(&between), &mut Mode::eval());
        assert_eq!(Tensor::concat(&[&first, &second], 1).to_vec(), y.to_vec());
        let values = |states: &[Vec<Tensor<f64>>]| -> Vec<Vec<f64>> {
            states.iter().flatten().map(|x| x.to_vec()).collect()
        };
        assert_eq!(values(&last), values(&states));
        assert_eq!(layer.run(&x.slice(1, ..0), None, &mut Mode::eval()).0.dims(), [2, 0, 4]);
    }
    let rng = &mut Rng::seed(0);
    goes_on(&Rnn::stack(3, 4, 2, rng));
    goes_on(&Lstm::stack(3, 4, 2, rng));
    goes_on(&Gru::stack(3, 4, 2, rng));
}

/// Outputs and last states of both directions, in the order of PyTorch: of each kind of state, all runs.
#[test]
fn recurrent_layers_that_run_both_ways_are_those_of_pytorch() {
    struct All<C>(Recurrent<C, f64>);
    impl<C: Cell> Module<f64> for All<C> {
        fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<f64>)) {
            self.0.visit(path, see);
        }
        fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<f64>)) {
            self.0.visit_mut(path, see);
        }
    }
    impl<C: Cell> Layer<f64> for All<C> {
        fn forward(&self, x: &Tensor<f64>, mode: &mut Mode) -> Tensor<f64> {
            let (y, states) = self.0.run(x, None, mode);
            let mut all = vec![y.flatten(0, -1)];
            for kind in 0..C::STATES {
                all.extend(states.iter().map(|state| state[kind].flatten(0, -1)));
            }
            Tensor::concat(&all.iter().collect::<Vec<_>>(), 0)
        }
    }
    let rng = &mut Rng::seed(0);
    same("both ways rnn", All(Rnn::bidirectional(3, 4, 1, rng)));
    same("both ways lstm", All(Lstm::bidirectional(3, 4, 2, rng)));
    same("both ways gru", All(Gru::bidirectional(3, 4, 2, rng)));
}

/// States that are given are those from which either direction starts: backwards, at the last time.
#[test]
fn both_directions_start_from_their_states() {
    let gru = Gru::bidirectional(3, 4, 1, &mut Rng::seed(0));
    let x = Tensor::<f64>::normal([2, 5, 3], 0.0, 1.0, &mut Rng::seed(1));
    let mode = &mut Mode::eval();
    let (y, states) = gru.run(&x, None, mode);
    // Backwards, what comes later is run first.
    let (_, later) = gru.run(&x.slice(1, 3..), None, mode);
    let start = [vec![Tensor::zeros([2, 4])], later[1].clone()];
    let (earlier, last) = gru.run(&x.slice(1, ..3), Some(&start), mode);
    assert_eq!(earlier.to_vec(), y.slice(1, ..3).to_vec());
    assert_eq!(last[1][0].to_vec(), states[1][0].to_vec());
    assert_eq!(gru.run(&x.slice(1, ..0), None, mode).0.dims(), [2, 0, 8]);
}

#[test]
#[should_panic(expected = "recurrent layer: expected 2 states of 1 tensors each, found 1 states\n  help: ")]
fn each_direction_has_a_state() {
    let gru = Gru::<f64>::bidirectional(3, 4, 1, &mut Rng::seed(0));
    gru.run(&Tensor::zeros([2, 5, 3]), Some(&[vec![Tensor::zeros([2, 4])]]), &mut Mode::eval());
}

/// What goes from one layer to the next is left out in part, and nothing of what the last one gives.
#[test]
fn dropout_lies_between_recurrent_layers() {
    let stack = Lstm::<f64>::stack(3, 4, 2, &mut Rng::seed(0)).dropout(0.4);
    let x = Tensor::normal([2, 5, 3], 0.0, 1.0, &mut Rng::seed(1));
    let alone = |i: usize| {
        let mut one = stack.clone();
        one.layers = vec![stack.layers[i].clone()];
        one
    };
    let train = |layer: &Lstm<f64>, x: &Tensor<f64>| layer.forward(x, &mut Mode::train(&mut Rng::seed(2)));
    let between = Dropout::new(0.4).forward(&alone(0).predict(&x), &mut Mode::train(&mut Rng::seed(2)));
    assert_eq!(train(&stack, &x).to_vec(), alone(1).predict(&between).to_vec());
    assert_eq!(train(&alone(0), &x).to_vec(), alone(0).predict(&x).to_vec(), "one layer has no next one");
    assert_eq!(stack.predict(&x).to_vec(), alone(1).predict(&alone(0).predict(&x)).to_vec());
}

#[test]
fn bilinear_layers_are_those_of_pytorch() {
    #[derive(Module)]
    #[module(scalar = f64)]
    struct Both(Bilinear<f64>);
    impl Layer<f64> for Both {
        fn forward(&self, x: &Tensor<f64>, mode: &mut Mode) -> Tensor<f64> {
            self.0.forward(&(x.slice(-1, ..3), x.slice(-1, 3..)), mode)
        }
    }
    let rng = &mut Rng::seed(0);
    same("bilinear", Both(Bilinear::new(3, 4, 2, rng)));
    same("bilinear without bias", Both(Bilinear::new(3, 4, 2, rng).without_bias()));
    let bilinear = Bilinear::<f64>::new(100, 4, 50, rng);
    let largest = bilinear.weight.abs().max().item();
    assert!((0.099..=0.1).contains(&largest) && bilinear.bias.expect("one").abs().max().item() <= 0.1);
}

#[test]
#[should_panic(
    expected = "Bilinear: inputs of shapes [2, 3] and [3, 4] do not fit the weight [2, 3, 4]\n  help: "
)]
fn both_inputs_are_of_one_batch() {
    Bilinear::<f64>::new(3, 4, 2, &mut Rng::seed(0)).of(&Tensor::zeros([2, 3]), &Tensor::zeros([3, 4]));
}

#[test]
fn the_weights_of_attention_are_those_of_pytorch() {
    #[derive(Module)]
    #[module(scalar = f64)]
    struct Weights(MultiHeadAttention<f64>);
    impl Layer<f64> for Weights {
        fn forward(&self, x: &Tensor<f64>, mode: &mut Mode) -> Tensor<f64> {
            let all = x.linear(&self.0.in_proj_weight, Some(&self.0.in_proj_bias));
            let part = |i: isize| all.slice(-1, 4 * i..4 * i + 4).reshape([2, 3, 2, 2]).transpose(1, 2);
            let nothing = self.0.forward(x, mode).sum() * 0.0;
            Attention::new().causal().weights(&part(0), &part(1)) + nothing
        }
    }
    same("attention weights", Weights(MultiHeadAttention::new(4, 2, &mut Rng::seed(0))));
}

#[test]
#[should_panic(expected = "queries and keys are not equally wide")]
fn weights_are_of_queries_and_keys_that_fit() {
    Attention::new().weights(&Tensor::<f64>::zeros([2, 3]), &Tensor::zeros([2, 4]));
}

/// In training, weights are left out, and the others are divided by what is left.
#[test]
fn dropout_in_attention_is_of_its_weights() {
    let attention = MultiHeadAttention::<f64>::new(4, 2, &mut Rng::seed(0)).causal().dropout(0.5);
    let x = Tensor::normal([2, 3, 4], 0.0, 1.0, &mut Rng::seed(1)).requires_grad();
    let all = x.linear(&attention.in_proj_weight, Some(&attention.in_proj_bias));
    let part = |i: isize| all.slice(-1, 4 * i..4 * i + 4).reshape([2, 3, 2, 2]).transpose(1, 2);
    let rng = &mut Rng::seed(2);
    let weights = Dropout::new(0.5)
        .forward(&Attention::new().causal().weights(&part(0), &part(1)), &mut Mode::train(rng));
    let mixed = weights.matmul(&part(2)).transpose(1, 2).reshape([2, 3, 4]);
    let expected = attention.out_proj.forward(&mixed, &mut Mode::eval());
    let y = attention.forward(&x, &mut Mode::train(&mut Rng::seed(2)));
    assert_close("dropped", &y.to_vec(), &expected.to_vec(), TOLERANCE);
    assert!(y.to_vec() != attention.predict(&x).to_vec());
    let [dy, expected] = [y, expected].map(|y| y.sum().backward()[&x].to_vec());
    assert_close("its gradient", &dy, &expected, TOLERANCE);
    // Nothing left out, and in evaluation: the operator that never has all weights.
    let all = MultiHeadAttention { drop: Dropout::new(0.0), ..attention.clone() };
    let y = all.forward(&x, &mut Mode::train(&mut Rng::seed(2)));
    assert_eq!(y.to_vec(), attention.predict(&x).to_vec());
    // In a block, beside the dropout of what is added.
    let block = TransformerBlock::<f64>::new(4, 2, &mut Rng::seed(0)).attention_dropout(0.5);
    let train = |seed| block.forward(&x, &mut Mode::train(&mut Rng::seed(seed))).to_vec();
    assert!(train(0) == train(0) && train(0) != train(1) && train(0) != block.predict(&x).to_vec());
}

/// Stochastic depth is dropout of samples at the end of a branch: a sample passes beside the branch, or takes it in full.
#[test]
fn a_branch_is_left_out_for_a_sample_as_a_whole() {
    let branch = Linear::<f64>::new(3, 3, &mut Rng::seed(0));
    let block = Residual(Sequential::default().then(branch.clone()).then(Dropout::samples(0.2)));
    let x = Tensor::normal([1000, 3], 0.0, 1.0, &mut Rng::seed(1));
    let (added, whole) =
        (block.forward(&x, &mut Mode::train(&mut Rng::seed(2))) - &x, branch.predict(&x) / 0.8);
    let mut left_out = 0;
    for (added, whole) in added.to_vec().chunks(3).zip(whole.to_vec().chunks(3)) {
        let expected = if added == [0.0; 3] { &[0.0; 3] } else { whole };
        assert_close("a sample", added, expected, TOLERANCE);
        left_out += usize::from(added == [0.0; 3]);
    }
    // Five deviations of the number of samples.
    assert!((left_out as f64 - 200.0).abs() < 64.0, "{left_out}");
    assert_eq!(block.predict(&x).to_vec(), (&x + branch.predict(&x)).to_vec());
}

#[test]
fn a_sequence_has_the_names_of_pytorch() {
    let rng = &mut Rng::seed(0);
    let net = Sequential::default()
        .then(Conv2d::new(1, 2, [3, 3], rng))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Flatten)
        .then(Linear::new(8, 3, rng));
    same("sequential", net);
}

#[test]
fn a_residual_layer_adds_its_input_and_adds_no_name() {
    let inner = Linear::<f64>::new(3, 3, &mut Rng::seed(0));
    let block = Residual(inner.clone());
    let x = Tensor::from([[1.0, -2.0, 0.5]]);
    assert_eq!(block.predict(&x).to_vec(), (&x + inner.predict(&x)).to_vec());
    let paths: Vec<String> = block.parameters().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["weight", "bias"]);
}

/// What is left out is left out as a whole, what is left keeps the mean, and the gradient passes where the value has.
#[test]
fn dropout_leaves_out_elements_channels_and_samples() {
    for (drop, whole) in [(Dropout::new(0.25), 1), (Dropout::channels(0.25), 5), (Dropout::samples(0.25), 20)]
    {
        let x = Tensor::<f64>::ones([500, 4, 5]).requires_grad();
        let y = drop.forward(&x, &mut Mode::train(&mut Rng::seed(1)));
        let values = y.to_vec();
        for unit in values.chunks(whole) {
            assert!(
                unit.iter().all(|&y| y == unit[0]) && [0.0, 1.0 / 0.75].contains(&unit[0]),
                "{drop:?}: {unit:?}"
            );
        }
        // The deviation of the mean of n units that are 0 with probability 1/4.
        let deviation = (1.0 / 3.0 / (10_000 / whole) as f64).sqrt();
        assert!((y.mean().item() - 1.0).abs() < 5.0 * deviation, "{drop:?}: {}", y.mean().item());
        assert_eq!(y.sum().backward()[&x].to_vec(), values);
        let again = drop.forward(&x, &mut Mode::train(&mut Rng::seed(1)));
        assert_eq!(again.to_vec(), values, "the same seed");
        assert_eq!(drop.predict(&x).to_vec(), x.to_vec());
    }
    let everything =
        Dropout::new(1.0).forward(&Tensor::<f32>::ones([9]), &mut Mode::train(&mut Rng::seed(0)));
    assert_eq!(everything.to_vec(), [0.0; 9]);
}

#[test]
#[should_panic(expected = "Dropout: expected at least 2 axes, found shape [3]\n  help: ")]
fn channels_need_two_axes() {
    Dropout::channels(0.5).forward(&Tensor::<f32>::ones([3]), &mut Mode::train(&mut Rng::seed(0)));
}

#[test]
#[should_panic(expected = "Unflatten: shape [2, 7] does not fall into a batch of [2, 3]\n  help: ")]
fn what_does_not_unflatten_is_said() {
    Unflatten::new(&[2, 3]).predict(&Tensor::<f32>::ones([2, 7]));
}

#[test]
#[should_panic(expected = "Conv: 4 outputs do not fall into 3 equal groups\n  help: ")]
fn groups_divide_the_channels() {
    Conv2d::<f32>::grouped(3, 4, [3, 3], 3, &mut Rng::seed(0));
}

/// Uniform within the root of one over what a filter sees: the bound, the mean and the deviation of many.
#[test]
fn filters_begin_as_in_pytorch() {
    let conv = Conv2d::<f64>::grouped(16, 64, [3, 3], 2, &mut Rng::seed(0));
    let (bound, weights) = (1.0 / (8.0_f64 * 9.0).sqrt(), conv.weight.to_vec());
    assert!(weights.iter().all(|w| w.abs() <= bound) && weights.iter().any(|w| w.abs() > 0.99 * bound));
    assert!(conv.weight.mean().item().abs() < 0.05 * bound);
    assert_eq!((conv.weight.dims(), conv.bias.expect("one").dims()), (&[64, 8, 3, 3][..], &[64][..]));
}

/// As PyTorch's: uniform within Glorot's bound of the three maps taken together, biases 0.
#[test]
fn attention_begins_uniform_within_glorots_bound() {
    let width = 48;
    let attention = MultiHeadAttention::<f64>::new(width, 4, &mut Rng::seed(0));
    let bound = (6.0 / (4 * width) as f64).sqrt();
    let weights = attention.in_proj_weight.to_vec();
    let largest = weights.iter().fold(0.0, |largest: f64, w| largest.max(w.abs()));
    assert!(largest <= bound && largest > 0.99 * bound, "{largest} of {bound}");
    assert!(attention.in_proj_bias.to_vec().iter().all(|&b| b == 0.0));
}
