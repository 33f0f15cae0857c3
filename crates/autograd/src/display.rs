//! How tensors print: as NumPy prints arrays, so that what is read here can be compared with what is read there.
//!
//! Brackets nest as the axes do. Numbers that are printed together share one notation, the decimal point of each below
//! that of the one above, with just as many digits as tell a number from its neighbours, up to a precision (8, or that
//! of the format: `{x:.3}`). Scientific notation is for numbers too large, too small or too unlike for columns.
//! More than 1,000 elements are shortened to three at either end of each axis. Lines break before column 75.

use crate::array::Array;
use crate::scalar::{Element, Scalar};
use crate::tensor::Tensor;
use std::fmt;

/// Digits behind the point, unless the format says otherwise.
const PRECISION: usize = 8;
/// The most elements that are printed in full.
const THRESHOLD: usize = 1000;
/// How many entries stay at either end of an axis that is shortened.
const EDGE: usize = 3;
/// The columns of a line.
const LINE: usize = 75;

/// Prints as NumPy does, with 8 digits behind the point at most, or as many as the format says.
///
/// ```
/// use autograd::Tensor;
/// let x = Tensor::from([[1.0, -2.5, 10.0], [1.0 / 3.0, f64::NAN, 0.0]]);
/// assert_eq!(x.to_string(), "\
/// [[ 1.         -2.5        10.        ]
///  [ 0.33333333         nan  0.        ]]");
/// assert_eq!(format!("{x:.2}"), "\
/// [[ 1.   -2.5  10.  ]
///  [ 0.33   nan  0.  ]]");
/// ```
impl<T: Scalar> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.array().fmt(f)
    }
}

/// Prints as NumPy does, but flags are `true` and `false`.
///
/// ```
/// use autograd::Array;
/// assert_eq!(Array::from_slice(&[7, 10, 1]).to_string(), "[ 7 10  1]");
/// assert_eq!(Array::from_slice(&[true, false]).to_string(), "[ true false]");
/// ```
impl<T: Element> fmt::Display for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.size() == 0 {
            return f.write_str("[]");
        }
        let layout = self.layout();
        let entries: Vec<Entries> =
            layout.shape().dims().iter().map(|&dim| Entries::new(dim, self.size() > THRESHOLD)).collect();
        let mut places = vec![layout.offset() as isize];
        for (entries, stride) in entries.iter().zip(layout.strides()) {
            let shown = |&place: &isize| entries.shown().map(move |i| place + i as isize * stride);
            places = places.iter().flat_map(shown).collect();
        }
        let data = self.view().data();
        let values: Vec<T> = places.iter().map(|&place| data[place as usize]).collect();
        let texts = match (&values[..], f.precision()) {
            (&[value], None) if entries.is_empty() => vec![value.text_alone()],
            (values, precision) => T::texts_together(values, precision.unwrap_or(PRECISION)),
        };
        let width = texts.iter().map(String::len).max().unwrap_or(0);
        write_axes(f, &entries, 0, &mut texts.iter().map(|text| format!("{text:>width$}")))
    }
}

/// Which entries of an axis are printed: all of them, or those at its ends, with a gap between.
struct Entries {
    dim: usize,
    gap: bool,
}

impl Entries {
    fn new(dim: usize, shortened: bool) -> Self {
        Entries { dim, gap: shortened && dim > 2 * EDGE }
    }

    fn shown(&self) -> impl Iterator<Item = usize> + use<> {
        let (head, tail) = if self.gap { (EDGE, self.dim - EDGE) } else { (self.dim, self.dim) };
        (0..head).chain(tail..self.dim)
    }

    /// For each thing that is printed, whether it is the gap.
    fn with_gap(&self) -> impl Iterator<Item = bool> {
        let count = if self.gap { 2 * EDGE + 1 } else { self.dim };
        (0..count).map(|i| self.gap && i == EDGE)
    }
}

/// Writes what lies below one entry of the first `depth` axes, taking the texts of the elements in row-major order.
fn write_axes(
    f: &mut fmt::Formatter<'_>,
    axes: &[Entries],
    depth: usize,
    texts: &mut impl Iterator<Item = String>,
) -> fmt::Result {
    let Some((entries, inner)) = axes.split_first() else {
        return texts.try_for_each(|text| f.write_str(&text));
    };
    let indent = depth + 1;
    f.write_str("[")?;
    let mut line = String::new();
    for (i, is_gap) in entries.with_gap().enumerate() {
        if inner.is_empty() {
            let text = if is_gap { "...".into() } else { texts.next().unwrap_or_default() };
            // Room is left for what stands before the line, the space before the text, and every closing bracket.
            if i > 0 && 2 * indent + line.len() + 1 + text.len() > LINE {
                write!(f, "{}\n{:indent$}", line.trim_end(), "")?;
                line.clear();
            } else if i > 0 {
                line.push(' ');
            }
            line.push_str(&text);
        } else {
            if i > 0 {
                write!(f, "{:\n<lines$}{:indent$}", "", "", lines = inner.len())?;
            }
            if is_gap { f.write_str("...")? } else { write_axes(f, inner, indent, texts)? }
        }
    }
    write!(f, "{line}]")
}

