//! Whether calls are recorded: a switch for each thread.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

#[inline]
pub(crate) fn is_recording() -> bool {
    RECORDING.get()
}

/// Runs `f` without recording: its tensors are constants, and no graph grows. For evaluation, and for updates by hand.
///
/// ```
/// use autograd::{no_grad, Tensor};
/// let w = Tensor::from([2.0]).requires_grad();
/// assert!((&w * 3.0).is_tracked());
/// assert!(!no_grad(|| &w * 3.0).is_tracked());
/// ```
#[doc(alias("inference_mode", "set_grad_enabled"))]
pub fn no_grad<R>(f: impl FnOnce() -> R) -> R {
    with_recording(false, f)
}

/// Runs `f` with recording on or off, and restores what was, also if `f` panics.
pub(crate) fn with_recording<R>(on: bool, f: impl FnOnce() -> R) -> R {
    let _restore = Recording::set(on);
    f()
}

/// Recording on or off on this thread for as long as this lives; then what was is restored.
///
/// [`no_grad`] is the usual form. This one has no closure, through which a panic could not name the line of the caller
/// (`#[track_caller]`).
///
/// ```
/// use autograd::{Recording, Tensor};
/// let w = Tensor::from([2.0]).requires_grad();
/// let off = Recording::set(false);
/// assert!(!(&w * 3.0).is_tracked());
/// drop(off);
/// assert!((&w * 3.0).is_tracked());
/// ```
#[derive(Debug)]
#[must_use = "what was is restored when this is dropped"]
pub struct Recording {
    before: bool,
    /// It belongs to its thread.
    here: PhantomData<*const ()>,
}

impl Recording {
    /// Switches it. Of several, the one that was made last has to be dropped first.
    pub fn set(on: bool) -> Self {
        Recording { before: RECORDING.replace(on), here: PhantomData }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.set(self.before);
    }
}
