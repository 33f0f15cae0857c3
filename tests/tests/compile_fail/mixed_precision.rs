//! Numbers of two precisions in one expression.
use wengert::Tensor;

fn main() {
    let weights = Tensor::<f32>::ones([3]);
    let data = Tensor::from([0.1_f64, 0.2, 0.3]);
    let product = &weights * &data;
    let scaled = &weights * 2.0_f64;
    drop((product, scaled));
}
