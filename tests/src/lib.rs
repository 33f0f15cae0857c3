//! What several tests share.

pub mod fuzz;
pub mod golden;
pub mod messages;
pub mod resumable;

use wengert::Tensor;

/// The input with far greater numbers added along the axes from `axis` on, no two of which are equal: so the largest is always the
/// same one, as it must be where differences are the judge.
pub fn apart(x: &Tensor<f64>, axis: usize) -> Tensor<f64> {
    let dims = &x.dims()[axis..];
    x + Tensor::build(dims, |y| y.iter_mut().enumerate().for_each(|(i, y)| *y = (i * 7 % 31 * 10) as f64))
}
