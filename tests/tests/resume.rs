//! Checkpoints: training that is stopped, killed or starved of disk goes on to the same bits, and what does not fit changes nothing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tests::resumable::{INTERVAL, bits, network, samples};
use wengert::files::{Archive, FileErrorKind, Record};
use wengert::prelude::*;
use wengert::{
    Adadelta, Adafactor, Adagrad, Adamax, Average, BatchNorm, Cosine, Goal, Lamb, Lion, Lookahead, Muon,
    NAdam, Plateau, RAdam, RmsProp, SpikeGuard, Split,
};

/// A folder of a test, which is gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wengert-resume-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Ends training after a step, as a process that is asked to end does.
struct StopAfter(usize);

impl Callback for StopAfter {
    fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
        self.0 -= 1;
        if self.0 == 0 { Control::Stop } else { Control::Continue }
    }
}

fn small(rng: &mut Rng) -> Sequential {
    let (first, last) = (Linear::new(64, 12, rng), Linear::new(12, 10, rng));
    Sequential::new()
        .then(first)
        .then(BatchNorm::new(12))
        .then(Activation::Relu)
        .then(Dropout::new(0.1))
        .then(last)
}

/// Trains in pieces of so many steps, each with a network, an optimizer and callbacks of its own; or in one, without a checkpoint.
fn in_pieces<O: Optimizer>(
    steps: Option<usize>,
    optimizer: impl Fn() -> O,
    folder: &Path,
) -> (Vec<u32>, Vec<u32>, Report) {
    let data = digits();
    let (train, test) =
        (data.select(&(0..70).collect::<Vec<_>>()), data.select(&(70..90).collect::<Vec<_>>()));
    for piece in 0..100 {
        let mut net = small(&mut Rng::seed(1));
        let mut average = Average { warm_up: true, start: 6, ..Average::ema(0.9) };
        let early =
            EarlyStop { restore_best: false, metric: Some(("accuracy", Goal::Most)), ..EarlyStop::new(50) };
        let mut trainer =
            Trainer::new(optimizer()).loss(cross_entropy).metric("accuracy", accuracy).epochs(4).batch(16);
        trainer = trainer
            .schedule_steps(Cosine::new(40))
            .with(Plateau { patience: 1, threshold: 0.9, ..Plateau::new() })
            .with_mut(&mut average)
            .with(SpikeGuard { memory: 3, every: 2, factor: 1.02, ..SpikeGuard::new() })
            .with(early);
        if let Some(steps) = steps {
            trainer = trainer.with(StopAfter(steps)).checkpoint(Checkpoints::new(folder).resume());
        }
        let mut report = trainer.fit(&mut net, &train, &test).unwrap();
        drop(trainer);
        assert_eq!(report.resumed.is_some(), piece > 0);
        if report.epochs.len() == 4 {
            let weights = bits(&net);
            average.swap(&mut net);
            (report.resumed, report.first_epoch) = (None, 1);
            report.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
            return (weights, bits(&net), report);
        }
    }
    panic!("a hundred pieces are not enough");
}

macro_rules! optimizers {
    ($($name:ident: $optimizer:expr),* $(,)?) => {$(
        #[test]
        fn $name() {
            let optimizer = || $optimizer;
            let folder = Folder::new();
            let expected = in_pieces(None, optimizer, &folder.0);
            for steps in [1, 4, 5, 7] {
                let folder = Folder::new();
                assert!(in_pieces(Some(steps), optimizer, &folder.0) == expected, "in pieces of {steps} steps");
                assert_eq!(folder.names().len(), 3, "{:?}", folder.names());
            }
        }
    )*};
}

optimizers! {
    adadelta: Adadelta::new(1.0),
    adafactor: Adafactor::new(0.01),
    adagrad: Adagrad::new(0.01),
    adam: Adam { amsgrad: true, ..Adam::new(0.01) },
    adam_in_two_bytes: Adam { amsgrad: true, ..Adam::new(0.01) }.moments(Storage::Bf16),
    adam_in_groups: AdamW::new(0.01).group("*.bias", wengert::Group::new().rate(0.5).decay(0.0)),
    adamax: Adamax::new(0.01),
    lamb: Lamb::new(0.01),
    lion: Lion::new(0.001),
    lookahead: Lookahead::new(Sgd { momentum: 0.9, ..Sgd::new(0.1) }),
    nadam: NAdam::new(0.01),
    radam: RAdam::new(0.01),
    rmsprop: RmsProp { centered: true, momentum: 0.9, ..RmsProp::new(0.001) },
    sgd: Sgd::new(0.1),
    sgd_in_two_bytes: Lookahead::new(Sgd::new(0.1).momentum(0.9).moments(Storage::Bf16)),
    split: Split::new("*.weight", Muon::new(0.02), AdamW::new(0.001)).matrices(),
}

