use std::ffi::OsString;
use std::process::ExitCode;

pub(super) fn run(args: &[OsString]) -> ExitCode {
    todo!("{args:?}")
}
