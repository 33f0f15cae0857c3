//! Linear algebra of small matrices: gradients proved by the checker, factors multiplied together again, determinants against
//! Laplace's expansion, and all of it, with `einsum`, against PyTorch (`golden/linalg.json`, written by the script beside it).

use proptest::prelude::*;
use serde_json::Value;
use tests::golden::{assert_close, numbers, tensor};
use wengert::autograd::ops::Adjugate;
use wengert::autograd::{
    Cases, Op, Rng, ShapeError, Tensor, batch_jacobian, check_fn, hessian, jvp, with_threads,
};

/// A tensor of whole numbers from -4 to 4, whose products and sums are exact.
fn whole(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut rng = Rng::seed(seed);
    Tensor::build(shape, |x| x.iter_mut().for_each(|x| *x = rng.below(9) as f64 - 4.0))
}

fn identity(n: usize) -> Tensor<f64> {
    Tensor::build([n, n], |y| (0..n * n).zip(y).for_each(|(i, y)| *y = f64::from(i / n == i % n)))
}

/// Matrices far from singular ones, for values of magnitude up to 2 and up to four rows.
fn regular(x: &Tensor<f64>) -> Tensor<f64> {
    x * 0.3 + identity(x.dims()[x.rank() - 1]) * 2.5
}

#[test]
fn inverse() {
    check_fn(|[a]| regular(a).inverse(), Cases::shapes(["..nn"]));
}

#[test]
fn solve() {
    check_fn(|[a, b]| regular(a).solve(b), Cases::shapes(["..nn", "..nm"]));
    check_fn(|[a, b]| regular(a).solve(b), Cases::shapes(["..nn", "n"]));
}

#[test]
fn solve_triangular() {
    for upper in [false, true] {
        check_fn(|[a, b]| regular(a).solve_triangular(b, upper), Cases::shapes(["..nn", "..nm"]));
        check_fn(|[a, b]| regular(a).solve_triangular(b, upper), Cases::shapes(["..nn", "n"]));
    }
}

#[test]
fn cholesky() {
    check_fn(|[a]| regular(a).cholesky(), Cases::shapes(["..nn"]));
}

#[test]
fn determinants() {
    check_fn(|[a]| regular(a).det(), Cases::shapes(["..nn"]));
    check_fn(|[a]| Adjugate.apply([&regular(a)]), Cases::shapes(["..nn"]));
    check_fn(|[a]| regular(a).slogdet().1, Cases::shapes(["..nn"]));
    check_fn(|[a]| regular(a).logdet(), Cases::shapes(["..nn"]));
}

fn largest(x: &Tensor<f64>) -> f64 {
    x.to_vec().into_iter().fold(0.0, |max, x| if x.abs() > max || x.is_nan() { x.abs() } else { max })
}

/// Matrices with a strong diagonal whose rows are shuffled, so that nothing works without pivoting.
fn shuffled(batch: usize, n: usize, rng: &mut Rng) -> Tensor<f64> {
    let strong = Tensor::uniform([batch, n, n], -1.0, 1.0, rng) + identity(n) * (n as f64);
    let mut order: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut order);
    strong.permute(&[1, 0, 2]).rows(&order).permute(&[1, 0, 2])
}

