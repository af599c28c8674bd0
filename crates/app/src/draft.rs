//! What a person is about to submit, made into a job.

mod videos;

use crate::base_paths::BasePaths;
use crate::dataset::is_project;
use crate::kinds::{Role, roles};
use crate::sameness::Witness;
use crate::storages::LocalStorages;
use crate::view::{DatasetView, Draft};
use crate::{Error, ErrorCode};
use jiff::{Timestamp, Zoned};
use samepath_storage::{Looked, Purpose, ResolveError, near, shell_word};
use samepath_wire::{DEFAULT_BACKEND, Doing, InputSeen, Job, JobId, Kind, Parameter, PathValue, Places, StoragePath};
use samepath_worker::kinds::{Problems, check_values, storages_needed};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::Path;
use videos::Videos;

/// A draft that can be submitted.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) job: Job,
    pub(crate) dataset: Option<DatasetView>,
    /// The dataset's size and time.
    seen: Option<InputSeen>,
    pub(crate) results: Option<StoragePath>,
    videos: Videos,
}

impl Plan {
    /// Refuses what a person has to answer first: what a window asks before it lets a job be submitted.
    ///
    /// # Errors
    /// `invalid_parameter` for videos that are known by their names alone.
    pub(crate) fn refuse_doubtful(&self) -> Result<(), Error> {
        self.videos.refuse_doubtful(&self.job.kind)
    }

    /// The file by which workers prove that they have the same storage: the dataset.
    pub(crate) fn proven_by(&self) -> Option<Witness> {
        let place = self.dataset.as_ref()?.place.as_ref()?;
        let at = StoragePath::new(&place.storage_backend, &place.user_subdir, &place.path);
        Some(Witness { at, seen: self.seen.clone() })
    }
}

/// What planning needs to know besides the storages.
pub(crate) struct Circumstances<'a> {
    /// Of the job that is made.
    pub(crate) id: JobId,
    pub(crate) member: &'a str,
    /// Where that one's jobs may write and read.
    pub(crate) places: Option<&'a Places>,
    /// How many of that one's may run at a time.
    pub(crate) jobs_at_once: Option<NonZeroU32>,
    /// Now, in the person's time zone: for names of jobs and results folders.
    pub(crate) now: &'a Zoned,
    pub(crate) fleet_base_paths: BasePaths,
}

