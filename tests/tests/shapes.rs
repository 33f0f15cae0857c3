//! Shapes and indexing: every operator proved by the checker, its values against PyTorch, and its messages.

use serde_json::Value;
use std::panic::catch_unwind;
use tests::golden::{assert_close, tensor};
use tests::messages::panic_of;
use wengert::autograd::ops::{Diagonal, Gather, ScatterAdd, Slice, Unfold, Unview};
use wengert::autograd::{
    Array, By, Cases, NewAxis, Op, Padding, Rng, Shape, Tensor, check_fn, check_with, with_threads,
};

#[test]
fn flatten_and_expand() {
    check_fn(|[x]| x.flatten(1, -2), Cases::shapes(["abcd"]));
    check_fn(|[x]| x.flatten(0, 0), Cases::shapes(["ab"]));
    check_fn(|[x]| x.expand(&[2, -1, 3]), Cases::shapes(["a1"]));
}

/// One size may be left open; literals, counted sizes and shapes all say what they mean.
#[test]
fn reshape_takes_an_open_size() {
    check_fn(|[x]| x.reshape([-1, 2]), Cases::shapes(["2aB"]));
    let x = Tensor::<f32>::arange(24).reshape([2, 3, 4]);
    let (rows, columns, line) = (x.dims()[0], -1_isize, Shape::from([1, 24]));
    for (y, dims) in [
        (x.reshape([-1]), &[24][..]),
        (x.reshape([4, -1, 3]), &[4, 2, 3]),
        (x.reshape([columns, rows as isize]), &[12, 2]),
        (x.reshape([rows, 12]), &[2, 12]),
        (x.reshape(vec![8, 3]), &[8, 3]),
        (x.reshape(&[3, 8][..]), &[3, 8]),
        (x.reshape(Shape::from([24])), &[24]),
        (x.reshape(&line), &[1, 24]),
        (x.slice(0, 0..0).reshape([-1, 12]), &[0, 12]),
    ] {
        assert_eq!(y.dims(), dims);
        assert!(y.to_vec().into_iter().eq((0..y.size()).map(|i| i as f32)));
    }
    assert_eq!(x.argmax(2).reshape([-1]).unwrap().shape().dims(), [6]);
    for refused in [[-1, 5], [-2, 12], [-1, -1], [-1, 0]] {
        let (message, ..) = panic_of(|| x.reshape(refused));
        assert!(message.starts_with("reshape: "), "{message}");
    }
}

/// An axis that was counted is one, too.
#[test]
fn axes_may_be_counted() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let last = x.rank() - 1;
    assert_eq!((x.sum_axes(last).to_vec(), x.sum_axes(1).to_vec()), (vec![3.0, 7.0], vec![3.0, 7.0]));
    assert_eq!((x.mean_axes(-2_isize).to_vec(), x.max_axes([0, -1]).item()), (vec![2.0, 3.0], 4.0));
    let (message, ..) = panic_of(|| x.sum_axes(2_usize));
    assert!(message.starts_with("sum: axis 2 is out of range"), "{message}");
}

/// Lists are arrays, and arrays give their elements: indices from a list, and labels from `argmax`.
#[test]
fn lists_are_arrays() {
    let x = Tensor::from([[1.0, 2.0], [4.0, 3.0]]);
    assert_eq!(x.index_select(0, &[1, 0].into()).to_vec(), [4.0, 3.0, 1.0, 2.0]);
    assert_eq!(x.index_select(0, &vec![1].into()).to_vec(), [4.0, 3.0]);
    let places = x.argmax(1);
    assert!(places.iter().eq([1, 0]) && (&places).into_iter().map(|place| place + 1).eq([2, 1]));
    // In row-major order, wherever the elements lie.
    let table = Array::from([1, 2, 3, 4]).reshape([2, 2]).unwrap();
    assert!(table.permute(&[1, 0]).unwrap().iter().eq([1, 3, 2, 4]));
}