proptest! {
    #[test]
    fn factors_and_inverses_give_back_what_was_factored(n in 0_usize..=20, m in 0_usize..4, batch in 0_usize..4, seed in any::<u64>()) {
        let mut rng = Rng::seed(seed);
        let a = shuffled(batch, n, &mut rng);
        prop_assert!(largest(&(a.matmul(&a.inverse()) - identity(n))) < 1e-12);
        prop_assert!(largest(&(a.inverse().matmul(&a) - identity(n))) < 1e-12);

        // Elimination with pivoting is exact for a matrix nearby, however ill-conditioned.
        let a = Tensor::normal([batch, n, n], 0.0, 1.0, &mut rng);
        let b = Tensor::normal([batch, n, m], 0.0, 1.0, &mut rng);
        let x = a.solve(&b);
        prop_assert!(largest(&(a.matmul(&x) - &b)) < 1e-10 * largest(&x).max(1.0));

        let s = a.matmul(&a.t()) + identity(n);
        let l = s.cholesky();
        prop_assert!(largest(&(l.matmul(&l.t()) - &s)) < 1e-12 * largest(&s).max(1.0));
        for place in (0..n * n).filter(|place| place % n > place / n) {
            prop_assert!((0..batch).all(|i| l.at([i, place / n, place % n]) == 0.0));
        }
        for upper in [false, true] {
            let factor = if upper { l.t() } else { l.clone() };
            let x = factor.solve_triangular(&b, upper);
            prop_assert!(largest(&(factor.matmul(&x) - &b)) < 1e-10 * largest(&x).max(1.0));
        }

        // ln det S = 2 Σ ln Lᵢᵢ
        let (sign, log) = s.slogdet();
        let twice = Tensor::einsum("bii->bi", &[&l]).ln().sum_axes(-1) * 2.0;
        prop_assert!(sign.to_vec().iter().all(|&sign| sign == 1.0));
        prop_assert!(largest(&(log - twice)) < 1e-10);
    }

    /// By Laplace's expansion, on whole numbers small enough that many of the matrices are singular.
    #[test]
    fn determinants_and_cofactors_are_those_of_the_expansion(n in 0_usize..=5, rank in 0_usize..=5, seed in any::<u64>()) {
        let rank = rank.min(n);
        let a = whole(&[n, rank], seed).matmul(&whole(&[rank, n], seed ^ 1)).requires_grad();
        let rows: Vec<Vec<f64>> = a.to_vec().chunks(n.max(1)).map(<[f64]>::to_vec).collect();
        let det = a.det();
        let scale = largest(&a).max(1.0).powi(n as i32);
        prop_assert!((det.item() - expansion(&rows)).abs() < 1e-12 * scale);

        let (sign, log) = a.slogdet();
        prop_assert!((sign.item() * log.item().exp() - expansion(&rows)).abs() < 1e-12 * scale);

        let gradient = det.backward()[&a].clone();
        for i in 0..n {
            for j in 0..n {
                let cofactor = expansion(&minor(&rows, i, j)) * if (i + j) % 2 == 0 { 1.0 } else { -1.0 };
                prop_assert!((gradient.at([i, j]) - cofactor).abs() < 1e-12 * scale);
            }
        }
    }
}

/// The matrix without row `i` and column `j`.
fn minor(rows: &[Vec<f64>], i: usize, j: usize) -> Vec<Vec<f64>> {
    let others = rows.iter().enumerate().filter(|&(row, _)| row != i);
    others.map(|(_, row)| [&row[..j], &row[j + 1..]].concat()).collect()
}

/// The determinant by the rule of Laplace.
fn expansion(rows: &[Vec<f64>]) -> f64 {
    let Some(first) = rows.first() else { return 1.0 };
    let term =
        |(j, &x): (usize, &f64)| x * expansion(&minor(rows, 0, j)) * if j % 2 == 0 { 1.0 } else { -1.0 };
    first.iter().enumerate().map(term).sum()
}

/// A matrix with one null vector, exactly: its cofactors are no rounding error.
#[test]
fn the_gradient_of_the_determinant_of_a_singular_matrix_is_its_cofactors() {
    let a = Tensor::<f64>::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]).requires_grad();
    let zero = Tensor::<f64>::zeros([3, 3]).requires_grad();
    let y = a.det();
    assert!(y.item().abs() < 1e-14);
    let expected = [-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0];
    assert_close("cofactors", &y.backward()[&a].to_vec(), &expected, 1e-14);
    assert_eq!(zero.det().backward()[&zero].to_vec(), [0.0; 9]);
    let one = Tensor::from([[0.0]]).requires_grad();
    assert_eq!(one.det().backward()[&one].to_vec(), [1.0]);
}

#[test]
fn singular_matrices_and_nan() {
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let (sign, log) = singular.slogdet();
    assert_eq!((sign.item(), log.item()), (0.0, f64::NEG_INFINITY));
    assert_eq!(singular.logdet().item(), f64::NEG_INFINITY);
    // In a batch, the others have their gradients.
    let both = Tensor::stack(&[&singular, &Tensor::from([[2.0, 0.0], [0.0, 4.0]])], 0).requires_grad();
    let gradient = both.logdet().sum().backward()[&both].to_vec();
    assert!(
        gradient[..4].iter().all(|x| x.is_nan()) && gradient[4..] == [0.5, 0.0, 0.0, 0.25],
        "{gradient:?}"
    );
    // Of which none is symmetric: the gradient is the inverse, transposed.
    let both = Tensor::stack(&[&singular, &Tensor::from([[2.0, 8.0], [0.0, 4.0]])], 0).requires_grad();
    assert_eq!(both.logdet().sum().backward()[&both].to_vec()[4..], [0.5, 0.0, -1.0, 0.25]);
    assert!(Tensor::<f64>::from([[-1.0]]).logdet().item().is_nan());
    // NaN is no zero, wherever it is.
    for place in 0..4 {
        let nan = Tensor::build([2, 2], |y| {
            (0..4).zip(y).for_each(|(i, y)| *y = if i == place { f64::NAN } else { 0.0 });
        });
        assert!(nan.det().item().is_nan(), "{place}");
        assert!(nan.slogdet().0.item().is_nan(), "{place}");
    }
    let nan = Tensor::from([[f64::NAN, 1.0], [1.0, 1.0]]);
    assert!(nan.inverse().to_vec().iter().all(|x| x.is_nan()));
    assert!(nan.cholesky().at([1, 1]).is_nan());
}

