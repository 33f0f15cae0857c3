//! Ctrl-C: training ends after the step, with a checkpoint.

use super::{Callback, Control, Ended, InTraining, StepReport, Trainer};
use autograd::Scalar;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends training after the step in which the process is asked to end: by Ctrl-C (`SIGINT`), or by `SIGTERM` as a batch system sends it. The trainer then writes
/// a checkpoint, if it has a place for them, and returns. Whoever asks a second time ends the process at once.
///
/// In a loop by hand, [`is_asked`](Self::is_asked) tells.
///
/// ```
/// let interrupt = nn::Interrupt::new()?; // in a loop by hand: `if interrupt.is_asked() { break }`
/// assert!(!interrupt.is_asked());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on, as long as the process lives.
    ///
    /// # Errors
    /// If the system does not let the process listen.
    pub fn new() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // The one that ends the process comes first: at the first signal it finds nothing asked.
            flag::register_conditional_shutdown(signal, 128 + signal, asked.clone())?;
            flag::register(signal, asked.clone())?;
        }
        Ok(Interrupt { asked })
    }

    /// Whether the process has been asked to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl<T: Scalar> Callback<T> for Interrupt {
    fn on_step(&mut self, _: &StepReport, _: &mut InTraining<'_, T>) -> Control {
        if self.is_asked() { Control::Stop } else { Control::Continue }
    }

    fn why(&self) -> Ended {
        Ended::Interrupted
    }
}

impl<O, L, Y, T: Scalar> Trainer<'_, O, L, Y, T> {
    /// Ends after the step in which Ctrl-C is pressed, with a checkpoint if there is a place for them: [`Interrupt`]. `fit` then gives its
    /// report as ever, of the epochs that were made, which says [`Ended::Interrupted`]: ask it before the network is used.
    ///
    /// ```
    /// use nn::{Dataset, Ended, Linear, Rng, Sgd, Tensor, Trainer, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(2).stop_on_interrupt()?;
    /// let report = trainer.fit(&mut net, &data, &data)?;
    /// assert!(report.ended != Ended::Interrupted && report.epochs.len() == 2); // nobody has pressed Ctrl-C
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the system does not let the process listen.
    pub fn stop_on_interrupt(self) -> io::Result<Self> {
        Ok(self.with(Interrupt::new()?))
    }
}
