//! A small transformer learns to write like Shakespeare, one character after the other.
//!
//! Of each character it is asked how likely every character is to come next, given up to 64 before; attention is causal, so one
//! window of text is as many questions as it has characters. The loss is in nats a character: guessing among 65 alike is `ln 65 = 4.17`.
//!
//! Sources: A. Vaswani and others, "Attention Is All You Need", 2017; the text and the idea: A. Karpathy, "The Unreasonable Effectiveness of
//! Recurrent Neural Networks", 2015.

use examples::real::{Error, Options, Stopwatch, at_most, start};
use std::process::ExitCode;
use wengert::data::{Text, read_text};
use wengert::prelude::*;
use wengert::{Cosine, Schedule, Warmup};

const HELP: &str = "\
Trains a transformer on a text, character by character, and writes more of it.

Usage: cargo run --release --example shakespeare -- [OPTIONS]

Options:
  --data FILE      The text, in UTF-8; the last tenth is for validation
                   [default: data/text/tinyshakespeare.txt, or text/tinyshakespeare.txt in the folder that WENGERT_DATA names]
  --steps N        How many steps of 32 windows of 64 characters  [default: 2500]
  --checkpoint DIR Writes checkpoints there, and goes on from the last one that is there
  --temperature T  How daring the writing is; 0 takes the likeliest  [default: 0.8]
  --length N       How many characters to write  [default: 500]
  --seed N         Of weights, windows and writing; the same seed gives the same bits  [default: 0]
  -h, --help       Print this help

With 2500 steps or more of tiny Shakespeare, expect a validation loss of 1.7 nats a character or less, in five to fifteen
minutes on two cores. With WENGERT_EXAMPLES=short in the environment it takes 125 steps: 2.7.";

/// How many characters the network sees at most.
const CONTEXT: usize = 64;
const WIDTH: usize = 128;
const HEADS: usize = 4;
const BLOCKS: usize = 4;
const BATCH: usize = 32;
/// The steps between two measurements.
const ROUND: usize = 125;
/// The characters of the text that the expectation is about.
const TINY_SHAKESPEARE: usize = 1_115_394;
/// The steps of the rise of the learning rate.
const WARM_UP: usize = 50;

#[derive(Module)]
struct Transformer {
    characters: Embedding,
    places: Embedding,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    output: Linear,
}

impl Transformer {
    fn new(vocabulary: usize, rng: &mut Rng) -> Self {
        // Small at first, so that what the blocks add counts from the beginning.
        let embedding = |count, rng: &mut Rng| Embedding {
            weight: Param::new(Init::Normal(0.02).sample([count, WIDTH], rng)),
        };
        Transformer {
            characters: embedding(vocabulary, rng),
            places: embedding(CONTEXT, rng),
            blocks: (0..BLOCKS).map(|_| TransformerBlock::new(WIDTH, HEADS, rng).causal()).collect(),
            norm: LayerNorm::new(WIDTH),
            output: Linear::new(WIDTH, vocabulary, rng),
        }
    }
}

/// From windows of characters `[n, t]` to logits `[n t, vocabulary]`.
impl Layer<f32, Array<usize>> for Transformer {
    fn forward(&self, x: &Array<usize>, mode: &mut Mode) -> Tensor {
        let places: Vec<usize> = (0..x.shape()[1]).collect();
        let mut h = self.characters.forward(x, mode) + self.places.forward(&places, mode);
        for block in &self.blocks {
            h = block.forward(&h, mode);
        }
        self.output.forward(&self.norm.forward(&h, mode), mode).flatten(0, 1)
    }
}

fn main() -> ExitCode {
    start(HELP, &["data", "steps", "checkpoint", "temperature", "length", "seed"], run)
}

