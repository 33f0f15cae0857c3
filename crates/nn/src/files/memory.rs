//! What was shown to a [`Record`], kept in memory: for going back without a file.

use super::archive::Archive;
use super::record::{Record, restore, save};
use autograd::Scalar;

/// What was shown to a record once, in memory.
#[derive(Clone, Debug)]
pub(crate) struct Memory<T: Scalar>(Archive<T>);

impl<T: Scalar> Default for Memory<T> {
    fn default() -> Self {
        Memory(Archive::default())
    }
}

impl<T: Scalar> Memory<T> {
    /// What is shown now. Tensors share their memory until they change.
    pub(crate) fn of(what: &mut dyn FnMut(&mut Record<'_, T>)) -> Self {
        Memory(save(what))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.tensors.is_empty()
    }

    /// Gives back what was shown by the same function.
    pub(crate) fn restore(&self, what: &mut dyn FnMut(&mut Record<'_, T>)) {
        if let Err(kind) = restore(&self.0, what) {
            unreachable!("the same things are shown: {kind}");
        }
    }

    /// Shows itself, as a whole.
    pub(crate) fn remember(&mut self, record: &mut Record<'_, T>) {
        const BETWEEN: [char; 2] = ['\u{1e}', '\u{1f}'];
        let pairs = self.0.metadata.iter().map(|(name, text)| format!("{name}{}{text}", BETWEEN[1]));
        let text = pairs.collect::<Vec<_>>().join(&BETWEEN[0].to_string());
        let metadata = record.parsed("kept.values", text, |text| {
            let pairs = text.split(BETWEEN[0]).filter(|pair| !pair.is_empty());
            let pairs = pairs.map(|pair| {
                pair.split_once(BETWEEN[1]).map(|(name, text)| (name.to_owned(), text.to_owned()))
            });
            pairs.collect()
        });
        if let Some(metadata) = metadata {
            self.0.metadata = metadata;
        }
        record.tensors("kept.tensors", &mut self.0.tensors);
    }
}
