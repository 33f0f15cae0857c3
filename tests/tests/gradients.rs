//! Every operator of the engine, proved by the checker: orders 1 and 2, every layout, every choice of tracked inputs.

use wengert::autograd::ops::*;
use wengert::autograd::{
    Array, Axes, Cases, Map, Pointwise, Rng, Routine, Tensor, check, check_fn, check_with,
};

#[test]
fn add() {
    check(Add);
}

#[test]
fn sub() {
    check(Sub);
}

#[test]
fn mul() {
    check(Map(Mul));
}

#[test]
fn div() {
    check(Map(Div));
}

#[test]
fn neg() {
    check(Map(Neg));
}

#[test]
fn add_scalar() {
    check(AddScalar(-1.5));
}

#[test]
fn mul_scalar() {
    check(Map(MulScalar(-1.5)));
}

#[test]
fn exp() {
    check(Map(Exp));
}

#[test]
fn ln() {
    check_with(Map(Ln), Cases::default().range(0.4, 3.0));
}

#[test]
fn sqrt() {
    check_with(Map(Sqrt), Cases::default().range(0.4, 3.0));
}

#[test]
fn powi() {
    (-3..=4).for_each(|n| check(Map(Powi(n))));
}

/// At 0 every whole power that is not negative is smooth.
#[test]
fn powi_around_zero() {
    (0..=4).for_each(|n| check_with(Map(Powi(n)), Cases::default().range(-0.1, 0.1)));
}

#[test]
fn sin() {
    check(Map(Sin));
}

#[test]
fn cos() {
    check(Map(Cos));
}

#[test]
fn tanh() {
    check(Map(Tanh));
}

#[test]
fn sigmoid() {
    check(Map(Routine(Sigmoid)));
}

/// Away from its kink, the second derivative is truly 0.
#[test]
fn relu() {
    check(Map(Relu));
}

#[test]
fn abs() {
    check(Map(Abs));
}

#[test]
fn sum_over_every_choice_of_axes() {
    let axes: [Axes; 6] = [(..).into(), 0.into(), (-1).into(), 1.into(), [0, 2].into(), [1, -1].into()];
    for axes in axes {
        for keepdims in [false, true] {
            check_with(Sum { axes: axes.clone(), keepdims }, Cases::shapes(["abc"]));
        }
    }
    check(Sum { axes: (..).into(), keepdims: false });
    check(Sum { axes: (..).into(), keepdims: true });
    check_with(Sum { axes: (-1).into(), keepdims: false }, Cases::shapes(["..n"]));
}

/// A mean of nothing is NaN, so no axis is empty.
#[test]
fn mean() {
    check_fn(|[x]| x.mean(), Cases::shapes(["ABC"]));
    check_fn(|[x]| x.mean_axes([0, -1]), Cases::shapes(["ABC"]));
    check_fn(|[x]| x.mean_keepdims(1), Cases::shapes(["ABC"]));
}

#[test]
fn reshape() {
    check_fn(|[x]| x.reshape([x.size()]), Cases::default());
    check_fn(|[x]| x.reshape([3, 2, 1, 2]), Cases::shapes(["26"]));
    check_fn(|[x]| x.reshape([4, 3]), Cases::shapes(["232"]));
    check_fn(|[x]| x.unsqueeze(1).squeeze(0), Cases::shapes(["1ab"]));
}

#[test]
fn permute() {
    check_fn(|[x]| x.permute(&[2, 0, 1]), Cases::shapes(["abc"]));
    check_fn(|[x]| x.permute(&[3, 1, 0, 2]), Cases::shapes(["abcd"]));
    check_fn(|[x]| x.t(), Cases::shapes(["..ab"]));
}

#[test]
fn broadcast_to() {
    check_fn(|[x]| x.broadcast_to([2, 3, 4]), Cases::shapes(["31"]));
    check_fn(|[x]| x.broadcast_to([2, 3, 4]), Cases::shapes(["214"]));
    check_fn(|[x]| x.broadcast_to([3, 2]), Cases::shapes([""]));
    check_fn(|[x]| x.broadcast_to([0, 3, 2]), Cases::shapes(["132"]));
}

