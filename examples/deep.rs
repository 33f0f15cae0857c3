//! A network of thirty layers that does not learn, what is said of it, and a cure: a normalisation and a way past each layer.
//!
//! The task is to tell ten digits apart, which a network of two layers does with ease. Through thirty layers of sigmoids no gradient comes
//! back to the first ones.

use wengert::prelude::*;
use wengert::{Trouble, diagnose};

const DEPTH: usize = 30;
const WIDTH: usize = 32;

/// What lies between the first layer and the last, one of it.
type Middle = fn(&mut Rng) -> Box<dyn Layer>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sigmoid: Middle = |rng| {
        let linear = Linear::new(WIDTH, WIDTH, rng);
        Box::new(Sequential::new().then(linear).then(Activation::Sigmoid))
    };
    let residual: Middle = |rng| {
        let linear = Linear::new(WIDTH, WIDTH, rng);
        Box::new(Residual(
            Sequential::new().then(LayerNorm::new(WIDTH)).then(linear).then(Activation::Sigmoid),
        ))
    };

    let (accuracy, told) = train(sigmoid)?;
    println!(
        "{DEPTH} layers of sigmoids: test accuracy {:.1} %; of {told} layers the gradient has vanished",
        100.0 * accuracy
    );
    assert!(accuracy < 0.3 && told > DEPTH / 2, "it was not to learn");
    let (accuracy, told) = train(residual)?;
    println!(
        "the same with a way past each: {:.1} %, {told} layers; expect 90 % or more, and none",
        100.0 * accuracy
    );
    assert!(accuracy >= 0.9 && told == 0, "the cure has not helped");
    Ok(())
}

/// Trains for some epochs; the accuracy, and of how many layers the gradient had vanished in the first step.
fn train(middle: Middle) -> Result<(f64, usize), Box<dyn std::error::Error>> {
    let mut rng = Rng::seed(0);
    let (train, test) = digits().split(0.8, &mut rng);
    let mut net = Sequential::new().then(Linear::new(64, WIDTH, &mut rng));
    for _ in 0..DEPTH {
        net.0.push(middle(&mut rng));
    }
    let mut net = net.then(Linear::new(WIDTH, 10, &mut rng));

    let some = train.take(128);
    let (_, diagnosis) =
        diagnose(&net, || cross_entropy(&net.forward(some.x(), &mut Mode::eval()), some.y()));
    let vanished = |row: &&wengert::LayerState| row.troubles.contains(&Trouble::Vanishing);
    let told = diagnosis.rows.iter().filter(vanished).count();
    if let Some(worst) = diagnosis.troubled().next() {
        println!("{}: {}", worst.path, worst.troubles[0].advice());
    }
    Trainer::new(Adam::new(2e-3)).loss(cross_entropy).epochs(30).fit(&mut net, &train, &test)?;
    Ok((accuracy(&net.predict(test.x()), test.y()), told))
}
