//! Progress for a person to look at.

use super::{Callback, Control, EpochReport, InTraining, Plan, Report, StepReport};
use autograd::Scalar;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};

/// Shows training on standard error: a live bar on a terminal, a line for each epoch elsewhere.
///
/// ```
/// use nn::{Dataset, Linear, Progress, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(2).with(Progress::new()); // or `.progress()`
/// trainer.fit(&mut net, &data, &data)?; // epoch 1  train loss ..  test loss ..
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Debug, Default)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Decides by whether standard error is a terminal.
    pub fn new() -> Self {
        Progress::default()
    }
}

impl<T: Scalar> Callback<T> for Progress {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_, T>) {
        if std::io::stderr().is_terminal() {
            let template = "{wide_bar} {pos}/{len} steps  {elapsed} gone, {eta} left  {msg}";
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let all = plan.epochs.saturating_mul(plan.steps_per_epoch) as u64;
            let bar = ProgressBar::new(all).with_style(style);
            bar.set_position(((plan.epoch - 1) * plan.steps_per_epoch + plan.step) as u64);
            self.bar = Some(bar);
        }
    }

    fn on_step(&mut self, _: &StepReport, _: &mut InTraining<'_, T>) -> Control {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        Control::Continue
    }

    fn on_epoch(&mut self, epoch: &EpochReport, _: &mut InTraining<'_, T>) -> Control {
        match &self.bar {
            Some(bar) => bar.set_message(epoch.to_string()),
            None => tell(epoch),
        }
        Control::Continue
    }

    fn on_end(&mut self, report: &Report, _: &mut InTraining<'_, T>) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if let (true, Some(last)) = (std::io::stderr().is_terminal(), report.last()) {
            tell(last);
        }
    }
}

/// Writes a line to standard error. Where nobody reads it any more, as behind `| head`, training goes on without.
fn tell(epoch: &EpochReport) {
    let _ = writeln!(std::io::stderr(), "{epoch}");
}
