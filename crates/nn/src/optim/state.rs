//! What an optimizer, or an average, remembers of each parameter.

use super::Group;
use super::group::Groups;
use crate::module::Path;
use autograd::{Scalar, Shape};
use std::collections::HashMap;
use std::fmt;

/// What an optimizer remembers: the number of steps made, and of every parameter, under its path, the slots of the rule.
#[derive(Clone, PartialEq)]
pub struct State<T> {
    pub(crate) steps: u64,
    pub(crate) slots: Vec<Slot<T>>,
    /// The place of each path in `slots`.
    places: HashMap<String, usize>,
    pub(super) groups: Groups,
    /// Memory for the path of the walk.
    pub(crate) path: Path,
}

#[derive(Clone, PartialEq)]
pub(crate) struct Slot<T> {
    pub(super) path: String,
    pub(super) shape: Shape,
    pub(super) steps: u64,
    pub(crate) values: Vec<Vec<T>>,
    pub(super) group: Group,
}

impl<T> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.slots.iter().map(|slot| (&slot.path, &slot.shape, slot.values.len()));
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
            path: Path::default(),
        }
    }
}

impl<T: Scalar> State<T> {
    /// The number of steps made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What is remembered of the parameter with this path: its slots, in order; none if it had no gradient yet.
    pub fn of(&self, path: &str) -> &[Vec<T>] {
        self.places.get(path).map_or(&[], |&place| &self.slots[place].values)
    }

    /// Of every parameter: path, shape, steps and slots.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Shape, u64, &[Vec<T>])> {
        self.slots.iter().map(|slot| (slot.path.as_str(), &slot.shape, slot.steps, slot.values.as_slice()))
    }

    /// Remembers this from now on, and nothing else.
    pub(crate) fn set_all(&mut self, steps: u64, all: Vec<(String, Shape, u64, Vec<Vec<T>>)>) {
        self.steps = steps;
        self.places = all.iter().enumerate().map(|(place, (path, ..))| (path.clone(), place)).collect();
        let groups = &self.groups;
        let slot = |(path, shape, steps, values): (String, Shape, u64, Vec<Vec<T>>)| {
            let group = groups.of(&path);
            Slot { path, shape, steps, values, group }
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
