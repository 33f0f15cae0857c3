//! `resumable FOLDER EPOCHS`: a training that can be killed at any time, for the tests of checkpoints. It resumes what is in the folder,
//! writes a checkpoint every [`INTERVAL`] steps, prints `resumed N` with the steps that are made already, `step N` after each, and at
//! the end `done` with all weights, of the network and of their mean, to the bit.

use std::error::Error;
use std::io::Write;
use tests::resumable::{INTERVAL, network, samples};
use wengert::prelude::*;
use wengert::{Average, Callback, Cosine, InTraining, Plan, StepReport};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (folder, epochs) = (args.next().ok_or("no folder")?, args.next().ok_or("no epochs")?.parse()?);
    let (train, test) = samples();
    let mut net = network();
    let mut average = Average::ema(0.99);
    let mut trainer =
        Trainer::new(Adam::new(1e-3)).loss(cross_entropy).metric("accuracy", accuracy).epochs(epochs);
    trainer = trainer
        .schedule_steps(Cosine::new(10_000))
        .with_mut(&mut average)
        .with(EarlyStop { restore_best: false, ..EarlyStop::new(1000) })
        .with(Tell::default())
        .stop_on_interrupt()?
        .checkpoint(Checkpoints::new(folder).every_steps(INTERVAL).resume());
    let report = trainer.fit(&mut net, &train, &test)?;
    drop(trainer);
    if report.epochs.len() < epochs {
        println!("stopped");
        return Ok(());
    }
    let mut bits = Vec::new();
    for _ in 0..2 {
        bits.extend(net.parameters().into_iter().flat_map(|(_, param)| param.to_vec()).map(f32::to_bits));
        average.swap(&mut net);
    }
    let losses = report.epochs.iter().map(|epoch| (epoch.train_loss, epoch.test_loss));
    println!(
        "done {:x}",
        tests::resumable::hash(&(bits, losses.map(|(a, b)| (a.to_bits(), b.to_bits())).collect::<Vec<_>>()))
    );
    Ok(())
}

/// Prints each step.
#[derive(Default)]
struct Tell {
    made: u64,
}

impl Tell {
    fn print(what: &str, steps: u64) {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{what} {steps}").and_then(|()| out.flush()).expect("somebody reads this");
    }
}

impl Callback for Tell {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining) {
        self.made = ((plan.epoch - 1) * plan.steps_per_epoch + plan.step) as u64;
        Tell::print("resumed", self.made);
    }
    fn on_step(&mut self, _: &StepReport, _: &mut InTraining) -> Control {
        self.made += 1;
        Tell::print("step", self.made);
        Control::Continue
    }
}
