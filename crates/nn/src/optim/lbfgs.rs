//! L-BFGS: Newton's direction, from the last few changes of the gradient.
//!
//! Each step `s` and the change `y` of the gradient over it tell of the Hessian that `H s ≈ y`. From the last pairs, and a multiple `γ` of
//! the identity before them, the product of the *inverse* Hessian with a gradient follows in two loops over the pairs, with no matrix:
//! ```text
//! q = g;  newest to oldest:  a = ρ sᵀq,  q = q - a y        ρ = 1 / yᵀs
//! r = γ q;  oldest to newest:  r = r + s (a - ρ yᵀr)        γ = yᵀs / yᵀy
//! ```

use super::flat::{add, dot, for_each_trained, gather, largest, parameters, set, sum};
use super::lbfgs_state::{Last, LbfgsState, Pair};
use super::rate;
use super::wolfe::{Limits, Point, strong_wolfe};
use crate::module::{Module, Path};
use autograd::{Gradients, Scalar, Tensor, span};
use std::collections::VecDeque;

/// L-BFGS, for problems whose loss is the same at each evaluation: small networks on all data at once, fits, images that are optimized.
///
/// It works on all trained parameters together, and evaluates the loss several times in a step; so it is no [`Optimizer`](crate::Optimizer),
/// and takes a function. Where the loss is random, as with small batches or dropout, pairs and search make no sense.
///
/// Source: D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989, in the form of PyTorch.
///
/// ```
/// use nn::{Lbfgs, Param, Tensor};
/// // Rosenbrock's valley, whose lowest point is (1, 1).
/// let mut point = Param::new(Tensor::from([-1.2_f64, 1.0]));
/// let mut lbfgs = Lbfgs { strong_wolfe: true, max_iter: 100, ..Lbfgs::new(1.0) };
/// let report = lbfgs.step(&mut point, |point| {
///     let (x, y) = (point.i(0), point.i(1));
///     (1.0 - &x).square() + (y - x.square()).square() * 100.0
/// });
/// assert!((report.loss - 24.2).abs() < 1e-9); // where it began
/// assert!(point.to_vec().iter().all(|x| (x - 1.0).abs() < 1e-4)); // where the loss changes by less than 1e-9
/// ```
#[doc(alias = "LBFGS")]
#[derive(Clone, Debug)]
pub struct Lbfgs<T: Scalar = f32> {
    /// The length of a step, as a share of Newton's; where a search begins.
    pub lr: f64,
    /// The most iterations in one step.
    pub max_iter: usize,
    /// The most evaluations after which an iteration begins; if `None`, five for every four iterations.
    pub max_eval: Option<usize>,
    /// A step ends where no element of the gradient is larger.
    pub tolerance_grad: f64,
    /// A step ends where loss or parameters change by less.
    pub tolerance_change: f64,
    /// How many pairs are remembered, each as large as two copies of the parameters.
    pub history: usize,
    /// Whether the length of each iteration's step is searched for, until it satisfies Wolfe's strong conditions. It makes more
    /// evaluations, and an iteration that cannot diverge.
    pub strong_wolfe: bool,
    /// What is remembered.
    pub state: LbfgsState<T>,
}

/// What a step of [`Lbfgs`] has done.
///
/// ```
/// use nn::{Lbfgs, LbfgsStop, Param, Tensor};
/// let mut x = Param::new(Tensor::from([0.0_f64]));
/// let report = Lbfgs::new(1.0).step(&mut x, |x| (&**x - 3.0).square().sum());
/// // From 0 by a first step of length 1, and from there, with the curvature known, to the lowest point.
/// assert_eq!((report.loss, report.iterations, report.evaluations), (9.0, 2, 3));
/// assert!(report.stop == LbfgsStop::Gradient && (x.item() - 3.0).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LbfgsReport {
    /// The loss before it.
    pub loss: f64,
    /// The number of its iterations.
    pub iterations: usize,
    /// The number of its evaluations.
    pub evaluations: usize,
    /// Why it ended.
    pub stop: LbfgsStop,
}

/// Why a step of [`Lbfgs`] ended.
///
/// ```
/// use nn::{Lbfgs, LbfgsStop, Param, Tensor};
/// let mut x = Param::new(Tensor::from([1.0_f64]));
/// let mut lbfgs = Lbfgs { max_iter: 1, ..Lbfgs::new(1.0) };
/// assert_eq!(lbfgs.step(&mut x, |x| x.square().sum()).stop, LbfgsStop::Iterations);
/// assert_eq!(lbfgs.step(&mut x, |x| (&**x - 10.0).ln().sum()).stop, LbfgsStop::NotFinite); // of a negative number
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LbfgsStop {
    /// The gradient is within its tolerance: this is a minimum, or a saddle.
    Gradient,
    /// Loss or parameters hardly changed, or the direction hardly falls.
    Change,
    /// The iterations are used up.
    Iterations,
    /// The evaluations are used up.
    Evaluations,
    /// The loss or its gradient is no finite number; the parameters are the last for which it was. The next step tries the same once more,
    /// unless `lr` is made smaller or `strong_wolfe` set.
    NotFinite,
}

