//! The network that settings describe, and its file.

use crate::data::{Part, Targets, is_scaled};
use crate::describe::Description;
use crate::fault::Source;
use crate::settings::{Config, Convolutions};
use std::error::Error;
use std::path::PathBuf;
use wengert::data::Scaler;
use wengert::files::Archive;
use wengert::{
    BatchNorm2d, Conv2d, Dropout, Flatten, Init, Layer, Linear, MaxPool2d, Mode, Module, Param, Path, Rng,
    Sequential, Tensor,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The keys of a model file beside its weights.
const DESCRIPTION: &str = "wengert.description";
const SETTINGS: &str = "wengert.settings";
/// The most weights that settings may ask for: 8 GiB of them.
const MOST: f64 = (1_u64 << 31) as f64;

/// A network with its scales: what goes in and comes out is in the units of the data.
#[derive(Debug, Module)]
pub(crate) struct Network {
    /// Brings inputs to mean 0 and deviation 1.
    pub(crate) input: Option<Rescale>,
    layers: Sequential,
    /// Brings numbers that are told back to their units.
    pub(crate) output: Option<Rescale>,
}

impl Layer for Network {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        let x = self.input.as_ref().map_or_else(|| x.clone(), |input| input.forward(x, mode));
        let y = self.layers.forward(&x, mode);
        self.output.as_ref().map_or_else(|| y.clone(), |output| output.forward(&y, mode))
    }
}

/// `x * scale + offset`, with numbers that are not trained.
#[derive(Debug, Module)]
pub(crate) struct Rescale {
    pub(crate) scale: Param,
    pub(crate) offset: Param,
}

impl Rescale {
    /// What changes nothing, for samples of this shape.
    fn identity(dims: &[usize]) -> Self {
        let dims = [&[1], dims].concat();
        let [mut scale, mut offset] = [Tensor::ones(dims.clone()), Tensor::zeros(dims)].map(Param::new);
        scale.freeze();
        offset.freeze();
        Rescale { scale, offset }
    }

    fn set(&mut self, scale: &Tensor, offset: &Tensor) {
        self.scale.update(|own| own.copy_from_slice(&scale.to_vec()));
        self.offset.update(|own| own.copy_from_slice(&offset.to_vec()));
    }
}

impl Layer for Rescale {
    fn forward(&self, x: &Tensor, _: &mut Mode) -> Tensor {
        x * &*self.scale + &*self.offset
    }
}

impl Network {
    /// The network of these settings, with fresh weights, for samples and outputs of this kind.
    pub(crate) fn new(config: &Config, description: &Description) -> Result<Self> {
        let (model, mut rng) = (&config.model, Rng::seed(config.training.seed));
        let mut layers = Sequential::new();
        let mut width: usize = description.input.iter().product();
        let mut weights = 0.0;
        if let Some(convolutions) = &model.convolutions {
            let [mut channels, height, width_] = *description.input else {
                return Err("convolutions want channels, height and width".into());
            };
            let sides = pooled(config, convolutions, [height, width_])?;
            for &next in &convolutions.channels {
                let Convolutions { kernel, pool, batch_norm, .. } = *convolutions;
                weights += (channels * kernel * kernel) as f64 * next as f64;
                enough(config, weights)?;
                layers = layers.then(Conv2d::new(channels, next, kernel, &mut rng).padding(kernel / 2));
                if batch_norm {
                    layers = layers.then(BatchNorm2d::new(next));
                }
                layers = layers.then(model.activation);
                if pool > 1 {
                    layers = layers.then(MaxPool2d::new(pool));
                }
                channels = next;
            }
            width = channels * sides[0] * sides[1];
        }
        layers = layers.then(Flatten);
        for &next in &model.hidden {
            weights += width as f64 * next as f64;
            enough(config, weights)?;
            layers =
                layers.then(Linear::with_init(width, next, Init::HeUniform, &mut rng)).then(model.activation);
            if model.dropout > 0.0 {
                layers = layers.then(Dropout::new(model.dropout));
            }
            width = next;
        }
        enough(config, weights + width as f64 * description.outputs.count() as f64)?;
        layers = layers.then(Linear::new(width, description.outputs.count(), &mut rng));
        let scales = match &model.convolutions {
            Some(_) => vec![description.input[0], 1, 1],
            None => description.input.clone(),
        };
        let input = is_scaled(config).then(|| Rescale::identity(&scales));
        let output = match description.outputs {
            crate::describe::Outputs::Classes(_) => None,
            crate::describe::Outputs::Numbers(count) => Some(Rescale::identity(&[count])),
        };
        Ok(Network { input, layers, output })
    }

