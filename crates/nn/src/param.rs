//! A parameter: a leaf tensor that an optimizer may change.

use autograd::{Gradients, Scalar, Tensor};
use std::fmt;
use std::ops::{self, Deref, Index};

/// A trainable tensor of a network. It dereferences to its [`Tensor`]: it has the tensor's methods, can be passed where a
/// `&Tensor` is expected, and takes part in `+ - * /` by reference, as in `&self.scale * x`.
///
/// A clone is a parameter of its own: it has the same value, shares the memory until either changes, and has its own
/// gradient. To tie weights, use one parameter twice.
///
/// ```
/// use nn::{Param, Tensor};
/// let mut w = Param::new(Tensor::from([1.0, 2.0]));
/// let grads = (&w * &w).sum().backward();
/// assert_eq!(grads[&w].to_vec(), [2.0, 4.0]);
/// w.update(|w| w[0] = 5.0);
/// assert_eq!(w.to_vec(), [5.0, 2.0]);
/// ```
pub struct Param<T: Scalar = f32>(Tensor<T>);

impl<T: Scalar> Param<T> {
    /// A parameter with this value.
    pub fn new(value: Tensor<T>) -> Self {
        Param(value.detach().requires_grad())
    }

    /// Another handle to the same parameter, for a graph to hold.
    pub(crate) fn alias(&self) -> Self {
        Param(self.0.clone())
    }

    /// Changes the elements, in row-major order, in place. Graphs recorded before keep the old value.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut [T]) -> R) -> R {
        self.0.update(change)
    }
}

impl<T: Scalar> Deref for Param<T> {
    type Target = Tensor<T>;
    #[inline]
    fn deref(&self) -> &Tensor<T> {
        &self.0
    }
}

impl<T: Scalar> AsRef<Tensor<T>> for Param<T> {
    fn as_ref(&self) -> &Tensor<T> {
        &self.0
    }
}

impl<T: Scalar> Clone for Param<T> {
    fn clone(&self) -> Self {
        Param::new(self.detach())
    }
}

impl<T: Scalar> fmt::Debug for Param<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Param<{}> {}", T::NAME, self.shape())
    }
}

impl<T: Scalar> Index<&Param<T>> for Gradients<T> {
    type Output = Tensor<T>;

    /// The gradient with respect to a parameter.
    ///
    /// # Panics
    /// If the parameter took no part.
    #[track_caller]
    fn index(&self, param: &Param<T>) -> &Tensor<T> {
        &self[&param.0]
    }
}

/// `+ - * /` between parameters, by reference, and tensors, owned or by reference.
macro_rules! arithmetic {
    ($($Op:ident $op:ident),*) => {$(
        arithmetic!($Op $op, &Param<T>, &Param<T>, |a, b| (&a.0, &b.0));
        arithmetic!($Op $op, &Param<T>, &Tensor<T>, |a, b| (&a.0, b));
        arithmetic!($Op $op, &Param<T>, Tensor<T>, |a, b| (&a.0, b));
        arithmetic!($Op $op, &Param<T>, T, |a, b| (&a.0, b));
        arithmetic!($Op $op, &Tensor<T>, &Param<T>, |a, b| (a, &b.0));
        arithmetic!($Op $op, Tensor<T>, &Param<T>, |a, b| (a, &b.0));
    )*};
    ($Op:ident $op:ident, $A:ty, $B:ty, |$a:ident, $b:ident| $tensors:expr) => {
        impl<T: Scalar> ops::$Op<$B> for $A {
            type Output = Tensor<T>;
            #[track_caller]
            fn $op(self, $b: $B) -> Tensor<T> {
                let $a = self;
                let (a, b) = $tensors;
                ops::$Op::$op(a, b)
            }
        }
    };
}
arithmetic!(Add add, Sub sub, Mul mul, Div div);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_has_a_gradient_of_its_own_and_copies_on_write() {
        let mut a = Param::new(Tensor::from([1.0, 2.0]));
        let b = a.clone();
        let grads = (&*a * &*b).sum().backward();
        a.update(|a| a[0] = 9.0);
        assert_eq!(b.to_vec(), [1.0, 2.0]);
        assert_eq!((grads[&a].to_vec(), grads[&b].to_vec()), (vec![1.0, 2.0], vec![1.0, 2.0]));
        assert_eq!(grads.len(), 2);
    }

    #[test]
    fn parameters_and_tensors_mix_in_arithmetic() {
        let (a, b) = (Param::new(Tensor::from([8.0])), Tensor::from([2.0]));
        let results = [&a + &a, &a - &b, &a * b.clone(), &a / 4.0, &b - &a, b.clone() / &a];
        assert_eq!(results.map(|y| y.item()), [16.0, 6.0, 16.0, 2.0, -6.0, 0.25]);
    }

    #[test]
    fn a_graph_keeps_the_value_it_was_recorded_with() {
        let mut a = Param::new(Tensor::from([3.0]));
        let loss = (&*a * &*a).sum();
        a.update(|a| a[0] = 100.0);
        assert_eq!(loss.backward()[&a].to_vec(), [6.0]);
    }
}
