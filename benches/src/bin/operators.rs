//! Times operators on matrices of 100 columns, and those of networks on images and sequences, for the comparison with PyTorch: `operators`, on at most `THREADS` threads (as many
//! as there are cores), with `BUDGET` seconds for each operator and size (0.02), those whose names contain `ONLY`; all from
//! the environment.
//!
//! Each prints a line of JSON with the best and the median of its calls in seconds. `and back` is the operator recorded and
//! its gradients from a given cotangent; the others are not recorded. Whatever an operator returns is freed within the time.

use serde_json::json;
use std::time::{Duration, Instant};
use wengert::autograd::ops::{Attention, Window};
use wengert::prelude::*;
use wengert::{no_grad, threads, with_threads};

const COLUMNS: usize = 100;
const FEW: usize = 4;
const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let budget = Duration::from_secs_f64(benches::number("BUDGET", 0.02)?);
    let count = benches::threads_from_environment()?;
    let only = std::env::var("ONLY").unwrap_or_default();
    let measure = |size: usize, operators: Vec<Operator>| {
        for (name, run) in operators.into_iter().filter(|(name, _)| name.contains(&only)) {
            let mut times = Vec::new();
            let start = Instant::now();
            while start.elapsed() < budget || times.len() < 5 {
                let start = Instant::now();
                run();
                times.push(start.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            let (best, median) = (times[0], times[times.len() / 2]);
            let line =
                json!({"case": name, "size": size, "threads": threads(), "best": best, "median": median});
            println!("{line}");
        }
    };
    with_threads(count, || {
        for size in SIZES {
            measure(size, operators(size / COLUMNS));
        }
        measure(0, layers());
    });
    Ok(())
}

/// An operator's name, and a call of it.
type Operator = (&'static str, Box<dyn Fn()>);

/// Adds an operator to a list; what it uses is cloned, which copies no elements.
macro_rules! operator {
    ($all:ident, $name:expr, |$($used:ident),*| $value:expr) => {{
        $(let $used = $used.clone();)*
        $all.push(($name, Box::new(move || drop($value))));
    }};
}

/// What networks on images (32 of 64 channels, 28 by 28) and on sequences (64 heads of 256 places, 16 of 1024) are made of.
fn layers() -> Vec<Operator> {
    let mut rng = Rng::seed(0);
    let mut normal = |dims: &[usize]| Tensor::<f32>::normal(dims, 0.0, 1.0, &mut rng);
    let mut all: Vec<Operator> = Vec::new();
    let (x, w, dy) = (normal(&[32, 64, 28, 28]), normal(&[64, 64, 3, 3]), normal(&[32, 64, 28, 28]));
    let (half, scale, shift) = (normal(&[32, 64, 14, 14]), normal(&[64]), normal(&[64]));
    let leaf = |x: &Tensor| x.clone().requires_grad();
    let (leaf_x, leaf_w, leaf_scale, leaf_shift) = (leaf(&x), leaf(&w), leaf(&scale), leaf(&shift));
    let window = Window::new().padding(1);
    operator!(all, "conv2d", |x, w| no_grad(|| x.conv2d(&w, window, 1)));
    operator!(all, "conv2d, and back", |leaf_x, leaf_w, dy| leaf_x
        .conv2d(&leaf_w, window, 1)
        .backward_from(&dy));
    operator!(all, "max pool", |x| no_grad(|| x.max_pool2d(2)));
    operator!(all, "max pool, and back", |leaf_x, half| leaf_x.max_pool2d(2).backward_from(&half));
    operator!(all, "mean pool", |x| no_grad(|| x.avg_pool2d(2)));
    operator!(all, "mean pool, and back", |leaf_x, half| leaf_x.avg_pool2d(2).backward_from(&half));
    operator!(all, "batch norm", |x, scale, shift| no_grad(|| x.batch_norm(&scale, &shift, 1e-5).0));
    operator!(all, "batch norm, and back", |leaf_x, leaf_scale, leaf_shift, dy| {
        leaf_x.batch_norm(&leaf_scale, &leaf_shift, 1e-5).0.backward_from(&dy)
    });
    operator!(all, "group norm", |x, scale, shift| no_grad(|| x.group_norm(8, &scale, &shift, 1e-5)));
    operator!(all, "group norm, and back", |leaf_x, leaf_scale, leaf_shift, dy| {
        leaf_x.group_norm(8, &leaf_scale, &leaf_shift, 1e-5).backward_from(&dy)
    });
    for (name, back, dims) in [
        ("attention, 256", "attention, 256, and back", [8, 8, 256, 64]),
        ("attention, 1024", "attention, 1024, and back", [2, 8, 1024, 64]),
    ] {
        let [q, k, v, dy] = [(); 4].map(|()| normal(&dims));
        let (leaf_q, leaf_k, leaf_v) = (leaf(&q), leaf(&k), leaf(&v));
        operator!(all, name, |q, k, v| {
            no_grad(|| q.scaled_dot_product_attention(&k, &v, Attention::new().causal()))
        });
        operator!(all, back, |leaf_q, leaf_k, leaf_v, dy| {
            leaf_q
                .scaled_dot_product_attention(&leaf_k, &leaf_v, Attention::new().causal())
                .backward_from(&dy)
        });
    }
    all
}

/// The operators on matrices with so many rows.
fn operators(rows: usize) -> Vec<Operator> {
    let mut rng = Rng::seed(0);
    let mut normal = |dims: &[usize]| Tensor::<f32>::normal(dims, 0.0, 1.0, &mut rng);
    let (x, other, square) = (normal(&[rows, COLUMNS]), normal(&[rows, COLUMNS]), normal(&[COLUMNS, rows]));
    let (row, column) = (normal(&[COLUMNS]), normal(&[rows, 1]));
    let (leaf, scale, shift) = (x.clone().requires_grad(), normal(&[COLUMNS]), normal(&[COLUMNS]));
    let (leaf_scale, leaf_shift) = (scale.clone().requires_grad(), shift.clone().requires_grad());
    let (wide, narrow) = (x.reshape([COLUMNS, rows]), x.reshape([rows * COLUMNS / FEW, FEW]));
    let blocks = x.reshape([rows / 10, 10, COLUMNS]);
    let (wide_leaf, wide_other) = (wide.clone().requires_grad(), other.reshape([COLUMNS, rows]));
    // Every row once, in an order that jumps.
    let indices: Vec<usize> = (0..rows).map(|i| i * 7919 % rows).collect();

    let mut all: Vec<Operator> = Vec::new();
    operator!(all, "softmax", |x| no_grad(|| x.softmax(-1)));
    operator!(all, "softmax along axis 0", |wide| no_grad(|| wide.softmax(0)));
    operator!(all, "log softmax", |x| no_grad(|| x.log_softmax(-1)));
    operator!(all, "log softmax along axis 0", |wide| no_grad(|| wide.log_softmax(0)));
    operator!(all, "logsumexp", |x| no_grad(|| x.logsumexp(-1)));
    operator!(all, "logsumexp along axis 0", |wide| no_grad(|| wide.logsumexp(0)));
    operator!(all, "softmax, and back", |leaf, other| leaf.softmax(-1).backward_from(&other));
    operator!(all, "softmax along axis 0, and back", |wide_leaf, wide_other| {
        wide_leaf.softmax(0).backward_from(&wide_other)
    });
    operator!(all, "log softmax, and back", |leaf, other| leaf.log_softmax(-1).backward_from(&other));
    operator!(all, "layer norm", |x, scale, shift| no_grad(|| x.layer_norm(&scale, &shift, 1e-5)));
    operator!(all, "layer norm, and back", |leaf, leaf_scale, leaf_shift, other| {
        leaf.layer_norm(&leaf_scale, &leaf_shift, 1e-5).backward_from(&other)
    });
    operator!(all, "sum", |x| x.sum());
    operator!(all, "sums of rows", |x| x.sum_axes(-1));
    operator!(all, "sums of columns", |x| x.sum_axes(0));
    operator!(all, "sums of long rows", |wide| wide.sum_axes(-1));
    operator!(all, "sums of few columns", |narrow| narrow.sum_axes(0));
    operator!(all, "sums over the middle axis", |blocks| blocks.sum_axes(1));
    operator!(all, "mean", |x| x.mean());
    operator!(all, "largest of rows", |x| x.max_axes(-1));
    operator!(all, "largest of columns", |x| x.max_axes(0));
    operator!(all, "variances of rows", |x| x.var_axes(-1, 1.0));
    operator!(all, "norms of rows", |x| x.norm_axes(-1, 2.0));
    operator!(all, "sums so far", |x| x.cumsum(-1));
    operator!(all, "sorted rows", |x| x.sort(-1, false).0);
    operator!(all, "argmax", |x| x.argmax(-1));
    operator!(all, "argmax along axis 0", |wide| wide.argmax(0));
    operator!(all, "transpose, copied", |x| x.t().array().contiguous());
    operator!(all, "add", |x, other| &x + &other);
    operator!(all, "add a transpose", |x, square| &x + square.t());
    operator!(all, "add a row to all", |x, row| &x + &row);
    operator!(all, "add a column to all", |x, column| &x + &column);
    operator!(all, "tanh", |x| x.tanh());
    operator!(all, "concat along axis 0", |x, other| Tensor::concat(&[&x, &other], 0));
    operator!(all, "concat along axis 1", |x, other| Tensor::concat(&[&x, &other], 1));
    operator!(all, "rows by index", |x, indices| x.rows(&indices));
    operator!(all, "rows by index, and back", |leaf, indices, other| leaf
        .rows(&indices)
        .backward_from(&other));
    all
}
