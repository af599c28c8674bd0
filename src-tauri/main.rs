//! Samepath's window, as a program. The only place of the desktop that reads the process's environment.

#![cfg_attr(all(not(debug_assertions), windows), windows_subsystem = "windows")]

use anyhow::Context;
use samepath_app::{Options, data_dir};
use samepath_desktop::StartError;
use samepath_storage::{ConfigFile, Environment};
use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    // The same executable is also the helper that asks storages, a job's guard and the built-in tools.
    if let Some(code) = samepath_worker::entry::run_hidden(&arguments) {
        return code;
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match options().and_then(|options| Ok(samepath_desktop::run(options)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error);
            ExitCode::FAILURE
        }
    }
}

fn options() -> anyhow::Result<Options> {
    let environment = Environment {
        home: env::home_dir().filter(|home| home.is_absolute()),
        // A window started from an icon has no working folder worth the name.
        current_dir: None,
        samepath_config: path("SAMEPATH_CONFIG"),
        shared_storage_root: env::var("SHARED_STORAGE_ROOT").ok().filter(|root| !root.is_empty()),
        computer: None,
    };
    Ok(Options {
        config: ConfigFile::find(None, false, &environment),
        data_dir: data_dir(&environment, path("SAMEPATH_DATA"), path("XDG_STATE_HOME"))
            .context("there is no home folder to keep jobs in; set HOME or SAMEPATH_DATA")?,
        runtime_dir: path("XDG_RUNTIME_DIR"),
        program: program()?,
        member: ["USER", "LOGNAME", "USERNAME"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|member| !member.is_empty()))
            .unwrap_or_else(|| "someone".to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        environment,
    })
}

fn path(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// This executable, by a name that still works after an upgrade has replaced the file.
fn program() -> anyhow::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    env::current_exe().context("the program's own file cannot be found")
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
