//! What a proof is tried on: shapes that fit each other, values from a domain, and layouts.

use crate::array::Array;
use crate::error::OrPanic;
use crate::layout::Layout;
use crate::rng::Rng;
use crate::shape::Shape;
use crate::tensor::Tensor;
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// How many cases an operator is tried on, unless somebody asks for another number.
const CASES: u32 = 64;
/// The seed, unless somebody asks for another.
const SEED: u64 = 1964;
/// No shape has more axes.
const MAX_RANK: usize = 4;

/// The cases to try an operator with `N` inputs on.
///
/// By default its inputs broadcast together, in up to four axes, some of size 0 and 1, and hold values of either sign
/// with magnitudes from 0.3 to 2: away from the kinks and poles that many functions have at 0.
///
/// ```
/// use autograd::{Cases, Map, Rng, Routine, check_with, ops::{Ln, Matmul, Pow}};
/// check_with(Map(Ln), Cases::default().range(0.5, 3.0).count(16)); // below 0 there is no logarithm
/// check_with(Matmul, Cases::shapes(["..mk", "..kn"]).count(16).seed(7));
/// // A power: its base above 0, its exponent of either sign.
/// let value = |i: usize, rng: &mut Rng| if i == 0 { 0.5 } else { -1.0 } + 2.0 * rng.uniform::<f64>();
/// check_with(Map(Routine(Pow)), Cases::default().values(value).count(16));
/// ```
pub struct Cases<const N: usize> {
    patterns: [Pattern; N],
    value: Arc<Value>,
    count: Option<u32>,
    seed: Option<u64>,
}

type Value = dyn Fn(usize, &mut Rng) -> f64;

impl<const N: usize> Default for Cases<N> {
    fn default() -> Self {
        Self::shapes([".."; N])
    }
}

impl<const N: usize> Cases<N> {
    /// Shapes by a pattern for each input, a character for each axis:
    /// - a lower-case letter is an axis of any size, the same wherever it stands;
    /// - an upper-case letter is one whose size is not 0;
    /// - a digit is an axis of that size;
    /// - `..` in front stands for more axes, in which the inputs broadcast together.
    ///
    /// So the product of matrices has the patterns `["..mk", "..kn"]`, and layer normalisation `["..n", "n", "n"]`.
    ///
    /// # Panics
    /// If a pattern holds anything else.
    #[track_caller]
    pub fn shapes(patterns: [&str; N]) -> Self {
        let value = |_: usize, rng: &mut Rng| {
            let magnitude = 0.3 + 1.7 * rng.uniform::<f64>();
            if rng.below(2) == 0 { magnitude } else { -magnitude }
        };
        if let Some(text) = patterns.iter().find(|text| Pattern::parse(text).is_none()) {
            panic!(
                "Cases::shapes: found the pattern {text:?}, expected letters and digits\n  help: `..mk` is a matrix and any axes before it; equal letters are equal sizes, a digit is a size"
            )
        }
        let patterns = patterns.map(|text| Pattern::parse(text).expect("all of them are patterns"));
        Cases { patterns, value: Arc::new(value), count: None, seed: None }
    }

    /// Values uniform in `[low, high)`, for all inputs.
    #[must_use]
    pub fn range(self, low: f64, high: f64) -> Self {
        self.values(move |_, rng| low + (high - low) * rng.uniform::<f64>())
    }

    /// Each element of input `i` is `value(i, rng)`: for a domain that is not an interval, or differs between inputs.
    /// A function with kinks must stay away from them by more than `5e-3`.
    #[must_use]
    pub fn values(self, value: impl Fn(usize, &mut Rng) -> f64 + 'static) -> Self {
        Cases { value: Arc::new(value), ..self }
    }

    /// How many cases, instead of 64 or what the variable `PROPTEST_CASES` says.
    #[must_use]
    pub fn count(self, count: u32) -> Self {
        Cases { count: Some(count), ..self }
    }

