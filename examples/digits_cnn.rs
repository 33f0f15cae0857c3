//! Handwritten digits once more: a convolutional network of a few lines, with what one adds to get the last errors out: dropout, a
//! schedule, clipped gradients and decoupled weight decay. A page of HTML tells of the training, with the images that are read wrong.

use wengert::prelude::*;
use wengert::{Cosine, Page, Schedule, Unflatten, Warmup, Window, summary};

const EPOCHS: usize = 20;

fn main() -> Result<(), TrainError> {
    let mut rng = Rng::seed(0);
    let (train, test) = digits().split(0.8, &mut rng);
    let window = Window::new().padding(1);
    let mut net = Sequential::new()
        // Images of 8 by 8 pixels come as rows of 64; convolutions want [batch, channels, height, width].
        .then(Unflatten::new(&[1, 8, 8]))
        .then(Conv2d::new(1, 16, [3, 3], &mut rng).window(window))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Conv2d::new(16, 32, [3, 3], &mut rng).window(window))
        .then(Activation::Relu)
        .then(MaxPool2d::new([2, 2]))
        .then(Flatten)
        .then(Dropout::new(0.2))
        .then(Linear::new(32 * 2 * 2, 10, &mut rng));
    println!("{} parameters", net.parameter_count());

    let report = Trainer::new(AdamW { weight_decay: 0.05, ..AdamW::new(4e-3) })
        .loss(cross_entropy)
        .metric("accuracy", accuracy)
        .epochs(EPOCHS)
        .batch(32)
        .schedule(Warmup::new(2).then(2, Cosine::new(EPOCHS as u64 - 2)))
        .clip_norm(1.0)
        .progress()
        .fit(&mut net, &train, &test)?;

    let last = report.last().expect("twenty epochs");
    let accuracy = last.metric("accuracy").expect("it is measured");
    println!("test accuracy {:.2} %; expect 98 % or more", 100.0 * accuracy);

    let predicted: Vec<usize> = net.predict(test.x()).argmax(-1).view().iter().collect();
    let mut confusion = ConfusionMatrix::new(10);
    confusion.record(&predicted, test.y());
    let wrong: Vec<usize> = (0..test.len()).filter(|&i| predicted[i] != test.y()[i]).collect();
    let told = |&i: &usize| format!("{} read as {}", test.y()[i], predicted[i]);
    let images = test.select(&wrong).x().reshape([wrong.len(), 8, 8]);
    let page = std::path::Path::new("digits-pictures/cnn.html");
    std::fs::create_dir_all("digits-pictures").expect("a folder can be made here");
    Page::new("Handwritten digits, by a convolutional network")
        .run(&report)
        .confusion(&confusion)
        .images("Read wrong", &images, &wrong.iter().map(told).collect::<Vec<_>>())
        .weights(&net)
        .text("The network", &summary(&net).to_string())
        .write(page)?;
    println!("{} tells more: open it", page.display());
    Ok(())
}
