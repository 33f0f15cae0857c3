//! What an optimizer or an average remembers of each parameter: a line of text, and a tensor for each slot.
//!
//! Rules go on from it without a look, so a file that claims something else than the program could have written is found out here, in
//! the visit that changes nothing. No claimed number is a number of things to make: a loop ends where the file has no more.

use super::believed::MOST;
use super::{Record, Way};
use crate::optim::State;
use autograd::{Scalar, Shape, Tensor};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::iter::successors;

/// Slots that are there as soon as anything is remembered of a parameter: those of averages and of `Lookahead`.
const ALWAYS: [&str; 2] = ["mean", "slow"];

/// How many numbers the slot of this name has for a parameter of this shape; `None` if no rule of ours has such a slot, or no tensor this
/// shape. Rules of users may make theirs as long as they like.
fn length(slot: &str, shape: &Shape) -> Option<usize> {
    let size = shape.try_size().ok()?;
    match (slot, shape.dims()) {
        // Adafactor's means over the columns and the rows of matrices.
        ("rows", [.., _, columns]) => Some(size / (*columns).max(1)),
        ("columns", [.., rows, _]) => Some(size / (*rows).max(1)),
        ("columns", _) => Some(0),
        // NAdam's product of momenta.
        ("product", _) => Some(size.min(1)),
        (
            "a" | "largest v" | "m" | "mean" | "momentum" | "rows" | "s" | "slow" | "u" | "v" | "velocity",
            _,
        ) => Some(size),
        _ => None,
    }
}

/// Which parameters a visit was shown, and what is said to be remembered of which.
///
/// A state does not say which module its paths are of. So a path is looked for at the end of all names that were shown; and since a module
/// may have been shown in parts, a part's path may be the end of it; that of a single parameter is empty.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The shapes of parameters, by all ends of their names.
    shown: HashMap<String, Vec<Shape>>,
    /// The same, by their paths in the module that was shown.
    parts: HashMap<String, Vec<Shape>>,
    /// The text where the claim is, the path, and the shape.
    claimed: Vec<(String, String, Shape)>,
}

/// `a.b.c`, `b.c` and `c`.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    successors(Some(path), |path| path.split_once('.').map(|(_, rest)| rest))
}

impl Claims {
    /// A parameter, under its full name, with its path in its module.
    pub(super) fn see(&mut self, name: &str, path: &str, shape: &Shape) {
        let mut add = |map: fn(&mut Self) -> &mut HashMap<String, Vec<Shape>>, path: &str| {
            let shapes = map(self).entry(path.to_owned()).or_default();
            if !shapes.contains(shape) {
                shapes.push(shape.clone());
            }
        };
        ends(name).for_each(|end| add(|claims| &mut claims.shown, end));
        add(|claims| &mut claims.parts, path);
    }

    /// What cannot be true. Of parameters that were not shown nothing is known, except that their shape is one.
    pub(super) fn problems(&self) -> impl Iterator<Item = String> {
        self.claimed.iter().filter_map(|(text, path, shape)| {
            let Some(expected) = self.shown.get(path) else {
                let message = format!("of a shape that no tensor has: {text} has {shape} for {path:?}");
                return shape.try_size().is_err().then_some(message);
            };
            let parts = ends(path).skip(1).chain([""]).filter_map(|end| self.parts.get(end)).flatten();
            if expected.iter().chain(parts).any(|known| known == shape) {
                return None;
            }
            let expected: Vec<String> = expected.iter().map(Shape::to_string).collect();
            Some(format!(
                "of another shape: {text} has {shape} for {path:?}, expected {}",
                expected.join(" or ")
            ))
        })
    }
}

