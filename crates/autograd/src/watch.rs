//! Who looks on while operators run on this thread, in one byte: so the gate asks once, and the answer is nearly always nobody.

use std::cell::Cell;

thread_local! {
    static ON: Cell<u8> = const { Cell::new(0) };
}

/// One who looks on.
#[derive(Clone, Copy)]
pub(crate) struct Watcher(u8);

impl Watcher {
    pub(crate) const OBSERVER: Self = Watcher(1);
    pub(crate) const PROFILE: Self = Watcher(2);
    pub(crate) const NAN: Self = Watcher(4);
    pub(crate) const ONNX: Self = Watcher(8);

    /// Whether this one does.
    #[inline]
    pub(crate) fn get(self) -> bool {
        ON.get() & self.0 != 0
    }

    /// Lets it begin or end, and says whether it did before.
    pub(crate) fn replace(self, on: bool) -> bool {
        let before = ON.get();
        ON.set(if on { before | self.0 } else { before & !self.0 });
        before & self.0 != 0
    }

    pub(crate) fn set(self, on: bool) {
        self.replace(on);
    }
}

/// Whether anybody looks on.
#[inline]
pub(crate) fn is_watched() -> bool {
    ON.get() != 0
}
