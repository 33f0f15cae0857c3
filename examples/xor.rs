//! The XOR problem: what no single layer can do, a hidden layer learns by plain gradient descent.

use wengert::prelude::*;

fn main() {
    let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let y = Tensor::from([[0.0], [1.0], [1.0], [0.0]]);

    // A list of layer sizes and an activation: two inputs, four hidden units, one output.
    let mut net = Mlp::new(&[2, 4, 1], Activation::Sigmoid, &mut Rng::seed(0));
    let mut descent = Sgd::new(0.5);
    for epoch in 0..=3000 {
        let output = net.forward(&x, &mut Mode::eval());
        let loss = mse(&output, &y);
        if epoch % 100 == 0 {
            println!("epoch {epoch:4}  error {:.2e}", loss.item());
        }
        descent.step(&mut net, &loss.backward());
    }

    println!("\n a  b   a xor b");
    for (input, output) in x.to_vec().chunks(2).zip(net.predict(&x).to_vec()) {
        println!("{:2.0} {:2.0}   {output:7.4}", input[0], input[1]);
    }
    println!("expected: 0, 1, 1, 0, each to a few digits");
}
