//! What is said when something is wrong: the operator, the shapes, the axis, and a cure; and, where it panics, at the line
//! of the caller, not somewhere inside the library.
//!
//! `UPDATE_EXPECT=1 cargo test -p tests --test messages` writes down anew what is found here.

use expect_test::{Expect, expect};
use std::fmt::Display;
use tests::messages::panic_of;
use wengert::autograd::{Array, Axes, Call, Keeps, Op, Rng, Shape, Tensor, View, grad, try_grad};
use wengert::{Embedding, Layer, Mode, Optimizer, Sgd};

/// `f` panics with this message, and blames this file.
#[track_caller]
fn panics<R>(f: impl FnOnce() -> R, expected: Expect) {
    let (message, file, line) = panic_of(f);
    assert_eq!(file, file!(), "the panic should point at the caller, not at {file}:{line}\n{message}");
    assert!(message.contains("help: "), "no cure is named:\n{message}");
    expected.assert_eq(&message);
}

/// The result is an error with this message.
#[track_caller]
fn fails<V, E: Display>(result: Result<V, E>, expected: Expect) {
    let message = result.err().expect("this should fail").to_string();
    assert!(message.contains("help: "), "no cure is named:\n{message}");
    expected.assert_eq(&message);
}

fn ones(shape: impl Into<Shape>) -> Tensor {
    Tensor::ones(shape)
}

#[test]
fn the_line_is_that_of_the_call() {
    let (_, _, line) = panic_of(|| ones([2, 3]).matmul(&ones([2, 3])));
    assert_eq!(line, line!() - 1);
    let (_, _, line) = panic_of(|| ones([2]) + ones([3]));
    assert_eq!(line, line!() - 1);
}

