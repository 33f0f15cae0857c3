//! Chapter 1: downhill, step by step, with the slope found by nudging. `--fig` prints the figure instead.

use listings::svg::{Axis, BLUE, ORANGE, Plot};

const TURNS: f64 = 2.0;
const METRES: f64 = 7.0;

fn loss(weight: f64) -> f64 {
    let error = weight * TURNS - METRES;
    error * error
}

// ANCHOR: slope
/// How fast the loss grows with the weight.
fn slope(weight: f64) -> f64 {
    let nudge = 1e-6;
    (loss(weight + nudge) - loss(weight)) / nudge
}
// ANCHOR_END: slope

// ANCHOR: descend
/// The weight before the first step and after each.
fn descend(mut weight: f64, rate: f64, steps: usize) -> Vec<f64> {
    let mut weights = vec![weight];
    for _ in 0..steps {
        weight -= rate * slope(weight);
        weights.push(weight);
    }
    weights
}
// ANCHOR_END: descend

fn main() {
    if std::env::args().any(|argument| argument == "--fig") {
        print!("{}", figure());
        return;
    }

    // ANCHOR: ten
    println!("step   weight      loss      slope");
    for (step, weight) in descend(1.0, 0.02, 10).into_iter().enumerate() {
        println!("{step:4}  {weight:7.4}  {:8.4}  {:9.4}", loss(weight), slope(weight));
    }
    // ANCHOR_END: ten

    // ANCHOR: rates
    println!();
    println!("rate   loss after ten steps");
    for rate in [0.002, 0.02, 0.1, 0.2, 0.25, 0.3] {
        let weights = descend(1.0, rate, 10);
        println!("{rate:<5}  {:.4}", loss(weights[10]));
    }
    // ANCHOR_END: rates
}

/// The loss over the weight, its tangent at the first guess, and ten steps.
fn figure() -> String {
    let mut plot = Plot::new(
        "The loss of one weight, its slope at the first guess, and ten steps",
        "A parabola with its lowest point at a weight of 3.5. Ten dots run down its left side from a weight of 1, ever closer \
         together.",
        Axis {
            name: "weight (metres a turn)",
            from: 0.8,
            to: 6.2,
            ticks: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        },
        Axis { name: "loss (square metres)", from: 0.0, to: 30.0, ticks: vec![0.0, 10.0, 20.0, 30.0] },
    );
    plot.curve(loss, BLUE);
    let tangent = |weight: f64| loss(1.0) + slope(1.0) * (weight - 1.0);
    plot.line((0.8, tangent(0.8)), (2.2, tangent(2.2)), "currentColor", 1.0);
    for weight in descend(1.0, 0.02, 10) {
        plot.dot((weight, loss(weight)), ORANGE);
    }
    plot.label((1.0, loss(1.0)), "the first guess");
    plot.label((2.95, 3.0), "after ten steps");
    plot.finish()
}
