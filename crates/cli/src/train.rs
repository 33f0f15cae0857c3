//! `wengert train`: a training by the settings, and all that it leaves in its folder.

use crate::checks;
use crate::columns;
use crate::data::{self, Part, Parts, Targets, dataset};
use crate::describe::Description;
use crate::evaluate;
use crate::model::Network;
use crate::settings::{Augment, Config, Loss, Optimizer, Schedule};
use crate::tell::{tell, warn};
use std::error::Error;
use std::fs;
use std::process::ExitCode;
use wengert::data::{Affine, Augmentation, Cutout, Flip, Noise};
use wengert::files::{Checkpoints, Record};
use wengert::metrics::{accuracy, mae as mean_error, r2};
use wengert::{
    Adam, AdamW, Callback, Cosine, CrossEntropy, Dataset, Ended, Interrupt, Lion, Log, OneCycle, Op, Page,
    Report, RmsProp, Samples, Schedule as _, Sgd, Tensor, TensorBoard, Trainer, Warmup, huber, mae, mse,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Measure<Y> = (&'static str, fn(&Tensor, &Y) -> f64);

/// What ends a training that was asked to stop, as a shell says of Ctrl-C.
const STOPPED: u8 = 130;

/// Trains, and writes model, checkpoints, log and page.
pub(crate) fn run(config: &Config, resume: bool) -> Result<ExitCode> {
    let checkpoints = config.folder.join("checkpoints");
    if !resume && fs::read_dir(&checkpoints).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!(
            "{} holds an earlier training\n  help: go on with it by `--resume`, remove the folder, or give another by `folder` in `[output]`",
            config.folder.display()
        )
        .into());
    }
    let Parts { train, validation, test, description } = data::load(config)?;
    let samples = train.x.dims()[0];
    let kind = checks::loss_for(config, &train.y)?;
    checks::enough_steps(config, samples)?;
    checks::image_is_left(config, &description.input)?;
    let mut net = Network::new(config, &description)?;
    Network::fits_batches(config, &description, samples)?;
    net.fit_scales(&train)?;
    fs::create_dir_all(&config.folder)
        .map_err(|error| format!("{}: the folder cannot be made ({error})", config.folder.display()))?;
    checks::notes(config, samples, &description.input).iter().for_each(warn);
    let validated = validation
        .as_ref()
        .map_or(String::new(), |part| format!("{} validation samples, ", part.x.dims()[0]));
    tell(format_args!(
        "{samples} training samples, {validated}{} test samples, {} weights\n{}",
        test.x.dims()[0],
        wengert::Module::parameter_count(&net),
        columns::of(config, &description)
    ))?;
    if validation.is_none() && config.training.early_stopping.is_some() {
        tell(
            "early stopping chooses the epoch by the test, which flatters it: set `validation_share` in `[data]`\n",
        )?;
    }
    // What is measured after every epoch, and what an epoch is chosen by.
    let watched = validation.as_ref().unwrap_or(&test);

    let interrupt = Interrupt::new()?;
    let report = match (&train.y, &watched.y) {
        (Targets::Classes(y), Targets::Classes(others)) => {
            let (train, watched) = (dataset(&train.x, y.clone())?, dataset(&watched.x, others.clone())?);
            let smoothing = config.training.label_smoothing;
            let loss =
                |logits: &Tensor, y: &Vec<usize>| CrossEntropy::new(y).smoothing(smoothing).apply([logits]);
            fit(config, &mut net, &train, &watched, &interrupt, loss, &[("accuracy", accuracy)], &[])?
        }
        (Targets::Numbers(y), Targets::Numbers(others)) => {
            let (train, watched) = (dataset(&train.x, y.clone())?, dataset(&watched.x, others.clone())?);
            let unit = net
                .output
                .as_ref()
                .map(|output| output.scale.detach())
                .ok_or("a model of numbers has units")?;
            let loss = |told: &Tensor, y: &Tensor| {
                let (told, y) = (told / &unit, y / &unit);
                match kind {
                    Some(Loss::Mae) => mae(&told, &y),
                    Some(Loss::Huber) => huber(&told, &y, 1.0),
                    _ => mse(&told, &y),
                }
            };
            fit(config, &mut net, &train, &watched, &interrupt, loss, &[("MAE", mean_error)], &[("R2", r2)])?
        }
        _ => return Err("training and test have targets of different kinds".into()),
    };
    if report.ended == Ended::Interrupted {
        tell(format_args!(
            "stopped, with a checkpoint; `wengert train {} --resume` goes on\n",
            config.source.path.display()
        ))?;
        return Ok(ExitCode::from(STOPPED));
    }
    finish(config, &net, &description, &test, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// What decides which samples are in which part: a training that goes on must not get others.
struct Split {
    seed: u64,
    test_share: f64,
    /// Where the validation part is from, if there is one.
    validation: Option<String>,
}

impl Callback for Split {
    fn remember(&mut self, record: &mut Record<'_>) {
        record.same("seed", &self.seed);
        record.same("test_share", &self.test_share);
        if let Some(validation) = &self.validation {
            record.same("validation", validation);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one call for both kinds of targets")]
fn fit<Y: Samples>(
    config: &Config,
    net: &mut Network,
    train: &Dataset<Tensor, Y>,
    watched: &Dataset<Tensor, Y>,
    interrupt: &Interrupt,
    loss: impl Fn(&Tensor, &Y) -> Tensor,
    metrics: &[Measure<Y>],
    over_all: &[Measure<Y>],
) -> Result<Report> {
    let (settings, data) = (&config.training, &config.data);
    let validation = data.has_validation().then(|| match data.validation_share {
        Some(share) => format!("a share of {share}"),
        None => format!("a file of {} samples", watched.len()),
    });
    let mut checkpoints = Checkpoints::new(config.folder.join("checkpoints")).resume();
    if let Some(steps) = settings.checkpoint_steps {
        checkpoints = checkpoints.every_steps(steps as u64);
    }
    let mut trainer = Trainer::new(optimizer(config))
        .loss(loss)
        .epochs(settings.epochs)
        .batch(settings.batch)
        .seed(settings.seed)
        .schedule_steps(schedule(config, train.len()))
        .checkpoint(checkpoints)
        .with(interrupt.clone())
        .with(Log::csv(config.folder.join("log.csv")))
        .with(Split { seed: settings.seed, test_share: data.test_share, validation })
        .progress();
    if data.has_validation() {
        trainer = trainer.measured_on("validation");
    }
    for (name, measure) in metrics {
        trainer = trainer.metric(name, measure);
    }
    for (name, measure) in over_all {
        trainer = trainer.metric_over_all(name, measure);
    }
    if let Some(most) = settings.clip_norm {
        trainer = trainer.clip_norm(most);
    }
    if let Some(patience) = settings.early_stopping {
        trainer = trainer.stop_early(patience);
    }
    if settings.tensorboard {
        trainer = trainer.with(TensorBoard::new(config.folder.join("tensorboard")));
    }
    let augmentation = config.augment.as_ref().map(augmentation);
    let batches = |rng: &mut wengert::Rng| {
        let batches = train.batches(settings.batch).shuffle(rng);
        let batches = match &augmentation {
            Some(augmentation) => batches.augment(augmentation, rng),
            None => batches,
        };
        batches.workers(settings.workers)
    };
    Ok(trainer.fit_batches(net, batches, watched)?)
}

fn optimizer(config: &Config) -> Box<dyn wengert::Optimizer> {
    let settings = &config.training;
    let (lr, momentum, weight_decay) = (settings.rate, settings.momentum, settings.weight_decay);
    match settings.optimizer {
        Optimizer::Sgd => Box::new(Sgd { momentum, weight_decay, ..Sgd::new(lr) }),
        Optimizer::Adam => Box::new(Adam { weight_decay, ..Adam::new(lr) }),
        Optimizer::AdamW => Box::new(AdamW { weight_decay, ..AdamW::new(lr) }),
        Optimizer::RmsProp => Box::new(RmsProp { momentum, weight_decay, ..RmsProp::new(lr) }),
        Optimizer::Lion => Box::new(Lion { weight_decay, ..Lion::new(lr) }),
    }
}

/// The steps of so many epochs.
fn steps(config: &Config, samples: usize, epochs: usize) -> u64 {
    (epochs as u64).saturating_mul(samples.div_ceil(config.training.batch) as u64)
}

/// The share of the rate at each step.
fn schedule(config: &Config, samples: usize) -> impl Fn(u64) -> f64 + Send + Sync + 'static {
    let settings = &config.training;
    let all = steps(config, samples, settings.epochs);
    let warmup = steps(config, samples, settings.warmup).min(all);
    let schedule: Box<dyn wengert::Schedule> = match settings.schedule {
        Schedule::Constant => Box::new(Warmup::new(warmup)),
        Schedule::Cosine => Box::new(Warmup::new(warmup).then(warmup, Cosine::new((all - warmup).max(1)))),
        Schedule::OneCycle => Box::new(OneCycle::new(all)),
    };
    move |step| schedule.share(step)
}

fn augmentation(settings: &Augment) -> Augmentation {
    let around = |by: f64| -by..=by;
    let mut all = Augmentation::new();
    if settings.flip {
        all = all.sometimes(0.5, Flip::Horizontal);
    }
    if settings.shift > 0.0 || settings.rotate > 0.0 || settings.scale > 0.0 {
        let scale = 1.0 - settings.scale..=1.0 + settings.scale;
        all = all
            .then(Affine::new().rotate(around(settings.rotate)).scale(scale).shift(around(settings.shift)));
    }
    if settings.noise > 0.0 {
        all = all.then(Noise::new(settings.noise));
    }
    if settings.cutout > 0 {
        all = all.then(Cutout::new(settings.cutout));
    }
    all
}

/// Writes model and page, and says how good the model is.
fn finish(
    config: &Config,
    net: &Network,
    description: &Description,
    test: &Part,
    report: &Report,
) -> Result<()> {
    // First of all what the training was for.
    let model = net.save(config, description)?;
    let result = evaluate::of(net, description, test);
    let mut page = Page::new(format!("Training of {}", config.source.path.display())).run(report);
    if let Some(matrix) = &result.confusion {
        page = page.confusion(matrix);
    }
    let file = config.folder.join("report.html");
    page.weights(net).text("Settings", &config.source.text).write(&file)?;
    tell(format_args!(
        "\n{result}\nwritten: {}, {}\nended after {} of {} epochs: {}\n",
        model.display(),
        file.display(),
        report.epochs.len(),
        config.training.epochs,
        report.ended
    ))?;
    Ok(())
}
