//! Whose line a panic names: that of the user, also where a call has come through a `dyn Layer` or a `dyn Callback`, which
//! `#[track_caller]` does not pass.
//!
//! What is called so raises its complaint without a word; the next function outside, which knows its caller, says it there. A line of
//! one's own in between, as in the `forward` of one's own layer, is named itself.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};

thread_local! {
    /// How many functions wait outside, on this thread.
    static OUTSIDE: Cell<usize> = const { Cell::new(0) };
}

/// A complaint on its way to a line that is not ours.
struct Complaint(String);

/// Runs `f`, and panics at the line of the caller with what `f` complains of by [`fail`].
#[track_caller]
pub(crate) fn on_caller<R>(f: impl FnOnce() -> R) -> R {
    OUTSIDE.set(OUTSIDE.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f));
    OUTSIDE.set(OUTSIDE.get() - 1);
    match result.map_err(|panic| panic.downcast::<Complaint>()) {
        Ok(result) => result,
        Err(Ok(complaint)) => fail(&complaint.0),
        Err(Err(panic)) => resume_unwind(panic),
    }
}

/// As [`on_caller`], for a function of the user's choice. One that is passed by its name blames the line of the standard library that calls
/// it: what it complains of by [`fail`] is said at the line of the caller, and any other panic once more there; a closure has a line of
/// its own.
#[track_caller]
pub(crate) fn on_caller_of<F, R>(_: &F, f: impl FnOnce() -> R) -> R {
    if std::any::type_name::<F>().ends_with("{{closure}}") {
        return f();
    }
    OUTSIDE.set(OUTSIDE.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f));
    OUTSIDE.set(OUTSIDE.get() - 1);
    match result {
        Ok(result) => result,
        Err(panic) => {
            if let Some(complaint) = panic.downcast_ref::<Complaint>() {
                fail(&complaint.0);
            }
            match panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied())
            {
                Some(message) => fail(message),
                None => resume_unwind(panic),
            }
        }
    }
}

/// Panics at the line of the caller; if that is one of this crate, at the one that [`on_caller`] knows, if there is one.
#[cold]
#[track_caller]
pub(crate) fn fail(message: &str) -> ! {
    // Without unwinding nobody outside would ever hear of it.
    if cfg!(panic = "unwind") && OUTSIDE.get() > 0 && is_ours(Location::caller().file()) {
        resume_unwind(Box::new(Complaint(message.to_owned())))
    }
    panic!("{message}")
}

/// Fails with this message, unless it holds.
#[track_caller]
pub(crate) fn must(holds: bool, message: impl FnOnce() -> String) {
    if !holds {
        fail(&message());
    }
}

/// Whether a file is one of this crate, or of the standard library as it is built for all.
pub(crate) fn is_ours(file: &str) -> bool {
    let sources = &file!()[..file!().len() - "layers/blame.rs".len()];
    let is_of_std = ["/library/core/src/", "/library/alloc/src/", "/library/std/src/"]
        .iter()
        .any(|part| file.contains(part));
    file.starts_with(sources) || is_of_std
}