#[test]
fn flips() {
    check_fn(|[x]| x.flip(1), Cases::shapes(["abc"]));
    check_fn(|[x]| x.flip([0, -1]), Cases::shapes(["abc"]));
    check_fn(|[x]| x.flip(..), Cases::shapes(["..a"]));
}

#[test]
#[allow(clippy::reversed_empty_ranges)]
fn subscripts() {
    check_fn(|[x]| x.i((.., 1..3, -1)), Cases::shapes(["ab43"]));
    check_fn(|[x]| x.i(2), Cases::shapes(["3ab"]));
    check_fn(|[x]| x.i((By(.., -2), NewAxis, 0, ..)), Cases::shapes(["a3b"]));
    check_fn(|[x]| x.i((NewAxis, By(1..=-2, 2), .., NewAxis, -2..)), Cases::shapes(["5a4"]));
    check_fn(|[x]| x.i((1, 2, 0)), Cases::shapes(["231"]));
}

/// Whole numbers of three types, all kinds of ranges, and as many entries as there may be, in a tensor of eight axes.
#[test]
fn every_kind_of_entry() {
    let x = Tensor::<f32>::arange(256).reshape([2; 8]);
    let (one, last, ranged) = (1_usize, -1_isize, 0_usize..1);
    let y = x.i((one, last, ranged, .., ..=0, 1..=1));
    assert_eq!(
        (y.dims(), y.to_vec()),
        (&[1, 2, 2, 2, 1, 1][..], (0..8).map(|i| (193 + 4 * i) as f32).collect())
    );
    assert_eq!(x.i((.., 1)).i((.., NewAxis)).dims(), [2, 2, 2, 2, 2, 2, 2, 1]);
    let list = Tensor::<f32>::arange(6);
    for (found, expected) in [
        (list.i(By(1..6, 2)), &[1.0, 3.0, 5.0][..]),
        (list.i(By(1..6, -2)), &[5.0, 3.0, 1.0]),
        (list.i(By(..-1, -3)), &[4.0, 1.0]),
        (list.i(By(-4.., 3)), &[2.0, 5.0]),
        (list.i(By(.., isize::MIN)), &[5.0]),
        (list.i(By(2..2, -1)), &[]),
        (list.i(6..), &[]),
    ] {
        assert_eq!(found.to_vec(), expected);
    }
}

/// Axes of size 0, and numbers that nothing holds: a result or an error, never anything else.
#[test]
fn empty_and_excessive() {
    let empty = Tensor::<f32>::zeros([0, 3]);
    assert_eq!(empty.roll(1, 0).dims(), [0, 3]);
    assert_eq!(empty.flip(..).i((.., -1)).dims(), [0]);
    assert_eq!(empty.repeat([5, 2]).dims(), [0, 6]);
    assert_eq!(empty.triu(0).diagonal(isize::MIN, [0, 1]).dims(), [0]);
    assert_eq!(empty.chunk(4, 0).len(), 1);
    assert_eq!(empty.pad(&[(1, 1), (0, 0)], Padding::Constant(2.0)).to_vec(), [2.0; 6]);
    assert_eq!(empty.index_select(0, &indices(&[], &[0, 2])).dims(), [0, 2, 3]);
    assert_eq!(empty.gather(1, &indices(&[], &[0, 7])).dims(), [0, 7]);
    let x = Tensor::<f32>::ones([1, 2]);
    assert_eq!(x.unfold(1, 1, usize::MAX).dims(), [1, 1, 1]);
    assert_eq!(x.roll(isize::MIN, 1).to_vec(), [1.0; 2]);
    for found in [
        message(|| Tensor::<f32>::ones([1, 2]).pad(&[(usize::MAX, 1)], Padding::Constant(0.0))),
        message(|| Tensor::<f32>::ones([1, 2]).pad(&[(usize::MAX, 1)], Padding::Replicate)),
        message(|| Tensor::<f32>::ones([1, 2]).repeat([usize::MAX, 2])),
        message(|| Tensor::<f32>::ones([1, 2]).diag_embed(isize::MAX)),
    ] {
        assert!(found.contains(": the shape has more elements than can be addressed"), "{found}");
    }
}