/// A training in a process of its own.
fn process(folder: &Path, epochs: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resumable"));
    command
        .arg(folder)
        .arg(epochs.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// What it prints, to its end.
fn output(mut command: Command) -> (String, String) {
    let output = command.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The number behind the last line that begins with this word.
fn last(lines: &[String], word: &str) -> Option<u64> {
    lines.iter().rev().find_map(|line| line.strip_prefix(word)?.trim().parse().ok())
}

/// `kill -9` at random moments of training and saving: it resumes from a state at most one interval old, and ends with the bits of
/// a training that nobody has disturbed. `KILLS` in the environment says how often.
#[test]
fn killed_at_any_time_it_ends_with_the_same_bits() {
    let kills: u32 = std::env::var("KILLS").map_or(12, |kills| kills.parse().unwrap());
    let (folder, undisturbed) = (Folder::new(), Folder::new());
    // About ten steps for each kill.
    let epochs = 2 + kills as usize;
    let (expected, errors) = output(process(&undisturbed.0, epochs));
    let expected = expected.lines().last().unwrap_or_else(|| panic!("{errors}")).to_owned();
    assert!(expected.starts_with("done "), "{expected}{errors}");

    let (mut rng, mut killed, mut reached, mut moved) = (Rng::seed(7), 0, 0, 0);
    let started = Instant::now();
    loop {
        assert!(
            started.elapsed() < Duration::from_secs(120 + 6 * u64::from(kills)),
            "after {killed} kills at step {reached}"
        );
        let mut child = process(&folder.0, epochs).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut seen = vec![lines.next().expect("where it resumes")];
        let resumed = last(&seen, "resumed").unwrap();
        assert!(
            resumed <= reached && resumed + INTERVAL >= reached,
            "resumed at {resumed}, killed after {reached}"
        );
        let is_last = killed == kills;
        if !is_last {
            sleep(Duration::from_micros(1000 * rng.below(60) as u64 + rng.below(1000) as u64));
            child.kill().unwrap();
            killed += 1;
        }
        seen.extend(lines);
        child.wait().unwrap();
        if let Some(step) = last(&seen, "step") {
            moved += u32::from(step >= resumed + INTERVAL);
            reached = step;
        }
        if let Some(done) = seen.iter().find(|line| line.starts_with("done ")) {
            assert_eq!(*done, expected, "after {killed} kills");
            break;
        }
        assert!(!is_last, "{seen:?}");
    }
    assert!(
        killed > kills / 2 && moved > 0,
        "{killed} kills, after {moved} of which there was a newer checkpoint"
    );
}

/// The last lines that the process had printed may have been lost with it, so what was reached is counted from those that were read.
#[cfg(unix)]
#[test]
fn asked_to_end_it_leaves_a_checkpoint_that_resumes() {
    let (folder, undisturbed) = (Folder::new(), Folder::new());
    let expected = output(process(&undisturbed.0, 3)).0.lines().last().unwrap().to_owned();
    for signal in ["INT", "TERM"] {
        let mut child = process(&folder.0, 3).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut seen: Vec<String> = lines.by_ref().take(3).collect();
        let asked =
            Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().unwrap();
        assert!(asked.success());
        seen.extend(lines);
        assert!(child.wait().unwrap().success());
        assert_eq!(seen.last().map(String::as_str), Some("stopped"), "{seen:?}");
        let newest = folder.names().pop().unwrap();
        let made = last(&seen, "step").unwrap();
        assert_eq!(newest, format!("checkpoint-{made:010}.safetensors"), "{seen:?}");
    }
    assert_eq!(output(process(&folder.0, 3)).0.lines().last(), Some(expected.as_str()));
}

/// A limit on the size of files stands for a disk that is full.
#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_the_last_checkpoint_stays() {
    let folder = Folder::new();
    let full = |epochs: &str| {
        let mut command = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_resumable");
        let script = "trap '' XFSZ; ulimit -f 100; exec \"$@\"";
        command.args(["-c", script, "sh", program]).arg(&folder.0).arg(epochs).stdin(Stdio::null());
        output(command)
    };
    let (out, errors) = full("1");
    assert!(
        !out.contains("done") && errors.contains("cannot be written") && errors.contains("the space left"),
        "{out}{errors}"
    );
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    assert!(output(process(&folder.0, 1)).0.contains("done"));
    let names = folder.names();
    let (out, errors) = full("2");
    assert!(out.contains("resumed 12") && errors.contains("cannot be written"), "{out}{errors}");
    assert_eq!(folder.names(), names);
    assert!(output(process(&folder.0, 2)).0.contains("resumed 12"));

    // A file where the folder should be.
    let file = folder.0.join("file");
    fs::write(&file, b"").unwrap();
    let (_, errors) = output(process(&file, 1));
    assert!(
        errors.contains("file") && errors.contains("help") || errors.contains("check the path"),
        "{errors}"
    );
}

/// All that is trained here, as one visit.
fn keep(record: &mut Record, net: &mut Sequential, adam: &mut Adam, step: &mut u64) {
    record.module("model", net);
    record.optimizer("optimizer", adam);
    record.value("step", step);
}

fn trained() -> (Sequential, Adam, u64) {
    let (mut net, mut adam) = (small(&mut Rng::seed(3)), Adam::new(0.01));
    let loss = net.forward(&Tensor::ones([4, 64]), &mut Mode::train(&mut Rng::seed(4))).square().mean();
    adam.step(&mut net, &loss.backward());
    (net, adam, 1)
}

/// Every byte of a checkpoint made wrong, and every end of it lost: an error that names the file, and nothing is changed.
#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = Folder::new();
    let (mut net, mut adam, mut step) = trained();
    let path =
        Checkpoints::new(&folder.0).save(7, |record| keep(record, &mut net, &mut adam, &mut step)).unwrap();
    let sound = fs::read(&path).unwrap();
    let (mut other, mut other_adam, mut other_step) = (small(&mut Rng::seed(5)), Adam::new(0.5), 0);
    let before = bits(&other);
    let mut refused = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        let outcome = Checkpoints::new(&folder.0)
            .restore(|record| keep(record, &mut other, &mut other_adam, &mut other_step));
        let error = outcome.expect_err(what).to_string();
        assert!(error.contains("checkpoint-0000000007"), "{what}: {error}");
        assert!(
            error.ends_with("remove it, and training begins anew, as there is no other"),
            "{what}: {error}"
        );
        assert!(
            bits(&other) == before && other_adam.lr == 0.5 && other_step == 0,
            "{what} changed something"
        );
        error
    };
    let mut checksums = 0;
    for place in (0..sound.len()).step_by(sound.len() / 300).chain(0..200) {
        let mut bytes = sound.clone();
        bytes[place] ^= 1 << (place % 8);
        checksums += usize::from(refused(&bytes, &format!("byte {place}")).contains("checksum"));
        refused(&sound[..place], &format!("the first {place} bytes"));
    }
    assert!(checksums > 200, "{checksums}");
    fs::write(&path, &sound).unwrap();
    let restored = Checkpoints::new(&folder.0)
        .restore(|record| keep(record, &mut other, &mut other_adam, &mut other_step));
    assert_eq!(restored.unwrap(), Some(path));
    assert!(
        bits(&other) == bits(&net)
            && other_adam.state == adam.state
            && (other_adam.lr, other_step) == (0.01, 1)
    );
}

