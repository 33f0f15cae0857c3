//! The update of a parameter: one pass over the weights, the gradient and what is remembered of it.

use super::map::Each;
use super::threads::{self, SendMut};
use crate::scalar::Scalar;
use std::array::from_fn;

/// Applies a rule to every element: from weight, gradient and `N` remembered numbers to the new weight and the new numbers.
/// In one pass, vectorised, and on several threads where it is long enough.
///
/// ```
/// use autograd::update_each;
/// let (mut w, mut velocity) = ([1.0, 2.0], [0.0, 1.0]);
/// update_each(&mut w, &[0.5, 0.5], [&mut velocity], |w, g, [v]| {
///     let v = 0.5 * v + g;
///     (w - v, [v])
/// });
/// assert_eq!((w, velocity), ([0.5, 1.0], [0.5, 1.0]));
/// ```
///
/// # Panics
/// If the slices are not equally long.
pub fn update_each<T: Scalar, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [T]; N],
    rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
) {
    update_all(w, g, slots, &AsTheyAre, &Rule(rule));
}

/// As [`update_each`], of weights that decay: the rule sees `shrink · w` for the weight `w`, and `g + pull · w` for the gradient `g`.
///
/// ```
/// use autograd::update_decayed;
/// let mut w = [1.0, 2.0];
/// update_decayed(&mut w, &[0.5, 0.5], [], [0.5, 0.25], |w, g, []| (w - g, []));
/// assert_eq!(w, [0.5 - 0.75, 1.0 - 1.0]);
/// ```
///
/// # Panics
/// If the slices are not equally long.
pub fn update_decayed<T: Scalar, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [T]; N],
    decay: [T; 2],
    rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
) {
    let [shrink, pull] = decay;
    update_all(w, g, slots, &AsTheyAre, &Decayed { shrink, pull, rule });
}

/// How what is remembered of an element is kept until the next step.
pub(super) trait Keep<T>: Sync {
    /// What is kept of a number.
    type Kept: Copy + Send;
    /// The number.
    fn read(&self, kept: Self::Kept) -> T;
    /// What is kept of the number of the element at this place, in this slot.
    fn keep(&self, x: T, place: usize, slot: usize) -> Self::Kept;
}

struct AsTheyAre;

impl<T: Scalar> Keep<T> for AsTheyAre {
    type Kept = T;

    #[inline(always)]
    fn read(&self, kept: T) -> T {
        kept
    }
    #[inline(always)]
    fn keep(&self, x: T, _: usize, _: usize) -> T {
        x
    }
}

/// Not a closure around the rule: the compiler would not copy both into the loop.
pub(super) struct Decayed<T, R> {
    pub(super) shrink: T,
    pub(super) pull: T,
    pub(super) rule: R,
}

impl<T: Scalar, R, const N: usize> Each<T, T, (T, [T; N]), 2, N> for Decayed<T, R>
where
    R: Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
{
    #[inline(always)]
    fn at(&self, [w, g]: [T; 2], slots: [T; N]) -> (T, [T; N]) {
        (self.rule)(w * self.shrink, g + self.pull * w, slots)
    }
}

struct Rule<R>(R);

impl<T, R, const N: usize> Each<T, T, (T, [T; N]), 2, N> for Rule<R>
where
    R: Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
{
    #[inline(always)]
    fn at(&self, [w, g]: [T; 2], slots: [T; N]) -> (T, [T; N]) {
        (self.0)(w, g, slots)
    }
}

/// As [`update_each`], by a rule that may be large.
pub(crate) fn update_with<T: Scalar, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [T]; N],
    rule: impl Each<T, T, (T, [T; N]), 2, N>,
) {
    update_all(w, g, slots, &AsTheyAre, &rule);
}

