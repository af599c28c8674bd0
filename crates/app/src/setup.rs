//! Setting up: what this computer has, and whether it works, before anything is written.

use crate::lab::{self, LabStorage};
use crate::size::bytes;
use crate::storages::{health_sentence, state_name};
use crate::view::{Finding, FindingState, FolderView, LabMatchView, LabStorageView, StorageFields, SuggestionView};
use crate::{Error, ErrorCode, LocalStorages, size};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use samepath_storage::helper::{DEADLINE, Helper};
use samepath_storage::{
    Backend, Counted, Match, Platform, Probe, ResolveError, Storages, Suggestion, Trial, Tried, suggest_here,
};
use samepath_wire::{BackendState, HERE, StoragePath};
use std::path::Path;

/// A storage's clock that is less wrong than this disturbs nobody.
const CLOCK: SignedDuration = SignedDuration::from_secs(5);

impl LocalStorages {
    /// Storages that this computer has and the configuration does not name, those of the lab first. Blocks for the deadline at most.
    pub fn suggestions(&self, member: &str, lab: &[LabStorage]) -> Vec<SuggestionView> {
        let found = suggest_here(self.helper(), &self.config(), self.environment(), member, DEADLINE);
        let matches = lab::matches(&found, lab);
        let mut views: Vec<SuggestionView> =
            found.into_iter().zip(matches).map(|(found, of_lab)| suggestion_view(found, of_lab)).collect();
        views.sort_by_key(|view| match &view.lab {
            Some(of_lab) if of_lab.sure => 0,
            Some(_) => 1,
            None => 2,
        });
        views
    }

    /// Of the storages that the lab uses those that are neither configured here nor among these suggestions.
    pub fn not_connected(&self, lab: &[LabStorage], found: &[SuggestionView]) -> Vec<LabStorageView> {
        let configured = self.views();
        let here = |name: &str| {
            configured.iter().any(|view| view.name == name)
                || found.iter().any(|it| it.lab.as_ref().is_some_and(|of_lab| of_lab.name == name))
        };
        lab.iter().filter(|storage| !here(&storage.name)).map(LabStorage::view).collect()
    }

    /// Whether a storage of this name and these keys could be written down; touches nothing.
    ///
    /// # Errors
    /// `config_invalid`.
    pub fn propose(&self, name: &str, fields: &StorageFields) -> Result<(), Error> {
        Backend::proposed(name, &fields.clone().into(), self.environment())?;
        Ok(())
    }

    /// The folder in a storage that is called like the person, where there is one. Blocks for twice the deadline at most.
    pub fn own_folder(&self, name: &str, fields: &StorageFields, member: &str) -> Option<FolderView> {
        let backend = Backend::proposed(name, &fields.clone().into(), self.environment()).ok()?;
        let at = StoragePath::new(&backend.name, &backend.subpath, member);
        let looked = self.helper().look(&Storages::new(vec![backend], Platform::current()), &at, None, DEADLINE);
        let folder = looked.ok().filter(|looked| looked.directory && looked.matched == Match::Exact)?;
        let counted = self.helper().count_in(&folder.path, DEADLINE);
        Some(FolderView {
            name: member.to_owned(),
            words: counted.map(|counted| counted_words(&counted, Timestamp::now())),
        })
    }

    /// Where a folder lies in a storage that need not be configured yet: a path below its whole, empty for the storage itself. Looks
    /// at nothing.
    ///
    /// # Errors
    /// `config_invalid` for what could not be written to the configuration; `not_in_any_backend` for a folder elsewhere.
    pub fn folder_in(&self, name: &str, fields: &StorageFields, path: &Path) -> Result<String, Error> {
        let backend = Backend::proposed(name, &fields.clone().into(), self.environment())?;
        let inside = path.strip_prefix(&backend.base_path).map_err(|_| {
            let message = format!("{} is not in {}.", path.display(), backend.base_path.display());
            Error::new(ErrorCode::NotInAnyBackend, message).with_hint(format!("Choose a folder of {name}."))
        })?;
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        Ok(parts.join("/"))
    }

