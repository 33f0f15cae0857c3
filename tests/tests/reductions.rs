//! Reductions, cumulative functions and orders: proved by the checker, and against PyTorch at smooth and at singular points
//! (`golden/reductions.json`, written by the script beside it).

use expect_test::expect;
use serde_json::Value;
use tests::apart;
use tests::golden::{assert_close, labels, tensor};
use wengert::autograd::ops::{CumSum, Extremum};
use wengert::autograd::{Array, Axes, Cases, Op, Scalar, Tensor, check_fn, check_with, grad};

#[test]
fn largest_and_smallest() {
    for least in [false, true] {
        for axes in [Axes::from(..), 1.into(), (-1).into(), [0, 2].into()] {
            for keepdims in [false, true] {
                let axes = &axes;
                check_fn(
                    |[x]| Extremum { axes: axes.clone(), keepdims, least }.apply([&apart(x, 0)]),
                    Cases::shapes(["ABC"]).count(16),
                );
            }
        }
    }
}

#[test]
fn moments() {
    check_fn(|[x]| x.var(0.0), Cases::shapes(["ABC"]).count(16));
    check_fn(|[x]| x.var_axes([0, 2], 1.0), Cases::shapes(["2B3"]).count(16));
    check_fn(|[x]| (x + apart(x, 0)).std_keepdims(-1, 1.0), Cases::shapes(["AB3"]).count(16));
    check_fn(|[x]| apart(x, 0).std_axes([0, 1], 0.0), Cases::shapes(["2BC"]).count(16));
}

/// Products are polynomials, so they are proved around 0, too.
#[test]
fn products() {
    check_fn(|[x]| x.prod(), Cases::shapes(["abc"]));
    check_fn(|[x]| x.prod_axes([0, 2]), Cases::shapes(["abc"]));
    check_fn(|[x]| x.prod_keepdims(1), Cases::shapes(["a5c"]));
    let zeros = |cases: Cases<1>| cases.values(|_, rng| [0.0, 0.0, 1.5, -0.5][rng.below(4)]);
    check_fn(|[x]| x.prod_axes(1), zeros(Cases::shapes(["a5c"])));
    check_fn(|[x]| x.cumprod(1), zeros(Cases::shapes(["a5c"])));
    check_fn(|[x]| x.cumprod(-1), Cases::shapes(["..a"]).count(16));
}

#[test]
fn norms() {
    for p in [1.0, 2.0, 3.0, 0.5, -1.0] {
        check_fn(|[x]| x.norm(p), Cases::shapes(["ABC"]).count(16));
        check_fn(|[x]| x.norm_axes([0, 2], p), Cases::shapes(["ABC"]).count(16));
    }
    for p in [f64::INFINITY, f64::NEG_INFINITY] {
        check_fn(|[x]| apart(x, 0).norm_keepdims(1, p), Cases::shapes(["ABC"]).count(16));
    }
}

#[test]
fn sums_so_far() {
    for from_end in [false, true] {
        check_with(CumSum { axis: 1, from_end }, Cases::shapes(["abc"]));
        check_with(CumSum { axis: -1, from_end }, Cases::shapes(["..a"]));
    }
}

#[test]
fn orders() {
    check_fn(|[x]| apart(x, 0).sort(1, false).0, Cases::shapes(["abc"]).count(16));
    check_fn(|[x]| apart(x, 0).sort(-1, true).0, Cases::shapes(["abc"]).count(16));
    check_fn(|[x]| apart(x, 0).topk(2, 1, false).0, Cases::shapes(["a3c"]).count(16));
}

fn assert_same(what: &str, found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    assert_close(what, &found.to_vec(), &expected.to_vec(), 1e-12);
}

#[test]
fn as_pytorch() {
    let entries: Vec<Value> =
        serde_json::from_str(include_str!("../golden/reductions.json")).expect("golden values");
    assert_eq!(entries.len(), 83);
    for entry in &entries {
        let x = tensor(&entry["x"]).requires_grad();
        let axes: Vec<isize> = labels(&entry["axes"]).into_iter().map(|axis| axis as isize).collect();
        let keep = entry["keep"] == true;
        let name = entry["name"].as_str().expect("a name");
        let y = called(name, &x, &axes, keep);
        let what = format!("{name} over {axes:?} of {:?}", x.to_vec());
        assert_same(&what, &y, &tensor(&entry["y"]));
        if let Some(expected) = entry.get("dx") {
            let grads = y.backward_from(&tensor(&entry["dy"]));
            assert_same(&format!("gradient of {what}"), &grads[&x], &tensor(expected));
        }
    }
}

