//! Why an attempt ended badly, in words.

use super::tool::Exit;
use samepath_wire::{Cause, Failure};
use std::time::Duration;

pub(super) fn failure(cause: Cause, message: String) -> Failure {
    Failure { cause, message, exit_code: None, last_line: None }
}

/// How the tool failed: what it said of that itself, else how its process ended. Where a storage is `gone` without which it could do
/// nothing, that is why, unless it knows better.
pub(super) fn ended(exit: Exit, said: Option<Failure>, last_line: Option<String>, gone: Option<String>) -> Failure {
    let (ended, code) = match exit {
        Exit::Code(code) => (format!("the program ended with code {code}"), Some(code)),
        Exit::Signal(signal) => (format!("the program was ended by {}", signal_words(signal)), None),
    };
    // What was printed before a signal is not why.
    let said = said.filter(|_| code.is_some()).unwrap_or_else(|| failure(Cause::ExitCode, ended));
    let failure = Failure { exit_code: said.exit_code.or(code), last_line: said.last_line.or(last_line), ..said };
    match gone {
        Some(message) if !knows_better(failure.cause) => Failure { cause: Cause::StorageGone, message, ..failure },
        _ => failure,
    }
}

fn knows_better(cause: Cause) -> bool {
    matches!(cause, Cause::StorageGone | Cause::StorageFull | Cause::GpuMemory | Cause::Memory)
}

pub(super) fn words(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

fn signal_words(signal: i32) -> String {
    match signal {
        9 => "signal 9 (killed; often for want of memory)".to_owned(),
        11 => "signal 11 (it crashed)".to_owned(),
        15 => "signal 15 (somebody ended it)".to_owned(),
        other => format!("signal {other}"),
    }
}
