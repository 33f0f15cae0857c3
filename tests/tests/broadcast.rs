//! NumPy's rule of broadcasting, of all pairs of shapes with up to four axes of sizes 0 to 3: shapes, values and gradients against
//! loops over indices. The elements are small whole numbers, so that sums are exact in any order.

use wengert::autograd::ops::{Mul, Sub};
use wengert::autograd::{Map, Op, Tensor};

/// All shapes with up to four axes of sizes 0 to 3.
fn shapes() -> Vec<Vec<usize>> {
    let mut shapes = vec![vec![]];
    let mut longest = shapes.clone();
    for _ in 0..4 {
        longest =
            longest.iter().flat_map(|shape| (0..4).map(|size| [&shape[..], &[size]].concat())).collect();
        shapes.extend(longest.iter().cloned());
    }
    shapes
}

/// Whole numbers, no two neighbours alike, and none 0.
fn whole(shape: &[usize], factor: usize) -> Tensor<f64> {
    Tensor::build(shape, |x| x.iter_mut().enumerate().for_each(|(i, x)| *x = (1 + i * factor % 11) as f64))
}

/// Shapes aligned at their last axis: the common shape, unless the sizes of an axis differ and neither is 1.
fn joint(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let of_axis = |axis| match (size(a, axis), size(b, axis)) {
        (a, 1) => Some(a),
        (1, b) => Some(b),
        (a, b) => (a == b).then_some(a),
    };
    (0..rank).map(of_axis).collect()
}

/// Which element of a tensor of this shape stands at place `at` of one of the shape `whole`, both in row-major order.
fn place(shape: &[usize], whole: &[usize], mut at: usize) -> usize {
    let (mut place, mut stride) = (0, 1);
    for (i, &size) in whole.iter().rev().enumerate() {
        if i < shape.len() {
            let own = shape[shape.len() - 1 - i];
            place += if own == 1 { 0 } else { at % size * stride };
            stride *= own;
        }
        at /= size;
    }
    place
}

/// The operator on tensors of these shapes against `f`, whose derivatives are `slopes`.
fn follows_the_rule<O: Op<f64, 2>>(
    op: O,
    [a, b]: [&[usize]; 2],
    f: fn(f64, f64) -> f64,
    slopes: fn(f64, f64) -> [f64; 2],
) -> bool {
    let name = op.name();
    let (x, z) = (whole(a, 3).requires_grad(), whole(b, 5).requires_grad());
    let y = op.try_apply([&x, &z]);
    let Some(joint) = joint(a, b) else {
        assert!(y.is_err(), "{name} of {a:?} and {b:?}");
        return false;
    };
    let y = y.unwrap();
    assert_eq!(y.dims(), joint, "{name} of {a:?} and {b:?}");
    let dy = whole(&joint, 7);
    let (of_x, of_z, of_dy) = (x.to_vec(), z.to_vec(), dy.to_vec());
    let (mut dx, mut dz) = (vec![0.0; of_x.len()], vec![0.0; of_z.len()]);
    let mut values = Vec::new();
    for (at, dy) in of_dy.into_iter().enumerate() {
        let (i, j) = (place(a, &joint, at), place(b, &joint, at));
        values.push(f(of_x[i], of_z[j]));
        let [to_x, to_z] = slopes(of_x[i], of_z[j]);
        dx[i] += dy * to_x;
        dz[j] += dy * to_z;
    }
    assert_eq!(y.to_vec(), values, "{name} of {a:?} and {b:?}");
    let grads = y.backward_from(&dy);
    for (grad, expected, shape) in [(&grads[&x], dx, a), (&grads[&z], dz, b)] {
        assert_eq!((grad.dims(), grad.to_vec()), (shape, expected), "{name} of {a:?} and {b:?}");
    }
    true
}

#[test]
fn all_pairs_up_to_rank_four() {
    let shapes = shapes();
    assert_eq!(shapes.len(), 1 + 4 + 16 + 64 + 256);
    let mut fitting = 0;
    for a in &shapes {
        for b in &shapes {
            let is_fitting = follows_the_rule(Map(Mul), [a, b], |x, z| x * z, |x, z| [z, x]);
            assert_eq!(is_fitting, follows_the_rule(Sub, [a, b], |x, z| x - z, |_, _| [1.0, -1.0]));
            fitting += usize::from(is_fitting);
        }
    }
    // Of the 16 pairs of sizes 10 fit; where one shape has fewer axes, what sizes stand alone does not matter.
    let expected =
        (0..5).flat_map(|a| (0..5).map(move |b: i32| (10_usize.pow(a.min(b) as u32), a.abs_diff(b))));
    assert_eq!(fitting, expected.map(|(both, alone)| both * 4_usize.pow(alone)).sum());
}
