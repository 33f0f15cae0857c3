//! A surrogate gradient: a neuron that fires or does not, and learns all the same.
//!
//! The step has a gradient of 0 nearly everywhere. In its place stands that of a smooth function that looks alike,
//! `arctan(πx)/π + ½`, which is `1 / (1 + (πx)²)` (E. Neftci, H. Mostafa and F. Zenke, 2019; W. Fang et al., 2021).

use std::f64::consts::PI;
use wengert::autograd::{Call, Keeps, Op, Scalar, Tensor, View};

/// 1 where `x > 0`, otherwise 0.
#[derive(Debug)]
pub struct Spike {
    /// Whether the value, too, is that of the smooth function: then its gradient can be proved.
    pub smooth: bool,
}

impl<T: Scalar> Op<T, 1> for Spike {
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        let step = |x: T| if x > T::zero() { T::one() } else { T::zero() };
        let smooth = |x: T| (x * T::of(PI)).atan() / T::of(PI) + T::of(0.5);
        x.map_into(y, |x| if self.smooth { smooth(x) } else { step(x) });
    }
    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        dy / ((call.x(0) * T::of(PI)).powi(2) + T::one())
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{follows_its_differences, gradient};
    use wengert::autograd::{check, hessian, jvp};

    #[test]
    fn it_is_proved() {
        check(Spike { smooth: true });
        follows_its_differences(|x| Spike { smooth: true }.apply([x]), &Tensor::from([-1.0, -0.1, 0.0, 0.5]));
    }

    #[test]
    fn a_step_has_the_gradients_of_the_smooth_function() {
        let x = Tensor::from([-1.0, -0.1, 0.0, 0.5]);
        let [step, smooth] = [false, true].map(|smooth| move |x: &Tensor<f64>| Spike { smooth }.apply([x]));
        assert_eq!(step(&x).to_vec(), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(gradient(step, &x).to_vec(), gradient(smooth, &x).to_vec());
        let v = Tensor::from([1.0, 2.0, 3.0, 4.0]);
        assert_eq!(jvp(|[x]| step(x), [&x], [&v]).1.to_vec(), (&v * gradient(smooth, &x)).to_vec());
        let second = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>| hessian(|[x]| f(x).sum(), [&x])[0][0].to_vec();
        assert_eq!(second(&step), second(&smooth));
    }

    /// A neuron that fires too rarely: its threshold falls until it fires as often as it should.
    #[test]
    fn a_neuron_learns_when_to_fire() {
        let inputs = Tensor::<f32>::arange(10);
        let mut threshold = Tensor::scalar(9.5_f32).requires_grad();
        let fires = |threshold: &Tensor| Spike { smooth: false }.apply([&(&inputs - threshold)]).sum();
        for _ in 0..200 {
            let grads = (fires(&threshold) - 4.0).powi(2).backward();
            let gradient = grads[&threshold].item();
            threshold.update(|t| t[0] -= 0.05 * gradient);
        }
        assert_eq!(fires(&threshold).item(), 4.0);
    }
}
