//! Constraints: bounds that hold after each step, whatever the step was.

use crate::module::Module;
use crate::pattern::Pattern;
use autograd::{Scalar, Tensor};

/// How many weights belong to each unit, a row along axis 0. Of a bias, each element is a unit.
pub(crate) fn unit_width<T: Scalar>(w: &Tensor<T>) -> usize {
    let units = if w.rank() < 2 { w.size() } else { w.dims()[0] };
    (w.size() / units.max(1)).max(1)
}

/// Shortens the weights of each unit, a row along axis 0, to a length of at most `most`, in the trained parameters whose path matches the
/// [pattern](crate::Pattern); their direction stays. Of a bias, each element is a unit. Gives how many units were too long.
///
/// It is called after a step; in a [`Trainer`](crate::Trainer), from a [`Callback::on_step`](crate::Callback::on_step).
///
/// Sources: N. Srebro and A. Shraibman, "Rank, Trace-Norm and Max-Norm", 2005; with dropout: N. Srivastava and others, "Dropout: A Simple
/// Way to Prevent Neural Networks from Overfitting", 2014, with `most` 3 to 4.
///
/// ```
/// use nn::{Param, Tensor, max_norm};
/// let mut net = Param::new(Tensor::from([[3.0, 4.0], [0.3, 0.4]]));
/// assert_eq!(max_norm(&mut net, "*", 1.0), 1);
/// assert_eq!(net.to_vec(), [0.6, 0.8, 0.3, 0.4]);
/// ```
///
/// # Panics
/// If no parameter matches, or `most` is not positive.
#[track_caller]
pub fn max_norm<T: Scalar>(module: &mut (impl Module<T> + ?Sized), pattern: &str, most: f64) -> usize {
    assert!(
        most > 0.0,
        "max_norm: expected a positive length, found {most}\n  help: 3 is usual, with dropout"
    );
    let mut shortened = 0;
    Pattern::new(pattern).visit_mut("max_norm", module, &mut |param| {
        if param.is_trained() {
            let width = unit_width(param);
            let lengths = param.detach().reshape([param.size() / width, width]).norm_axes(1, 2.0).to_vec();
            // What is short enough is not even copied.
            if lengths.iter().any(|&length| length.into() > most) {
                param.update(|w| {
                    let long =
                        w.chunks_mut(width).zip(&lengths).filter(|(_, length)| (**length).into() > most);
                    for (row, &length) in long {
                        row.iter_mut().for_each(|w| *w = *w / length * T::of(most));
                        shortened += 1;
                    }
                });
            }
        }
    });
    shortened
}
