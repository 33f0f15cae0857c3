//! What an operator is told when it is asked for its form, and what it says when it has none.

use super::value::Value;
use crate::shape::Shape;
use std::fmt;
use std::ops::Index;
use std::panic::Location;

/// What an operator was applied to, and what came of it, for [`Op::onnx`](crate::Op::onnx). `x[i]` is the value of input `i`.
///
/// The sum of two tensors as a list, without broadcasting:
///
/// ```
/// use autograd::{Call, Keeps, Op, Scalar, Shape, ShapeError, Tensor, View, onnx::{self, Operands, Value}};
///
/// #[derive(Debug)]
/// struct FlatSum;
///
/// impl<T: Scalar> Op<T, 2> for FlatSum {
///     fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, ShapeError> {
///         let unequal = || ShapeError::new("the shapes differ").operand("left", a, "").operand("right", b, "");
///         if a == b { Ok(Shape::from([a.size()])) } else { Err(unequal()) }
///     }
///     fn forward(&self, [a, b]: [View<'_, T>; 2], y: &mut [T]) {
///         y.iter_mut().zip(a.iter().zip(b.iter())).for_each(|(y, (a, b))| *y = a + b);
///     }
///     fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
///         dy.reshape(call.shape(i))
///     }
///     fn keeps(&self, _: usize) -> Keeps {
///         Keeps::NONE
///     }
///     fn onnx(&self, x: &Operands<'_>) -> Value {
///         assert_eq!((x.count(), x.shape(0).size()), (2, x.output().size()));
///         let sum = Value::node("Sum", &x.values().iter().collect::<Vec<_>>(), &[]);
///         sum.reshape(x.output().dims())
///     }
/// }
///
/// let (x, none) = (Tensor::<f32>::ones([2, 3]), [] as [(&str, &Tensor); 0]);
/// let graph = onnx::trace(|x: &Tensor| FlatSum.apply([x, &x.exp()]), &x, none).unwrap();
/// assert!(graph.operators().eq(["Exp", "Sum", "Reshape"]));
/// ```
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
///
/// ```
/// use autograd::{Call, Op, Scalar, Tensor, View, onnx::{self, TraceError}};
///
/// #[derive(Debug)]
/// struct Mystery;
///
/// impl<T: Scalar> Op<T, 1> for Mystery {
///     fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
///         x.map_into(y, |x| x);
///     }
///     fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
///         dy.clone()
///     }
/// }
///
/// let w = Tensor::<f32>::ones([3, 3]);
/// let traced = onnx::trace(|x: &Tensor| Mystery.apply([&x.matmul(&w)]), &Tensor::ones([2, 3]), [("w", &w)]);
/// let Err(TraceError::Unsupported(found)) = traced else { panic!("it says nothing of ONNX") };
/// assert_eq!((found.operator(), found.behind()), ("mystery", Some("w")));
/// assert_eq!(found.caller().unwrap().file(), file!());
/// ```
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