impl<T: Scalar> Record<'_, T> {
    /// What an optimizer or an average remembers of each parameter. Gives the paths and shapes of those of which it does, as the archive has
    /// them, when restoring.
    #[track_caller]
    pub(crate) fn state(&mut self, slots: &[&str], state: &mut State<T>) -> Vec<(String, Shape)> {
        let mut steps = state.steps();
        self.count("steps", &mut steps);
        self.same("storage", &state.storage());
        let mut text = String::new();
        for (path, shape, steps, count) in state.all() {
            let dims: Vec<String> = shape.dims().iter().map(usize::to_string).collect();
            writeln!(text, "{steps} {count} [{}] {path}", dims.join(",")).expect("memory");
        }
        self.value("parameters", &mut text);
        let text = self.now("parameters").unwrap_or(text);
        let (mut found, mut paths, full) = (Vec::new(), HashSet::new(), self.full("parameters"));
        for line in text.lines() {
            let Some((steps, count, shape, path)) = parameter(line) else {
                self.problem(format!("not to be read: {full} has {line:?}"));
                continue;
            };
            if !paths.insert(path) {
                self.problem(format!("twice: {full} has {path:?}, expected each path once"));
                continue;
            }
            if steps > MOST {
                self.problem(format!(
                    "too many steps: {full} has {steps} for {path:?}, expected at most {MOST}"
                ));
            }
            self.claim("parameters", path, &shape);
            let values = self.slots(slots, count, path, &shape, state);
            found.push((path.to_owned(), shape, steps, values));
        }
        let parameters = found.iter().map(|(path, shape, ..)| (path.clone(), shape.clone())).collect();
        if self.changes() {
            state.set_all(steps, found);
        }
        parameters
    }

    /// That the text of this name says a parameter of this path has this shape, which is compared with those that are shown.
    pub(crate) fn claim(&mut self, name: &str, path: &str, shape: &Shape) {
        let text = self.full(name);
        if let Way::Restore { claims, .. } = &mut self.way {
            claims.claimed.push((text, path.to_owned(), shape.clone()));
        }
    }

    /// The slots of a parameter: those that are to take the place of what they are in the state, if this visit changes something.
    #[track_caller]
    fn slots(
        &mut self,
        slots: &[&str],
        count: usize,
        path: &str,
        shape: &Shape,
        state: &State<T>,
    ) -> Vec<Vec<T>> {
        let mut values = Vec::new();
        for i in 0..count {
            let slot = slots.get(i).map_or_else(|| i.to_string(), |slot| (*slot).to_owned());
            let name = format!("{path}.{slot}");
            if i >= slots.len() && !self.has(&name) {
                self.problem(format!("missing: {}, of {count} slots", self.full(&name)));
                break;
            }
            // What the rule has made itself is as long as it makes it.
            let now = state.copy_of(path, i);
            let expected = now.as_ref().map(Vec::len).or_else(|| length(&slot, shape));
            let expected = expected.map(|n| Shape::from([n]));
            let now = now.unwrap_or_default();
            let len = now.len();
            let mut now = Tensor::from_vec(now, [len]).expect("as many numbers as it has");
            if let Some(read) = self.entry(&name, &mut now, expected.as_ref()) {
                values.push(read.to_vec());
            }
        }
        for slot in slots.iter().skip(count).filter(|slot| ALWAYS.contains(slot)) {
            self.problem(format!("missing: {}", self.full(&format!("{path}.{slot}"))));
        }
        values
    }

    /// Whether the archive has a tensor of this name; when saving, it will.
    fn has(&self, name: &str) -> bool {
        match &self.way {
            Way::Save(_) => true,
            Way::Restore { tensors, .. } => tensors.contains_key(self.full(name).as_str()),
        }
    }
}

/// The steps, the number of slots, the shape and the path in a line about a parameter.
fn parameter(line: &str) -> Option<(u64, usize, Shape, &str)> {
    let mut words = line.splitn(4, ' ');
    let (steps, count, dims, path) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let dims = dims.strip_prefix('[')?.strip_suffix(']')?;
    let dims = dims.split(',').filter(|dim| !dim.is_empty()).map(|dim| dim.parse().ok());
    Some((steps.parse().ok()?, count.parse().ok()?, dims.collect::<Option<Shape>>()?, path))
}

#[cfg(test)]
mod tests {
    use super::super::{restore, save};
    use crate::files::{Archive, Checkpoints, Record};
    use crate::testing::Folder;
    use crate::{
        Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Average, Callback, Lamb, Lion, Lookahead, Module,
        Muon, NAdam, Optimizer, Param, RAdam, RmsProp, Sgd, Split,
    };
    use autograd::Tensor;
    use expect_test::expect;

    fn param<const N: usize>(shape: [usize; N]) -> Param {
        Param::new(Tensor::ones(shape))
    }

