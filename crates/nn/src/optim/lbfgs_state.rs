//! What L-BFGS remembers: the last changes of gradient and parameters, and where the last iteration ended; saved and restored as a whole.

use crate::files::Record;
use autograd::{Scalar, Shape, Tensor};
use std::collections::{HashMap, HashSet, VecDeque};

/// What [`Lbfgs`](super::Lbfgs) remembers from step to step.
///
/// ```
/// use nn::{Lbfgs, Param, Tensor};
/// let mut x = Param::new(Tensor::from([3.0_f64, -1.0]));
/// let mut lbfgs = Lbfgs::new(1.0);
/// let reports = [(); 2].map(|()| lbfgs.step(&mut x, |x| x.square().square().sum()));
/// assert_eq!(lbfgs.state.iterations(), reports.iter().map(|report| report.iterations as u64).sum::<u64>());
/// assert_eq!(lbfgs.state.evaluations(), reports.iter().map(|report| report.evaluations as u64).sum::<u64>());
/// ```
#[derive(Clone, Debug)]
pub struct LbfgsState<T: Scalar = f32> {
    pub(super) iterations: u64,
    pub(super) evaluations: u64,
    /// The trained parameters, whose numbers lie one after another in the vectors.
    pub(super) layout: Vec<(String, Shape)>,
    pub(super) pairs: VecDeque<Pair<T>>,
    /// `γ`.
    pub(super) scale: f64,
    pub(super) last: Option<Last<T>>,
}

#[derive(Clone, Debug)]
pub(super) struct Pair<T: Scalar> {
    pub(super) s: Tensor<T>,
    pub(super) y: Tensor<T>,
    /// `1 / yᵀs`.
    pub(super) rho: f64,
}

/// The last iteration: the gradient where it began, its direction, and how far it went.
#[derive(Clone, Debug)]
pub(super) struct Last<T: Scalar> {
    pub(super) gradient: Tensor<T>,
    pub(super) direction: Tensor<T>,
    pub(super) t: f64,
}

impl<T: Scalar> LbfgsState<T> {
    /// The number of iterations of all steps.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }

    /// The number of evaluations of the loss in all steps.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Shows a record all of it, to be saved or restored. Hyperparameters stay those of the
    /// program.
    ///
    /// ```
    /// use nn::files::{Checkpoints, Record};
    /// use nn::{Lbfgs, Param, Tensor};
    /// # let folder = std::env::temp_dir().join("wengert_lbfgs_remember_example");
    /// # std::fs::remove_dir_all(&folder).ok();
    /// fn keep(record: &mut Record<'_, f64>, x: &mut Param<f64>, lbfgs: &mut Lbfgs<f64>) {
    ///     record.module("x", x);
    ///     record.within("lbfgs", |record| lbfgs.state.remember(record));
    /// }
    /// let (mut x, mut lbfgs) = (Param::new(Tensor::from([3.0, -1.0])), Lbfgs::new(1.0));
    /// let mut checkpoints = Checkpoints::new(&folder);
    /// checkpoints.restore(|record| keep(record, &mut x, &mut lbfgs))?; // if there is one
    /// lbfgs.step(&mut x, |x| x.square().sum());
    /// checkpoints.save(1, |record| keep(record, &mut x, &mut lbfgs))?;
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # Ok::<(), nn::FileError>(())
    /// ```
    pub fn remember(&mut self, record: &mut Record<'_, T>) {
        record.count("iterations", &mut self.iterations);
        record.count("evaluations", &mut self.evaluations);
        let can_be = |scale: &f64| (0.0..f64::INFINITY).contains(scale);
        record.value_that("scale", &mut self.scale, "a finite number of at least 0", can_be);
        let lines = self.layout.iter().map(|(path, shape)| {
            let dims: Vec<String> = shape.dims().iter().map(usize::to_string).collect();
            format!("[{}] {path}", dims.join(","))
        });
        let layout = record.parsed("parameters", lines.collect::<Vec<_>>().join("\n"), parameters);
        let rhos = self.pairs.iter().map(|pair| pair.rho).chain(self.last.as_ref().map(|last| last.t));
        let rhos: Vec<String> = rhos.map(|number| number.to_string()).collect();
        let numbers = record.parsed("numbers", rhos.join(" "), finite_numbers);
        let pairs = self.pairs.iter().enumerate();
        let mut vectors: Vec<(String, Tensor<T>)> = pairs
            .flat_map(|(i, pair)| [(format!("{i}.s"), pair.s.clone()), (format!("{i}.y"), pair.y.clone())])
            .collect();
        if let Some(Last { gradient, direction, .. }) = &self.last {
            vectors.extend([
                ("gradient".to_owned(), gradient.clone()),
                ("direction".to_owned(), direction.clone()),
            ]);
        }
        record.tensors("vectors", &mut vectors);
        must_fit(record);
        if let (Some(layout), Some(numbers)) = (layout, numbers) {
            let mut vectors: HashMap<String, Tensor<T>> = vectors.into_iter().collect();
            let mut numbers = numbers.into_iter();
            let mut pair = |i: usize| {
                let (s, y) = (vectors.remove(&format!("{i}.s"))?, vectors.remove(&format!("{i}.y"))?);
                Some(Pair { s, y, rho: numbers.next()? })
            };
            self.pairs = (0..).map_while(&mut pair).collect();
            let ends = vectors.remove("gradient").zip(vectors.remove("direction")).zip(numbers.next());
            self.last = ends.map(|((gradient, direction), t)| Last { gradient, direction, t });
            self.layout = layout;
        }
    }
}