#[test]
fn splits() {
    let joined = |parts: Vec<Tensor<f64>>| parts[1].sum_axes(0) * parts[0].mean();
    check_fn(move |[x]| joined(x.split(&[2, 3, 0], 0)), Cases::shapes(["5a"]));
    check_fn(move |[x]| joined(x.chunk(3, 0)), Cases::shapes(["7a"]));
}

#[test]
fn diagonals() {
    for offset in [-9, -1, 0, 2] {
        check_fn(move |[x]| x.diagonal(offset, [0, 1]), Cases::shapes(["ab"]));
        check_fn(move |[x]| x.diagonal(offset, [-1, 0]), Cases::shapes(["abc"]));
        check_fn(move |[x]| x.diag_embed(offset), Cases::shapes(["..a"]));
    }
}

/// With overlaps, gaps, and along every axis.
#[test]
fn windows() {
    for axis in 0..3 {
        for (size, step) in [(1, 1), (3, 1), (2, 3), (5, 1)] {
            check_fn(move |[x]| x.unfold(axis, size, step), Cases::shapes(["555"]).count(16));
        }
    }
    check_fn(|[x]| x.unfold(-1, 2, 1), Cases::shapes(["..4"]));
    check_fn(|[x]| x.unfold(0, 3, 1).matmul(&x.unfold(0, 2, 1)), Cases::shapes(["4"]));
}

#[test]
fn adjoints_of_views() {
    let slice = |axis, start, len, step| Slice { axis, start, len, step };
    let of = |shape: &[usize]| Shape::from(shape);
    check_with(Unview { view: slice(1, 1, 2, 1), shape: of(&[3, 4, 2]) }, Cases::shapes(["322"]));
    check_with(Unview { view: slice(0, 5, 3, -2), shape: of(&[6, 2]) }, Cases::shapes(["32"]));
    check_with(Unview { view: slice(0, 0, 0, 1), shape: of(&[3, 2]) }, Cases::shapes(["02"]));
    check_with(
        Unview { view: Diagonal { offset: 1, axes: [2, 0] }, shape: of(&[4, 2, 3]) },
        Cases::shapes(["23"]),
    );
    check_with(
        Unview { view: Unfold { axis: 0, size: 3, step: 1 }, shape: of(&[5, 2]) },
        Cases::shapes(["323"]),
    );
}

fn indices(list: &[usize], shape: &[usize]) -> Array<usize> {
    Array::from_vec(list.to_vec(), shape).unwrap()
}

/// With duplicates, along every axis: the same places from every lane, and others from each.
#[test]
fn gathers_and_their_adjoint() {
    for (axis, shared) in [(0, [4, 1, 1]), (1, [1, 4, 1]), (-1, [1, 1, 4])] {
        let (indices, pattern) =
            (indices(&[2, 0, 2, 1], &shared), ["3ab", "a3b", "ab3"][(axis + 3) as usize % 3]);
        check_with(Gather { axis, indices: indices.clone() }, Cases::shapes([pattern]));
        let pattern = pattern.replace('3', "4");
        check_with(ScatterAdd { axis, indices, size: 3 }, Cases::shapes([&pattern]));
    }
    for (axis, shape) in [(0, [3, 2, 2]), (1, [2, 3, 2]), (2, [2, 2, 3]), (1, [1, 3, 4]), (0, [4, 3, 1])] {
        let indices = indices(&[2, 0, 2, 1, 0, 0, 1, 1, 0, 2, 0, 2], &shape);
        let whole: String =
            (0..3).map(|i| if i == axis { '3' } else { char::from(b'0' + shape[i].max(2) as u8) }).collect();
        check_with(Gather { axis: axis as isize, indices: indices.clone() }, Cases::shapes([&whole]));
        let mut taken = whole.into_bytes();
        taken[axis] = b'0' + shape[axis] as u8;
        let taken = String::from_utf8(taken).unwrap();
        check_with(ScatterAdd { axis: axis as isize, indices, size: 3 }, Cases::shapes([&taken]));
    }
}

