//! Values of a graph of ONNX, as operators write their forms: a reading of formulas.
//!
//! A form is a formula over values, as a gradient is one over tensors. [`Value`] is an [`Algebra`], so the formula of a
//! [`Pointwise`](crate::Pointwise) operator is a form already: read with values, each function in it adds a node to the graph.

use super::attribute::Attribute;
use super::constant::{Constant, Data};
use super::form::Unsupported;
use super::graph::{Depends, Entry, Id, Node, Source};
use super::trace::{self, Recorder};
use crate::algebra::Algebra;
use crate::array::Array;
use crate::primitive::Primitive;
use crate::scalar::{Element, Scalar};
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::rc::Rc;

/// A value in a graph of ONNX that is being recorded; or a literal; or the reason why there is none.
///
/// Operators make values of values, see [`Op::onnx`](crate::Op::onnx). What has no form stays so whatever is made of it, and is an
/// error only if the output of the network depends on it.
///
/// ```
/// use autograd::{Tensor, onnx::{self, Value}};
/// /// The operators of ONNX in a form of one input, whatever that is.
/// fn operators(form: fn(&Value) -> Value) -> Vec<String> {
///     let f = |x: &Tensor| {
///         let y = x.exp();
///         onnx::define("example", y.array(), || form(&Value::of(x.array()))); // in the place of `Exp`
///         y
///     };
///     let (x, none) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), [] as [(&str, &Tensor); 0]);
///     let graph = onnx::trace_with(f, &x, none, &onnx::Options::new().fixed_batch()).unwrap();
///     graph.operators().map(str::to_owned).collect()
/// }
/// assert_eq!(operators(|x| x.then("Relu")), ["Relu"]);
/// assert_eq!(operators(|x| (x.clone() + Value::number(1.0)) / x.clone()), ["Add", "Div"]);
/// assert_eq!(operators(|x| x.transpose(&[1, 0]).reshape(&[4])), ["Transpose", "Reshape"]);
/// let relu = |x: &Value| Value::node("Greater", &[x, &Value::number(0.0)], &[]).choose(x, &Value::number(0.0));
/// assert_eq!(operators(relu), ["Greater", "Where"]);
/// assert_eq!(operators(|x| Value::node("Clip", &[x, &Value::number(0.0), &Value::absent()], &[])), ["Clip"]);
/// assert_eq!(operators(|x| Value::node("Tile", &[x, &Value::ints([1, 3])], &[])), ["Tile"]);
/// assert_eq!(operators(|x| Value::node("Expand", &[x, &Value::sizes(&[5, 2, 2])], &[])), ["Expand"]);
/// assert_eq!(operators(|x| Value::node("Gather", &[x, &Value::int(0)], &[("axis", 1.into())])), ["Gather"]);
/// // The places of the largest, the second output of `TopK`.
/// assert_eq!(operators(|x| Value::output_of(1, "TopK", &[x, &Value::ints([1])], &[])), ["TopK"]);
/// ```
#[derive(Clone)]
pub struct Value(pub(super) Read);

#[derive(Clone)]
pub(super) enum Read {
    /// A value of the graph.
    Of(Id),
    /// A literal number, in the precision of the network.
    Number(f64),
    /// Whole numbers: a shape, axes.
    Ints(Vec<i64>),
    /// A whole number alone.
    Int(i64),
    /// An optional input that is left out.
    Absent,
    /// There is no form.
    Missing(Rc<Unsupported>),
}

