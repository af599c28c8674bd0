use super::values::{is_path_list, path_value};
use super::{Problem, Problems};
use samepath_wire::{Access, Job, Kind, StorageNeed};
use std::collections::BTreeMap;

/// The storages that a job needs, from its `PATH` values and the definitions' defaults: to read, or, for outputs, to write.
///
/// Pure; submitter and worker derive the same. The mark of each storage is the one that the job carries, if any.
///
/// # Errors
/// Values that are not storage paths; run [`check_values`](super::check_values) first for all that may be wrong.
pub fn storages_needed(kind: &Kind, job: &Job) -> Result<BTreeMap<String, StorageNeed>, Problems> {
    let mut needs: BTreeMap<String, StorageNeed> = BTreeMap::new();
    let mut problems = Vec::new();
    for parameter in kind.parameters.iter().filter(|parameter| parameter.is_path() || is_path_list(parameter)) {
        let given = job.parameters.get(&parameter.name);
        // A default of "" is the standard's way to say that a path may be left out.
        let default = parameter.default.as_ref().filter(|default| default.as_str() != Some(""));
        let Some(value) = given.or(default) else { continue };
        let access =
            if matches!(parameter.data_flow.as_deref(), Some("OUT" | "INOUT")) { Access::Write } else { Access::Read };
        match path_value(parameter, value) {
            Ok(value) => {
                for at in value.storage_paths(job) {
                    let id = || job.storages.get(&at.storage_backend).and_then(|need| need.id.clone());
                    let need = needs
                        .entry(at.storage_backend.clone())
                        .or_insert_with(|| StorageNeed { id: id(), access: Access::Read });
                    need.access = need.access.max(access);
                }
            }
            Err(message) => problems.push(Problem { parameter: parameter.name.clone(), message }),
        }
    }
    if problems.is_empty() { Ok(needs) } else { Err(Problems(problems)) }
}