/// Makes the job. Blocks: every path is looked at through helper processes, those of one storage with one question.
///
/// # Errors
/// `invalid_parameter` for values that the kind refuses; as [`LocalStorages::address`] for paths.
pub(crate) fn plan(
    storages: &LocalStorages,
    kind: &Kind,
    draft: &Draft,
    around: &Circumstances<'_>,
) -> Result<Plan, Error> {
    let roles = roles(kind);
    let unknown = draft.values.keys().find(|name| !kind.parameters.iter().any(|parameter| &parameter.name == *name));
    if let Some(name) = unknown {
        let known: Vec<&str> = kind.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let meant = near(name, &known).map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
        return Err(Error::new(ErrorCode::InvalidParameter, format!("{} has no parameter {name}.", kind.name))
            .with_hint(format!("{meant}It has: {}.", known.join(", "))));
    }

    // Every path that was given, as a storage path.
    let mut paths: BTreeMap<&str, Vec<StoragePath>> = BTreeMap::new();
    for (parameter, role) in roles.iter().filter(|(parameter, _)| parameter.names_paths()) {
        let given = match (role, draft.values.get(&parameter.name)) {
            (_, Some(value)) => texts(parameter, value)?,
            (Role::Dataset, None) => draft.dataset.iter().cloned().collect(),
            _ => Vec::new(),
        };
        let purpose = if parameter.is_output() { Purpose::Output } else { Purpose::Input };
        let address = |text: &String| storages.address(text, purpose).map_err(|error| about(draft, parameter, error));
        let addresses: Result<Vec<StoragePath>, Error> =
            given.iter().filter(|text| !text.is_empty()).map(address).collect();
        let addresses = addresses?;
        addresses.iter().try_for_each(|at| allowed(storages, around, parameter, at))?;
        if !addresses.is_empty() {
            paths.insert(&parameter.name, addresses);
        }
    }
    let chosen = roles
        .iter()
        .find(|(_, role)| *role == Role::Dataset)
        .and_then(|(parameter, _)| paths.get(parameter.name.as_str()).and_then(|addresses| addresses.first()).cloned());
    let results_parameter = roles.iter().find(|(_, role)| *role == Role::Results).map(|(parameter, _)| *parameter);
    let results_in = draft.results_in.as_ref().filter(|text| !text.is_empty());
    let within = match results_parameter.filter(|parameter| !paths.contains_key(parameter.name.as_str())) {
        Some(_) => results_in.map(|text| storages.address(text, Purpose::Output)).transpose()?,
        None => None,
    };
    let all: Vec<StoragePath> = paths.values().flatten().chain(&within).cloned().collect();
    let mut found: HashMap<StoragePath, Result<Looked, ResolveError>> =
        all.iter().cloned().zip(storages.look_each(&all)).collect();
    let mut seen: BTreeMap<&str, InputSeen> = BTreeMap::new();
    let choices = storages.choices(&draft.videos)?;
    for (parameter, role) in roles.iter().filter(|(parameter, _)| parameter.names_paths()) {
        let addresses = paths.get(parameter.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        for at in addresses {
            if let Ok(found) = &found[at]
                && (*role, found.directory) == (Role::Dataset, true)
                && wants_a_project(parameter)
            {
                // It tells which projects are in it.
                storages.dataset_at(at, found, around.fleet_base_paths.clone(), &choices)?;
            }
            let input = judge(storages, parameter, at, &found[at]).map_err(|error| match error.code {
                // Judged, not missing: it names the parameter.
                ErrorCode::InvalidParameter => error,
                ErrorCode::PathNotFound | ErrorCode::BackendUnavailable => {
                    about(draft, parameter, storages.unmounted(&at.storage_backend).unwrap_or(error))
                }
                _ => about(draft, parameter, error),
            })?;
            if let (1, Some(input)) = (addresses.len(), input) {
                seen.insert(&parameter.name, input);
            }
        }
    }
    if let Some(at) = &within {
        can_hold_a_folder(storages, at, &found[at])?;
    }
    apart(&roles, &paths)?;
    let dataset_parameter = roles.iter().find(|(_, role)| *role == Role::Dataset).map(|(parameter, _)| *parameter);
    let looked = chosen.as_ref().and_then(|at| Some((at, found.remove(at)?)));
    let mut videos = Videos::default();
    let dataset = match looked {
        Some((at, looked)) if is_project(&at.path) || dataset_parameter.is_some_and(wants_a_project) => {
            let looked = looked.map_err(|error| storages.told(error))?;
            let (dataset, found) = storages.dataset_at(at, &looked, around.fleet_base_paths.clone(), &choices)?;
            videos = Videos(found);
            Some(dataset)
        }
        // Of a folder there is nothing by which a worker could prove that it reads the same.
        Some((at, looked)) if dataset_parameter.is_some_and(|parameter| !parameter.is_directory()) => {
            Some(storages.plain_at(at, &looked.map_err(|error| storages.told(error))?))
        }
        _ => None,
    };

    let id = around.id;
    let home = chosen.clone().or_else(|| paths.values().flatten().next().cloned());
    let (storage_backend, user_subdir) = match &home {
        Some(at) => (at.storage_backend.clone(), at.user_subdir.clone()),
        None => own_folder(storages, None),
    };
    if let (Some(parameter), Some(at)) = (results_parameter, &chosen)
        && !paths.contains_key(parameter.name.as_str())
    {
        let folder = match within {
            Some(within) => {
                let name = results_name(at, around.now, id);
                let path = if within.path.is_empty() { name } else { format!("{}/{name}", within.path) };
                StoragePath { path, ..within }
            }
            None => results_folder(storages, kind, at, around.now, id),
        };
        allowed(storages, around, parameter, &folder)?;
        paths.insert(&parameter.name, vec![folder]);
    }
    let results = results_parameter.and_then(|parameter| paths.get(parameter.name.as_str())?.first().cloned());

    let mut job = Job {
        version: 1,
        id,
        kind: kind.name.clone(),
        name: if draft.name.trim().is_empty() {
            job_name(kind, chosen.as_ref(), around.now)
        } else {
            draft.name.clone()
        },
        storage_backend,
        user_subdir,
        parameters: BTreeMap::new(),
        storages: BTreeMap::new(),
        confirmed: BTreeMap::new(),
        base_paths: storages.base_paths(),
        videos: choices,
        inputs: BTreeMap::new(),
        kind_digest: Some(kind.digest.clone()),
        worker: draft.worker.clone().filter(|worker| !worker.is_empty()),
        submitted_by: around.member.to_owned(),
        person: draft.person.as_deref().map(person).transpose()?,
        places: around.places.cloned(),
        jobs_at_once: around.jobs_at_once,
        submitted_at: Timestamp::now(),
    };
    for (parameter, _) in &roles {
        let value = match paths.get(parameter.name.as_str()) {
            Some(addresses) => Some(path_value(&job, parameter, addresses)?),
            None if parameter.names_paths() => None,
            None => {
                draft.values.get(&parameter.name).filter(|value| !value.is_null()).map(|value| typed(parameter, value))
            }
        };
        if let Some(value) = value {
            job.parameters.insert(parameter.name.clone(), value);
        }
    }
    if let (Some(parameter), None) = (dataset_parameter.filter(|parameter| parameter.default.is_none()), &chosen) {
        // Where results go follows from it: one thing is missing, not two.
        return Err(Error::new(ErrorCode::InvalidParameter, format!("{}: needs a value", parameter.name)));
    }
    let refused = |problems: Problems| {
        Error::new(ErrorCode::InvalidParameter, problems.to_string()).with_hint(problems.hint(&kind.name))
    };
    check_values(kind, &job.parameters).map_err(refused)?;
    job.inputs = seen.into_iter().map(|(name, seen)| (name.to_owned(), seen)).collect();
    job.storages = storages_needed(kind, &job).map_err(refused)?;
    videos.need(&mut job, around);
    for (name, need) in &mut job.storages {
        need.id = storages.mark_now(name);
    }
    videos.say(&mut job, around);
    let seen = dataset_parameter.and_then(|parameter| job.inputs.get(&parameter.name)).cloned();
    Ok(Plan { job, dataset, seen, results, videos })
}

/// What is wrong with a path, with the parameter that it was given for; the dataset is known as what it is.
fn about(draft: &Draft, parameter: &Parameter, error: Error) -> Error {
    if !draft.values.contains_key(&parameter.name) {
        return error;
    }
    Error { message: format!("{}: {}", parameter.name, error.message), ..error }
}

/// Refuses what the member's jobs may not read or write, in the words in which a worker would.
fn allowed(
    storages: &LocalStorages,
    around: &Circumstances<'_>,
    parameter: &Parameter,
    at: &StoragePath,
) -> Result<(), Error> {
    let Some(places) = around.places else { return Ok(()) };
    let read = parameter.is_input().then_some(Doing::Reading);
    let doing = [read, parameter.is_output().then_some(Doing::Writing)];
    match doing.into_iter().flatten().find(|doing| places.surely_exclude(at, *doing)) {
        None => Ok(()),
        Some(doing) => {
            let message = format!("{}: {}.", parameter.name, places.refusal(around.member, at, doing));
            let name = &at.storage_backend;
            let here = storages.view(name).map(|view| view.user_subdir).unwrap_or_default();
            let elsewhere = |own: &&String| doing == Doing::Writing && !Path::new(&here).starts_with(own);
            let own = places.user_subdir.as_ref().filter(elsewhere);
            Err(Error::new(ErrorCode::InvalidParameter, message).with_hint(match own {
                // Where nothing else is said, results go to the person's folder.
                Some(own) => format!(
                    "Your folder there is {own}, by your lab; say so: samepath storage set {name} --user-subdir {}",
                    shell_word(own)
                ),
                None => Places::mend().to_owned(),
            }))
        }
    }
}

/// Refuses a file, and what is below one: a folder for results is made in what it names. It need not be there.
fn can_hold_a_folder(
    storages: &LocalStorages,
    at: &StoragePath,
    found: &Result<Looked, ResolveError>,
) -> Result<(), Error> {
    match found {
        Err(error @ ResolveError::NotAFolder { .. }) => Err(storages.told(error.clone())),
        Ok(found) if !found.directory => {
            let error = Error::new(ErrorCode::InvalidParameter, format!("{at} is a file, not a folder."));
            Err(error.with_hint("Give a folder for the results; it is made if it is not there."))
        }
        _ => Ok(()),
    }
}

/// Whether what was found at a path is what the parameter wants. Of an input file, what was seen; what is to be written need not
/// be there.
fn judge(
    storages: &LocalStorages,
    parameter: &Parameter,
    at: &StoragePath,
    found: &Result<Looked, ResolveError>,
) -> Result<Option<InputSeen>, Error> {
    let found = match found {
        Ok(found) => found,
        // No worker follows a link that leads out of a storage either, or makes a folder in a file.
        Err(error @ (ResolveError::Escapes { .. } | ResolveError::NotAFolder { .. })) => {
            return Err(storages.told(error.clone()));
        }
        Err(error) if parameter.is_input() => return Err(storages.told(error.clone())),
        // Whether results can go there is tried where they are written.
        Err(_) => return Ok(None),
    };
    let refused = |message: String, hint: &str| Err(Error::new(ErrorCode::InvalidParameter, message).with_hint(hint));
    match (found.directory, parameter.object_type.as_deref()) {
        (true, Some("FILE")) => {
            refused(format!("{}: {at} is a folder, not a file.", parameter.name), "Give the path of a file in it.")
        }
        (false, Some("DIRECTORY")) if parameter.is_output() => refused(
            format!("{}: {at} is a file, not a folder.", parameter.name),
            "Give a folder for the results; it is made if it is not there.",
        ),
        (false, Some("DIRECTORY")) => {
            refused(format!("{}: {at} is a file, not a folder.", parameter.name), "Give the folder that it is in.")
        }
        (false, _) if parameter.is_input() => {
            Ok(found.modified.map(|modified| InputSeen { size: found.size, modified }))
        }
        _ => Ok(None),
    }
}

/// What a job only reads is not what it writes over. A worker compares the files, whatever they are called.
fn apart(roles: &[(&Parameter, Role)], paths: &BTreeMap<&str, Vec<StoragePath>>) -> Result<(), Error> {
    let of = |parameter: &Parameter| paths.get(parameter.name.as_str()).map(Vec::as_slice).unwrap_or_default();
    let written = roles.iter().filter(|(it, _)| it.is_output() && !it.is_input() && !it.is_directory());
    for (output, _) in written {
        for (input, _) in roles.iter().filter(|(it, _)| it.is_input() && !it.is_output()) {
            let names = |at: &&StoragePath| of(input).iter().any(|read| read.to_string() == at.to_string());
            if let Some(at) = of(output).iter().find(names) {
                let message = format!(
                    "{} ({at}) is the file that {} names, which would be written over.",
                    output.name, input.name
                );
                return Err(Error::new(ErrorCode::InvalidParameter, message).with_hint("Give the result another name."));
            }
        }
    }
    Ok(())
}

/// Whether nothing but a SLEAP project will do. A filter that names other files, too, is a hint for the file dialog.
fn wants_a_project(parameter: &Parameter) -> bool {
    let filters =
        parameter.rest.get("userInterface").and_then(|hint| hint.get("fileFilters")).and_then(Value::as_array);
    let mut patterns = filters
        .into_iter()
        .flatten()
        .filter_map(|filter| filter.get("patterns").and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_str)
        .peekable();
    patterns.peek().is_some() && patterns.all(|pattern| pattern.ends_with(".slp"))
}

/// The texts of a path value: one, or a list.
fn texts(parameter: &Parameter, value: &Value) -> Result<Vec<String>, Error> {
    let refused =
        || Error::new(ErrorCode::InvalidParameter, format!("{} must be a path, or a list of paths.", parameter.name));
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refused)).collect(),
        _ => Err(refused()),
    }
}