impl Value {
    /// What an operator of ONNX gives for these inputs with these attributes. The names are those of
    /// [ONNX's list of operators](https://onnx.ai/onnx/operators), of opset 17.
    ///
    /// ```
    /// use autograd::onnx::Value;
    /// fn leaky(x: &Value) -> Value {
    ///     Value::node("LeakyRelu", &[x], &[("alpha", 0.1.into())])
    /// }
    /// ```
    pub fn node(op: &'static str, inputs: &[&Value], attributes: &[(&'static str, Attribute)]) -> Value {
        Value::output_of(0, op, inputs, attributes)
    }

    /// The output with this number, from 0, of an operator that has several.
    pub fn output_of(
        output: usize,
        op: &'static str,
        inputs: &[&Value],
        attributes: &[(&'static str, Attribute)],
    ) -> Value {
        for x in inputs {
            if let Read::Missing(why) = &x.0 {
                return Value(Read::Missing(why.clone()));
            }
        }
        trace::with(|recorder| {
            let inputs: Vec<Option<Id>> = inputs.iter().map(|x| recorder.id(x)).collect();
            let depends = inputs.iter().flatten().map(|&id| recorder.values[id].depends).max();
            let source = Source::Node(Node { op, inputs, attributes: attributes.to_vec(), output });
            recorder.add(Entry { source, depends: depends.unwrap_or(Depends::Nothing) })
        })
    }

    /// What an array, or a tensor's value, is in the graph: an input, a parameter, a result, or else a constant. For what operators
    /// hold: masks, indices.
    pub fn of<E: Element>(array: &Array<E>) -> Value {
        trace::with(|recorder| recorder.value_of(array))
    }

    /// A literal number.
    pub fn number(value: f64) -> Value {
        Value(Read::Number(value))
    }

    /// A list of whole numbers: a shape, axes.
    pub fn ints(values: impl IntoIterator<Item = i64>) -> Value {
        Value(Read::Ints(values.into_iter().collect()))
    }

    /// A whole number.
    pub fn int(value: i64) -> Value {
        Value(Read::Int(value))
    }

    /// A list of sizes.
    pub fn sizes(sizes: &[usize]) -> Value {
        Value::ints(sizes.iter().map(|&size| size as i64))
    }

    /// An optional input that is left out.
    pub fn absent() -> Value {
        Value(Read::Absent)
    }

    /// That there is no form, and why: what ONNX lacks, or what one can do about it.
    ///
    /// ```
    /// use autograd::{Tensor, onnx::{self, Value}};
    /// let by_hand = |x: &Tensor| {
    ///     let y = Tensor::build(x.shape(), |y| y.iter_mut().zip(x.array()).for_each(|(y, x)| *y = 2.0 * x));
    ///     onnx::define("doubled", y.array(), || Value::unsupported("double by operators"));
    ///     y.exp()
    /// };
    /// let error = onnx::trace(by_hand, &Tensor::from([1.0, 2.0]), [] as [(&str, &Tensor); 0]).unwrap_err().to_string();
    /// assert!(error.starts_with("doubled has no form in ONNX") && error.ends_with("help: double by operators"));
    /// ```
    pub fn unsupported(why: impl Into<String>) -> Value {
        Value(Read::Missing(Rc::new(Unsupported::new(why.into()))))
    }

    /// The same elements in row-major order under another shape.
    pub fn reshape(&self, dims: &[usize]) -> Value {
        // A size of 0 would stand for the size that the input has there.
        let attributes = [("allowzero", Attribute::Int(1))];
        let has_zero = dims.contains(&0);
        Value::node("Reshape", &[self, &Value::sizes(dims)], if has_zero { &attributes } else { &[] })
    }

    /// The axes in another order.
    pub fn transpose(&self, order: &[usize]) -> Value {
        let order: Vec<i64> = order.iter().map(|&axis| axis as i64).collect();
        Value::node("Transpose", &[self], &[("perm", order.into())])
    }

    /// An operator of one input and no attribute.
    pub fn then(&self, op: &'static str) -> Value {
        Value::node(op, &[self], &[])
    }

    /// `yes` where this, a mask, is true, and `no` elsewhere.
    pub fn choose(&self, yes: &Value, no: &Value) -> Value {
        Value::node("Where", &[self, yes, no], &[])
    }

    /// What no form is known of: nothing, unless it is the same for every input.
    pub(crate) fn and_no_more(self, why: &str) -> Value {
        if self.depends_on_input() && !matches!(self.0, Read::Missing(_)) {
            Value::unsupported(why)
        } else {
            self
        }
    }

    /// Whether it is another one for another input.
    pub(crate) fn depends_on_input(&self) -> bool {
        self.depends() == Depends::Input
    }

    /// What it depends on. What has no form depends on the input, once an operator is to blame: only then it is kept.
    pub(super) fn depends(&self) -> Depends {
        match &self.0 {
            Read::Of(id) => trace::with(|recorder| recorder.values[*id].depends),
            Read::Missing(why) if !why.operator().is_empty() => Depends::Input,
            _ => Depends::Nothing,
        }
    }

    fn unary(&self, op: &'static str, of_number: fn(f64) -> f64) -> Value {
        match self.0 {
            Read::Number(x) => Value::number(of_number(x)),
            _ => self.then(op),
        }
    }

    fn binary(self, op: &'static str, other: Value, of_numbers: fn(f64, f64) -> f64) -> Value {
        match (&self.0, &other.0) {
            (&Read::Number(a), &Read::Number(b)) => Value::number(of_numbers(a, b)),
            _ => Value::node(op, &[&self, &other], &[]),
        }
    }
}

impl Recorder {
    /// The place of a value in the graph, where a literal gets one; `None` if it is left out.
    pub(super) fn id(&mut self, value: &Value) -> Option<Id> {
        let data = match &value.0 {
            Read::Of(id) => return Some(*id),
            Read::Absent | Read::Missing(_) => return None,
            Read::Number(number) => Data::scalar(self.kind, *number),
            Read::Ints(values) => Data::I64(vec![values.len()], values.clone()),
            Read::Int(value) => Data::I64(Vec::new(), vec![*value]),
        };
        let source = Source::Constant(Constant { name: None, data });
        self.values.push(Entry { source, depends: Depends::Nothing });
        Some(self.values.len() - 1)
    }

    pub(super) fn add(&mut self, entry: Entry) -> Value {
        self.values.push(entry);
        Value(Read::Of(self.values.len() - 1))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Read::Of(id) => write!(f, "Value({id})"),
            Read::Number(number) => write!(f, "Value({number:?})"),
            Read::Ints(values) => write!(f, "Value({values:?})"),
            Read::Int(value) => write!(f, "Value({value})"),
            Read::Absent => f.write_str("Value(absent)"),
            Read::Missing(why) => write!(f, "Value({why})"),
        }
    }
}