/// A checkpoint of something else: all that differs is told, and nothing is changed.
#[test]
fn a_checkpoint_of_another_program_is_refused() {
    let folder = Folder::new();
    let (mut net, mut adam, mut step) = trained();
    let mut checkpoints = Checkpoints::new(&folder.0);
    checkpoints.save(1, |record| keep(record, &mut net, &mut adam, &mut step)).unwrap();

    let mut rng = Rng::seed(0);
    let mut other = Sequential::new().then(Linear::new(64, 11, &mut rng));
    let before = bits(&other);
    let outcome = Checkpoints::new(&folder.0).restore(|record| {
        record.module("model", &mut other);
        record.value("rng", &mut rng);
        record.same("step", &2);
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Unfit(_)));
    for line in [
        "of another shape: model.0.weight is [12, 64], expected [11, 64]",
        "missing: rng",
        "not the same: step was 1, and is 2",
        "extra: model.1.running_mean",
        "extra: optimizer.lr",
        "help: ",
    ] {
        assert!(error.to_string().contains(line), "{line} is not in\n{error}");
    }
    assert!(bits(&other) == before);
}

#[test]
fn the_data_and_the_batches_have_to_be_the_same() {
    let folder = Folder::new();
    let (train, test) = samples();
    let run = |train: &Dataset, batch: usize, checkpoints: Checkpoints| {
        let mut trainer =
            Trainer::new(Sgd::new(0.1)).loss(cross_entropy).epochs(1).batch(batch).checkpoint(checkpoints);
        trainer.fit(&mut network(), train, &test).map(|_| ()).map_err(|error| error.to_string())
    };
    run(&train, 32, Checkpoints::from(&folder.0)).unwrap();
    let error = run(&train, 32, Checkpoints::new(&folder.0)).unwrap_err();
    assert!(error.contains("an earlier training") && error.contains("`Checkpoints::resume`"), "{error}");
    let resumed = || Checkpoints::new(&folder.0).resume();
    let error = run(&test, 32, resumed()).unwrap_err();
    assert!(
        error.contains(&format!("not the same: trainer.samples was {}, and is {}", train.len(), test.len())),
        "{error}"
    );
    let error = run(&train, 16, resumed()).unwrap_err();
    assert!(error.contains("not the same: trainer.batch was 32, and is 16"), "{error}");
    run(&train, 32, resumed()).unwrap();
}

