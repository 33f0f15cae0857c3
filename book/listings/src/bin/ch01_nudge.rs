//! Chapter 1: the slope of a loss, found by nudging its one weight.

// ANCHOR: loss
/// The measurement: so many turns of the pedals ...
const TURNS: f64 = 2.0;
/// ... moved the bicycle by so many metres.
const METRES: f64 = 7.0;

/// How wrong a guess of the weight is: its prediction's error, squared.
fn loss(weight: f64) -> f64 {
    let error = weight * TURNS - METRES;
    error * error
}
// ANCHOR_END: loss

fn main() {
    // ANCHOR: nudge
    let weight = 1.0;
    let nudge = 0.001;
    let before = loss(weight);
    let after = loss(weight + nudge);
    println!("loss at the weight     {before:.4}");
    println!("loss after the nudge   {after:.4}");
    println!("slope                  {:.4}", (after - before) / nudge);
    // ANCHOR_END: nudge

    // ANCHOR: smaller
    println!();
    println!("nudge     slope");
    let mut nudge = 0.1;
    for _ in 1..=16 {
        let slope = (loss(weight + nudge) - loss(weight)) / nudge;
        println!("{nudge:<6.0e} {slope:>8.4}");
        nudge /= 10.0;
    }
    // ANCHOR_END: smaller
}
