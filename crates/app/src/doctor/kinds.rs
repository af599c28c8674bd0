use super::{Around, PATIENCE, finding, within};
use crate::Options;
use crate::view::{Finding, FindingState};
use samepath_storage::ConfigError;
use samepath_worker::kinds::{Catalogue, Choice, Program, ProgramMissing, Programs};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[samepath.programs]` of the configuration.
pub(super) type Configured = BTreeMap<String, Result<PathBuf, ConfigError>>;

pub(super) fn examine(options: &Options, configured: &Configured, around: &Around) -> Vec<Finding> {
    const AREA: &str = "job types";
    let folder = options.kinds_dir(around.kinds.clone());
    let shown = folder.as_ref().map(|folder| folder.display().to_string());
    let Some(catalogue) = within(PATIENCE, move || Catalogue::load(folder.as_deref())) else {
        let found = format!("{} does not answer", shown.as_deref().unwrap_or("their folder"));
        let wrong = finding(AREA, FindingState::Wrong, "folder", found).code("io");
        return vec![wrong.mend("Connect the storage that it lies on, or name another folder with --kinds.")];
    };
    let names: Vec<String> = catalogue.kinds().into_iter().map(|kind| kind.name).collect();
    let mut findings = vec![finding(AREA, FindingState::Good, "known", names.join(", "))];
    for refused in catalogue.refused() {
        let wrong = finding(AREA, FindingState::Wrong, &refused.name, refused.reason).code("config_invalid");
        let place = shown.as_deref().unwrap_or("its folder");
        findings.push(wrong.mend(format!("Correct the template, or take it out of {place}.")));
    }
    let chosen = configured.iter().map(|(name, program)| (name.clone(), Choice::from(program))).collect();
    let programs = Programs::new(around.search_path.as_deref(), options.environment.home.as_deref()).choosing(chosen);
    let found = within(PATIENCE, move || {
        catalogue
            .templates()
            .map(|template| (template.kind().name.clone(), programs.find(template)))
            .collect::<Vec<_>>()
    });
    for (kind, found) in found.unwrap_or_default() {
        findings.push(match found {
            Ok(Program::Own) => continue,
            Ok(Program::Embedded(name)) => {
                finding("programs", FindingState::Good, &kind, format!("brings its own script {name}"))
            }
            Ok(Program::File(path) | Program::OwnFor(path)) => {
                let as_chosen = configured.values().any(|chosen| chosen.as_ref() == Ok(&path));
                let how = if as_chosen { ", as configured" } else { "" };
                finding("programs", FindingState::Good, &kind, format!("{}{how}", path.display()))
            }
            Err(missing) => missed(&kind, &missing),
        });
    }
    findings
}

fn missed(kind: &str, missing: &ProgramMissing) -> Finding {
    let command = missing.command();
    let note = finding("programs", FindingState::Note, kind, missing.to_string());
    match missing {
        ProgramMissing::NotFound { .. } | ProgramMissing::NotThere { .. } => note.mend(format!(
            "Install {command}, if this computer is to run such jobs; others can all the same. Where it lies at a place of its \
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
