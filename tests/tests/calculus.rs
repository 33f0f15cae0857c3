//! Derivatives of functions, against closed forms, against differences, and against each other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use wengert::autograd::{
    Array, Call, Keeps, Op, Rng, Scalar, Tensor, View, batch_jacobian, grad, hessian, hvp, jacobian, jvp,
    no_grad, vjp,
};

type F1 = fn([&Tensor<f64>; 1]) -> Tensor<f64>;

fn normal(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::normal(shape, 0.0, 1.0, &mut Rng::seed(seed))
}

#[track_caller]
fn assert_near(found: &Tensor<f64>, expected: &Tensor<f64>, tolerance: f64) {
    assert_eq!(found.shape(), expected.shape());
    for (found, expected) in found.to_vec().into_iter().zip(expected.to_vec()) {
        let error = (found - expected).abs();
        assert!(error <= tolerance * (1.0 + expected.abs()), "{found:e} for {expected:e}");
    }
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    (a * b).sum().item()
}

/// An operator from outside, by values and tensors alone: `y = x e⁻ˣ`.
#[derive(Debug)]
struct Decay;

impl<T: Scalar> Op<T, 1> for Decay {
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        x.map_into(y, |x| x * (-x).exp());
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy * (-call.x(0) + T::one()) * (-call.x(0)).exp()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// A function for each kind of operator, from `[4, 3]`.
const FUNCTIONS: [(&str, F1); 10] = [
    ("pointwise", |[x]| (x.sin() * x + 2.0) / (x * x + 1.0).sqrt()),
    ("from outside", |[x]| Decay.apply([&Decay.apply([&(x * 0.3)])])),
    ("broadcast", |[x]| x * x.mean_keepdims(0)),
    ("matmul", |[x]| x.matmul(&x.t()).tanh()),
    ("softmax", |[x]| x.softmax(-1).ln() * x.log_softmax(0)),
    ("logsumexp", |[x]| (x * x).logsumexp(-1)),
    ("layer norm", |[x]| x.layer_norm(&Tensor::from([1.0, 2.0, 0.5]), &Tensor::from([0.0, 0.1, 0.2]), 1e-5)),
    ("linear", |[x]| x.linear(&normal(&[5, 3], 9), Some(&normal(&[5], 10))).sigmoid()),
    ("rows and concat", |[x]| Tensor::concat(&[&x.rows(&[1, 1, 3]), &x.exp()], 0).slice_step(0, 0, 3, 2)),
    ("where", |[x]| Tensor::where_(&x.mask(|x| x > 0.0), &x.exp(), &x.powi(3))),
];

#[test]
fn forward_mode_equals_differences_and_is_the_adjoint_of_reverse_mode() {
    let (x, v) = (normal(&[4, 3], 1), normal(&[4, 3], 2));
    let h = 1e-6;
    for (name, f) in FUNCTIONS {
        println!("{name}");
        let (y, dy) = jvp(f, [&x], [&v]);
        assert_near(&y, &f([&x]), 0.0);
        let difference = (f([&(&x + &v * h)]) - f([&(&x - &v * h)])) / (2.0 * h);
        assert_near(&dy, &difference, 1e-7);

        let u = normal(y.dims(), 3);
        let (value, [dx]) = vjp(f, [&x], &u);
        assert_near(&value, &y, 0.0);
        let (left, right) = (dot(&u, &dy), dot(&dx, &v));
        assert!((left - right).abs() < 1e-11 * (1.0 + left.abs()), "<u, J v> = {left}, <Jᵀu, v> = {right}");
        assert!(
            !dx.is_tracked() && !dy.is_tracked() && !y.is_tracked(),
            "there is nothing to differentiate by"
        );
    }
}

#[test]
fn jacobians_hold_both_products() {
    let (x, v) = (normal(&[4, 3], 1), normal(&[4, 3], 2));
    for (name, f) in FUNCTIONS {
        println!("{name}");
        let [j] = jacobian(f, [&x]);
        let y = f([&x]);
        assert_eq!(j.dims(), [y.dims(), x.dims()].concat());
        let matrix = j.reshape([y.size(), x.size()]);
        let flat = |t: &Tensor<f64>| t.reshape([t.size()]);
        assert_near(&flat(&v).linear(&matrix, None), &flat(&jvp(f, [&x], [&v]).1), 1e-12);
        let u = normal(y.dims(), 3);
        assert_near(&flat(&u).linear(&matrix.t(), None), &flat(&vjp(f, [&x], &u).1[0]), 1e-12);
    }
}

/// Taller than wide, wider than tall: by columns and by rows.
#[test]
fn jacobians_in_closed_form() {
    for shape in [[5, 2], [2, 5]] {
        let (a, x) = (normal(&shape, 1), normal(&shape[1..], 2));
        let [by_a, by_x] = jacobian(|[a, x]| x.linear(a, None), [&a, &x]);
        assert_near(&by_x, &a, 0.0);
        let [rows, columns] = shape;
        let expected = Tensor::build([rows, rows, columns], |e| {
            for (i, e) in e.iter_mut().enumerate() {
                let (row, of) = (i / (rows * columns), i / columns % rows);
                *e = if row == of { x.at([i % columns]) } else { 0.0 };
            }
        });
        assert_near(&by_a, &expected, 0.0);
        assert_near(&jacobian(|[x]| x.linear(&a, None), [&x])[0], &a, 0.0);
    }
    // ∂ softmax / ∂x = diag(p) - p pᵀ.
    let x = normal(&[4], 3);
    let p = x.softmax(0);
    let [j] = jacobian(|[x]| x.softmax(0), [&x]);
    let identity = Tensor::from([
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]);
    assert_near(&j, &(identity * &p - p.unsqueeze(-1) * &p), 1e-15);
    // A scalar of a scalar has neither axes.
    let [j] = jacobian(|[x]| x.exp(), [&Tensor::scalar(0.5)]);
    assert_eq!((j.dims(), j.item()), (&[][..], 0.5_f64.exp()));
}

/// Rosenbrock's function, whose Hessian is known, of two numbers and of one tensor of two.
#[test]
fn hessians_in_closed_form() {
    let (x, y) = (-1.2, 1.0);
    let expected = [1200.0 * x * x - 400.0 * y + 2.0, -400.0 * x, -400.0 * x, 200.0];
    let f = |x: &Tensor<f64>, y: &Tensor<f64>| ((1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)).sum();
    let [a, b] = [x, y].map(Tensor::scalar);
    let [[xx, xy], [yx, yy]] = hessian(|[x, y]| f(x, y), [&a, &b]);
    assert_near(&Tensor::from([xx, xy, yx, yy].map(|h| h.item())), &Tensor::from(expected), 1e-14);

    let both = Tensor::from([x, y]);
    let of_both = |[z]: [&Tensor<f64>; 1]| f(&z.slice(0, ..1), &z.slice(0, 1..));
    let [[h]] = hessian(of_both, [&both]);
    assert_near(&h.reshape([4]), &Tensor::from(expected), 1e-14);
    // It is the Jacobian of the gradient, and its products are to be had without it.
    let [same] = jacobian(|[z]| grad(&of_both([z]), [z]).map(|g| g + 0.0)[0].clone(), [&both]);
    assert_near(&same, &h, 1e-14);
    let v = Tensor::from([0.3, -2.0]);
    assert_near(&hvp(of_both, [&both], [&v])[0], &v.linear(&h, None), 1e-13);

    // xᵀ A y: A off the diagonal, whatever the shapes.
    let a = normal(&[2, 3], 4);
    let (x, y) = (normal(&[2], 5), normal(&[3], 6));
    let [[xx, xy], [yx, yy]] = hessian(|[x, y]| (y.linear(&a, None) * x).sum(), [&x, &y]);
    assert_near(&xy, &a, 0.0);
    assert_near(&yx, &a.t(), 0.0);
    assert_near(&xx, &Tensor::zeros([2, 2]), 0.0);
    assert_near(&yy, &Tensor::zeros([3, 3]), 0.0);
    let [hx, hy] = hvp(|[x, y]| (y.linear(&a, None) * x).sum(), [&x, &y], [&x, &y]);
    assert_near(&hx, &y.linear(&a, None), 1e-15);
    assert_near(&hy, &x.linear(&a.t(), None), 1e-15);
}

#[test]
fn hessians_of_every_kind_are_differences_of_gradients() {
    let (x, v) = (normal(&[4, 3], 1), normal(&[4, 3], 2));
    let h = 1e-5;
    for (name, f) in FUNCTIONS {
        println!("{name}");
        let number = |[x]: [&Tensor<f64>; 1]| f([x]).sin().sum();
        let gradient = |x: Tensor<f64>| {
            let x = x.requires_grad();
            number([&x]).backward()[&x].clone()
        };
        let difference = (gradient(&x + &v * h) - gradient(&x - &v * h)) / (2.0 * h);
        let [hv] = hvp(number, [&x], [&v]);
        assert_near(&hv, &difference, 1e-6);
        let [[matrix]] = hessian(number, [&x]);
        assert_near(&v.reshape([12]).linear(&matrix.reshape([12, 12]), None), &hv.reshape([12]), 1e-11);
    }
}

/// The blocks on the diagonal of the whole Jacobian, with fewer sweeps.
#[test]
fn jacobians_of_rows_are_the_diagonal_of_the_jacobian() {
    let (x, w) = (normal(&[4, 3], 1), normal(&[5, 3], 2));
    let f = |[x, z]: [&Tensor<f64>; 2]| (x.linear(&w, None) * z).softmax(-1);
    let z = normal(&[4, 1], 3);
    let [by_x, by_z] = batch_jacobian(f, [&x, &z]);
    let [all_x, all_z] = jacobian(f, [&x, &z]);
    assert_eq!((by_x.dims(), by_z.dims()), (&[4, 5, 3][..], &[4, 5, 1][..]));
    for b in 0..4 {
        let block = |all: &Tensor<f64>| all.slice(0, b..b + 1).slice(2, b..b + 1);
        assert_near(&by_x.slice(0, b..b + 1), &block(&all_x).reshape([1, 5, 3]), 1e-15);
        assert_near(&by_z.slice(0, b..b + 1), &block(&all_z).reshape([1, 5, 1]), 1e-15);
    }
    // Derivatives of derivatives, row by row.
    let number = |[x]: [&Tensor<f64>; 1]| x.sin().sum_axes(-1);
    let [second] = batch_jacobian(|[x]| batch_jacobian(number, [x])[0].clone(), [&x]);
    assert_eq!(second.dims(), [4, 3, 3]);
    assert_near(&second.sum_axes(-1), &-x.sin(), 1e-15);
    assert_eq!(batch_jacobian(|[x]| x.exp(), [&x.slice(0, ..0)])[0].dims(), [0, 3, 3]);

    let says = |f: fn([&Tensor<f64>; 1]) -> Tensor<f64>| {
        let panic = catch_unwind(AssertUnwindSafe(|| batch_jacobian(f, [&x]))).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    let message = says(|[x]| x - x.mean_keepdims(0));
    assert!(message.contains("a row of the output depends on another row of input 0"), "{message}");
    // Rows 1 and 2 meet, and not the first.
    let mixed = Tensor::from([
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 1.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]);
    for met in [mixed.clone(), mixed.t()] {
        let panic = catch_unwind(AssertUnwindSafe(|| batch_jacobian(|[x]| x * 2.0 + met.matmul(x), [&x])));
        let message = *panic.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("depends on another row of input 0"), "{message}");
    }
    let message = says(|[x]| x.t());
    assert!(message.contains("input 0 has shape [4, 3], the output [3, 4]"), "{message}");
}

#[test]
fn what_does_not_depend_has_derivative_zero() {
    let (x, y) = (normal(&[2], 1), normal(&[3], 2));
    let [by_x, by_y] = jacobian(|[x, _]| x * 2.0, [&x, &y]);
    assert_eq!(
        (by_x.to_vec(), by_y.dims(), by_y.to_vec()),
        (vec![2.0, 0.0, 0.0, 2.0], &[2, 3][..], vec![0.0; 6])
    );
    assert_eq!(hessian(|[y]| y.sum(), [&y])[0][0].to_vec(), [0.0; 9]);
    // Nothing at all.
    let empty = Tensor::<f64>::zeros([0]);
    assert_eq!(jacobian(|[x]| x.exp(), [&empty])[0].dims(), [0, 0]);
    assert_eq!(jacobian(|[x]| x.slice(0, ..0), [&x])[0].dims(), [0, 2]);
    assert_eq!(jacobian(|[e]| &x + e.sum(), [&empty])[0].dims(), [2, 0]);
    let none: [Tensor<f64>; 0] = jacobian(|[]| x.clone(), []);
    assert!(none.is_empty() && jvp(|[]| x.clone(), [], []).1.to_vec() == [0.0; 2]);
}

/// What uses no argument is a mistake, and not a constant function: it records nothing, or uses what it has captured.
#[test]
fn a_result_that_depends_on_no_argument_is_an_error() {
    type Call = fn(&Tensor<f64>);
    let calls: [(&str, Call); 6] = [
        ("jacobian", |y| drop(jacobian(|[y]| no_grad(|| y * 2.0), [y]))),
        ("batch_jacobian", |y| drop(batch_jacobian(|[_]| y * 2.0, [y]))),
        ("jvp", |y| drop(jvp(|[_]| y * 2.0, [y], [y]))),
        ("vjp", |y| drop(vjp(|[_]| y * 2.0, [y], y))),
        ("hessian", |y| drop(hessian(|[_]| y.square().sum(), [y]))),
        ("hvp", |y| drop(hvp(|[_]| y.square().sum(), [y], [y]))),
    ];
    for (name, call) in calls {
        let y = normal(&[3], 1).requires_grad();
        let panic = catch_unwind(AssertUnwindSafe(|| call(&y))).expect_err("an error");
        let message = panic.downcast::<String>().expect("a message");
        let expected = format!("{name}: the result depends on none of the arguments\n  help: ");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn they_compose() {
    // d³/dx³ sin x = -cos x, one inside another.
    let x = Tensor::scalar(0.7_f64);
    let d = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>| jacobian(|[x]| f(x), [x])[0].clone();
    let third = d(&|x| d(&|x| d(&|x| x.sin(), x), x), &x);
    assert!((third.item() + 0.7_f64.cos()).abs() < 1e-15);
    // Forward over forward over reverse.
    let one = Tensor::scalar(1.0);
    let along = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>| jvp(|[x]| f(x), [x], [&one]).1;
    let third = along(&|x| along(&|x| vjp(|[x]| x.sin(), [x], &one).1[0].clone(), x), &x);
    assert!((third.item() + 0.7_f64.cos()).abs() < 1e-15);

    // What a closure captures is constant to it, the argument itself included: d/dx x (d/dy (x + y)) = 1.
    let [outer] = jacobian(|[x]| x * &jacobian(|[y]| x + y, [&Tensor::scalar(5.0)])[0], [&x]);
    assert_eq!(outer.item(), 1.0);
    let tracked = x.requires_grad();
    let [inner] = jacobian(|[y]| &tracked * y, [&tracked]);
    assert_eq!((inner.item(), inner.is_tracked()), (0.7, true));
    assert_eq!(inner.backward()[&tracked].item(), 1.0);
}

/// The equation of a vibrating string, as in a physics-informed network: derivatives by the place in a loss that is
/// differentiated by the weights.
#[test]
fn a_loss_may_hold_derivatives() {
    let (w, v) = (normal(&[8, 1], 1), normal(&[1, 8], 2));
    let x = normal(&[1], 3);
    let loss = |w: &Tensor<f64>, v: &Tensor<f64>| {
        let u = |[x]: [&Tensor<f64>; 1]| x.linear(w, None).tanh().linear(v, None).sum();
        let [[second]] = hessian(u, [&x]);
        (second + u([&x])).powi(2).sum()
    };
    let [lw, lv] = [&w, &v].map(|t| t.clone().requires_grad());
    let grads = loss(&lw, &lv).backward();
    let (dw, h) = (normal(&[8, 1], 4), 1e-6);
    let difference = (loss(&(&w + &dw * h), &v) - loss(&(&w - &dw * h), &v)) / (2.0 * h);
    assert_near(&Tensor::scalar(dot(&grads[&lw], &dw)), &difference, 1e-7);
    assert!(grads.get(&lv).is_some());
    // Without recording it is a number and no more.
    let plain = no_grad(|| loss(&lw, &lv));
    assert_eq!((plain.item(), plain.is_tracked()), (loss(&w, &v).item(), false));
    let [j] = no_grad(|| jacobian(|[x]| x.linear(&lw, None), [&x]));
    assert!(!j.is_tracked() && j.to_vec() == w.to_vec());
}

#[test]
fn labels_and_masks_are_captured() {
    let x = normal(&[3], 1);
    let mask = Array::from_slice(&[true, false, true]);
    let [j] = jacobian(|[x]| Tensor::where_(&mask, x, &(x * 2.0)), [&x]);
    assert_eq!(j.to_vec(), [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn misfits_are_told() {
    let x = Tensor::from([1.0, 2.0]);
    let says = |f: &dyn Fn()| *catch_unwind(AssertUnwindSafe(f)).unwrap_err().downcast::<String>().unwrap();
    let message = says(&|| drop(jvp(|[x]| x.exp(), [&x], [&Tensor::from([1.0])])));
    assert!(message.contains("the tangent has shape [1], its input has shape [2]"), "{message}");
    let message = says(&|| drop(vjp(|[x]| x.exp(), [&x], &Tensor::from([1.0]))));
    assert!(message.contains("the cotangent has shape [1], the root has shape [2]"), "{message}");
    for f in
        [(|x| drop(hessian(|[x]| x.exp(), [x]))) as fn(&Tensor<f64>), |x| drop(hvp(|[x]| x.exp(), [x], [x]))]
    {
        let message = says(&|| f(&x));
        assert!(message.contains("the function gives shape [2], not a single number"), "{message}");
    }
}
