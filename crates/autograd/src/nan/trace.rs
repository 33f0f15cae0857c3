//! What a trace of NaNs and infinities says.

use crate::graph::Id;
use crate::profile::Pass;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;

/// What [`trace_nan`](crate::trace_nan) has found.
///
/// ```
/// use autograd::{Tensor, trace_nan};
/// let w = Tensor::from([0.0, 1.0]).requires_grad();
/// let (_, trace) = trace_nan(|| (w.ln() * 0.0).sum());
/// let trace = trace.named([("scale", &w)]);
/// assert_eq!(trace.infinity().unwrap().operator, "ln"); // ln 0 = -∞
/// assert_eq!(trace.nan().unwrap().operator, "mul_scalar"); // and -∞ · 0 is none
/// assert!(trace.to_string().contains("scale"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct NanTrace {
    pub(super) nan: Option<Birth>,
    pub(super) infinity: Option<Birth>,
}

/// Where a value that is not finite was met first.
///
/// ```
/// use autograd::{Pass, Tensor, trace_nan};
/// let x = Tensor::from([4.0, -1.0]);
/// let (_, trace) = trace_nan(|| x.sqrt().sum());
/// let birth = trace.nan().unwrap();
/// assert_eq!((birth.operator.as_str(), birth.pass, birth.came_with), ("sqrt", Pass::Forward, None));
/// assert_eq!((birth.given[0].range, birth.found.nans), (Some((-1.0, 4.0)), 1));
/// assert_eq!(birth.caller.file(), file!());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Birth {
    /// The operator's name.
    pub operator: String,
    /// Whether it was its value or its gradient.
    pub pass: Pass,
    /// The line of the program that called the operator.
    pub caller: &'static Location<'static>,
    /// What the operator was given: its inputs; in the backward pass, the cotangent and then what the last step read.
    pub given: Vec<Operand>,
    /// Which of these was not finite already: then it was not born here, but came in.
    pub came_with: Option<usize>,
    /// The value, or the gradient.
    pub found: Operand,
}

/// What is to be seen in an operand.
///
/// ```
/// use autograd::{Operand, Tensor, trace_nan};
/// let (_, trace) = trace_nan(|| Tensor::from([[1.0, 0.0], [2.0, -1.0]]).ln());
/// let Operand { label, shape, range, nans, infinities, .. } = &trace.nan().unwrap().found;
/// assert_eq!((label.as_str(), shape.dims(), *nans, *infinities), ("output", &[2, 2][..], 1, 1));
/// assert_eq!(*range, Some((0.0, 2_f64.ln())));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operand {
    /// What it is, such as `input 0` or `cotangent`; of a leaf that was [`named`](NanTrace::named), its path.
    pub label: String,
    /// Its shape.
    pub shape: Shape,
    /// The least and the greatest of its finite elements, if it has any.
    pub range: Option<(f64, f64)>,
    /// How many elements are NaN.
    pub nans: usize,
    /// How many elements are infinite.
    pub infinities: usize,
    pub(super) leaf: Option<Id>,
}

impl NanTrace {
    /// Where the first NaN was met, if there was one.
    pub fn nan(&self) -> Option<&Birth> {
        self.nan.as_ref()
    }

    /// Where the first infinity was met, if there was one.
    pub fn infinity(&self) -> Option<&Birth> {
        self.infinity.as_ref()
    }

    /// Gives leaves their paths, as in `trace.named(net.parameters())`.
    pub fn named<T: Scalar, L: AsRef<Tensor<T>>>(
        mut self,
        leaves: impl IntoIterator<Item = (impl Into<String>, L)>,
    ) -> Self {
        let named =
            leaves.into_iter().filter_map(|(name, leaf)| Some((leaf.as_ref().node()?.id, name.into())));
        let names: HashMap<Id, String> = named.collect();
        for birth in [&mut self.nan, &mut self.infinity].into_iter().flatten() {
            for operand in birth.given.iter_mut().chain([&mut birth.found]) {
                if let Some(name) = operand.leaf.and_then(|leaf| names.get(&leaf)) {
                    operand.label.clone_from(name);
                }
            }
        }
        self
    }
}

impl fmt::Display for NanTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (None, None) = (&self.nan, &self.infinity) {
            return writeln!(f, "every value and every gradient is finite");
        }
        for (what, birth) in [("NaN", &self.nan), ("infinity", &self.infinity)] {
            let Some(birth) = birth else { continue };
            let (operator, at) = (&birth.operator, birth.caller);
            let part = if birth.pass == Pass::Forward { "value" } else { "gradient" };
            match birth.came_with {
                None => writeln!(f, "first {what}: born in the {part} of {operator}, called at {at}")?,
                Some(i) => {
                    let label = &birth.given[i].label;
                    writeln!(
                        f,
                        "first {what}: came with {label} into the {part} of {operator}, called at {at}"
                    )?;
                }
            }
            let width = |o: &Operand| o.label.chars().count();
            let operands = || birth.given.iter().chain([&birth.found]);
            let labels = operands().map(width).max().unwrap_or(0);
            let shapes = operands().map(|o| o.shape.to_string().len()).max().unwrap_or(0);
            for operand in operands() {
                writeln!(f, "  {:labels$}  {:shapes$}  {operand}", operand.label, operand.shape.to_string())?;
            }
        }
        Ok(())
    }
}

/// What the elements are, without label and shape.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some((low, high)) = self.range {
            parts.push(format!("{low:.4e} to {high:.4e}"));
        }
        let counts = [(self.nans, "NaN"), (self.infinities, "infinite")];
        let count = |(n, what): &(usize, &str)| format!("{n} of {} {what}", self.shape.size());
        parts.extend(counts.iter().filter(|(n, _)| *n > 0).map(count));
        f.write_str(&parts.join(", "))
    }
}
