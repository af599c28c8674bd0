//! Job types as rows of a form.

use crate::view::{FilterView, KindView, ParameterView};
use crate::{Error, ErrorCode};
use jiff::Timestamp;
use samepath_fleet::matching::Kinds;
use samepath_storage::near;
use samepath_wire::{Job, Kind, Parameter, ParameterType, Reason, Worker};
use samepath_worker::kinds::Catalogue;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Every kind that can be offered, one per name: what online workers advertise, the newest where they differ, else what came with
/// the program, else what was seen before. Those that came with the program first, then by name.
pub(crate) fn known<'a>(seen: &Kinds, workers: impl IntoIterator<Item = &'a Worker>) -> Vec<Kind> {
    let mut known: BTreeMap<String, Kind> = seen.values().map(|kind| (kind.name.clone(), kind.clone())).collect();
    let built_in = Catalogue::built_in().kinds();
    known.extend(built_in.iter().map(|kind| (kind.name.clone(), kind.clone())));
    let mut workers: Vec<&Worker> = workers.into_iter().collect();
    workers.sort_by_cached_key(|worker| (age(worker), &worker.id));
    for advert in workers.into_iter().flat_map(|worker| &worker.kinds) {
        if let Some(kind) = seen.get(&advert.digest) {
            known.insert(advert.name.clone(), kind.clone());
        }
    }
    let mut kinds: Vec<Kind> = known.into_values().collect();
    kinds.sort_by_key(|kind| built_in.iter().position(|one| one.name == kind.name).unwrap_or(built_in.len()));
    kinds
}

/// Whether a job of this type needs the videos of its project: one that says which of them a worker sees does not.
pub(crate) fn needs_videos(kind: &str) -> bool {
    kind != "slp-check"
}

/// By what the newer of two workers' job types is told: the version of its program, and when it read them.
type Age = (Vec<u32>, Timestamp);

fn age(worker: &Worker) -> Age {
    (worker.version.split('.').map(|part| part.parse().unwrap_or_default()).collect(), worker.started_at)
}

/// The newest worker that has each version of a job type, by the digest of that.
pub(crate) fn newest<'a>(workers: impl Iterator<Item = &'a Worker>) -> HashMap<&'a str, &'a Worker> {
    let mut newest: HashMap<&str, &Worker> = HashMap::new();
    for worker in workers {
        for advert in &worker.kinds {
            let known = newest.entry(&advert.digest).or_insert(worker);
            if age(worker) > age(known) {
                *known = worker;
            }
        }
    }
    newest
}

/// How the version that a worker has of a job type stands to the one that a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Differs<'a> {
    /// What the job type is called, where the worker's is older.
    older: Option<&'a str>,
    /// The program that the worker runs, and the one that the job's version came with; where these are others, as far as known.
    runs: Option<&'a str>,
    needs: Option<&'a str>,
}

impl<'a> Differs<'a> {
    /// None where the worker has the very version of the job, or none.
    pub(crate) fn of(
        job: &Job,
        worker: &'a Worker,
        newest: &HashMap<&str, &'a Worker>,
        kinds: &'a Kinds,
    ) -> Option<Self> {
        let digest = job.kind_digest.as_deref()?;
        let mut has = worker.kinds.iter().filter(|advert| advert.name == job.kind).peekable();
        has.peek()?;
        if has.any(|advert| advert.digest == digest) {
            return None;
        }
        let newest = newest.get(digest).copied();
        let is_older = newest.is_some_and(|newest| age(worker) < age(newest));
        let title = kinds.get(digest).map(|kind| kind.title.as_str());
        // A lab's own job type is not made newer by another program.
        let came_along = Catalogue::built_in().get(&job.kind).is_some();
        let other = came_along && newest.is_none_or(|newest| newest.version != worker.version);
        Some(Self {
            older: title.filter(|_| is_older),
            runs: other.then_some(worker.version.as_str()),
            needs: newest.filter(|_| other).map(|newest| newest.version.as_str()),
        })
    }

    /// What stands behind the worker's name; `kind` is the job's.
    pub(crate) fn words(&self, kind: &str) -> String {
        let what = match self.older {
            Some(title) => format!("has an older {title}"),
            None => Reason::KindDiffers { kind: kind.to_owned() }.to_string(),
        };
        match (self.runs, self.needs) {
            (Some(runs), Some(needs)) => format!("{what} (it runs {runs}, this job type needs {needs})"),
            (Some(runs), None) => format!("{what} (it runs {runs})"),
            (None, _) => what,
        }
    }
}