#[test]
fn matmul() {
    panics(
        || ones([32, 784]).matmul(&ones([10, 784])),
        expect![[r#"
        matmul: the inner axes differ
          left   [32, 784]  axis 1 is 784
          right  [10, 784]  axis 0 is 10
          help: did you mean `a.matmul(&b.t())`?"#]],
    );
    panics(
        || ones([784, 32]).matmul(&ones([784, 10])),
        expect![[r#"
        matmul: the inner axes differ
          left   [784, 32]  axis 1 is 32
          right  [784, 10]  axis 0 is 784
          help: did you mean `a.t().matmul(&b)`?"#]],
    );
    panics(
        || ones([2, 3]).matmul(&ones([4, 5])),
        expect![[r#"
        matmul: the inner axes differ
          left   [2, 3]  axis 1 is 3
          right  [4, 5]  axis 0 is 4
          help: the last axis of the left operand must be as long as the last but one of the right"#]],
    );
    panics(
        || ones([2, 3]).matmul(&ones([])),
        expect![[r#"
        matmul: expected matrices, or batches of them, with at least two axes
          left   [2, 3]  rank 2
          right  []      rank 0
          help: a scalar is multiplied by `*`; `Tensor::matmul` takes vectors, too"#]],
    );
    panics(
        || ones([2, 3]).matmul(&ones([2])),
        expect![[r#"
        matmul: the inner axes differ
          left   [2, 3]  axis 1 is 3
          right  [2]     axis 0 is 2
          help: a vector is a row on the left and a column on the right"#]],
    );
    panics(
        || ones([2, 4, 3]).matmul(&ones([5, 3, 4])),
        expect![[r#"
        matmul: the batch axes do not broadcast together
          left   [2, 4, 3]
          right  [5, 3, 4]
          help: the axes before the last two must be equal or 1, aligned at their last"#]],
    );
}

#[test]
fn broadcasting() {
    panics(
        || ones([3]) + ones([4]),
        expect![[r#"
        add: the shapes do not broadcast together
          left   [3]  axis 0 is 3
          right  [4]  axis 0 is 4
          help: aligned at the last axis, sizes must be equal or 1; `reshape` or `unsqueeze` an operand to line its axes up"#]],
    );
    panics(
        || &ones([8, 3]) - &ones([8]),
        expect![[r#"
            sub: the shapes do not broadcast together
              left   [8, 3]  axis 1 is 3
              right  [8]     axis 0 is 8
              help: to go along the first axes, the right operand needs a last axis of size 1: `.unsqueeze(-1)`; a reduction keeps it in its form `_keepdims`"#]],
    );
    panics(
        || ones([2, 3]) * &ones([4, 2, 2]),
        expect![[r#"
        mul: the shapes do not broadcast together
          left   [2, 3]     axis 1 is 3
          right  [4, 2, 2]  axis 2 is 2
          help: aligned at the last axis, sizes must be equal or 1; `reshape` or `unsqueeze` an operand to line its axes up"#]],
    );
    panics(
        || &ones([2]) / ones([3]),
        expect![[r#"
        div: the shapes do not broadcast together
          left   [2]  axis 0 is 2
          right  [3]  axis 0 is 3
          help: aligned at the last axis, sizes must be equal or 1; `reshape` or `unsqueeze` an operand to line its axes up"#]],
    );
    panics(
        || ones([2, 3]).broadcast_to([3, 2]),
        expect![[r#"
        broadcast_to: the shape does not broadcast to the target
          from  [2, 3]
          to    [3, 2]
          help: aligned at the last axis, each size must be equal or 1 in the shape that is stretched"#]],
    );
    panics(
        || ones([2, 3]).broadcast_to([3]),
        expect![[r#"
        broadcast_to: the shape does not broadcast to the target
          from  [2, 3]
          to    [3]
          help: aligned at the last axis, each size must be equal or 1 in the shape that is stretched"#]],
    );
    let mask = Array::from_slice(&[true, false]);
    panics(
        || Tensor::where_(&mask, &ones([2]), &ones([3])),
        expect![[r#"
        where: the mask and the tensors do not broadcast together
          mask  [2]
          a     [2]
          b     [3]
          help: aligned at the last axis, sizes must be equal or 1"#]],
    );
}

#[test]
fn axes() {
    panics(
        || ones([2, 3]).sum_axes(2),
        expect![[r#"
            sum: axis 2 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([2, 3]).sum_keepdims([0, -2]),
        expect![[r#"
            sum: axis 0 is named twice
              shape  [2, 3]  negative axes count from the end
              help: name each axis once"#]],
    );
    panics(
        || ones([]).sum_axes(0),
        expect![[r#"
            sum: axis 0 is out of range
              shape  []  a scalar has no axes
              help: `unsqueeze(0)` gives it one"#]],
    );
    panics(
        || ones([2, 3]).mean_axes(-3),
        expect![[r#"
            mean: axis -3 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([2, 3]).mean_keepdims([1, 1]),
        expect![[r#"
            mean: axis 1 is named twice
              shape  [2, 3]  negative axes count from the end
              help: name each axis once"#]],
    );
    panics(
        || ones([2, 3]).softmax(2),
        expect![[r#"
            softmax: axis 2 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([2, 3]).log_softmax(-3),
        expect![[r#"
            log_softmax: axis -3 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([3]).t(),
        expect![[r#"
            transpose: axis -2 is out of range
              shape  [3]  axes run from -1 to 0
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([2, 3]).transpose(0, 2),
        expect![[r#"
            transpose: axis 2 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    fails(
        Axes::from([0, 1, 0]).resolve(&[4, 5].into()),
        expect![[r#"
            axis 0 is named twice
              shape  [4, 5]  negative axes count from the end
              help: name each axis once"#]],
    );
}

#[test]
fn shapes_and_views() {
    panics(
        || ones([2, 3]).reshape([-1, 4]),
        expect![[r#"
            reshape: no size in the place of -1 makes [-1, 4] fit
              from  [2, 3]  6 elements
              help: the other sizes multiply to 4, which must divide the number of elements"#]],
    );
    panics(
        || ones([2, 3]).reshape([-1, -1]),
        expect![[r#"
            reshape: [-1, -1] is no shape
              from  [2, 3]  6 elements
              help: sizes are at least 0, but for one of -1, which follows from the others"#]],
    );
    panics(
        || ones([2, 3]).reshape([4, 2]),
        expect![[r#"
        reshape: the new shape has another number of elements
          from  [2, 3]  6 elements
          to    [4, 2]  8 elements
          help: the sizes must multiply to 6"#]],
    );
    panics(
        || ones([2, 3]).permute(&[0, 0]),
        expect![[r#"
        permute: the order [0, 0] does not name every axis once
          shape  [2, 3]
          help: give the axes [0, 1] in some order"#]],
    );
    panics(
        || ones([2, 3]).permute(&[1, 0, 2]),
        expect![[r#"
        permute: the order [1, 0, 2] does not name every axis once
          shape  [2, 3]
          help: give the axes [0, 1] in some order"#]],
    );
    panics(
        || ones([2, 3]).squeeze(1),
        expect![[r#"
        squeeze: axis 1 of shape [2, 3] is 3, not 1
          help: `slice` takes a part of an axis, `sum_axes` or `mean_axes` reduces it"#]],
    );
    panics(
        || ones([2, 3]).squeeze(2),
        expect![[r#"
            squeeze: axis 2 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([2, 3]).unsqueeze(4),
        expect![[r#"
        unsqueeze: axis 4 is out of range for shape [2, 3]
          help: the new axis may be -3 to 2"#]],
    );
    panics(
        || ones([2, 3]).slice(1, 1..5),
        expect![[r#"
        slice: 1..5 does not lie in axis 1 of shape [2, 3]
          help: the bounds run from 0 to 3, or from -3 to -1 counted from the end"#]],
    );
    panics(
        || ones([2, 3]).slice(0, ..=isize::MAX),
        expect![[r#"
        slice: 0..9223372036854775807 does not lie in axis 0 of shape [2, 3]
          help: the bounds run from 0 to 2, or from -2 to -1 counted from the end"#]],
    );
    panics(
        || ones([2, 3]).slice(2, ..),
        expect![[r#"
            slice: axis 2 is out of range
              shape  [2, 3]  axes run from -2 to 1
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || ones([2, 3]).slice_step(1, 0, 3, 2),
        expect![[r#"
            slice_step: 3 elements from 0 by steps of 2 do not lie in axis 1
              shape  [2, 3]  axis 1 is 3
              help: `start`, and `start + (len - 1) * step`, must be below the size; the step is not 0"#]],
    );
    panics(
        || ones([2, 3]).slice_step(1, 0, usize::MAX, -1),
        expect![[r#"
            slice_step: 18446744073709551615 elements from 0 by steps of -1 do not lie in axis 1
              shape  [2, 3]  axis 1 is 3
              help: `start`, and `start + (len - 1) * step`, must be below the size; the step is not 0"#]],
    );
}

#[test]
fn joining_and_gathering() {
    panics(
        || Tensor::concat(&[&ones([2, 3]), &ones([4, 5])], 0),
        expect![[r#"
        concat: the shapes differ elsewhere than in axis 0
          input 0  [2, 3]
          input 1  [4, 5]
          help: all sizes but that of axis 0 must be equal"#]],
    );
    panics(
        || Tensor::concat(&[&ones([2, 3]), &ones([2])], 1),
        expect![[r#"
        concat: the shapes differ elsewhere than in axis 1
          input 0  [2, 3]
          input 1  [2]
          help: all sizes but that of axis 1 must be equal"#]],
    );
    panics(
        || Tensor::concat(&[&ones([2])], 1),
        expect![[r#"
            concat: axis 1 is out of range
              shape  [2]  axes run from -1 to 0
              help: axes count from 0 at the front and from -1 at the back"#]],
    );
    panics(
        || Tensor::<f32>::concat(&[], 0),
        expect![[r#"
        concat: there is nothing to join
          help: give at least one tensor"#]],
    );
    panics(
        || ones([3, 2]).rows(&[0, 7]),
        expect![[r#"
            rows: index 7, at place 1, is out of range
              input  [3, 2]  axis 0 is 3
              help: indices run from 0 to 2"#]],
    );
    panics(
        || ones([]).rows(&[0]),
        expect![[r#"
            rows: axis 0 is out of range
              shape  []  a scalar has no axes
              help: `unsqueeze(0)` gives it one"#]],
    );
}

#[test]
fn layers() {
    panics(
        || ones([8, 4]).layer_norm(&ones([4]), &ones([3]), 1e-5),
        expect![[r#"
        layer_norm: scale and shift must be as long as the last axis of the input
          input  [8, 4]
          scale  [4]
          shift  [3]
          help: give both the shape [4]"#]],
    );
    panics(
        || ones([]).layer_norm(&ones([1]), &ones([1]), 1e-5),
        expect![[r#"
        layer_norm: scale and shift must be as long as the last axis of the input
          input  []
          scale  [1]
          shift  [1]
          help: a single number has no axis to normalise over"#]],
    );
    panics(
        || ones([8, 4]).linear(&ones([4, 10]), None),
        expect![[r#"
        linear: the last axis of the input must be as long as the weight's rows
          input   [8, 4]   axis 1 is 4
          weight  [4, 10]  axis 1 is 10
          help: the weight has shape [outputs, inputs]: did you mean `x.linear(&w.t(), ..)`?"#]],
    );
    panics(
        || ones([8, 4]).linear(&ones([10, 5]), None),
        expect![[r#"
        linear: the last axis of the input must be as long as the weight's rows
          input   [8, 4]   axis 1 is 4
          weight  [10, 5]  axis 1 is 5
          help: the weight has shape [outputs, inputs]"#]],
    );
    panics(
        || ones([8, 4]).linear(&ones([4]), None),
        expect![[r#"
            linear: the weight must be a matrix, with a row for each output
              input   [8, 4]
              weight  [4]     rank 1
              help: give it the shape [outputs, inputs]: `unsqueeze(0)` for a single output"#]],
    );
    panics(
        || ones([]).linear(&ones([10, 4]), None),
        expect![[r#"
            linear: the input is a single number, and has no axis to multiply along
              input   []       rank 0
              weight  [10, 4]
              help: `unsqueeze(0)` makes it a list of one"#]],
    );
    panics(
        || ones([8, 4]).linear(&ones([10, 4]), Some(&ones([4]))),
        expect![[r#"
        linear: the bias must have one entry for each output
          weight  [10, 4]  axis 0 is 10
          bias    [4]
          help: give a bias of shape [10], or `None`"#]],
    );
}

#[test]
fn elements() {
    panics(
        || ones([2, 1]).item(),
        expect![[r#"
        item: the tensor of shape [2, 1] is not a single number
          help: reduce it, as by `.sum()` or `.mean()`, or use `at` or `to_vec`"#]],
    );
    panics(
        || ones([0]).item(),
        expect![[r#"
        item: the tensor of shape [0] is not a single number
          help: reduce it, as by `.sum()` or `.mean()`, or use `at` or `to_vec`"#]],
    );
    panics(
        || ones([2, 3]).at([2, 0]),
        expect![[r#"
        at: there is no element [2, 0] in a tensor of shape [2, 3]
          help: give an index below the size for each axis"#]],
    );
    panics(
        || ones([2, 3]).at([1]),
        expect![[r#"
        at: there is no element [1] in a tensor of shape [2, 3]
          help: give an index below the size for each axis"#]],
    );
    fails(
        Tensor::from_vec(vec![1.0_f32; 5], [2, 3]),
        expect![[r#"
        from_vec: 5 values do not fill the shape
          shape  [2, 3]  holds 6
          help: give as many values as the product of the sizes"#]],
    );
    fails(
        Array::from_vec(vec![true], [0]),
        expect![[r#"
        from_vec: 1 values do not fill the shape
          shape  [0]  holds 0
          help: give as many values as the product of the sizes"#]],
    );
}

/// Each is refused before any memory is asked for: nothing aborts, and nothing wraps around.
#[test]
fn shapes_beyond_all_memory() {
    panics(
        || ones([usize::MAX, 2]),
        expect![[r#"
            ones: the shape has more elements than can be addressed
              shape  [18446744073709551615, 2]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    panics(
        || ones([0, usize::MAX, usize::MAX]),
        expect![[r#"
            ones: the shape has more elements than can be addressed
              shape  [0, 18446744073709551615, 18446744073709551615]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    panics(
        || ones([1 << 40]),
        expect![[r#"
            ones: 4096 GiB are more than a tensor may take, 1024 GiB
              shape  [1099511627776]
              help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || ones([(isize::MAX as usize) / 8]),
        expect![[r#"
            ones: 4294967295 GiB are more than a tensor may take, 1024 GiB
              shape  [1152921504606846975]
              help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Tensor::<f64>::zeros([1 << 41]),
        expect![[r#"
        zeros: 16384 GiB are more than a tensor may take, 1024 GiB
          shape  [2199023255552]
          help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Tensor::full([usize::MAX, 2], 0.5),
        expect![[r#"
        full: the shape has more elements than can be addressed
          shape  [18446744073709551615, 2]
          help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    panics(
        || Tensor::uniform([1 << 40], 0.0_f32, 1.0, &mut Rng::seed(1)),
        expect![[r#"
        uniform: 4096 GiB are more than a tensor may take, 1024 GiB
          shape  [1099511627776]
          help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Tensor::normal([1 << 40], 0.0_f32, 1.0, &mut Rng::seed(1)),
        expect![[r#"
        normal: 4096 GiB are more than a tensor may take, 1024 GiB
          shape  [1099511627776]
          help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Tensor::<f32>::build([1 << 40], |_| ()),
        expect![[r#"
        build: 4096 GiB are more than a tensor may take, 1024 GiB
          shape  [1099511627776]
          help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Tensor::<f64>::arange(1 << 59),
        expect![[r#"
            arange: 4294967296 GiB are more than a tensor may take, 1024 GiB
              shape  [576460752303423488]
              help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Shape::from([1 << 40, 1 << 40]).size(),
        expect![[r#"
            the shape has more elements than can be addressed
              shape  [1099511627776, 1099511627776]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    panics(
        || ones([2, 3]).reshape([usize::MAX, 6]),
        expect![[r#"
            reshape: the shape has more elements than can be addressed
              shape  [18446744073709551615, 6]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    panics(
        || ones([1]).broadcast_to([usize::MAX]),
        expect![[r#"
            broadcast_to: the shape has more elements than can be addressed
              shape  [18446744073709551615]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    let wide = Tensor::scalar(1.0_f32).broadcast_to([1 << 59]);
    panics(
        || wide.exp(),
        expect![[r#"
            exp: 2147483648 GiB are more than a tensor may take, 1024 GiB
              shape  [576460752303423488]
              help: check the sizes, or work on one part after the other"#]],
    );
    panics(
        || Tensor::concat(&[&wide; 32], 0),
        expect![[r#"
            concat: the shape has more elements than can be addressed
              shape  [18446744073709551615]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
    fails(
        Tensor::from_vec(vec![1.0_f32], [usize::MAX, 2]),
        expect![[r#"
            from_vec: the shape has more elements than can be addressed
              shape  [18446744073709551615, 2]
              help: the product of the sizes must stay below 2^60; did a size fall below 0 and wrap around?"#]],
    );
}

#[test]
fn gradients() {
    let x = ones([3]).requires_grad();
    panics(
        || (&x * 2.0).backward(),
        expect![[r#"
        backward: the root has shape [3], not a single number
          help: reduce it, as by `.sum()` or `.mean()`, or give a cotangent: `y.backward_from(dy)`"#]],
    );
    panics(
        || (&x * 2.0).backward_from(&ones([4])),
        expect![[r#"
        backward: the cotangent has shape [4], the root has shape [3]
          help: they must be equal"#]],
    );
    panics(
        || ones([3]).sum().backward(),
        expect![[r#"
            backward: the root is a constant: nothing it was computed from requires a gradient
              help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"#]],
    );
    panics(
        || x.detach().sum().backward(),
        expect![[r#"
            backward: the root is a constant: nothing it was computed from requires a gradient
              help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"#]],
    );
    let grads = x.sum().backward();
    let other = ones([5]).requires_grad();
    panics(
        || grads[&other].item(),
        expect![[r#"
            no gradient: the tensor of shape [5] took no part in what was differentiated
              help: `Gradients::get` gives an `Option`; look for `detach` or `no_grad` on the way; the clone of a parameter is another one, with a gradient of its own"#]],
    );
    let between = &x * 2.0;
    let of_leaves = between.sum().backward();
    panics(
        || of_leaves[&between].item(),
        expect![[r#"
            no gradient: the tensor of shape [3] was computed from others, and is not a leaf
              help: `backward` gives the gradients of leaves alone; `grad(&y, [&x])` also answers for tensors that are not leaves"#]],
    );
    panics(
        || grads[&ones([7])].item(),
        expect![[r#"
        no gradient: the tensor of shape [7] is a constant
          help: make it a leaf before it is used: `let x = x.requires_grad();`"#]],
    );
    panics(
        || grad(&x.sum(), [&other]),
        expect![[r#"
            no gradient: the tensor of shape [5] took no part in what was differentiated
              help: `Gradients::get` gives an `Option`; look for `detach` or `no_grad` on the way; the clone of a parameter is another one, with a gradient of its own"#]],
    );
    fails(
        try_grad(&x.sum(), [&ones([2])]),
        expect![[r#"
        no gradient: the tensor of shape [2] is a constant
          help: make it a leaf before it is used: `let x = x.requires_grad();`"#]],
    );
    fails(
        ones([2]).try_backward(),
        expect![[r#"
        backward: the root has shape [2], not a single number
          help: reduce it, as by `.sum()` or `.mean()`, or give a cotangent: `y.backward_from(dy)`"#]],
    );
}

#[test]
fn updates() {
    let x = ones([3]).requires_grad();
    let mut y = &x * 2.0;
    panics(
        || y.update(|y| y.fill(0.0)),
        expect![[r#"
        update: the tensor of shape [3] was computed by a recorded operator, whose value is not free to change
          help: update the leaf it was computed from, or a copy: `let mut x = x.detach();`"#]],
    );
}

/// An operator whose gradient reads more than it keeps.
#[derive(Debug)]
struct ForgetfulSquare {
    reads_output: bool,
}

impl Op<f32, 1> for ForgetfulSquare {
    fn forward(&self, [x]: [View<'_, f32>; 1], y: &mut [f32]) {
        x.map_into(y, |x| x * x);
    }
    fn backward(&self, _: usize, call: &Call<'_, f32>, dy: &Tensor) -> Tensor {
        dy * if self.reads_output { call.y().sqrt() } else { call.x(0) } * 2.0
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// The place of the panic is the operator's `backward`; the message ends with that of the call.
#[test]
fn operators_that_keep_too_little() {
    let x = ones([3]).requires_grad();
    let of_input = ("forgetful_square: the gradient reads input 0, which was not kept", "Keeps::x(0)");
    let of_output = ("forgetful_square: the gradient reads its output, which was not kept", "Keeps::y()");
    for (reads_output, (expected, cure)) in [(false, of_input), (true, of_output)] {
        let (y, line) = (ForgetfulSquare { reads_output }.apply([&x]), line!());
        let (message, file, _) = panic_of(|| y.sum().backward());
        assert_eq!(file, file!());
        let (message, caller) = message.split_once(" (called at ").expect("the place of the call");
        assert!(caller.starts_with(&format!("{}:{line}:", file!())), "{caller}");
        assert_eq!(message, expected);
        assert!(
            caller.ends_with(&format!("help: add `{cure}` to what `keeps` of the operator gives")),
            "{caller}"
        );
    }
}

/// Once an optimizer has met the network.
#[test]
fn an_embedding_is_named_by_its_path() {
    let mut net = (Embedding::<f32>::new(5, 2, &mut Rng::seed(0)),);
    let grads = net.0.forward(&vec![0], &mut Mode::eval()).sum().backward();
    Sgd::new(0.1).step(&mut net, &grads);
    let (message, file, line) = panic_of(|| net.0.forward(&vec![0, 7, 9], &mut Mode::eval()));
    assert_eq!((file.as_str(), line), (file!(), line!() - 1));
    let beginning = "Embedding `0`: index 7, at place 1, is out of range for a weight of shape [5, 2]";
    assert!(message.starts_with(beginning) && message.contains("`Embedding::new(10, ..)`"), "{message}");
    let indices = Array::from_slice(&[5]);
    let (message, ..) = panic_of(|| net.0.forward(&indices, &mut Mode::eval()));
    assert!(message.starts_with("Embedding `0`: index 5, at place 0"), "{message}");
}
