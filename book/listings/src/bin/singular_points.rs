//! The table of singular points, as the book shows it: the numbers are worked out here, not copied.

use listings::singular::{Row, TABLE};
use wengert::Tensor;

// ANCHOR: rows
fn main() {
    println!("| function | at | value | gradient | because |");
    println!("|---|---|---|---|---|");
    for Row { what, function, at, why, .. } in TABLE {
        let x = Tensor::from(at.to_vec()).requires_grad();
        let y = function(&x);
        let value = y.to_vec();
        let gradient = y.sum().backward()[&x].to_vec();
        println!(
            "| {} | {} | {} | {} | {} |",
            escaped(what),
            list(at),
            list(&value),
            list(&gradient),
            escaped(why)
        );
    }
}
// ANCHOR_END: rows

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

fn list(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|&x| number(x)).collect();
    numbers.join(", ")
}

fn number(x: f64) -> String {
    match x {
        f64::INFINITY => "∞".into(),
        f64::NEG_INFINITY => "-∞".into(),
        // Without the sign of zero.
        x => format!("{}", x + 0.0),
    }
}
