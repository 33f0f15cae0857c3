//! Looking on: what every operator is applied to, and what comes of it.
//!
//! Profiles, pictures and traces show what they were made for. [`observe`] hands over the tensors themselves, as they are made, for whatever a
//! program wants to know of them: statistics of activations, shapes, values to be compared. It asks nothing of who applies the
//! operators, and while nobody looks on it costs one question an operator.

use crate::op::AnyOp;
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use crate::watch::Watcher;
use std::any::Any;
use std::cell::RefCell;
use std::fmt;

/// An operator that was applied.
///
/// ```
/// use autograd::{Applied, Tensor, observe, show};
/// let see = |call: Applied<'_, f32>| match call.is_shown {
///     false => assert_eq!((call.operator, call.inputs[0].dims()), ("sum", &[3][..])),
///     true => assert_eq!((call.operator, call.output.item()), ("total", 6.0)),
/// };
/// observe(see, || {
///     let x = Tensor::from([1.0_f32, 2.0, 3.0]);
///     show("total", &[&x], &x.sum());
/// });
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Applied<'a, T: Scalar> {
    /// The name of the operator, or of what was shown.
    pub operator: &'a str,
    /// What it was applied to.
    pub inputs: &'a [&'a Tensor<T>],
    /// Its result.
    pub output: &'a Tensor<T>,
    /// Whether it is no operator, but was shown by [`show`].
    pub is_shown: bool,
}

impl<T: Scalar> fmt::Debug for Applied<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs: Vec<String> = self.inputs.iter().map(|x| x.shape().to_string()).collect();
        write!(f, "{}({}) -> {}", self.operator, inputs.join(", "), self.output.shape())
    }
}

type Observer<T> = Box<dyn FnMut(Applied<'_, T>)>;

const ON: Watcher = Watcher::OBSERVER;

thread_local! {
    /// An [`Observer`] of some type of numbers.
    static OBSERVER: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Runs `f`, and shows `see` every operator over `T` that it applies on this thread, in order, recorded or not.
///
/// Not seen is what operators are made of within: what an operator applies to work out its value, the gradients of a backward
/// pass, and what `see` applies itself. What a [`checkpoint`](crate::checkpoint()) runs is seen when it runs it first, as constants. An inner
/// `observe` takes over.
///
/// ```
/// use autograd::{Tensor, observe};
/// use std::{cell::RefCell, rc::Rc};
/// let largest = Rc::new(RefCell::new(Vec::new()));
/// let seen = largest.clone();
/// observe(
///     move |call| seen.borrow_mut().push((call.operator.to_owned(), call.output.max().item())),
///     || Tensor::from([0.0_f32, 3.0]).exp().sum(),
/// );
/// assert_eq!(largest.borrow()[0], ("exp".to_owned(), 3.0_f32.exp()));
/// assert_eq!(largest.borrow().len(), 2);
/// ```
#[doc(alias("register_forward_hook", "hook"))]
pub fn observe<T: Scalar, R>(see: impl FnMut(Applied<'_, T>) + 'static, f: impl FnOnce() -> R) -> R {
    /// Puts back what was, also if `f` panics.
    struct Restore(bool, Option<Box<dyn Any>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ON.set(self.0);
            OBSERVER.set(self.1.take());
        }
    }
    let observer: Observer<T> = Box::new(see);
    let _restore = Restore(ON.replace(true), OBSERVER.replace(Some(Box::new(observer))));
    f()
}

/// Shows `y` to who looks on, as if an operator of that name had made it of `x`: the result of several operators, which together are one
/// thing. Does nothing while nobody does.
///
/// ```
/// use autograd::{Applied, Tensor, observe, show};
/// let residual = |x: &Tensor| {
///     let y = x + x.tanh();
///     show("residual", &[x], &y);
///     y
/// };
/// observe(|call: Applied<'_, f32>| println!("{call:?}"), || residual(&Tensor::zeros([2, 2])));
/// ```
pub fn show<T: Scalar>(name: &str, x: &[&Tensor<T>], y: &Tensor<T>) {
    if ON.get() {
        let _paused = Paused::new();
        hand_over(Applied { operator: name, inputs: x, output: y, is_shown: true });
    }
}

/// While it lives nothing is seen.
pub(crate) struct Paused;

impl Paused {
    fn new() -> Self {
        ON.set(false);
        Paused
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        ON.set(true);
    }
}

/// Lets nothing be seen for a while.
#[inline]
pub(crate) fn pause() -> Option<Paused> {
    ON.get().then(Paused::new)
}

/// A call that is seen when it has its result.
pub(crate) struct Pending {
    operator: String,
    _paused: Paused,
}

/// Begins a call.
#[inline]
pub(crate) fn begin<T: Scalar>(op: &dyn AnyOp<T>) -> Option<Pending> {
    ON.get().then(|| Pending { operator: op.name(), _paused: Paused::new() })
}

/// Ends a call.
#[inline]
pub(crate) fn end<T: Scalar>(pending: Option<Pending>, x: &[&Tensor<T>], y: &Tensor<T>) {
    if let Some(pending) = pending {
        hand_over(Applied { operator: &pending.operator, inputs: x, output: y, is_shown: false });
    }
}

#[cold]
fn hand_over<T: Scalar>(applied: Applied<'_, T>) {
    // Taken out meanwhile, since it may do anything.
    let mut observer = OBSERVER.take();
    if let Some(see) = observer.as_mut().and_then(|observer| observer.downcast_mut::<Observer<T>>()) {
        see(applied);
    }
    OBSERVER.set(observer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::checkpoint;
    use crate::grad;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;

    fn names<R>(f: impl FnOnce() -> R) -> Vec<String> {
        let names = Rc::new(RefCell::new(Vec::new()));
        let mine = names.clone();
        let see = move |call: Applied<'_, f64>| {
            assert_eq!(call.output.exp().rank(), call.output.rank());
            mine.borrow_mut().push(call.operator.to_owned());
        };
        observe(see, f);
        names.take()
    }

    #[test]
    fn operators_are_seen_in_order_and_nothing_else() {
        let x = Tensor::from([0.5_f64, 2.0]).requires_grad();
        let seen = names(|| {
            let y = x.sin().square().sum();
            let [dx] = grad(&y, [&x]);
            show("middle", &[&x], &dx);
            let _other_type = Tensor::<f32>::ones([2]).cos();
            checkpoint(|[x]| x.tanh().exp(), [&x]).sum().backward();
        });
        assert_eq!(seen, ["sin", "square", "sum", "middle", "tanh", "exp", "checkpoint", "sum"]);
        assert!(names(|| ()).is_empty() && !ON.get());
    }

    #[test]
    fn who_looks_on_may_fail_and_look_elsewhere() {
        let inner = Rc::new(RefCell::new(Vec::new()));
        let mine = inner.clone();
        let outer = names(|| {
            let x = Tensor::<f64>::ones([2]).exp();
            observe(move |call: Applied<'_, f64>| mine.borrow_mut().push(format!("{call:?}")), || x.ln());
            let failed = catch_unwind(AssertUnwindSafe(|| x.matmul(&Tensor::zeros([3, 3]))));
            assert!(failed.is_err());
            x.sin()
        });
        assert_eq!(
            (outer, inner.take()),
            (vec!["exp".to_owned(), "sin".to_owned()], vec!["ln([2]) -> [2]".to_owned()])
        );
        let panics =
            catch_unwind(|| observe(|_: Applied<'_, f64>| panic!("seen"), || Tensor::<f64>::ones([1]).exp()));
        assert!(panics.is_err() && !ON.get() && OBSERVER.take().is_none());
    }
}
