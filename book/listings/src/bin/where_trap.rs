//! A choice does not protect from what was computed before it.

use wengert::Tensor;

fn main() {
    // ANCHOR: trap
    let x = Tensor::from([4.0, -1.0]).requires_grad();
    let chosen = Tensor::where_(&x.gt(0.0), &x.sqrt(), &Tensor::scalar(0.0));
    println!("value     {:?}", chosen.to_vec());
    println!("gradient  {:?}", chosen.sum().backward()[&x].to_vec());
    // ANCHOR_END: trap

    // ANCHOR: cure
    let positive = x.gt(0.0);
    let safe = Tensor::where_(&positive, &x, &Tensor::scalar(1.0));
    let chosen = Tensor::where_(&positive, &safe.sqrt(), &Tensor::scalar(0.0));
    println!("value     {:?}", chosen.to_vec());
    println!("gradient  {:?}", chosen.sum().backward()[&x].to_vec());
    // ANCHOR_END: cure
}
