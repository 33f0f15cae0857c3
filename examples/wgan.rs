//! A generative adversarial network with Wasserstein's distance and a gradient penalty (WGAN-GP): noise becomes two moons.
//!
//! The critic's loss contains the slope of the critic by its input, so its gradient is one of a gradient.

use examples::moons::moons;
use wengert::gradient_penalty;
use wengert::prelude::*;

const BATCH: usize = 128;

fn main() {
    let mut rng = Rng::seed(0);
    let mut generator = Mlp::new(&[4, 64, 64, 2], Activation::Relu, &mut rng);
    let mut critic = Mlp::new(&[2, 64, 64, 1], Activation::Relu, &mut rng);
    let adam = || Adam { beta1: 0.0, beta2: 0.9, ..Adam::new(1e-3) };
    let (mut of_generator, mut of_critic) = (adam(), adam());

    let before = distance(&moons(512, 0.05, &mut rng), &generate(&generator, 512, &mut rng));
    for step in 1..=1500 {
        for _ in 0..3 {
            let (real, fake) = (moons(BATCH, 0.05, &mut rng), generate(&generator, BATCH, &mut rng).detach());
            let judge = |x: &Tensor| critic.forward(x, &mut Mode::eval());
            let penalty = gradient_penalty(judge, &real, &fake, &mut rng);
            let loss = judge(&fake).mean() - judge(&real).mean() + penalty * 10.0;
            of_critic.step(&mut critic, &loss.backward());
        }
        let fake = generate(&generator, BATCH, &mut rng);
        let loss = -critic.forward(&fake, &mut Mode::eval()).mean();
        of_generator.step(&mut generator, &loss.backward());
        if step % 500 == 0 {
            let real = moons(512, 0.05, &mut rng);
            println!(
                "step {step}  energy distance {:.4}",
                distance(&real, &generate(&generator, 512, &mut rng))
            );
        }
    }

    let (real, fake) = (moons(512, 0.05, &mut rng), generate(&generator, 512, &mut rng));
    draw(&fake);
    let (after, noise) = (distance(&real, &fake), distance(&real, &moons(512, 0.05, &mut rng)));
    println!(
        "energy distance {before:.4} before and {after:.4} after; of two samples of the moons {noise:.4}"
    );
    println!("expected: less than a tenth of what it was");
    assert!(after < before / 10.0, "the generator has not learned the moons");
}

fn generate(generator: &Mlp, n: usize, rng: &mut Rng) -> Tensor {
    generator.forward(&Tensor::normal([n, 4], 0.0, 1.0, rng), &mut Mode::eval())
}

/// The energy distance of two samples (G. J. Székely), 0 for one distribution: `2 E|x - y| - E|x - x'| - E|y - y'|`.
fn distance(x: &Tensor, y: &Tensor) -> f32 {
    let mean = |a: &Tensor, b: &Tensor| {
        let between = a.detach().unsqueeze(1) - b.detach().unsqueeze(0);
        between.square().sum_axes(-1).sqrt().mean().item()
    };
    2.0 * mean(x, y) - mean(x, x) - mean(y, y)
}

/// The points as characters.
fn draw(points: &Tensor) {
    let mut rows = vec![vec![' '; 64]; 20];
    for point in points.to_vec().chunks(2) {
        let (column, row) = ((point[0] + 2.0) * 16.0, (1.0 - point[1]) * 10.0);
        if (0.0..64.0).contains(&column) && (0.0..20.0).contains(&row) {
            rows[row as usize][column as usize] = '*';
        }
    }
    rows.iter().for_each(|row| println!("{}", row.iter().collect::<String>().trim_end()));
}