    /// Takes the scales from the training part.
    pub(crate) fn fit_scales(&mut self, train: &Part) -> Result<()> {
        if let Some(input) = &mut self.input {
            let axes: &[isize] = if input.scale.dims().len() == 4 && input.scale.dims()[2..] == [1, 1] {
                &[0, 2, 3]
            } else {
                &[0]
            };
            let scaler = Scaler::standardize_over(&train.x, axes)?;
            let scale = scaler.scale().recip();
            input.set(&scale, &-(scaler.offset() * &scale));
        }
        if let (Some(output), Targets::Numbers(y)) = (&mut self.output, &train.y) {
            let scaler = Scaler::standardize(y)?;
            output.set(scaler.scale(), scaler.offset());
        }
        Ok(())
    }

    /// Writes the weights with all that is needed to use them.
    pub(crate) fn save(&self, config: &Config, description: &Description) -> Result<PathBuf> {
        let mut archive = Archive::of(self);
        archive.metadata.insert(DESCRIPTION.into(), description.to_json());
        archive.metadata.insert(SETTINGS.into(), config.source.text.clone());
        let path = path(config);
        archive.write(&path)?;
        Ok(path)
    }

    /// Reads the model that was trained by these settings, which may have changed since but for what makes the network.
    pub(crate) fn load(config: &Config) -> Result<(Self, Description)> {
        let path = path(config);
        if !path.is_file() {
            return Err(format!(
                "{}: there is no model yet\n  help: train one: `wengert train {}`",
                path.display(),
                config.source.path.display()
            )
            .into());
        }
        let archive = Archive::<f32>::read(&path)?;
        let foreign = || format!("{}: this file was not written by `wengert train`", path.display());
        let of = |key| archive.metadata.get(key).ok_or_else(foreign);
        let description = Description::from_json(of(DESCRIPTION)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let text = of(SETTINGS)?.clone();
        let own = Config::parse(Source { path: config.source.path.clone(), text })
            .map_err(|error| format!("{}: its settings hold no longer: {error}", path.display()))?;
        let mut network = Network::new(&own, &description)?;
        let mut fits = true;
        network.visit_mut(&mut Path::default(), &mut |path, param| match archive.get(path.as_str()) {
            Some(found) if found.shape() == param.shape() => {
                param.update(|own| own.copy_from_slice(&found.to_vec()));
            }
            _ => fits = false,
        });
        if !fits {
            return Err(format!(
                "{}: its weights are not those of its settings\n  help: train anew: `wengert train {}`",
                path.display(),
                config.source.path.display()
            )
            .into());
        }
        Ok((network, description))
    }
}

/// Where the model of a training lies.
fn path(config: &Config) -> PathBuf {
    config.folder.join("model.safetensors")
}

/// Height and width behind all convolutions.
fn pooled(config: &Config, convolutions: &Convolutions, image: [usize; 2]) -> Result<[usize; 2]> {
    let mut sides = image;
    for (number, _) in (1..).zip(&convolutions.channels) {
        sides = sides.map(|side| side / convolutions.pool);
        if sides.contains(&0) {
            let message = format!(
                "an image of {} by {} pixels is used up after {number} of {} convolutions, each of which makes it smaller by {}",
                image[0],
                image[1],
                convolutions.channels.len(),
                convolutions.pool
            );
            return Err(config
                .source
                .fault(config.model.at.clone(), message, "take fewer `channels`, or a smaller `pool`")
                .into());
        }
    }
    Ok(sides)
}

fn enough(config: &Config, weights: f64) -> Result<()> {
    if weights <= MOST {
        return Ok(());
    }
    let message = format!("the model would have {weights:.1e} weights, of {MOST:.1e} at most");
    Err(config.source.fault(config.model.at.clone(), message, "make its layers smaller").into())
}
