//! The settings of a node.

use std::fmt;

/// A setting of a node.
///
/// ```
/// use autograd::onnx::Attribute;
/// assert_eq!(Attribute::from(2), Attribute::Int(2));
/// assert_eq!(Attribute::from(0.5), Attribute::Float(0.5));
/// assert_eq!(Attribute::from(vec![1, 0]), Attribute::Ints(vec![1, 0]));
/// assert_eq!(Attribute::from("reflect"), Attribute::Text("reflect"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// A whole number, or a truth as 0 or 1.
    Int(i64),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// A number, in single precision.
    Float(f32),
    /// A word.
    Text(&'static str),
}

impl From<i64> for Attribute {
    fn from(value: i64) -> Self {
        Attribute::Int(value)
    }
}

impl From<Vec<i64>> for Attribute {
    fn from(values: Vec<i64>) -> Self {
        Attribute::Ints(values)
    }
}

impl From<f64> for Attribute {
    fn from(value: f64) -> Self {
        Attribute::Float(value as f32)
    }
}

impl From<&'static str> for Attribute {
    fn from(text: &'static str) -> Self {
        Attribute::Text(text)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attribute::Int(value) => write!(f, "{value}"),
            Attribute::Ints(values) => write!(f, "{values:?}"),
            Attribute::Float(value) => write!(f, "{value:?}"),
            Attribute::Text(text) => write!(f, "{text}"),
        }
    }
}