fn called(name: &str, x: &Tensor<f64>, axes: &[isize], keep: bool) -> Tensor<f64> {
    let norm = |p| if keep { x.norm_keepdims(axes, p) } else { x.norm_axes(axes, p) };
    let var = |correction| {
        if keep { x.var_keepdims(axes, correction) } else { x.var_axes(axes, correction) }
    };
    match name {
        "max" => {
            if keep {
                x.max_keepdims(axes)
            } else {
                x.max_axes(axes)
            }
        }
        "min" => {
            if keep {
                x.min_keepdims(axes)
            } else {
                x.min_axes(axes)
            }
        }
        "var(0)" => var(0.0),
        "var(1)" => var(1.0),
        "std(1)" => {
            if keep {
                x.std_keepdims(axes, 1.0)
            } else {
                x.std_axes(axes, 1.0)
            }
        }
        "prod" => {
            if keep {
                x.prod_keepdims(axes)
            } else {
                x.prod_axes(axes)
            }
        }
        "norm(0)" => norm(0.0),
        "norm(1)" => norm(1.0),
        "norm(2)" => norm(2.0),
        "norm(3)" => norm(3.0),
        "norm(inf)" => norm(f64::INFINITY),
        "norm(-inf)" => norm(f64::NEG_INFINITY),
        "cumsum" => x.cumsum(axes[0]),
        "cumprod" => x.cumprod(axes[0]),
        "sort" => x.sort(axes[0], false).0,
        "sort descending" => x.sort(axes[0], true).0,
        "topk(2)" => x.topk(2, axes[0], true).0,
        name => panic!("{name} is not known here"),
    }
}

/// At the vector of zeros the gradient of a norm is 0, and so is that of the gradient; at equal numbers that of the deviation.
#[test]
fn kinks_have_a_finite_gradient() {
    let x = Tensor::<f64>::zeros([3]).requires_grad();
    for p in [1.0, 2.0, 3.0, 0.5, f64::INFINITY] {
        let [dx] = grad(&x.norm(p), [&x]);
        assert_eq!(dx.to_vec(), [0.0; 3], "p = {p}");
    }
    let [dx] = grad(&x.norm(2.0), [&x]);
    let [second] = grad(&dx.sum(), [&x]);
    assert_eq!(second.to_vec(), [0.0; 3]);
    let [dx] = grad(&(&x + 2.0).std(1.0), [&x]);
    assert_eq!(dx.to_vec(), [0.0; 3]);
}

#[test]
fn norms_neither_overflow_nor_vanish() {
    for scale in [1e30_f32, 1e-30] {
        let x = Tensor::from([3.0 * scale, -4.0 * scale]).requires_grad();
        for (p, expected) in [(2.0, 5.0), (3.0, 91.0_f32.cbrt()), (1.0, 7.0), (-1.0, 12.0 / 7.0)] {
            let y = x.norm(p);
            assert!((y.item() / scale - expected).abs() < 1e-6 * expected, "p = {p}: {}", y.item());
            let dx = y.backward()[&x].to_vec();
            assert!(dx.iter().all(|dx| dx.is_finite() && dx.abs() > 0.01), "p = {p}: {dx:?}");
        }
    }
}

#[test]
fn nothing_and_nan() {
    let nothing = Tensor::<f64>::zeros([0, 2]);
    assert_eq!(nothing.prod_axes(0).to_vec(), [1.0, 1.0]);
    assert_eq!(nothing.norm_axes(0, 2.0).to_vec(), [0.0, 0.0]);
    assert!(nothing.var(0.0).item().is_nan() && nothing.std(1.0).item().is_nan());
    assert_eq!(nothing.cumsum(0).dims(), [0, 2]);
    assert_eq!(nothing.cumprod(0).dims(), [0, 2]);
    assert_eq!(nothing.sort(0, false).0.dims(), [0, 2]);
    assert_eq!(nothing.max_axes(1).dims(), [0]);
    let nan = Tensor::from([1.0, f64::NAN, 0.5, f64::NAN]).requires_grad();
    assert_eq!(nan.argsort(0, false).to_vec(), [2, 0, 1, 3]);
    assert_eq!(nan.argsort(0, true).to_vec(), [1, 3, 0, 2]);
    assert_eq!((nan.argmin(0).to_vec(), nan.argmax(0).to_vec()), (vec![1], vec![1]));
    assert_eq!(nan.max().backward()[&nan].to_vec(), [0.0, 0.5, 0.0, 0.5]);
    assert_eq!(Tensor::scalar(3.0).max().item(), 3.0);
    assert_eq!(Tensor::from([2.0, 1.0, 1.0]).argmin(0).to_vec(), [1]);
}

