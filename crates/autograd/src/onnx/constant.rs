//! Numbers that a graph of ONNX holds: parameters, literals, shapes and masks.

use crate::array::Array;
use crate::scalar::{Element, Scalar};
use crate::tensor::Tensor;
use std::any::Any;
use std::fmt;

/// What kind of numbers a tensor of ONNX holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    I64,
    Bool,
}

impl Kind {
    /// The kind that numbers of this type have.
    pub(super) fn of<E: Element>() -> Self {
        match Data::of(&Array::<E>::from_slice(&[])) {
            Data::F32(_) => Kind::F32,
            Data::F64(_) => Kind::F64,
            Data::Bool(_) => Kind::Bool,
            Data::I64(..) => Kind::I64,
        }
    }

    /// `TensorProto.DataType` in `onnx.proto`.
    pub(super) fn code(self) -> u64 {
        match self {
            Kind::F32 => 1,
            Kind::I64 => 7,
            Kind::Bool => 9,
            Kind::F64 => 11,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::F32 => "f32",
            Kind::F64 => "f64",
            Kind::I64 => "i64",
            Kind::Bool => "bool",
        })
    }
}

/// The numbers. Arrays are shared with the network, not copied.
#[derive(Clone, Debug)]
pub(super) enum Data {
    F32(Array<f32>),
    F64(Array<f64>),
    Bool(Array<bool>),
    I64(Vec<usize>, Vec<i64>),
}

impl Data {
    pub(super) fn of<E: Element>(array: &Array<E>) -> Self {
        let any: &dyn Any = array;
        if let Some(array) = any.downcast_ref() {
            return Data::F32(Array::clone(array));
        }
        if let Some(array) = any.downcast_ref() {
            return Data::F64(Array::clone(array));
        }
        if let Some(array) = any.downcast_ref() {
            return Data::Bool(Array::clone(array));
        }
        let indices: &Array<usize> = any.downcast_ref().expect("the fourth and last type of elements");
        let whole = |index| i64::try_from(index).unwrap_or(i64::MAX);
        Data::I64(indices.shape().dims().to_vec(), indices.view().iter().map(whole).collect())
    }

    /// A single number.
    pub(super) fn scalar(kind: Kind, value: f64) -> Self {
        match kind {
            Kind::F64 => Data::F64(Tensor::scalar(value).into_array()),
            _ => Data::F32(Tensor::scalar(value as f32).into_array()),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Data::F32(_) => Kind::F32,
            Data::F64(_) => Kind::F64,
            Data::Bool(_) => Kind::Bool,
            Data::I64(..) => Kind::I64,
        }
    }

    pub(super) fn dims(&self) -> &[usize] {
        match self {
            Data::F32(array) => array.shape().dims(),
            Data::F64(array) => array.shape().dims(),
            Data::Bool(array) => array.shape().dims(),
            Data::I64(dims, _) => dims,
        }
    }

    /// How many bytes the numbers take in a file.
    pub(super) fn byte_count(&self) -> usize {
        let each = match self.kind() {
            Kind::F32 => 4,
            Kind::F64 | Kind::I64 => 8,
            Kind::Bool => 1,
        };
        self.dims().iter().product::<usize>().saturating_mul(each)
    }

    /// The numbers in row-major order, the lowest byte of each first.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Data::F32(array) => array.view().iter().flat_map(f32::to_le_bytes).collect(),
            Data::F64(array) => array.view().iter().flat_map(f64::to_le_bytes).collect(),
            Data::Bool(array) => array.view().iter().map(u8::from).collect(),
            Data::I64(_, values) => values.iter().copied().flat_map(i64::to_le_bytes).collect(),
        }
    }

    /// What it is at the first place of `axis`, if it is that at every place.
    pub(super) fn once_along(&self, axis: usize) -> Option<Self> {
        fn once<E: Element + PartialEq>(array: &Array<E>, axis: usize) -> Option<Array<E>> {
            let first = array.slice(axis, 0, 1, 1).ok()?;
            (first.broadcast_to(array.shape()).ok()? == *array).then_some(first)
        }
        match self {
            Data::F32(array) => once(array, axis).map(Data::F32),
            Data::F64(array) => once(array, axis).map(Data::F64),
            Data::Bool(array) => once(array, axis).map(Data::Bool),
            Data::I64(dims, values) => {
                let apart: usize = dims[axis + 1..].iter().product();
                let lanes = || values.chunks(dims[axis] * apart);
                let firsts: Vec<i64> = lanes().flat_map(|lane| &lane[..apart]).copied().collect();
                let repeats = lanes().all(|lane| lane.chunks(apart).all(|place| place == &lane[..apart]));
                let mut dims = dims.clone();
                dims[axis] = 1;
                repeats.then_some(Data::I64(dims, firsts))
            }
        }
    }
}

/// Numbers that belong to a graph; a parameter has a name.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) name: Option<String>,
    pub(super) data: Data,
}

impl Constant {
    /// Whether every bit is the same, and the name.
    pub(super) fn same(&self, other: &Self) -> bool {
        fn same<T: Scalar>(a: &Array<T>, b: &Array<T>) -> bool {
            let starts = |x: &Array<T>| (x.view().data().as_ptr(), x.layout().clone());
            let bits = |x: T| (x.into().to_bits(), x.is_nan());
            let equal = |(a, b): (T, T)| bits(a) == bits(b) || a.is_nan() && b.is_nan();
            a.shape() == b.shape()
                && (starts(a) == starts(b) || a.view().iter().zip(b.view().iter()).all(equal))
        }
        self.name == other.name
            && match (&self.data, &other.data) {
                (Data::F32(a), Data::F32(b)) => same(a, b),
                (Data::F64(a), Data::F64(b)) => same(a, b),
                (Data::Bool(a), Data::Bool(b)) => a == b,
                (Data::I64(a, x), Data::I64(b, y)) => a == b && x == y,
                _ => false,
            }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// How many numbers are shown.
        const SHOWN: usize = 8;
        let data = &self.data;
        write!(f, "{}{:?}", data.kind(), data.dims())?;
        if self.name.is_some() || data.dims().iter().product::<usize>() > SHOWN {
            return Ok(());
        }
        match data {
            Data::F32(array) => write!(f, " = {:?}", array.to_vec()),
            Data::F64(array) => write!(f, " = {:?}", array.to_vec()),
            Data::Bool(array) => write!(f, " = {:?}", array.to_vec()),
            Data::I64(_, values) => write!(f, " = {values:?}"),
        }
    }
}
