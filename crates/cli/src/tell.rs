//! What is printed. That nobody reads it any more, as behind `| head`, ends nothing.

use std::fmt::Display;
use std::io::{ErrorKind, Result, Write, stderr, stdout};

/// Prints the text to standard output.
pub(crate) fn tell(text: impl Display) -> Result<()> {
    let mut stdout = stdout().lock();
    match write!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a note to standard error.
pub(crate) fn warn(note: impl Display) {
    let _ = writeln!(stderr(), "{note}");
}
