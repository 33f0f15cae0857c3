//! An optimizer in a box: every method is that of what is in it.

use super::{Decay, Group, Optimizer, ParamStep, SeeState, State};
use crate::module::{Module, Path};
use crate::param::Param;
use autograd::{Gradients, Scalar};
use std::ops::Bound;

/// An optimizer that is chosen while the program runs.
// A method that is forgotten would be that of the trait, which knows nothing of what is in the box.
#[warn(clippy::missing_trait_methods)]
impl<T: Scalar, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn slots(&self) -> &'static [&'static str] {
        (**self).slots()
    }
    fn update(&self, step: ParamStep<'_, T>) {
        (**self).update(step);
    }
    fn state(&mut self) -> &mut State<T> {
        (**self).state()
    }
    fn visit_states(&mut self, path: &mut Path, see: &mut SeeState<'_, T>) {
        (**self).visit_states(path, see);
    }
    fn lr(&self) -> f64 {
        (**self).lr()
    }
    fn set_lr(&mut self, lr: f64) {
        (**self).set_lr(lr);
    }
    fn decay(&self) -> Decay {
        (**self).decay()
    }
    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        (**self).hyperparameters(see);
    }
    #[track_caller]
    fn group(mut self, pattern: &str, group: Group) -> Self {
        self.add_group(pattern, group);
        self
    }
    #[track_caller]
    fn add_group(&mut self, pattern: &str, group: Group) {
        (**self).add_group(pattern, group);
    }
    #[track_caller]
    fn step(&mut self, module: &mut dyn Module<T>, grads: &Gradients<T>) {
        (**self).step(module, grads);
    }
    #[track_caller]
    fn step_where(
        &mut self,
        module: &mut dyn Module<T>,
        grads: &Gradients<T>,
        belongs: &dyn Fn(&Path, &Param<T>) -> bool,
    ) -> usize {
        (**self).step_where(module, grads, belongs)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::panic_of;
    use crate::{Group, Lookahead, Optimizer, Param, Sgd, Split};
    use autograd::Tensor;

    fn split() -> Split<Sgd, Sgd> {
        Split::new("*", Sgd::new(1.0), Sgd::new(1.0))
    }

    /// The weight 1 after a step of rate 1 on w², whose gradient is 2.
    fn stepped(mut optimizer: impl Optimizer) -> f32 {
        let mut net = vec![Param::new(Tensor::from([1.0]))];
        let loss = net[0].square().sum();
        optimizer.step(&mut net, &loss.backward());
        net[0].item()
    }

    fn boxes() -> [Box<dyn Optimizer>; 4] {
        let sgd = || Sgd::new(1.0);
        [
            Box::new(sgd()),
            Box::new(Lookahead::new(sgd())),
            Box::new(split()),
            Box::new(Box::new(Lookahead::new(split()))),
        ]
    }

    #[test]
    fn what_is_in_a_box_has_groups() {
        for (i, optimizer) in boxes().into_iter().enumerate() {
            assert_eq!(stepped(optimizer.group("*", Group::new().rate(0.0))), 1.0, "optimizer {i}");
        }
        assert_eq!(stepped(Box::new(Lookahead::new(Sgd::new(1.0))).group("*", Group::new().rate(0.0))), 1.0);
        assert_eq!(stepped(Box::new(split()).group("*", Group::new().rate(0.5))), 0.0);
    }

    #[test]
    fn a_group_of_nothing_is_told_from_a_box() {
        for optimizer in boxes() {
            let message = panic_of(|| stepped(optimizer.group("nosuch", Group::new().rate(0.0))));
            assert!(message.starts_with("group: ") && message.contains("nosuch"), "{message}");
        }
    }
}