    fn step<M: Module>(optimizer: &mut dyn Optimizer, module: &mut M) {
        let params = module.parameters();
        let squares = params.iter().map(|(_, param)| param.square().sum());
        let loss = squares.reduce(|a, b| a + b).expect("a parameter");
        optimizer.step(module, &loss.backward());
    }

    /// What is restored from a checkpoint of `nets` that was changed, with the right checksum: the problems, without the lines around
    /// them. Nothing is changed by them.
    fn problems<O: Optimizer>(new: impl Fn() -> O, change: impl Fn(&mut Archive)) -> String {
        let keep = |record: &mut Record<'_>, net: &mut Vec<Param>, optimizer: &mut O| {
            record.optimizer("opt", optimizer);
            record.module("model", net);
        };
        let (mut net, mut optimizer) = (vec![param([3])], new());
        step(&mut optimizer, &mut net);
        let mut archive = save(&mut |record| keep(record, &mut net, &mut optimizer));
        change(&mut archive);
        let folder = Folder::new();
        let mut checkpoints = Checkpoints::new(folder.path());
        let path = checkpoints.save(1, |record| {
            archive.metadata.iter().for_each(|(name, text)| record.value(name, &mut text.clone()));
            archive.tensors.iter_mut().for_each(|(name, tensor)| record.tensor(name, tensor));
        });
        let path = path.unwrap().display().to_string();
        let (mut other, mut fresh) = (vec![param([3])], new());
        let Err(error) = checkpoints.restore(|record| keep(record, &mut other, &mut fresh)) else {
            return "    none\n".into();
        };
        assert_eq!(error.file(), path);
        assert_eq!((other[0].to_vec(), fresh.lr()), (vec![1.0; 3], new().lr()));
        assert_eq!((fresh.state().steps(), fresh.state().all().count()), (0, 0));
        let text = error.to_string();
        let lines = text.lines().skip(1).filter(|line| !line.contains("help: "));
        lines.map(|line| format!("  {line}\n")).collect()
    }

    fn set(name: &'static str, text: &'static str) -> impl Fn(&mut Archive) {
        move |archive| {
            let known = archive.metadata.insert(name.into(), text.into());
            assert!(known.is_some(), "{name} is not among the texts");
        }
    }

    fn slot(name: &'static str, value: Tensor) -> impl Fn(&mut Archive) {
        move |archive| {
            let found = archive.tensors.iter_mut().find(|(known, _)| known == name);
            found.unwrap_or_else(|| panic!("{name} is not among the tensors")).1 = value.clone();
        }
    }

    /// Each of these was restored, and led to a panic, to weights that are no numbers, or to an end of all memory.
    /// What is counted on after a checkpoint must have room for more.
    #[test]
    fn nothing_has_happened_more_often_than_can_be_counted() {
        let limit = 1_u64 << 53;
        for (count, is_believed) in [(0, true), (limit, true), (limit + 1, false), (u64::MAX, false)] {
            let archive: Archive = save(&mut |record| record.value("seen", &mut { count }));
            let mut found = 7;
            let restored = restore(&archive, &mut |record| record.count("seen", &mut found));
            assert_eq!((restored.is_ok(), found), (is_believed, if is_believed { count } else { 7 }));
        }
    }

    #[test]
    fn a_checkpoint_that_nothing_honest_wrote_changes_nothing() {
        let adam = |change: &dyn Fn(&mut Archive)| problems(|| Adam::new(0.1), change);
        let line = |text: &'static str| adam(&set("opt.parameters", text));
        let cases = [
            ("as it was", adam(&|_| ())),
            ("a slot of four", adam(&slot("opt.0.v", Tensor::ones([4])))),
            ("a slot of one", adam(&slot("opt.0.m", Tensor::ones([1])))),
            ("a slot of two axes", adam(&slot("opt.0.m", Tensor::ones([3, 1])))),
            ("no rate", adam(&set("opt.lr", "NaN"))),
            ("an endless rate", adam(&set("opt.lr", "inf"))),
            ("a rate below 0", adam(&set("opt.lr", "-0.1"))),
            ("the most steps", adam(&set("opt.steps", "18446744073709551615"))),
            ("the most steps of one", line("18446744073709551615 2 [3] 0\n")),
            ("too large a shape, and slots as large", {
                adam(&|archive: &mut Archive| {
                    set("opt.parameters", "1 2 [4] 0\n")(archive);
                    slot("opt.0.m", Tensor::ones([4]))(archive);
                    slot("opt.0.v", Tensor::ones([4]))(archive);
                })
            }),
            ("a shape that overflows", line("1 2 [9223372036854775807,9] 0\n")),
            ("such a shape of another parameter", line("1 2 [3] 0\n1 0 [9223372036854775807,9] 1\n")),
            ("slots without end", line("1 4000000000000 [3] 0\n")),
            ("a path twice", line("1 2 [3] 0\n1 2 [3] 0\n")),
            ("no slots", problems(|| Lookahead::new(Sgd::new(0.1)), set("opt.parameters", "0 0 [3] 0\n"))),
            ("a long product", problems(|| NAdam::new(0.1), slot("opt.0.product", Tensor::ones([3])))),
            (
                "columns of a vector",
                problems(|| Adafactor::new(0.1), slot("opt.0.columns", Tensor::ones([3]))),
            ),
        ];
        let text: String = cases.iter().map(|(what, problems)| format!("{what}\n{problems}")).collect();
        expect![[r#"
            as it was
                none
            a slot of four
                of another shape: opt.0.v is [4], expected [3]
            a slot of one
                of another shape: opt.0.m is [1], expected [3]
            a slot of two axes
                of another shape: opt.0.m is [3, 1], expected [3]
            no rate
                not a learning rate: opt.lr is NaN, expected a finite number of at least 0
            an endless rate
                not a learning rate: opt.lr is inf, expected a finite number of at least 0
            a rate below 0
                not a learning rate: opt.lr is -0.1, expected a finite number of at least 0
            the most steps
                too many: opt.steps is 18446744073709551615, expected at most 9007199254740992
            the most steps of one
                too many steps: opt.parameters has 18446744073709551615 for "0", expected at most 9007199254740992
            too large a shape, and slots as large
                of another shape: opt.parameters has [4] for "0", expected [3]
            a shape that overflows
                of another shape: opt.parameters has [9223372036854775807, 9] for "0", expected [3]
            such a shape of another parameter
                of a shape that no tensor has: opt.parameters has [9223372036854775807, 9] for "1"
            slots without end
                missing: opt.0.2, of 4000000000000 slots
            a path twice
                twice: opt.parameters has "0", expected each path once
            no slots
                missing: opt.0.slow
                extra: opt.0.slow
            a long product
                of another shape: opt.0.product is [3], expected [1]
            columns of a vector
                of another shape: opt.0.columns is [3], expected [0]
        "#]].assert_eq(&text);
    }

    /// All rules, with parameters of all ranks, some of no elements.
    #[test]
    fn what_was_written_is_restored() {
        let sgd = || Sgd::new(0.1).momentum(0.9);
        let all: Vec<Box<dyn Fn() -> Box<dyn Optimizer>>> = vec![
            Box::new(|| Box::new(Adadelta::new(0.1))),
            Box::new(|| Box::new(Adafactor::new(0.1))),
            Box::new(|| Box::new(Adagrad::new(0.1))),
            Box::new(|| Box::new(Adam { amsgrad: true, ..Adam::new(0.1) })),
            Box::new(|| Box::new(AdamW::new(0.1))),
            Box::new(|| Box::new(Adamax::new(0.1))),
            Box::new(|| Box::new(Lamb::new(0.1))),
            Box::new(|| Box::new(Lion::new(0.1))),
            Box::new(|| Box::new(NAdam::new(0.1))),
            Box::new(|| Box::new(RAdam::new(0.1))),
            Box::new(|| Box::new(RmsProp { centered: true, momentum: 0.9, ..RmsProp::new(0.1) })),
            Box::new(|| Box::new(Sgd::new(0.0))),
            Box::new(move || Box::new(Lookahead::new(sgd()))),
            Box::new(|| Box::new(Split::new("*", Muon::new(0.1), Adafactor::new(0.1)).matrices())),
        ];
        for (i, new) in all.iter().enumerate() {
            let net =
                || (param([]), param([3]), param([2, 3]), param([2, 1, 4, 3]), param([0]), param([2, 0]));
            let (mut net, mut other, mut optimizer, mut fresh) = (net(), net(), new(), new());
            (0..3).for_each(|_| step(&mut optimizer, &mut net));
            let keep = |record: &mut Record<'_>, net: &mut _, optimizer: &mut Box<dyn Optimizer>| {
                record.optimizer("opt", optimizer);
                record.module("model", net);
            };
            let archive = save(&mut |record| keep(record, &mut net, &mut optimizer));
            let again = restore(&archive, &mut |record| keep(record, &mut other, &mut fresh));
            again.unwrap_or_else(|kind| panic!("optimizer {i}: {kind}"));
            assert!(fresh.state() == optimizer.state(), "optimizer {i}");
            step(&mut optimizer, &mut net);
            step(&mut fresh, &mut other);
            let values = |net: &dyn Module| -> Vec<Vec<f32>> {
                net.parameters().iter().map(|(_, param)| param.to_vec()).collect()
            };
            assert_eq!(values(&net), values(&other), "optimizer {i}");
        }
    }

    /// A part of what is shown is trained; or what is shown in parts, one of which has a path like one of the whole, in another shape.
    #[test]
    fn a_state_finds_its_parameters_wherever_they_are_shown() {
        let whole = || (param([5]), (param([4]), param([3])));
        let (mut net, mut other) = (whole(), whole());
        let (mut adam, mut fresh) = (Adam::new(0.1), Adam::new(0.1));
        step(&mut adam, &mut net.1);
        let archive = save(&mut |record| {
            record.module("model", &mut net);
            record.optimizer("opt", &mut adam);
        });
        let restored = restore(&archive, &mut |record| {
            record.module("model", &mut other);
            record.optimizer("opt", &mut fresh);
        });
        restored.unwrap();
        assert!(adam.state == fresh.state);

        let (mut adam, mut fresh) = (Adam::new(0.1), Adam::new(0.1));
        step(&mut adam, &mut net);
        let archive = save(&mut |record| {
            record.module("first", &mut net.0);
            record.module("rest", &mut net.1);
            record.optimizer("opt", &mut adam);
        });
        let restored = restore(&archive, &mut |record| {
            record.module("first", &mut other.0);
            record.module("rest", &mut other.1);
            record.optimizer("opt", &mut fresh);
        });
        restored.unwrap();
        assert!(adam.state == fresh.state);
    }

    #[test]
    fn an_average_has_its_means() {
        let (net, mut average) = (vec![param([3])], Average::ema(0.9));
        average.update(&net);
        let mut archive = save(&mut |record| average.remember(record));
        restore(&archive, &mut |record| Average::ema(0.9).remember(record)).unwrap();
        archive.metadata.insert("parameters".into(), "0 0 [3] 0\n".into());
        let error = restore(&archive, &mut |record| Average::ema(0.9).remember(record)).unwrap_err();
        assert!(error.to_string().contains("\n  missing: 0.mean\n"), "{error}");
    }

    /// Names are lines, one of which may be empty. Before, the last one had no end.
    #[test]
    fn tensors_have_any_names() {
        let names = |tensors: &[(String, Tensor)]| -> Vec<String> {
            tensors.iter().map(|(name, _)| name.clone()).collect()
        };
        let again = |archive: &Archive| {
            let mut found = vec![("old".to_owned(), Tensor::ones([3]))];
            restore(archive, &mut |record| record.tensors("kept", &mut found)).unwrap();
            names(&found)
        };
        let cases: [&[&str]; 6] = [&[], &[""], &["a"], &["a", "b.c"], &["", "a"], &["a", ""]];
        for case in cases {
            let mut tensors: Vec<(String, Tensor)> =
                case.iter().map(|name| ((*name).to_owned(), Tensor::ones([2]))).collect();
            let mut archive = save(&mut |record| record.tensors("kept", &mut tensors));
            assert_eq!(again(&archive), case);
            if case == ["a", "b.c"] {
                archive.metadata.insert("kept.names".into(), "a\nb.c".into());
                assert_eq!(again(&archive), case);
            }
        }
    }
}