#[test]
fn entries_by_index() {
    check_fn(|[x]| x.rows(&[2, 0, 2]), Cases::shapes(["3ab"]));
    check_fn(|[x]| x.rows(&[]), Cases::shapes(["a"]));
    check_fn(|[x]| x.index_select(1, &indices(&[0, 3, 3, 1, 0, 0], &[2, 3])), Cases::shapes(["a4b"]));
    check_fn(|[x]| x.index_select(-1, &indices(&[1], &[])), Cases::shapes(["a2"]));
    check_fn(|[x]| x.take_along_axis(&indices(&[1, 0, 2, 2], &[2, 1, 2]), -1), Cases::shapes(["1a3"]));
    check_fn(|[x, y]| x.scatter_add(0, &indices(&[1, 0, 1], &[3, 1]), y), Cases::shapes(["2a", "3a"]));
    check_fn(|[x]| x.roll(2, 1), Cases::shapes(["abc"]));
    check_fn(|[x]| x.roll(-7, -1), Cases::shapes(["..a"]));
}

#[test]
fn masks() {
    let mask = Array::from_vec(vec![true, false, false, true, true, false], [2, 3]).unwrap();
    let (of_fill, of_select) = (mask.clone(), mask);
    check_fn(move |[x]| x.masked_fill(&of_fill, -1.5), Cases::shapes(["..23"]));
    check_fn(move |[x]| x.masked_select(&of_select), Cases::shapes(["a23"]));
    for offset in [-2, 0, 1] {
        check_fn(move |[x]| x.triu(offset), Cases::shapes(["..ab"]));
        check_fn(move |[x]| x.tril(offset), Cases::shapes(["..ab"]));
    }
}

#[test]
fn padding() {
    for value in [0.0, -2.5] {
        let padding = Padding::Constant(value);
        check_fn(move |[x]| x.pad(&[(2, 0), (0, 1)], padding), Cases::shapes(["abc"]));
        check_fn(move |[x]| x.pad(&[(1, 3)], padding), Cases::shapes(["..a"]));
    }
    check_fn(|[x]| x.pad(&[(2, 1), (0, 3)], Padding::Reflect), Cases::shapes(["a34"]));
    check_fn(|[x]| x.pad(&[(2, 1), (0, 5)], Padding::Replicate), Cases::shapes(["aBC"]));
}

#[test]
fn repeats_and_stacks() {
    check_fn(|[x]| x.repeat([2, 1, 3]), Cases::shapes(["ab"]));
    check_fn(|[x]| x.repeat([2]), Cases::shapes(["abc"]));
    check_fn(|[x]| x.repeat([0, 2]), Cases::shapes([""]));
    check_fn(|[x]| x.repeat_interleave(3, 1), Cases::shapes(["abc"]));
    for axis in [0, 1, -1] {
        check_fn(move |[x, y]| Tensor::stack(&[x, y, x], axis), Cases::shapes(["ab", "ab"]));
    }
}

