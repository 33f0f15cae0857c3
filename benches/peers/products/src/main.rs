//! Products of matrices in wengert and in the crates `gemm` and `matrixmultiply`, on at most `THREADS` threads.
//!
//! Each line of input asks for one, as `f32 NT 32 16 2 0.02`: the numbers; whether A and B lie as they are (N) or transposed (T);
//! m, k and n; and the seconds for each contestant. The answer is a line of JSON: for each the best time and the median, in seconds.
//! Wengert's time is that of the operator, with its checks and the memory of the result; the others write to memory that is there.

use gemm::Parallelism;
use serde_json::{Map, Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert::{Rng, Scalar, Tensor, with_threads};

fn main() {
    let threads = std::env::var("THREADS").map_or(1, |text| text.parse().expect("THREADS is a number"));
    for line in std::io::stdin().lines() {
        let line = line.expect("the input can be read");
        let words: Vec<&str> = line.split(' ').collect();
        let &[numbers, layout, m, k, n, seconds] = &words[..] else { panic!("`{line}` is no product") };
        let sizes = [m, k, n].map(|size| size.parse().expect("m, k and n are sizes"));
        let seconds = Duration::from_secs_f64(seconds.parse().expect("the last word is a number of seconds"));
        let time = if numbers == "f64" { time::<f64> } else { time::<f32> };
        println!("{}", with_threads(threads, || time(layout, sizes, seconds, threads)));
    }
}

/// The numbers that all contestants multiply.
trait Number: Scalar {
    const MATRIXMULTIPLY: MatrixMultiply<Self>;
}
impl Number for f32 {
    const MATRIXMULTIPLY: MatrixMultiply<f32> = matrixmultiply::sgemm;
}
impl Number for f64 {
    const MATRIXMULTIPLY: MatrixMultiply<f64> = matrixmultiply::dgemm;
}

/// Of m, k, n, alpha, the three matrices with their steps from row to row and from column to column, and beta before the last.
#[rustfmt::skip]
type MatrixMultiply<T> = unsafe fn(
    usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize,
);

/// A matrix as a tensor, and as elements with the steps from row to row and from column to column.
struct Matrix<T: Scalar> {
    tensor: Tensor<T>,
    elements: Vec<T>,
    row: isize,
    column: isize,
}

impl<T: Scalar> Matrix<T> {
    fn new(rows: usize, columns: usize, transposed: bool, rng: &mut Rng) -> Self {
        let mut normal = |rows: usize, columns: usize| {
            let tensor = Tensor::<T>::normal([rows, columns], T::zero(), T::one(), rng);
            let elements = tensor.to_vec();
            (tensor, elements)
        };
        if transposed {
            let (tensor, elements) = normal(columns, rows);
            return Matrix { tensor: tensor.t(), elements, row: 1, column: rows as isize };
        }
        let (tensor, elements) = normal(rows, columns);
        Matrix { tensor, elements, row: columns as isize, column: 1 }
    }
}

fn time<T: Number>(layout: &str, [m, k, n]: [usize; 3], seconds: Duration, threads: usize) -> Value {
    let mut rng = Rng::seed(0);
    let a = Matrix::<T>::new(m, k, layout.starts_with('T'), &mut rng);
    let b = Matrix::<T>::new(k, n, layout.ends_with('T'), &mut rng);
    let expected = a.tensor.matmul(&b.tensor).to_vec();
    let mut times = Map::new();
    let mut keep =
        |name: &str, [best, median]: [f64; 2]| times.insert(name.to_owned(), json!([best, median]));

    keep("wengert", samples(seconds, || drop(black_box(a.tensor.matmul(&b.tensor)))));

    let mut c = vec![T::zero(); m * n];
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    let by_gemm = || {
        // SAFETY: the elements of a, b and c are as many as the sizes ask for, and lie as the strides say; c is borrowed alone.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                c.as_mut_ptr(),
                1,
                n as isize,
                false,
                a.elements.as_ptr(),
                a.column,
                a.row,
                b.elements.as_ptr(),
                b.column,
                b.row,
                T::zero(),
                T::one(),
                false,
                false,
                false,
                parallelism,
            );
        }
    };
    keep("gemm", samples(seconds, by_gemm));
    compare(&c, &expected, k);

    let mut c = vec![T::zero(); m * n];
    let by_matrixmultiply = || {
        // SAFETY: as above.
        unsafe {
            T::MATRIXMULTIPLY(
                m,
                k,
                n,
                T::one(),
                a.elements.as_ptr(),
                a.row,
                a.column,
                b.elements.as_ptr(),
                b.row,
                b.column,
                T::zero(),
                c.as_mut_ptr(),
                n as isize,
                1,
            );
        }
    };
    keep("matrixmultiply", samples(seconds, by_matrixmultiply));
    compare(&c, &expected, k);
    Value::Object(times)
}

/// All have to compute the same thing.
fn compare<T: Scalar>(found: &[T], expected: &[T], k: usize) {
    for (found, expected) in found.iter().zip(expected) {
        let difference = (*found - *expected).abs().to_f64().unwrap_or(f64::NAN);
        assert!(difference < 1e-5 * k as f64, "a product is {found:?} and {expected:?}");
    }
}

/// The best time of a call and the median, after a third of the time to warm up. Calls that are short are timed some at a time.
fn samples(seconds: Duration, mut call: impl FnMut()) -> [f64; 2] {
    let start = Instant::now();
    let mut calls = 0;
    while calls == 0 || start.elapsed() < seconds / 3 {
        call();
        calls += 1;
    }
    let at_a_time = (20e-6 * f64::from(calls) / start.elapsed().as_secs_f64()).ceil();
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < seconds || times.len() < 5 {
        let start = Instant::now();
        for _ in 0..at_a_time as usize {
            call();
        }
        times.push(start.elapsed().as_secs_f64() / at_a_time);
    }
    times.sort_by(f64::total_cmp);
    [times[0], times[times.len() / 2]]
}
