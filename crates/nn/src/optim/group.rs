//! Parameters with a rate or a decay of their own.

use super::Decay;
use crate::module::Module;
use crate::pattern::Pattern;
use autograd::Scalar;

/// What is different for some parameters, given to [`Optimizer::group`](super::Optimizer::group).
///
/// The rate is a factor and not a rate, so that one schedule serves all groups.
///
/// ```
/// use nn::Group;
/// let slow = Group::new().rate(0.1).decay(0.0);
/// # let _ = slow;
/// ```
#[doc(alias = "param_groups")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    rate: f64,
    decay: Option<f64>,
}

impl Group {
    /// Nothing is different.
    pub const fn new() -> Self {
        Group { rate: 1.0, decay: None }
    }

    /// The learning rate is the optimizer's times `factor`.
    ///
    /// # Panics
    /// If the factor is negative or not finite.
    #[track_caller]
    pub fn rate(self, factor: f64) -> Self {
        assert!(
            factor >= 0.0 && factor.is_finite(),
            "Group: expected a factor of at least 0, found {factor}\n  help: it multiplies the learning rate; 0.1 makes it a tenth"
        );
        Group { rate: factor, ..self }
    }

    /// The weight decay, in the place of the optimizer's, coupled or not as that is.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn decay(self, decay: f64) -> Self {
        assert!(
            decay >= 0.0 && decay.is_finite(),
            "Group: expected a weight decay of at least 0, found {decay}\n  help: 0 turns it off"
        );
        Group { decay: Some(decay), ..self }
    }

    /// The rate in this group.
    pub(super) fn lr(self, lr: f64) -> f64 {
        lr * self.rate
    }

    /// The decay in this group.
    pub(super) fn of(self, decay: Decay) -> Decay {
        match (decay, self.decay) {
            (_, None) | (Decay::None, _) => decay,
            (Decay::Coupled(_), Some(own)) => Decay::Coupled(own),
            (Decay::Decoupled(_), Some(own)) => Decay::Decoupled(own),
            (Decay::Directed(_), Some(own)) => Decay::Directed(own),
        }
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

/// The groups of an optimizer, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Groups(Vec<(Pattern, Group)>);

impl Groups {
    pub(super) fn add(&mut self, pattern: &str, group: Group) {
        self.0.push((Pattern::new(pattern), group));
    }

    /// The last group that a path belongs to.
    pub(super) fn of(&self, path: &str) -> Group {
        let mut known = self.0.iter().rev();
        known.find(|(pattern, _)| pattern.matches(path)).map_or(Group::new(), |(_, group)| *group)
    }

    /// Panics if a pattern matches no parameter.
    #[track_caller]
    pub(super) fn must_have_members<T: Scalar>(&self, module: &dyn Module<T>) {
        for (pattern, _) in &self.0 {
            pattern.visit("group", module, &mut |_, _| ());
        }
    }
}
