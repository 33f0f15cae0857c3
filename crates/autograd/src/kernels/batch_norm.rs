//! Batch normalisation: the mean and variance of each channel, what is made with them, and its gradients. The formulas are in
//! [`ops::BatchNorm`].
//!
//! A tensor is `[batch, channels, inner]`: a channel is a run of `inner` elements in each image. Sums go by channels, which threads
//! share, and on in `f64` after each run; all else goes by runs. Where runs are single elements, channels are columns, and
//! summed side by side.
//!
//! [`ops::BatchNorm`]: crate::ops::BatchNorm

use super::threads;
use super::widest::{Loop, on_widest};
use crate::scalar::Scalar;

/// The most elements of which one sum is made before it goes on in `f64`.
const RUN: usize = 512;
/// About how many elements are worked through in a nanosecond.
const PER_NANOSECOND: usize = 4;

/// What is summed over a channel, of an element of `x` and, where it says so, of another tensor.
#[derive(Clone, Copy)]
enum Term {
    /// `x - a`, and its square.
    Deviations,
    /// `dy`, and `dy (x - a)`.
    Cotangents,
}

/// The mean and the (biased) variance of every channel of `x`, whose runs have `inner` elements.
pub(crate) fn moments<T: Scalar>(x: &[T], channels: usize, inner: usize) -> [Vec<T>; 2] {
    let count = (x.len() / channels.max(1)) as f64;
    // From a first element on, so that nothing large has to cancel; and the deviations from the mean after that.
    let about: Vec<T> = (0..channels).map(|c| x.get(c * inner).copied().unwrap_or(T::zero())).collect();
    let first = sums(Term::Deviations, x, x, &about, inner);
    let means: Vec<T> =
        about.iter().zip(&first).map(|(&a, sums)| T::of(a.into() + sums[0] / count)).collect();
    let second = sums(Term::Deviations, x, x, &means, inner);
    let variance = |[sum, squares]: [f64; 2]| {
        // What the mean was rounded by.
        let off = sum / count;
        let variance = squares / count - off * off;
        // Rounding may lead below 0; NaN is not below, and stays.
        T::of(if variance < 0.0 { 0.0 } else { variance })
    };
    let variances = second.into_iter().map(variance).collect();
    [means, variances]
}

/// The sums of `dy` and of `dy (x - mean)` of every channel.
pub(crate) fn cotangent_sums<T: Scalar>(x: &[T], dy: &[T], means: &[T], inner: usize) -> Vec<[f64; 2]> {
    sums(Term::Cotangents, x, dy, means, inner)
}

fn sums<T: Scalar>(term: Term, x: &[T], dy: &[T], about: &[T], inner: usize) -> Vec<[f64; 2]> {
    let channels = about.len();
    let mut sums = vec![[0.0; 2]; channels];
    if x.is_empty() {
        return sums;
    }
    threads::for_each_rows(&mut sums, 1, x.len() / PER_NANOSECOND, |first, sums| {
        on_widest(Sums { term, x, dy, about, inner, first, sums });
    });
    sums
}

struct Sums<'a, T> {
    term: Term,
    x: &'a [T],
    dy: &'a [T],
    about: &'a [T],
    inner: usize,
    /// Channels, and the number of the first.
    first: usize,
    sums: &'a mut [[f64; 2]],
}

impl<T: Scalar> Loop for Sums<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Sums { term, x, dy, about, inner, first, sums } = self;
        let channels = about.len();
        let about = &about[first..first + sums.len()];
        if inner == 1 {
            for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                let (x, dy) = (&x[first..][..sums.len()], &dy[first..][..sums.len()]);
                for (((sums, &a), &x), &dy) in sums.iter_mut().zip(about).zip(x).zip(dy) {
                    let [one, other] = terms(term, x, dy, a);
                    sums[0] += one.into();
                    sums[1] += other.into();
                }
            }
            return;
        }
        let mut room = [[T::zero(); RUN]; 2];
        let [ones, others] = &mut room;
        for (c, (sums, &a)) in sums.iter_mut().zip(about).enumerate() {
            let runs = x.chunks_exact(inner).zip(dy.chunks_exact(inner)).skip(first + c).step_by(channels);
            for (x, dy) in runs {
                for (x, dy) in x.chunks(RUN).zip(dy.chunks(RUN)) {
                    let (ones, others) = (&mut ones[..x.len()], &mut others[..x.len()]);
                    for (((one, other), &x), &dy) in ones.iter_mut().zip(&mut *others).zip(x).zip(dy) {
                        [*one, *other] = terms(term, x, dy, a);
                    }
                    sums[0] += T::sum_of_run(ones).into();
                    sums[1] += T::sum_of_run(others).into();
                }
            }
        }
    }
}

#[inline(always)]
fn terms<T: Scalar>(term: Term, x: T, dy: T, a: T) -> [T; 2] {
    let off = x - a;
    match term {
        Term::Deviations => [off, off * off],
        Term::Cotangents => [dy, dy * off],
    }
}

/// Writes `(x - about) factor + shift`, or with `dy` `dy factor + (x - about) slope + shift`, with numbers for each channel.
pub(crate) struct Affine<'a, T> {
    pub(crate) x: &'a [T],
    pub(crate) dy: Option<&'a [T]>,
    /// For each channel: what is subtracted, the factor of `x` or `dy`, the factor of `x - about` beside `dy`, and what is added.
    pub(crate) of: &'a [[T; 4]],
    pub(crate) inner: usize,
}

impl<T: Scalar> Affine<'_, T> {
    pub(crate) fn write(&self, y: &mut [T]) {
        // Whole rows of channels if runs are single elements.
        let width = if self.inner == 1 { self.of.len() } else { self.inner };
        if y.is_empty() {
            return;
        }
        threads::for_each_rows(y, width, y.len() / PER_NANOSECOND, |first, y| {
            on_widest(Rows { all: self, first: first * width, y });
        });
    }
}

struct Rows<'a, 'b, T> {
    all: &'a Affine<'b, T>,
    /// Outputs, and the number of the first.
    first: usize,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for Rows<'_, '_, T> {
    #[inline(always)]
    fn run(self) {
        let Rows { all: &Affine { x, dy, of, inner, .. }, first, y } = self;
        let x = &x[first..][..y.len()];
        let dy = dy.map(|dy| &dy[first..][..y.len()]);
        if inner == 1 {
            for (i, y) in y.chunks_exact_mut(of.len()).enumerate() {
                let place = i * of.len();
                for (c, (y, &[about, factor, slope, shift])) in y.iter_mut().zip(of).enumerate() {
                    let off = x[place + c] - about;
                    *y = match dy {
                        None => off * factor + shift,
                        Some(dy) => dy[place + c] * factor + off * slope + shift,
                    };
                }
            }
            return;
        }
        for (i, (x, y)) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)).enumerate() {
            let [about, factor, slope, shift] = of[(first / inner + i) % of.len()];
            match dy {
                None => x.iter().zip(y).for_each(|(&x, y)| *y = (x - about) * factor + shift),
                Some(dy) => {
                    for ((&x, &dy), y) in x.iter().zip(&dy[i * inner..][..inner]).zip(y) {
                        *y = dy * factor + (x - about) * slope + shift;
                    }
                }
            }
        }
    }
}