#[test]
fn what_is_wrong_with_a_matrix_is_said() {
    #[track_caller]
    fn fails(result: Result<Tensor<f64>, ShapeError>, expected: &str) {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    let batch = Tensor::from([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 2.0], [0.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]]]);
    let singular = |operator: &str| {
        format!(
            "{operator}: matrix [1] of the batch is singular: pivot 0 is 0\n  matrix  [3, 2, 2]  column 0 is a combination of those before it\n  help: a small multiple of the identity added to it makes it regular"
        )
    };
    fails(batch.try_inverse(), &singular("inverse"));
    fails(batch.try_solve(&Tensor::ones([2])), &singular("solve"));
    fails(
        batch.slice(0, 2..).squeeze(0).try_inverse(),
        "inverse: the matrix is singular: pivot 1 is 0\n  matrix  [2, 2]  column 1 is a combination of those before it\n  help: a small multiple of the identity added to it makes it regular",
    );
    fails(
        batch.try_solve_triangular(&Tensor::ones([2, 5]), true),
        "solve_triangular: matrix [1] of the batch is singular: element 0 of its diagonal is 0\n  left  [3, 2, 2]\n  help: see that no element of its diagonal is 0",
    );
    fails(
        batch.unsqueeze(1).try_cholesky(),
        "cholesky: matrix [1, 0] of the batch is not positive definite\n  input  [3, 1, 2, 2]  pivot 0 is not positive\n  help: a small multiple of the identity added to it may make it so",
    );
    fails(
        Tensor::ones([2, 3]).try_inverse(),
        "inverse: expected square matrices\n  input  [2, 3]  2 by 3\n  help: for the least squares of more equations than unknowns, solve `a.t().matmul(&a)` with `a.t().matmul(&b)`",
    );
    fails(
        Tensor::ones([3, 3]).try_solve(&Tensor::ones([2])),
        "solve: the right side has not as many rows as the matrix\n  left   [3, 3]  3 rows\n  right  [2, 1]  2 rows\n  help: give a row on the right for each equation; a vector becomes a column by `unsqueeze(-1)`",
    );
}

