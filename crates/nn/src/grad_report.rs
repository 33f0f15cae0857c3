//! Which parameters learn: none, zero, NaN and exploding gradients, by path.

use crate::module::{Module, Path};
use autograd::{Gradients, Scalar, Shape};
use std::fmt;

/// A gradient whose root mean square is above this explodes: a step of 0.001 along it moves weights by more than 1.
const EXPLODING: f64 = 1000.0;

/// Looks at the gradient of every parameter that is trained.
///
/// ```
/// use nn::{GradState, Linear, Module, Rng, Tensor, grad_report};
/// #[derive(Module)]
/// struct Net {
///     used: Linear,
///     forgotten: Linear,
/// }
/// let mut rng = Rng::seed(0);
/// let net = Net { used: Linear::new(2, 1, &mut rng), forgotten: Linear::new(2, 1, &mut rng) };
/// let loss = Tensor::from([[1.0_f32, 2.0]]).linear(&net.used.weight, None).sum();
/// let report = grad_report(&net, &loss.backward());
/// let problems: Vec<&str> = report.problems().map(|row| row.path.as_str()).collect();
/// assert_eq!(problems, ["used.bias", "forgotten.weight", "forgotten.bias"]);
/// assert_eq!(report.rows[1].state, GradState::Missing);
/// println!("{report}");
/// ```
pub fn grad_report<T: Scalar>(module: &(impl Module<T> + ?Sized), grads: &Gradients<T>) -> GradReport {
    let mut rows = Vec::new();
    module.visit(&mut Path::default(), &mut |path, param| {
        if !param.is_trained() {
            return;
        }
        let norm = |x: &autograd::Array<T>| {
            x.view().iter().map(|x| Into::<f64>::into(x).powi(2)).fold(0.0, |a, b| a + b).sqrt()
        };
        let mut row = GradRow {
            path: path.to_string(),
            shape: param.shape().clone(),
            state: GradState::Missing,
            norm: 0.0,
            largest: 0.0,
            weight_norm: norm(param.array()),
        };
        if let Some(gradient) = grads.get(param) {
            let gradient = gradient.array();
            row.norm = norm(gradient);
            let elements = || gradient.view().iter().map(Into::<f64>::into);
            row.largest = elements().map(f64::abs).filter(|g| !g.is_nan()).fold(0.0, f64::max);
            let spoiled = elements().filter(|g| !g.is_finite()).count();
            let mean_square = row.norm / (gradient.size() as f64).sqrt();
            row.state = match spoiled {
                1.. => GradState::NotFinite(spoiled),
                0 if row.largest == 0.0 && gradient.size() > 0 => GradState::Zero,
                0 if mean_square > EXPLODING => GradState::Exploding,
                0 => GradState::Sound,
            };
        }
        rows.push(row);
    });
    GradReport { rows }
}

/// The gradients of a module's parameters, in the order of its fields. Printed, it is a table.
///
/// ```
/// use nn::{Layer, Linear, Mode, Rng, Tensor, grad_report};
/// let net: Linear = Linear::new(2, 1, &mut Rng::seed(0));
/// let grads = net.forward(&Tensor::zeros([4, 2]), &mut Mode::eval()).sum().backward();
/// let report = grad_report(&net, &grads);
/// let zero: Vec<&str> = report.problems().map(|row| row.path.as_str()).collect();
/// assert_eq!((report.rows.len(), zero), (2, vec!["weight"])); // inputs of 0 say nothing of weights
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GradReport {
    /// A row for each parameter.
    pub rows: Vec<GradRow>,
}

/// The gradient of a parameter.
///
/// ```
/// use nn::{GradState, Param, Tensor, grad_report};
/// let w = Param::new(Tensor::from([3.0_f32, 4.0]));
/// let row = grad_report(&w, &(&w * &w).sum().backward()).rows.remove(0); // the gradient is [6, 8]
/// assert_eq!((row.norm, row.largest, row.weight_norm), (10.0, 8.0, 5.0));
/// assert_eq!((row.shape.dims(), row.state), (&[2][..], GradState::Sound));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GradRow {
    /// The parameter's path.
    pub path: String,
    /// Its shape.
    pub shape: Shape,
    /// What is to be said of its gradient.
    pub state: GradState,
    /// The gradient's Euclidean norm.
    pub norm: f64,
    /// The gradient's largest element in absolute value, NaN left out.
    pub largest: f64,
    /// The parameter's own norm, to compare with.
    pub weight_norm: f64,
}

/// What is to be said of a gradient.
///
/// ```
/// use nn::{GradState, Param, Tensor, grad_report};
/// let net = [(); 5].map(|()| Param::new(Tensor::scalar(1.0_f32)));
/// let loss = &net[0] * 2.0 + &net[1] * 0.0 + &net[2] * f32::INFINITY + &net[3] * 5000.0; // without the last
/// let states: Vec<GradState> = grad_report(&net, &loss.backward()).rows.iter().map(|row| row.state).collect();
/// let spoiled = GradState::NotFinite(1);
/// assert_eq!(states, [GradState::Sound, GradState::Zero, spoiled, GradState::Exploding, GradState::Missing]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GradState {
    /// Finite, and not zero.
    Sound,
    /// There is none: the parameter took no part, or `detach` or `no_grad` cut it off.
    Missing,
    /// Every element is 0: the parameter took part, and does not learn.
    Zero,
    /// So many elements are NaN or infinite; [`trace_nan`](autograd::trace_nan) finds where the first comes from.
    NotFinite(usize),
    /// Its root mean square is above 1000.
    Exploding,
}

impl GradReport {
    /// The rows that are not sound.
    pub fn problems(&self) -> impl Iterator<Item = &GradRow> {
        self.rows.iter().filter(|row| row.state != GradState::Sound)
    }
}

impl fmt::Display for GradState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GradState::Sound => f.pad("sound"),
            GradState::Missing => f.pad("NONE"),
            GradState::Zero => f.pad("ZERO"),
            GradState::NotFinite(count) => f.pad(&format!("{count} NOT FINITE")),
            GradState::Exploding => f.pad("EXPLODING"),
        }
    }
}

impl fmt::Display for GradReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let paths = width(&mut self.rows.iter().map(|row| row.path.chars().count())).max("parameter".len());
        let shapes = width(&mut self.rows.iter().map(|row| row.shape.to_string().len())).max("shape".len());
        writeln!(
            f,
            "{:paths$}  {:shapes$}  {:>10}  {:>10}  {:>10}  gradient",
            "parameter", "shape", "norm", "largest", "of weights"
        )?;
        for GradRow { path, shape, state, norm, largest, weight_norm } in &self.rows {
            let shape = shape.to_string();
            write!(f, "{path:paths$}  {shape:shapes$}  ")?;
            match state {
                GradState::Missing => write!(f, "{:>10}  {:>10}  ", "-", "-")?,
                _ => write!(f, "{norm:>10.3e}  {largest:>10.3e}  ")?,
            }
            writeln!(f, "{weight_norm:>10.3e}  {state}")?;
        }
        let problems = self.problems().count();
        writeln!(f, "{} of {} parameters have a sound gradient", self.rows.len() - problems, self.rows.len())
    }
}
