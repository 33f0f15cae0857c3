//! Tensors print as NumPy's arrays do: `golden/display.txt`, which `golden/display.py` made with NumPy.

use autograd::{Array, Element, Tensor};
use std::fmt;
use std::str::FromStr;

/// What the array prints as, with values that are repeated until the shape is full.
fn printed<T: Element + FromStr<Err: fmt::Debug>>(shape: &[usize], values: &str, precision: &str) -> String {
    let values: Vec<T> = values.split_whitespace().map(|v| v.parse().expect("a value")).collect();
    let size = shape.iter().product();
    let data = values.iter().copied().cycle().take(size).collect();
    let array = Array::from_vec(data, shape).expect("as many values as the shape holds");
    match precision {
        "-" => array.to_string(),
        precision => format!("{array:.*}", precision.parse().expect("a number of digits")),
    }
}

#[test]
fn arrays_print_as_in_numpy() {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for case in include_str!("golden/display.txt").split("case ").skip(1) {
        let (header, rest) = case.split_once('\n').expect("a header");
        let (values, expected) = rest.split_once('\n').expect("a line of values");
        let values = values.strip_prefix("values").expect("a line of values");
        let expected: Vec<&str> =
            expected.lines().map(|line| line.strip_prefix('|').expect("a line of text")).collect();
        let mut header = header.split_whitespace();
        let (kind, precision) = (header.next().expect("a type"), header.next().expect("a precision"));
        let shape: Vec<usize> = header.map(|dim| dim.parse().expect("a size")).collect();
        let found = match kind {
            "f32" => printed::<f32>(&shape, values, precision),
            "f64" => printed::<f64>(&shape, values, precision),
            "usize" => printed::<usize>(&shape, values, precision),
            other => panic!("there is no type {other}"),
        };
        cases += 1;
        if found != expected.join("\n") {
            wrong.push(format!(
                "{kind} {shape:?} precision {precision} of{values}\nNumPy:\n{}\nfound:\n{found}",
                expected.join("\n")
            ));
        }
    }
    assert!(cases > 200, "only {cases} cases were read");
    let shown = wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} of {cases} cases differ, such as\n{shown}", wrong.len());
}

#[test]
fn views_print_what_they_show() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(x.t().to_string(), "[[1. 4.]\n [2. 5.]\n [3. 6.]]");
    assert_eq!(x.slice_step(1, 2, 2, -2).to_string(), "[[3. 1.]\n [6. 4.]]");
    assert_eq!(Tensor::scalar(2.0).broadcast_to([2, 2]).to_string(), "[[2. 2.]\n [2. 2.]]");
}

#[test]
fn what_is_not_shown_is_not_read() {
    // Four thousand million elements, of which six are printed.
    let x = Tensor::scalar(0.25_f32).broadcast_to([1 << 32]);
    assert_eq!(x.to_string(), "[0.25 0.25 0.25 ... 0.25 0.25 0.25]");
}

#[test]
fn flags_print_in_the_words_of_rust() {
    let mask = Array::from_vec(vec![true, false, true, true], [2, 2]).unwrap();
    assert_eq!(mask.to_string(), "[[ true false]\n [ true  true]]");
    assert_eq!(Array::from_vec(vec![true], []).unwrap().to_string(), "true");
}

#[test]
fn brackets_may_fill_the_line() {
    let shape: Vec<usize> = [1; 79].into_iter().chain([2]).collect();
    let (open, close) = ("[".repeat(80), "]".repeat(80));
    let text = Array::from_vec(vec![1, 2], shape).unwrap().to_string();
    assert_eq!(text, format!("{open}1\n{:80}2{close}", ""));
}
