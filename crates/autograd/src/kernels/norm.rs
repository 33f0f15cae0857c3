//! Layer normalisation of rows, and its gradients in one pass over them. The formulas are in [`ops::LayerNorm`].
//!
//! What is summed over rows, the gradients of scale and shift, is summed in parts that follow from the shape, each in blocks
//! whose sums go on in `f64`: there may be millions of rows.
//!
//! [`ops::LayerNorm`]: crate::ops::LayerNorm

use super::widest::{Loop, on_widest};
use super::{lanes, threads};
use crate::scalar::Scalar;

/// Rows whose gradients of scale and shift are added before their sum goes on in `f64`.
const BLOCK: usize = 32;
/// The most parts that the rows are cut into.
const PARTS: usize = 32;

/// Writes `(x - mean) r scale + shift` of every row, as long as `scale` is.
pub(crate) fn layer_norm<T: Scalar>(x: &[T], scale: &[T], shift: &[T], epsilon: T, y: &mut [T]) {
    let n = scale.len().max(1);
    // About as many nanoseconds as there are numbers, four at a time.
    let nanoseconds = y.len() / 4;
    threads::for_each_rows(y, n, nanoseconds, |first, y| {
        let x = &x[first * n..][..y.len()];
        on_widest(Forward { x, scale, shift, epsilon, y });
    });
}

struct Forward<'a, T> {
    x: &'a [T],
    scale: &'a [T],
    shift: &'a [T],
    epsilon: T,
    y: &'a mut [T],
}

impl<T: Scalar> Loop for Forward<'_, T> {
    #[inline(always)]
    fn run(self) {
        let n = self.scale.len();
        for (x, y) in self.x.chunks_exact(n).zip(self.y.chunks_exact_mut(n)) {
            let centre = Centre::of(x, self.epsilon);
            for (((y, &x), &scale), &shift) in y.iter_mut().zip(x).zip(self.scale).zip(self.shift) {
                *y = centre.z(x) * scale + shift;
            }
        }
    }
}

/// What a row is brought to mean 0 and deviation 1 by. The mean is told from the first element, so that nothing large cancels, and the
/// elements of a constant row become 0.
#[derive(Clone, Copy)]
struct Centre<T> {
    first: T,
    mean: T,
    /// The reciprocal of the standard deviation.
    r: T,
}

impl<T: Scalar> Centre<T> {
    #[inline(always)]
    fn of(x: &[T], epsilon: T) -> Self {
        let (n, first) = (x.len() as f64, x[0]);
        let mean = T::of(lanes::sum([x], |[x]| x - first) / n);
        let off = |x: T| x - first - mean;
        let variance = T::of(lanes::sum([x], |[x]| off(x) * off(x)) / n);
        Centre { first, mean, r: (variance + epsilon).sqrt().recip() }
    }

    #[inline(always)]
    fn z(self, x: T) -> T {
        (x - self.first - self.mean) * self.r
    }
}

/// Writes the gradient of `x` to `dx`, and returns those of scale and shift.
pub(crate) fn layer_norm_back<T: Scalar>(
    x: &[T],
    scale: &[T],
    epsilon: T,
    dy: &[T],
    dx: &mut [T],
) -> [Vec<f64>; 2] {
    let n = scale.len().max(1);
    let stretch = (dx.len() / n).div_ceil(PARTS).max(BLOCK) * n;
    let nanoseconds = dx.len() / 2;
    let mut parts: Vec<Back<'_, T>> = dx
        .chunks_mut(stretch)
        .zip(x.chunks(stretch).zip(dy.chunks(stretch)))
        .map(|(dx, (x, dy))| Back { x, scale, epsilon, dy, dx, sums: [Vec::new(), Vec::new()] })
        .collect();
    threads::for_each_chunk(&mut parts, 1, nanoseconds, |_, part| on_widest(&mut part[0]));
    let mut sums = [vec![0.0; scale.len()], vec![0.0; scale.len()]];
    for part in parts {
        for (sums, more) in sums.iter_mut().zip(part.sums) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
    sums
}

struct Back<'a, T> {
    x: &'a [T],
    scale: &'a [T],
    epsilon: T,
    dy: &'a [T],
    dx: &'a mut [T],
    /// The gradients of scale and shift.
    sums: [Vec<f64>; 2],
}

impl<T: Scalar> Loop for &mut Back<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Back { x, scale, epsilon, dy, dx, sums } = self;
        let n = scale.len();
        let mut room = vec![T::zero(); 2 * n];
        let (dscale, dshift) = room.split_at_mut(n);
        *sums = [vec![0.0; n], vec![0.0; n]];
        let blocks = x.chunks(BLOCK * n).zip(dy.chunks(BLOCK * n)).zip(dx.chunks_mut(BLOCK * n));
        for ((x, dy), dx) in blocks {
            dscale.fill(T::zero());
            dshift.fill(T::zero());
            for ((x, dy), dx) in x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(dx.chunks_exact_mut(n)) {
                let centre = Centre::of(x, *epsilon);
                for (((dscale, dshift), &x), &dy) in dscale.iter_mut().zip(&mut *dshift).zip(x).zip(dy) {
                    *dscale += dy * centre.z(x);
                    *dshift += dy;
                }
                let g = lanes::sum([dy, *scale], |[dy, scale]| dy * scale);
                let gz = lanes::sum([x, dy, *scale], |[x, dy, scale]| dy * scale * centre.z(x));
                let [g, gz] = [g, gz].map(|sum| T::of(sum / n as f64));
                for (((dx, &x), &dy), &scale) in dx.iter_mut().zip(x).zip(dy).zip(*scale) {
                    *dx = centre.r * (dy * scale - g - centre.z(x) * gz);
                }
            }
            for (sums, block) in sums.iter_mut().zip([&*dscale, &*dshift]) {
                sums.iter_mut().zip(block).for_each(|(sum, &more)| *sum += more.into());
            }
        }
    }
}
