//! The system's file manager.

use samepath_app::{Error, ErrorCode};
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

/// Shows a folder. Does not wait for the file manager: some stay for as long as their window does.
pub(crate) fn folder(folder: &Path) -> Result<(), Error> {
    let mut command = Command::new(OPENER);
    command.arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut opener = command.spawn().map_err(|error| {
        Error::new(ErrorCode::Io, format!("{} cannot be shown: {OPENER}: {error}.", folder.display()))
            .with_hint("Open the folder in your file manager.")
    })?;
    // Whoever starts a program takes note of its end.
    drop(spawn_blocking(move || opener.wait()));
    Ok(())
}
