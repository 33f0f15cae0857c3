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

/// The most elements of which one sum is made before it goes on in `f64`, and the lanes on which they are added.
const RUN: usize = 1024;
const LANES: usize = 32;
/// About how many elements are worked through in a nanosecond.
const PER_NANOSECOND: usize = 4;

/// The mean and the (biased) variance of every channel of `x`, whose runs have `inner` elements.
pub(crate) fn moments<T: Scalar>(x: &[T], channels: usize, inner: usize) -> [Vec<T>; 2] {
    let mut moments = vec![[T::zero(); 2]; channels];
    if x.is_empty() {
        // No mean of nothing.
        moments.fill([T::nan(); 2]);
    } else if inner == 1 {
        let about = &x[..channels];
        let count = x.len() / channels;
        let first = sums_of_columns(x, x, about, deviations);
        let means: Vec<T> = about.iter().zip(first).map(|(&about, sums)| mean(about, sums, count)).collect();
        let second = sums_of_columns(x, x, &means, deviations);
        for ((moments, mean), sums) in moments.iter_mut().zip(means).zip(second) {
            *moments = [mean, variance(sums, count)];
        }
    } else {
        threads::for_each_rows(&mut moments, 1, x.len() / PER_NANOSECOND, |first, moments| {
            on_widest(Moments { x, channels, inner, first, moments });
        });
    }
    [0, 1].map(|i| moments.iter().map(|moments| moments[i]).collect())
}

/// The mean of so many numbers from the sum of what they are away from another.
#[inline(always)]
fn mean<T: Scalar>(about: T, [sum, _]: [f64; 2], count: usize) -> T {
    T::of(about.into() + sum / count as f64)
}

/// The variance from the sums of the deviations from a mean, and of their squares.
#[inline(always)]
fn variance<T: Scalar>([sum, squares]: [f64; 2], count: usize) -> T {
    // What the mean was rounded by.
    let off = sum / count as f64;
    let variance = squares / count as f64 - off * off;
    // Rounding may lead below 0; NaN is not below, and stays.
    T::of(if variance < 0.0 { 0.0 } else { variance })
}

/// The sums of `dy` and of `dy (x - mean)` of every channel.
pub(crate) fn cotangent_sums<T: Scalar>(x: &[T], dy: &[T], means: &[T], inner: usize) -> Vec<[f64; 2]> {
    if inner == 1 {
        return sums_of_columns(x, dy, means, cotangents);
    }
    let mut sums = vec![[0.0; 2]; means.len()];
    if !x.is_empty() {
        threads::for_each_rows(&mut sums, 1, x.len() / PER_NANOSECOND, |first, sums| {
            on_widest(Cotangents { x, dy, means, inner, first, sums });
        });
    }
    sums
}

/// `x - a`, and its square.
#[inline(always)]
fn deviations<T: Scalar>(x: T, _: T, a: T) -> [T; 2] {
    let off = x - a;
    [off, off * off]
}

/// `dy`, and `dy (x - a)`.
#[inline(always)]
fn cotangents<T: Scalar>(x: T, dy: T, a: T) -> [T; 2] {
    [dy, dy * (x - a)]
}

struct Moments<'a, T> {
    x: &'a [T],
    channels: usize,
    inner: usize,
    /// Moments of channels, and the number of the first.
    first: usize,
    moments: &'a mut [[T; 2]],
}

impl<T: Scalar> Loop for Moments<'_, T> {
    /// Each channel twice in turn, while it is in a near cache: from its first element on, so that nothing large has to cancel,
    /// and from the mean on after that.
    #[inline(always)]
    fn run(self) {
        let Moments { x, channels, inner, first, moments } = self;
        let count = x.len() / channels;
        for (channel, moments) in (first..).zip(moments) {
            let runs = Runs { x, dy: x, channels, inner, channel };
            let about = x[channel * inner];
            let mean = mean(about, runs.sums(about, deviations), count);
            *moments = [mean, variance(runs.sums(mean, deviations), count)];
        }
    }
}