/// The first matrix that fails is named, whatever thread finds another one first, and values are the same bits.
#[test]
fn threads_change_nothing() {
    let mut rng = Rng::seed(9);
    let a = shuffled(64, 24, &mut rng);
    let s = a.matmul(&a.t());
    let results = |threads| {
        with_threads(threads, || {
            let (sign, log) = a.slogdet();
            [
                a.inverse(),
                a.solve(&s),
                s.cholesky(),
                s.cholesky().solve_triangular(&a, false),
                a.det(),
                sign,
                log,
            ]
            .map(|y| y.to_vec())
        })
    };
    assert!(results(1) == results(3));
    let mut singular = a.detach();
    singular.update(|x| {
        x[20 * 24 * 24..][..24 * 24].fill(0.0);
        x[50 * 24 * 24..][..24 * 24].fill(0.0);
    });
    for _ in 0..20 {
        let error = with_threads(3, || singular.try_inverse()).unwrap_err().to_string();
        assert!(error.contains("matrix [20] of the batch"), "{error}");
    }
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../golden/linalg.json")).unwrap();
    let mut seen = 0;
    for (name, problem) in golden.as_object().unwrap() {
        let x: Vec<Tensor<f64>> =
            problem["inputs"].as_array().unwrap().iter().map(|x| tensor(x).requires_grad()).collect();
        let y = match &name[..] {
            "matmul of vectors" | "matmul of a vector and a batch" | "matmul of a batch and a vector" => {
                x[0].matmul(&x[1])
            }
            "dot" => x[0].dot(&x[1]),
            "outer" => x[0].outer(&x[1]),
            "trace" => x[0].trace(),
            "inverse" => x[0].inverse(),
            "solve" | "solve for a vector" => x[0].solve(&x[1]),
            "solve_triangular lower" => x[0].solve_triangular(&x[1], false),
            "solve_triangular upper" => x[0].solve_triangular(&x[1], true),
            "cholesky" => x[0].cholesky(),
            "det" => x[0].det(),
            "log|det|" => x[0].slogdet().1,
            "logdet" => x[0].logdet(),
            _ => Tensor::einsum(name.strip_prefix("einsum ").unwrap(), &x.iter().collect::<Vec<_>>()),
        };
        let expected = tensor(&problem["value"]);
        assert_eq!(y.dims(), expected.dims(), "{name}");
        assert_close(name, &y.to_vec(), &expected.to_vec(), 1e-12);
        let gradients = y.backward_from(&tensor(&problem["cotangent"]));
        for (x, expected) in x.iter().zip(problem["gradients"].as_array().unwrap()) {
            assert_close(
                &format!("gradient of {name}"),
                &gradients[x].to_vec(),
                &numbers(&expected["values"]),
                1e-12,
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 18);
}

#[test]
fn single_precision() {
    let mut rng = Rng::seed(2);
    let a = Tensor::<f32>::uniform([3, 9, 9], -1.0, 1.0, &mut rng)
        + Tensor::build([9, 9], |y| {
            (0..81).zip(y).for_each(|(i, y)| *y = if i / 9 == i % 9 { 6.0 } else { 0.0 });
        });
    let b = Tensor::<f32>::normal([9, 2], 0.0, 1.0, &mut rng);
    let off = |x: Tensor<f32>| x.to_vec().into_iter().fold(0.0_f32, |max, x| max.max(x.abs()));
    assert!(off(a.matmul(&a.solve(&b)) - &b) < 1e-5);
    assert!(off(a.inverse().matmul(&b) - a.solve(&b)) < 1e-5);
    let s = a.matmul(&a.t());
    assert!(off(s.cholesky().slogdet().1 * 2.0 - s.slogdet().1) < 1e-4);
}

/// The determinant is a polynomial, whose derivatives do not know what a singular matrix is: of rank `n - 1`, of less, alone, and in a
/// batch with a regular one.
#[test]
fn a_determinant_has_derivatives_at_singular_matrices() {
    let hessian_of = |a: [[f64; 2]; 2]| hessian(|[a]| a.det(), [&Tensor::from(a)])[0][0].to_vec();
    let expected = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    for a in [
        [[1.1, 3.3], [0.3, 0.9]],
        [[0.7, 0.1], [2.1, 0.3]],
        [[1.0, 2.0], [2.0, 4.0]],
        [[0.0; 2]; 2],
        [[3.0, 1.0], [0.5, 2.0]],
    ] {
        let found = hessian_of(a);
        let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
        assert!(is_near, "{a:?}: {found:?}");
    }
    assert_eq!(hessian(|[a]| a.det(), [&Tensor::from([[0.0]])])[0][0].to_vec(), [0.0]);

    // Third derivatives: of three by three, det(A + B) is a sum of which the part without A is det(B).
    let third = |a: &Tensor<f64>| {
        let b = whole(&[3, 3], 5);
        let along = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>| jvp(|[x]| f(x), [x], [&b]).1;
        let first = |x: &Tensor<f64>| along(&|x| x.det(), x);
        let second = |x: &Tensor<f64>| along(&first, x);
        (along(&second, a).item(), 6.0 * b.det().item())
    };
    let rank_1 = Tensor::from([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [-1.0, -2.0, -3.0]]);
    for a in [Tensor::zeros([3, 3]), rank_1, regular(&whole(&[3, 3], 9))] {
        let (found, expected) = third(&a);
        assert!((found - expected).abs() < 1e-9 * expected.abs(), "{a}: {found}, {expected}");
    }
    let both = Tensor::concat(
        &[&Tensor::from([[[1.0, 2.0], [2.0, 4.0]]]), &Tensor::from([[[3.0, 1.0], [0.5, 2.0]]])],
        0,
    );
    let [second] = batch_jacobian(|[a]| batch_jacobian(|[a]| a.det(), [a])[0].clone(), [&both]);
    for found in second.to_vec().chunks(16) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }
}
