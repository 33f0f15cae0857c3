//! A folder for one training alone: the system lets go of its lock when the process ends, even when it is killed.
//!
//! Locks of files are in the standard library since Rust 1.89, and only on Unix can a folder be opened as one; elsewhere none is taken.

use super::error::FileError;
#[cfg(all(unix, file_lock))]
use super::error::FileErrorKind;
use std::path::Path;

/// A folder that is locked until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[cfg(all(unix, file_lock))] std::fs::File);

#[cfg(all(unix, file_lock))]
impl Drop for Lock {
    #[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
    fn drop(&mut self) {
        // Closing alone would not do: a process that another thread is starting has the file open for a moment, too. The error would be
        // that there is no lock any more.
        let _ = self.0.unlock();
    }
}

/// Locks the folder, which is made. Nothing is held where it could not be, which is told when it is read, or where its place knows no
/// locks, as on some networks.
///
/// # Errors
/// If another training holds it.
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
pub(super) fn lock(folder: &Path) -> Result<Option<Lock>, FileError> {
    #[cfg(all(unix, file_lock))]
    if let Ok(file) = std::fs::create_dir_all(folder).and_then(|()| std::fs::File::open(folder)) {
        return match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(std::fs::TryLockError::Error(_)) => Ok(None),
            Err(std::fs::TryLockError::WouldBlock) => Err(FileErrorKind::unsupported(
                "another training is at work in this folder",
                "wait for its end, or give each training a folder of its own",
            )
            .of_file(folder)),
        };
    }
    let _ = folder;
    Ok(None)
}

#[cfg(all(test, unix, file_lock))]
mod tests {
    use crate::testing::Folder;
    use crate::{Control, Dataset, EpochReport, Linear, Rng, Sgd, Tensor, Trainer, files::Checkpoints, mse};

    #[test]
    fn the_second_trainer_in_a_folder_is_told_before_its_first_step() {
        let (folder, data) =
            (Folder::new(), Dataset::new(Tensor::ones([8, 2]), Tensor::ones([8, 1])).unwrap());
        let fit = |meanwhile: &mut dyn FnMut()| {
            let mut net: Linear = Linear::new(2, 1, &mut Rng::seed(0));
            let before = net.weight.to_vec();
            let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(1);
            trainer = trainer.checkpoint(Checkpoints::new(folder.path()).resume()).with(|_: &EpochReport| {
                meanwhile();
                Control::Continue
            });
            let outcome = trainer.fit(&mut net, &data, &data).map_err(|error| error.to_string());
            outcome.map_err(|error| (error, before == net.weight.to_vec()))
        };
        let mut told = None;
        fit(&mut || told = fit(&mut || ()).err()).unwrap();
        let (error, is_unchanged) = told.expect("an error");
        assert!(error.contains("another training is at work in this folder") && is_unchanged, "{error}");
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        // When the first has ended, the folder is free, while its trainer may be kept.
        fit(&mut || panic!("one epoch was made")).unwrap();
    }
}
