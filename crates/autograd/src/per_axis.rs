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
    Few(Count, [T; FEW]),
    /// More than fit.
    Many(Box<[T]>),
}

/// A number up to [`FEW`]. It fills a word, so that lists are moved by whole words: what is written in pieces and read as one waits
/// until it has reached the cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Count {
    Zero,
    One,
    Two,
    Three,
    Four,
}

impl Count {
    #[inline]
    fn new(len: usize) -> Option<Self> {
        match len {
            0 => Some(Count::Zero),
            1 => Some(Count::One),
            2 => Some(Count::Two),
            3 => Some(Count::Three),
            FEW => Some(Count::Four),
            _ => None,
        }
    }
}

impl<T: Copy + Default> PerAxis<T> {
    /// `len` times the default.
    #[inline]
    pub(crate) fn defaults(len: usize) -> Self {
        match Count::new(len) {
            Some(count) => PerAxis::Few(count, [T::default(); FEW]),
            None => PerAxis::Many(vec![T::default(); len].into()),
        }
    }
}

impl<T: Copy> PerAxis<T> {
    /// A list as long as this one, each of whose entries is what `join` makes of `last` and the entries behind it, the last of them first.
    /// (Few entries are all worked out in registers and written once.)
    #[inline]
    pub(crate) fn of_those_behind<S: Copy + Default>(&self, last: S, join: impl Fn(S, T) -> S) -> PerAxis<S> {
        let mut joined = last;
        let mut next = |entry| {
            let before = joined;
            joined = join(joined, entry);
            before
        };
        match self {
            PerAxis::Few(count, entries) => {
                let mut list = [S::default(); FEW];
                for i in (0..FEW).rev() {
                    if i < *count as usize {
                        list[i] = next(entries[i]);
                    }
                }
                PerAxis::Few(*count, list)
            }
            PerAxis::Many(entries) => {
                let mut list = vec![last; entries.len()];
                list.iter_mut().zip(entries).rev().for_each(|(s, &entry)| *s = next(entry));
                PerAxis::Many(list.into())
            }
        }
    }
}

impl<T> Deref for PerAxis<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            PerAxis::Few(len, entries) => &entries[..*len as usize],
            PerAxis::Many(entries) => entries,
        }
    }
}

impl<T> DerefMut for PerAxis<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            PerAxis::Few(len, entries) => &mut entries[..*len as usize],
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
        let mut entries = entries.into_iter();
        let mut few = [T::default(); FEW];
        let mut len = 0;
        for entry in entries.by_ref() {
            if len == FEW {
                return PerAxis::Many(few.into_iter().chain([entry]).chain(entries).collect());
            }
            few[len] = entry;
            len += 1;
        }
        PerAxis::Few(Count::new(len).expect("no more than fit"), few)
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

    #[test]
    fn those_behind_are_joined_from_the_last_one_on() {
        let lists = [vec![], vec![2], vec![2, 3], vec![2, 3, 5, 7], vec![2, 3, 5, 7, 11, 13]];
        for entries in lists {
            let behind = PerAxis::from(&entries[..]).of_those_behind(100, |sum: i32, entry| 2 * sum + entry);
            let from = |i: usize| entries[i + 1..].iter().rev().fold(100, |sum, entry| 2 * sum + entry);
            assert_eq!(behind, (0..entries.len()).map(from).collect());
        }
    }
}
