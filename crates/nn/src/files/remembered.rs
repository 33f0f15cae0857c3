//! What an optimizer or an average remembers, shown to a [`Record`].

use super::record::Record;
use crate::optim::State;
use autograd::{Scalar, Shape, Tensor};
use std::fmt::Write;

impl<T: Scalar> Record<'_, T> {
    /// What an optimizer or an average remembers of each parameter.
    #[track_caller]
    pub(crate) fn state(&mut self, slots: &[&str], state: &mut State<T>) {
        let mut steps = state.steps();
        self.value("steps", &mut steps);
        self.same("storage", &state.storage());
        let mut text = String::new();
        for (path, shape, steps, count) in state.all() {
            let dims: Vec<String> = shape.dims().iter().map(usize::to_string).collect();
            writeln!(text, "{steps} {count} [{}] {path}", dims.join(",")).expect("memory");
        }
        self.value("parameters", &mut text);
        let text = self.now("parameters").unwrap_or(text);
        let mut found = Vec::new();
        for line in text.lines() {
            let Some((steps, count, shape, path)) = parameter(line) else {
                self.problem(format!("not to be read: {} has {line:?}", self.full("parameters")));
                continue;
            };
            let mut values = Vec::new();
            for i in 0..count {
                let slot = slots.get(i).map_or_else(|| i.to_string(), |slot| (*slot).to_owned());
                let now = state.copy_of(path, i).unwrap_or_default();
                let len = now.len();
                let mut now = Tensor::from_vec(now, [len]).expect("as many numbers as it has");
                if let Some(read) = self.entry(&format!("{path}.{slot}"), &mut now, None) {
                    values.push(read.to_vec());
                }
            }
            found.push((path.to_owned(), shape, steps, values));
        }
        if self.changes() {
            state.set_all(steps, found);
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