#[test]
fn the_second_to_write_into_a_folder_is_told() {
    let folder = Folder::new();
    let (mut one, mut other) = (Checkpoints::new(&folder.0).keep(2), Checkpoints::new(&folder.0));
    let mut value = 1;
    one.save::<f32>(1, |record| record.value("value", &mut value)).unwrap();
    let error = other.save::<f32>(1, |record| record.value("value", &mut 2)).unwrap_err().to_string();
    assert!(error.contains("another training has written this checkpoint"), "{error}");
    // The first goes on, and keeps two; of the same step it writes nothing.
    for step in [1, 2, 3, 3] {
        one.save::<f32>(step, |record| record.value("value", &mut value)).unwrap();
    }
    assert_eq!(folder.names(), ["checkpoint-0000000002.safetensors", "checkpoint-0000000003.safetensors"]);
    let archive = Archive::<f32>::read(folder.0.join(&folder.names()[0])).unwrap();
    assert_eq!(archive.metadata["value"], "1");
}

#[test]
fn what_was_half_written_is_removed_by_who_resumes() {
    let folder = Folder::new();
    for name in [".wengert-1-2.tmp", "notes.txt"] {
        fs::write(folder.0.join(name), b"half").unwrap();
    }
    assert_eq!(Checkpoints::new(&folder.0).restore::<f32>(|_| {}).unwrap(), None);
    assert_eq!(folder.names(), ["notes.txt"]);
    assert_eq!(Checkpoints::new(folder.0.join("none")).restore::<f32>(|_| {}).unwrap(), None);
}

/// Early stopping: ends, restores the best, and is over for who resumes.
/// The network of the checkpoint is in the midst of the second epoch: there is none of the first to give.
#[test]
fn a_place_behind_the_last_epoch_is_refused() {
    let folder = Folder::new();
    let (train, test) = samples();
    let fit = |epochs, stop| {
        let mut net = network();
        let before = bits(&net);
        let checkpoints = Checkpoints::new(&folder.0).resume();
        let mut trainer = Trainer::new(Adam::new(1e-3)).loss(cross_entropy).batch(32).epochs(epochs);
        trainer = trainer.checkpoint(checkpoints).with(StopAfter(stop));
        let outcome = trainer.fit(&mut net, &train, &test).map(|report| report.epochs.len());
        outcome.map_err(|error| (error.to_string(), bits(&net) == before))
    };
    assert_eq!(fit(2, train.len().div_ceil(32) + 1), Ok(1));
    let (message, is_unchanged) = fit(1, 1).unwrap_err();
    assert!(
        message.contains("epoch 2, step 1, but training ends after epoch 1") && is_unchanged,
        "{message}"
    );
    assert_eq!(fit(2, 1000), Ok(2));
}

#[test]
fn training_that_was_ended_stays_so() {
    let folder = Folder::new();
    let (train, test) = samples();
    let run = |patience| {
        let mut net = network();
        let mut trainer = Trainer::new(Adam::new(0.01))
            .loss(cross_entropy)
            .epochs(60)
            .checkpoint(Checkpoints::new(&folder.0).resume());
        trainer = trainer.with(EarlyStop::new(patience));
        let report = trainer.fit(&mut net, &train, &test).unwrap();
        let best = report.epochs.iter().map(|epoch| epoch.test_loss).fold(f64::INFINITY, f64::min);
        let (loss, _) = trainer.evaluate(&net, &test);
        assert_eq!(loss, best, "the best parameters are not restored");
        (report.epochs.len(), best, bits(&net))
    };
    let first = run(3);
    assert!((4..60).contains(&first.0), "{}", first.0);
    assert!(run(3) == first);
}
