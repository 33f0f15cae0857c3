//! Laws of linear operators. Each has an adjoint, `<A x, y> = <x, Aᵀ y>`, which is the other one's gradient; the elements
//! are small whole numbers, so both sides are exact and are compared as they are.

use proptest::collection::vec;
use proptest::prelude::*;
use wengert::autograd::ops::{ScatterAdd, Slice, Unview};
use wengert::autograd::{AnyOp, Array, Op, Rng, Tensor};

/// A tensor of whole numbers from -8 to 8.
fn whole(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut rng = Rng::seed(seed);
    Tensor::build(shape, |x| x.iter_mut().for_each(|x| *x = rng.below(17) as f64 - 8.0))
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    (a * b).sum().item()
}

/// Whether shapes and elements are equal.
fn same(a: &Tensor<f64>, b: &Tensor<f64>) -> bool {
    a.array() == b.array()
}

fn dims() -> impl Strategy<Value = Vec<usize>> {
    vec(0_usize..5, 1..4)
}

proptest! {
    #[test]
    fn broadcasting_and_summing_are_adjoint(
        dims in dims(),
        stretched in vec(any::<bool>(), 4),
        missing in 0_usize..3,
        seeds in any::<[u64; 2]>(),
    ) {
        let missing = missing.min(dims.len());
        let small: Vec<usize> =
            dims.iter().zip(&stretched).map(|(&d, &one)| if one { 1 } else { d }).skip(missing).collect();
        let (x, y) = (whole(&small, seeds[0]), whole(&dims, seeds[1]));
        let axes: Vec<isize> =
            (0..dims.len()).filter(|&a| a < missing || stretched[a]).map(|a| a as isize).collect();
        let summed = y.sum_axes(&axes[..]).reshape(x.shape());
        prop_assert_eq!(dot(&x.broadcast_to(&dims[..]), &y), dot(&x, &summed));

        // The engine's own rules are these adjoints.
        let x = x.requires_grad();
        prop_assert!(same(&x.broadcast_to(&dims[..]).backward_from(&y)[&x], &summed));
    }

    #[test]
    fn a_slice_and_putting_it_back_are_adjoint(
        dims in dims(),
        axis in any::<prop::sample::Index>(),
        bounds in any::<[prop::sample::Index; 2]>(),
        step in prop::sample::select(vec![1_isize, 2, 3, -1, -2]),
        seeds in any::<[u64; 2]>(),
    ) {
        let axis = axis.index(dims.len());
        let size = dims[axis];
        let start = bounds[0].index(size + 1).min(size.saturating_sub(1));
        let room = if step > 0 { size - start } else { (start + 1).min(size) };
        let len = bounds[1].index(room.div_ceil(step.unsigned_abs()) + 1);
        let slice = Slice { axis, start, len, step };
        let x = whole(&dims, seeds[0]);
        let part = slice.apply_to(&[&x]);
        let y = whole(part.dims(), seeds[1]);
        let back = Unview { view: slice, shape: x.shape().clone() }.apply([&y]);
        prop_assert_eq!(dot(&part, &y), dot(&x, &back));
        // What was put back is found again, and there is nothing besides.
        prop_assert_eq!(slice.apply_to(&[&back]).to_vec(), y.to_vec());
        prop_assert_eq!(back.sum().item(), y.sum().item());
    }

    #[test]
    fn gathering_and_scattering_are_adjoint(
        dims in vec(1_usize..5, 1..4),
        axis in any::<prop::sample::Index>(),
        taken in 0_usize..7,
        ones in vec(any::<bool>(), 4),
        seeds in any::<[u64; 3]>(),
    ) {
        let axis = axis.index(dims.len());
        let of_indices: Vec<usize> = (0..dims.len())
            .map(|i| if i == axis { taken } else if ones[i] { 1 } else { dims[i] })
            .collect();
        let mut rng = Rng::seed(seeds[2]);
        let size = of_indices.iter().product();
        let indices: Vec<usize> = (0..size).map(|_| rng.below(dims[axis])).collect();
        let indices = Array::from_vec(indices, of_indices).unwrap();
        let x = whole(&dims, seeds[0]);
        let gathered = x.gather(axis as isize, &indices);
        let y = whole(gathered.dims(), seeds[1]);
        let scattered = ScatterAdd { axis: axis as isize, indices, size: dims[axis] }.apply([&y]);
        prop_assert_eq!(dot(&gathered, &y), dot(&x, &scattered));
    }

    #[test]
    fn reshape_and_permute_undo_themselves(dims in dims(), seed in any::<u64>(), shuffle in any::<u64>()) {
        let x = whole(&dims, seed);
        let mut order: Vec<usize> = (0..dims.len()).collect();
        Rng::seed(shuffle).shuffle(&mut order);
        let mut inverse = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        let permuted = x.permute(&order);
        prop_assert!(same(&permuted.permute(&inverse), &x));
        prop_assert!(same(&x.reshape([x.size()]).reshape(&dims[..]), &x));
        // Of a view, too, which a reshape has to copy.
        prop_assert!(same(&permuted.reshape([x.size()]).reshape(permuted.shape()).permute(&inverse), &x));
        // A permutation keeps inner products.
        let y = whole(&dims, seed ^ 1);
        prop_assert_eq!(dot(&permuted, &y.permute(&order)), dot(&x, &y));
    }

    #[test]
    fn the_product_of_matrices_is_bilinear_and_transposes(
        sizes in any::<[prop::sample::Index; 4]>(),
        seeds in any::<[u64; 4]>(),
        factor in -4_i8..5,
    ) {
        let [m, k, n, batch] = sizes.map(|i| i.index(6));
        let [a, b] = [seeds[0], seeds[1]].map(|seed| whole(&[batch, m, k], seed));
        let [c, d] = [seeds[2], seeds[3]].map(|seed| whole(&[k, n], seed));
        let factor = f64::from(factor);
        prop_assert!(same(&(&a + &b * factor).matmul(&c), &(a.matmul(&c) + b.matmul(&c) * factor)));
        prop_assert!(same(&a.matmul(&(&c + &d * factor)), &(a.matmul(&c) + a.matmul(&d) * factor)));
        prop_assert!(same(&a.matmul(&c).t(), &c.t().matmul(&a.t())));
        // <A C, Y> = <C, Aᵀ Y>, the batch summed.
        let y = whole(&[batch, m, n], seeds[0] ^ seeds[3]);
        prop_assert_eq!(dot(&a.matmul(&c), &y), dot(&c, &a.t().matmul(&y).sum_axes(0)));
    }
}
