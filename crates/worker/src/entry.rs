//! The hidden commands by which this program starts itself.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Runs a hidden command, if `args` (without the program's name) is one: `helper`, `guard DIR`, `tool NAME …`.
///
/// Both binaries call it first thing in `main`, before they read anything else; `None` means that the program was started by
/// a person.
pub fn run_hidden(args: &[OsString]) -> Option<ExitCode> {
    match args.first()?.to_str()? {
        "guard" => Some(crate::guard::run(Path::new(args.get(1)?), std::env::vars_os().collect())),
        _ => None,
    }
}
