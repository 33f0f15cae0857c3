//! What tests of several modules share: a folder for files, and the message of a panic.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A folder for one test, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wengert-nn-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("the folder was made by this test");
    }
}

/// What a call panics with.
pub(crate) fn panic_of<R>(call: impl FnOnce() -> R) -> String {
    let call = std::panic::AssertUnwindSafe(|| drop(call()));
    let panic = std::panic::catch_unwind(call).expect_err("a panic");
    panic
        .downcast()
        .map_or_else(|panic| (*panic.downcast::<&str>().expect("a message")).to_owned(), |text| *text)
}
