//! What the system opens: folders in its file manager, files, addresses.

use samepath_app::{Error, ErrorCode};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use tauri::async_runtime::spawn_blocking;

const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Has the system open a file, a folder or an address with what it thinks fit. Does not wait for it: a file manager may stay for as
/// long as its window does.
pub(crate) fn open(what: impl AsRef<OsStr>) -> Result<(), Error> {
    let what = what.as_ref();
    let mut command = Command::new(OPENER);
    command.arg(what).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut opener = command.spawn().map_err(|error| {
        let message = format!("{} cannot be shown: {OPENER}: {error}.", Path::new(what).display());
        Error::new(ErrorCode::Io, message).with_hint("Open it in your file manager.")
    })?;
    // Whoever starts a program takes note of its end.
    drop(spawn_blocking(move || opener.wait()));
    Ok(())
}
