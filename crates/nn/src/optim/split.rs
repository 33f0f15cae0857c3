//! Two optimizers, each for some of the parameters.

use super::{Decay, Group, Optimizer, ParamStep, SeeState, State};
use crate::module::{Module, Path};
use crate::param::Param;
use crate::pattern::Pattern;
use autograd::{Gradients, Scalar, Shape};

/// One optimizer for the parameters of a pattern, and another for the rest. Either may be a `Split` itself.
///
/// Both make their steps with the same gradients. Each remembers what it needs of its own parameters; a statistic belongs to one of them,
/// and so moves once.
///
/// # The learning rate
/// is that of the first; when it is set, as by a schedule, the rate of the rest is set so that the two keep the ratio which they had when the
/// `Split` was made.
///
/// ```
/// use nn::{AdamW, Muon, Optimizer, Split};
/// let mut optimizer = Split::new("hidden.*", Muon::<f32>::new(0.02), AdamW::new(0.001)).matrices();
/// optimizer.set_lr(0.01);
/// assert_eq!((optimizer.lr(), optimizer.rest.lr), (0.01, 0.0005));
/// ```
#[derive(Clone, Debug)]
pub struct Split<A, B, T: Scalar = f32> {
    /// The optimizer of what belongs to the pattern.
    pub first: A,
    /// The optimizer of the rest.
    pub rest: B,
    /// The rate of the rest, as a share of that of the first.
    pub ratio: f64,
    /// The number of steps; the optimizers remember what they need themselves.
    pub state: State<T>,
    choice: Choice,
}

/// What belongs to the first.
#[derive(Clone, Debug)]
struct Choice {
    pattern: Pattern,
    matrices: bool,
}

impl Choice {
    fn takes(&self, path: &str, shape: &Shape) -> bool {
        self.pattern.matches(path) && (!self.matrices || shape.rank() == 2)
    }

    /// Panics if that is nothing.
    #[track_caller]
    fn must_have_members<T: Scalar>(&self, module: &dyn Module<T>) {
        let mut first = 0;
        self.pattern.visit("Split", module, &mut |path, param| {
            first += usize::from(self.takes(path.as_str(), param.shape()));
        });
        assert!(
            first > 0,
            "Split: of the parameters with a path like `{}` none is a matrix\n  help: leave `matrices` out, or use the second optimizer for all",
            self.pattern
        );
    }
}

impl<T: Scalar, A: Optimizer<T>, B: Optimizer<T>> Split<A, B, T> {
    /// `first` for the parameters whose path matches the [pattern](Pattern), and `rest` for all others.
    ///
    /// # Panics
    /// If the rate of `first` is 0, of which no other is a share. The first step panics if no parameter matches.
    #[track_caller]
    pub fn new(pattern: &str, first: A, rest: B) -> Self {
        assert!(
            first.lr() > 0.0,
            "Split: the first optimizer has a learning rate of 0\n  help: give it the rate at which a schedule is at its highest; the other rate is kept as a share of it"
        );
        let ratio = rest.lr() / first.lr();
        let choice = Choice { pattern: Pattern::new(pattern), matrices: false };
        Split { first, rest, ratio, state: State::default(), choice }
    }

    /// Of what matches the pattern, only matrices belong to the first.
    pub fn matrices(self) -> Self {
        Split { choice: Choice { matrices: true, ..self.choice }, ..self }
    }
}

impl<T: Scalar, A: Optimizer<T>, B: Optimizer<T>> Optimizer<T> for Split<A, B, T> {
    /// None: the optimizers have slots, each its own.
    fn slots(&self) -> &'static [&'static str] {
        &[]
    }

    /// By the rule of the optimizer that the parameter belongs to.
    fn update(&self, step: ParamStep<'_, T>) {
        if self.choice.takes(step.path, step.shape) {
            self.first.update(step);
        } else {
            self.rest.update(step);
        }
    }

    fn state(&mut self) -> &mut State<T> {
        &mut self.state
    }

    /// Its own, and theirs under `first` and `rest`.
    fn visit_states(&mut self, path: &mut Path, see: &mut SeeState<'_, T>) {
        see(path, &[], &mut self.state);
        path.enter("first", |path| self.first.visit_states(path, see));
        path.enter("rest", |path| self.rest.visit_states(path, see));
    }

    fn lr(&self) -> f64 {
        self.first.lr()
    }
    fn set_lr(&mut self, lr: f64) {
        self.first.set_lr(lr);
        self.rest.set_lr(lr * self.ratio);
    }

    /// None of its own: each of the two has its decay.
    fn decay(&self) -> Decay {
        Decay::None
    }

    /// A group of both.
    #[track_caller]
    fn add_group(&mut self, pattern: &str, group: Group) {
        self.first.add_group(pattern, group);
        self.rest.add_group(pattern, group);
    }

    #[track_caller]
    fn step_where(
        &mut self,
        module: &mut dyn Module<T>,
        grads: &Gradients<T>,
        belongs: &dyn Fn(&Path, &Param<T>) -> bool,
    ) -> usize {
        if self.state.steps == 0 {
            self.choice.must_have_members(module);
        }
        let choice = &self.choice;
        let is_first = |path: &Path, param: &Param<T>| choice.takes(path.as_str(), param.shape());
        let first = self
            .first
            .step_where(module, grads, &|path, param| belongs(path, param) && is_first(path, param));
        let rest = self
            .rest
            .step_where(module, grads, &|path, param| belongs(path, param) && !is_first(path, param));
        self.state.steps += u64::from(first + rest > 0);
        first + rest
    }
}