/// What PyTorch makes of the same inputs, and of the same cotangent, to the last bit or nearly.
#[test]
fn values_and_gradients_are_those_of_pytorch() {
    type Function = fn(&[&Tensor<f64>]) -> Tensor<f64>;
    fn of_rows() -> Array<usize> {
        indices(&[2, 0, 2, 1, 1, 0, 3, 2, 3], &[3, 3])
    }
    fn mask() -> Array<bool> {
        let places = [0, 3, 5, 6, 8, 9];
        Array::from_vec((0..12).map(|i| places.contains(&i)).collect(), [3, 4]).unwrap()
    }
    let cases: &[(&str, Function)] = &[
        ("flatten", |x| x[0].flatten(1, 2)),
        ("transpose", |x| x[0].transpose(0, -1)),
        ("expand", |x| x[0].expand(&[2, -1, 3])),
        ("flip", |x| x[0].flip([0, 2])),
        ("roll", |x| x[0].roll(-3, 1)),
        ("slice by steps", |x| x[0].i((.., By(1..4, 2)))),
        ("slice backwards", |x| x[0].i((By(.., -2), By(1..=3, -1)))),
        ("subscript", |x| x[0].i((.., 1..3, -1))),
        ("subscript with a new axis", |x| x[0].i((-1, NewAxis, 0.., By(.., 2)))),
        ("split", |x| x[0].split(&[1, 3], 1)[1].clone()),
        ("chunk", |x| x[0].chunk(2, 0)[0].clone()),
        ("concat", |x| Tensor::concat(&[x[0], x[1], x[0]], 0)),
        ("stack", |x| Tensor::stack(&[x[0], x[1]], 1)),
        ("pad", |x| x[0].pad(&[(0, 3), (2, 1)], Padding::Constant(-7.5))),
        ("pad by reflection", |x| x[0].pad(&[(2, 1), (0, 3)], Padding::Reflect)),
        ("pad by replication", |x| x[0].pad(&[(2, 1), (0, 5)], Padding::Replicate)),
        ("repeat", |x| x[0].repeat([2, 1, 3])),
        ("repeat interleave", |x| x[0].repeat_interleave(2, 0)),
        ("triu", |x| x[0].triu(1)),
        ("tril", |x| x[0].tril(-1)),
        ("diagonal", |x| x[0].diagonal(1, [2, 1])),
        ("diag embed", |x| x[0].diag_embed(-1)),
        ("gather", |x| x[0].gather(1, &of_rows())),
        ("take along axis", |x| x[0].take_along_axis(&of_rows().reshape([3, 1, 3]).unwrap(), 2)),
        ("scatter add", |x| x[0].scatter_add(1, &of_rows(), x[1])),
        ("index select", |x| x[0].index_select(1, &Array::from_slice(&[3, 0, 3, 3]))),
        ("masked fill", |x| x[0].masked_fill(&mask(), 2.5)),
        ("masked select", |x| x[0].masked_select(&mask())),
        ("unfold", |x| x[0].unfold(0, 3, 1)),
        ("unfold by steps", |x| x[0].unfold(-1, 2, 2)),
    ];
    let golden: Value = serde_json::from_str(include_str!("../golden/shapes.json")).unwrap();
    assert_eq!(golden.as_object().unwrap().len(), cases.len());
    for (name, function) in cases {
        let case = &golden[name];
        let list =
            |key: &str| -> Vec<Tensor<f64>> { case[key].as_array().unwrap().iter().map(tensor).collect() };
        let inputs: Vec<_> = list("inputs").into_iter().map(Tensor::requires_grad).collect();
        let same = |found: &Tensor<f64>, expected: &Tensor<f64>| {
            assert_eq!(found.shape(), expected.shape(), "{name}");
            assert_close(name, &found.to_vec(), &expected.to_vec(), 1e-15);
        };
        let value = function(&inputs.iter().collect::<Vec<_>>());
        same(&value, &tensor(&case["value"]));
        let grads = value.backward_from(&tensor(&case["cotangent"]));
        inputs.iter().zip(list("gradients")).for_each(|(x, expected)| same(&grads[x], &expected));
    }
}

/// Nothing is copied: what is taken of a large view costs nothing.
#[test]
fn views_are_views() {
    let x = Tensor::<f32>::full([1], 2.0).broadcast_to([1 << 20, 1 << 20, 3]);
    let y = x.flip(..).i((By(.., 5), 7, NewAxis)).unfold(0, 1 << 17, 1).diagonal(1, [0, -1]);
    assert_eq!(y.dims(), [1, 3, (1_usize << 20).div_ceil(5) - (1 << 17) + 1]);
}

