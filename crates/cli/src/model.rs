//! The network that settings describe, and its file.

use crate::begun;
use crate::data::{Part, Targets, is_scaled};
use crate::describe::Description;
use crate::fault::Source;
use crate::settings::{Config, Convolutions};
use crate::tell::warn;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use wengert::data::Scaler;
use wengert::files::{Archive, Checkpoints};
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
        let [of_convolutions, of_layers] = weights(config, description)?;
        let weights = of_convolutions + of_layers;
        if weights > MOST {
            let keys =
                if of_convolutions > of_layers { ["channels", "kernel"] } else { ["hidden", "channels"] };
            let message = format!("the model would have {weights:.1e} weights, of {MOST:.1e} at most");
            return Err(config.source.fault_of("model", &keys, message, "make its layers smaller").into());
        }
        let (model, mut rng) = (&config.model, Rng::seed(config.training.seed));
        let mut layers = Sequential::new();
        let mut width: usize = description.input.iter().product();
        if let Some(convolutions) = &model.convolutions {
            let ([mut channels, ..], sides) = pooled(config, convolutions, description)?;
            for &next in &convolutions.channels {
                let Convolutions { kernel, pool, batch_norm, .. } = *convolutions;
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
            layers =
                layers.then(Linear::with_init(width, next, Init::HeUniform, &mut rng)).then(model.activation);
            if model.dropout > 0.0 {
                layers = layers.then(Dropout::new(model.dropout));
            }
            width = next;
        }
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

    /// Whether the last batch of an epoch of so many samples is enough to learn from: a batch normalisation wants more than one number.
    pub(crate) fn fits_batches(config: &Config, description: &Description, samples: usize) -> Result<()> {
        let batch = config.training.batch;
        let is_pixel = config.model.convolutions.as_ref().is_some_and(|convolutions| convolutions.batch_norm)
            && description.input[1..] == [1, 1];
        if !is_pixel || (batch > 1 && samples % batch != 1) {
            return Ok(());
        }
        let message = format!(
            "images of one pixel cannot be normalised in a batch of one sample, the last of {samples} in batches of {batch}"
        );
        let help = "take another `batch`, or drop `batch_norm`";
        Err(config.source.fault_of("model", &["batch_norm"], message, help).into())
    }

    /// Takes the scales from the training part.
    pub(crate) fn fit_scales(&mut self, train: &Part) -> Result<()> {
        if let Some(input) = &mut self.input {
            let axes: &[isize] = if input.scale.dims().len() == 4 && input.scale.dims()[2..] == [1, 1] {
                &[0, 2, 3]
            } else {
                &[0]
            };
            let scaler = Scaler::standardize_over(&train.x, axes)
                .map_err(|error| format!("the inputs of the training part: {error}"))?;
            let scale = scaler.scale().recip();
            input.set(&scale, &-(scaler.offset() * &scale));
        }
        if let (Some(output), Targets::Numbers(y)) = (&mut self.output, &train.y) {
            let scaler = Scaler::standardize(y)
                .map_err(|error| format!("the targets of the training part: {error}"))?;
            output.set(scaler.scale(), scaler.offset());
        }
        Ok(())
    }

    /// Writes the weights with all that is needed to use them.
    pub(crate) fn save(&self, config: &Config, description: &Description) -> Result<PathBuf> {
        let path = path(config);
        self.archive(config, description).write(&path)?;
        Ok(path)
    }

    /// The weights, and in the metadata what they were trained by and what goes in and comes out.
    pub(crate) fn archive(&self, config: &Config, description: &Description) -> Archive {
        let mut archive = Archive::of(self);
        archive.metadata.insert(DESCRIPTION.into(), description.to_json());
        archive.metadata.insert(SETTINGS.into(), config.source.text.clone());
        archive
    }

    /// Whether a training by these settings has left a model.
    pub(crate) fn is_kept(config: &Config) -> bool {
        path(config).is_file()
    }

    /// Reads the model that was trained by these settings, which may have changed since but for what makes the network.
    /// Gives what it tells, and those settings.
    pub(crate) fn load(config: &Config) -> Result<(Self, Description, Config)> {
        let path = path(config);
        if !Network::is_kept(config) {
            let is_begun = config.folder.join("checkpoints").is_dir();
            return Err(format!(
                "{}: there is no model yet\n  help: {}: `wengert train {}{}`",
                path.display(),
                if is_begun { "go on with the training" } else { "train one" },
                config.source.path.display(),
                if is_begun { " --resume" } else { "" }
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
        let help = "the model is as it was trained; train anew, into another folder, for another";
        let changed = begun::difference(&own.source.text, &config.source, "the model was trained", help);
        changed.iter().for_each(|fault| warn(fault.note()));
        let written = |file: &std::path::Path| fs::metadata(file).and_then(|file| file.modified()).ok();
        let newest = Checkpoints::new(config.folder.join("checkpoints")).newest()?;
        if newest.is_some_and(|(_, newest)| written(&newest) > written(&path)) {
            warn(format_args!(
                "note: a training has gone on since {} was written\n  help: its model comes with its end: `wengert train {} --resume`",
                path.display(),
                config.source.path.display()
            ));
        }
        let held: usize = archive.tensors.iter().map(|(_, tensor)| tensor.size()).sum();
        if weights(&own, &description)?.iter().sum::<f64>() > held as f64 {
            return Err(format!(
                "{}: it is to have more weights than there are\n  help: the file is damaged; train anew, into another folder",
                path.display()
            )
            .into());
        }
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
        Ok((network, description, own))
    }
}

/// Where the model of a training lies.
pub(crate) fn path(config: &Config) -> PathBuf {
    config.folder.join("model.safetensors")
}

/// The shape of an image, and its height and width behind all convolutions.
fn pooled(
    config: &Config,
    convolutions: &Convolutions,
    description: &Description,
) -> Result<([usize; 3], [usize; 2])> {
    let &[channels, height, width] = &description.input[..] else {
        return Err("convolutions want channels, height and width".into());
    };
    let mut sides = [height, width];
    for (number, _) in (1..).zip(&convolutions.channels) {
        sides = sides.map(|side| side / convolutions.pool);
        if sides.contains(&0) {
            let message = format!(
                "an image of {height} by {width} pixels is used up after {number} of {} convolutions, each of which makes it smaller by {}",
                convolutions.channels.len(),
                convolutions.pool
            );
            let help = "take fewer `channels`, or a smaller `pool`";
            return Err(config.source.fault_of("model", &["channels", "pool", "kind"], message, help).into());
        }
    }
    Ok(([channels, height, width], sides))
}

/// How many weights convolutions and other layers have, biases not counted: in floating point, where no product is too large.
fn weights(config: &Config, description: &Description) -> Result<[f64; 2]> {
    let product = |sizes: &[usize]| sizes.iter().map(|size| *size as f64).product::<f64>();
    let ([mut of_convolutions, mut of_layers], mut width) = ([0.0; 2], product(&description.input));
    if let Some(convolutions) = &config.model.convolutions {
        let ([mut channels, ..], [height, width_]) = pooled(config, convolutions, description)?;
        for &next in &convolutions.channels {
            of_convolutions += product(&[channels, convolutions.kernel, convolutions.kernel, next]);
            channels = next;
        }
        width = product(&[channels, height, width_]);
    }
    for next in config.model.hidden.iter().copied().chain([description.outputs.count()]) {
        of_layers += width * next as f64;
        width = next as f64;
    }
    Ok([of_convolutions, of_layers])
}