    /// Looks at a storage that is not configured yet, and tries the person's folder in it the way that a job does. Makes nothing: with
    /// `wished` that folder is to be made later, and until it is there the nearest one above it is tried. Blocks for a few times the
    /// deadline at most.
    ///
    /// # Errors
    /// `config_invalid` for what could not be written to the configuration; `backend_unavailable`, also of an empty folder, which is
    /// where a share would be mounted as a rule; `path_not_found` for a folder that is not there.
    pub fn try_storage(&self, name: &str, fields: &StorageFields, wished: bool) -> Result<Vec<Finding>, Error> {
        let backend = Backend::proposed(name, &fields.clone().into(), self.environment())?;
        let probe = self.usable(&backend)?;
        let at = if wished { nearest_own(self.helper(), &backend) } else { own(&backend) };
        let mut findings = self.try_at(&backend, &at)?;
        if let Some(free) = probe.free_bytes {
            let found = format!("{} free (your quota may be smaller)", size(bytes(free)));
            let full = probe.state == BackendState::Full;
            findings.push(if full {
                let full = Finding::new("storage", FindingState::Note, "Space", format!("{name} has no space left"));
                full.mend("Remove what nobody needs, or ask for more.")
            } else {
                Finding::new("storage", FindingState::Good, "Space", found)
            });
        }
        Ok(findings)
    }

    /// Makes the person's folder in a storage that is not configured yet, as they wished, and tries it. An empty folder is no storage
    /// to make one in, unless the person goes on `knowingly`; where a share is to be mounted, and is not, nothing is made even then,
    /// and nothing is found. Blocks for a few times the deadline at most.
    ///
    /// # Errors
    /// As [`LocalStorages::try_storage`]; what is wrong with the folder.
    pub fn make_own(&self, name: &str, fields: &StorageFields, knowingly: bool) -> Result<Vec<Finding>, Error> {
        let backend = Backend::proposed(name, &fields.clone().into(), self.environment())?;
        if !knowingly {
            self.usable(&backend)?;
        }
        let at = own(&backend);
        // That it is not there yet speaks against nothing.
        let storages = alone(Backend { user_subdir: String::new(), ..backend });
        let trial = match self.helper().try_folder(&storages, &at, true, DEADLINE) {
            Err(ResolveError::BackendUnavailable { .. }) if knowingly => return Ok(Vec::new()),
            tried => tried?,
        };
        let found = if trial.made { format!("made {at}") } else { format!("{at} is there") };
        let mut findings = vec![Finding::new("storage", FindingState::Good, "Your folder", found)];
        findings.extend(of_trial(name, &at.to_string(), &trial));
        Ok(findings)
    }

    /// Tries the person's folder of a storage that is configured, the way that a job does; nothing where none is named, or the storage
    /// cannot be read. Makes nothing. Blocks for a few times the deadline at most.
    ///
    /// # Errors
    /// `path_not_found` for a folder that is not there; whatever else is wrong with it.
    pub fn try_own(&self, name: &str) -> Result<Vec<Finding>, Error> {
        let backends = self.config().backends();
        let named = |it: &&Backend| it.name == name && !it.user_subdir.is_empty();
        let Some(backend) = backends.iter().find(named) else { return Ok(Vec::new()) };
        match self.try_folder(backend) {
            Err(error) if error.code == ErrorCode::BackendUnavailable => Ok(Vec::new()),
            Err(error) if error.code == ErrorCode::PathNotFound => {
                let missing = Error::new(error.code, format!("Your folder {} is not there.", own(backend)));
                Err(missing
                    .with_hint(format!("Make it, or name another: samepath storage set {name} --user-subdir FOLDER")))
            }
            tried => tried,
        }
    }

    /// How a storage is in which something is to be done.
    ///
    /// # Errors
    /// `backend_unavailable`, also of an empty folder.
    fn usable(&self, backend: &Backend) -> Result<Probe, Error> {
        let probe = self.helper().probe(backend, DEADLINE);
        if probe.empty {
            return Err(empty(backend));
        }
        if !probe.state.is_readable() {
            let found = health_sentence(backend, &probe).unwrap_or_else(|| probe.state.words().to_owned());
            return Err(Error::new(ErrorCode::BackendUnavailable, found));
        }
        Ok(probe)
    }