/// What is not chosen has no say, not even as NaN, in values or gradients.
#[test]
fn nothing_comes_of_what_is_left_out() {
    let x = Tensor::<f64>::from([[1.0, f64::NAN], [f64::INFINITY, 2.0]]).requires_grad();
    let kept = x.masked_fill(&x.mask(|x| !x.is_finite()), 0.0);
    assert_eq!(kept.to_vec(), [1.0, 0.0, 0.0, 2.0]);
    let dx = (&kept * &kept).sum().backward()[&x].to_vec();
    assert_eq!(dx, [2.0, 0.0, 0.0, 4.0]);
    assert_eq!(Tensor::<f64>::from([[1.0, 2.0], [f64::NAN, 3.0]]).triu(0).to_vec(), [1.0, 2.0, 0.0, 3.0]);
    assert_eq!(
        Tensor::<f64>::from([f64::NAN]).pad(&[(1, 0)], Padding::Constant(f64::INFINITY)).at([0]),
        f64::INFINITY
    );
}

/// Large enough to be shared among threads: the same bits for any number, and those of a loop.
#[test]
fn gathers_on_threads() {
    let mut rng = Rng::seed(1);
    let x = Tensor::<f32>::normal([37, 50, 41], 0.0, 1.0, &mut rng);
    for axis in 0..3 {
        let mut dims = x.dims().to_vec();
        dims[axis] = 60;
        let shared: Vec<usize> = (0..60).map(|_| rng.below(x.dims()[axis])).collect();
        let each: Vec<usize> = (0..dims.iter().product()).map(|_| rng.below(x.dims()[axis])).collect();
        let each = indices(&each, &dims);
        let of_shared = {
            let mut shape = [1; 3];
            shape[axis] = 60;
            indices(&shared, &shape)
        };
        for indices in [each, of_shared] {
            let dy = Tensor::normal(&dims[..], 0.0, 1.0, &mut rng);
            let run = |count| {
                with_threads(count, || {
                    let y = Gather { axis: axis as isize, indices: indices.clone() }.apply([&x]);
                    let scattered =
                        ScatterAdd { axis: axis as isize, indices: indices.clone(), size: x.dims()[axis] };
                    (y.to_vec(), scattered.apply([&dy]).to_vec())
                })
            };
            let (y, dx) = run(1);
            assert!(run(3) == (y.clone(), dx.clone()), "axis {axis}");
            let (inner, taken, len): (usize, usize, usize) =
                (dims[axis + 1..].iter().product(), 60, x.dims()[axis]);
            let places = indices.broadcast_to(&Shape::from(&dims[..])).unwrap().to_vec();
            let from = |i: usize| i / (inner * taken) * inner * len + places[i] * inner + i % inner;
            let (of_x, of_dy) = (x.to_vec(), dy.to_vec());
            let mut expected = vec![0.0; of_x.len()];
            for (i, dy) in of_dy.into_iter().enumerate() {
                assert_eq!(y[i], of_x[from(i)], "axis {axis}, {i}");
                expected[from(i)] += dy;
            }
            assert!(dx == expected, "axis {axis}");
        }
    }
}

#[test]
fn random_tensors() {
    let mut rng = Rng::seed(5);
    let mut order = rng.permutation(100).to_vec();
    assert_ne!(order, (0..100).collect::<Vec<_>>());
    order.sort_unstable();
    assert_eq!(order, (0..100).collect::<Vec<_>>());
    let x = Tensor::<f32>::bernoulli([100, 100], 0.3, &mut rng);
    assert!(x.to_vec().iter().all(|&x| x == 0.0 || x == 1.0));
    // Six deviations wide.
    assert!((x.mean().item() - 0.3).abs() < 6.0 * (0.3_f32 * 0.7 / 1e4).sqrt());
    for (probability, value) in [(0.0, 0.0), (1.0, 1.0)] {
        assert_eq!(Tensor::<f64>::bernoulli([50], probability, &mut rng).to_vec(), [value; 50]);
    }
}