/// The kind of that name.
pub(crate) fn find_kind(kinds: &[Kind], name: &str) -> Result<Kind, Error> {
    kinds.iter().find(|kind| kind.name == name).cloned().ok_or_else(|| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        let meant = near(name, &names).map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
        Error::new(ErrorCode::KindNotFound, format!("There is no job type {name}."))
            .with_hint(format!("{meant}Known: {}.", names.join(", ")))
    })
}

/// Why a kind that is not known is not: online workers have it, and cannot run it, or do not take its template.
pub(crate) fn why_not<'a>(name: &str, workers: impl IntoIterator<Item = &'a Worker>) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for worker in workers {
        let is_it = |held: &str| held == name || Path::new(held).file_stem().is_some_and(|stem| stem == name);
        let held = worker.unavailable.iter().filter(|held| is_it(&held.name));
        told.extend(held.map(|held| {
            let refused = if held.name == name { "cannot run it" } else { "its template is refused" };
            format!("{} has {}, but {refused}: {}", worker.name, held.name, held.reason)
        }));
    }
    told.sort();
    told.dedup();
    (!told.is_empty()).then(|| format!("{}.", told.join("; ")))
}

/// What a parameter is to the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// What the person picks: the first file that the kind reads.
    Dataset,
    /// Where results go: the first folder that the kind writes.
    Results,
    /// A row of the form.
    Setting,
}

/// The role of each parameter, in order.
pub(crate) fn roles(kind: &Kind) -> Vec<(&Parameter, Role)> {
    let dataset = kind.parameters.iter().position(|parameter| parameter.is_input() && !parameter.is_output());
    let results = kind.parameters.iter().position(|parameter| parameter.is_output() && parameter.is_directory());
    let role = |at: usize| match Some(at) {
        at if at == dataset => Role::Dataset,
        at if at == results => Role::Results,
        _ => Role::Setting,
    };
    kind.parameters.iter().enumerate().map(|(at, parameter)| (parameter, role(at))).collect()
}

/// The form of a kind.
pub(crate) fn kind_view(kind: &Kind) -> KindView {
    KindView {
        name: kind.name.clone(),
        title: kind.title.clone(),
        description: kind.description.clone(),
        digest: kind.digest.clone(),
        built_in: kind.built_in,
        parameters: roles(kind).into_iter().map(|(parameter, role)| parameter_view(parameter, role)).collect(),
    }
}

fn parameter_view(parameter: &Parameter, role: Role) -> ParameterView {
    let interface = parameter.rest.get("userInterface");
    let hint = |key: &str| interface.and_then(|interface| interface.get(key));
    let text = |key: &str| hint(key).and_then(Value::as_str).map(str::to_owned);
    let limit = |key: &str| number(parameter.rest.get(key)?);
    ParameterView {
        name: parameter.name.clone(),
        kind: match &parameter.kind {
            ParameterType::String => "STRING",
            ParameterType::Int => "INT",
            ParameterType::Float => "FLOAT",
            ParameterType::Path => "PATH",
            ParameterType::Other(other) => other,
        }
        .to_owned(),
        label: label(parameter),
        description: parameter.description.clone(),
        default: parameter.default.clone(),
        role: match role {
            Role::Dataset => "dataset",
            Role::Results => "results",
            Role::Setting => "setting",
        }
        .to_owned(),
        required: parameter.default.is_none() && role != Role::Results,
        allowed: parameter.rest.get("allowedValues").and_then(Value::as_array).cloned().unwrap_or_default(),
        minimum: limit("minValue"),
        maximum: limit("maxValue"),
        control: text("control").unwrap_or_else(|| control_of(parameter)),
        group: text("groupLabel").filter(|group| !group.is_empty()),
        decimals: hint("decimals").and_then(Value::as_u64).and_then(|digits| u32::try_from(digits).ok()),
        step: hint("singleStepDelta").and_then(number),
        filters: filters(hint("fileFilters")),
    }
}

/// A number, also where the template wrote it as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The control that Open Job Description takes where none is named.
fn control_of(parameter: &Parameter) -> String {
    let list = if parameter.is_path_list() { "_LIST" } else { "" };
    match &parameter.kind {
        _ if parameter.rest.contains_key("allowedValues") => "DROPDOWN_LIST".to_owned(),
        ParameterType::Int | ParameterType::Float => "SPIN_BOX".to_owned(),
        _ if !parameter.names_paths() => "LINE_EDIT".to_owned(),
        _ if parameter.object_type.as_deref() != Some("FILE") => format!("CHOOSE_DIRECTORY{list}"),
        _ if parameter.data_flow.as_deref() == Some("OUT") => format!("CHOOSE_OUTPUT_FILE{list}"),
        _ => format!("CHOOSE_INPUT_FILE{list}"),
    }
}