/// The text of a number that is printed alone: with all its digits.
pub(crate) fn text_alone<T: Scalar>(x: T) -> String {
    if !x.is_finite() {
        return text_of_special(x);
    }
    let magnitude: f64 = x.abs().into();
    let too_large = if size_of::<T>() == 4 { 1e6 } else { 1e16 };
    let scientific = magnitude != 0.0 && !(1e-4..too_large).contains(&magnitude);
    let Parts { whole, fraction, exponent } = Parts::shortest(x, usize::MAX, scientific);
    match (scientific, fraction.is_empty()) {
        (true, true) => whole + &exponent_text(exponent, 2),
        (true, false) => format!("{whole}.{fraction}{}", exponent_text(exponent, 2)),
        (false, _) => format!("{whole}.{fraction:0<1}"),
    }
}

/// The texts of numbers that are printed together, in one notation, with as many characters behind every point.
pub(crate) fn texts_together<T: Scalar>(values: &[T], precision: usize) -> Vec<String> {
    let scientific = is_scientific(values);
    let finite = || values.iter().copied().filter(|x| x.is_finite());
    let shortest = |x| Parts::shortest(x, precision, scientific);
    let digits = finite().map(|x| shortest(x).fraction.len()).max().unwrap_or(0);
    let parts = |x: T| match shortest(x) {
        // In scientific notation all have as many digits as the longest: true ones, not zeros.
        parts if scientific && parts.fraction.len() < digits => Parts::rounded(x, digits, true),
        parts => parts,
    };
    let exponent_digits =
        finite().map(|x| parts(x).exponent.abs().to_string().len()).max().unwrap_or(0).max(2);
    let text = |x: T| {
        if !x.is_finite() {
            return text_of_special(x);
        }
        let Parts { whole, fraction, exponent } = parts(x);
        match scientific {
            true => format!("{whole}.{fraction:0<digits$}{}", exponent_text(exponent, exponent_digits)),
            false => format!("{whole}.{fraction:<digits$}"),
        }
    };
    values.iter().map(|&x| text(x)).collect()
}

/// Whether a number other than 0 is too large or too small for columns, or one more than 1,000 times another.
fn is_scientific<T: Scalar>(values: &[T]) -> bool {
    let magnitudes = values.iter().filter(|x| x.is_finite() && !x.is_zero()).map(|x| x.abs());
    let (min, max) = magnitudes.fold((T::infinity(), T::zero()), |(min, max), x| (min.min(x), max.max(x)));
    let too_large = if size_of::<T>() == 4 { 1e6 } else { 1e8 };
    max > T::zero() && (max >= T::of(too_large) || min < T::of(1e-4) || max / min > T::of(1000.0))
}

fn text_of_special<T: Scalar>(x: T) -> String {
    if x.is_nan() { "nan".into() } else { x.to_string() }
}

fn exponent_text(exponent: i32, digits: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:0>digits$}", exponent.abs())
}

/// A finite number taken apart: `whole.fraction`, times ten to the `exponent`. The fraction ends in no zero.
struct Parts {
    whole: String,
    fraction: String,
    exponent: i32,
}

impl Parts {
    /// With the fewest digits that tell `x` from its neighbours, but no more than `precision` behind the point.
    fn shortest<T: Scalar>(x: T, precision: usize, scientific: bool) -> Self {
        let shortest = Parts::split(&if scientific { format!("{x:e}") } else { x.to_string() });
        let digits = shortest.fraction.len();
        // Two numbers may be equally short and near: then NumPy takes the even one. It is `x` rounded, except beside a
        // power of two, where the nearest number of that length may belong to the closer neighbour.
        let text = Parts::text(x, digits.min(precision), scientific);
        let is_x = T::from_str_radix(&text, 10).is_ok_and(|y| y == x);
        if digits > precision || is_x { Parts::split(&text) } else { shortest }
    }

    /// Rounded to `digits` behind the point.
    fn rounded<T: Scalar>(x: T, digits: usize, scientific: bool) -> Self {
        Parts::split(&Parts::text(x, digits, scientific))
    }

    fn text<T: Scalar>(x: T, digits: usize, scientific: bool) -> String {
        if scientific { format!("{x:.digits$e}") } else { format!("{x:.digits$}") }
    }

    fn split(text: &str) -> Self {
        let (number, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        Parts {
            whole: whole.into(),
            fraction: fraction.trim_end_matches('0').into(),
            exponent: exponent.parse().expect("an exponent as the standard library prints it"),
        }
    }
}
