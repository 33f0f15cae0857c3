//! What an operator is told when it is asked for its form, and what it says when it has none.

use super::value::Value;
use crate::shape::Shape;
use std::fmt;
use std::ops::Index;
use std::panic::Location;

/// What an operator was applied to, and what came of it, for [`Op::onnx`](crate::Op::onnx). `x[i]` is the value of input `i`.
#[derive(Debug)]
pub struct Operands<'a> {
    pub(super) values: Vec<Value>,
    pub(super) shapes: Vec<&'a Shape>,
    pub(super) output: &'a Shape,
}

impl<'a> Operands<'a> {
    /// The values of all inputs.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The number of inputs.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The shape of input `i`.
    pub fn shape(&self, i: usize) -> &'a Shape {
        self.shapes[i]
    }

    /// The shape of the output.
    pub fn output(&self) -> &'a Shape {
        self.output
    }
}

impl Index<usize> for Operands<'_> {
    type Output = Value;
    fn index(&self, i: usize) -> &Value {
        &self.values[i]
    }
}

/// An operator that has no form in ONNX.
#[derive(Clone, Debug)]
pub struct Unsupported {
    pub(super) operator: String,
    pub(super) why: String,
    pub(super) caller: Option<&'static Location<'static>>,
    pub(super) behind: Option<String>,
}

impl Unsupported {
    pub(super) fn new(why: String) -> Self {
        Unsupported { operator: String::new(), why, caller: None, behind: None }
    }

    /// The operator's name.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The line of the program that called it.
    pub fn caller(&self) -> Option<&'static Location<'static>> {
        self.caller
    }

    /// The path of the parameter that was used last on the way to it, if there is one.
    pub fn behind(&self) -> Option<&str> {
        self.behind.as_deref()
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no form in ONNX", self.operator)?;
        if let Some(caller) = self.caller {
            write!(f, "\n  called at {caller}")?;
        }
        if let Some(behind) = &self.behind {
            write!(f, "\n  behind the parameter {behind}")?;
        }
        write!(f, "\n  help: {}", self.why)
    }
}

impl std::error::Error for Unsupported {}
