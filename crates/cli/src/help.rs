//! What there is to say of the commands, and of words that are none.

use crate::instead::instead;

/// All commands in short.
pub(crate) const ALL: &str = "\
Trains a multilayer perceptron or a convolutional network from a file of settings, and uses it.

Usage: wengert COMMAND SETTINGS.toml [OPTIONS]

Commands:
  train SETTINGS           Trains, and writes model, checkpoints, log and report into the folder of the settings
      --resume             Goes on from the last checkpoint, to the same bits
  eval SETTINGS            Measures the model on the test part
  predict SETTINGS FILE    Tells the samples of a file, as CSV: a line for each, in the order of the file
      --output FILE        Writes it there instead of printing it
  summary SETTINGS         Prints columns and layers, their shapes and sizes
  export SETTINGS FILE     Writes the model as FILE.onnx or FILE.safetensors
  help [COMMAND]           Prints this, or more of one command
  help settings            Prints what may be in the settings

Ctrl-C ends a training after the step, with a checkpoint. WENGERT_THREADS=1 in the environment keeps it to one thread.
";

/// What each key of the settings means.
const REFERENCE: &str = include_str!("../reference.md");

/// The options of all commands.
const OPTIONS: [&str; 4] = ["--resume", "--output", "--help", "--version"];

/// A command: its name, what it takes, and what it does.
struct Command(&'static str, &'static str, &'static str);

const COMMANDS: [Command; 6] = [
    Command(
        "train",
        "SETTINGS [--resume]",
        "\
Trains by the settings. Into their folder, `runs/` and the name of the file unless they say otherwise,
it writes `model.safetensors`, the folder `checkpoints`, `log.csv` after every epoch, and `report.html`.

Ctrl-C ends it after the step, with a checkpoint and no model; it then exits with 130.

  --resume    Goes on from the last checkpoint, to the same bits as without a stop
",
    ),
    Command(
        "eval",
        "SETTINGS",
        "\
Measures the trained model on the test part: on the file `test` that the settings name, or else on the
samples that the training kept for it.
",
    ),
    Command(
        "predict",
        "SETTINGS FILE [--output FILE]",
        "\
Tells the samples of a file by the trained model, as CSV: a line of names, and then a line for each
sample, in the order of the file. For classes it holds the class and the probability of each, for numbers
the numbers.

FILE is of the format of the settings. In a table, columns are found by their names; others may be there,
and the target need not. `-` is a table from standard input. A model of images in IDX, or of an archive of
arrays, takes a single array in `.npy`, too: of images, numbers from 0 to 1.

  --output FILE    Writes it there instead of printing it: whole or not at all
",
    ),
    Command(
        "summary",
        "SETTINGS",
        "\
Prints columns and layers, their shapes and sizes: of the trained model or, if there is none yet, of that
with which a training would begin.
",
    ),
    Command(
        "export",
        "SETTINGS FILE",
        "\
Writes the trained model for other programs: as FILE.onnx the network in evaluation, with its scales; as
FILE.safetensors its weights, and in the metadata what it was trained by. `wengert summary` prints the order
of its inputs and of its outputs, which for classes are logits.
",
    ),
    Command(
        "help",
        "[COMMAND | settings]",
        "\
Prints all commands in short, more of one, or what may be in the settings.
",
    ),
];

/// What there is to say of a command, if it is one.
pub(crate) fn of(command: &str) -> Option<String> {
    let Command(name, takes, does) = COMMANDS.iter().find(|Command(name, ..)| *name == command)?;
    Some(format!("Usage: wengert {name} {takes}\n\n{does}"))
}

/// What there is to say of a topic: a command, or the settings.
pub(crate) fn on(topic: &str) -> Result<String, String> {
    if topic == "settings" {
        return Ok(REFERENCE.to_owned());
    }
    of(topic).ok_or_else(|| {
        let names = COMMANDS.map(|Command(name, ..)| name);
        let meant = instead(topic, &[&["settings"], &names[..]].concat(), "it is on");
        format!("there is no help on `{topic}`\n  help: {meant}")
    })
}

/// What is wrong with a command that there is not, or whose arguments are not those that it takes.
pub(crate) fn misused(command: &str) -> String {
    match COMMANDS.iter().find(|Command(name, ..)| *name == command) {
        Some(Command(name, takes, _)) => format!(
            "`{name}` takes other arguments\n  usage: wengert {name} {takes}\n  help: `wengert help {name}` says what they are"
        ),
        None => {
            let names = COMMANDS.map(|Command(name, ..)| name);
            let meant = instead(command, &names, "the commands are");
            format!(
                "there is no command `{command}`\n  help: {meant}\n  help: `wengert help` says what there is"
            )
        }
    }
}

/// What is wrong with an option that there is not.
pub(crate) fn no_option(option: &str) -> String {
    let meant = instead(option, &OPTIONS, "the options are");
    format!("there is no option `{option}`\n  help: {meant}")
}
