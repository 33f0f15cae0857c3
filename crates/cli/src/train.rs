//! `wengert train`: a training by the settings, and all that it leaves in its folder.

use crate::begun;
use crate::checks;
use crate::columns;
use crate::data::{self, Part, Parts, Targets, dataset};
use crate::describe::Description;
use crate::evaluate;
use crate::model::Network;
use crate::settings::{Augment, Config, Loss, Optimizer, Schedule};
use crate::target::may_be_trained;
use crate::tell::{tell, warn};
use std::error::Error;
use std::fs;
use std::process::ExitCode;
use wengert::data::{Affine, Augmentation, Cutout, Flip, Noise};
use wengert::files::Checkpoints;
use wengert::metrics::{accuracy, mae as mean_error, r2};
use wengert::{
    Adam, AdamW, Cosine, CrossEntropy, Dataset, Ended, Interrupt, Lion, Log, OneCycle, Op, Page, Report,
    RmsProp, Samples, Schedule as _, Sgd, Tensor, TensorBoard, TrainError, Trainer, Warmup, huber, mae, mse,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Measure<Y> = (&'static str, fn(&Tensor, &Y) -> f64);

/// What ends a training that was asked to stop, as a shell says of Ctrl-C.
const STOPPED: u8 = 130;

/// Trains, and writes model, checkpoints, log and page.
pub(crate) fn run(config: &Config, resume: bool) -> Result<ExitCode> {
    let mut checkpoints = Checkpoints::new(config.folder.join("checkpoints"));
    let has_some = checkpoints.newest()?.is_some();
    if has_some && !resume {
        return Err(format!(
            "{} holds an earlier training\n  help: go on with it by `--resume`, remove the folder, or give another by `folder` in `[output]`",
            config.folder.display()
        )
        .into());
    }
    may_be_trained(config, has_some)?;
    if resume && !has_some {
        warn("note: there is no checkpoint to go on from; the training begins");
    }
    let parts = data::load(config)?;
    let Parts { train, validation, test, description } = &parts;
    let samples = train.x.dims()[0];
    let kind = checks::loss_for(config, &train.y)?;
    checks::enough_steps(config, samples)?;
    checks::image_is_left(config, &description.input)?;
    let mut net = Network::new(config, description)?;
    Network::fits_batches(config, description, samples)?;
    net.fit_scales(train)?;
    let begun_with = if has_some { begun::compare(config, &parts)? } else { None };
    fs::create_dir_all(config.folder.join("checkpoints"))
        .map_err(|error| format!("{}: the folder cannot be made ({error})", config.folder.display()))?;
    let other_schedule = begun_with.and_then(|begun| checks::other_schedule(config, &begun));
    let notes = checks::notes(config, samples, &description.input);
    other_schedule.into_iter().chain(notes).for_each(warn);
    let validated = validation
        .as_ref()
        .map_or(String::new(), |part| format!("{} validation samples, ", part.x.dims()[0]));
    tell(format_args!(
        "{samples} training samples, {validated}{} test samples, {} weights\n{}",
        test.x.dims()[0],
        wengert::Module::parameter_count(&net),
        columns::of(config, description)
    ))?;
    if validation.is_none() && config.training.early_stopping.is_some() {
        tell(
            "early stopping chooses the epoch by the test, which flatters it: set `validation_share` in `[data]`\n",
        )?;
    }
    // Without `--resume` those that have come since are of another training, too.
    if resume {
        checkpoints = checkpoints.resume();
    }
    let report = learn(config, &mut net, &parts, kind, checkpoints)?;
    let (done, epochs) = (report.epochs.len(), config.training.epochs);
    if done > epochs {
        let message = format!("`epochs` is {epochs}, but the training has done {done}");
        let help = format!("give {done} or more, or train anew, into another folder");
        return Err(config.source.fault_of("training", &["epochs"], message, help).into());
    }
    if report.ended == Ended::Interrupted {
        tell(format_args!(
            "stopped, with a checkpoint; `wengert train {} --resume` goes on\n",
            config.source.path.display()
        ))?;
        return Ok(ExitCode::from(STOPPED));
    }
    if report.resumed.is_some() && done < report.first_epoch {
        tell("the training had ended before: nothing was left to do\n")?;
    }
    finish(config, &net, description, test, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// Trains on the training part: classes or numbers, with this loss of theirs.
fn learn(
    config: &Config,
    net: &mut Network,
    parts: &Parts,
    kind: Option<Loss>,
    checkpoints: Checkpoints,
) -> Result<Report> {
    let keep = begun::Keep { config, parts, failure: None };
    let (train, watched) = (&parts.train, parts.watched());
    match (&train.y, &watched.y) {
        (Targets::Classes(y), Targets::Classes(others)) => {
            let (train, watched) = (dataset(&train.x, y.clone())?, dataset(&watched.x, others.clone())?);
            let smoothing = config.training.label_smoothing;
            let loss =
                |logits: &Tensor, y: &Vec<usize>| CrossEntropy::new(y).smoothing(smoothing).apply([logits]);
            fit(config, net, &train, &watched, checkpoints, keep, loss, &[("accuracy", accuracy)], &[])
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
            let (metrics, over_all): (&[Measure<_>], &[Measure<_>]) = (&[("MAE", mean_error)], &[("R2", r2)]);
            fit(config, net, &train, &watched, checkpoints, keep, loss, metrics, over_all)
        }
        _ => Err("training and test have targets of different kinds".into()),
    }
}

#[expect(clippy::too_many_arguments, reason = "one call for both kinds of targets")]
fn fit<Y: Samples>(
    config: &Config,
    net: &mut Network,
    train: &Dataset<Tensor, Y>,
    watched: &Dataset<Tensor, Y>,
    mut checkpoints: Checkpoints,
    keep: begun::Keep<'_>,
    loss: impl Fn(&Tensor, &Y) -> Tensor,
    metrics: &[Measure<Y>],
    over_all: &[Measure<Y>],
) -> Result<Report> {
    let settings = &config.training;
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
        .with(Interrupt::new()?)
        .with(Log::csv(config.folder.join("log.csv")))
        .progress();
    if config.data.has_validation() {
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
    // The last of all, so that checkpoints of before, which count callbacks, fit.
    trainer = trainer.with(keep);
    trainer.fit_batches(net, batches, watched).map_err(|error| told(&error).into())
}

/// What has gone wrong, without the places of calls in this program, which are not the user's.
fn told(error: &TrainError) -> String {
    let without_place = |line: &str| match error {
        TrainError::NotFinite { .. } => line.split(", called at ").next().map(str::to_owned),
        _ => Some(line.to_owned()),
    };
    error.to_string().lines().filter_map(without_place).collect::<Vec<_>>().join("\n")
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
    let mut page = Page::new(format!("Training of {}", config.source.path.display()))
        .run(report)
        .text("Measured at the end", &result.measures());
    if let Some(matrix) = &result.confusion {
        page = page.confusion(matrix);
    }
    let file = config.folder.join("report.html");
    page.weights(net).text("Settings", &config.source.text).write(&file)?;
    let kept = report.best().filter(|_| config.training.early_stopping.is_some());
    let kept = kept.map_or(String::new(), |best| {
        format!("kept: epoch {}, of the least {} loss, {:.4}\n", best.epoch, best.measured_on, best.test_loss)
    });
    tell(format_args!(
        "\n{result}\nwritten: {}, {}\n{kept}ended after {} of {} epochs: {}\n",
        model.display(),
        file.display(),
        report.epochs.len(),
        config.training.epochs,
        report.ended
    ))?;
    Ok(())
}
