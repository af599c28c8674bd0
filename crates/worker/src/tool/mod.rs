//! Tools that come with the program: what a built-in kind's command `samepath` starts.

mod slp_check;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the tool that the first argument names (`slp-check LABELS OUTPUT_DIR`).
pub fn run(args: &[OsString]) -> ExitCode {
    match args.split_first() {
        Some((name, rest)) if name == "slp-check" => slp_check::run(rest),
        Some((name, _)) => {
            println!("openjd_fail: There is no tool {}.", name.display());
            ExitCode::from(2)
        }
        None => {
            println!("openjd_fail: Which tool?");
            ExitCode::from(2)
        }
    }
}
