//! Fifty mistakes that everybody makes once. Each message names the operator, shows the shapes and the axis, points at the
//! line of the one who made the mistake, and ends with a cure.
//!
//! `UPDATE_EXPECT=1 cargo test -p tests --test mistakes` writes down anew what is said here. Two more do not compile:
//! numbers of two precisions in one expression, and a trainer without a loss. See `compile_fail/mixed_precision.rs` and `no_loss.rs`.

use expect_test::{Expect, expect};
use tests::messages::panic_of;
use wengert::autograd::ops::{Attention, Pool, Window};
use wengert::autograd::{Array, Call, Cases, Op, Padding, Tensor, View, check, grad, hessian, jvp, no_grad};
use wengert::data::digits;
use wengert::metrics::accuracy;
use wengert::{
    Activation, Adam, CrossEntropy, Dataset, Embedding, Layer, Linear, Mlp, Mode, Optimizer, Rng, Sgd,
    Trainer, bce, bce_with_logits, cross_entropy, hinge, mse,
};

/// What somebody does wrong, and what is said.
struct Mistake {
    who: &'static str,
    does: Box<dyn FnOnce()>,
    message: Expect,
}

fn somebody<R>(who: &'static str, does: impl FnOnce() -> R + 'static, message: Expect) -> Mistake {
    Mistake { who, does: Box::new(|| drop(does())), message }
}

fn ones<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::ones(shape)
}

fn leaf<const N: usize>(shape: [usize; N]) -> Tensor {
    ones(shape).requires_grad()
}

/// The negative of its input, with the gradient of the input itself.
#[derive(Debug)]
struct WrongSign;