impl<T: Scalar> Lbfgs<T> {
    /// 20 iterations a step, `tolerance_grad` 1e-7, `tolerance_change` 1e-9, a history of 100, no search.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Lbfgs {
            lr: rate("Lbfgs", lr),
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history: 100,
            strong_wolfe: false,
            state: LbfgsState {
                iterations: 0,
                evaluations: 0,
                layout: Vec::new(),
                pairs: VecDeque::new(),
                scale: 1.0,
                last: None,
            },
        }
    }

    /// Makes one step, of up to `max_iter` iterations, for a loss that is one number. Statistics are moved by what they are told in the
    /// first evaluation.
    ///
    /// # Panics
    /// If no parameter of the module has a gradient, not the same parameters are trained as in the step before, or the learning rate has
    /// become negative or not finite.
    #[track_caller]
    pub fn step<M: Module<T> + ?Sized>(
        &mut self,
        module: &mut M,
        mut loss: impl FnMut(&M) -> Tensor<T>,
    ) -> LbfgsReport {
        self.step_with(module, |module| {
            let loss = loss(module);
            (loss.item().into(), loss.backward())
        })
    }

    /// As [`step`](Self::step), from the loss and its gradients: for those that are worked out in parts and added up, or changed.
    ///
    /// ```
    /// use nn::{Lbfgs, Param, Tensor, clip_norm};
    /// let mut x = Param::new(Tensor::from([100.0_f64]));
    /// let mut lbfgs = Lbfgs::new(1.0);
    /// lbfgs.step_with(&mut x, |x: &Param<f64>| {
    ///     let loss = x.square().sum();
    ///     let (value, mut grads) = (loss.item(), loss.backward());
    ///     clip_norm(x, &mut grads, 1e3);
    ///     (value, grads)
    /// });
    /// assert!(x.item().abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn step_with<M: Module<T> + ?Sized>(
        &mut self,
        module: &mut M,
        mut evaluate: impl FnMut(&M) -> (f64, Gradients<T>),
    ) -> LbfgsReport {
        let _span = span("Lbfgs");
        rate("Lbfgs", self.lr);
        self.state.must_be_of(module);
        let (loss, grads) = evaluate(module);
        module.visit_mut(&mut Path::default(), &mut |_, param| {
            param.learn(&grads, None);
        });
        let mut here = Point { t: 0.0, loss, slope: 0.0, gradient: gather(module, &grads) };
        drop(grads);
        let mut report = LbfgsReport { loss, iterations: 0, evaluations: 1, stop: LbfgsStop::Iterations };
        if !here.is_finite() {
            report.stop = LbfgsStop::NotFinite;
        } else if largest(&here.gradient) <= self.tolerance_grad {
            report.stop = LbfgsStop::Gradient;
        } else if self.max_iter > 0 {
            report.stop = loop {
                if let Some(stop) = self.iterate(module, &mut here, &mut report, &mut evaluate) {
                    break stop;
                }
            };
        }
        self.state.evaluations += report.evaluations as u64;
        report
    }

    /// Goes on from `here`; why not further, if so.
    fn iterate<M: Module<T> + ?Sized>(
        &mut self,
        module: &mut M,
        here: &mut Point<T>,
        report: &mut LbfgsReport,
        evaluate: &mut dyn FnMut(&M) -> (f64, Gradients<T>),
    ) -> Option<LbfgsStop> {
        report.iterations += 1;
        let is_last = report.iterations == self.max_iter;
        let most = self.max_eval.unwrap_or(self.max_iter * 5 / 4);
        let has_moved = self.state.last.as_ref().is_some_and(|last| last.t != 0.0);
        let direction = self.state.direction(&here.gradient, self.history);
        let steepest: f64 = here.gradient.norm(1.0).item().into();
        let is_first = !has_moved && self.state.pairs.is_empty();
        let t = if is_first { self.lr * steepest.recip().min(1.0) } else { self.lr };
        // It has not gone anywhere, and will not if what it meets is not finite.
        let last = self.state.last.insert(Last { gradient: here.gradient.clone(), direction, t: 0.0 });
        here.slope = dot(&here.gradient, &last.direction);
        if here.slope > -self.tolerance_change {
            return Some(LbfgsStop::Change);
        }

        let (start, direction) = (parameters(module), &last.direction);
        let left = most.saturating_sub(report.evaluations);
        let mut at = |t: f64| {
            set(module, &sum(&start, t, direction));
            let (loss, grads) = evaluate(module);
            let gradient = gather(module, &grads);
            report.evaluations += 1;
            Point { t, loss, slope: dot(&gradient, direction), gradient }
        };
        let end = if self.strong_wolfe {
            let (reach, tolerance) = (largest(direction), self.tolerance_change);
            let limits = Limits { reach, tolerance, evaluations: left };
            strong_wolfe(here, t, limits, &mut at)
        } else if is_last {
            // What comes next is for the next step to evaluate.
            set(module, &sum(&start, t, direction));
            last.t = t;
            return Some(LbfgsStop::Iterations);
        } else {
            at(t)
        };
        if !end.is_finite() {
            set(module, &start);
            return Some(LbfgsStop::NotFinite);
        }
        set(module, &sum(&start, end.t, direction));
        last.t = end.t;
        let moved = end.t.abs() * largest(&last.direction);
        let before = std::mem::replace(here, Point { t: 0.0, ..end }).loss;
        if is_last {
            Some(LbfgsStop::Iterations)
        } else if report.evaluations >= most {
            Some(LbfgsStop::Evaluations)
        } else if largest(&here.gradient) <= self.tolerance_grad {
            Some(LbfgsStop::Gradient)
        } else if moved <= self.tolerance_change || (here.loss - before).abs() < self.tolerance_change {
            Some(LbfgsStop::Change)
        } else {
            None
        }
    }
}

