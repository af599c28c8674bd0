use super::{Helper, LONGEST, configuration, following};
use crate::locate::Real;
use crate::{
    Backend, ConfigFile, LocateError, Platform, ProofKey, Purpose, Sighting, Storages, marker, probe, probe_again,
    sighting,
};
use samepath_wire::StoragePath;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What crosses to the child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question<T, Q> {
    pub(super) topic: T,
    pub(super) question: Q,
}

/// `probe` → [`crate::Probe`]; `mark` → [`crate::Marked`] or [`crate::MarkError`]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProbeQuestion {
    pub(super) backend: Backend,
    /// How it was seen before.
    pub(super) before: Option<Sighting>,
}

/// The storages of whoever asks, and how these were seen before.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    backends: Vec<Backend>,
    platform: Platform,
    seen: BTreeMap<String, Sighting>,
}

impl Asked {
    pub(super) fn of(helper: &Helper, storages: &Storages) -> Self {
        let backends: Vec<Backend> = storages.iter().cloned().collect();
        let seen = |backend: &Backend| Some((backend.name.clone(), helper.seen_before(backend)?));
        Self { seen: backends.iter().filter_map(seen).collect(), backends, platform: storages.platform() }
    }

    pub(super) fn storages(self) -> Storages {
        Storages::new(self.backends, self.platform).with_seen(self.seen)
    }
}

/// `resolve` → [`crate::Resolved`] or [`crate::ResolveError`]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ResolveQuestion {
    pub(super) storages: Asked,
    pub(super) at: StoragePath,
    pub(super) purpose: Purpose,
}

/// `look` → [`crate::Looked`] or [`crate::ResolveError`]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LookQuestion {
    pub(super) storages: Asked,
    pub(super) at: StoragePath,
    pub(super) read: Option<u64>,
}

/// `look_each` → for each path a [`crate::Looked`] or [`crate::ResolveError`]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LookEachQuestion {
    pub(super) storages: Asked,
    pub(super) paths: Vec<StoragePath>,
}

/// `try_folder` → [`crate::Trial`] or [`crate::ResolveError`]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TryQuestion {
    pub(super) storages: Asked,
    pub(super) at: StoragePath,
    pub(super) make: bool,
}

/// `leave_test_file` → where it is, or [`crate::ResolveError`]; `remove_test_file` → nothing, or that
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AtQuestion {
    pub(super) storages: Asked,
    pub(super) at: StoragePath,
}

/// `prove` → the proof, if there can be one, or [`crate::ResolveError`]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProveQuestion {
    pub(super) storages: Asked,
    pub(super) at: StoragePath,
    pub(super) key: String,
}

/// `canonical` → a [`Canonical`] for each path
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CanonicalQuestion {
    pub(super) paths: Vec<PathBuf>,
}

/// What is really at a path.
pub(super) type Canonical = Result<Real, LocateError>;