struct Cotangents<'a, T> {
    x: &'a [T],
    dy: &'a [T],
    means: &'a [T],
    inner: usize,
    /// Sums of channels, and the number of the first.
    first: usize,
    sums: &'a mut [[f64; 2]],
}

impl<T: Scalar> Loop for Cotangents<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Cotangents { x, dy, means, inner, first, sums } = self;
        for (channel, sums) in (first..).zip(sums) {
            let runs = Runs { x, dy, channels: means.len(), inner, channel };
            *sums = runs.sums(means[channel], cotangents);
        }
    }
}

/// A channel of two tensors, which has a run in each image.
struct Runs<'a, T> {
    x: &'a [T],
    dy: &'a [T],
    channels: usize,
    inner: usize,
    channel: usize,
}

impl<T: Scalar> Runs<'_, T> {
    /// The sums of two terms of all elements, which are in registers alone: on lanes that are folded by halves.
    #[inline(always)]
    fn sums(&self, a: T, terms: impl Fn(T, T, T) -> [T; 2]) -> [f64; 2] {
        let Runs { x, dy, channels, inner, channel } = *self;
        let mut whole = [0.0; 2];
        let runs = x.chunks_exact(inner).zip(dy.chunks_exact(inner)).skip(channel).step_by(channels);
        for (x, dy) in runs {
            for (x, dy) in x.chunks(RUN).zip(dy.chunks(RUN)) {
                let (mut ones, mut others) = ([T::zero(); LANES], [T::zero(); LANES]);
                let mut add = |x: &[T], dy: &[T]| {
                    for (((one, other), &x), &dy) in ones.iter_mut().zip(&mut others).zip(x).zip(dy) {
                        let [more_ones, more_others] = terms(x, dy, a);
                        *one += more_ones;
                        *other += more_others;
                    }
                };
                let (x, dy) = (x.chunks_exact(LANES), dy.chunks_exact(LANES));
                let rest = (x.remainder(), dy.remainder());
                x.zip(dy).for_each(|(x, dy)| add(x, dy));
                add(rest.0, rest.1);
                let mut half = LANES / 2;
                while half > 0 {
                    for i in 0..half {
                        ones[i] += ones[half + i];
                        others[i] += others[half + i];
                    }
                    half /= 2;
                }
                whole[0] += ones[0].into();
                whole[1] += others[0].into();
            }
        }
        whole
    }
}

/// The sums of two terms of every column of rows as long as `about`.
fn sums_of_columns<T: Scalar>(
    x: &[T],
    dy: &[T],
    about: &[T],
    terms: impl Fn(T, T, T) -> [T; 2] + Copy + Sync,
) -> Vec<[f64; 2]> {
    let mut sums = vec![[0.0; 2]; about.len()];
    if !x.is_empty() {
        threads::for_each_rows(&mut sums, 1, x.len() / PER_NANOSECOND, |first, sums| {
            on_widest(Columns { x, dy, about, terms, first, sums });
        });
    }
    sums
}

struct Columns<'a, T, F> {
    x: &'a [T],
    dy: &'a [T],
    about: &'a [T],
    terms: F,
    /// Sums of columns, and the number of the first.
    first: usize,
    sums: &'a mut [[f64; 2]],
}

impl<T: Scalar, F: Fn(T, T, T) -> [T; 2]> Loop for Columns<'_, T, F> {
    #[inline(always)]
    fn run(self) {
        let Columns { x, dy, about, terms, first, sums } = self;
        let columns = first..first + sums.len();
        let mine = &about[columns.clone()];
        for (x, dy) in x.chunks_exact(about.len()).zip(dy.chunks_exact(about.len())) {
            for (((sums, &a), &x), &dy) in
                sums.iter_mut().zip(mine).zip(&x[columns.clone()]).zip(&dy[columns.clone()])
            {
                let [one, other] = terms(x, dy, a);
                sums[0] += one.into();
                sums[1] += other.into();
            }
        }
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
