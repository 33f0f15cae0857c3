//! What was shown to a [`Record`], kept in memory: for going back without a file.

use super::archive::Archive;
use super::error::FileErrorKind;
use super::record::{Record, restore, save, visit};
use autograd::Scalar;
use std::collections::BTreeMap;

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

    /// Gives back what was shown by the same function; or says what does not fit it, and changes nothing.
    pub(crate) fn restore(&self, what: &mut dyn FnMut(&mut Record<'_, T>)) -> Result<(), FileErrorKind> {
        restore(&self.0, what)
    }

    /// Shows itself, as a whole.
    pub(crate) fn remember(&mut self, record: &mut Record<'_, T>) {
        let pairs = self.0.metadata.iter().map(|(name, text)| format!("{name}{}{text}", BETWEEN[1]));
        let text = pairs.collect::<Vec<_>>().join(&BETWEEN[0].to_string());
        if let Some(metadata) = record.parsed(VALUES, text, values) {
            self.0.metadata = metadata;
        }
        record.tensors(TENSORS, &mut self.0.tensors);
    }

    /// Tells a record that is restored what of the memory that it has could not be given back to what is shown.
    pub(crate) fn must_fit(record: &mut Record<'_, T>, what: &mut dyn FnMut(&mut Record<'_, T>)) {
        let Some(tensors) = record.listed(TENSORS).filter(|tensors| !tensors.is_empty()) else { return };
        let metadata = record.now(VALUES).and_then(|text| values(&text)).unwrap_or_default();
        for problem in visit(&Archive { tensors, metadata }, what, false) {
            record.problem(format!("in {}: {problem}", record.full(KEPT)));
        }
    }
}

const KEPT: &str = "kept";
const VALUES: &str = "kept.values";
const TENSORS: &str = "kept.tensors";

/// What stands between two values, and between the name of one and its text.
const BETWEEN: [char; 2] = ['\u{1e}', '\u{1f}'];

/// The values by their names, as a record has them in one text.
fn values(text: &str) -> Option<BTreeMap<String, String>> {
    let pairs = text.split(BETWEEN[0]).filter(|pair| !pair.is_empty());
    let pair =
        |pair: &str| pair.split_once(BETWEEN[1]).map(|(name, text)| (name.to_owned(), text.to_owned()));
    pairs.map(pair).collect()
}
