//! Subscripts: `x.i((.., 1..3, -1))` takes all of the leading axes, a range of the last but one, and one place of the last.
//!
//! An entry stands for an axis, from the first on; what it may be is an [`Entry`]. The axes that no entry stands for are taken
//! whole. The result is one view, whatever the entries.

use crate::error::{OrPanic, ShapeError};
use crate::layout::Layout;
use crate::onnx::{Operands, Value};
use crate::op::AnyOp;
use crate::ops::slice::{Slice, resolve, sliced};
use crate::ops::view::Viewing;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::ops::{Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// What a subscript takes of an axis.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::{Entry, Subscript}};
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// // How many axes come before is known only when the program runs.
/// let first_along = |axis: usize| {
///     let whole = Entry::Range { bounds: (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded), step: 1 };
///     let entries = [vec![whole; axis], vec![Entry::Place(0), Entry::Rest]].concat();
///     Subscript { entries }.apply_to(&[&x])
/// };
/// assert_eq!((first_along(0).to_vec(), first_along(1).to_vec()), (vec![1.0, 2.0, 3.0], vec![1.0, 4.0]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// One place; the axis disappears. Below 0 it counts from the end.
    Place(isize),
    /// A range of places, by steps; of a negative step, from the range's last place backwards.
    Range {
        /// The bounds; below 0 they count from the end.
        bounds: (Bound<isize>, Bound<isize>),
        /// From one place to the next.
        step: isize,
    },
    /// `..`: all of the axes that no other entry stands for, however many.
    Rest,
    /// A new axis of size 1.
    New,
}

/// The elements that a subscript names.
///
/// ```
/// use autograd::{AnyOp, Tensor, ops::{Entry, Subscript}};
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
/// let y = Subscript { entries: vec![Entry::Rest, Entry::Place(-1)] }.apply_to(&[&x]); // `x.i((.., -1))`
/// assert_eq!(y.to_vec(), [2.0, 4.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0, 0.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Subscript {
    /// What is taken of each axis, from the first on.
    pub entries: Vec<Entry>,
}

impl Viewing for Subscript {
    fn layout(&self, x: &Layout) -> Result<Layout, ShapeError> {
        let (shape, entries) = (x.shape(), &self.entries);
        let count = |what: Entry| entries.iter().filter(|entry| **entry == what).count();
        let (rests, named) = (count(Entry::Rest), entries.len() - count(Entry::Rest) - count(Entry::New));
        if rests > 1 {
            return Err(ShapeError::new("`..` stands for all other axes, so it stands once")
                .operand("input", shape, "")
                .help("`0..` takes all of one axis"));
        }
        let Some(others) = shape.rank().checked_sub(named) else {
            return Err(ShapeError::new(format!("{named} entries, but {} axes", shape.rank()))
                .operand("input", shape, "")
                .help("an entry stands for an axis, but for `..` and `NewAxis`"));
        };
        // Where we are in the input, and in what is made of it.
        let (mut axis, mut at) = (0, 0);
        let mut layout = x.clone();
        for entry in entries {
            match *entry {
                Entry::Place(place) => {
                    let size = shape[axis];
                    let from_start = if place < 0 { place.wrapping_add(size as isize) } else { place };
                    if !(0..size as isize).contains(&from_start) {
                        return Err(ShapeError::new(format!("there is no place {place} on axis {axis}"))
                            .operand("input", shape, format!("axis {axis} is {size}"))
                            .help("places run from 0, or from -1 counted from the end"));
                    }
                    layout = layout.slice(at, from_start as usize, 1, 1)?.without(at);
                    axis += 1;
                }
                Entry::Range { bounds, step } => {
                    let slice = resolve(bounds, step, axis, shape)?;
                    layout = layout.slice(at, slice.start, slice.len, slice.step)?;
                    (axis, at) = (axis + 1, at + 1);
                }
                Entry::Rest => (axis, at) = (axis + others, at + others),
                Entry::New => {
                    layout = layout.with_new(at);
                    at += 1;
                }
            }
        }
        Ok(layout)
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let shape = x.shape(0);
        let named = |entry: &&Entry| !matches!(entry, Entry::Rest | Entry::New);
        let others = shape.rank() - self.entries.iter().filter(named).count();
        let (mut axis, mut slices) = (0, Vec::new());
        for entry in &self.entries {
            match *entry {
                Entry::Place(place) => {
                    let start = if place < 0 { place + shape[axis] as isize } else { place };
                    slices.push(Slice { axis, start: start.unsigned_abs(), len: 1, step: 1 });
                    axis += 1;
                }
                Entry::Range { bounds, step } => {
                    slices.push(resolve(bounds, step, axis, shape).or_panic());
                    axis += 1;
                }
                Entry::Rest => axis += others,
                Entry::New => {}
            }
        }
        let y = sliced(&x[0], shape, &slices);
        let keeps_axes = |entry: &Entry| matches!(entry, Entry::Range { .. } | Entry::Rest);
        if self.entries.iter().all(keeps_axes) { y } else { y.reshape(x.output().dims()) }
    }
}

