//! What goes wrong with shapes, said so that it can be mended: the operator, every operand, the axis, and a cure.

use crate::shape::Shape;
use std::fmt;

/// Operands whose shapes do not fit an operator, or data that does not fit a shape.
///
/// An operator's `shape` builds one with [`new`](Self::new), [`operand`](Self::operand) and [`help`](Self::help); the
/// gate that all operators pass adds the operator's name.
///
/// ```
/// use autograd::{Op, Tensor, ops::Matmul};
/// let (a, b) = (Tensor::<f32>::zeros([32, 784]), Tensor::zeros([10, 784]));
/// assert_eq!(
///     Matmul.try_apply([&a, &b]).unwrap_err().to_string(),
///     "\
/// matmul: the inner axes differ
///   left   [32, 784]  axis 1 is 784
///   right  [10, 784]  axis 0 is 10
///   help: did you mean `a.matmul(&b.t())`?"
/// );
/// ```
/// In an operator of one's own:
///
/// ```
/// use autograd::{Shape, ShapeError};
/// fn square(x: &Shape) -> Result<usize, ShapeError> {
///     match x.matrix()? {
///         [rows, columns] if rows == columns => Ok(rows),
///         [rows, columns] => Err(ShapeError::new("expected a square matrix")
///             .operand("found", x, format!("{rows} rows, {columns} columns"))
///             .help("`x.t().matmul(&x)` is a square one")),
///     }
/// }
/// assert_eq!(square(&[3, 3].into())?, 3);
/// assert_eq!(
///     square(&[3, 4].into()).unwrap_err().to_string(),
///     "\
/// expected a square matrix
///   found  [3, 4]  3 rows, 4 columns
///   help: `x.t().matmul(&x)` is a square one"
/// );
/// # Ok::<(), ShapeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ShapeError(Box<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    operator: String,
    problem: String,
    operands: Vec<(String, Shape, String)>,
    help: String,
}

impl ShapeError {
    /// An error that states the problem, without a full stop. The operator's name is not part of it: what comes back from
    /// [`try_apply`](crate::Op::try_apply) has it in front.
    #[cold]
    pub fn new(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        ShapeError(Box::new(Parts {
            operator: String::new(),
            problem,
            operands: Vec::new(),
            help: String::new(),
        }))
    }

    /// Adds an operand: what it is called, its shape, and what is to be seen in it (may be empty).
    pub fn operand(self, label: impl Into<String>, shape: &Shape, note: impl Into<String>) -> Self {
        self.with_operand(label.into(), shape, note.into())
    }

    #[cold]
    fn with_operand(mut self, label: String, shape: &Shape, note: String) -> Self {
        self.0.operands.push((label, shape.clone(), note));
        self
    }

    /// Adds what the caller can do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = help.into();
        self
    }

    /// Names the operator, unless an inner one has been named already.
    pub(crate) fn of(mut self, operator: &str) -> Self {
        if self.0.operator.is_empty() {
            self.0.operator = operator.into();
            // Who has written it out is not repeated.
            let rest = self.0.problem.strip_prefix(operator).and_then(|rest| rest.strip_prefix(": "));
            if let Some(rest) = rest.map(str::to_owned) {
                self.0.problem = rest;
            }
        }
        self
    }

    /// Names what the caller has called, in place of the operator that it stands on.
    pub(crate) fn named(mut self, method: &str) -> Self {
        self.0.operator = method.into();
        self
    }

    /// What to call operand `i` of `n`.
    pub(crate) fn label(i: usize, n: usize) -> String {
        match (i, n) {
            (_, 1) => "input".into(),
            (0, 2) => "left".into(),
            (1, 2) => "right".into(),
            _ => format!("input {i}"),
        }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { operator, problem, operands, help } = &*self.0;
        if !operator.is_empty() {
            write!(f, "{operator}: ")?;
        }
        write!(f, "{problem}")?;
        let shapes: Vec<String> = operands.iter().map(|(_, shape, _)| shape.to_string()).collect();
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let labels = width(&mut operands.iter().map(|(label, ..)| label.len()));
        let columns = width(&mut shapes.iter().map(String::len));
        for ((label, _, note), shape) in operands.iter().zip(&shapes) {
            write!(f, "\n{}", format!("  {label:labels$}  {shape:columns$}  {note}").trim_end())?;
        }
        if !help.is_empty() {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for ShapeError {}

/// The panicking front of a fallible call: the message is the error's, the place is the caller's.
pub(crate) trait OrPanic<V> {
    /// The value, or a panic at the caller's line.
    #[track_caller]
    fn or_panic(self) -> V;
}

impl<V, E: fmt::Display> OrPanic<V> for Result<V, E> {
    #[track_caller]
    #[inline]
    fn or_panic(self) -> V {
        #[cold]
        #[track_caller]
        #[inline(never)]
        fn fail(error: &dyn fmt::Display) -> ! {
            panic!("{error}")
        }
        match self {
            Ok(value) => value,
            Err(error) => fail(&error),
        }
    }
}
