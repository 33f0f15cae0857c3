//! Products of vectors and Einstein's sum, proved by the checker and against loops over all indices.

use proptest::collection::vec;
use proptest::prelude::*;
use wengert::autograd::{Cases, Rng, Tensor, check_fn};

/// A tensor of whole numbers from -4 to 4, whose products and sums are exact.
fn whole(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut rng = Rng::seed(seed);
    Tensor::build(shape, |x| x.iter_mut().for_each(|x| *x = rng.below(9) as f64 - 4.0))
}

#[test]
fn products_of_vectors() {
    check_fn(|[a, b]| a.matmul(b), Cases::shapes(["k", "k"]));
    check_fn(|[a, b]| a.matmul(b), Cases::shapes(["mk", "k"]));
    check_fn(|[a, b]| a.matmul(b), Cases::shapes(["k", "kn"]));
    check_fn(|[a, b]| a.matmul(b), Cases::shapes(["..mk", "k"]));
    check_fn(|[a, b]| a.matmul(b), Cases::shapes(["k", "..kn"]));
    check_fn(|[a, b]| a.dot(b), Cases::shapes(["k", "k"]));
    check_fn(|[a, b]| a.outer(b), Cases::shapes(["m", "n"]));
}

#[test]
fn trace() {
    check_fn(|[x]| x.trace(), Cases::shapes(["..mn"]));
    for [m, n] in [[3, 3], [2, 4], [4, 2], [0, 3]] {
        let x = whole(&[2, m, n], 3);
        let sum = |i| (0..m.min(n)).map(|j| x.at([i, j, j])).sum::<f64>();
        assert_eq!(x.trace().to_vec(), [sum(0), sum(1)]);
    }
}

#[test]
fn the_shapes_of_products_with_vectors_are_those_of_numpy() {
    let product = |a: &[usize], b: &[usize]| {
        let (a, b) = (whole(a, 1), whole(b, 2));
        let product = a.matmul(&b);
        let sum = match (a.rank(), b.rank()) {
            (1, 1) => a.dot(&b),
            (1, _) => (a.unsqueeze(-1) * &b).sum_axes(-2),
            _ => (&a * &b).sum_axes(-1),
        };
        assert_eq!(product.array(), sum.array());
        product.dims().to_vec()
    };
    assert!(product(&[3], &[3]).is_empty());
    assert!(product(&[0], &[0]).is_empty());
    assert_eq!(product(&[3], &[3, 4]), [4]);
    assert_eq!(product(&[2, 3], &[3]), [2]);
    assert_eq!(product(&[5, 2, 3], &[3]), [5, 2]);
    assert_eq!(product(&[3], &[6, 5, 3, 4]), [6, 5, 4]);
    assert_eq!(product(&[3], &[3, 1]), [1]);
}

#[test]
fn einsum() {
    let e = |text: &'static str| move |x: &[&Tensor<f64>]| Tensor::einsum(text, x);
    check_fn(|[a]| e("ab->ba")(&[a]), Cases::shapes(["ab"]));
    check_fn(|[a]| e("aab->b")(&[a]), Cases::shapes(["aab"]));
    check_fn(|[a]| e("bab->ba")(&[a]), Cases::shapes(["bab"]));
    check_fn(|[a]| e("aaa->a")(&[a]), Cases::shapes(["aaa"]));
    check_fn(|[a]| e("ab->")(&[a]), Cases::shapes(["ab"]));
    check_fn(|[a, b]| e("ij,jk")(&[a, b]), Cases::shapes(["ij", "jk"]));
    check_fn(|[a, b]| e("bthd,bshd->bhts")(&[a, b]), Cases::shapes(["bthd", "bshd"]));
    check_fn(|[a, b]| e("ij,ij->ij")(&[a, b]), Cases::shapes(["ij", "ij"]));
    check_fn(|[a, b]| e("i,j->ji")(&[a, b]), Cases::shapes(["i", "j"]));
    check_fn(|[a, b]| e("bi,b->bi")(&[a, b]), Cases::shapes(["bi", "b"]));
    check_fn(|[a, b]| e("bi,ib->b")(&[a, b]), Cases::shapes(["bi", "ib"]));
    check_fn(|[a, b]| e("ijk,kjl->il")(&[a, b]), Cases::shapes(["ijk", "kjl"]));
    check_fn(|[a, b]| e("ij,jk->ik")(&[a, b]), Cases::shapes(["a1", "bc"]));
    check_fn(|[a, b, c]| e("i,ij,j")(&[a, b, c]), Cases::shapes(["i", "ij", "j"]).count(24));
    check_fn(|[a, b, c]| e("bi,oij,bj->bo")(&[a, b, c]), Cases::shapes(["bi", "oij", "bj"]).count(24));
}