#[test]
fn slice() {
    check_fn(|[x]| x.slice(1, 1..3), Cases::shapes(["a4b"]));
    check_fn(|[x]| x.slice(-1, ..), Cases::shapes(["ab"]));
    check_fn(|[x]| x.slice(0, 2..2), Cases::shapes(["3a"]));
    check_fn(|[x]| x.slice_step(1, 1, 3, 2), Cases::shapes(["a6"]));
    check_fn(|[x]| x.slice_step(0, 5, 3, -2), Cases::shapes(["6a"]));
    check_fn(|[x]| x.slice_step(2, 3, 4, -1), Cases::shapes(["ab5c"]));
}

#[test]
fn matmul() {
    check_with(Matmul, Cases::shapes(["mk", "kn"]));
}

#[test]
fn matmul_of_batches_that_broadcast() {
    check_with(Matmul, Cases::shapes(["..mk", "..kn"]));
    check_with(Matmul, Cases::shapes(["bmk", "kn"]));
    check_with(Matmul, Cases::shapes(["mk", "bkn"]));
}

#[test]
fn linear_without_bias() {
    check_with(Linear(Identity), Cases::shapes(["i", "oi"]));
    check_with(Linear(Identity), Cases::shapes(["ri", "oi"]));
    check_with(Linear(Identity), Cases::shapes(["..i", "oi"]));
}

#[test]
fn linear_with_bias() {
    check_with(Linear(Identity), Cases::shapes(["i", "oi", "o"]));
    check_with(Linear(Identity), Cases::shapes(["ri", "oi", "o"]));
    check_with(Linear(Identity), Cases::shapes(["..i", "oi", "o"]));
}

/// One pass, as composed.
#[test]
fn linear_then_a_function() {
    check_with(Linear(Tanh), Cases::shapes(["ri", "oi"]));
    check_with(Linear(Routine(Sigmoid)), Cases::shapes(["i", "oi", "o"]));
    check_with(Linear(Tanh), Cases::shapes(["..i", "oi", "o"]));
    check_with(Linear(Exp), Cases::shapes(["ri", "oi", "o"]));
    check_with(Linear(MulScalar(-3.0)), Cases::shapes(["ri", "oi", "o"]));
}

/// Sine and square read what they are applied to, so they are applied apart.
#[test]
fn linear_then_any_function_is_the_two_composed() {
    fn same<P: Pointwise<f64, 1>>(f: impl Fn() -> P) {
        let mut rng = Rng::seed(3);
        let mut normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, &mut rng).requires_grad();
        let (x, w, b) = (normal(&[5, 4]), normal(&[3, 4]), normal(&[3]));
        for bias in [Some(&b), None] {
            let (y, z) = (x.linear_then(&w, bias, f()), f().apply([&x.linear(&w, bias)]));
            assert_eq!(y.to_vec(), z.to_vec());
            let (dy, dz) = (y.sum().backward(), z.sum().backward());
            for x in [&x, &w].into_iter().chain(bias) {
                assert_eq!(dy[x].to_vec(), dz[x].to_vec());
            }
        }
    }
    same(|| Identity);
    same(|| Relu);
    same(|| Tanh);
    same(|| Sin);
    same(|| Powi(2));
}

#[test]
fn softmax_along_every_axis() {
    for axis in [0, 1, 2, -1] {
        check_with(Softmax { axis }, Cases::shapes(["abc"]));
    }
    check_with(Softmax { axis: -1 }, Cases::shapes(["..n"]));
}

#[test]
fn log_softmax_along_every_axis() {
    for axis in [0, 1, 2, -1] {
        check_with(LogSoftmax { axis }, Cases::shapes(["abc"]));
    }
    check_with(LogSoftmax { axis: -1 }, Cases::shapes(["..n"]));
}

#[test]
fn logsumexp_along_every_axis() {
    // Of nothing it is `-inf`, which has no differences.
    for axis in [0, 1, -1] {
        check_with(LogSumExp { axis }, Cases::shapes(["ABC"]));
    }
    check_fn(|[x]| x.logsumexp(0) + x.logsumexp(-1).sum(), Cases::shapes(["AB"]));
}

