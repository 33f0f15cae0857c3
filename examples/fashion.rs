//! Fashion-MNIST, 70,000 pictures of clothes: what a multilayer perceptron makes of them, and what a convolutional network, which knows
//! that neighbouring pixels belong together.
//!
//! Source of the data: H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
//! Algorithms", 2017.

use examples::real::{Error, Options, Stopwatch, at_least, start};
use std::process::ExitCode;
use wengert::prelude::*;
use wengert::{BatchNorm2d, Cosine, Unflatten, Window};

const HELP: &str = "\
Trains a multilayer perceptron and a convolutional network on Fashion-MNIST.

Usage: cargo run --release --example fashion -- [OPTIONS]

Options:
  --data DIR     The folder of the four IDX files (train-images-idx3-ubyte and so on, .gz or not)
                 [default: where Debian's and Ubuntu's package dataset-fashion-mnist puts them]
  --seed N       Of weights, dropout and order; the same seed gives the same bits  [default: 0]
  -h, --help     Print this help

Expect 89.5 % of the test images or more from the perceptron, and 92 % or more from the convolutional network, in five to ten
minutes on two cores. With WENGERT_EXAMPLES=short in the environment it takes a tenth of the images and two epochs: 78 % and
80 %.";

const CLASSES: [&str; 10] =
    ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

fn main() -> ExitCode {
    start(HELP, &["data", "seed"], run)
}

fn run(options: &Options) -> Result<(), Error> {
    let folder = options.data(
        "fashion-mnist",
        &["/usr/share/datasets/fashion-mnist"],
        "install the package: `apt-get install dataset-fashion-mnist`; or name the folder: `--data DIR`",
    )?;
    let (mut train, mut test) = mnist(folder)?;
    // How long each learns, and what it is to reach.
    let (mut epochs, mut expected) = ([20, 8], [89.5, 92.0]);
    if options.short {
        (train, test) = (train.take(train.len() / 10), test.take(test.len() / 10));
        (epochs, expected) = ([2, 2], [78.0, 80.0]);
    }
    let seed = options.number("seed", 0, 0)?;
    let mut rng = Rng::seed(seed);

    // The images are rows of 784 pixels, as the perceptron wants them.
    let perceptron = Sequential::new()
        .then(Linear::new(784, 512, &mut rng))
        .then(Activation::Relu)
        .then(Dropout::new(0.2))
        .then(Linear::new(512, 256, &mut rng))
        .then(Activation::Relu)
        .then(Dropout::new(0.2))
        .then(Linear::new(256, 10, &mut rng));

    let window = Window::new().padding(1);
    let convolutional = Sequential::new()
        .then(Unflatten::new(&[1, 28, 28]))
        .then(Conv2d::new(1, 32, [3, 3], &mut rng).window(window))
        .then(BatchNorm2d::new(32))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Conv2d::new(32, 64, [3, 3], &mut rng).window(window))
        .then(BatchNorm2d::new(64))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Flatten)
        .then(Dropout::new(0.3))
        .then(Linear::new(64 * 7 * 7, 128, &mut rng))
        .then(Activation::Relu)
        .then(Dropout::new(0.3))
        .then(Linear::new(128, 10, &mut rng));

    let nets = [("perceptron", perceptron), ("convolutional network", convolutional)];
    for (((name, mut net), epochs), expected) in nets.into_iter().zip(epochs).zip(expected) {
        println!("\n{name}: {} parameters, {} images, {epochs} epochs", net.parameter_count(), train.len());
        let watch = Stopwatch::start();
        Trainer::new(AdamW { weight_decay: 0.01, ..AdamW::new(2e-3) })
            .loss(cross_entropy)
            .metric("accuracy", accuracy)
            .epochs(epochs)
            .batch(128)
            .schedule(Cosine::new(epochs as u64))
            .seed(seed)
            .progress()
            .fit(&mut net, &train, &test)?;
        println!("trained in {watch}");

        let mut confusion = ConfusionMatrix::new(10).with_labels(CLASSES);
        for batch in test.batches(500) {
            confusion.record(&net.predict(&batch.x).argmax(-1).to_vec(), &batch.y);
        }
        println!("\n{confusion}\n");
        at_least(&format!("test accuracy of the {name}, in %"), 100.0 * confusion.accuracy(), expected)?;
    }
    Ok(())
}