/// Tells a record that is restored what of it no `Lbfgs` could have written: all vectors have a number for each of the parameters', and
/// there are as many as there are numbers beside them.
fn must_fit<T: Scalar>(record: &mut Record<'_, T>) {
    let (Some(layout), Some(numbers)) = (
        record.found("parameters").and_then(|text: String| parameters(&text)),
        record.found("numbers").and_then(|text: String| finite_numbers(&text)),
    ) else {
        return;
    };
    let mut paths = HashSet::new();
    for (path, shape) in &layout {
        record.claim("parameters", path, shape);
        if !paths.insert(path) {
            let full = record.full("parameters");
            record.problem(format!("twice: {full} has {path:?}, expected each path once"));
        }
    }
    let vectors = record.listed("vectors").unwrap_or_default();
    let has_last = vectors.iter().any(|(name, _)| name == "gradient");
    let pairs = numbers.len().saturating_sub(usize::from(has_last));
    let of_pairs = (0..pairs).flat_map(|i| [format!("{i}.s"), format!("{i}.y")]);
    let of_last = ["gradient", "direction"].into_iter().filter(|_| has_last).map(str::to_owned);
    if !vectors.iter().map(|(name, _)| name.clone()).eq(of_pairs.chain(of_last)) {
        let (full, count) = (record.full("vectors.names"), numbers.len());
        record.problem(format!("other vectors: {full} are not those of an L-BFGS with {count} numbers"));
    }
    let sizes = layout.iter().map(|(_, shape)| shape.try_size().ok());
    let size = sizes.reduce(|a, b| a?.checked_add(b?)).flatten();
    for (name, vector) in vectors {
        if size.is_none_or(|size| vector.shape().dims() != [size]) {
            let (full, shape) = (record.full(&format!("vectors.{name}")), vector.shape());
            let expected = size.map_or("no vector, without parameters".into(), |size| format!("[{size}]"));
            record.problem(format!("of another shape: {full} is {shape}, expected {expected}"));
        }
    }
}

/// What lines such as `[2,3] hidden.weight` say.
fn parameters(text: &str) -> Option<Vec<(String, Shape)>> {
    let parameter = |line: &str| {
        let (dims, path) = line.strip_prefix('[')?.split_once("] ")?;
        let dims = dims.split(',').filter(|dim| !dim.is_empty()).map(|dim| dim.parse().ok());
        Some((path.to_owned(), dims.collect::<Option<Vec<usize>>>()?.into()))
    };
    text.lines().map(parameter).collect()
}

/// Numbers with blanks between them.
fn finite_numbers(text: &str) -> Option<Vec<f64>> {
    let numbers = text.split_whitespace().map(|number| number.parse().ok());
    numbers.map(|number| number.filter(|number: &f64| number.is_finite())).collect()
}