    /// The seed that they are drawn from, instead of a fixed one or what the variable `PROPTEST_RNG_SEED` says.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Cases { seed: Some(seed), ..self }
    }

    pub(super) fn draw(&self, i: usize, rng: &mut Rng) -> f64 {
        (self.value)(i, rng)
    }

    /// The seed that cases are drawn from.
    pub(super) fn chosen_seed(&self) -> u64 {
        match (self.seed, Config::default().rng_seed) {
            (Some(seed), _) | (None, RngSeed::Fixed(seed)) => seed,
            (None, RngSeed::Random) => SEED,
        }
    }

    pub(super) fn config(&self) -> Config {
        let from_environment = Config::default();
        let count = match std::env::var_os("PROPTEST_CASES") {
            Some(_) => from_environment.cases,
            None => CASES,
        };
        Config {
            cases: self.count.unwrap_or(count),
            rng_seed: RngSeed::Fixed(self.chosen_seed()),
            failure_persistence: None,
            max_shrink_iters: 256,
            ..from_environment
        }
    }

    /// Draws cases; the simplest, towards which a failure shrinks, has axes of size 1 and everything contiguous.
    pub(super) fn strategy(&self) -> impl Strategy<Value = Case> + use<N> {
        let patterns = self.patterns.clone();
        let leading =
            patterns.iter().filter(|p| p.leading).map(|p| MAX_RANK.saturating_sub(p.axes.len())).min();
        let letters: Vec<char> =
            BTreeSet::from_iter(patterns.iter().flat_map(Pattern::letters)).into_iter().collect();
        let size = || prop::sample::select(SIZES.to_vec());
        let sizes = (weighted(0.2), vec(size(), letters.len().max(1)), vec(size(), 0..=leading.unwrap_or(0)));
        // For each input, which leading axes it has: all but the first few, and some of them with size 1.
        let parts =
            vec((weighted(0.4), prop::sample::select(vec![1, 1, 2, 3]), vec(weighted(0.35), MAX_RANK)), N);
        let arrangement = (weighted(0.3), prop::sample::select(STEPS.to_vec()), weighted(0.25))
            .prop_map(|(transposed, step, expanded)| Arrangement { transposed, step, expanded });
        (sizes, parts, vec(arrangement, N + 1), any::<u64>().no_shrink()).prop_map(
            move |((all_equal, sizes, leading), parts, arrangements, seed)| {
                let shape = |(pattern, (cut, missing, ones)): (&Pattern, &(bool, usize, Vec<bool>))| {
                    let skip = if *cut && !all_equal { *missing } else { 0 };
                    let stretched = leading.iter().zip(ones);
                    let leading = stretched.map(|(&size, &one)| if one && !all_equal { 1 } else { size });
                    let of_letter = |letter: char| {
                        let place = letters.iter().take_while(|&&l| l != letter).count();
                        let size = sizes[if all_equal { 0 } else { place }];
                        if letter.is_uppercase() { size.max(1) } else { size }
                    };
                    let named = pattern.axes.iter().map(|axis| match *axis {
                        Axis::Fixed(size) => size,
                        Axis::Named(letter) => of_letter(letter),
                    });
                    let leading = leading.skip(skip).filter(|_| pattern.leading);
                    leading.chain(named).collect::<Shape>()
                };
                Case { shapes: patterns.iter().zip(&parts).map(shape).collect(), arrangements, seed }
            },
        )
    }
}

impl<const N: usize> fmt::Debug for Cases<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cases")
            .field("patterns", &self.patterns)
            .field("count", &self.count)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// How often an axis has which size; shrinking goes to the front.
const SIZES: [usize; 12] = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 0];
const STEPS: [isize; 6] = [1, 1, 1, 2, -1, -2];

/// The shapes that one input may have.
#[derive(Clone, Debug)]
struct Pattern {
    leading: bool,
    axes: Vec<Axis>,
}

#[derive(Clone, Copy, Debug)]
enum Axis {
    Fixed(usize),
    Named(char),
}

impl Pattern {
    /// What a text says, if it is a pattern.
    fn parse(text: &str) -> Option<Self> {
        let (leading, axes) = match text.strip_prefix("..") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let axis = |c: char| match c {
            '0'..='9' => Some(Axis::Fixed(c as usize - '0' as usize)),
            'a'..='z' | 'A'..='Z' => Some(Axis::Named(c)),
            _ => None,
        };
        Some(Pattern { leading, axes: axes.chars().map(axis).collect::<Option<_>>()? })
    }

    fn letters(&self) -> impl Iterator<Item = char> {
        self.axes.iter().filter_map(|axis| match *axis {
            Axis::Named(letter) => Some(letter),
            Axis::Fixed(_) => None,
        })
    }
}

/// One case: everything but the values, which follow from the seed.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) shapes: Vec<Shape>,
    /// One for each input, and one for the cotangent.
    pub(super) arrangements: Vec<Arrangement>,
    pub(super) seed: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes: Vec<String> = self.shapes.iter().map(Shape::to_string).collect();
        let width = shapes.iter().map(String::len).max().unwrap_or(0);
        let arrangements = self.arrangements.iter();
        for (i, (shape, arrangement)) in shapes.iter().zip(arrangements).enumerate() {
            writeln!(f, "  input {i}    {shape:width$}  {arrangement}")?;
        }
        let cotangent = &self.arrangements[shapes.len()];
        write!(f, "  cotangent  {:width$}  {cotangent}\n  values by Rng::seed({})", "", self.seed)
    }
}

/// How the elements of a tensor lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Arrangement {
    /// The axes in reverse order.
    pub(super) transposed: bool,
    /// From one element of an axis to the next.
    pub(super) step: isize,
    /// An axis with a stride of 0.
    pub(super) expanded: bool,
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transposed = self.transposed.then(|| "transposed".into());
        let step = (self.step != 1).then(|| format!("step {}", self.step));
        let expanded = self.expanded.then(|| "expanded".into());
        let parts: Vec<String> = [transposed, step, expanded].into_iter().flatten().collect();
        f.write_str(&if parts.is_empty() { "contiguous".into() } else { parts.join(", ") })
    }
}

