//! What an operator costs beside its arithmetic: a chain of a thousand operators on a single number, recorded, and
//! recorded and swept. The throughput is in operators, so that its inverse is the time for each.

mod settings;

use criterion::Throughput;
use std::hint::black_box;
use wengert::prelude::*;

const LENGTH: usize = 1_000;

fn chain(x: &Tensor) -> Tensor {
    (0..LENGTH).fold(x.clone(), |y, _| -y)
}

fn main() {
    let mut criterion = settings::criterion();
    let mut group = criterion.benchmark_group("a chain of 1,000 operators");
    group.throughput(Throughput::Elements(LENGTH as u64));
    let constant: Tensor = Tensor::scalar(1.0);
    group.bench_function("evaluated", |bencher| bencher.iter(|| chain(black_box(&constant))));
    let leaf = constant.requires_grad();
    group.bench_function("recorded", |bencher| bencher.iter(|| chain(black_box(&leaf))));
    group.bench_function("recorded and swept", |bencher| bencher.iter(|| chain(black_box(&leaf)).backward()));
    group.finish();
    criterion.final_summary();
}
