//! What an optimizer, or an average, remembers of each parameter.

use super::group::Groups;
use super::{Group, Storage};
use crate::module::Path;
use autograd::{Bf16, Scalar, Shape};
use std::collections::HashMap;
use std::fmt;

/// What an optimizer remembers: the number of steps made, and of every parameter, under its path, the slots of the rule.
///
/// ```
/// use nn::{Optimizer, Param, Sgd, Storage, Tensor};
/// let mut w: Param = Param::new(Tensor::ones([2]));
/// let mut sgd = Sgd::new(0.1).momentum(0.9);
/// let loss = w.sum();
/// sgd.step(&mut w, &loss.backward());
/// assert_eq!((sgd.state.steps(), sgd.state.of("")), (1, &[vec![1.0, 1.0]][..])); // a velocity
/// assert_eq!((sgd.state.copy_of("", 0), sgd.state.bytes()), (Some(vec![1.0, 1.0]), 8));
/// assert_eq!(sgd.state.storage(), Storage::Full); // four bytes a number
/// ```
#[derive(Clone, PartialEq)]
pub struct State<T> {
    pub(crate) steps: u64,
    pub(crate) slots: Vec<Slot<T>>,
    /// The place of each path in `slots`.
    places: HashMap<String, usize>,
    pub(super) groups: Groups,
    storage: Storage,
    /// Memory for the path of the walk.
    pub(crate) path: Path,
}

#[derive(Clone, PartialEq)]
pub(crate) struct Slot<T> {
    pub(super) path: String,
    pub(super) shape: Shape,
    pub(super) steps: u64,
    pub(crate) values: Vec<Vec<T>>,
    /// In place of these, if they are stored in half the bytes.
    pub(super) halves: Vec<Vec<Bf16>>,
    pub(super) group: Group,
}

impl<T> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.slots.iter().map(|slot| (&slot.path, &slot.shape, slot.count()));
        f.debug_struct("State")
            .field("steps", &self.steps)
            .field("slots", &slots.collect::<Vec<_>>())
            .finish()
    }
}

impl<T> Default for State<T> {
    fn default() -> Self {
        State {
            steps: 0,
            slots: Vec::new(),
            places: HashMap::new(),
            groups: Groups::default(),
            storage: Storage::Full,
            path: Path::default(),
        }
    }
}

impl<T> Slot<T> {
    /// How many slots there are, however they are stored.
    fn count(&self) -> usize {
        self.values.len().max(self.halves.len())
    }
}

impl<T: Scalar> State<T> {
    /// The number of steps made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What is remembered of the parameter with this path: its slots, in order; none if it had no gradient yet, or if they are stored in
    /// [half the bytes](super::CompactMoments): then there are [copies](Self::copy_of).
    pub fn of(&self, path: &str) -> &[Vec<T>] {
        self.places.get(path).map_or(&[], |&place| &self.slots[place].values)
    }

    /// A copy of this slot of the parameter with this path, however it is stored; `None` if there is none.
    pub fn copy_of(&self, path: &str, slot: usize) -> Option<Vec<T>> {
        let Slot { values, halves, .. } = &self.slots[*self.places.get(path)?];
        let widened = |half: &Vec<Bf16>| half.iter().map(|x| T::of(x.value().into())).collect();
        values.get(slot).cloned().or_else(|| halves.get(slot).map(widened))
    }

    /// How what is remembered is stored.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// The bytes of the numbers that are remembered.
    pub fn bytes(&self) -> usize {
        let bytes = |slot: &Slot<T>| {
            let (values, halves) = (slot.values.iter().map(Vec::len), slot.halves.iter().map(Vec::len));
            values.sum::<usize>() * size_of::<T>() + halves.sum::<usize>() * size_of::<Bf16>()
        };
        self.slots.iter().map(bytes).sum()
    }

    /// Stores what will be remembered in this way.
    #[track_caller]
    pub(super) fn store(&mut self, storage: Storage) {
        assert!(
            self.slots.is_empty(),
            "moments: the optimizer remembers {} steps, stored in another way\n  help: say how they are stored before the first step",
            self.steps
        );
        self.storage = storage;
    }

    /// Has a group for what will be remembered.
    #[track_caller]
    pub(super) fn add_group(&mut self, pattern: &str, group: Group) {
        assert!(
            self.slots.is_empty(),
            "group: the optimizer has made {} steps, and knows which parameter is of which group\n  help: give it its groups before the first step",
            self.steps
        );
        self.groups.add(pattern, group);
    }

