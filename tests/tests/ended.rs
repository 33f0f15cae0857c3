//! Why a training has ended: its report says it, and so does that of a checkpoint which is gone on with.

use std::fs;
use wengert::files::Checkpoints;
use wengert::prelude::*;
use wengert::{Callback, InTraining, Interrupt, Report, TrainError};

fn data() -> Dataset<Tensor, Tensor> {
    Dataset::new(Tensor::ones([8, 2]), Tensor::ones([8, 1])).unwrap()
}

fn net() -> Linear {
    Linear::new(2, 1, &mut Rng::seed(0))
}

/// Stops after the first step, or after the first epoch.
struct Impatient {
    waits: bool,
}

impl Callback for Impatient {
    fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
        if self.waits { Control::Continue } else { Control::Stop }
    }
    fn on_epoch(&mut self, _: &EpochReport, _: &mut InTraining) -> Control {
        Control::Stop
    }
}

#[test]
fn a_report_says_why_the_training_has_ended() {
    let trainer = || Trainer::new(Sgd::new(0.0)).loss(mse).epochs(5);
    let ended =
        |mut trainer: Trainer<'_, Sgd, _, Tensor>| trainer.fit(&mut net(), &data(), &data()).unwrap().ended;
    assert_eq!(ended(trainer()), Ended::Finished);
    let early = ended(trainer().stop_early(2));
    assert!(early.to_string().starts_with("stopped by early stopping with a patience of 2: the test loss"));
    let validation = ended(trainer().stop_early(2).measured_on("validation")).to_string();
    assert!(validation.ends_with(": the validation loss became no better after epoch 1"), "{validation}");
    let metric = EarlyStop { metric: Some(("MAE", wengert::Goal::Least)), ..EarlyStop::new(2) };
    let watched = ended(trainer().metric("MAE", wengert::metrics::mae).with(metric));
    assert!(
        matches!(watched, Ended::Stopped(why) if why.ends_with("the MAE became no better after epoch 1"))
    );
    for waits in [true, false] {
        let mut own = Impatient { waits };
        let [first, second] = [trainer().with(Impatient { waits }), trainer().with_mut(&mut own)].map(ended);
        assert!(first == second && first == Ended::Stopped("ended::Impatient".into()), "{first}");
    }
    // The first that says so is the one.
    let both = trainer().with(Impatient { waits: true }).with(|_: &EpochReport| Control::Stop);
    assert_eq!(ended(both), Ended::Stopped("ended::Impatient".into()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_told_from_other_ends() {
    struct Ask(Interrupt);
    impl Callback for Ask {
        fn on_step(&mut self, step: &StepReport, _: &mut InTraining) -> Control {
            if step.epoch == 2 {
                let id = std::process::id().to_string();
                assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
                // Another thread may be the one that is told, and later than this one has made its steps.
                while !self.0.is_asked() {
                    std::thread::yield_now();
                }
            }
            Control::Continue
        }
    }
    let interrupt = Interrupt::new().unwrap();
    let mut trainer =
        Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).with(Ask(interrupt.clone())).with(interrupt);
    let report = trainer.fit(&mut net(), &data(), &data()).unwrap();
    assert_eq!((report.ended, report.epochs.len()), (Ended::Interrupted, 1));
}

/// One that was stopped is over, for that reason; one that was stopped within an epoch goes on.
#[test]
fn a_checkpoint_knows_why_it_is_the_last() {
    let folder = std::env::temp_dir().join(format!("wengert-ended-{}", std::process::id()));
    let fit = |name: &str, stop: Option<Impatient>| {
        let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).batch(4).epochs(3);
        trainer = trainer.checkpoint(Checkpoints::new(folder.join(name)).resume());
        if let Some(stop) = stop {
            trainer = trainer.with(stop);
        }
        trainer.fit(&mut net(), &data(), &data()).unwrap()
    };
    let stopped = Ended::Stopped("ended::Impatient".into());
    assert_eq!(fit("epoch", Some(Impatient { waits: true })).ended, stopped);
    let again = fit("epoch", None);
    assert_eq!((again.ended, again.epochs.len()), (stopped.clone(), 1));
    assert_eq!(fit("step", Some(Impatient { waits: false })).ended, stopped);
    let on = fit("step", None);
    assert_eq!((on.ended, on.epochs.len()), (Ended::Finished, 3));
    assert_eq!(fit("step", None).ended, Ended::Finished);
    fs::remove_dir_all(&folder).unwrap();
}

/// A callback of one's own may be asked to end after an epoch, too: nothing is over then.
#[test]
fn a_checkpoint_goes_on_after_an_interrupt_between_epochs() {
    struct Asked;
    impl Callback for Asked {
        fn on_epoch(&mut self, epoch: &EpochReport, _: &mut InTraining) -> Control {
            if epoch.epoch == 2 { Control::Stop } else { Control::Continue }
        }
        fn why(&self) -> Ended {
            Ended::Interrupted
        }
    }
    let folder = std::env::temp_dir().join(format!("wengert-asked-{}", std::process::id()));
    let fit = || {
        let trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).with(Asked);
        let report = trainer.checkpoint(Checkpoints::new(&folder).resume()).fit(&mut net(), &data(), &data());
        report.map(|report| (report.ended, report.epochs.len())).unwrap()
    };
    assert_eq!([fit(), fit()], [(Ended::Interrupted, 2), (Ended::Finished, 3)]);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn callbacks_are_told_of_an_error_too() {
    #[derive(Default)]
    struct Last(Option<Ended>);
    impl Callback for Last {
        fn on_end(&mut self, report: &Report, _: &mut InTraining) {
            self.0 = Some(report.ended.clone());
        }
    }
    let mut last = Last::default();
    let error = Trainer::new(Sgd::new(1e30)).loss(mse).with_mut(&mut last).fit(&mut net(), &data(), &data());
    assert!(matches!(error, Err(TrainError::NotFinite { .. })));
    assert_eq!(last.0, Some(Ended::Failed));
    Trainer::new(Sgd::new(0.1)).loss(mse).with_mut(&mut last).fit(&mut net(), &data(), &data()).unwrap();
    assert_eq!(last.0, Some(Ended::Finished));
}