#[test]
fn masks() {
    let mask = Array::from_vec(vec![true, false, true, true, false, false], [2, 3]).expect("six");
    assert_eq!(mask.any_axes(0).to_vec(), [true, false, true]);
    assert_eq!(mask.all_axes(1).to_vec(), [false, false]);
    assert_eq!(mask.permute(&[1, 0]).expect("axes").all_axes([0, 1]).to_vec(), [false]);
    assert_eq!((mask.any(), mask.all(), mask.count()), (true, false, 3));
    let nothing = Array::<bool>::from_slice(&[]);
    assert!(!nothing.any() && nothing.all());
    assert_eq!(nothing.all_axes(0).to_vec(), [true]);
}

/// Long lanes, with ties, of which some are chosen: as by sorting pairs.
#[test]
fn topk_of_long_lanes() {
    let x: Vec<f64> = (0..3000).map(|i| (i * 7919 % 101) as f64).collect();
    let lanes = Tensor::from_vec(x.clone(), [1000, 3]).expect("as many");
    for largest in [false, true] {
        let (_, places) = lanes.topk(37, 0, largest);
        for column in 0..3 {
            let mut expected: Vec<(f64, usize)> = (0..1000)
                .map(|i| (if largest { -x[3 * i + column] } else { x[3 * i + column] }, i))
                .collect();
            expected.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
            let found = places.slice(1, column, 1, 1).expect("a column").to_vec();
            assert_eq!(found, expected[..37].iter().map(|(_, i)| *i).collect::<Vec<_>>());
        }
    }
}

#[test]
fn messages() {
    let op = Extremum { axes: 0.into(), keepdims: false, least: false };
    let error = op.try_apply([&Tensor::<f32>::zeros([0, 2])]).expect_err("nothing to choose from");
    expect![[r#"
        max: there is nothing to choose from
          input  [0, 2]
          help: the smallest and the largest of no elements are not defined: leave out what is empty"#]]
    .assert_eq(&error.to_string());
}

/// The gradient of a norm has length 1, also that of the least vectors that there are.
#[test]
fn norms_of_subnormal_vectors_have_gradients() {
    fn check<T: Scalar>(unit: f64) {
        let x =
            Tensor::<T>::from_vec([3.0, 4.0].map(|x| T::of(x * unit)).to_vec(), [2]).unwrap().requires_grad();
        let g = x.norm(2.0).backward()[&x].to_vec();
        let is_near = g.iter().zip([0.6, 0.8]).all(|(g, expected)| ((*g).into() - expected).abs() < 1e-4);
        assert!(is_near, "{g:?}");
    }
    check::<f32>(1e-40);
    check::<f64>(1e-310);
}

/// What neighbours make of each other does not leave the precision.
#[test]
fn a_product_of_large_and_small_numbers_is_theirs() {
    let x = Tensor::from([1e30_f32, 1e-30, 1e30, 1e-30]).requires_grad();
    let y = x.prod();
    assert!((y.item() - 1.0).abs() < 1e-6);
    let g = y.backward()[&x].to_vec();
    assert!(
        g.iter().zip([1e-30, 1e30, 1e-30, 1e30]).all(|(g, expected)| (g / expected - 1.0).abs() < 1e-6),
        "{g:?}"
    );
}

/// Equal numbers have no deviation, whatever their mean is rounded to, and no slope.
#[test]
fn equal_numbers_do_not_deviate() {
    for x in [0.1_f32, 1e5 + 0.3, -7e-20, 3e30] {
        let x = Tensor::full([7, 3], x).requires_grad();
        for axes in [Axes::from(0), Axes::from([0, 1])] {
            let y = x.std_keepdims(axes.clone(), 1.0);
            assert!(y.to_vec().iter().all(|y| *y == 0.0), "{y}");
            assert!(y.sum().backward()[&x].to_vec().iter().all(|g| *g == 0.0));
        }
    }
}
