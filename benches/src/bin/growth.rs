//! How the cost of a training step grows: `growth [NAME]` times an MLP over five batch sizes and over five depths, in turns on one
//! thread, fits a line to each, and prints how far the times are from it. With a name, such as the date, the table is written to
//! `results/NAME.md` beside two charts, `NAME-batch.svg` and `NAME-depth.svg`.
//!
//! The line is t = a + b n: the optimizer's part does not depend on the batch, nor the loss on the depth. It is the one
//! with the least squares of *relative* deviations, so that the small sizes count as much as the great.
//! The depths are measured with a batch of 256. With one of 64 the times were found to lie up to a fifth off the line: a deep
//! network's weights no longer fit into the near caches, and a small batch makes little use of each.

use benches::Case;
use examples::plot::{Series, line_chart};
use std::path::Path;
use std::time::{Duration, Instant};
use wengert::nn::Activation;
use wengert::with_threads;

const WIDTH: usize = 256;
const ROUNDS: usize = 40;
/// What one size gets in a round, after a step that warms up.
const TURN: Duration = Duration::from_millis(10);

/// What grows, its sizes, and the network of a size.
struct Growth {
    what: &'static str,
    fixed: &'static str,
    sizes: [usize; 5],
    case: fn(usize) -> Case,
}

const GROWTHS: [Growth; 2] = [
    Growth { what: "batch", fixed: "4 layers of 256", sizes: [32, 64, 128, 256, 512], case: |n| mlp(4, n) },
    Growth {
        what: "depth",
        fixed: "layers of 256, batch 256",
        sizes: [2, 4, 8, 16, 32],
        case: |n| mlp(n, 256),
    },
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let mut table = String::new();
    for growth in GROWTHS {
        let times = with_threads(1, || best_times(&growth));
        let sizes = growth.sizes.map(|n| n as f64);
        let line = fit(&sizes, &times);
        table += &rows(&growth, &times, line);
        if let Some(name) = &name {
            draw(&folder.join(format!("{name}-{}.svg", growth.what)), &growth, &times, line)?;
        }
    }
    print!("{table}");
    if let Some(name) = name {
        let path = folder.join(format!("{name}.md"));
        let text = format!("# How the cost of a training step grows\n\n{table}");
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// `depth` layers, trained by plain gradient descent.
fn mlp(depth: usize, batch: usize) -> Case {
    Case { sizes: vec![WIDTH; depth + 1], batch, activation: Activation::Tanh, adam: false }
}

/// Seconds a step for each size, the best of all rounds.
fn best_times(growth: &Growth) -> [f64; 5] {
    let mut steps = growth.sizes.map(|n| (growth.case)(n).training());
    let mut best = [f64::INFINITY; 5];
    for _ in 0..ROUNDS {
        for (step, best) in steps.iter_mut().zip(&mut best) {
            step();
            let start = Instant::now();
            while start.elapsed() < TURN {
                let start = Instant::now();
                step();
                *best = best.min(start.elapsed().as_secs_f64());
            }
        }
    }
    best
}

/// The a and b of the line a + b n for which the sum of ((a + b n - t) / t)² is least.
fn fit(sizes: &[f64], times: &[f64]) -> (f64, f64) {
    // The normal equations, each point with the weight 1 / t².
    let [mut w, mut wn, mut wnn, mut wt, mut wnt] = [0.0; 5];
    for (n, t) in sizes.iter().zip(times) {
        let weight = 1.0 / (t * t);
        w += weight;
        wn += weight * n;
        wnn += weight * n * n;
        wt += weight * t;
        wnt += weight * n * t;
    }
    let b = (w * wnt - wn * wt) / (w * wnn - wn * wn);
    ((wt - b * wn) / w, b)
}

fn rows(growth: &Growth, times: &[f64], (a, b): (f64, f64)) -> String {
    let Growth { what, fixed, sizes, .. } = growth;
    let mut text = format!("| {what} ({fixed}) | best, µs | line, µs | away from it |\n|--:|--:|--:|--:|\n");
    for (n, t) in sizes.iter().zip(times) {
        let line = a + b * *n as f64;
        text +=
            &format!("| {n} | {:.1} | {:.1} | {:+.1} % |\n", t * 1e6, line * 1e6, (t / line - 1.0) * 100.0);
    }
    text + &format!("\n{:.1} µs + {:.2} µs × {what}\n\n", a * 1e6, b * 1e6)
}

fn draw(
    path: &Path,
    growth: &Growth,
    times: &[f64],
    (a, b): (f64, f64),
) -> Result<(), examples::plot::PlotError> {
    let Growth { what, fixed, sizes, .. } = growth;
    let curve = |name: &str, time: &dyn Fn(usize) -> f64| Series {
        name: name.to_owned(),
        points: (0..sizes.len()).map(|i| (sizes[i] as f64, time(i) * 1e6)).collect(),
    };
    let series = [curve("measured", &|i| times[i]), curve("line", &|i| a + b * sizes[i] as f64)];
    line_chart(path, &format!("A training step: {fixed}"), what, "microseconds", &series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let sizes = [1.0, 2.0, 4.0, 8.0, 16.0];
        let (a, b) = fit(&sizes, &sizes.map(|n| 3.0 + 0.5 * n));
        assert!((a - 3.0).abs() < 1e-12 && (b - 0.5).abs() < 1e-12, "{a} + {b} n");
    }

    /// By hand: (1, 1), (2, 2), (2, 4) with the weights 1, 1/4, 1/16 meet 1 + b (n - 1) in 2, 4 of mean (2/4 + 4/16) / (5/16).
    #[test]
    fn deviations_count_by_their_share() {
        let (a, b) = fit(&[1.0, 2.0, 2.0], &[1.0, 2.0, 4.0]);
        assert!((a + b - 1.0).abs() < 1e-12 && (a + 2.0 * b - 2.4).abs() < 1e-12, "{a} + {b} n");
    }
}