    /// Of every parameter: path, shape, steps and the number of slots.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Shape, u64, usize)> {
        self.slots.iter().map(|slot| (slot.path.as_str(), &slot.shape, slot.steps, slot.count()))
    }

    /// Remembers this from now on, and nothing else.
    pub(crate) fn set_all(&mut self, steps: u64, all: Vec<(String, Shape, u64, Vec<Vec<T>>)>) {
        self.steps = steps;
        self.places = all.iter().enumerate().map(|(place, (path, ..))| (path.clone(), place)).collect();
        let (groups, storage) = (&self.groups, self.storage);
        // They have been stored in this way, and stay as they are.
        let halve = |x: &T| Bf16::stochastic((*x).into() as f32, 0);
        let slot = |(path, shape, steps, values): (String, Shape, u64, Vec<Vec<T>>)| {
            let group = groups.of(&path);
            let halves = |values: Vec<Vec<T>>| values.iter().map(|x| x.iter().map(halve).collect()).collect();
            let (values, halves) = match storage {
                Storage::Full => (values, Vec::new()),
                Storage::Bf16 => (Vec::new(), halves(values)),
            };
            Slot { path, shape, steps, values, halves, group }
        };
        self.slots = all.into_iter().map(slot).collect();
    }

    /// Where the slot of a parameter is, if there is one: most often at its place in the walk.
    pub(crate) fn find(&self, place: usize, path: &str) -> Option<usize> {
        let known = self.slots.get(place).filter(|slot| slot.path == path).map(|_| place);
        known.or_else(|| self.places.get(path).copied())
    }

    /// The slot of a parameter, which may be new, for whoever does `what`.
    pub(crate) fn slot(&mut self, what: &str, place: usize, path: &str, shape: &Shape) -> &mut Slot<T> {
        let place = self.find(place, path).unwrap_or_else(|| {
            self.places.insert(path.to_owned(), self.slots.len());
            self.slots.push(Slot {
                path: path.to_owned(),
                shape: shape.clone(),
                steps: 0,
                values: Vec::new(),
                halves: Vec::new(),
                group: self.groups.of(path),
            });
            self.slots.len() - 1
        });
        let (slot, who) = (&mut self.slots[place], if what == "step" { "optimizer" } else { "average" });
        assert!(
            slot.shape == *shape,
            "{what}: the parameter `{path}` has shape {shape}, but the {who} remembers one of {}\n  help: use a new {who} for another network",
            slot.shape
        );
        slot
    }
}

#[cfg(test)]
mod tests {
    use crate::module::{Module, Path};
    use crate::testing::panic_of;
    use crate::{Average, Group, Lookahead, Optimizer, Param, Sgd, Split};
    use autograd::Tensor;

    /// Two parameters by one name.
    struct Same(Param, Param);

    impl Module for Same {
        fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param)) {
            path.enter("w", |path| see(path, &self.0));
            path.enter("w", |path| see(path, &self.1));
        }
        fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param)) {
            path.enter("w", |path| see(path, &mut self.0));
            path.enter("w", |path| see(path, &mut self.1));
        }
    }

    #[test]
    fn two_parameters_of_one_path_are_a_mistake() {
        let sgd = || Sgd::new(0.1).momentum(0.9);
        for size in [2, 3] {
            let net = || Same(Param::new(Tensor::ones([2])), Param::new(Tensor::ones([size])));
            let optimizers: [Box<dyn Optimizer>; 3] =
                [Box::new(sgd()), Box::new(Lookahead::new(sgd())), Box::new(Split::new("w", sgd(), sgd()))];
            let step = |mut optimizer: Box<dyn Optimizer>| {
                let mut net = net();
                let loss = net.0.sum() + net.1.sum();
                panic_of(|| optimizer.step(&mut net, &loss.backward()))
            };
            let messages = optimizers.map(step).into_iter();
            for message in messages.chain([panic_of(|| Average::ema(0.9).update(&net()))]) {
                assert!(message.contains("two parameters have the path `w`"), "{message}");
            }
        }
    }

    /// What would not be looked at.
    #[test]
    fn a_group_comes_before_the_first_step() {
        let mut w: Param = Param::new(Tensor::ones([2]));
        let mut sgd = Sgd::new(0.1);
        let loss = w.sum();
        sgd.step(&mut w, &loss.backward());
        let message = panic_of(|| sgd.group("", Group::new().rate(0.0)));
        assert!(message.starts_with("group: the optimizer has made 1 steps"), "{message}");
    }
}
