use super::{Around, PATIENCE, finding, within};
use crate::Options;
use crate::view::{Finding, FindingState};
use samepath_worker::kinds::{Catalogue, Program, Programs};

pub(super) fn examine(options: &Options, around: &Around) -> Vec<Finding> {
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
    let programs = Programs::new(around.search_path.as_deref(), options.environment.home.as_deref());
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
                finding("programs", FindingState::Good, &kind, path.display().to_string())
            }
            Err(missing) => {
                let note = finding("programs", FindingState::Note, &kind, missing.to_string());
                note.mend(format!(
                    "Install {}, if this computer is to run such jobs; others can all the same.",
                    missing.command
                ))
            }
        });
    }
    findings
}
