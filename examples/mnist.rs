//! MNIST, 70,000 handwritten digits: a small convolutional network that sees every image often and never twice the same, since it is
//! shifted and turned at random, with a learning rate that rises and falls once.
//!
//! Source of the data: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.

use examples::real::{Error, Options, Stopwatch, at_least, start};
use std::process::ExitCode;
use wengert::prelude::*;
use wengert::{BatchNorm2d, OneCycle, Window};

const HELP: &str = "\
Trains a convolutional network on MNIST, with augmentation and a schedule.

Usage: cargo run --release --example mnist -- [OPTIONS]

Options:
  --data DIR     The folder of the four IDX files (train-images-idx3-ubyte and so on, .gz or not)
                 [default: data/mnist, or mnist in the folder that WENGERT_DATA names]
  --epochs N     How often every image is shown  [default: 8]
  --seed N       Of weights, augmentation and order; the same seed gives the same bits  [default: 0]
  -h, --help     Print this help

Expect 99.2 % of the test images or more, in two to three minutes on two cores. With WENGERT_EXAMPLES=short in the environment
it takes a tenth of the images and two epochs: 95 %.";

const BATCH: usize = 128;

fn main() -> ExitCode {
    start(HELP, &["data", "epochs", "seed"], run)
}

fn run(options: &Options) -> Result<(), Error> {
    let folder = options.data(
        "mnist",
        &[],
        "put the four files of MNIST there, from wherever you trust; or name their folder: `--data DIR`",
    )?;
    let (mut train, mut test) = mnist(folder)?;
    let (mut epochs, mut expected) = (8, 99.2);
    if options.short {
        (train, test) = (train.take(train.len() / 10), test.take(test.len() / 10));
        (epochs, expected) = (2, 95.0);
    }
    let epochs = options.number("epochs", 1, epochs)?;
    let seed = options.number("seed", 0, 0)?;
    let mut rng = Rng::seed(seed);

    // Augmentation wants images, not rows of pixels.
    let image = |x: &Tensor, y: &Vec<usize>| (x.reshape([y.len(), 1, 28, 28]), y.clone());
    let (train, test) = (train.map(image)?, test.map(image)?);
    let augmentation =
        Augmentation::new().then(Affine::new().rotate(-10.0..=10.0).scale(0.9..=1.1).shift(-2.0..=2.0));

    let window = Window::new().padding(1);
    let mut net = Sequential::new()
        .then(Conv2d::new(1, 16, [3, 3], &mut rng).window(window))
        .then(BatchNorm2d::new(16))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Conv2d::new(16, 32, [3, 3], &mut rng).window(window))
        .then(BatchNorm2d::new(32))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Conv2d::new(32, 64, [3, 3], &mut rng).window(window))
        .then(BatchNorm2d::new(64))
        .then(Activation::Relu)
        .then(Flatten)
        .then(Dropout::new(0.3))
        .then(Linear::new(64 * 7 * 7, 10, &mut rng));
    println!("{} parameters, {} images, {epochs} epochs", net.parameter_count(), train.len());

    let watch = Stopwatch::start();
    let steps = epochs * train.len().div_ceil(BATCH);
    Trainer::new(AdamW { weight_decay: 0.01, ..AdamW::new(4e-3) })
        .loss(cross_entropy)
        .metric("accuracy", accuracy)
        .epochs(epochs)
        .batch(BATCH)
        .schedule_steps(OneCycle::new(steps as u64))
        .seed(seed)
        .progress()
        .fit_batches(
            &mut net,
            |rng| train.batches(BATCH).shuffle(rng).augment(&augmentation, rng).workers(1),
            &test,
        )?;
    println!("trained in {watch}");

    let mut confusion = ConfusionMatrix::new(10);
    for batch in test.batches(500) {
        confusion.record(&net.predict(&batch.x).argmax(-1).to_vec(), &batch.y);
    }
    println!("\n{confusion}\n");
    at_least("test accuracy, in %", 100.0 * confusion.accuracy(), expected)
}