/// An expression: for each operand its letters, as numbers, and its axes that have size 1 instead; the letters of the result.
#[derive(Clone, Debug)]
struct Sum {
    operands: Vec<Vec<usize>>,
    ones: Vec<Vec<bool>>,
    output: Vec<usize>,
    sizes: Vec<usize>,
}

const LETTERS: &[u8] = b"jBaZi";

impl Sum {
    fn text(&self, explicit: bool) -> String {
        let text = |letters: &[usize]| letters.iter().map(|&l| LETTERS[l] as char).collect::<String>();
        let operands: Vec<String> = self.operands.iter().map(|letters| text(letters)).collect();
        let arrow = if explicit { format!(" -> {}", text(&self.output)) } else { String::new() };
        operands.join(", ") + &arrow
    }

    fn is_one(&self, i: usize, axis: usize) -> bool {
        let letters = &self.operands[i];
        // Both axes of a diagonal are as long as each other.
        self.ones[i][letters.iter().position(|&l| l == letters[axis]).unwrap()]
    }

    fn size(&self, letter: usize) -> usize {
        let axes =
            self.operands.iter().enumerate().flat_map(|(i, l)| (0..l.len()).map(move |axis| (i, axis)));
        let mut stated = axes.filter(|&(i, axis)| self.operands[i][axis] == letter);
        if stated.any(|(i, axis)| !self.is_one(i, axis)) { self.sizes[letter] } else { 1 }
    }

    fn operand(&self, i: usize, seed: u64) -> Tensor<f64> {
        let axes = self.operands[i].iter().enumerate();
        let shape: Vec<usize> =
            axes.map(|(axis, &l)| if self.is_one(i, axis) { 1 } else { self.sizes[l] }).collect();
        whole(&shape, seed + i as u64)
    }

    /// The sum by its definition: for each index of every letter, the product is added where the result has it.
    fn naive(&self, x: &[Tensor<f64>], output: &[usize]) -> Tensor<f64> {
        let sizes: Vec<usize> = (0..LETTERS.len())
            .map(|l| if self.operands.iter().any(|o| o.contains(&l)) { self.size(l) } else { 1 })
            .collect();
        let place = |letters: &[usize], dims: &[usize], index: &[usize]| {
            letters.iter().zip(dims).fold(0, |place, (&l, &dim)| place * dim + index[l].min(dim - 1))
        };
        let shape: Vec<usize> = output.iter().map(|&l| sizes[l]).collect();
        let values: Vec<Vec<f64>> = x.iter().map(Tensor::to_vec).collect();
        Tensor::build(&shape[..], |y| {
            y.fill(0.0);
            for mut count in 0..sizes.iter().product() {
                let index: Vec<usize> = sizes
                    .iter()
                    .map(|&size| {
                        let i = count % size;
                        count /= size;
                        i
                    })
                    .collect();
                let factors = self.operands.iter().zip(x).zip(&values);
                let product: f64 =
                    factors.map(|((l, x), values)| values[place(l, x.dims(), &index)]).product();
                y[place(output, &shape, &index)] += product;
            }
        })
    }
}