impl<T: Scalar> LbfgsState<T> {
    /// Panics if these are not the parameters that were trained before.
    #[track_caller]
    fn must_be_of<M: Module<T> + ?Sized>(&mut self, module: &M) {
        let mut layout = Vec::new();
        for_each_trained(module, |path, param| layout.push((path.to_string(), param.shape().clone())));
        if self.layout.is_empty() {
            self.layout = layout;
            return;
        }
        assert!(
            self.layout == layout,
            "Lbfgs: it has trained {} parameters, and here are {}, of which not all have the paths and shapes of those\n  help: use a new `Lbfgs` \
             for another network, or after parameters are frozen or freed",
            self.layout.len(),
            layout.len()
        );
    }

    /// The direction from where the gradient is this one, after the last pair is learned.
    fn direction(&mut self, gradient: &Tensor<T>, history: usize) -> Tensor<T> {
        self.iterations += 1;
        if let Some(Last { gradient: before, direction, t }) = &self.last {
            let (s, y) = (direction * T::of(*t), gradient - before);
            let fit = dot(&y, &s);
            // The Hessian has to be positive along the step.
            if fit > 1e-10 {
                self.scale = fit / dot(&y, &y);
                self.pairs.push_back(Pair { s, y, rho: fit.recip() });
            }
        }
        while self.pairs.len() > history {
            self.pairs.pop_front();
        }
        let mut r = -gradient;
        let mut shares = Vec::with_capacity(self.pairs.len());
        for Pair { s, y, rho } in self.pairs.iter().rev() {
            let share = dot(s, &r) * rho;
            add(&mut r, -share, y);
            shares.push(share);
        }
        r = r * T::of(self.scale);
        for (Pair { s, y, rho }, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(y, &r) * rho;
            add(&mut r, share - back, s);
        }
        r
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::param::Param;

    /// The first trial of the first iteration is bounded by `1 / |g|₁`, also when it is made once more, since the one before led nowhere.
    /// With a smaller rate it goes on to the minimum.
    #[test]
    fn after_a_loss_that_is_not_finite_the_first_step_is_still_bounded() {
        let loss = |w: &Param<f64>| (w.square() * Tensor::from([0.1, 10.0])).sum();
        for strong_wolfe in [false, true] {
            let mut w = Param::new(Tensor::from([1.0, 1.0]));
            let mut lbfgs = Lbfgs { strong_wolfe, max_iter: 100, ..Lbfgs::new(1.0) };
            for _ in 0..2 {
                let mut seen = Vec::new();
                let report = lbfgs.step(&mut w, |w| {
                    seen.push(w.to_vec());
                    // Finite only where it begins.
                    loss(w) * if seen.len() == 1 { 1.0 } else { f64::NAN }
                });
                // A search that finds no place to go to stays where it is.
                let stop = if strong_wolfe { LbfgsStop::Change } else { LbfgsStop::NotFinite };
                assert_eq!((report.stop, w.to_vec()), (stop, vec![1.0, 1.0]));
                // The gradient is (0.2, 20).
                let bounded = [1.0 - 0.2 / 20.2, 1.0 - 20.0 / 20.2];
                assert!(seen[1].iter().zip(bounded).all(|(a, b)| (a - b).abs() < 1e-12), "{seen:?}");
            }
            lbfgs.lr = 0.5;
            lbfgs.step(&mut w, loss);
            assert!(w.to_vec().iter().all(|x| x.abs() < 1e-3), "{w:?}");
        }
    }
}