    /// Reading, writing and the clock, in the person's folder.
    ///
    /// # Errors
    /// `path_not_found`, and whatever else is wrong with the folder.
    pub(crate) fn try_folder(&self, backend: &Backend) -> Result<Vec<Finding>, Error> {
        self.try_at(backend, &own(backend))
    }

    fn try_at(&self, backend: &Backend, at: &StoragePath) -> Result<Vec<Finding>, Error> {
        let trial = self.helper().try_folder(&alone(backend.clone()), at, false, DEADLINE)?;
        Ok(of_trial(&backend.name, &at.to_string(), &trial))
    }
}

/// The person's folder in a storage or, where it is not there, the nearest one above it. Blocks for the deadline at most for each.
pub(crate) fn nearest_own(helper: &Helper, backend: &Backend) -> StoragePath {
    let storages = alone(backend.clone());
    let mut at = own(backend);
    while at.user_subdir != backend.subpath
        && let Err(ResolveError::NotFound { .. }) = helper.look(&storages, &at, None, DEADLINE)
    {
        let above = at.user_subdir.rsplit_once('/').map_or("", |(above, _)| above);
        at = StoragePath::new(&backend.name, above, "");
    }
    at
}

fn alone(backend: Backend) -> Storages {
    Storages::new(vec![backend], Platform::current())
}

/// The person's folder.
fn own(backend: &Backend) -> StoragePath {
    StoragePath::new(&backend.name, backend.user_subdir_below_root(), "")
}

/// What is said of an empty folder that somebody chose for a storage.
fn empty(backend: &Backend) -> Error {
    let (name, at) = (&backend.name, backend.base_path.display());
    let message = format!("{at} is an empty folder, not the share: {name} is not mounted there.");
    Error::new(ErrorCode::BackendUnavailable, message).with_hint(format!(
        "Connect it, then check again. If {name} is to be a new storage with nothing in it yet, go on."
    ))
}

/// A storage that cannot be used, with the sentence that says why.
pub(crate) fn unusable(name: &str, found: &str) -> Finding {
    let wrong = Finding::new("storage", FindingState::Wrong, name, found.to_owned()).code("backend_unavailable");
    wrong.mend(
        "Connect the storage, or say where it is: samepath storage set NAME --base-path FOLDER".replace("NAME", name),
    )
}

fn of_trial(name: &str, at: &str, trial: &Trial) -> Vec<Finding> {
    let good = |what: &str, found: String| Finding::new("storage", FindingState::Good, what, found);
    let mut findings = vec![
        match &trial.read {
            Some(Tried::Done) => good("Read", format!("opened and read a file in {at}")),
            None => Finding::new("storage", FindingState::Note, "Read", format!("not tried: no file is in {at} yet")),
            Some(Tried::Refused(why)) => {
                let found = format!("You may list {at} but not read its files ({why}).");
                let wrong = Finding::new("storage", FindingState::Wrong, "Read", found).code("backend_unavailable");
                wrong.mend(format!("Ask whoever looks after {name} for access."))
            }
        },
        match &trial.write {
            Tried::Done => good("Write", format!("wrote and removed a 1 KB test file in {at}")),
            Tried::Refused(why) => {
                let found = format!("{at} cannot be written by you ({why}).");
                let note = Finding::new("storage", FindingState::Note, "Write", found);
                note.mend("Jobs whose results go elsewhere still run. To write here, ask for access.")
            }
        },
    ];
    if let Some(ahead) = trial.clock_ahead.filter(|ahead| ahead.abs() >= CLOCK) {
        let (seconds, way) = (ahead.abs().as_secs(), if ahead.is_negative() { "behind" } else { "ahead of" });
        let found = format!("the clock of {name} is {seconds} s {way} {HERE}'s");
        let note = Finding::new("clock", FindingState::Note, name, found);
        findings.push(
            note.mend(format!("Let {HERE} set its clock from the network; else ask who looks after the server.")),
        );
    }
    findings
}

