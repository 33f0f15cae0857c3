//! Arrays as the recorder sees them: where their elements lie.

use super::constant::Data;
use crate::array::Array;
use crate::layout::Layout;
use crate::scalar::Element;
use std::any::Any;

/// Where the elements of an array lie. Where an axis has size 1, its stride does not matter.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Place {
    buffer: usize,
    offset: usize,
    dims: Vec<usize>,
    strides: Vec<isize>,
}

/// An array of any elements, as the recorder sees it: so that it is not compiled for each type anew.
pub(super) trait AnyArray {
    fn layout(&self) -> &Layout;
    fn buffer(&self) -> usize;
    fn data(&self) -> Data;
    /// Another owner of the elements.
    fn owner(&self) -> Box<dyn Any>;
}

impl<E: Element> AnyArray for Array<E> {
    fn layout(&self) -> &Layout {
        self.layout()
    }
    fn buffer(&self) -> usize {
        self.view().data().as_ptr() as usize
    }
    fn data(&self) -> Data {
        Data::of(self)
    }
    fn owner(&self) -> Box<dyn Any> {
        Box::new(self.clone())
    }
}

impl Place {
    pub(super) fn of(array: &dyn AnyArray) -> Self {
        let layout = array.layout();
        let dims = layout.shape().dims().to_vec();
        let strides =
            dims.iter().zip(layout.strides()).map(|(&dim, &stride)| if dim == 1 { 0 } else { stride });
        Place { buffer: array.buffer(), offset: layout.offset(), strides: strides.collect(), dims }
    }
}
