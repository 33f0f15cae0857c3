//! What a network may give: tensors, indices and masks, one or several.

use super::constant::Kind;
use super::graph::Port;
use super::value::Value;
use crate::array::Array;
use crate::scalar::{Element, Scalar};
use crate::tensor::Tensor;

mod sealed {
    pub trait Sealed {}
    impl<T: crate::Scalar> Sealed for crate::Tensor<T> {}
    impl Sealed for crate::Array<usize> {}
    impl Sealed for crate::Array<bool> {}
    impl<Y: Sealed> Sealed for Vec<Y> {}
}

/// What a function that becomes a graph may give, where `T` is the precision of its parameters: a [`Tensor`], an [`Array`] of indices or
/// of truths, or several of these as a vector or as a tuple of two to four, each of which is an output of its own.
///
/// ```
/// use autograd::{Array, Tensor, onnx};
/// let best = |x: &Tensor| -> (Tensor, Array<usize>) { (x.max_axes(1), x.argmax(1)) };
/// let example = Tensor::from([[1.0_f32, 2.0], [4.0, 3.0]]);
/// let graph = onnx::trace_with(best, &example, [] as [(&str, &Tensor); 0], &onnx::Options::new())?;
/// assert!(graph.outputs().eq(["output_0: f32[batch]", "output_1: i64[batch]"]));
/// # Ok::<(), onnx::TraceError>(())
/// ```
#[expect(private_interfaces, reason = "the trait is sealed")]
pub trait Output<T: Scalar>: sealed::Sealed {
    /// Adds what each output is in the graph, and what is known of it from outside, but for its name.
    #[doc(hidden)]
    fn add_values(&self, values: &mut Vec<(Value, Port)>);
}

fn add<E: Element>(y: &Array<E>, values: &mut Vec<(Value, Port)>) {
    values.push((Value::of(y), Port::new("", Kind::of::<E>(), y.shape().dims())));
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl<T: Scalar> Output<T> for Tensor<T> {
    fn add_values(&self, values: &mut Vec<(Value, Port)>) {
        add(self.array(), values);
    }
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl<T: Scalar> Output<T> for Array<usize> {
    fn add_values(&self, values: &mut Vec<(Value, Port)>) {
        add(self, values);
    }
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl<T: Scalar> Output<T> for Array<bool> {
    fn add_values(&self, values: &mut Vec<(Value, Port)>) {
        add(self, values);
    }
}

#[expect(private_interfaces, reason = "the trait is sealed")]
impl<T: Scalar, Y: Output<T>> Output<T> for Vec<Y> {
    fn add_values(&self, values: &mut Vec<(Value, Port)>) {
        self.iter().for_each(|y| y.add_values(values));
    }
}

macro_rules! tuples {
    ($(($($Y:ident $i:tt),+))*) => {$(
        impl<$($Y: sealed::Sealed),+> sealed::Sealed for ($($Y,)+) {}
        #[expect(private_interfaces, reason = "the trait is sealed")]
        impl<T: Scalar, $($Y: Output<T>),+> Output<T> for ($($Y,)+) {
            fn add_values(&self, values: &mut Vec<(Value, Port)>) {
                $(self.$i.add_values(values);)+
            }
        }
    )*};
}
tuples! { (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) }
