//! Every augmentation, applied to some digits: the picture `augmentation.svg`, a row for each.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::error::Error;
use wengert::data::{
    Affine, Augmentation, Border, Colour, Crop, CutMix, Cutout, Elastic, Erase, Flip, Mixup, Noise, Shift,
    Swap,
};
use wengert::{Batches, prelude::*};

/// The sides of an image, in pixels, and how many there are in a row.
const SIDE: usize = 24;
const ACROSS: usize = 10;

/// The digits 0 to 9, enlarged, in an ink of their own on black: `[10, 3, SIDE, SIDE]`.
fn coloured_digits() -> Result<Dataset, ShapeError> {
    const INKS: [[f32; 3]; 5] =
        [[1.0, 0.95, 0.8], [0.4, 0.8, 1.0], [0.5, 1.0, 0.5], [1.0, 0.6, 0.5], [1.0, 0.8, 0.3]];
    let digits = digits().take(ACROSS);
    let enlarged = |x: &Tensor, y: &Vec<usize>| {
        let x = x.reshape([ACROSS, 8, 8]);
        let pixel = |image: usize, row: usize, column: usize| {
            // Between the middles of pixels, the values are linear.
            let along = |i: usize| ((i as f32 + 0.5) * 8.0 / SIDE as f32 - 0.5).clamp(0.0, 7.0);
            let (y, x0) = (along(row), along(column));
            let at = |row: f32, column: f32| x.at([image, row.min(7.0) as usize, column.min(7.0) as usize]);
            let (top, left) = (y.floor(), x0.floor());
            let between = |row: f32| at(row, left) + (x0 - left) * (at(row, left + 1.0) - at(row, left));
            between(top) + (y - top) * (between(top + 1.0) - between(top))
        };
        let images = Tensor::build([ACROSS, 3, SIDE, SIDE], |pixels| {
            for (i, value) in pixels.iter_mut().enumerate() {
                let [image, channel] = [i / (3 * SIDE * SIDE), i / (SIDE * SIDE) % 3];
                let ink = INKS[image % INKS.len()][channel];
                *value = ink * pixel(image, i / SIDE % SIDE, i % SIDE);
            }
        });
        (images, y.clone())
    };
    digits.map(enlarged)
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = coloured_digits()?;
    let always = || Augmentation::new();
    let augmentations = [
        ("as they are", always()),
        ("Flip::Horizontal, sometimes", always().sometimes(0.5, Flip::Horizontal)),
        ("Flip::Vertical, sometimes", always().sometimes(0.5, Flip::Vertical)),
        ("Shift", always().then(Shift::up_to(5))),
        ("Shift, border mirrored", always().then(Shift::up_to(5).border(Border::Reflect))),
        ("Affine: rotate", always().then(Affine::new().rotate(-40.0..=40.0))),
        ("Affine: scale", always().then(Affine::new().scale(0.5..=1.4))),
        ("Affine: shear", always().then(Affine::new().shear(-35.0..=35.0))),
        ("Crop", always().then(Crop::new(0.3..=0.8).aspect(0.75..=1.33))),
        ("Elastic", always().then(Elastic::new(25.0, 3.0))),
        ("Colour: brightness", always().then(Colour::new().brightness(0.3..=1.7))),
        ("Colour: contrast", always().then(Colour::new().contrast(0.2..=2.0))),
        ("Colour: saturation", always().then(Colour::new().saturation(0.0..=3.0))),
        ("Noise", always().then(Noise::new(0.15))),
        ("Cutout", always().then(Cutout::new(9).fill(0.5))),
        ("Erase", always().then(Erase::new(0.05..=0.25))),
        ("Swap", always().then(Swap::new(0.2, data.x()))),
        (
            "several",
            always()
                .then(Affine::new().rotate(-15.0..=15.0).scale(0.8..=1.1).shift(-2.0..=2.0))
                .sometimes(0.7, Elastic::new(15.0, 3.0))
                .then(Colour::new().brightness(0.7..=1.3).saturation(0.5..=2.0))
                .sometimes(0.5, Erase::new(0.02..=0.15)),
        ),
    ];
    // The same seed gives the same picture, on any machine.
    let rng = || Rng::seed(7);
    let only = |mut batches: Batches| batches.next().expect("one batch").x;
    let mut rows: Vec<(&str, Tensor)> = augmentations
        .iter()
        .map(|(name, augment)| (*name, only(data.batches(ACROSS).augment(augment, &mut rng()).workers(1))))
        .collect();

    // What mixes samples mixes their targets, which therefore are probabilities.
    let soft = data.one_hot(10)?;
    let (mixup, cutmix) = (Mixup::new(1.0), CutMix::new(1.0));
    let mixed = soft.batches(ACROSS).map_batch(move |batch, rng| mixup.apply(batch, rng), &mut Rng::seed(3));
    let cut = soft.batches(ACROSS).map_batch(move |batch, rng| cutmix.apply(batch, rng), &mut Rng::seed(9));
    for (name, mut batches) in [("Mixup", mixed), ("CutMix", cut)] {
        let batch = batches.next().expect("one batch");
        println!("{name}: the first target is {}", batch.y.i(0));
        rows.push((name, batch.x));
    }

    for (name, images) in &rows[1..] {
        assert!(images.to_vec() != rows[0].1.to_vec(), "{name} changes nothing");
    }
    std::fs::write("augmentation.svg", picture(&rows)?)?;
    println!("{} rows of {ACROSS} digits: augmentation.svg", rows.len());
    Ok(())
}

/// An SVG with the name of each row beside its images, all of which are one PNG.
fn picture(rows: &[(&str, Tensor)]) -> Result<String, Box<dyn Error>> {
    const STEP: usize = SIDE + 2;
    const ZOOM: usize = 2;
    const LEFT: usize = 210;
    let (width, height) = (ACROSS * STEP, rows.len() * STEP);
    let mut pixels = vec![255; width * height * 3];
    for (row, (_, images)) in rows.iter().enumerate() {
        let values = images.to_vec();
        for (i, value) in values.iter().enumerate() {
            let [image, channel] = [i / (3 * SIDE * SIDE), i / (SIDE * SIDE) % 3];
            let (y, x) = (row * STEP + i / SIDE % SIDE, image * STEP + i % SIDE);
            pixels[(y * width + x) * 3 + channel] = (255.0 * value.clamp(0.0, 1.0)).round() as u8;
        }
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&pixels)?;

    let (shown_width, shown_height) = (width * ZOOM, height * ZOOM);
    let names = rows.iter().enumerate().map(|(row, (name, _))| {
        let y = (row * STEP + SIDE / 2) * ZOOM + 15;
        format!("<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{name}</text>\n", LEFT - 10)
    });
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}\
         <image x=\"{LEFT}\" y=\"10\" width=\"{shown_width}\" height=\"{shown_height}\" style=\"image-rendering: pixelated\" \
         href=\"data:image/png;base64,{}\"/>\n</svg>\n",
        LEFT + shown_width + 10,
        shown_height + 20,
        names.collect::<String>(),
        BASE64_STANDARD.encode(png),
    ))
}
