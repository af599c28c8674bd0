//! Samepath's window, as a program. The only place of the desktop that reads the process's environment.

#![cfg_attr(all(not(debug_assertions), windows), windows_subsystem = "windows")]

use samepath_app::{LOG_FILTER, Options, instance};
use samepath_desktop::StartError;
use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const HELP: &str = "\
Samepath's window: pick a dataset, run it on any lab GPU that mounts the same storage.

Usage: samepath-desktop [FILE | STORAGE:PATH]...

Opens the window, or shows the one that is open, with a new job for what is named.
For the command line: samepath --help";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    // The same executable is also the helper that asks storages, a job's guard and the built-in tools.
    if let Some(code) = samepath_worker::entry::run_hidden(&arguments) {
        return code;
    }
    if let Some(told) = told(&arguments) {
        // Whoever asked may not listen any more.
        let _ = writeln!(std::io::stdout(), "{told}");
        return ExitCode::SUCCESS;
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_FILTER)))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    // A window started from an icon has no working folder worth the name.
    let options = Options::gather(|name| env::var_os(name), None, None, env!("CARGO_PKG_VERSION"));
    #[cfg(target_os = "linux")]
    let options = options.map(|options| match env::current_exe() {
        Ok(window) => options.started_light(&window),
        Err(_) => options,
    });
    // What it is to open was named from where it was started, all the same.
    let files = instance::files(arguments, env::current_dir().ok().as_deref());
    let run = |options| samepath_desktop::run(options, files);
    match options.map_err(StartError::from).and_then(run).map_err(anyhow::Error::from) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error);
            ExitCode::FAILURE
        }
    }
}

/// What is asked in a terminal, and wants no window.
fn told(arguments: &[OsString]) -> Option<&'static str> {
    let asks = |short: &str, long: &str| arguments.iter().any(|argument| argument == short || argument == long);
    if asks("-h", "--help") {
        Some(HELP)
    } else if asks("-V", "--version") {
        Some(concat!("samepath-desktop ", env!("CARGO_PKG_VERSION")))
    } else {
        None
    }
}

/// There is no window to say it in: the terminal, and a dialog for whoever started it from an icon.
fn tell(error: &anyhow::Error) {
    let failed = error.downcast_ref::<StartError>();
    let text = match failed.and_then(StartError::hint) {
        Some(hint) => format!("{error:#}\n{hint}"),
        None => format!("{error:#}"),
    };
    tracing::error!("{text}");
    if matches!(failed, Some(StartError::App(_))) && !std::io::stderr().is_terminal() {
        rfd::MessageDialog::new()
            .set_level(rfd::MessageLevel::Error)
            .set_title("Samepath")
            .set_description(text)
            .show();
    }
}
