//! An autoencoder: images are squeezed through eight numbers and drawn again, from which the network learns what digits are made of.

use examples::plot::image_grid;
use wengert::prelude::*;

#[derive(Module)]
struct Autoencoder {
    encoder: Mlp,
    decoder: Mlp,
}

impl Layer for Autoencoder {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        let code = self.encoder.forward(x, mode);
        self.decoder.forward(&code, mode)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = Rng::seed(0);
    let (train, test) = digits().split(0.8, &mut rng);
    // The targets are the inputs.
    let [train, test] = [&train, &test].map(|data| Dataset::new(data.x().clone(), data.x().clone()));
    let (train, test) = (train?, test?);

    // Nothing bends the eight numbers themselves, since the last layer of an `Mlp` has no activation.
    let mut net = Autoencoder {
        encoder: Mlp::new(&[64, 64, 8], Activation::Relu, &mut rng),
        decoder: Mlp::new(&[8, 64, 64], Activation::Relu, &mut rng),
    };
    let mut trainer = Trainer::new(Adam::new(2e-3)).loss(mse).epochs(150);
    let report = trainer.fit(&mut net, &train, &test)?;
    for epoch in report.epochs.iter().filter(|epoch| epoch.epoch % 25 == 0) {
        println!("{epoch}");
    }

    let shown = test.x().slice(0, ..8);
    let drawn = net.predict(&shown);
    // Above what was given, below what was drawn.
    let pixels = Tensor::concat(&[&shown, &drawn], 0).to_vec();
    let images: Vec<Vec<f32>> = pixels.chunks(64).map(<[f32]>::to_vec).collect();
    image_grid("autoencoder.svg", "given, and drawn again", &images, (8, 8), 8)?;
    println!("the picture: autoencoder.svg");
    let mean = test.x().mean_axes(0);
    let without = mse(&mean.broadcast_to(test.x().shape()), test.x()).item();
    let error = report.last().map_or(f64::NAN, |epoch| epoch.test_loss);
    println!(
        "mean square error {error:.4}, where the mean image has {without:.4}; expected: a quarter of that, or less"
    );
    assert!(error < 0.25 * f64::from(without), "the network draws badly");
    Ok(())
}