#[test]
fn where_() {
    let mask = Array::from_vec(vec![true, false, false, true, true, false], [2, 3]).unwrap();
    let transposed = Array::from_vec(vec![true, false, true, true, false, false], [3, 2]).unwrap();
    for mask in [mask, transposed.permute(&[1, 0]).unwrap()] {
        check_with(Where { mask: mask.clone() }, Cases::shapes(["..23", "..23"]));
        check_with(Where { mask: mask.clone() }, Cases::shapes(["a13", "21"]));
        check_with(Where { mask }, Cases::shapes(["3", ""]));
    }
    check(Where { mask: Array::from_slice(&[true]) });
}

#[test]
fn concat_of_one_to_four_along_every_axis() {
    check_fn(|[a]| Tensor::concat(&[a], 0), Cases::shapes(["ab"]));
    check_fn(|[a, b]| Tensor::concat(&[a, b], 0), Cases::shapes(["axy", "bxy"]));
    check_fn(|[a, b]| Tensor::concat(&[a, b], 1), Cases::shapes(["xay", "xby"]));
    check_fn(|[a, b]| Tensor::concat(&[a, b], -1), Cases::shapes(["xya", "xyb"]));
    check_fn(|[a, b]| Tensor::concat(&[a, b], -1), Cases::shapes(["xa", "xa"]));
    check_fn(|[a, b, c]| Tensor::concat(&[a, b, c], 0), Cases::shapes(["a", "b", "c"]));
    check_fn(
        |[a, b, c, d]| Tensor::concat(&[a, b, c, d], 1),
        Cases::shapes(["xay", "xby", "xcy", "xdy"]).count(32),
    );
}

#[test]
fn layer_norm() {
    check_with(LayerNorm { epsilon: 0.1 }, Cases::shapes(["n", "n", "n"]));
    check_with(LayerNorm { epsilon: 0.1 }, Cases::shapes(["..n", "n", "n"]));
}

/// Compositions obey the same laws: a tensor used in several places, views of views, a small network.
#[test]
fn compositions() {
    check_fn(|[x]| x * x + (x * x) * x, Cases::default());
    check_fn(|[x]| x.t().slice(-1, ..).t() - x.broadcast_to(x.shape()), Cases::shapes(["..ab"]));
    check_fn(|[x, y]| (x.softmax(-1) * y).sum_axes(-1).tanh(), Cases::shapes(["abN", "N"]));
    check_fn(
        |[x, w, b, v]| x.linear(w, Some(b)).sigmoid().linear(v, None).log_softmax(-1),
        Cases::shapes(["ni", "hi", "h", "Oh"]).count(32),
    );
}

/// Of one operand and of several, over any axes, and of a function whose derivative reads its value.
#[test]
fn sums_of_functions() {
    for axes in [Axes::from(..), 0.into(), (-1).into(), [0, 2].into()] {
        for keepdims in [false, true] {
            let axes = || axes.clone();
            check_with(SumOf::over(Exp, axes(), keepdims), Cases::shapes(["ABC"]).count(8));
            check_with(
                SumOf::over(wengert::SquaredDifference, axes(), keepdims),
                Cases::shapes(["ABC", "ABC"]).count(8),
            );
            check_with(
                SumOf::over(Routine(Hypot), axes(), keepdims),
                Cases::shapes(["ABC", "BC"]).range(0.5, 2.0).count(8),
            );
        }
    }
    check_with(SumOf::all(Square), Cases::shapes([".."]));
}

#[test]
fn losses() {
    check_fn(|[x]| wengert::cross_entropy(x, &[1, 0, 3]), Cases::shapes(["34"]));
    // Targets are probabilities, and not at their ends, where the loss of what cannot happen is left out.
    check_with(Map(wengert::BceWithLogits), Cases::shapes(["AB", "AB"]).range(0.1, 0.9));
    check_fn(|[x, y]| wengert::mse(x, y), Cases::shapes(["AB", "AB"]));
}
