//! What is left of a run that did not come to its end, and why it did not.

use super::child::Outcome;
use super::epochs::Epochs;
use super::reason::words;
use super::{Session, failure};
use samepath_wire::{Cause, Failure};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files that a run reads, as they were when it began.
#[derive(Debug, Default)]
pub(super) struct Inputs(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl Inputs {
    /// As they are now.
    pub(super) fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(paths.into_iter().map(|path| (stamp(&path), path)).map(|(stamp, path)| (path, stamp)).collect())
    }

    fn gone(&self) -> Option<&Path> {
        self.0.iter().find(|(path, before)| before.is_some() && stamp(path).is_none()).map(|(path, _)| path.as_path())
    }

    fn changed(&self) -> Option<&Path> {
        self.0.iter().find(|(path, before)| before.is_some() && stamp(path) != *before).map(|(path, _)| path.as_path())
    }
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = fs_err::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

impl Session {
    /// The checkpoints that a run left, in words.
    pub(super) fn kept(&self, run: &Path, epochs: &Epochs, outcome: &Outcome) -> Option<String> {
        // What was being written when the storage was full is there, and no use.
        let cut_off = outcome.tail.quote().filter(|_| outcome.tail.cause() == Some(Cause::StorageFull));
        let whole = |name: &str| !cut_off.as_ref().is_some_and(|line| line.contains(name));
        let epoch = |epoch: Option<u64>| epoch.map(|epoch| format!(" (epoch {epoch})")).unwrap_or_default();
        let files = [
            ("best.ckpt", epoch(epochs.best.map(|(epoch, _)| epoch))),
            ("last.ckpt", epoch(epochs.last.as_ref().map(|row| row.epoch))),
        ];
        let there: Vec<String> = files
            .into_iter()
            .filter(|(name, _)| run.join(name).is_file() && whole(name))
            .map(|(name, epoch)| format!("{name}{epoch}"))
            .collect();
        (!there.is_empty()).then(|| format!("Kept: {} in {}", there.join(", "), self.shown(run)))
    }

    /// Why `sleap-nn` ended badly. `when` is how far it was, `kept` what it left.
    pub(super) fn why(
        &self,
        outcome: &Outcome,
        inputs: &Inputs,
        output: &Path,
        when: &str,
        kept: Option<String>,
    ) -> Failure {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let quote = outcome.tail.quote().unwrap_or_default();
        let named = outcome.tail.cause().map(|cause| (cause, words(cause, &quote).unwrap_or_default().to_owned()));
        let (last, earlier) = if outcome.tail.is_named_last() { (named, None) } else { (None, named) };
        let here = output.is_dir();
        // Whoever was killed said nothing of it. Then what it ended with, what is seen now, and what it said before.
        let seen = || {
            let gone = inputs.gone().map(|gone| format!("{} is no longer there", name(gone)));
            let away = || (!here).then(|| format!("the storage of the results went away ({})", output.display()));
            Some((Cause::StorageGone, away().or(gone)?))
        };
        let changed = || {
            let changed = inputs.changed()?;
            Some((Cause::InputChanged, format!("{} was changed while the job ran", name(changed))))
        };
        let killed = (killed(outcome) && here)
            .then(|| (Cause::Memory, "sleap-nn was killed, most likely for want of memory".to_owned()));
        let (cause, what) =
            killed.or(last).or_else(seen).or(earlier).or_else(changed).unwrap_or_else(|| match outcome.status.code() {
                Some(code) => (Cause::ExitCode, format!("sleap-nn ended with code {code}")),
                None => (Cause::ExitCode, format!("sleap-nn was ended ({})", outcome.status)),
            });
        let advice = match cause {
            Cause::GpuMemory | Cause::Memory => " A smaller batch size needs less.",
            _ => "",
        };
        let kept = kept.map(|kept| format!(" {kept}.")).unwrap_or_default();
        Failure {
            exit_code: outcome.status.code(),
            last_line: outcome.tail.quote(),
            ..failure(cause, format!("{what}{when}.{advice}{kept}"))
        }
    }
}

#[cfg(unix)]
fn killed(outcome: &Outcome) -> bool {
    use std::os::unix::process::ExitStatusExt;
    outcome.status.signal() == Some(9) || outcome.status.code() == Some(137)
}

#[cfg(not(unix))]
fn killed(_outcome: &Outcome) -> bool {
    false
}
