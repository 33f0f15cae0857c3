//! Pointwise operators in `f32`, from a thousand elements to a million: the sigmoid, and the addition of a bias that is
//! broadcast over the rows; forward alone, and forward with backward. The throughput is in elements.

mod settings;

use criterion::{BenchmarkId, Throughput};
use std::hint::black_box;
use wengert::prelude::*;

/// The length of a row.
const COLUMNS: usize = 100;

type Operator = fn(&Tensor, &Tensor) -> Tensor;

const OPERATORS: [(&str, Operator); 2] =
    [("sigmoid", |x, _| x.sigmoid()), ("add a bias", |x, bias| x + bias)];

fn main() {
    let mut criterion = settings::criterion();
    let mut rng = Rng::seed(0);
    for (name, operator) in OPERATORS {
        let mut group = criterion.benchmark_group(name);
        for rows in [10, 100, 1_000, 10_000] {
            let size = rows * COLUMNS;
            let x: Tensor = Tensor::normal([rows, COLUMNS], 0.0, 1.0, &mut rng);
            let bias: Tensor = Tensor::normal([COLUMNS], 0.0, 1.0, &mut rng);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::new("forward", size), |bencher| {
                bencher.iter(|| operator(black_box(&x), black_box(&bias)));
            });
            let cotangent = Tensor::ones(x.shape());
            let (x, bias) = (x.requires_grad(), bias.requires_grad());
            group.bench_function(BenchmarkId::new("forward and backward", size), |bencher| {
                bencher.iter(|| operator(black_box(&x), black_box(&bias)).backward_from(&cotangent));
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
