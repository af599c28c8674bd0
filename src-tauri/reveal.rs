//! What is opened beside this window: folders in the system's file manager, files, addresses; results in the person's SLEAP.

use samepath_app::{Error, ErrorCode};
use std::ffi::OsStr;
use std::io;
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

/// Starts a program of the person's with a file, in that file's folder. It is on its own from then on: it hears no key that is meant for
/// us, and stays when we go. What an AppImage sets for its own Python is not for that of others.
pub(crate) fn start(program: &Path, file: &Path) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.arg(file).env_remove("PYTHONHOME").env_remove("PYTHONPATH");
    if let Some(folder) = file.parent() {
        command.current_dir(folder);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    leave_alone(command).map_err(|error| {
        Error::new(ErrorCode::Io, format!("{} does not start: {error}.", program.display()))
            .with_hint(format!("Open it yourself: {}", file.display()))
    })
}

/// Has the system open a file, a folder or an address with what it thinks fit. Does not wait for it: a file manager may stay for as
/// long as its window does.
pub(crate) fn open(what: impl AsRef<OsStr>) -> Result<(), Error> {
    let what = what.as_ref();
    let mut command = Command::new(OPENER);
    command.arg(what);
    leave_alone(command).map_err(|error| {
        let message = format!("{} cannot be shown: {OPENER}: {error}.", Path::new(what).display());
        Error::new(ErrorCode::Io, message).with_hint("Open it in your file manager.")
    })
}

fn leave_alone(mut command: Command) -> io::Result<()> {
    let mut started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Whoever starts a program takes note of its end.
    drop(spawn_blocking(move || started.wait()));
    Ok(())
}