fn run(options: &Options) -> Result<(), Error> {
    let file = options.data(
        "text/tinyshakespeare.txt",
        &[],
        "put the text there, or name another: `--data FILE`",
    )?;
    let (usual, expected) = if options.short { (ROUND, 2.7) } else { (20 * ROUND, 1.7) };
    let steps = options.number("steps", ROUND, usual)?.next_multiple_of(ROUND);
    let temperature = options.number("temperature", 0.0, 0.8)?;
    let length = options.number("length", 0, 500)?;
    let seed = options.number("seed", 0, 0)?;

    let mut rng = Rng::seed(seed);
    let text = read_text(&file)?;
    let (train, validation) = text.split(0.9);
    let validation = validation.windows(CONTEXT, CONTEXT)?;
    let mut net = Transformer::new(text.vocabulary().len(), &mut rng);
    println!(
        "{} characters, {} different ones; {} parameters, {steps} steps",
        text.len(),
        text.vocabulary().len(),
        net.parameter_count()
    );

    let schedule = Warmup::new(WARM_UP as u64)
        .then(WARM_UP as u64, Cosine { end: 0.1, ..Cosine::new((steps - WARM_UP) as u64) });
    let mut rounds = 0;
    let mut trainer = Trainer::new(AdamW { beta2: 0.99, weight_decay: 0.1, ..AdamW::new(3e-3) })
        .loss(|logits: &Tensor, next: &Array<usize>| logits.cross_entropy(&next.to_vec()))
        .epochs(steps / ROUND)
        .batch(BATCH)
        .schedule_steps(schedule)
        .clip_norm(1.0)
        .seed(seed)
        .with(|_: &EpochReport| {
            rounds += 1;
            Control::Continue
        })
        .progress();
    if let Some(folder) = options.path("checkpoint") {
        trainer = trainer.checkpoint(Checkpoints::new(folder).resume());
    }
    // What the trainer calls an epoch is a round: the text is cut anew into windows, of which some are drawn.
    let windows = |rng: &mut Rng| {
        let cut = train.skip(rng.below(CONTEXT)).windows(CONTEXT, CONTEXT);
        let cut = cut.expect("it is nine times as long as the part for validation, which has windows");
        let drawn = (0..ROUND * BATCH).map(|_| rng.below(cut.len())).collect();
        cut.batches(BATCH).order(drawn)
    };
    let watch = Stopwatch::start();
    let report = trainer.fit_batches(&mut net, windows, &validation)?;
    drop(trainer);
    if let Some(checkpoint) = &report.resumed {
        println!("went on from {}", checkpoint.display());
    }
    let speed = (rounds * ROUND * BATCH * CONTEXT) as f64 / watch.seconds();
    println!("{} steps in {watch}: {speed:.0} characters a second, measuring included", rounds * ROUND);

    println!("\n{}\n", write(&net, &text, length, temperature, &mut rng)?);
    let loss = report.last().ok_or("no round was measured")?.test_loss;
    if steps < usual || text.len() != TINY_SHAKESPEARE {
        println!("validation loss, in nats a character: {loss:.3}");
        return Ok(());
    }
    at_most("validation loss, in nats a character", loss, expected)
}

/// Goes on after the first character of the text, one character after the other, each drawn with the probability that the network gives
/// it. At a temperature below 1 the likely ones are likelier still.
fn write(
    net: &Transformer,
    text: &Text,
    length: usize,
    temperature: f64,
    rng: &mut Rng,
) -> Result<String, Error> {
    let mut ids = text.ids()[..1].to_vec();
    while ids.len() < length {
        let seen = &ids[ids.len().saturating_sub(CONTEXT)..];
        let logits = net.predict(&Array::from_slice(seen).reshape([1, seen.len()])?).i(-1);
        ids.push(draw(&logits.to_vec(), temperature, rng));
    }
    Ok(text.decode(&ids))
}

/// An index, with a probability that is proportional to `exp(logit / temperature)`; at 0 that of the largest logit.
fn draw(logits: &[f32], temperature: f64, rng: &mut Rng) -> usize {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |&logit: &f32| match logit == largest {
        true => 1.0, // whatever the temperature
        false => (f64::from(logit - largest) / temperature).exp(),
    };
    let weights: Vec<f64> = logits.iter().map(weight).collect();
    let mut left = rng.uniform::<f64>() * weights.iter().sum::<f64>();
    let reached = weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    });
    reached.unwrap_or(weights.len() - 1) // where rounding has left a little
}