/// Every so manieth place of a range: `By(1..8, 2)` is 1, 3, 5, 7, and `By(1..8, -2)` is 7, 5, 3, 1.
///
/// ```
/// use autograd::{By, Tensor};
/// let x = Tensor::<f64>::arange(10);
/// assert_eq!(x.i(By(1..8, 2)).to_vec(), [1.0, 3.0, 5.0, 7.0]);
/// assert_eq!(x.i(By(1..8, -2)).to_vec(), [7.0, 5.0, 3.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct By<R>(
    /// The range.
    pub R,
    /// The step, not 0.
    pub isize,
);

/// A new axis of size 1 in a [subscript](Tensor::i).
///
/// ```
/// use autograd::{NewAxis, Tensor};
/// let x = Tensor::from([1.0, 5.0]);
/// let differences = x.i((.., NewAxis)) - x.i((NewAxis, ..));
/// assert_eq!(differences.to_vec(), [0.0, -4.0, 4.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NewAxis;

/// A whole number that names a place: `i32`, `isize` or `usize`.
///
/// ```
/// use autograd::ops::Whole;
/// assert_eq!((3_usize.whole(), (-1_i32).whole()), (3, -1));
/// assert_eq!(usize::MAX.whole(), isize::MAX); // no axis has such a place
/// ```
pub trait Whole: Copy {
    /// The same number. What does not fit lies outside every axis.
    fn whole(self) -> isize;
}

impl Whole for i32 {
    fn whole(self) -> isize {
        self as isize
    }
}

impl Whole for isize {
    fn whole(self) -> isize {
        self
    }
}

impl Whole for usize {
    fn whole(self) -> isize {
        self.try_into().unwrap_or(isize::MAX)
    }
}

/// What may be written for an [`Entry`]: a whole number, a range, a range [by steps](By), `..`, or a [`NewAxis`].
///
/// ```
/// use autograd::{NewAxis, Tensor, ops::{Entry, IntoEntry}};
/// assert_eq!([(-1).into_entry(), (..).into_entry(), NewAxis.into_entry()], [Entry::Place(-1), Entry::Rest, Entry::New]);
/// fn of_all_rows(x: &Tensor, columns: impl IntoEntry) -> Vec<f32> {
///     x.i((.., columns)).to_vec()
/// }
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!((of_all_rows(&x, -1), of_all_rows(&x, 1..)), (vec![3.0, 6.0], vec![2.0, 3.0, 5.0, 6.0]));
/// ```
pub trait IntoEntry {
    /// The entry that is meant.
    fn into_entry(self) -> Entry;
}

impl<W: Whole> IntoEntry for W {
    fn into_entry(self) -> Entry {
        Entry::Place(self.whole())
    }
}

impl IntoEntry for RangeFull {
    fn into_entry(self) -> Entry {
        Entry::Rest
    }
}

