//! Writing a file whole or not at all.
//!
//! The bytes go to a file of another name in the same folder, and only when the disk has them all does that take the name:
//! renaming replaces a file in one step, whatever happens in between. Then the folder is made to last, too. So whoever reads
//! the name sees the old file or the new one, after a crash and after a power cut.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Replaces the file, or makes it, with what `write` writes. If that fails, what was there is unchanged.
///
/// A link is followed; the permissions of a file that was there are kept.
///
/// ```
/// use nn::files::replace;
/// use std::io;
/// # let path = std::env::temp_dir().join(format!("replaced-{}.txt", std::process::id()));
/// replace(&path, |out| out.write_all(b"loss: 0.25"))?;
/// let failed = replace(&path, |out| {
///     out.write_all(b"lo")?;
///     Err(io::Error::other("the disk is full"))
/// });
/// assert!(failed.is_err());
/// assert_eq!(std::fs::read(&path)?, b"loss: 0.25");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), io::Error>(())
/// ```
///
/// # Errors
/// If the file or its folder cannot be written; if the path is that of a folder, a pipe or a device; or if `write` fails.
pub fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link to nowhere is no error: the rename takes its place.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = match fs::metadata(&target) {
        Ok(before) if before.is_file() => Some(before),
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no ordinary file")),
        Err(_) => None,
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let (file, draft) = new_file(folder)?;
    let written = (|| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(before) = before {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&draft, &target)
    })();
    if let Err(error) = written {
        // The first error is the one to tell.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    sync_folder(folder)
}

/// As [`replace`], but a file that is there already is an error, `AlreadyExists`, and stays as it is.
pub(super) fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let already = || match fs::symlink_metadata(path) {
        Ok(_) => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        Err(_) => Ok(()),
    };
    already()?;
    replace(path, |out| {
        write(out)?;
        out.flush()?;
        // Writing may have taken long.
        already()
    })
}

const DRAFT: [&str; 2] = [".wengert-", ".tmp"];

/// Whether a file of this name is one that was not finished.
pub(super) fn is_draft(name: &str) -> bool {
    name.starts_with(DRAFT[0]) && name.ends_with(DRAFT[1])
}

/// A file that was not there before.
fn new_file(folder: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}{}-{number}{}", DRAFT[0], std::process::id(), DRAFT[1]));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return file.map(|file| (file, path)),
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened, and renaming lasts.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn names(folder: &Folder) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_made_and_replaced() {
        let folder = Folder::new();
        let path = folder.path().join("file");
        for text in ["first", "second, which is longer", "3"] {
            replace(&path, |out| out.write_all(text.as_bytes())).unwrap();
            assert_eq!(
                (fs::read_to_string(&path).unwrap(), names(&folder)),
                (text.to_owned(), vec!["file".to_owned()])
            );
        }
    }

    #[test]
    fn what_fails_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = Folder::new();
        let path = folder.write("file", b"old");
        let error = replace(&path, |out| {
            out.write_all(&[7; 100_000])?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(error.unwrap_err().to_string(), "the disk is full");
        assert_eq!((fs::read(&path).unwrap(), names(&folder)), (b"old".to_vec(), vec!["file".to_owned()]));
        assert!(replace(folder.path(), |_| Ok(())).is_err(), "a folder");
        assert!(replace(&folder.path().join("none/file"), |_| Ok(())).is_err(), "a folder that is not there");
        assert_eq!(names(&folder), ["file"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_permissions_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = Folder::new();
        let (path, link) = (folder.write("file", b"old"), folder.path().join("link"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        replace(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(replace(Path::new("/dev/null"), |_| Ok(())).is_err());
    }
}
