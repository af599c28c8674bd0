use crate::programs::PATIENCE;
use crate::view::{Finding, FindingState};
use crate::{Error, ErrorCode, LocalStorages};
use samepath_storage::{ConfigError, Origin};
use samepath_wire::HERE;

const AREA: &str = "configuration";

pub(super) fn examine(storages: &LocalStorages) -> Vec<Finding> {
    let file = storages.file().clone();
    let shown = file.path.display().to_string();
    let state = match storages.helper().look_at_config(&file, PATIENCE) {
        Ok(state) => state,
        Err(error) => return vec![wrong("file", Error::from(error))],
    };
    let mut findings = Vec::new();
    let config = storages.config();
    findings.push(match storages.config_error() {
        Some(error) => wrong("file", error),
        None if !state.exists && file.origin == Origin::Argument => {
            let error = Error::new(ErrorCode::ConfigInvalid, format!("there is no file {shown}, which --config names"));
            wrong("file", error.with_hint("Check how it is spelled, or leave --config out."))
        }
        None if file.path.as_os_str().is_empty() => wrong("file", ConfigError::NoHome.into()),
        None if !state.exists => {
            let note = Finding::new(AREA, FindingState::Note, "file", format!("{shown} is not there yet"));
            note.mend(format!("Set up {HERE}: samepath setup"))
        }
        None => {
            let count = config.entries.len();
            let storages = if count == 1 { "1 storage".to_owned() } else { format!("{count} storages") };
            Finding::new(AREA, FindingState::Good, "file", format!("{shown}, {storages}"))
        }
    });
    let note = |found: &str, mend: String| {
        Finding::new(AREA, FindingState::Note, "file", format!("{shown} {found}")).mend(mend)
    };
    if state.others_may_write {
        findings.push(note(&format!("can be written by everybody on {HERE}"), format!("chmod o-w '{shown}'")));
    }
    if state.somebody_elses {
        findings.push(note("belongs to somebody else", "Name one of your own with --config.".to_owned()));
    }
    if state.locked {
        let mend = "If that lasts, end the other Samepath program: nothing can be written meanwhile.".to_owned();
        findings.push(note("is being written by another program", mend));
    }
    for entry in &config.entries {
        if let Err(error) = &entry.backend {
            let mut error = Error::from(error.clone());
            if entry.without_folder.is_some() {
                error.message.push_str("; a worker here serves the storage all the same");
            }
            findings.push(wrong(&entry.name, error));
        }
    }
    for (name, program) in &config.programs {
        if let Err(error) = program {
            findings.push(wrong(name, Error::from(error.clone())));
        }
    }
    for remark in config.remarks(storages.environment()) {
        let note = Finding::new(AREA, FindingState::Note, "file", remark.to_string());
        findings.push(note.mend(remark.hint()));
    }
    findings
}

fn wrong(what: &str, error: Error) -> Finding {
    let wrong = Finding::new(AREA, FindingState::Wrong, what, error.message).code(error.code.as_str());
    Finding { mend: error.hint, ..wrong }
}