impl IntoEntry for By<RangeFull> {
    fn into_entry(self) -> Entry {
        Entry::Range { bounds: (Bound::Unbounded, Bound::Unbounded), step: self.1 }
    }
}

impl IntoEntry for NewAxis {
    fn into_entry(self) -> Entry {
        Entry::New
    }
}

/// The kinds of ranges, each alone and by steps.
macro_rules! ranges {
    ($($range:ident)*) => {$(
        impl<W: Whole> IntoEntry for $range<W> {
            fn into_entry(self) -> Entry {
                By(self, 1).into_entry()
            }
        }

        impl<W: Whole> IntoEntry for By<$range<W>> {
            fn into_entry(self) -> Entry {
                let By(range, step) = self;
                let bounds = (range.start_bound().map(|i| i.whole()), range.end_bound().map(|i| i.whole()));
                Entry::Range { bounds, step }
            }
        }
    )*};
}
ranges!(Range RangeFrom RangeTo RangeInclusive RangeToInclusive);

/// What may be written for a [`Subscript`]: an entry, or up to six of them in a tuple.
///
/// ```
/// use autograd::ops::{Entry, IntoSubscript};
/// assert_eq!(7.into_subscript().entries, [Entry::Place(7)]);
/// assert_eq!((.., -1).into_subscript().entries, [Entry::Rest, Entry::Place(-1)]);
/// ```
pub trait IntoSubscript {
    /// The subscript that is meant.
    fn into_subscript(self) -> Subscript;
}

impl<E: IntoEntry> IntoSubscript for E {
    fn into_subscript(self) -> Subscript {
        Subscript { entries: vec![self.into_entry()] }
    }
}

/// Tuples of each length.
macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first: IntoEntry, $($rest: IntoEntry),*> IntoSubscript for ($first, $($rest,)*) {
            fn into_subscript(self) -> Subscript {
                #[expect(non_snake_case, reason = "an entry is called as its type")]
                let ($first, $($rest,)*) = self;
                Subscript { entries: vec![$first.into_entry(), $($rest.into_entry()),*] }
            }
        }
        tuples!($($rest)*);
    };
    () => {};
}
tuples!(A B C D E F);

/// Subscripts.
impl<T: Scalar> Tensor<T> {
    /// The elements that a subscript names, an entry for each axis from the first on. A view. An entry is
    /// - a whole number: the axis disappears;
    /// - a range, or [`By`] a range and a step, which may be negative;
    /// - `..`, once: all axes that no other entry stands for, as they are (NumPy's `...`); left out, they are the last. One whole axis
    ///   (NumPy's `:`) is `0..`;
    /// - [`NewAxis`]: an axis of size 1, for which there is none in this tensor.
    ///
    /// Negative numbers count from the end. (Clippy takes a literal `1..-1` for an empty range, unless it is allowed
    /// `clippy::reversed_empty_ranges`.)
    ///
    /// ```
    /// use autograd::{By, NewAxis, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.i(-1).to_vec(), [4.0, 5.0, 6.0]);
    /// assert_eq!(x.i((.., 1)).to_vec(), [2.0, 5.0]);
    /// assert_eq!(x.i((0, 1..)).to_vec(), [2.0, 3.0]);
    /// assert_eq!(x.i((.., By(.., -2))).to_vec(), [3.0, 1.0, 6.0, 4.0]);
    /// assert_eq!(x.i((.., NewAxis, -1)).dims(), [2, 1]);
    /// let images = Tensor::<f32>::zeros([8, 3, 28, 20]);
    /// assert_eq!(images.i((.., 0)).dims(), [8, 3, 28]); // the first column of all
    /// assert_eq!(images.i((0.., 0)).dims(), [8, 28, 20]); // the first channel of all
    /// ```
    ///
    /// # Panics
    /// If there are more entries than axes, a place or range does not lie in its axis, or a step is 0.
    #[doc(alias("getitem", "index"))]
    #[track_caller]
    pub fn i(&self, subscript: impl IntoSubscript) -> Self {
        subscript.into_subscript().apply_to(&[self])
    }
}
