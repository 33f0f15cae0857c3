//! A short list with an entry for each axis of a tensor: its sizes, or its strides.
//!
//! Nearly all tensors have at most four axes. So many entries stand in the list itself, which is then copied and compared as
//! one piece, without a loop and without memory of its own.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// What a list holds without memory of its own.
const FEW: usize = 4;

/// An entry for each axis.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum PerAxis<T> {
    /// The number of entries, and these; behind them defaults, so that equal lists are equal throughout.
    Few(u8, [T; FEW]),
    /// More than fit.
    Many(Box<[T]>),
}

impl<T: Copy + Default> PerAxis<T> {
    /// `len` times the default.
    #[inline]
    pub(crate) fn defaults(len: usize) -> Self {
        match len {
            0..=FEW => PerAxis::Few(len as u8, [T::default(); FEW]),
            _ => PerAxis::Many(vec![T::default(); len].into()),
        }
    }

    /// Adds an entry. More than fit are copied for each: tensors of so many axes are rare.
    fn push(&mut self, entry: T) {
        match self {
            PerAxis::Few(len, entries) if usize::from(*len) < FEW => {
                entries[usize::from(*len)] = entry;
                *len += 1;
            }
            _ => *self = PerAxis::Many(self.iter().copied().chain([entry]).collect()),
        }
    }
}

impl<T> Deref for PerAxis<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            PerAxis::Few(len, entries) => &entries[..usize::from(*len)],
            PerAxis::Many(entries) => entries,
        }
    }
}

impl<T> DerefMut for PerAxis<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            PerAxis::Few(len, entries) => &mut entries[..usize::from(*len)],
            PerAxis::Many(entries) => entries,
        }
    }
}

impl<T: Copy + Default> From<&[T]> for PerAxis<T> {
    #[inline]
    fn from(entries: &[T]) -> Self {
        let mut list = Self::defaults(entries.len());
        list.copy_from_slice(entries);
        list
    }
}

impl<T: Copy + Default> FromIterator<T> for PerAxis<T> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut list = Self::defaults(0);
        entries.into_iter().for_each(|entry| list.push(entry));
        list
    }
}

impl<T: fmt::Debug> fmt::Debug for PerAxis<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_equal_if_their_entries_are_however_they_came_about() {
        for len in 0..7 {
            let entries: Vec<usize> = (1..=len).collect();
            let mut written = PerAxis::defaults(len);
            written.copy_from_slice(&entries);
            assert_eq!(written[..], entries);
            assert_eq!(written, PerAxis::from(&entries[..]));
            assert_eq!(written, entries.iter().copied().collect());
            if let Some(last) = written.last_mut() {
                *last = 0;
                assert_ne!(written, PerAxis::from(&entries[..]));
                assert_ne!(written, PerAxis::from(&entries[1..]));
            }
        }
    }
}
