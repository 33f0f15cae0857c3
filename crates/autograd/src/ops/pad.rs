//! Axes made longer at their ends: by a number, which is the adjoint of a slice, or by elements that are there, which is a gather.

use crate::array::Array;
use crate::error::OrPanic;
use crate::onnx::{self, Value};
use crate::op::Op;
use crate::ops::subscript::{Entry, Subscript};
use crate::ops::unview::Unview;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::ops::Bound;

/// What is put at the ends of an axis.
///
/// ```
/// use autograd::{Padding, Tensor};
/// let padded = |padding| Tensor::from([1.0, 2.0, 3.0]).pad(&[(2, 1)], padding).to_vec();
/// assert_eq!(padded(Padding::Constant(9.0)), [9.0, 9.0, 1.0, 2.0, 3.0, 9.0]);
/// assert_eq!(padded(Padding::Reflect), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
/// assert_eq!(padded(Padding::Replicate), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// A number.
    Constant(f64),
    /// The elements mirrored at the first and at the last, which are not repeated: `c b | a b c d | c b`.
    Reflect,
    /// The first and the last element: `a a | a b c d | d d`.
    Replicate,
}

/// Padding.
impl<T: Scalar> Tensor<T> {
    /// Axes made longer: for each of the last axes, how many elements come before and behind those that are there.
    ///
    /// ```
    /// use autograd::{Padding, Tensor};
    /// let x = Tensor::from([[1.0, 2.0, 3.0]]);
    /// assert_eq!(x.pad(&[(1, 2)], Padding::Constant(0.0)).to_vec(), [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
    /// assert_eq!(x.pad(&[(1, 2)], Padding::Reflect).to_vec(), [2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    /// assert_eq!(x.pad(&[(1, 0), (0, 0)], Padding::Replicate).dims(), [2, 3]);
    /// ```
    ///
    /// # Panics
    /// If there are more pairs than axes, there is nothing to replicate, or an axis is to be reflected by its size or more.
    #[track_caller]
    pub fn pad(&self, widths: &[(usize, usize)], padding: Padding) -> Self {
        let Some(first) = self.rank().checked_sub(widths.len()) else {
            panic!(
                "pad: {} pairs of widths, but {} axes in shape {}\n  help: give a pair for each of the last axes",
                widths.len(),
                self.rank(),
                self.shape()
            )
        };
        let axes = widths.iter().enumerate().map(|(i, &widths)| (first + i, widths));
        let y = match padding {
            Padding::Constant(value) => self.padded_by(first, widths, T::of(value)),
            _ => {
                let mut padded = self.clone();
                for (axis, widths) in axes.filter(|(_, widths)| *widths != (0, 0)) {
                    padded =
                        padded.index_select(axis as isize, &places(padding, axis, padded.shape(), widths));
                }
                padded
            }
        };
        onnx::define("pad", y.array(), || {
            let around = |side: fn(&(usize, usize)) -> usize| {
                std::iter::repeat_n(0, first).chain(widths.iter().map(move |widths| side(widths) as i64))
            };
            let widths = Value::ints(around(|(before, _)| *before).chain(around(|(_, behind)| *behind)));
            let x = Value::of(self.array());
            match padding {
                Padding::Constant(value) => {
                    Value::node("Pad", &[&x, &widths, &Value::number(value)], &[("mode", "constant".into())])
                }
                Padding::Reflect => Value::node("Pad", &[&x, &widths], &[("mode", "reflect".into())]),
                Padding::Replicate => Value::node("Pad", &[&x, &widths], &[("mode", "edge".into())]),
            }
        });
        y
    }

    /// A number around this tensor.
    #[track_caller]
    fn padded_by(&self, first: usize, widths: &[(usize, usize)], value: T) -> Self {
        let mut entries = vec![Entry::Rest];
        let (mut shape, inner) = self.shape().split_at(first);
        for (&size, &(before, behind)) in inner.dims().iter().zip(widths) {
            let end = before.saturating_add(size);
            let bounds = (Bound::Included(before as isize), Bound::Excluded(end as isize));
            entries.push(Entry::Range { bounds, step: 1 });
            shape = shape.join(&[end.saturating_add(behind)]);
        }
        let around = |x: &Self| {
            let view = Subscript { entries: entries.clone() };
            Unview { view, shape: shape.clone() }.try_apply([x]).map_err(|e| e.named("pad"))
        };
        let padded = around(self).or_panic();
        if value == T::zero() {
            return padded;
        }
        let outside = around(&Tensor::ones(self.shape())).or_panic().mask(|x| x == T::zero());
        padded.masked_fill(&outside, value)
    }
}

/// Where the elements of a padded axis come from.
#[track_caller]
fn places(padding: Padding, axis: usize, shape: &Shape, (before, behind): (usize, usize)) -> Array<usize> {
    let size = shape[axis];
    match padding {
        Padding::Reflect => assert!(
            before.max(behind) < size,
            "pad: axis {axis} of shape {shape} cannot be reflected by {before} and {behind}\n  help: both must be below its size, {size}"
        ),
        _ => assert!(
            size > 0,
            "pad: axis {axis} of shape {shape} is empty: it has no element to replicate\n  help: pad it by a constant"
        ),
    }
    let last = size - 1;
    let place = |i: usize| match (i.checked_sub(before), padding) {
        (Some(place), _) if place <= last => place,
        (Some(place), Padding::Reflect) => 2 * last - place,
        (None, Padding::Reflect) => before - i,
        (Some(_), _) => last,
        (None, _) => 0,
    };
    let padded = before.saturating_add(size).saturating_add(behind);
    Array::build([padded], |places| places.iter_mut().enumerate().for_each(|(i, to)| *to = place(i)))
        .map_err(|e| e.of("pad"))
        .or_panic()
}
