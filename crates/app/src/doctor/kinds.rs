use crate::programs::PATIENCE;
use crate::view::{Finding, FindingState};
use crate::{LocalStorages, Options};
use samepath_storage::helper::HelperError;
use samepath_wire::HERE;
use samepath_worker::kinds::{Program, ProgramMissing, Survey};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) fn examine(options: &Options, storages: &LocalStorages, kinds: Option<PathBuf>) -> Vec<Finding> {
    const AREA: &str = "job types";
    let configured = &storages.config().programs;
    let looking = storages.looking(options, kinds);
    let shown = looking.kinds_dir.as_ref().map(|folder| folder.display().to_string());
    let survey = match Survey::ask(storages.helper(), &looking, PATIENCE) {
        Ok(survey) => survey,
        Err(error) => {
            let found = match error {
                HelperError::NotAnswering { .. } => {
                    let folder = shown.as_deref().unwrap_or("their folder");
                    format!("{folder}, or a folder where programs are looked for, does not answer")
                }
                other => other.to_string(),
            };
            let wrong = Finding::new(AREA, FindingState::Wrong, "folder", found).code("io");
            return vec![wrong.mend("Connect the storage that it lies on, or name another folder with --kinds.")];
        }
    };
    let names: Vec<&str> = survey.kinds.iter().map(|surveyed| surveyed.kind.name.as_str()).collect();
    let mut findings = vec![Finding::new(AREA, FindingState::Good, "known", names.join(", "))];
    for refused in survey.refused {
        let wrong = Finding::new(AREA, FindingState::Wrong, &refused.name, refused.reason).code("config_invalid");
        let place = shown.as_deref().unwrap_or("its folder");
        findings.push(wrong.mend(format!("Correct the template, or take it out of {place}.")));
    }
    let mut missing: BTreeMap<String, (ProgramMissing, Vec<String>)> = BTreeMap::new();
    for surveyed in survey.kinds {
        let kind = &surveyed.kind.name;
        findings.push(match surveyed.program {
            Ok(Program::Own) => continue,
            Ok(Program::Embedded(name)) => {
                Finding::new("programs", FindingState::Good, kind, format!("brings its own script {name}"))
            }
            Ok(Program::File(path) | Program::OwnFor(path)) => {
                let as_chosen = configured.values().any(|chosen| chosen.as_ref() == Ok(&path));
                let how = if as_chosen { ", as configured" } else { "" };
                let version = surveyed.version.map(|version| format!(" {version}")).unwrap_or_default();
                Finding::new("programs", FindingState::Good, kind, format!("{}{version}{how}", path.display()))
            }
            Err(program) => {
                let command = program.command().to_owned();
                missing.entry(command).or_insert_with(|| (program, Vec::new())).1.push(kind.clone());
                continue;
            }
        });
    }
    findings.extend(missing.values().map(|(program, kinds)| missed(program, kinds)));
    findings
}

/// One program, however many job types need it.
fn missed(missing: &ProgramMissing, kinds: &[String]) -> Finding {
    let command = missing.command();
    let found = format!("{}; needed by {}", missing.whole(), kinds.join(", "));
    let note = Finding::new("programs", FindingState::Note, command, found);
    match missing {
        ProgramMissing::NotFound { .. } | ProgramMissing::NotThere { .. } => note.mend(format!(
            "Install {command}, if {HERE} is to run such jobs; others can all the same. Where it lies at a place of its \
             own, name it: samepath program set {command} PATH"
        )),
        ProgramMissing::NotAsChosen { .. } => {
            let wrong = Finding { state: FindingState::Wrong, ..note }.code("config_invalid");
            wrong.mend(format!("Install it there, or correct `{command}` in [samepath.programs] of the configuration."))
        }
        // The value itself is told as what is wrong with the configuration.
        ProgramMissing::Misconfigured { .. } => {
            note.mend(format!("Correct `{command}` in [samepath.programs] of the configuration."))
        }
    }
}