/// Text that a command line or a form field gave for a number.
fn typed(parameter: &Parameter, value: &Value) -> Value {
    use samepath_wire::ParameterType::{Float, Int};
    match (&parameter.kind, value) {
        (Int, Value::String(text)) => text.trim().parse::<i64>().map_or_else(|_| value.clone(), Value::from),
        // JSON has no number that is not finite: as text it is told.
        (Float, Value::String(text)) => {
            let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.map_or_else(|| value.clone(), Value::from)
        }
        _ => value.clone(),
    }
}

/// Relative where the job's own storage and folder are meant, whole elsewhere.
fn path_value(job: &Job, parameter: &Parameter, addresses: &[StoragePath]) -> Result<Value, Error> {
    let one = |at: &StoragePath| {
        if at.storage_backend == job.storage_backend && at.user_subdir == job.user_subdir {
            PathValue::Relative(at.path.clone())
        } else {
            PathValue::Full(at.clone())
        }
    };
    let value = match addresses {
        [at] if !parameter.is_path_list() => one(at),
        several => PathValue::List(several.iter().map(one).collect()),
    };
    serde_json::to_value(value).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))
}

/// The person's own folder: on the storage given, else on the first one.
fn own_folder(storages: &LocalStorages, backend: Option<&str>) -> (String, String) {
    let backends = storages.config().backends();
    let found = match backend {
        Some(name) => backends.iter().find(|backend| backend.name == name),
        None => backends.first(),
    };
    found.map_or_else(
        || (backend.unwrap_or(DEFAULT_BACKEND).to_owned(), String::new()),
        |backend| (backend.name.clone(), backend.user_subdir_below_root()),
    )
}

