//! A tensor as lanes: what lies along some of its axes.

use crate::array::{Contiguous, View};
use crate::error::OrPanic;
use crate::kernels::reduce::reduced_last;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The elements of a tensor in row-major order, and the lanes along some axes in them.
pub(crate) struct Lanes<'a, T: Scalar> {
    pub(crate) elements: Contiguous<'a, T>,
    /// The elements of a lane.
    pub(crate) len: usize,
    /// How far apart these lie.
    pub(crate) apart: usize,
}

impl<'a, T: Scalar> Lanes<'a, T> {
    /// The lanes along `axes`, which are ascending: where the elements are, if the axes are neighbours, or else in a copy in which
    /// they come last.
    pub(crate) fn of(x: View<'a, T>, axes: &[usize]) -> Self {
        let dims = x.shape().dims();
        let len = axes.iter().map(|&axis| dims[axis]).product();
        if axes.windows(2).all(|pair| pair[0] + 1 == pair[1]) {
            let apart = axes.last().map_or(1, |last| dims[last + 1..].iter().product());
            return Lanes { elements: x.contiguous(), len, apart };
        }
        let layout = x.layout().permute(&reduced_last(dims.len(), axes)).or_panic();
        let copy = x.with_layout(&layout).copied().or_panic();
        Lanes { elements: Contiguous::Copied(copy), len, apart: 1 }
    }
}

/// How long the lanes along an axis are, and how far apart their elements lie in row-major order.
pub(super) fn extent(shape: &Shape, axis: usize) -> (usize, usize) {
    (shape[axis], shape.dims()[axis + 1..].iter().product())
}

impl<T: Scalar> Tensor<T> {
    /// The axes that are not among `axes`, and then a last one along which these are, one after another.
    #[track_caller]
    pub(crate) fn lanes(&self, axes: &[usize]) -> Self {
        let order = reduced_last(self.rank(), axes);
        let mut dims: Vec<usize> = order.iter().map(|&axis| self.shape()[axis]).collect();
        let len = dims.drain(self.rank() - axes.len()..).product();
        dims.push(len);
        self.permute(&order).reshape(dims)
    }
}
