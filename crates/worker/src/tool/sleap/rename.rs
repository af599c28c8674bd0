//! A project under other names for its videos, by `sio`, which comes with `sleap-nn`.

use super::child::{self, Watch};
use super::kept::Inputs;
use super::predict::not_started;
use super::{Session, failure};
use samepath_wire::{Cause, Failure};
use std::ffi::OsString;
use std::path::Path;

/// Copies a project, with other names for its videos. Of frames that are inside it the copy has but the names of what they were taken
/// from.
pub(super) fn rename_videos<'a>(
    session: &Session,
    from: &Path,
    to: &Path,
    pairs: impl Iterator<Item = (&'a str, OsString)>,
) -> Result<(), Failure> {
    // What is on the search path is often a link into the environment where both are.
    let real = fs_err::canonicalize(&session.program).unwrap_or_else(|_| session.program.clone());
    let beside =
        [&session.program, &real].map(|path| path.with_file_name(if cfg!(windows) { "sio.exe" } else { "sio" }));
    let Some(program) = beside.iter().find(|path| path.is_file()) else {
        let message = format!("sio, which belongs to sleap-nn, is not beside it ({})", real.display());
        return Err(failure(Cause::ProgramMissing, message));
    };
    let mut args: Vec<OsString> = vec!["filenames".into(), "-i".into(), from.into(), "-o".into(), to.into()];
    for (old, new) in pairs {
        args.extend(["--map".into(), old.into(), new]);
    }
    let outcome = child::run(session, program, &args, &mut Quiet).map_err(|error| not_started(program, &error))?;
    if outcome.status.success() && to.is_file() {
        return Ok(());
    }
    let inputs = Inputs::of([from.to_owned()]);
    let output = to.parent().unwrap_or(to).to_owned();
    let mut failed = session.why(&outcome, &inputs, &output, " while the paths of the videos were translated", None);
    failed.message = failed.message.replace("sleap-nn ended", "sio ended");
    Err(failed)
}

/// Says nothing of what a program prints.
struct Quiet;

impl Watch for Quiet {
    fn line(&mut self, _: &str) -> bool {
        false
    }
}
