//! Times operators on matrices of 100 columns, for the comparison with PyTorch: `operators`, on at most `THREADS` threads (as many
//! as there are cores), with `BUDGET` seconds for each operator and size (0.02), those whose names contain `ONLY`; all from
//! the environment.
//!
//! Each prints a line of JSON with the best and the median of its calls in seconds. `and back` is the operator recorded and
//! its gradients from a given cotangent; the others are not recorded. Whatever an operator returns is freed within the time.

use serde_json::json;
use std::time::{Duration, Instant};
use wengert::prelude::*;
use wengert::{no_grad, threads, with_threads};

const COLUMNS: usize = 100;
const FEW: usize = 4;
const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let budget = Duration::from_secs_f64(benches::number("BUDGET", 0.02)?);
    let count = benches::threads_from_environment()?;
    let only = std::env::var("ONLY").unwrap_or_default();
    with_threads(count, || {
        for size in SIZES {
            for (name, run) in operators(size / COLUMNS).into_iter().filter(|(name, _)| name.contains(&only))
            {
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
        }
    });
    Ok(())
}

/// An operator's name, and a call of it.
type Operator = (&'static str, Box<dyn Fn()>);

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
    /// Adds an operator; what it uses is cloned, which copies no elements.
    macro_rules! operator {
        ($name:literal, |$($used:ident),*| $value:expr) => {{
            $(let $used = $used.clone();)*
            all.push(($name, Box::new(move || drop($value))));
        }};
    }
    operator!("softmax", |x| no_grad(|| x.softmax(-1)));
    operator!("softmax along axis 0", |wide| no_grad(|| wide.softmax(0)));
    operator!("log softmax", |x| no_grad(|| x.log_softmax(-1)));
    operator!("log softmax along axis 0", |wide| no_grad(|| wide.log_softmax(0)));
    operator!("logsumexp", |x| no_grad(|| x.logsumexp(-1)));
    operator!("logsumexp along axis 0", |wide| no_grad(|| wide.logsumexp(0)));
    operator!("softmax, and back", |leaf, other| leaf.softmax(-1).backward_from(&other));
    operator!("softmax along axis 0, and back", |wide_leaf, wide_other| {
        wide_leaf.softmax(0).backward_from(&wide_other)
    });
    operator!("log softmax, and back", |leaf, other| leaf.log_softmax(-1).backward_from(&other));
    operator!("layer norm", |x, scale, shift| no_grad(|| x.layer_norm(&scale, &shift, 1e-5)));
    operator!("layer norm, and back", |leaf, leaf_scale, leaf_shift, other| {
        leaf.layer_norm(&leaf_scale, &leaf_shift, 1e-5).backward_from(&other)
    });
    operator!("sum", |x| x.sum());
    operator!("sums of rows", |x| x.sum_axes(-1));
    operator!("sums of columns", |x| x.sum_axes(0));
    operator!("sums of long rows", |wide| wide.sum_axes(-1));
    operator!("sums of few columns", |narrow| narrow.sum_axes(0));
    operator!("sums over the middle axis", |blocks| blocks.sum_axes(1));
    operator!("mean", |x| x.mean());
    operator!("argmax", |x| x.argmax(-1));
    operator!("argmax along axis 0", |wide| wide.argmax(0));
    operator!("transpose, copied", |x| x.t().array().contiguous());
    operator!("add", |x, other| &x + &other);
    operator!("add a transpose", |x, square| &x + square.t());
    operator!("add a row to all", |x, row| &x + &row);
    operator!("add a column to all", |x, column| &x + &column);
    operator!("tanh", |x| x.tanh());
    operator!("concat along axis 0", |x, other| Tensor::concat(&[&x, &other], 0));
    operator!("concat along axis 1", |x, other| Tensor::concat(&[&x, &other], 1));
    operator!("rows by index", |x, indices| x.rows(&indices));
    operator!("rows by index, and back", |leaf, indices, other| leaf.rows(&indices).backward_from(&other));
    all
}
