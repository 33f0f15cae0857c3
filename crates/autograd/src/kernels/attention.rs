//! Attention, some queries at a time: the weights of a block of queries stay in the cache, and nothing as large as queries times keys
//! is ever in memory.
//!
//! The gradients come from weights that are computed anew, block by block. With `P` the weights, `Y = P V` and `s` the scale,
//!
//! ```text
//! dV = Pᵀ dY        dP = dY Vᵀ        dS = P (dP - Σ dP P)        dQ = s dS K        dK = dSᵀ (s Q) .
//! ```
//! Source: T. Dao et al., "FlashAttention", 2022, which also cuts the keys.

use super::matmul::{Epilogue, Matrix, matmul};
use super::softmax::{self, Of};
use super::threads;
use crate::array::View;
use crate::buffer::Buffer;
use crate::error::OrPanic;
use crate::layout::Places;
use crate::scalar::Scalar;

/// About the weights of a block, and the most queries.
const BLOCK: usize = 1 << 16;
const QUERIES: usize = 128;

/// The sizes of attention: `units` times queries `[queries, width]`, keys `[keys, width]` and values `[keys, values]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) units: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) width: usize,
    pub(crate) values: usize,
}

/// What a query may see: keys up to its own place, if `causal`, for which a mask of shape `[.., queries, keys]` holds, if there is
/// one; and the scale of the logits.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) causal: bool,
    pub(crate) mask: Option<View<'a, bool>>,
    pub(crate) scale: f64,
}

impl Rules<'_> {
    /// Where the mask of each unit begins.
    fn starts(&self) -> Vec<usize> {
        self.mask.map_or(Vec::new(), |mask| {
            let layout = mask.layout();
            let outer = mask.shape().rank() - 2;
            let (dims, strides) = (&mask.shape().dims()[..outer], &layout.strides()[..outer]);
            Places::new(dims, strides, layout.offset() as isize).collect()
        })
    }

    /// Puts out of reach, in a row of logits, what a query may not see. Whether anything is left.
    fn hide<T: Scalar>(&self, start: Option<&usize>, query: usize, logits: &mut [T]) -> bool {
        let seen = if self.causal { logits.len().min(query + 1) } else { logits.len() };
        logits[seen..].fill(T::neg_infinity());
        let (Some(mask), Some(&start)) = (self.mask, start) else { return seen > 0 };
        let strides = mask.layout().strides();
        let [down, right] = [strides[strides.len() - 2], strides[strides.len() - 1]];
        let row = start as isize + query as isize * down;
        let mut is_any = false;
        for (j, logit) in logits[..seen].iter_mut().enumerate() {
            match mask.data()[(row + j as isize * right) as usize] {
                true => is_any = true,
                false => *logit = T::neg_infinity(),
            }
        }
        is_any
    }
}

/// A unit's inputs, and the places of its mask.
struct Unit<'a, T> {
    sizes: Sizes,
    rules: Rules<'a>,
    start: Option<&'a usize>,
    q: &'a [T],
    k: &'a [T],
    v: &'a [T],
}

