//! Each row of the table of singular points is what the library does.

use listings::singular::{Row, TABLE};
use wengert::autograd::Tensor;

#[test]
fn every_row_holds() {
    let mut wrong = String::new();
    for Row { what, function, at, value, gradient, why } in TABLE {
        let x = Tensor::from(at.to_vec()).requires_grad();
        let y = function(&x);
        let found = y.to_vec();
        let dx = y.sum().backward()[&x].to_vec();
        for (name, found, expected) in [("value", found, value), ("gradient", dx, gradient)] {
            let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan() || (a - b).abs() < 1e-15;
            if found.len() != expected.len() || !found.iter().zip(*expected).all(same) {
                wrong += &format!("\n{what} at {at:?}: {name} {found:?}, expected {expected:?}: {why}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