/// The child's side: reads questions from standard input, a line each, until it ends, and writes a line to standard output for
/// each.
///
/// `answer` gets topic and question and gives [`reply`]'s form of a `Result`; see [`answer`] and [`unknown`].
pub fn serve(answer: impl Fn(&str, Value) -> Value) -> ExitCode {
    end_with_parent();
    match serve_each(answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve_each(answer: impl Fn(&str, Value) -> Value) -> io::Result<()> {
    loop {
        let mut question = Vec::new();
        // Whoever asks leaves standard input open behind the line.
        io::stdin().lock().take(LONGEST as u64 + 1).read_until(b'\n', &mut question)?;
        if question.is_empty() {
            return Ok(());
        }
        if question.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Question { topic, question } = serde_json::from_slice::<Question<String, Value>>(&question)?;
        if topic == following::COPY {
            return following::copy(question);
        }
        say(&answer(&topic, question))?;
    }
}

/// Tells the parent, in a line.
pub(super) fn say(what: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(what)?;
    text.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text)?;
    stdout.flush()
}

#[cfg(target_os = "linux")]
fn end_with_parent() {
    // Without it a stuck helper would outlive us; nothing else depends on it.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() {}

/// A result in the form in which it crosses to the parent.
pub fn reply<A: Serialize, E: Serialize>(result: &Result<A, E>) -> Value {
    serde_json::to_value(result).unwrap_or_else(|error| refusal(&error.to_string()))
}

/// The answer to a topic that nobody knows.
pub fn unknown(topic: &str) -> Value {
    refusal(&format!("unknown topic {topic}"))
}

pub(super) fn refusal(why: &str) -> Value {
    serde_json::json!({ "Err": why })
}

/// Answers this crate's own topics: `probe`, `glance`, `mark`, `prove`, `look_at`, `resolve`, `look`, `look_each`, `try_folder`, those of
/// test files, `canonical`, those of the configuration file, those of settings and names that were found, and those of suggestions;
/// `None` for others.
pub fn answer(topic: &str, question: Value) -> Option<Value> {
    let answered = match topic {
        "probe" => serde_json::from_value(question)
            .map(|ProbeQuestion { backend, before }| reply(&Ok::<_, ()>(probe_again(&backend, before.as_ref())))),
        "glance" => {
            serde_json::from_value(question).map(|backend: Backend| reply(&Ok::<_, ()>(probe::glance(&backend))))
        }
        "mark" => serde_json::from_value(question)
            .map(|ProbeQuestion { backend, before }| reply(&marker::mark(&backend, before.as_ref()))),
        "prove" => {
            serde_json::from_value(question).map(|ProveQuestion { storages, at, key }| match ProofKey::parse(&key) {
                Some(key) => reply(&storages.storages().prove(&at, &key)),
                None => refusal("that is no key"),
            })
        }
        "look_at" => {
            serde_json::from_value(question).map(|path: PathBuf| reply(&Ok::<_, ()>(sighting::look_at(&path))))
        }
        "resolve" => serde_json::from_value(question)
            .map(|ResolveQuestion { storages, at, purpose }| reply(&storages.storages().resolve(&at, purpose))),
        "look" => serde_json::from_value(question)
            .map(|LookQuestion { storages, at, read }| reply(&storages.storages().look(&at, read))),
        "look_each" => serde_json::from_value(question).map(|LookEachQuestion { storages, paths }| {
            let storages = storages.storages();
            reply(&Ok::<_, ()>(paths.iter().map(|at| storages.look(at, None)).collect::<Vec<_>>()))
        }),
        "try_folder" => serde_json::from_value(question)
            .map(|TryQuestion { storages, at, make }| reply(&storages.storages().try_folder(&at, make))),
        "leave_test_file" => serde_json::from_value(question)
            .map(|AtQuestion { storages, at }| reply(&storages.storages().leave_test_file(&at))),
        "remove_test_file" => serde_json::from_value(question)
            .map(|AtQuestion { storages, at }| reply(&storages.storages().remove_test_file(&at))),
        "canonical" => serde_json::from_value(question).map(|CanonicalQuestion { paths }| {
            reply(&Ok::<_, ()>(paths.iter().map(|path| Real::of(path)).collect::<Vec<_>>()))
        }),
        configuration::TEXT => serde_json::from_value(question).map(|file: ConfigFile| reply(&file.text())),
        configuration::ANSWERS => serde_json::from_value(question).map(|path: PathBuf| {
            // What it says does not matter.
            drop(path.symlink_metadata());
            reply(&Ok::<(), ()>(()))
        }),
        configuration::STATE => {
            serde_json::from_value(question).map(|file: ConfigFile| reply(&Ok::<_, ()>(file.look())))
        }
        "names" | "count" | "marks" => return crate::found::answer(topic, question),
        _ => return crate::suggest::answer(topic, question),
    };
    Some(answered.unwrap_or_else(|error| refusal(&error.to_string())))
}