impl<'a, T: Scalar> Unit<'a, T> {
    fn of(sizes: Sizes, rules: Rules<'a>, starts: &'a [usize], [q, k, v]: [&'a [T]; 3], unit: usize) -> Self {
        let Sizes { queries, keys, width, values, .. } = sizes;
        let part = |x: &'a [T], len: usize| &x[unit * len..][..len];
        let (q, k, v) = (part(q, queries * width), part(k, keys * width), part(v, keys * values));
        Unit { sizes, rules, start: starts.get(unit), q, k, v }
    }

    /// Calls `f` with each block of queries (the first, and how many), how many keys they see at most, the queries times the scale,
    /// and room for three matrices of so many weights, the first of which holds those of the block.
    fn for_each_block(&self, mut f: impl FnMut([usize; 2], usize, Matrix<'_, T>, [&mut [T]; 3])) {
        let Sizes { queries, keys, width, .. } = self.sizes;
        let len = (BLOCK / keys).clamp(8, QUERIES).min(queries);
        let scale = T::of(self.rules.scale);
        let mut room = Buffer::new(len * (3 * keys + width)).or_panic();
        let (scaled, room) = room.get_mut().expect("a new buffer has one owner").split_at_mut(len * width);
        for first in (0..queries).step_by(len) {
            let len = len.min(queries - first);
            let seen = if self.rules.causal { keys.min(first + len) } else { keys };
            let (weights, rest) = room.split_at_mut(len * seen);
            let (logits, rest) = rest.split_at_mut(len * seen);
            let scaled = &mut scaled[..len * width];
            scaled.iter_mut().zip(&self.q[first * width..]).for_each(|(scaled, &q)| *scaled = q * scale);
            let q = Matrix::row_major(scaled, len, width);
            let k = Matrix::row_major(&self.k[..seen * width], seen, width);
            matmul(q, k.t(), logits, Epilogue::Store);
            let mut blind = Vec::new();
            for (i, logits) in logits.chunks_exact_mut(seen).enumerate() {
                if !self.rules.hide(self.start, first + i, logits) {
                    blind.push(i);
                }
            }
            softmax::forward(Of::Softmax, logits, seen, 1, weights);
            for i in blind {
                weights[i * seen..][..seen].fill(T::zero());
            }
            f([first, len], seen, q, [weights, logits, &mut rest[..len * seen]]);
        }
    }
}

/// About how many nanoseconds all takes, with so many products of matrices.
fn nanoseconds(sizes: Sizes, products: usize) -> usize {
    let Sizes { units, queries, keys, width, values } = sizes;
    units * queries * keys * (width + values) / 2 * products / 64
}

/// Writes what every query gets of the values; nothing, if it sees no key.
pub(crate) fn forward<T: Scalar>(sizes: Sizes, rules: Rules<'_>, x: [&[T]; 3], y: &mut [T]) {
    if sizes.keys == 0 || y.is_empty() {
        return y.fill(T::zero());
    }
    let Sizes { queries, values, .. } = sizes;
    let starts = rules.starts();
    threads::for_each_unit(y, queries * values, nanoseconds(sizes, 2), |unit, y| {
        let unit = Unit::of(sizes, rules, &starts, x, unit);
        unit.for_each_block(|[first, len], seen, _, [weights, ..]| {
            let v = Matrix::row_major(&unit.v[..seen * values], seen, values);
            let y = &mut y[first * values..][..len * values];
            matmul(Matrix::row_major(weights, len, seen), v, y, Epilogue::Store);
        });
    });
}

/// Writes the gradients of queries, keys and values.
pub(crate) fn backward<T: Scalar>(
    sizes: Sizes,
    rules: Rules<'_>,
    x: [&[T]; 3],
    dy: &[T],
    [dq, dk, dv]: [&mut [T]; 3],
) {
    let Sizes { queries, keys, width, values, .. } = sizes;
    [&mut *dk, &mut *dv].into_iter().for_each(|dx| dx.fill(T::zero()));
    if [queries, keys, values].contains(&0) {
        return dq.fill(T::zero());
    }
    if width == 0 {
        // Then every logit is 0, as of queries and keys that are zeros.
        let [q, k] = [queries, keys].map(|len| vec![T::zero(); sizes.units * len]);
        let [mut dq, mut dk] = [q.clone(), k.clone()];
        let sizes = Sizes { width: 1, ..sizes };
        return backward(sizes, rules, [&q, &k, x[2]], dy, [&mut dq, &mut dk, dv]);
    }
    let (starts, scale) = (rules.starts(), T::of(rules.scale));
    let parts = dk.chunks_exact_mut(keys * width).zip(dv.chunks_exact_mut(keys * values));
    let mut parts: Vec<_> = dq.chunks_exact_mut(queries * width).zip(parts).collect();
    threads::for_each_unit(&mut parts, 1, nanoseconds(sizes, 5), |number, part| {
        let (dq, (dk, dv)) = &mut part[0];
        let unit = Unit::of(sizes, rules, &starts, x, number);
        let dy = &dy[number * queries * values..][..queries * values];
        unit.for_each_block(|[first, len], seen, q, [weights, logits, dweights]| {
            let dy = Matrix::row_major(&dy[first * values..][..len * values], len, values);
            let v = Matrix::row_major(&unit.v[..seen * values], seen, values);
            let k = Matrix::row_major(&unit.k[..seen * width], seen, width);
            let p = Matrix::row_major(weights, len, seen);
            matmul(p.t(), dy, &mut dv[..seen * values], Epilogue::Accumulate);
            matmul(dy, v.t(), dweights, Epilogue::Store);
            softmax::backward(Of::Softmax, weights, dweights, seen, 1, logits);
            let ds = Matrix::row_major(logits, len, seen);
            let dq = &mut dq[first * width..][..len * width];
            matmul(ds, k, dq, Epilogue::Store);
            dq.iter_mut().for_each(|dq| *dq *= scale);
            matmul(ds.t(), q, &mut dk[..seen * width], Epilogue::Accumulate);
        });
    });
}
