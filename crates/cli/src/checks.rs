//! Settings that can be read, and do not fit the data or one another. A model that is there has passed them.

use crate::data::Targets;
use crate::settings::{Config, Convolutions, Loss, Schedule, Task, Training};
use std::error::Error;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The loss of the settings, if it is one for such targets.
pub(crate) fn loss_for(config: &Config, targets: &Targets) -> Result<Option<Loss>> {
    let task = match targets {
        Targets::Classes(_) => Task::Classes,
        Targets::Numbers(_) => Task::Numbers,
    };
    if task == Task::Numbers && config.training.label_smoothing > 0.0 {
        let message = "labels are of classes, but the data has numbers".to_owned();
        let help = "drop the line; `loss = \"huber\"` heeds targets that are far off less";
        return Err(config.source.fault_of("training", &["label_smoothing"], message, help).into());
    }
    match config.training.loss {
        Some(loss) if loss.task() != task => {
            let (told, others) = match task {
                Task::Classes => ("classes", "`cross-entropy`"),
                Task::Numbers => ("numbers", "`mse`, `mae` or `huber`"),
            };
            let message = format!("this is no loss for {told}, which the data has");
            let help = format!("take {others}, or drop the line");
            Err(config.source.fault_of("training", &["loss"], message, help).into())
        }
        loss => Ok(loss),
    }
}

/// Whether the training is as long as its schedule needs.
pub(crate) fn enough_steps(config: &Config, samples: usize) -> Result<()> {
    let &Training { schedule, epochs, warmup, batch, .. } = &config.training;
    let fault = |key, message, help| Err(config.source.fault_of("training", &[key], message, help).into());
    if warmup > epochs {
        let message = format!("`warmup` is {warmup} epochs, but the training ends after {epochs}");
        return fault("warmup", message, "let it be `epochs` at most; a tenth of them is usual");
    }
    if schedule == Schedule::OneCycle && epochs == 1 && samples <= batch {
        let message =
            "the rate of `one-cycle` rises and falls, but the training has a single step".to_owned();
        return fault("schedule", message, "take more `epochs`, a smaller `batch`, or another schedule");
    }
    Ok(())
}

/// Whether something of an image of this shape, `[channels, height, width]`, is left when it has been changed.
pub(crate) fn image_is_left(config: &Config, image: &[usize]) -> Result<()> {
    let (Some(augment), &[_, height, width]) = (&config.augment, image) else { return Ok(()) };
    let fault = |key, pixels: String, side: usize, what| {
        let message = format!("`{key}` is {pixels}, {what} an image of {height} by {width} pixels");
        let help = format!("give less than {side}; a tenth to a half of the image is usual");
        Err(config.source.fault_of("augment", &[key], message, help).into())
    };
    if augment.shift >= height.min(width) as f64 {
        return fault(
            "shift",
            augment.shift.to_string(),
            height.min(width),
            "which leaves nothing in sight of",
        );
    }
    if augment.cutout >= height.max(width) {
        return fault(
            "cutout",
            augment.cutout.to_string(),
            height.max(width),
            "which may blot out the whole of",
        );
    }
    Ok(())
}

/// What is allowed, and seldom meant, of so many samples of this shape.
pub(crate) fn notes(config: &Config, samples: usize, input: &[usize]) -> Vec<String> {
    let note =
        |section, key, message, help: &str| config.source.fault_of(section, &[key], message, help).note();
    let mut notes = Vec::new();
    let batch = config.training.batch;
    if batch > samples {
        let message = format!(
            "`batch` is {batch}, more than the {samples} training samples: an epoch is a single step"
        );
        let help = "a smaller one makes more steps of an epoch; 32 is usual";
        notes.push(note("training", "batch", message, help));
    }
    if let (Some(Convolutions { kernel, .. }), &[_, height, width]) = (&config.model.convolutions, input)
        && *kernel > height.max(width)
    {
        let message = format!("`kernel` is {kernel}, larger than an image of {height} by {width} pixels");
        let help = "what reaches beyond it sees zeros; 3 or 5 is usual";
        notes.push(note("model", "kernel", message, help));
    }
    if let (Some(_), &[channels, height, width @ (1 | 3 | 4)]) = (&config.model.convolutions, input)
        && channels.min(height) > 4
    {
        let message = format!("a sample is taken as {channels} channels of {height} by {width} pixels");
        let help = "if the channels stand last, bring them to the front: `x.transpose(0, 3, 1, 2)` in NumPy";
        notes.push(note("model", "kind", message, help));
    }
    notes
}

/// That a training which goes on has another number of epochs than it began with, if its rates follow from that.
pub(crate) fn other_schedule(config: &Config, begun: &Config) -> Option<String> {
    let (epochs, before) = (config.training.epochs, begun.training.epochs);
    let message = format!(
        "`epochs` is {epochs}, but the training began with {before}: the rate goes on as the schedule of {epochs} has it from here"
    );
    let help = "train anew, into another folder, to have the whole of it";
    (epochs != before && config.training.schedule != Schedule::Constant)
        .then(|| config.source.fault_of("training", &["epochs"], message, help).note())
}