/// As [`update_each`], of remembered numbers that are kept in a way of their own.
pub(super) fn update_all<T: Scalar, K: Keep<T>, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [K::Kept]; N],
    keep: &K,
    rule: &impl Each<T, T, (T, [T; N]), 2, N>,
) {
    let len = w.len();
    let fits = g.len() == len && slots.iter().all(|slot| slot.len() == len);
    assert!(fits, "update_each: weights, gradient and what is remembered are not equally long");
    // Some tenths of a nanosecond an element, in whole cache lines.
    let nanoseconds = len * (N + 1) / 8;
    let stretch = len.div_ceil(threads::parts(nanoseconds)).next_multiple_of(64).max(64);
    let slots = slots.map(|slot| SendMut(slot.as_mut_ptr()));
    threads::for_each_chunk(w, stretch, nanoseconds, |i, w| {
        let first = i * stretch;
        // SAFETY: the stretches do not overlap, and each slot is as long as `w`, and borrowed for this call.
        let slots =
            from_fn(|n| unsafe { std::slice::from_raw_parts_mut(slots[n].get().add(first), w.len()) });
        update(w, &g[first..][..w.len()], slots, keep, first, rule);
    });
}

/// The inner loop, on the widest vectors of the machine. Its slices are arguments all the way: as fields of a [`Loop`] the compiler
/// would not know that they do not overlap, and the loop over three of them and more would not be vectorised.
///
/// [`Loop`]: super::widest::Loop
fn update<T: Scalar, K: Keep<T>, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [K::Kept]; N],
    keep: &K,
    first: usize,
    rule: &impl Each<T, T, (T, [T; N]), 2, N>,
) {
    #[cfg(all(target_arch = "x86_64", avx512))]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has AVX-512.
        return unsafe { update_avx512(w, g, slots, keep, first, rule) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { update_avx2(w, g, slots, keep, first, rule) };
    }
    update_over(w, g, slots, keep, first, rule);
}

/// # Safety
/// The processor must have AVX-512.
#[cfg(all(target_arch = "x86_64", avx512))]
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
#[target_feature(enable = "avx512f")]
unsafe fn update_avx512<T: Scalar, K: Keep<T>, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [K::Kept]; N],
    keep: &K,
    first: usize,
    rule: &impl Each<T, T, (T, [T; N]), 2, N>,
) {
    update_over(w, g, slots, keep, first, rule);
}

/// # Safety
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn update_avx2<T: Scalar, K: Keep<T>, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [K::Kept]; N],
    keep: &K,
    first: usize,
    rule: &impl Each<T, T, (T, [T; N]), 2, N>,
) {
    update_over(w, g, slots, keep, first, rule);
}

#[inline(always)]
fn update_over<T: Scalar, K: Keep<T>, const N: usize>(
    w: &mut [T],
    g: &[T],
    slots: [&mut [K::Kept]; N],
    keep: &K,
    first: usize,
    rule: &impl Each<T, T, (T, [T; N]), 2, N>,
) {
    let len = w.len();
    let g = &g[..len];
    for slot in &slots {
        assert_eq!(slot.len(), len);
    }
    for j in 0..len {
        let (new, kept) = rule.at([w[j], g[j]], from_fn(|n| keep.read(slots[n][j])));
        w[j] = new;
        for n in 0..N {
            slots[n][j] = keep.keep(kept[n], first + j, n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads::with_threads;

    #[test]
    fn every_element_is_updated_once_on_any_number_of_threads() {
        let rule = |w: f32, g: f32, [m, v]: [f32; 2]| {
            let (m, v) = (0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g);
            (w - 0.1 * m / (v.sqrt() + 1e-8), [m, v])
        };
        for len in [0, 1, 7, 64, 65, 1000, 100_003] {
            let g: Vec<f32> = (0..len).map(|i| (i % 13) as f32 - 6.0).collect();
            let start: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let expected: Vec<(f32, [f32; 2])> =
                start.iter().zip(&g).map(|(&w, &g)| rule(w, g, [0.5, 0.25])).collect();
            for count in [1, 2, 3, 8] {
                let (mut w, mut m, mut v) = (start.clone(), vec![0.5; len], vec![0.25; len]);
                with_threads(count, || update_each(&mut w, &g, [&mut m, &mut v], rule));
                let found: Vec<(f32, [f32; 2])> = (0..len).map(|i| (w[i], [m[i], v[i]])).collect();
                assert_eq!(found, expected);
            }
        }
    }
}
