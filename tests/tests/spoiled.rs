//! Every operator of the engine with each of its gradients spoiled in each of several ways: the checker sees them all,
//! so that what it says of the unspoiled ones means something.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wengert::autograd::ops::*;
use wengert::autograd::{
    Array, Call, Cases, Keeps, Map, Op, Routine, Shape, ShapeError, Tensor, View, check_with,
};

/// An operator with the gradient of one input spoiled.
#[derive(Debug)]
struct Spoiled<O> {
    op: Arc<O>,
    input: usize,
    how: fn(&Tensor<f64>) -> Tensor<f64>,
}

impl<O: Op<f64, N>, const N: usize> Op<f64, N> for Spoiled<O> {
    fn shape(&self, x: [&Shape; N]) -> Result<Shape, ShapeError> {
        self.op.shape(x)
    }
    fn forward(&self, x: [View<'_, f64>; N], y: &mut [f64]) {
        self.op.forward(x, y);
    }
    fn backward(&self, i: usize, call: &Call<'_, f64>, dy: &Tensor<f64>) -> Tensor<f64> {
        self.op.backward(i, call, dy)
    }
    fn backward_all(&self, call: &Call<'_, f64>, dy: Tensor<f64>) -> [Option<Tensor<f64>>; N] {
        let mut gradients = self.op.backward_all(call, dy);
        gradients[self.input] = gradients[self.input].take().map(|g| (self.how)(&g));
        gradients
    }
    fn keeps(&self, i: usize) -> Keeps {
        self.op.keeps(i)
    }
}

type Fault = (&'static str, fn(&Tensor<f64>) -> Tensor<f64>);

const FAULTS: [Fault; 6] = [
    ("of the wrong sign", |g| -g),
    ("zero", |g| g * 0.0),
    ("too large by a part in a hundred thousand", |g| g * (1.0 + 1e-5)),
    ("shifted by one element", shifted),
    ("without its largest element", without_largest),
    ("a constant at order 2", Tensor::detach),
];

fn shifted(g: &Tensor<f64>) -> Tensor<f64> {
    let flat = g.reshape([g.size()]);
    let first = flat.slice(0, ..1.min(g.size() as isize));
    Tensor::concat(&[&flat.slice(0, 1.min(g.size() as isize)..), &first], 0).reshape(g.shape())
}

fn without_largest(g: &Tensor<f64>) -> Tensor<f64> {
    let largest = g.to_vec().into_iter().map(f64::abs).fold(0.0, f64::max);
    Tensor::where_(&g.mask(|g| g.abs() < largest), g, &Tensor::scalar(0.0))
}

/// Every fault in every gradient is seen.
#[track_caller]
fn every_fault_is_seen<const N: usize>(op: impl Op<f64, N>, cases: impl Fn() -> Cases<N>) {
    let op = Arc::new(op);
    for input in 0..N {
        for (fault, how) in FAULTS {
            let spoiled = Spoiled { op: op.clone(), input, how };
            let proof = catch_unwind(AssertUnwindSafe(|| check_with(spoiled, cases())));
            let Err(panic) = proof else {
                panic!("{op:?}: nobody sees that the gradient of input {input} is {fault}")
            };
            let message = panic.downcast_ref::<String>().expect("a message");
            let names_it = message.contains("differences") && message.contains("the gradient of input");
            assert!(names_it, "{op:?} for another reason than that {input} is {fault}: {message}");
        }
    }
}

#[test]
fn arithmetic() {
    every_fault_is_seen(Add, Cases::default);
    every_fault_is_seen(Sub, Cases::default);
    every_fault_is_seen(Map(Mul), Cases::default);
    every_fault_is_seen(Map(Div), Cases::default);
    every_fault_is_seen(Map(Neg), Cases::default);
    every_fault_is_seen(AddScalar(1.5), Cases::default);
    every_fault_is_seen(Map(MulScalar(1.5)), Cases::default);
}

#[test]
fn elementary() {
    let positive = || Cases::default().range(0.4, 3.0);
    every_fault_is_seen(Map(Exp), Cases::default);
    every_fault_is_seen(Map(Ln), positive);
    every_fault_is_seen(Map(Sqrt), positive);
    every_fault_is_seen(Map(Powi(3)), Cases::default);
    every_fault_is_seen(Map(Powi(-2)), Cases::default);
    every_fault_is_seen(Map(Sin), Cases::default);
    every_fault_is_seen(Map(Cos), Cases::default);
    every_fault_is_seen(Map(Abs), Cases::default);
    every_fault_is_seen(Map(Tanh), Cases::default);
    every_fault_is_seen(Map(Routine(Sigmoid)), Cases::default);
    every_fault_is_seen(Map(Relu), Cases::default);
}

#[test]
fn along_axes() {
    every_fault_is_seen(Sum { axes: 1.into(), keepdims: false }, || Cases::shapes(["abc"]));
    every_fault_is_seen(Softmax { axis: 1 }, || Cases::shapes(["abc"]));
    every_fault_is_seen(LogSoftmax { axis: -1 }, || Cases::shapes(["..n"]));
    every_fault_is_seen(LayerNorm { epsilon: 0.1 }, || Cases::shapes(["..n", "n", "n"]));
}

#[test]
fn products_of_matrices() {
    every_fault_is_seen(Matmul, || Cases::shapes(["..mk", "..kn"]));
    every_fault_is_seen(Linear(Identity), || Cases::shapes(["..i", "oi"]));
    every_fault_is_seen(Linear(Identity), || Cases::shapes(["..i", "oi", "o"]));
}

#[test]
fn choosing() {
    let indices = Array::from_slice(&[2, 0, 2]);
    let indices = indices.reshape([3, 1]).unwrap();
    every_fault_is_seen(Gather { axis: 0, indices: indices.clone() }, || Cases::shapes(["3a"]));
    every_fault_is_seen(ScatterAdd { axis: 0, indices, size: 4 }, || Cases::shapes(["3a"]));
    let mask = Array::from_slice(&[true, false, true, false]);
    every_fault_is_seen(Where { mask }, || Cases::shapes(["..4", "..4"]));
    let slice = Slice { axis: 1, start: 5, len: 3, step: -2 };
    every_fault_is_seen(Unview { view: slice, shape: Shape::from([2, 6]) }, || Cases::shapes(["23"]));
}
