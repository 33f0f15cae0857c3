//! Optimizers: rules that turn gradients into better parameters.
//!
//! An optimizer is its public hyperparameters and a rule for *one* parameter, given as slices. The walk over the network,
//! and what the rule remembers of each parameter between steps, are the same for all, and kept under the parameter's path.

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod boxed;
mod decay;
mod flat;
mod group;
mod lamb;
mod lbfgs;
mod lbfgs_state;
mod limits;
mod lion;
mod lookahead;
mod muon;
mod nadam;
mod norm;
mod radam;
mod rmsprop;
mod sgd;
mod split;
mod state;
mod step;
mod storage;
mod wolfe;

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use decay::Decay;
pub use group::Group;
pub use lamb::Lamb;
pub use lbfgs::{Lbfgs, LbfgsReport, LbfgsStop};
pub use lbfgs_state::LbfgsState;
pub use lion::Lion;
pub use lookahead::Lookahead;
pub use muon::{Muon, MuonRate};
pub use nadam::NAdam;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
pub use split::Split;
pub use state::State;
pub use step::{ParamStep, SeeState};
pub use storage::{CompactMoments, Storage};

pub(crate) use state::Slot;

use crate::module::{Module, Path, must_have_own_paths, name_all};
use crate::param::Param;
use autograd::{Bf16, Gradients, Scalar, span};
use std::any::type_name;
use std::ops::Bound;