/// Beside the dataset, in a folder of its own, never one that is there. From another person's folder, results go to one's own.
fn results_folder(
    storages: &LocalStorages,
    kind: &Kind,
    dataset: &StoragePath,
    now: &Zoned,
    job: JobId,
) -> StoragePath {
    let parent = dataset.path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let group = match kind.name.as_str() {
        "slp-check" => "checks",
        "sleap-train" => "models",
        "sleap-predict" => "predictions",
        other => other,
    };
    let folder = format!("{group}/{}", results_name(dataset, now, job));
    let (_, mine) = own_folder(storages, Some(&dataset.storage_backend));
    let theirs = !mine.is_empty() && dataset.user_subdir != mine;
    let user_subdir = if theirs { mine } else { dataset.user_subdir.clone() };
    let path = if parent.is_empty() || theirs { folder } else { format!("{parent}/{folder}") };
    StoragePath::new(&dataset.storage_backend, user_subdir, path)
}

/// "labels_2026-11-22_091402-k3fm": after the dataset, the time, and the job, so that of jobs which are submitted at once, on
/// however many computers, each has its own.
fn results_name(dataset: &StoragePath, now: &Zoned, job: JobId) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digit = |at: u32| char::from(DIGITS[(job.as_u128() >> (5 * at)) as usize % DIGITS.len()]);
    let own: String = (0..4).map(digit).collect();
    // A folder's name has 255 bytes at most.
    format!("{}_{}-{own}", cut(stem(&dataset.path), 200), now.strftime("%Y-%m-%d_%H%M%S"))
}

