//! Tools that come with the program: what a built-in kind's command `samepath` starts.

mod page;
mod report;
mod say;
mod sleap;
mod slp_check;

pub(crate) use sleap::problems;

pub use report::{ProjectSeen, Report, Summary};
pub use slp_check::{CheckError, check as slp_check};

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the tool that the first argument names (`slp-check LABELS OUTPUT_DIR`).
pub fn run(args: &[OsString]) -> ExitCode {
    match args.split_first() {
        Some((name, rest)) if name == "slp-check" => slp_check::run(rest),
        Some((name, rest)) if name == "sleap-train" => sleap::run(sleap::train, rest),
        Some((name, rest)) if name == "sleap-predict" => sleap::run(sleap::predict, rest),
        Some(_) | None => {
            println!("openjd_fail: This program has no such tool; it has slp-check, sleap-train and sleap-predict.");
            ExitCode::from(2)
        }
    }
}
