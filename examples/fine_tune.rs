//! A network that PyTorch has trained, taken over: its weights are read under names of our own, what it has learned to see is frozen, and a
//! new classifier learns from a handful of examples.
//!
//! `data/pretrained.safetensors` is what `data/pretrained.py` has saved: a network that tells the ten digits apart, trained on the first 900 of
//! them. Here it is asked something else, of the others: whether a digit encloses anything, as 0, 6, 8 and 9 do. It is told so of thirty.

use wengert::files::Load;
use wengert::prelude::*;

const PRETRAINED: &[u8] = include_bytes!("data/pretrained.safetensors");
/// How many digits PyTorch has seen.
const SEEN: usize = 900;
/// Examples of each digit to learn from.
const SHOTS: usize = 3;

type Digits = Dataset<Tensor, Vec<usize>>;

#[derive(Module)]
struct Net {
    trunk: Mlp,
    head: Linear,
}

impl Net {
    fn new(rng: &mut Rng) -> Self {
        Net { trunk: Mlp::new(&[64, 96, 48], Activation::Relu, rng), head: Linear::new(48, 2, rng) }
    }
}

impl Layer for Net {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        self.head.forward(&self.trunk.forward(x, mode).relu(), mode)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = Rng::seed(0);
    let (train, test) = few(&mut rng)?;

    let mut net = Net::new(&mut rng);
    // PyTorch's names to ours. Its classifier, for another question, is left out.
    let report = Load::new()
        .rename(|name| match name.split_once('.')? {
            ("features", rest) => {
                let (layer, kind) = rest.split_once('.')?;
                // Between the two lie an activation and a dropout, which PyTorch counts.
                let layer = if layer == "0" { 0 } else { 1 };
                Some(format!("trunk.layers.{layer}.{kind}"))
            }
            _ => None,
        })
        .allow_missing()
        .from_bytes(&mut net, PRETRAINED)?;
    println!("loaded: {}", report.loaded.join(", "));
    println!("new:    {}", report.missing.join(", "));

    net.freeze("trunk.*");
    println!("\n{}", summary(&net));
    let before: Vec<f32> = net.trunk.parameters().iter().flat_map(|(_, param)| param.to_vec()).collect();
    let tuned = learn(&mut net, &train, &test, &mut rng)?;
    let after: Vec<f32> = net.trunk.parameters().iter().flat_map(|(_, param)| param.to_vec()).collect();
    assert!(before == after, "what is frozen has changed");

    let scratch = learn(&mut Net::new(&mut rng), &train, &test, &mut rng)?;
    println!("accuracy on {} other digits, after {} examples", test.len(), train.len());
    println!(
        "  the pretrained network, its frozen weights bit for bit as they were: {:.1} %; expect 90 % or more",
        100.0 * tuned
    );
    println!("  the same network from nothing: {:.1} %", 100.0 * scratch);
    assert!(tuned >= 0.90, "the new classifier has not learned");
    Ok(())
}

/// Trains what is not frozen; the accuracy that it reaches.
fn learn(net: &mut Net, train: &Digits, test: &Digits, rng: &mut Rng) -> Result<f64, TrainError> {
    Trainer::new(AdamW::new(1e-2))
        .loss(cross_entropy)
        .epochs(60)
        .batch(10)
        .seed(rng.below(1000) as u64)
        .fit(net, train, test)?;
    Ok(accuracy(&net.predict(test.x()), test.y()))
}

/// Digits that PyTorch has not seen, and whether they enclose anything: some to learn from, and the others.
fn few(rng: &mut Rng) -> Result<(Digits, Digits), ShapeError> {
    let all = digits();
    let mut new: Vec<usize> = (SEEN..all.len()).collect();
    rng.shuffle(&mut new);
    let mut shown = [0; 10];
    let (some, others): (Vec<usize>, Vec<usize>) = new.into_iter().partition(|&i| {
        shown[all.y()[i]] += 1;
        shown[all.y()[i]] <= SHOTS
    });
    let of = |indices: &[usize]| {
        let part = all.select(indices);
        let encloses = |digit: &usize| usize::from([0, 6, 8, 9].contains(digit));
        Dataset::new(part.x().clone(), part.y().iter().map(encloses).collect())
    };
    Ok((of(&some)?, of(&others)?))
}
