//! Whether calls are recorded: a switch for each thread.

use std::cell::Cell;

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
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _restore = Restore(RECORDING.replace(on));
    f()
}
