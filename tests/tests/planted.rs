//! The checker can fail: operators that are wrong in one way each, and every one is caught, whatever the seed, with a
//! message that names what is wrong. Right operators pass on the same seeds.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::messages::panic_of;
use wengert::autograd::ops::{LayerNorm, Matmul, Mul, Softmax};
use wengert::autograd::{
    Call, Cases, Keeps, Map, Op, Shape, ShapeError, Tensor, View, check, check_fn, check_with, no_grad,
};

const SEEDS: u64 = 50;

type Forward<const N: usize> = dyn Fn([View<'_, f64>; N], &mut [f64]) + Send + Sync;
type Backward = dyn Fn(usize, &Call<'_, f64>, &Tensor<f64>) -> Tensor<f64> + Send + Sync;

/// An operator put together from parts, so that one of them can be wrong.
#[derive(Clone)]
struct Planted<const N: usize> {
    shape: fn([&Shape; N]) -> Result<Shape, ShapeError>,
    forward: Arc<Forward<N>>,
    backward: Arc<Backward>,
    keeps: fn(usize) -> Keeps,
}

impl<const N: usize> fmt::Debug for Planted<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Planted")
    }
}

impl<const N: usize> Op<f64, N> for Planted<N> {
    fn shape(&self, x: [&Shape; N]) -> Result<Shape, ShapeError> {
        (self.shape)(x)
    }
    fn forward(&self, x: [View<'_, f64>; N], y: &mut [f64]) {
        (self.forward)(x, y);
    }
    fn backward(&self, i: usize, call: &Call<'_, f64>, dy: &Tensor<f64>) -> Tensor<f64> {
        (self.backward)(i, call, dy)
    }
    fn keeps(&self, i: usize) -> Keeps {
        (self.keeps)(i)
    }
}

/// `y = x²`, right in every part.
fn square() -> Planted<1> {
    Planted {
        shape: |[x]| Ok(x.clone()),
        forward: Arc::new(|[x], y| x.map_into(y, |x| x * x)),
        backward: Arc::new(|_, call, dy| dy * call.x(0) * 2.0),
        keeps: |_| Keeps::x(0),
    }
}

/// `y = x²` with another gradient.
fn square_with(
    backward: impl Fn(usize, &Call<'_, f64>, &Tensor<f64>) -> Tensor<f64> + Send + Sync + 'static,
) -> Planted<1> {
    Planted { backward: Arc::new(backward), ..square() }
}

/// `y = a b`, by the public operators, with another gradient.
fn product_with(
    backward: impl Fn(usize, &Call<'_, f64>, &Tensor<f64>) -> Tensor<f64> + Send + Sync + 'static,
) -> Planted<2> {
    Planted {
        shape: |x| Shape::broadcast(&x),
        forward: Arc::new(|x, y| {
            let shape = Shape::broadcast(&x.map(|x| x.shape())).unwrap();
            let [a, b] = x.map(|x| {
                let x = Tensor::from_vec(x.iter().collect(), x.shape()).unwrap();
                x.broadcast_to(&shape).to_vec()
            });
            y.iter_mut().zip(a.iter().zip(&b)).for_each(|(y, (a, b))| *y = a * b);
        }),
        backward: Arc::new(backward),
        keeps: |i| Keeps::x(1 - i),
    }
}

/// What the checker says of this operator, for each seed in which it finds a fault.
fn complaints<const N: usize>(op: &(impl Op<f64, N> + Clone), cases: impl Fn() -> Cases<N>) -> Vec<String> {
    let attempt = |seed| {
        let proof = AssertUnwindSafe(|| check_with(op.clone(), cases().seed(seed)));
        catch_unwind(proof).err().map(|panic| panic.downcast_ref::<String>().expect("a message").clone())
    };
    (0..SEEDS).filter_map(attempt).collect()
}

/// Every seed finds the fault, and every message says all of `says`.
#[track_caller]
fn caught<const N: usize>(op: &(impl Op<f64, N> + Clone), cases: impl Fn() -> Cases<N>, says: &[&str]) {
    let complaints = complaints(op, cases);
    assert_eq!(
        complaints.len(),
        SEEDS as usize,
        "of {SEEDS} seeds, the fault was seen by {}",
        complaints.len()
    );
    for complaint in complaints {
        for said in says.iter().chain(&[
            "planted: ",
            "help: ",
            "input 0    [",
            "cotangent",
            "Rng::seed",
            "PROPTEST_RNG_SEED",
        ]) {
            assert!(complaint.contains(said), "expected {said:?} in:\n{complaint}");
        }
    }
}

const DIFFERENCES: &str =
    "does not hold that the gradient equals central differences\n  the gradient of input";
const SECOND: &str = "does not hold that the second derivative equals central differences";

/// A complaint blames the line that has asked for the proof.
#[test]
fn the_line_is_that_of_the_check() {
    let op = || square_with(|_, call, dy| dy * call.x(0) * -2.0);
    let (_, file, line) = panic_of(|| check(op()));
    assert_eq!((file.as_str(), line), (file!(), line!() - 1));
    let (_, file, line) = panic_of(|| check_with(op(), Cases::default()));
    assert_eq!((file.as_str(), line), (file!(), line!() - 1));
    let (_, file, line) = panic_of(|| check_fn(|[x]| op().apply([x]), Cases::default()));
    assert_eq!((file.as_str(), line), (file!(), line!() - 1));
}

#[test]
fn wrong_sign() {
    let op = square_with(|_, call, dy| dy * call.x(0) * -2.0);
    caught(&op, Cases::default, &[DIFFERENCES, "by backward", "by differences"]);
}

#[test]
fn missing_factor() {
    caught(&square_with(|_, call, dy| dy * call.x(0)), Cases::default, &[DIFFERENCES]);
}

#[test]
fn a_factor_that_is_off_by_a_hundred_thousandth() {
    caught(&square_with(|_, call, dy| dy * call.x(0) * 2.00002), Cases::default, &[DIFFERENCES]);
}

#[test]
fn zero_gradient() {
    let op = square_with(|_, call, _| Tensor::zeros(call.shape(0)));
    caught(&op, Cases::default, &[DIFFERENCES, "0e0 by backward"]);
}

#[test]
fn cotangent_ignored() {
    caught(&square_with(|_, call, _| call.x(0) * 2.0), Cases::default, &[DIFFERENCES]);
}

#[test]
fn gradient_of_the_other_input() {
    let op = Planted { keeps: |_| Keeps::ALL, ..product_with(|i, call, dy| dy * call.x(i)) };
    caught(&op, Cases::default, &[DIFFERENCES]);
}

/// Summed over the wrong axis and stretched again, the gradient still has a shape that fits.
#[test]
fn summed_over_the_wrong_axis() {
    let sum = Planted {
        shape: |[x]| Ok(Shape::from([x[1]])),
        forward: Arc::new(|[x], y: &mut [f64]| {
            y.fill(0.0);
            let columns = y.len();
            x.iter().enumerate().for_each(|(i, x)| y[i % columns] += x);
        }),
        backward: Arc::new(|_, call, dy| dy.broadcast_to(call.shape(0))),
        keeps: |_| Keeps::NONE,
    };
    assert!(complaints(&sum, || Cases::shapes(["mn"]).count(16)).is_empty());
    // In a square, only the values are wrong.
    let wrong = Planted {
        backward: Arc::new(|_: usize, call: &Call<'_, f64>, dy: &Tensor<f64>| {
            let is_square = call.shape(0)[0] == call.shape(0)[1];
            let dy = if is_square { dy.unsqueeze(-1) } else { dy.clone() };
            dy.broadcast_to(call.shape(0))
        }),
        ..sum
    };
    caught(&wrong, || Cases::shapes(["mn"]), &[DIFFERENCES]);
}

/// The sweep sums what is too large: a gradient stacked twice passes every test of shapes, and is twice too large.
#[test]
fn a_shape_that_happens_to_sum() {
    let op = square_with(|_, call, dy| {
        let dx = dy * call.x(0) * 2.0;
        dx.broadcast_to([&[2], dx.dims()].concat())
    });
    caught(&op, Cases::default, &[DIFFERENCES]);
}

#[test]
fn a_shape_that_does_not_fit() {
    let op = square_with(|_, _, dy| dy.reshape([dy.size()]).slice(0, 1..));
    caught(&op, || Cases::shapes(["4N"]), &["which does not sum to the input's [4,"]);
}

/// Mean for sum where an input was stretched.
#[test]
fn mean_over_what_was_broadcast() {
    let op = product_with(|i, call, dy| {
        let dx = dy * call.x(1 - i);
        let ratio = call.shape(i).size() as f64 / dx.size().max(1) as f64;
        if ratio < 1.0 && ratio > 0.0 { dx * ratio } else { dx }
    });
    caught(&op, Cases::default, &[DIFFERENCES]);
}

/// For square matrices the shapes fit, and only the numbers are wrong.
#[test]
fn transposed_operand_in_a_product_of_matrices() {
    let op = Planted {
        shape: |x| Op::<f64, 2>::shape(&Matmul, x),
        forward: Arc::new(|x, y| Matmul.forward(x, y)),
        backward: Arc::new(|i, call, dy| {
            let is_square = call.shape(1)[0] == call.shape(1)[1];
            match i {
                0 if is_square => dy.matmul(&call.x(1)),
                0 => dy.matmul(&call.x(1).t()),
                _ => call.x(0).t().matmul(dy),
            }
        }),
        keeps: |i| Keeps::x(1 - i),
    };
    caught(&op, || Cases::shapes(["mk", "kn"]), &[DIFFERENCES, "input 0 at "]);
}

#[test]
fn keeps_too_small() {
    let op = Planted { keeps: |_| Keeps::NONE, ..square() };
    caught(&op, Cases::default, &["the gradient reads input 0, which was not kept", "Keeps::x(0)"]);
}

/// Enough as long as the other input is tracked as well.
#[test]
fn keeps_too_small_for_one_choice_of_tracked_inputs() {
    let op = Planted { keeps: |_| Keeps::x(0), ..product_with(|i, call, dy| dy * call.x(1 - i)) };
    caught(&op, Cases::default, &["which was not kept"]);
    let op = Planted {
        keeps: |i| if i == 0 { Keeps::x(0) } else { Keeps::x(0) | Keeps::x(1) },
        ..product_with(|i, call, dy| dy * call.x(1 - i))
    };
    caught(&op, Cases::default, &["with inputs [0] tracked", "input 1, which was not kept"]);
}

#[test]
fn right_at_order_1_and_constant_at_order_2() {
    let op = square_with(|_, call, dy| dy * call.x(0).detach() * 2.0);
    caught(&op, Cases::default, &[SECOND, "0e0 by backward"]);
    let op = square_with(|_, call, dy| no_grad(|| dy * call.x(0) * 2.0));
    caught(&op, Cases::default, &[SECOND]);
}

/// The gradient that is at fault is named, not only what it is differentiated by.
#[test]
fn one_of_two_gradients_is_constant_at_order_2() {
    for at_fault in 0..2 {
        let op = product_with(move |i, call, dy| {
            let other = call.x(1 - i);
            dy * if i == at_fault { other.detach() } else { other }
        });
        let named = format!("of the first gradient of input {at_fault}, by `backward({at_fault})`");
        caught(&op, Cases::default, &[SECOND, &named, "input 2 is the cotangent"]);
    }
}

#[test]
fn linear_in_a_cotangent_that_is_lost_at_order_2() {
    let op = square_with(|_, call, dy| dy.detach() * call.x(0) * 2.0);
    caught(&op, Cases::default, &[SECOND, "the gradient of input 1", "input 1 is the cotangent"]);
}

#[test]
fn fused_differs_from_composed() {
    let op = square_with(|_, call, dy| dy * call.x(0) * if call.recorded() { 2.0 } else { 2.0 + 1e-9 });
    caught(&op, Cases::default, &["does not hold that a recorded backward pass gives the same gradient"]);
}

#[test]
fn an_element_left_unwritten() {
    let op = Planted {
        forward: Arc::new(|[x]: [View<'_, f64>; 1], y: &mut [f64]| {
            y.iter_mut().zip(x.iter()).skip(1).for_each(|(y, x)| *y = x * x);
        }),
        ..square()
    };
    caught(
        &op,
        Cases::default,
        &["the value at [", "on memory that held NaN, then 0.5", "every element must be written"],
    );
}

#[test]
fn an_element_added_to() {
    let op = Planted {
        forward: Arc::new(|[x]: [View<'_, f64>; 1], y: &mut [f64]| {
            y.iter_mut().zip(x.iter()).for_each(|(y, x)| *y += x * x);
        }),
        ..square()
    };
    caught(&op, Cases::default, &["the value at [", "every element must be written"]);
}

/// Reads the buffer as if it were in row-major order.
#[test]
fn wrong_on_a_transposed_input() {
    let op = Planted {
        forward: Arc::new(|[x]: [View<'_, f64>; 1], y: &mut [f64]| {
            let x = &x.data()[x.layout().offset()..];
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x * x);
        }),
        ..square()
    };
    caught(
        &op,
        || Cases::shapes(["34"]),
        &["inputs and cotangent may lie in any layout", "the value as arranged"],
    );
}

/// Reads the cotangent as if it were in row-major order.
#[test]
fn wrong_on_a_transposed_cotangent() {
    let op = square_with(|_, call, dy| {
        let view = dy.array().view();
        let first = &view.data()[view.layout().offset()..];
        let right = dy * call.x(0) * 2.0;
        match view.as_slice() {
            Some(_) => right,
            None => Tensor::build(right.shape(), |y| y.fill(first[0])) + right * 0.0,
        }
    });
    caught(&op, || Cases::shapes(["34"]), &["any layout", "input 0 as arranged"]);
}

#[test]
fn another_value_at_every_call() {
    let calls = Arc::new(AtomicU64::new(0));
    let op = Planted {
        forward: Arc::new(move |[x], y| {
            let bit = (calls.fetch_add(1, Ordering::Relaxed) % 2) as f64 * 1e-15;
            x.map_into(y, |x| x * x * (1.0 + bit));
        }),
        ..square()
    };
    caught(&op, || Cases::shapes(["34"]), &["repeatable to the bit", "in the same call"]);
}

/// A function, not an operator, that loses the gradient on the way.
#[test]
fn a_function_that_detaches() {
    for seed in 0..SEEDS {
        let cases = Cases::default().seed(seed);
        let proof = catch_unwind(AssertUnwindSafe(|| check_fn(|[x]| x.detach().exp() * x, cases)));
        let message =
            proof.expect_err("a lost gradient").downcast_ref::<String>().expect("a message").clone();
        assert!(message.contains(DIFFERENCES) && message.contains("a_function_that_detaches"), "{message}");
    }
}

#[test]
fn right_operators_pass() {
    assert_eq!(complaints(&square(), || Cases::default().count(16)), [""; 0]);
    let product = product_with(|i, call, dy| dy * call.x(1 - i));
    assert_eq!(complaints(&product, || Cases::default().count(16)), [""; 0]);
    assert_eq!(complaints(&Arc::new(Map(Mul)), || Cases::default().count(16)), [""; 0]);
    assert_eq!(complaints(&Arc::new(Matmul), || Cases::shapes(["..mk", "..kn"]).count(8)), [""; 0]);
    assert_eq!(complaints(&Arc::new(Softmax { axis: -1 }), || Cases::shapes(["..n"]).count(8)), [""; 0]);
    let norm = Arc::new(LayerNorm { epsilon: 0.1 });
    assert_eq!(complaints(&norm, || Cases::shapes(["..n", "n", "n"]).count(8)), [""; 0]);
}
