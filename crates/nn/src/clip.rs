//! Clipping: gradients that are too large are made smaller before the step, so that one bad batch does not undo the work of many.

use crate::module::{Module, Path};
use crate::regularize::unit_width;
use autograd::{Gradients, Scalar};

/// Scales all gradients of the module together so that their Euclidean norm is at most `most`; gives the norm that they had. Their
/// direction stays.
///
/// Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", 2013.
///
/// ```
/// use nn::{Param, Tensor, clip_norm};
/// let w = Param::new(Tensor::from([3.0, 4.0]));
/// let mut grads = (&*w * &*w).sum().backward(); // 6 and 8
/// assert_eq!(clip_norm(&w, &mut grads, 5.0), 10.0);
/// assert_eq!(grads[&w].to_vec(), [3.0, 4.0]);
/// ```
///
/// # Panics
/// If `most` is not positive.
#[doc(alias = "clip_grad_norm_")]
#[track_caller]
pub fn clip_norm<T: Scalar>(module: &(impl Module<T> + ?Sized), grads: &mut Gradients<T>, most: f64) -> f64 {
    must_be_positive("clip_norm", most);
    let mut squares = 0.0;
    module.visit(&mut Path::default(), &mut |_, param| {
        if let Some(g) = grads.get(param) {
            let norm: f64 = g.norm(2.0).item().into();
            squares += norm * norm;
        }
    });
    let norm = squares.sqrt();
    if norm > most {
        let scale = T::of(most / norm);
        for_each(module, grads, |_, g| g.iter_mut().for_each(|g| *g *= scale));
    }
    norm
}

/// Moves each element of each gradient of the module into `-most..=most`.
///
/// ```
/// use nn::{Param, Tensor, clip_value};
/// let w = Param::new(Tensor::from([0.25, -4.0]));
/// let mut grads = (&*w * &*w).sum().backward();
/// clip_value(&w, &mut grads, 1.0);
/// assert_eq!(grads[&w].to_vec(), [0.5, -1.0]);
/// ```
///
/// # Panics
/// If `most` is not positive.
#[doc(alias = "clip_grad_value_")]
#[track_caller]
pub fn clip_value<T: Scalar>(module: &(impl Module<T> + ?Sized), grads: &mut Gradients<T>, most: f64) {
    must_be_positive("clip_value", most);
    let most = T::of(most);
    for_each(module, grads, |_, g| {
        for g in g {
            // Not `clamp`: NaN stays, to be found.
            *g = if *g > most { most } else { *g };
            *g = if *g < -most { -most } else { *g };
        }
    });
}

/// Scales the gradient of each unit, a row of a weight, so that its norm is at most `share` of the norm of the unit's weights, of which
/// `least` at least counts. Of a bias, each element is a unit.
///
/// Source: A. Brock, S. De, S. L. Smith and K. Simonyan, "High-Performance Large-Scale Image Recognition Without Normalization", 2021,
/// with `share` 0.01 to 0.16 and `least` 1e-3.
///
/// ```
/// use nn::{Param, Tensor, clip_adaptive};
/// let w = Param::new(Tensor::from([[3.0, 4.0], [0.0, 0.0]]));
/// let mut grads = (&*w * &Tensor::from([[6.0, 8.0], [0.0, 1.0]])).sum().backward();
/// clip_adaptive(&w, &mut grads, 0.5, 1.0);
/// assert_eq!(grads[&w].to_vec(), [1.5, 2.0, 0.0, 0.5]);
/// ```
///
/// # Panics
/// If `share` or `least` is not positive.
#[track_caller]
pub fn clip_adaptive<T: Scalar>(
    module: &(impl Module<T> + ?Sized),
    grads: &mut Gradients<T>,
    share: f64,
    least: f64,
) {
    must_be_positive("clip_adaptive", share);
    must_be_positive("clip_adaptive", least);
    let norm = |x: &[T]| x.iter().map(|&x| x.into() * x.into()).sum::<f64>().sqrt();
    for_each(module, grads, |w, g| {
        let width = unit_width(w);
        for (w, g) in w.array().view().contiguous().chunks(width).zip(g.chunks_mut(width)) {
            let (most, size) = (share * norm(w).max(least), norm(g));
            if size > most {
                let scale = T::of(most / size);
                g.iter_mut().for_each(|g| *g *= scale);
            }
        }
    });
}

/// Changes the gradient of each parameter that has one.
fn for_each<T: Scalar>(
    module: &(impl Module<T> + ?Sized),
    grads: &mut Gradients<T>,
    mut change: impl FnMut(&autograd::Tensor<T>, &mut [T]),
) {
    module.visit(&mut Path::default(), &mut |_, param| {
        if let Some(g) = grads.get_mut(param) {
            g.update(|g| change(param, g));
        }
    });
}

#[track_caller]
fn must_be_positive(name: &str, x: f64) {
    assert!(
        x > 0.0,
        "{name}: expected a positive number, found {x}\n  help: 1 is usual for the norm of all gradients"
    );
}
