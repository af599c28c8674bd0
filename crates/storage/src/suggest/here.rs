use super::combine::{Known, combine};
use super::{Suggestion, system};
use crate::helper::{Helper, reply};
use crate::mounts::{Mount, Mounts, Reached};
use crate::{Backend, Config, Environment, Platform, probe};
use samepath_wire::BackendState;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// More than this nobody reads, and each is a process.
const MOST: usize = 24;

/// What is asked of a suggested storage: how it is, and whether one of these folders is in it.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    backend: Backend,
    folders: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    state: BackendState,
    free_bytes: Option<u64>,
    /// A file: no storage.
    is_file: bool,
    folder: Option<String>,
    mark: Option<String>,
}

/// Storages that this computer has and the configuration does not name, best first: those that sleap-rtc's tables hint at, and
/// shares that are mounted. `member` is the person, whose folder is looked for in each.
///
/// Touches no storage in this process; each gets `deadline` to answer, all at the same time. One that does not answer is suggested
/// all the same, and says so.
pub fn suggest_here(
    helper: &Helper,
    config: &Config,
    environment: &Environment,
    member: &str,
    deadline: Duration,
) -> Vec<Suggestion> {
    let table = Mounts::read();
    let mounts: Vec<Mount> = match &table {
        Some(table) => table.iter().cloned().collect(),
        // Asked of a program, which may wait for who knows what.
        None => helper.ask("mount_table", &["mount table".to_owned()], &(), deadline).unwrap_or_default(),
    };
    let followed = |base: &Path| match table.as_ref().map(|table| table.reach(base)) {
        Some(Ok(Reached::Whole(path) | Reached::Stopped { path, .. })) => path,
        _ => base.to_owned(),
    };
    let bases = config.backends().into_iter().map(|backend| backend.base_path);
    let known = Known {
        platform: Platform::current(),
        base_paths: bases.flat_map(|base| [followed(&base), base]).collect(),
        names: config.entries.iter().map(|entry| entry.name.clone()).collect(),
        home: environment.home.as_deref(),
    };
    let mut suggestions = combine(config.suggestions(), &mounts, &known);
    suggestions.truncate(MOST);
    let folders = folders_of(member);
    let looked: Vec<Option<Answer>> = thread::scope(|scope| {
        let asked: Vec<_> = suggestions
            .iter()
            .map(|suggestion| {
                let backend = backend(suggestion, environment);
                let question = Question { backend, folders: folders.clone() };
                scope.spawn(move || {
                    let about = [question.backend.base_path.display().to_string()];
                    helper.ask::<Answer>("suggested", &about, &question, deadline).ok()
                })
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().ok().flatten()).collect()
    });
    for (suggestion, looked) in suggestions.iter_mut().zip(looked.iter()) {
        suggestion.state = Some(looked.as_ref().map_or(BackendState::NotAnswering, |looked| looked.state));
        suggestion.free_bytes = looked.as_ref().and_then(|looked| looked.free_bytes);
        suggestion.user_subdir = looked.as_ref().and_then(|looked| looked.folder.clone());
        suggestion.mark = looked.as_ref().and_then(|looked| looked.mark.clone());
    }
    let mut seen = suggestions.into_iter().zip(looked);
    let mut kept: Vec<Suggestion> = seen
        .by_ref()
        .filter(|(_, looked)| looked.as_ref().is_none_or(|looked| !looked.is_file))
        .map(|(suggestion, _)| suggestion)
        .collect();
    // What is not there now can wait.
    kept.sort_by_key(|suggestion| !suggestion.state.is_some_and(BackendState::is_readable));
    kept
}

fn backend(suggestion: &Suggestion, environment: &Environment) -> Backend {
    let base_path = match (suggestion.base_path.strip_prefix("~/"), &environment.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(&suggestion.base_path),
    };
    Backend {
        name: suggestion.name.clone(),
        base_path,
        kind: suggestion.kind.clone(),
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    }
}

/// What a person's folder is likely to be called: `amick`, also for `SALK\Amick` and `amick@salk.edu`.
fn folders_of(member: &str) -> Vec<String> {
    let login = member.rsplit('\\').next().unwrap_or(member);
    let login = login.split('@').next().unwrap_or(login);
    let mut folders = vec![login.to_owned(), login.to_lowercase()];
    folders.dedup();
    folders.retain(|folder| crate::component::split(folder, Platform::Windows).is_ok_and(|parts| parts.len() == 1));
    folders
}

/// Answers this module's topics, `mount_table` and `suggested`; `None` for others.
pub(crate) fn answer(topic: &str, question: Value) -> Option<Value> {
    match topic {
        "mount_table" => Some(reply(&Ok::<_, ()>(ask_system()))),
        "suggested" => Some(match serde_json::from_value(question) {
            Ok(question) => reply(&Ok::<_, ()>(look(&question))),
            Err(error) => reply(&Err::<(), _>(error.to_string())),
        }),
        _ => None,
    }
}

fn look(question: &Question) -> Answer {
    let base = &question.backend.base_path;
    let seen = probe(&question.backend);
    let is_folder = |name: &&String| fs_err::metadata(base.join(name)).is_ok_and(|seen| seen.is_dir());
    Answer {
        state: seen.state,
        free_bytes: seen.free_bytes,
        is_file: !seen.state.is_readable() && fs_err::metadata(base).is_ok_and(|seen| !seen.is_dir()),
        folder: question.folders.iter().find(is_folder).cloned().filter(|_| seen.state.is_readable()),
        mark: seen.id,
    }
}

/// The mount table where the system has a program for it rather than a file.
fn ask_system() -> Vec<Mount> {
    if Platform::current() != Platform::Windows {
        return Mounts::listed().map(|table| table.iter().cloned().collect()).unwrap_or_default();
    }
    let printed = std::process::Command::new("net").arg("use").stdin(std::process::Stdio::null()).output();
    printed.map(|printed| system::windows_table(&String::from_utf8_lossy(&printed.stdout))).unwrap_or_default()
}

/// The mount point of the share that a path is on. None for what is on this computer's own disks, and for a share that holds the
/// person's home: that is no lab's storage. Touches no share.
pub fn share_of(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let mounts = Mounts::listed()?;
    let mount = match mounts.reach(path).ok()? {
        Reached::Whole(real) => mounts.holding(&real)?,
        Reached::Stopped { mount, .. } => mounts.holding(&mount)?,
    };
    let is_share = system::network_type_of(mount).is_some();
    let holds_home = home.is_some_and(|home| home.starts_with(&mount.point));
    (is_share && !holds_home).then(|| mount.point.clone())
}

/// Server and share of a folder that is on one: `vast01:/talmo/labs` of the folder `labs` where `vast01:/talmo` is mounted. None
/// of what is on this computer's own disks. Touches no share.
pub fn share_at(path: &Path) -> Option<String> {
    let mounts = Mounts::listed()?;
    let real = match mounts.reach(path).ok()? {
        Reached::Whole(real) => real,
        Reached::Stopped { path, .. } => path,
    };
    share_in(mounts.holding(&real)?, &real)
}

/// The shares that are mounted in a folder, with where; none at the folder itself. Touches nothing but the table of mounts.
pub fn shares_in(folder: &Path) -> Vec<(PathBuf, String)> {
    let mounts = Mounts::listed();
    let inside =
        mounts.iter().flat_map(Mounts::iter).filter(|mount| mount.point != folder && mount.point.starts_with(folder));
    let mut shares: Vec<_> =
        inside.filter_map(|mount| Some((mount.point.clone(), share_in(mount, &mount.point)?))).collect();
    shares.sort_unstable();
    shares
}

fn share_in(mount: &Mount, real: &Path) -> Option<String> {
    system::network_type_of(mount)?;
    let below = real.strip_prefix(&mount.point).ok()?.to_str()?;
    let source = mount.source.as_str();
    Some(if below.is_empty() { source.to_owned() } else { format!("{}/{below}", source.trim_end_matches('/')) })
}

/// Whether a folder is called like a person.
pub fn is_own_folder(name: &str, member: &str) -> bool {
    folders_of(member).iter().any(|login| login == name)
}

/// Of a folder below a storage the person's own part: `labs/amick` of `labs/amick/maze`, where `amick` is the person. All of it where
/// no component is called like the person.
pub fn own_part(below: &Path, member: &str) -> String {
    let names: Vec<String> = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let own = names.iter().position(|name| is_own_folder(name, member)).map_or(names.len(), |at| at + 1);
    names[..own].join("/")
}

/// The folder in which this computer's storages are mounted: the first of the usual ones in which something is, else the first of them
/// as the platform has it. `member` is the person. Touches nothing but the table of mounts.
pub fn mount_root(member: &str) -> Option<PathBuf> {
    let mounts = Mounts::listed();
    let points: Vec<&Path> = mounts.iter().flat_map(Mounts::iter).map(|mount| mount.point.as_path()).collect();
    root_of(&points, member, Platform::current())
}

fn root_of(points: &[&Path], member: &str, platform: Platform) -> Option<PathBuf> {
    let login = folders_of(member).into_iter().next();
    let own = |root: &str| login.as_ref().map(|login| format!("{root}/{login}"));
    let roots: Vec<String> = match platform {
        Platform::MacOs => vec!["/Volumes".to_owned()],
        Platform::Linux => {
            let own = ["/run/media", "/media"].into_iter().filter_map(own);
            own.chain(["/mnt", "/media"].map(str::to_owned)).collect()
        }
        Platform::Windows => Vec::new(),
    };
    let holds = |root: &&String| points.iter().any(|point| point.parent().is_some_and(|above| above.starts_with(root)));
    let fallback = match platform {
        Platform::Linux => Some("/mnt"),
        Platform::MacOs => Some("/Volumes"),
        Platform::Windows => None,
    };
    roots.iter().find(holds).map(String::as_str).or(fallback).map(PathBuf::from)
}

/// Bytes of a file that is on one of this computer's own disks; of nothing else, which may be silent.
pub fn size_here(path: &Path) -> Option<u64> {
    let Reached::Whole(real) = Mounts::listed()?.reach(path).ok()? else { return None };
    fs_err::metadata(real).ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_part_of_a_folder_ends_with_ones_name() {
        for (below, own) in [
            ("amick", "amick"),
            ("amick/maze/2024", "amick"),
            ("labs/amick/maze", "labs/amick"),
            ("tom/maze", "tom/maze"),
            ("", ""),
        ] {
            assert_eq!(own_part(Path::new(below), "amick@salk.edu"), own, "{below}");
        }
    }

    #[test]
    fn a_dialog_begins_where_storages_are_mounted() {
        let root = |points: &[&str], platform| {
            let points: Vec<&Path> = points.iter().map(Path::new).collect();
            root_of(&points, r"SALK\amick", platform).map(|root| root.display().to_string())
        };
        assert_eq!(root(&["/", "/mnt/vast", "/media/tom/usb"], Platform::Linux).as_deref(), Some("/mnt"));
        assert_eq!(root(&["/mnt/vast", "/media/amick/usb"], Platform::Linux).as_deref(), Some("/media/amick"));
        assert_eq!(root(&["/mnt", "/media/lab/vast"], Platform::Linux).as_deref(), Some("/media"));
        assert_eq!(root(&["/", "/home"], Platform::Linux).as_deref(), Some("/mnt"));
        assert_eq!(root(&["/"], Platform::MacOs).as_deref(), Some("/Volumes"));
        assert_eq!(root(&[], Platform::Windows), None);
    }

    #[test]
    fn a_persons_folder_is_called_like_the_person() {
        assert_eq!(folders_of("amick"), ["amick"]);
        assert_eq!(folders_of(r"SALK\Amick"), ["Amick", "amick"]);
        assert_eq!(folders_of("amick@salk.edu"), ["amick"]);
        for nobody in ["", "..", "a/b", r"x\", "nul"] {
            assert_eq!(folders_of(nobody), Vec::<String>::new(), "{nobody}");
        }
    }
}