/// File types as dialogs know them: by their ending alone.
fn filters(given: Option<&Value>) -> Vec<FilterView> {
    let filter = |filter: &Value| {
        let patterns = filter.get("patterns")?.as_array()?.iter().filter_map(Value::as_str);
        let ending = |pattern: &str| pattern.strip_prefix("*.").unwrap_or("*").to_owned();
        let name = filter.get("label")?.as_str()?.to_owned();
        Some(FilterView { name, extensions: patterns.map(ending).collect() })
    };
    given.and_then(Value::as_array).into_iter().flatten().filter_map(filter).collect()
}

/// What a form calls it.
pub(crate) fn label(parameter: &Parameter) -> String {
    let given = parameter.rest.get("userInterface").and_then(|interface| interface.get("label")?.as_str());
    given.map_or_else(|| label_of(&parameter.name), str::to_owned)
}

/// `MAX_EPOCHS` → "Max epochs".
fn label_of(name: &str) -> String {
    let words = name.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(definition: Value) -> ParameterView {
        parameter_view(&serde_json::from_value(definition).unwrap(), Role::Setting)
    }

    #[test]
    fn a_parameter_without_a_control_has_the_standard_s() {
        for (definition, control) in [
            (json!({ "type": "STRING" }), "LINE_EDIT"),
            (json!({ "type": "STRING", "allowedValues": ["a"] }), "DROPDOWN_LIST"),
            (json!({ "type": "INT" }), "SPIN_BOX"),
            (json!({ "type": "PATH" }), "CHOOSE_DIRECTORY"),
            (json!({ "type": "PATH", "objectType": "FILE", "dataFlow": "OUT" }), "CHOOSE_OUTPUT_FILE"),
            (json!({ "type": "LIST[PATH]", "objectType": "FILE" }), "CHOOSE_INPUT_FILE_LIST"),
            (json!({ "type": "STRING", "userInterface": { "control": "CHECK_BOX" } }), "CHECK_BOX"),
        ] {
            let mut definition = definition;
            definition["name"] = "X".into();
            assert_eq!(view(definition.clone()).control, control, "{definition}");
        }
    }

    #[test]
    fn a_control_s_hints_reach_the_form() {
        let seen = view(json!({ "name": "X", "type": "FLOAT", "minValue": "0.5", "userInterface": {
            "control": "SPIN_BOX", "groupLabel": "Tuning", "decimals": 3, "singleStepDelta": 0.25,
        } }));
        assert_eq!(
            (seen.group.as_deref(), seen.decimals, seen.step, seen.minimum),
            (Some("Tuning"), Some(3), Some(0.25), Some(0.5))
        );
        let seen = view(json!({ "name": "X", "type": "PATH", "userInterface": { "fileFilters": [
            { "label": "Videos", "patterns": ["*.mp4", "*"] }, { "label": "nonsense" },
        ] } }));
        assert_eq!(seen.filters, [FilterView { name: "Videos".into(), extensions: vec!["mp4".into(), "*".into()] }]);
    }

    #[test]
    fn of_two_versions_the_newest_is_offered_whoever_comes_first() {
        let kind = |digest: &str, title: &str| Kind {
            name: "dlc-export".to_owned(),
            title: title.to_owned(),
            description: String::new(),
            digest: digest.to_owned(),
            parameters: Vec::new(),
            needs: Value::Null,
            built_in: false,
        };
        let worker = |id: &str, version: &str, started: &str, digest: &str| -> Worker {
            let worker = json!({
                "id": id, "name": id, "version": version, "os": "linux", "host": "h", "started_at": started,
                "kinds": [{ "name": "dlc-export", "digest": digest }],
            });
            serde_json::from_value(worker).unwrap()
        };
        let seen: Kinds =
            [("a", "old"), ("b", "new")].map(|(digest, title)| (digest.to_owned(), kind(digest, title))).into();
        let offered = |workers: &[Worker]| find_kind(&known(&seen, workers), "dlc-export").unwrap().title;
        let (monday, friday) = ("2026-11-16T09:00:00Z", "2026-11-20T09:00:00Z");
        for (workers, why) in [
            ([worker("1", "0.9.0", friday, "a"), worker("2", "0.10.0", monday, "b")], "its program is newer"),
            ([worker("1", "0.4.0", monday, "a"), worker("2", "0.4.0", friday, "b")], "it read it later"),
        ] {
            let [one, other] = workers;
            assert_eq!(offered(&[one.clone(), other.clone()]), "new", "{why}");
            assert_eq!(offered(&[other, one]), "new", "{why}");
        }
    }
}