/// A rule for making steps, and what it remembers.
///
/// ```
/// use nn::{Optimizer, Param, Sgd, Tensor};
/// let mut w = Param::new(Tensor::from([4.0]));
/// let mut sgd = Sgd::new(0.25);
/// for _ in 0..10 {
///     let loss = (&*w * &*w).sum();
///     sgd.step(&mut w, &loss.backward()); // w halves
/// }
/// assert_eq!(w.item(), 4.0 / 1024.0);
/// ```
///
/// A rule of one's own says what it remembers of a parameter, and how one parameter moves. The walk over the network,
/// [groups](Self::group), schedules and checkpoints come with it:
///
/// ```
/// use nn::{Decay, Optimizer, Param, ParamStep, State, Tensor};
///
/// /// Gradient descent along the mean of gradients, `m = (m + g) / 2`.
/// struct Smooth {
///     lr: f64,
///     state: State<f32>,
/// }
///
/// impl Optimizer for Smooth {
///     fn slots(&self) -> &'static [&'static str] {
///         &["mean"]
///     }
///     fn update(&self, step: ParamStep<'_, f32>) {
///         let lr = step.lr as f32;
///         step.each(|w, g, [m]| {
///             let m = (m + g) / 2.0;
///             (w - lr * m, [m])
///         });
///     }
///     fn state(&mut self) -> &mut State<f32> {
///         &mut self.state
///     }
///     fn lr(&self) -> f64 {
///         self.lr
///     }
///     fn set_lr(&mut self, lr: f64) {
///         self.lr = lr;
///     }
///     fn decay(&self) -> Decay {
///         Decay::Decoupled(0.5) // done by `each`
///     }
/// }
///
/// let mut w = Param::new(Tensor::from([4.0]));
/// let mut smooth = Smooth { lr: 1.0, state: State::default() };
/// let loss = (&*w * 2.0).sum();
/// smooth.step(&mut w, &loss.backward()); // gradient 2, mean 1
/// assert_eq!((w.item(), smooth.state.of("")), (0.5 * 4.0 - 1.0, &[vec![1.0]][..]));
/// ```
pub trait Optimizer<T: Scalar = f32> {
    /// The names of the slots that are remembered of every parameter: as many numbers each as the parameter has, zeros at
    /// first.
    fn slots(&self) -> &'static [&'static str];

    /// Updates one parameter.
    fn update(&self, step: ParamStep<'_, T>);

    /// What is remembered.
    fn state(&mut self) -> &mut State<T>;

    /// Shows all that is remembered, each state with its path and the names of its slots, to be saved or restored: of most optimizers the
    /// one [`state`](Self::state), and of those that are made of others, such as [`Split`], also theirs.
    ///
    /// ```
    /// use nn::{Adam, Lookahead, Optimizer, Path};
    /// let mut optimizer = Lookahead::new(Adam::<f32>::new(1e-3));
    /// let mut seen = Vec::new();
    /// optimizer.visit_states(&mut Path::default(), &mut |path, slots, _| seen.push(format!("{path}: {slots:?}")));
    /// assert_eq!(seen, [": [\"slow\"]", "inner: [\"m\", \"v\"]"]);
    /// ```
    fn visit_states(&mut self, path: &mut Path, see: &mut SeeState<'_, T>) {
        see(path, self.slots(), self.state());
    }

    /// The learning rate.
    fn lr(&self) -> f64;

    /// Sets the learning rate, as a schedule does.
    fn set_lr(&mut self, lr: f64);

    /// How weights shrink at each step; by default not at all.
    fn decay(&self) -> Decay {
        Decay::None
    }

    /// Shows the hyperparameters, other than the rate, each with its name and the numbers that it may be. They are fields that anyone
    /// may set at any time, so every step looks at them, and panics if one is beyond its bounds. By default none is shown.
    ///
    /// ```
    /// use nn::{Adam, Optimizer};
    /// use std::ops::RangeBounds;
    /// let mut names = Vec::new();
    /// Adam::<f32>::new(1e-3).hyperparameters(&mut |name, value, bounds| {
    ///     assert!(bounds.contains(&value));
    ///     names.push(name);
    /// });
    /// assert_eq!(names, ["beta1", "beta2", "epsilon", "weight_decay"]);
    /// ```
    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        let _ = see;
    }

    /// Gives the parameters whose path matches the [pattern](crate::Pattern) a rate or a decay of their own. Where several match, the
    /// last one holds. The first step panics if there is no such parameter.
    ///
    /// ```
    /// use nn::{Adam, AdamW, Group, Optimizer};
    /// let adam = AdamW::<f32>::new(1e-3).group("encoder.*", Group::new().rate(0.1)).group("*.bias", Group::new().decay(0.0));
    /// ```
    ///
    /// # Panics
    /// If a step has been made.
    #[track_caller]
    fn group(mut self, pattern: &str, group: Group) -> Self
    where
        Self: Sized,
    {
        self.add_group(pattern, group);
        self
    }

    /// As [`group`](Self::group), of an optimizer where it is: those that are made of others, such as [`Split`], hand it on to them.
    ///
    /// ```
    /// use nn::{Group, Lookahead, Optimizer, Param, Sgd, Tensor};
    /// let mut optimizer: Box<dyn Optimizer> = Box::new(Lookahead::new(Sgd::new(1.0)));
    /// optimizer.add_group("*", Group::new().rate(0.5));
    /// let mut w = Param::new(Tensor::from([3.0]));
    /// let grads = w.sum().backward();
    /// optimizer.step(&mut w, &grads);
    /// assert_eq!(w.to_vec(), [2.5]);
    /// ```
    ///
    /// # Panics
    /// As [`group`](Self::group).
    #[track_caller]
    fn add_group(&mut self, pattern: &str, group: Group) {
        self.state().add_group(pattern, group);
    }

    /// Makes one step: updates every parameter that has a gradient, and every statistic that was told something.
    ///
    /// # Panics
    /// If no parameter of the module has one: then these gradients are of another network. If a parameter has not the
    /// shape of the one that is remembered under its path: then that was another network's. If two have one path, a
    /// [group](Self::group) is empty, the learning rate has become negative or not finite, or a
    /// [hyperparameter](Self::hyperparameters) is beyond its bounds.
    #[track_caller]
    fn step(&mut self, module: &mut dyn Module<T>, grads: &Gradients<T>) {
        let updated = self.step_where(module, grads, &|_, _| true);
        assert!(
            updated > 0 || module.parameters().is_empty(),
            "step: no parameter of the module has a gradient here\n  help: compute the loss from this module, and give the gradients of that loss; frozen parameters have none"
        );
    }

    /// Makes one step with the parameters for which `belongs` holds, and leaves the others alone. Gives the number of parameters that
    /// were updated, statistics among them.
    ///
    /// ```
    /// use nn::{Linear, Mode, Layer, Optimizer, Rng, Sgd, Tensor};
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let (weight, bias) = (net.weight.to_vec(), net.bias.as_ref().unwrap().item());
    /// let loss = net.forward(&Tensor::from([[1.0, 1.0]]), &mut Mode::eval()).sum();
    /// let updated = Sgd::new(0.5).step_where(&mut net, &loss.backward(), &|path, _| path.as_str() == "bias");
    /// assert_eq!((updated, net.weight.to_vec(), net.bias.unwrap().item()), (1, weight, bias - 0.5));
    /// ```
    ///
    /// # Panics
    /// As [`step`](Self::step), except that there may be no gradient.
    #[track_caller]
    fn step_where(
        &mut self,
        module: &mut dyn Module<T>,
        grads: &Gradients<T>,
        belongs: &dyn Fn(&Path, &Param<T>) -> bool,
    ) -> usize {
        let _span = span(type_name::<Self>());
        limits::must_be_allowed(self);
        let (decay, lr) = (self.decay(), rate("step", self.lr()));
        let mut state = std::mem::take(self.state());
        if state.steps == 0 {
            must_have_own_paths("step", module);
            state.groups.must_have_members(module);
            name_all(module);
        }
        let mut path = std::mem::take(&mut state.path);
        let (mut place, mut updated) = (0, 0);
        module.visit_mut(&mut path, &mut |path, param| {
            if !belongs(path, param) {
                place += 1;
                return;
            }
            updated += usize::from(param.learn(grads, None));
            if let Some(g) = grads.get(param) {
                let storage = state.storage();
                let Slot { shape, steps, values, halves, group, .. } =
                    state.slot("step", place, path.as_str(), param.shape());
                let (lr, decay) = (group.lr(lr), group.of(decay));
                // More than before, if a hyperparameter was changed so that the rule remembers more.
                let slots = values.len().max(halves.len()).max(self.slots().len());
                match storage {
                    Storage::Full => values.resize_with(slots, || vec![T::zero(); shape.size()]),
                    Storage::Bf16 => halves.resize_with(slots, || vec![Bf16::default(); shape.size()]),
                }
                *steps += 1;
                let g = g.array().view().contiguous();
                param.update(|w| {
                    let (path, step, g, slots) = (path.as_str(), *steps, &*g, values.as_mut_slice());
                    self.update(ParamStep { path, shape, step, lr, w, g, slots, halves, decay });
                });
                updated += 1;
            }
            place += 1;
        });
        state.steps += u64::from(updated > 0);
        state.path = path;
        *self.state() = state;
        updated
    }
}

/// A learning rate, for the optimizer with this name.
#[track_caller]
fn rate(name: &str, lr: f64) -> f64 {
    assert!(
        lr >= 0.0 && lr.is_finite(),
        "{name}: expected a finite learning rate of at least 0, found {lr}\n  help: 1e-3 is usual for Adam and its kin, 0.1 for Sgd; to climb instead of descend, negate the loss"
    );
    lr
}

/// The exponent of the powers that correct the means' bias.
fn exponent(step: u64) -> i32 {
    i32::try_from(step).unwrap_or(i32::MAX)
}