impl Arrangement {
    /// A tensor of this shape that lies so, between elements that are NaN, its own elements drawn by `value`.
    pub(super) fn fill(self, shape: &Shape, mut value: impl FnMut() -> f64) -> Tensor<f64> {
        let mut stored = shape.clone();
        if self.expanded
            && let Some(axis) = shape.dims().iter().position(|&size| size > 1)
        {
            stored = stored.with(axis, 1);
        }
        let order: Vec<usize> = match self.transposed {
            true => (0..shape.rank()).rev().collect(),
            false => (0..shape.rank()).collect(),
        };
        let spread = order.iter().map(|&axis| stored[axis] * self.step.unsigned_abs());
        let mut layout = Layout::contiguous(spread.collect());
        for (place, &axis) in order.iter().enumerate() {
            let last = layout.shape()[place].saturating_sub(1);
            let start = if self.step < 0 { last } else { last.min(self.step.unsigned_abs() - 1) };
            layout = layout.slice(place, start, stored[axis], self.step).or_panic();
        }
        let room = layout.shape().size() * self.step.unsigned_abs().pow(shape.rank() as u32);
        let layout = layout.permute(&order).or_panic();
        let mut data = vec![f64::NAN; room];
        layout.places().for_each(|place| data[place] = value());
        let array = Array::from_slice(&data).with_layout(layout.broadcast_to(shape).or_panic());
        Tensor::constant(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use std::collections::HashSet;

    fn drawn<const N: usize>(cases: &Cases<N>) -> Vec<Case> {
        let mut runner = TestRunner::new(cases.config());
        (0..CASES).map(|_| cases.strategy().new_tree(&mut runner).unwrap().current()).collect()
    }

    #[test]
    fn the_default_cases_cover_what_they_should() {
        let cases = drawn(&Cases::<2>::default());
        let joint = |c: &Case| Shape::broadcast(&[&c.shapes[0], &c.shapes[1]]).unwrap();
        let any = |what: &str, test: &dyn Fn(&Case) -> bool| assert!(cases.iter().any(test), "{what}");
        any("equal shapes", &|c| c.shapes[0] == c.shapes[1] && c.shapes[0].rank() > 1);
        any("missing axes", &|c| c.shapes[0].rank() > c.shapes[1].rank() && c.shapes[1].size() > 1);
        any("both stretched", &|c| c.shapes.iter().all(|s| s.size() > 1 && *s != joint(c)));
        any("axes of size 1", &|c| c.shapes.iter().all(|s| s.dims().contains(&1)));
        any("nothing", &|c| c.shapes[0].size() == 0);
        any("a scalar", &|c| c.shapes[0].rank() == 0);
        any("many axes", &|c| c.shapes.iter().any(|s| s.rank() == MAX_RANK && s.size() > 8));
        let arrangements: HashSet<Arrangement> = cases.iter().flat_map(|c| c.arrangements.clone()).collect();
        assert_eq!(arrangements.len(), 16, "each layout is drawn: {arrangements:?}");
    }

    #[test]
    fn a_letter_has_one_size_and_an_upper_case_one_is_never_empty() {
        for case in drawn(&Cases::shapes(["..mK", "Kn3"])) {
            let [a, b] = &case.shapes[..] else { panic!("two patterns") };
            assert!(a.rank() >= 2 && a.rank() <= MAX_RANK && b.rank() == 3);
            assert!(a[a.rank() - 1] == b[0] && b[0] > 0 && b[2] == 3);
        }
    }

    #[test]
    #[should_panic(expected = "found the pattern \"a,b\"")]
    fn a_pattern_of_anything_else_is_refused() {
        let _ = Cases::shapes(["a,b"]);
    }

    #[test]
    fn an_arrangement_changes_where_elements_lie_and_nothing_else() {
        for shape in [vec![], vec![3], vec![2, 3], vec![2, 1, 3], vec![0, 2], vec![2, 0, 3, 2]] {
            let shape = Shape::from(shape);
            for transposed in [false, true] {
                for step in STEPS {
                    let counted = |expanded| {
                        let mut next = 0.0;
                        Arrangement { transposed, step, expanded }.fill(&shape, || {
                            next += 1.0;
                            next
                        })
                    };
                    let x = counted(false);
                    let expected: Vec<f64> = (1..=shape.size()).map(|i| i as f64).collect();
                    assert_eq!(x.to_vec(), expected, "{shape} {transposed} {step}");
                    let repeated = counted(true);
                    assert_eq!(repeated.shape(), &shape);
                    assert!(repeated.to_vec().iter().all(|x| !x.is_nan()));
                    let stretched = shape.dims().iter().position(|&size| size > 1);
                    assert!(stretched.is_none_or(|axis| repeated.array().layout().strides()[axis] == 0));
                }
            }
        }
    }
}
