//! Linear regression by gradient descent: noisy points on the line `y = 3 x - 1`, and a slope and an intercept that find it.

use wengert::prelude::*;

fn main() {
    let mut rng = Rng::seed(0);
    let x = Tensor::<f32>::uniform([100, 1], -1.0, 1.0, &mut rng);
    let y = &x * 3.0 - 1.0 + Tensor::normal([100, 1], 0.0, 0.1, &mut rng);

    let mut slope = Tensor::scalar(0.0).requires_grad();
    let mut intercept = Tensor::scalar(0.0).requires_grad();
    let rate = 0.3;
    println!("step     loss   slope  intercept");
    for step in 0..=60 {
        let loss = mse(&(&x * &slope + &intercept), &y);
        if step % 10 == 0 {
            println!("{step:4} {:8.4} {:7.3} {:10.3}", loss.item(), slope.item(), intercept.item());
        }
        let grads = loss.backward();
        let (uphill_slope, uphill_intercept) = (grads[&slope].item(), grads[&intercept].item());
        slope.update(|w| w[0] -= rate * uphill_slope);
        intercept.update(|w| w[0] -= rate * uphill_intercept);
    }
    println!(
        "expected: a slope near 3 and an intercept near -1; the loss that is left, near 0.01, is the noise"
    );
}