fn sums() -> impl Strategy<Value = Sum> {
    let operand = vec(0..LETTERS.len(), 0..4);
    let order = Just((0..LETTERS.len()).collect::<Vec<_>>()).prop_shuffle();
    let sizes = vec(prop::sample::select(vec![1_usize, 2, 2, 3, 3, 4, 0]), LETTERS.len());
    let ones = vec(vec(prop::bool::weighted(0.1), 4), 6);
    (vec(operand, 1..=4), order, vec(any::<bool>(), LETTERS.len()), sizes, ones).prop_map(
        |(operands, order, chosen, sizes, ones)| {
            let output =
                order.into_iter().filter(|&l| chosen[l] && operands.iter().any(|o| o.contains(&l))).collect();
            Sum { operands, ones, output, sizes }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn einsum_is_the_sum_over_all_indices(sum in sums(), seed in 0_u64..1 << 40) {
        let x: Vec<Tensor<f64>> = (0..sum.operands.len()).map(|i| sum.operand(i, seed)).collect();
        let operands: Vec<&Tensor<f64>> = x.iter().collect();
        let y = Tensor::einsum(&sum.text(true), &operands);
        let expected = sum.naive(&x, &sum.output);
        prop_assert_eq!(y.array(), expected.array());

        // Without an arrow: the letters that stand once, in the order of the alphabet.
        let all = sum.operands.concat();
        let mut once: Vec<usize> = all.iter().copied().filter(|l| all.iter().filter(|m| *m == l).count() == 1).collect();
        once.sort_by_key(|&l| LETTERS[l]);
        let y = Tensor::einsum(&sum.text(false), &operands);
        let expected = sum.naive(&x, &once);
        prop_assert_eq!(y.array(), expected.array());
    }
}

/// Beyond five operands.
#[test]
fn a_product_of_nine_tensors() {
    let sum = Sum {
        operands: vec![
            vec![0, 1],
            vec![1, 2],
            vec![2, 3],
            vec![3, 4],
            vec![4, 0],
            vec![1],
            vec![3, 3],
            vec![2],
            vec![],
        ],
        ones: vec![vec![false; 4]; 9],
        output: vec![4, 1],
        sizes: vec![3, 2, 4, 2, 3],
    };
    let x: Vec<Tensor<f64>> = (0..9).map(|i| sum.operand(i, 7)).collect();
    let y = Tensor::einsum(&sum.text(true), &x.iter().collect::<Vec<_>>());
    assert_eq!(y.array(), sum.naive(&x, &sum.output).array());
}

#[track_caller]
fn einsum_fails(text: &str, shapes: &[&[usize]], expected: &str) {
    let x: Vec<Tensor<f64>> = shapes.iter().map(|shape| Tensor::ones(*shape)).collect();
    let error = Tensor::try_einsum(text, &x.iter().collect::<Vec<_>>()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_wrong_with_a_sum_is_said() {
    einsum_fails(
        "ij,jk->ik",
        &[&[2, 3], &[4, 5]],
        "einsum: the sizes of `j` differ\n  operand 0  [2, 3]  axis 1 is 3\n  operand 1  [4, 5]  axis 0 is 4\n  help: wherever an index stands, it has one size; only between operands may it be 1",
    );
    einsum_fails(
        "ii",
        &[&[1, 3]],
        "einsum: the sizes of `i` differ\n  operand 0  [1, 3]  axis 0 is 1\n  operand 0  [1, 3]  axis 1 is 3\n  help: wherever an index stands, it has one size; only between operands may it be 1",
    );
    einsum_fails(
        "ij,jk",
        &[&[2, 3]],
        "einsum: the subscripts name 2 operands, not 1\n  help: put a comma between the subscripts of two operands",
    );
    einsum_fails(
        "ij,jkl",
        &[&[2, 3], &[3, 2]],
        "einsum: the subscripts `jkl` of operand 1 name 3 axes\n  operand 1  [3, 2]  rank 2\n  help: give a letter for each axis of an operand",
    );
    einsum_fails("...i", &[&[2]], "einsum: an ellipsis is not understood\n  help: give every axis a letter");
    einsum_fails(
        "i->ij",
        &[&[2]],
        "einsum: the result's letter `j` names an axis of no operand\n  help: behind `->`, name axes of the operands",
    );
    einsum_fails(
        "i->ii",
        &[&[2]],
        "einsum: the result has the letter `i` twice\n  help: behind `->`, name each axis once",
    );
    einsum_fails(
        "i-j",
        &[&[2]],
        "einsum: `-` is no letter\n  help: write `ij,jk->ik`: a letter from a to z or A to Z for each axis",
    );
}