impl Op<f64, 1> for WrongSign {
    fn forward(&self, [x]: [View<'_, f64>; 1], y: &mut [f64]) {
        x.map_into(y, |x| -x);
    }
    fn backward(&self, _: usize, _: &Call<'_, f64>, dy: &Tensor<f64>) -> Tensor<f64> {
        dy.clone()
    }
}

#[rustfmt::skip]
fn mistakes() -> Vec<Mistake> {
    vec![
        somebody("multiplies by a weight that lies as [outputs, inputs]",
            || ones([32, 784]).matmul(&ones([10, 784])),
            expect![[r#"
                matmul: the inner axes differ
                  left   [32, 784]  axis 1 is 784
                  right  [10, 784]  axis 0 is 10
                  help: did you mean `a.matmul(&b.t())`?"#]]),
        somebody("adds a bias for each sample instead of each output",
            || ones([32, 10]) + ones([32]),
            expect![[r#"
                add: the shapes do not broadcast together
                  left   [32, 10]  axis 1 is 10
                  right  [32]      axis 0 is 32
                  help: to go along the first axes, the right operand needs a last axis of size 1: `.unsqueeze(-1)`; a reduction keeps it in its form `_keepdims`"#]]),
        somebody("subtracts a mean whose axis is gone",
            || { let x = ones([8, 3]); &x - x.mean_axes(-1) },
            expect![[r#"
                sub: the shapes do not broadcast together
                  left   [8, 3]  axis 1 is 3
                  right  [8]     axis 0 is 8
                  help: to go along the first axes, the right operand needs a last axis of size 1: `.unsqueeze(-1)`; a reduction keeps it in its form `_keepdims`"#]]),
        somebody("counts axes from 1",
            || ones([8, 3]).sum_axes(2),
            expect![[r#"
                sum: axis 2 is out of range
                  shape  [8, 3]  axes run from -2 to 1
                  help: axes count from 0 at the front and from -1 at the back"#]]),
        somebody("names an axis twice, from both ends",
            || ones([8, 3]).mean_axes([1, -1]),
            expect![[r#"
                mean: axis 1 is named twice
                  shape  [8, 3]  negative axes count from the end
                  help: name each axis once"#]]),
        somebody("flattens an image and forgets the batch",
            || ones([32, 1, 28, 28]).reshape([784]),
            expect![[r#"
                reshape: the new shape has another number of elements
                  from  [32, 1, 28, 28]  25088 elements
                  to    [784]            784 elements
                  help: did you forget the first axis? [32, 784] has as many"#]]),
        somebody("joins what differs along another axis",
            || Tensor::concat(&[&ones([2, 3]), &ones([2, 4])], 0),
            expect![[r#"
                concat: the shapes differ elsewhere than in axis 0
                  input 0  [2, 3]
                  input 1  [2, 4]
                  help: all sizes but that of axis 0 must be equal"#]]),
        somebody("stacks what differs",
            || Tensor::stack(&[&ones([3]), &ones([4])], 0),
            expect![[r#"
                stack: the shapes differ
                  one    [3]
                  other  [4]
                  help: along a new axis only equal shapes lie; `concat` joins along one that is there"#]]),
        somebody("indexes one past the end",
            || ones([5, 2]).i(5),
            expect![[r#"
                subscript: there is no place 5 on axis 0
                  input  [5, 2]  axis 0 is 5
                  help: places run from 0, or from -1 counted from the end"#]]),
        somebody("indexes an axis that is not there",
            || ones([5, 2]).i((0, 1, 2)),
            expect![[r#"
                subscript: 3 entries, but 2 axes
                  input  [5, 2]
                  help: an entry stands for an axis, but for `..` and `NewAxis`"#]]),
        somebody("looks up a word that is not in the vocabulary",
            || ones([100, 16]).rows(&[3, 100]),
            expect![[r#"
                rows: index 100, at place 1, is out of range
                  input  [100, 16]  axis 0 is 100
                  help: indices run from 0 to 99"#]]),
        somebody("counts classes from 1",
            || cross_entropy(&ones([2, 10]), &[1, 10]),
            expect![[r#"
                cross_entropy: label 10, of row 1, is out of range
                  logits  [2, 10]  axis 1 is 10
                  help: labels count from 0; the last layer needs one output for each class; `data.with_classes(10)` tells which sample of a data set has it"#]]),
        somebody("has labels for another batch",
            || cross_entropy(&ones([32, 10]), &[1; 31]),
            expect![[r#"
                cross_entropy: expected one label for each row of logits
                  logits  [32, 10]  32 rows
                  labels  [31]
                  help: give logits and labels of one batch"#]]),
        somebody("measures accuracy with labels of another batch",
            || accuracy(&ones([32, 10]), &[1; 31]),
            expect![[r#"
                accuracy: logits of shape [32, 10] for 31 labels
                  help: give a row of logits for each label, of one batch"#]]),
        somebody("compares a column with a list, which would broadcast",
            || mse(&ones([32, 1]), &ones([32])),
            expect![[r#"
                mse: prediction and target must have one shape
                  prediction  [32, 1]
                  target      [32]
                  help: `reshape` or `unsqueeze` the target to the shape of the prediction"#]]),
        somebody("says no by -1",
            || bce_with_logits(&ones([4]), &Tensor::from([1.0, -1.0, 1.0, 1.0])),
            expect![[r#"
                bce_with_logits: target 1 is -1, which is no probability from 0 to 1
                  targets  [4]  counted in row-major order
                  help: it is the probability of yes: 0, 1 or between"#]]),
        somebody("gives a hinge 0 and 1",
            || hinge(&ones([2]), &Tensor::from([1.0, 0.0])),
            expect![[r#"
                hinge: sign 1 is 0, neither 1 nor -1
                  signs  [2]  counted in row-major order
                  help: of 0 and 1, `x * 2.0 - 1.0` makes signs"#]]),
        somebody("weighs another number of classes",
            || CrossEntropy::new(&[0, 1]).weights(&[1.0; 3]).apply([&ones([2, 2])]),
            expect![[r#"
                cross_entropy: there are 3 weights for 2 classes
                  logits  [2, 2]  axis 1 is 2
                  help: give a weight for each class"#]]),
        somebody("ignores every label",
            || CrossEntropy::new(&[9, 9]).ignore(9).apply([&ones([2, 2])]),
            expect![[r#"
                cross_entropy: no label counts, so there is no mean
                  logits  [2, 2]
                  help: leave out batches whose labels are all ignored, or weigh nothing"#]]),
        somebody("gives an image with its channels last",
            || ones([8, 28, 28, 3]).conv2d(&ones([16, 3, 3, 3]), Window::new(), 1),
            expect![[r#"
                conv2d: the filters expect another number of channels
                  input    [8, 28, 28, 3]  axis 1 is 28
                  filters  [16, 3, 3, 3]   axis 1 is 3
                  help: are the channels the last axis? Give `x.permute(&[0, 3, 1, 2])`"#]]),
        somebody("shrinks an image below the filter",
            || ones([8, 16, 2, 2]).conv2d(&ones([16, 16, 3, 3]), Window::new(), 1),
            expect![[r#"
                conv2d: the filters do not fit into the input along axis 2
                  input    [8, 16, 2, 2]   2 with padding 0
                  filters  [16, 16, 3, 3]  3 with dilation 1
                  help: give smaller filters, or more padding"#]]),
        somebody("pools what is smaller than the window",
            || ones([8, 16, 1, 1]).max_pool2d(Pool::new([2, 2])),
            expect![[r#"
                max_pool2d: the windows do not fit along axis 2
                  input  [8, 16, 1, 1]  axis 2 is 1
                  help: windows lie along the last axes"#]]),
        somebody("normalises by the scale of another layer",
            || ones([8, 64]).layer_norm(&ones([32]), &ones([32]), 1e-5),
            expect![[r#"
                layer_norm: scale and shift must be as long as the last axis of the input
                  input  [8, 64]
                  scale  [32]
                  shift  [32]
                  help: give both the shape [64]"#]]),
        somebody("splits channels into groups that do not come out even",
            || ones([8, 10, 4]).group_norm(4, &ones([10]), &ones([10]), 1e-5),
            expect![[r#"
                group_norm: 10 channels do not fall into 4 equal groups
                  input  [8, 10, 4]  axis 1 is 10
                  help: the number of groups must divide that of channels"#]]),
        somebody("masks attention by a mask of another length",
            || { let x = ones([2, 6, 8]); x.scaled_dot_product_attention(&x, &x, Attention::new().mask(&Array::from_slice(&[true; 5]))) },
            expect![[r#"
                attention: the mask does not broadcast to queries and keys
                  mask     [5]
                  weights  [2, 6, 6]  [.., t, s]
                  help: true in the mask is what may be seen"#]]),
        somebody("reflects further than there is",
            || ones([1, 3]).pad(&[(0, 0), (3, 3)], Padding::Reflect),
            expect![[r#"
                pad: axis 1 of shape [1, 3] cannot be reflected by 3 and 3
                  help: both must be below its size, 3"#]]),
        somebody("feeds a network what its first layer does not take",
            || { let mut rng = Rng::seed(0); Mlp::new(&[784, 16, 10], Activation::Relu, &mut rng).forward(&ones([32, 28, 28]), &mut Mode::eval()) },
            expect![[r#"
                Linear: found an input of shape [32, 28, 28], expected [.., 784]
                  help: `x.flatten(1, -1)` makes a row of each sample"#]]),
        somebody("wants the gradient of many losses at once",
            || (leaf([3]) * 2.0).backward(),
            expect![[r#"
                backward: the root has shape [3], not a single number
                  help: reduce it, as by `.sum()` or `.mean()`, or give a cotangent: `y.backward_from(dy)`"#]]),
        somebody("forgets to mark what to differentiate by",
            || ones([3]).square().sum().backward(),
            expect![[r#"
                backward: the root is a constant: nothing it was computed from requires a gradient
                  help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"#]]),
        somebody("computes the loss where nothing is recorded",
            || { let x = leaf([3]); no_grad(|| x.square().sum()).backward() },
            expect![[r#"
                backward: the root is a constant: nothing it was computed from requires a gradient
                  help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"#]]),
        somebody("takes the loss of a prediction",
            || { let net: Mlp = Mlp::new(&[3, 2], Activation::Relu, &mut Rng::seed(0)); net.predict(&ones([1, 3])).sum().backward() },
            expect![[r#"
                backward: the root is a constant: nothing it was computed from requires a gradient
                  help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"#]]),
        somebody("asks for the gradient of what lies between",
            || { let h = leaf([3]) * 2.0; h.sum().backward()[&h].clone() },
            expect![[r#"
                no gradient: the tensor of shape [3] was computed from others, and is not a leaf
                  help: `backward` gives the gradients of leaves alone; `grad(&y, [&x])` also answers for tensors that are not leaves"#]]),
        somebody("differentiates a gradient that was not recorded",
            || { let x = leaf([3]); let dx = x.powi(3).sum().backward()[&x].clone(); grad(&dx.sum(), [&x]) },
            expect![[r#"
                backward: the root is a constant: nothing it was computed from requires a gradient
                  help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"#]]),
        somebody("asks for the gradient of a parameter that took no part",
            || { let (x, unused) = (leaf([3]), leaf([5])); x.sum().backward()[&unused].clone() },
            expect![[r#"
                no gradient: the tensor of shape [5] took no part in what was differentiated
                  help: `Gradients::get` gives an `Option`; look for `detach` or `no_grad` on the way; the clone of a parameter is another one, with a gradient of its own"#]]),
        somebody("writes into what was computed",
            || { let mut y = leaf([3]) * 2.0; y.update(|y| y.fill(0.0)); },
            expect![[r#"
                update: the tensor of shape [3] was computed by a recorded operator, whose value is not free to change
                  help: update the leaf it was computed from, or a copy: `let mut x = x.detach();`"#]]),
        somebody("prints a loss that is not reduced",
            || ones([32]).item(),
            expect![[r#"
                item: the tensor of shape [32] is not a single number
                  help: reduce it, as by `.sum()` or `.mean()`, or use `at` or `to_vec`"#]]),
        somebody("inverts what has no inverse",
            || ones([2, 2]).inverse(),
            expect![[r#"
                inverse: the matrix is singular: pivot 1 is 0
                  matrix  [2, 2]  column 1 is a combination of those before it
                  help: a small multiple of the identity added to it makes it regular"#]]),
        somebody("writes a sum over an index that the operands do not agree on",
            || Tensor::einsum("ij,jk->ik", &[&ones([2, 3]), &ones([4, 5])]),
            expect![[r#"
                einsum: the sizes of `j` differ
                  operand 0  [2, 3]  axis 1 is 3
                  operand 1  [4, 5]  axis 0 is 4
                  help: wherever an index stands, it has one size; only between operands may it be 1"#]]),
        somebody("wants the Hessian of a function with many values",
            || hessian(|[x]| x.sin(), [&ones([3])]),
            expect![[r#"
                hessian: the function gives shape [3], not a single number
                  help: reduce it, as by `.sum()` or `.mean()`; what gives several numbers has a `jacobian`"#]]),
        somebody("moves along a tangent of another shape",
            || jvp(|[x]| x.sin(), [&ones([3])], [&ones([4])]),
            expect![[r#"
                no derivative: the tangent has shape [4], its input has shape [3]
                  help: they must be equal"#]]),
        somebody("takes more of the largest than there are",
            || ones([4]).topk(5, 0, true).0,
            expect![[r#"
                topk: there are no 5 elements to choose along axis 0
                  input  [4]  axis 0 is 4
                  help: ask for at most 4"#]]),
        somebody("looks for the largest of nothing",
            || ones([0]).max(),
            expect![[r#"
                max: there is nothing to choose from
                  input  [0]
                  help: the smallest and the largest of no elements are not defined: leave out what is empty"#]]),
        somebody("has an index that is not in the vocabulary",
            || { let words = Embedding::<f32>::new(100, 16, &mut Rng::seed(0)); words.forward(&vec![3, 100, 7, 120], &mut Mode::eval()) },
            expect![[r#"
                Embedding: index 100, at place 1, is out of range for a weight of shape [100, 16]
                  help: there are 100 vectors, counted from 0; for all indices here it takes `Embedding::new(121, ..)`"#]]),
        somebody("walks uphill",
            || Adam::<f32>::new(-1.0),
            expect![[r#"
                Adam: expected a finite learning rate of at least 0, found -1
                  help: 1e-3 is usual for Adam and its kin, 0.1 for Sgd; to climb instead of descend, negate the loss"#]]),
        somebody("lets a schedule lead beyond all numbers",
            || { let mut net: Linear = Linear::new(3, 2, &mut Rng::seed(0)); let grads = net.forward(&ones([1, 3]), &mut Mode::eval()).sum().backward(); let mut sgd = Sgd::new(0.1); sgd.set_lr(f64::NAN); sgd.step(&mut net, &grads) },
            expect![[r#"
                step: expected a finite learning rate of at least 0, found NaN
                  help: 1e-3 is usual for Adam and its kin, 0.1 for Sgd; to climb instead of descend, negate the loss"#]]),
        somebody("keeps all of the last step",
            || Sgd::<f32>::new(0.1).momentum(1.0),
            expect![[r#"
                Sgd: expected a momentum from 0 to below 1, found 1
                  help: it is the share of the last step that is kept; 0.9 is usual"#]]),
        somebody("builds a network of inputs alone",
            || Mlp::<f32>::new(&[4], Activation::Relu, &mut Rng::seed(0)),
            expect![[r#"
                Mlp: expected two sizes or more, none of them 0, found [4]
                  help: first the inputs, last the outputs: `&[4, 16, 3]` makes three numbers of four, by way of sixteen"#]]),
        somebody("builds a network with nothing in the middle",
            || Mlp::<f32>::new(&[4, 0, 2], Activation::Relu, &mut Rng::seed(0)),
            expect![[r#"
                Mlp: expected two sizes or more, none of them 0, found [4, 0, 2]
                  help: first the inputs, last the outputs: `&[4, 16, 3]` makes three numbers of four, by way of sixteen"#]]),
        somebody("makes batches of nothing",
            || drop(digits().batches(0)),
            expect![[r#"
                batches: expected a size of at least 1, found 0
                  help: 32 is usual; `data.batches(data.len())` makes one batch of all samples"#]]),
        somebody("trains on batches of nothing",
            || drop(Trainer::<Sgd>::new(Sgd::new(0.1)).batch(0)),
            expect![[r#"
                batch: expected a size of at least 1, found 0
                  help: 32 is usual; `.batch(train.len())` makes one batch of all samples"#]]),
        somebody("splits by percent",
            || digits().split(80.0, &mut Rng::seed(0)),
            expect![[r#"
                split: expected a fraction from 0 to 1, found 80
                  help: it is no percentage: 0.8 puts 80 of 100 into the first part"#]]),
        somebody("chooses a sample that is not there",
            || digits().select(&[0, 1797]),
            expect![[r#"
                select: index 1797, at place 1, is out of range for 1797 samples
                  help: samples count from 0; `data.len()` is their number"#]]),
        somebody("takes logits for probabilities",
            || bce(&Tensor::from([0.5, 1.5]), &Tensor::from([1.0, 1.0])),
            expect![[r#"
                bce: prediction 1 is 1.5, which is no probability from 0 to 1
                  predictions  [2]  counted in row-major order
                  help: `bce_with_logits` takes outputs as they are, before a sigmoid makes probabilities of them"#]]),
        somebody("proves a gradient that is wrong",
            || check(WrongSign),
            expect![[r#"
                wrong_sign: it does not hold that the gradient equals central differences
                  the gradient of input 0 at []: 2.07419611897338e0 by backward, -2.07419611897338e0 by differences
                  help: `backward` is not the derivative of `forward` there; at kinks there is none: `Cases::range` stays away from them
                  input 0    []  contiguous
                  cotangent      contiguous
                  values by Rng::seed(9991907617013967370)
                  cases from seed 1964; `PROPTEST_RNG_SEED` sets another"#]]),
        somebody("proves a gradient for shapes that nobody can read",
            || Cases::shapes(["m,k"]),
            expect![[r#"
                Cases::shapes: found the pattern "m,k", expected letters and digits
                  help: `..mk` is a matrix and any axes before it; equal letters are equal sizes, a digit is a size"#]]),
        somebody("minimises as many losses as there are samples",
            || { let data = Dataset::new(ones([3, 4]), ones([3, 2])).unwrap(); Trainer::new(Sgd::new(0.1)).loss(|y: &Tensor, t: &Tensor| (y - t).square()).fit(&mut Linear::new(4, 2, &mut Rng::seed(0)), &data, &data) },
            expect![[r#"
                Trainer: the loss has shape [3, 2], not a single number
                  help: end it by `.mean()`"#]]),
        somebody("trains with a label that the network has no output for",
            || { let data = Dataset::new(ones([3, 4]), vec![0, 1, 2]).unwrap(); Trainer::new(Sgd::new(0.1)).loss(|y: &Tensor, labels: &Vec<usize>| cross_entropy(y, labels)).fit(&mut Linear::new(4, 2, &mut Rng::seed(0)), &data, &data) },
            expect![[r#"
                cross_entropy: label 2, of row 1, is out of range
                  logits  [3, 2]  axis 1 is 2
                  help: labels count from 0; the last layer needs one output for each class; `data.with_classes(2)` tells which sample of a data set has it"#]]),
        somebody("updates a layer by the gradients of another",
            || { let mut rng = Rng::seed(0); let mut net: Linear = Linear::new(3, 2, &mut rng); let other: Linear = Linear::new(3, 2, &mut rng); let grads = other.forward(&ones([1, 3]), &mut Mode::eval()).sum().backward(); Sgd::new(0.1).step(&mut net, &grads) },
            expect![[r#"
                step: no parameter of the module has a gradient here
                  help: compute the loss from this module, and give the gradients of that loss; frozen parameters have none"#]]),
    ]
}

#[test]
fn every_message_names_the_place_and_a_cure() {
    let mistakes = mistakes();
    assert!(mistakes.len() >= 50, "fifty were promised");
    let mut line_before = 0;
    for Mistake { who, does, message } in mistakes {
        let (found, file, line) = panic_of(does);
        message.assert_eq(&found);
        assert_eq!(file, file!(), "somebody {who}: the panic blames {file}:{line}\n{found}");
        assert!(line > line_before, "somebody {who}: the panic blames line {line}, that of another");
        line_before = line;
        let operator = found.split(':').next().unwrap_or_default();
        assert!(
            found.contains("help: ") && operator.chars().all(|c| c.is_alphanumeric() || " _".contains(c)),
            "somebody {who}: an operator, or a cure, is missing in\n{found}"
        );
    }
}
