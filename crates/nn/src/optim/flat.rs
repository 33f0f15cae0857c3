//! All trained parameters of a module as one vector, in the order of the walk, and sums of such vectors.

use crate::module::{Module, Path};
use crate::param::Param;
use autograd::{Gradients, Scalar, Tensor, update_each};

/// Shows the parameters that a step changes, in order.
pub(super) fn for_each_trained<'a, T: Scalar, M: Module<T> + ?Sized>(
    module: &'a M,
    mut see: impl FnMut(&Path, &'a Param<T>),
) {
    module.visit(&mut Path::default(), &mut |path, param| {
        if param.is_trained() {
            see(path, param);
        }
    });
}

/// One vector of what each trained parameter gives: its elements, or zeros.
fn vector<'a, T: Scalar, M: Module<T> + ?Sized>(
    module: &'a M,
    part: impl Fn(&'a Param<T>) -> Option<&'a Tensor<T>>,
) -> Tensor<T> {
    Tensor::build([module.parameter_count()], |all| {
        let mut rest = all;
        for_each_trained(module, |_, param| {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(param.size());
            match part(param) {
                Some(part) => own.copy_from_slice(&part.array().view().contiguous()),
                None => own.fill(T::zero()),
            }
            rest = after;
        });
    })
}

/// All trained parameters.
pub(super) fn parameters<T: Scalar, M: Module<T> + ?Sized>(module: &M) -> Tensor<T> {
    vector(module, |param| Some(param))
}

/// The gradients of all trained parameters; a parameter that took no part has zeros.
#[track_caller]
pub(super) fn gather<'a, T: Scalar, M: Module<T> + ?Sized>(
    module: &'a M,
    grads: &'a Gradients<T>,
) -> Tensor<T> {
    let mut found = 0;
    for_each_trained(module, |_, param| found += usize::from(grads.get(param).is_some()));
    assert!(
        found > 0,
        "Lbfgs: no parameter of the module has a gradient here\n  help: compute the loss from the module that the function is given; frozen parameters have no gradient"
    );
    vector(module, |param| grads.get(param))
}

/// Sets all trained parameters.
pub(super) fn set<T: Scalar, M: Module<T> + ?Sized>(module: &mut M, values: &Tensor<T>) {
    let values = values.array().view().contiguous();
    let mut rest = &*values;
    module.visit_mut(&mut Path::default(), &mut |_, param| {
        if param.is_trained() {
            let (own, after) = rest.split_at(param.size());
            param.update(|w| w.copy_from_slice(own));
            rest = after;
        }
    });
}

pub(super) fn dot<T: Scalar>(a: &Tensor<T>, b: &Tensor<T>) -> f64 {
    a.dot(b).item().into()
}

/// The largest magnitude; NaN if there is one.
pub(super) fn largest<T: Scalar>(x: &Tensor<T>) -> f64 {
    x.norm(f64::INFINITY).item().into()
}

/// `x + a y`, in the place of `x`.
pub(super) fn add<T: Scalar>(x: &mut Tensor<T>, a: f64, y: &Tensor<T>) {
    let (a, y) = (T::of(a), y.array().view().contiguous());
    x.update(|x| update_each(x, &y, [], |x, y, []| (x + a * y, [])));
}

/// `x + a y`.
pub(super) fn sum<T: Scalar>(x: &Tensor<T>, a: f64, y: &Tensor<T>) -> Tensor<T> {
    let mut sum = x.clone();
    add(&mut sum, a, y);
    sum
}