macro_rules! arithmetic {
    ($($Op:ident $op:ident $node:literal),*) => {$(
        impl $Op for Value {
            type Output = Value;
            fn $op(self, other: Value) -> Value {
                self.binary($node, other, |a, b| a.$op(b))
            }
        }
    )*};
}
arithmetic!(Add add "Add", Sub sub "Sub", Mul mul "Mul", Div div "Div");

impl Neg for Value {
    type Output = Value;
    fn neg(self) -> Value {
        self.unary("Neg", |x| -x)
    }
}

#[rustfmt::skip]
impl<T: Scalar> Algebra<T> for Value {
    fn constant(value: T) -> Self { Value::number(value.into()) }
    fn exp(&self) -> Self { self.unary("Exp", f64::exp) }
    fn ln(&self) -> Self { self.unary("Log", f64::ln) }
    fn sqrt(&self) -> Self { self.unary("Sqrt", f64::sqrt) }
    fn powi(&self, n: i32) -> Self { Value::node("Pow", &[self, &Value::number(n.into())], &[]) }
    fn sin(&self) -> Self { self.unary("Sin", f64::sin) }
    fn cos(&self) -> Self { self.unary("Cos", f64::cos) }
    fn tanh(&self) -> Self { self.unary("Tanh", f64::tanh) }
    fn abs(&self) -> Self { self.unary("Abs", f64::abs) }
    fn if_positive(&self, yes: Self, no: Self) -> Self {
        Value::node("LessOrEqual", &[self, &Value::number(0.0)], &[]).choose(&no, &yes)
    }
    fn primitive<P: Primitive<T, N>, const N: usize>(p: &P, x: [Self; N]) -> Self { Primitive::onnx(p, x) }
}
