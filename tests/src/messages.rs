//! What a panic says, and the line that it blames.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static PRINTED: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// What `f` returns; or the message with which it panics, and the file and line that it blames. The hook is one for all
/// threads, but each thread sees its own panics only.
///
/// # Errors
/// If `f` panics.
#[track_caller]
pub fn caught<R>(f: impl FnOnce() -> R) -> Result<R, (String, String, u32)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match (WATCHING.get(), info.location()) {
            (true, Some(place)) => {
                PRINTED.set(PRINTED.get() + 1);
                PLACE.set(Some((place.file().into(), place.line())));
            }
            _ => before(info),
        }));
    });
    PRINTED.set(0);
    WATCHING.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(f));
    WATCHING.set(false);
    outcome.map_err(|payload| {
        let (file, line) = PLACE.take().expect("a panic has a place");
        (text(payload), file, line)
    })
}

/// The message with which `f` panics, and the file and line that it blames.
///
/// # Panics
/// If `f` does not.
#[track_caller]
pub fn panic_of<R>(f: impl FnOnce() -> R) -> (String, String, u32) {
    caught(f).err().expect("this should panic")
}

/// How many messages the last panic that was [`caught`] would have printed: one more each time that it was said again elsewhere.
pub fn printed() -> u32 {
    PRINTED.get()
}

fn text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).into(),
    }
}
