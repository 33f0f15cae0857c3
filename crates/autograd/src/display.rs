//! How a tensor prints.
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use std::fmt;

impl<T: Scalar> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_vec())
    }
}
