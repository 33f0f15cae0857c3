//! Matrix multiplication in `f32`: a square, the products of an MLP's step on MNIST, and a vector by a matrix; each
//! with its operands as they lie and transposed without a copy. The throughput is in floating-point operations, an
//! addition and a multiplication each.

mod settings;

use criterion::{BenchmarkId, Throughput};
use std::hint::black_box;
use wengert::prelude::*;

/// `m`, `k` and `n` of `[m, k]` by `[k, n]`.
const SIZES: [[usize; 3]; 6] =
    [[64, 64, 64], [256, 256, 256], [64, 784, 256], [784, 64, 256], [64, 128, 10], [1, 1024, 1024]];

fn main() {
    let mut criterion = settings::criterion();
    let mut group = criterion.benchmark_group("matmul");
    let mut rng = Rng::seed(0);
    for [m, k, n] in SIZES {
        let mut matrix = |rows, columns| Tensor::<f32>::normal([rows, columns], 0.0, 1.0, &mut rng);
        let operands = [
            ("a b", matrix(m, k), matrix(k, n)),
            ("a bt", matrix(m, k), matrix(n, k).t()),
            ("at b", matrix(k, m).t(), matrix(k, n)),
        ];
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        for (kind, a, b) in operands {
            group.bench_function(BenchmarkId::new(kind, format!("{m}x{k}x{n}")), |bencher| {
                bencher.iter(|| black_box(&a).matmul(black_box(&b)));
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
