//! Values that another implementation has worked out: `golden/nn.json`, written by the script `golden/nn.py` beside it.

use serde_json::Value;
use wengert::Tensor;

/// What PyTorch makes of small problems, by their names in the file.
///
/// # Panics
/// If the file is no JSON.
pub fn nn() -> Value {
    serde_json::from_str(include_str!("../golden/nn.json")).expect("golden/nn.json")
}

/// A list of numbers. NaN, infinities, and numbers that are to keep each digit, are written as texts.
///
/// # Panics
/// If it is anything else.
#[track_caller]
pub fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().unwrap_or_else(|| panic!("expected a list, found {list}"));
    let number = |x: &Value| x.as_f64().or_else(|| x.as_str()?.parse().ok());
    list.iter().map(|x| number(x).unwrap_or_else(|| panic!("expected a number, found {x}"))).collect()
}

/// A list of labels.
///
/// # Panics
/// If it is anything else.
#[track_caller]
pub fn labels(list: &Value) -> Vec<usize> {
    numbers(list).into_iter().map(|label| label as usize).collect()
}

/// A tensor, written as its shape and values.
///
/// # Panics
/// If it is anything else.
#[track_caller]
pub fn tensor(entry: &Value) -> Tensor<f64> {
    Tensor::from_vec(numbers(&entry["values"]), labels(&entry["shape"]))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Compares numbers; the difference may be `tolerance`, or that share of the expected number if this is above 1.
///
/// # Panics
/// If there are more of one than of the other, or two differ by more; NaN and infinities are equal to themselves alone.
#[track_caller]
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: how many numbers");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        let same = found == expected || found.is_nan() && expected.is_nan();
        assert!(
            same || expected.is_finite() && difference <= tolerance * expected.abs().max(1.0),
            "{what}: number {i} is {found}, expected {expected}; they differ by {difference:e}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_found() {
        assert_close("equal", &[1.0, 2e6], &[1.0 + 1e-13, 2e6 + 1e-7], 1e-12);
        let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        assert_close("equal", &special, &special, 0.0);
        for (found, expected) in [
            (vec![1.0], vec![1.0 + 3e-12]),
            (vec![f64::NAN], vec![1.0]),
            (vec![1.0], vec![f64::NAN]),
            (vec![f64::INFINITY], vec![1e300]),
            (vec![1e300], vec![f64::INFINITY]),
            (vec![], vec![1.0]),
        ] {
            let compare = || assert_close("different", &found, &expected, 1e-12);
            assert!(std::panic::catch_unwind(compare).is_err(), "{found:?} for {expected:?}");
        }
    }
}