fn message<R>(f: impl FnOnce() -> R + std::panic::UnwindSafe) -> String {
    *catch_unwind(f).err().expect("this should panic").downcast::<String>().expect("a message")
}

#[test]
fn messages() {
    let x = || Tensor::<f32>::ones([2, 3]);
    for (found, expected) in [
        (
            message(|| x().i((0, 1, 2))),
            "subscript: 3 entries, but 2 axes\n  input  [2, 3]\n  help: an entry stands for an axis, but for `..` and `NewAxis`",
        ),
        (
            message(|| x().i((.., -4))),
            "subscript: there is no place -4 on axis 1\n  input  [2, 3]  axis 1 is 3\n  help: places run from 0, or from -1 counted from the end",
        ),
        (
            message(|| x().i((.., 0, ..))),
            "subscript: `..` stands for all other axes, so it stands once\n  input  [2, 3]\n  help: `0..` takes all of one axis",
        ),
        (
            message(|| x().i((By(.., 0), ..))),
            "subscript: the step along axis 0 is 0\n  help: 1 takes every element, -1 every element backwards",
        ),
        (
            message(|| x().split(&[1, 1], 1)),
            "split: the sizes [1, 1] add up to 2, but axis 1 of shape [2, 3] is 3\n  help: `chunk` cuts an axis into equal parts",
        ),
        (
            message(|| x().unfold(1, 4, 1)),
            "unfold: there are no windows of 4 by steps of 1\n  shape  [2, 3]  axis 1 is 3\n  help: size and step are at least 1, and the size at most 3",
        ),
        (
            message(|| x().diagonal(0, [0, -2])),
            "diagonal: axis 0 is named twice\n  shape  [2, 3]\n  help: a diagonal lies between two axes",
        ),
        (
            message(|| x().gather(1, &indices(&[0], &[1]))),
            "gather: the indices do not fit the input beside axis 1\n  input    [2, 3]\n  indices  [1]\n  help: their other sizes must be equal, or 1 in the indices; `index_select` takes the same from every lane",
        ),
        (
            message(|| x().index_select(1, &indices(&[0, 3], &[2]))),
            "index_select: index 3, at place 1, is out of range\n  input  [2, 3]  axis 1 is 3\n  help: indices run from 0 to 2",
        ),
        (
            message(|| ScatterAdd { axis: 1, indices: indices(&[0, 1], &[1, 2]), size: 2 }.apply([&x()])),
            "scatter_add: expected an index for each element along axis 1\n  input    [2, 3]\n  indices  [1, 2]\n  help: give the indices the shape of the input, or sizes of 1",
        ),
        (
            message(|| {
                let view = Slice { axis: 1, start: 0, len: 2, step: 1 };
                Unview { view, shape: Shape::from([2, 4]) }.apply([&x()])
            }),
            "unview: the input has not the shape of the view\n  input  [2, 3]\n  view   [2, 2]\n  of     [2, 4]\n  help: what the view makes of a tensor has the shape that goes back",
        ),
        (
            message(|| x().pad(&[(0, 3)], Padding::Reflect)),
            "pad: axis 1 of shape [2, 3] cannot be reflected by 0 and 3\n  help: both must be below its size, 3",
        ),
        (
            message(|| x().flatten(1, 0)),
            "flatten: axis 1 comes after axis 0 in shape [2, 3]\n  help: name the outer axis first",
        ),
        (
            message(|| Tensor::<f32>::one_hot(&indices(&[1, 5], &[2]), 4)),
            "one_hot: index 5, at place 1, is out of range for 4 classes\n  help: indices run from 0 to the number of classes less 1",
        ),
    ] {
        assert_eq!(found, expected);
    }
}
