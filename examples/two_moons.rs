//! Two moons, which no straight line parts: a small network learns the curve between them, stops when it no longer gets better, and draws
//! what it believes of every place.

use examples::moons::moons;
use std::fmt::Write;
use wengert::metrics::{binary_accuracy, binary_roc_auc};
use wengert::prelude::*;

const WIDTH: usize = 96;
const HEIGHT: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = Rng::seed(0);
    let sample = |n: usize, rng: &mut Rng| {
        let classes = Tensor::from_vec((0..n).map(|i| (i % 2) as f32).collect(), [n, 1])?;
        Dataset::new(moons(n, 0.15, rng), classes)
    };
    let (train, test) = (sample(400, &mut rng)?, sample(1000, &mut rng)?);
    let mut net = Mlp::new(&[2, 16, 16, 1], Activation::Tanh, &mut rng);
    let report = Trainer::new(Adam::new(1e-2))
        .loss(bce_with_logits)
        .metric("accuracy", binary_accuracy)
        .metric_over_all("AUC", binary_roc_auc)
        .epochs(200)
        .stop_early(20)
        .fit(&mut net, &train, &test)?;
    let losses = report.epochs.iter().map(|epoch| epoch.test_loss);
    let best = losses.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).expect("an epoch").0;
    println!("the best of {} epochs, whose weights are kept:\n{}", report.epochs.len(), report.epochs[best]);

    std::fs::write("two-moons.svg", picture(&net, &train)?)?;
    let accuracy = report.epochs[best].metric("accuracy").expect("it is measured");
    println!("test accuracy {:.1} %; expect 97 % or more. The picture: two-moons.svg", 100.0 * accuracy);
    assert!(accuracy >= 0.97, "the moons are not parted");
    Ok(())
}

/// The probability of the second class at every place as a colour, where it is a half as a line, and the samples.
fn picture(net: &Mlp, data: &Dataset<Tensor, Tensor>) -> Result<String, Box<dyn std::error::Error>> {
    // A place has 10 by 10 pixels; the plane goes from -2 to 2 and from -4/3 to 4/3.
    let at = |i: usize, size: usize| (i as f32 + 0.5 - size as f32 / 2.0) * 4.0 / WIDTH as f32;
    let places =
        (0..HEIGHT).flat_map(|row| (0..WIDTH).flat_map(move |column| [at(column, WIDTH), -at(row, HEIGHT)]));
    let believed = net.predict(&Tensor::from_vec(places.collect(), [WIDTH * HEIGHT, 2])?).sigmoid().to_vec();
    let (width, height) = (10 * WIDTH, 10 * HEIGHT);
    let mut svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\">\n");
    for (i, p) in believed.iter().enumerate() {
        let (x, y) = (10 * (i % WIDTH), 10 * (i / WIDTH));
        let (colour, share) = if *p > 0.5 { ("#d55e00", p - 0.5) } else { ("#0072b2", 0.5 - p) };
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"10\" height=\"10\" fill=\"{colour}\" fill-opacity=\"{:.2}\"/>",
            0.1 + share
        )?;
        // Between this place and its neighbours to the right and below.
        let is_other = |other: usize| (believed[other] > 0.5) != (*p > 0.5);
        if i % WIDTH + 1 < WIDTH && is_other(i + 1) {
            writeln!(svg, "<path d=\"M{} {y}v10\" stroke=\"black\" stroke-width=\"3\"/>", x + 10)?;
        }
        if i / WIDTH + 1 < HEIGHT && is_other(i + WIDTH) {
            writeln!(svg, "<path d=\"M{x} {}h10\" stroke=\"black\" stroke-width=\"3\"/>", y + 10)?;
        }
    }
    for (point, class) in data.x().to_vec().chunks(2).zip(data.y().to_vec()) {
        let (x, y) =
            (width as f32 * (0.5 + point[0] / 4.0), height as f32 / 2.0 - width as f32 * point[1] / 4.0);
        let colour = if class > 0.5 { "#d55e00" } else { "#0072b2" };
        writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\" stroke=\"white\"/>")?;
    }
    Ok(svg + "</svg>\n")
}
