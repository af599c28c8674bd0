//! The hidden commands by which this program starts itself.

use serde_json::Value;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Runs a hidden command, if `args` (without the program's name) is one: `helper`, `guard`, `guard DIR`, `tool NAME …`.
///
/// Both binaries call it first thing in `main`, on the main thread and before anything else is read or started; `None` means
/// that the program was started by a person.
pub fn run_hidden(args: &[OsString]) -> Option<ExitCode> {
    match (args.first()?.to_str()?, &args[1..]) {
        ("helper", []) => Some(samepath_storage::helper::serve(answer)),
        #[cfg(unix)]
        ("guard", []) => Some(crate::guard::run_when_told(std::env::vars_os().collect())),
        ("guard", [dir]) => Some(crate::guard::run(Path::new(dir), std::env::vars_os().collect())),
        ("tool", tool) => Some(crate::tool::run(tool)),
        _ => None,
    }
}

/// Which GPUs this process's programs may use, as CUDA is told.
pub(crate) fn visible_gpus() -> Option<String> {
    std::env::var("CUDA_VISIBLE_DEVICES").ok()
}

/// Where programs are looked for: the same for the helpers that say what a worker can run, and for its guards, which all inherit
/// it. Nothing outside of this file reads the process's environment.
pub(crate) fn search_path() -> Option<OsString> {
    std::env::var_os("PATH")
}

fn answer(topic: &str, question: Value) -> Value {
    if let Some(answer) = crate::daemon::answer(topic, &question) {
        return answer;
    }
    samepath_storage::helper::answer(topic, question.clone())
        .or_else(|| samepath_dataset::answer(topic, question))
        .unwrap_or_else(|| samepath_storage::helper::reply(&Err::<(), _>(format!("there is no topic {topic}"))))
}