/// "214 items, newest today".
fn counted_words(counted: &Counted, now: Timestamp) -> String {
    let items = match counted.items {
        0 => return "empty".to_owned(),
        1 => "1 item".to_owned(),
        items if counted.more => format!("more than {items} items"),
        items => format!("{items} items"),
    };
    let day = |at: Timestamp| at.to_zoned(TimeZone::system()).date();
    let newest = counted.newest.map(|newest| match day(now).since(day(newest)).map_or(0, |span| span.get_days()) {
        ..=0 => "newest today".to_owned(),
        1 => "newest yesterday".to_owned(),
        _ => format!("newest {}", newest.to_zoned(TimeZone::system()).strftime("%-d %b %Y")),
    });
    [Some(items), newest].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn suggestion_view(suggestion: Suggestion, of_lab: Option<LabMatchView>) -> SuggestionView {
    let state = suggestion.state.unwrap_or(BackendState::Unknown);
    let own = suggestion.folder.split('/').next().filter(|folder| !folder.is_empty());
    SuggestionView {
        source: suggestion.words(),
        state: state_name(state).to_owned(),
        words: state.words().to_owned(),
        free_bytes: suggestion.free_bytes.map(bytes),
        user_subdir: suggestion.user_subdir.or_else(|| {
            // Nobody can look into it now: what the older table was about is the best guess.
            own.filter(|_| !state.is_readable()).map(str::to_owned)
        }),
        // What is only called alike keeps its own name until somebody says that it is the lab's.
        name: of_lab.as_ref().filter(|of_lab| of_lab.sure).map_or(suggestion.name, |of_lab| of_lab.name.clone()),
        base_path: suggestion.base_path,
        kind: suggestion.kind.or_else(|| of_lab.as_ref().and_then(|of_lab| of_lab.kind.clone())),
        lab: of_lab,
        elsewhere: suggestion.elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_again_by_what_is_in_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-22T12:00:00Z");
        let counted = |items, newest: Option<&str>| Counted { items, newest: newest.map(at), more: false };
        let words = |counted: &Counted| counted_words(counted, now);
        assert_eq!(words(&counted(0, None)), "empty");
        assert_eq!(words(&counted(1, None)), "1 item");
        assert_eq!(words(&counted(214, Some("2026-11-22T12:00:00Z"))), "214 items, newest today");
        assert_eq!(words(&counted(2, Some("2026-11-23T12:00:00Z"))), "2 items, newest today", "another clock");
        assert_eq!(words(&counted(2, Some("2026-11-21T12:00:00Z"))), "2 items, newest yesterday");
        assert_eq!(words(&counted(2, Some("2025-01-05T12:00:00Z"))), "2 items, newest 5 Jan 2025");
        assert_eq!(words(&Counted { more: true, ..counted(2000, None) }), "more than 2000 items");
    }

    #[test]
    fn a_trial_is_told_in_the_words_of_the_wizard() {
        let trial = Trial {
            path: "/mnt/vast/amick".into(),
            made: false,
            entries: 3,
            read: Some(Tried::Refused("Permission denied".to_owned())),
            write: Tried::Refused("Read-only file system".to_owned()),
            clock_ahead: Some(SignedDuration::from_secs(-90)),
        };
        let told: Vec<_> = of_trial("vast", "vast:amick", &trial)
            .into_iter()
            .map(|it| (it.state, it.found, it.mend.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    FindingState::Wrong,
                    "You may list vast:amick but not read its files (Permission denied).".to_owned(),
                    true
                ),
                (FindingState::Note, "vast:amick cannot be written by you (Read-only file system).".to_owned(), true),
                (FindingState::Note, format!("the clock of vast is 90 s behind {HERE}'s"), true),
            ]
        );
        let good = Trial {
            read: Some(Tried::Done),
            write: Tried::Done,
            clock_ahead: Some(SignedDuration::from_millis(-4900)),
            ..trial
        };
        assert!(of_trial("vast", "vast:amick", &good).iter().all(|it| it.state == FindingState::Good));
    }
}