/// The name of a dataset without its folder and without what every SLEAP project ends with.
fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    let whole = if is_project(file) { &file[..file.len() - ".slp".len()] } else { file };
    whole.strip_suffix(".pkg").unwrap_or(whole)
}

/// What somebody is called among those who share a login.
fn person(name: &str) -> Result<String, Error> {
    const MOST: usize = 64;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MOST || name.chars().any(char::is_control) {
        return Err(Error::new(ErrorCode::InvalidParameter, "That is no name of somebody who submits.")
            .with_hint(format!("Give a name of one line, of at most {MOST} letters.")));
    }
    Ok(name.to_owned())
}

/// No more than so many bytes of a text.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// "maze · check · 22 Nov 09:14"
fn job_name(kind: &Kind, dataset: Option<&StoragePath>, now: &Zoned) -> String {
    let stamp = now.strftime("%-d %b %H:%M");
    let what = kind.name.trim_start_matches("slp-").trim_start_matches("sleap-");
    match dataset {
        Some(at) => {
            let folder = at.path.rsplit('/').nth(1).unwrap_or(&at.user_subdir);
            let stem = stem(&at.path);
            let subject = if stem == "labels" && !folder.is_empty() { folder } else { stem };
            // With a job type's name of 64 letters it is still one that the queue takes.
            let (short, more) = (cut(subject, 100), if subject.len() > 100 { "…" } else { "" });
            format!("{short}{more} · {what} · {stamp}")
        }
        None => format!("{what} · {stamp}"),
    }
}
