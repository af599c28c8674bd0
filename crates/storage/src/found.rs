//! What lies where somebody points before anything is configured: another settings file, the names in a folder. It may lie on
//! something that never answers, so it is looked at by a helper.

use crate::helper::{Helper, reply};
use crate::{ConfigError, ConfigFile, Entry, Environment, MarksAround, Origin, Suggestion};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names of a folder that are told.
const MOST_NAMES: usize = 64;
/// Entries of a folder that are looked at for them.
const MOST_ENTRIES: usize = 2000;

/// What a settings file that is not the one in use says of storages.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSettings {
    /// Every storage, in the file's order, broken ones too. What its `[samepath]` says does not count.
    pub entries: Vec<Entry>,
    /// What sleap-rtc's older tables hint at.
    pub suggestions: Vec<Suggestion>,
}

/// How much is in a folder, hidden files left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// Files and folders directly in it.
    pub items: usize,
    /// When the one that was changed last was, where the file system tells.
    pub newest: Option<Timestamp>,
    /// Whether there are more, which were not looked at.
    pub more: bool,
}

impl Helper {
    /// Reads a settings file of sleap-rtc that is not the one in use; none where there is none. `home` is what `~` means.
    ///
    /// # Errors
    /// As of [`Helper::load_config`].
    pub fn settings_in(
        &self,
        file: &Path,
        home: Option<&Path>,
        deadline: Duration,
    ) -> Result<Option<FoundSettings>, ConfigError> {
        // As in a shared folder: what it says of programs and computers is nobody's word here.
        let file = ConfigFile { path: file.to_owned(), origin: Origin::CurrentDir };
        let environment = Environment { home: home.map(Path::to_owned), ..Environment::default() };
        let config = self.load_config(&file, &environment, deadline)?;
        if config.is_blank() && !self.look_at_config(&file, deadline)?.exists {
            return Ok(None);
        }
        let suggestions = config.suggestions();
        Ok(Some(FoundSettings { entries: config.entries, suggestions }))
    }

    /// How much is in a folder; none where it cannot be listed in time.
    pub fn count_in(&self, folder: &Path, deadline: Duration) -> Option<Counted> {
        self.ask("count", &[folder.display().to_string()], &folder, deadline).ok()
    }

    /// Names in a folder, of folders first; hidden ones and most of many are left out. None where it cannot be listed in time.
    pub fn names_in(&self, folder: &Path, deadline: Duration) -> Option<Vec<String>> {
        self.ask("names", &[folder.display().to_string()], &folder, deadline).ok()
    }
}

impl Helper {
    /// Marks of the folders around one; none where it does not answer in time.
    pub fn marks_around(&self, folder: &Path, deadline: Duration) -> Option<MarksAround> {
        self.ask("marks", &[folder.display().to_string()], &folder, deadline).ok()
    }
}

/// Answers this module's topics, `names`, `count` and `marks`; `None` for others.
pub(crate) fn answer(topic: &str, question: Value) -> Option<Value> {
    match topic {
        "names" => Some(match serde_json::from_value::<PathBuf>(question) {
            Ok(folder) => reply(&names(&folder).map_err(|error| error.to_string())),
            Err(error) => reply(&Err::<(), _>(error.to_string())),
        }),
        "marks" => Some(match serde_json::from_value::<PathBuf>(question) {
            Ok(folder) => reply(&Ok::<_, ()>(MarksAround::of(&folder))),
            Err(error) => reply(&Err::<(), _>(error.to_string())),
        }),
        "count" => Some(match serde_json::from_value::<PathBuf>(question) {
            Ok(folder) => reply(&count(&folder).map_err(|error| error.to_string())),
            Err(error) => reply(&Err::<(), _>(error.to_string())),
        }),
        _ => None,
    }
}

fn count(folder: &Path) -> std::io::Result<Counted> {
    let mut counted = Counted { items: 0, newest: None, more: false };
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if counted.items == MOST_ENTRIES {
            counted.more = true;
            break;
        }
        counted.items += 1;
        let modified = entry.metadata().ok().and_then(|seen| Timestamp::try_from(seen.modified().ok()?).ok());
        counted.newest = counted.newest.max(modified);
    }
    Ok(counted)
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut seen: Vec<(bool, String)> = fs_err::read_dir(folder)?
        .take(MOST_ENTRIES)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            (!name.starts_with('.')).then_some((is_file, name))
        })
        .collect();
    seen.sort_unstable();
    seen.truncate(MOST_NAMES);
    Ok(seen.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helper::DEADLINE;

    #[test]
    fn another_settings_file_is_read_with_its_broken_entries_and_without_its_own_word_on_computers() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sleap-rtc.toml");
        // It lies on a disk of this computer, for which no helper is started.
        let helper = Helper::new("/nowhere".into());
        let read = || helper.settings_in(&file, Some(Path::new("/home/amick")), DEADLINE);
        assert_eq!(read(), Ok(None));
        let text = "[storage.vast]\nbase_path = \"~/vast\"\n[storage.gdrive]\ntype = \"smb\"\n\
                    [[path_mappings]]\nlocal = \"/Volumes/talmo/amick\"\nworker = \"/root/vast/amick\"\n";
        std::fs::write(&file, text).unwrap();
        let found = read().unwrap().unwrap();
        let entries: Vec<_> = found.entries.iter().map(|entry| (entry.name.as_str(), entry.backend.is_ok())).collect();
        assert_eq!(entries, [("vast", true), ("gdrive", false)]);
        assert_eq!(found.entries[0].backend.as_ref().unwrap().base_path, Path::new("/home/amick/vast"));
        assert_eq!(found.suggestions.iter().map(|it| it.base_path.as_str()).collect::<Vec<_>>(), ["/Volumes/talmo"]);
        std::fs::write(&file, "[storage").unwrap();
        assert!(matches!(read(), Err(ConfigError::Syntax { .. })));
        std::fs::write(&file, "").unwrap();
        assert_eq!(read().unwrap().unwrap().entries, [], "it is there, and says nothing");
    }

    #[test]
    fn names_are_told_folders_first_and_hidden_ones_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", ".hidden"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("0.txt"), "").unwrap();
        assert_eq!(names(folder.path()).unwrap(), ["a", "b", "0.txt"]);
        assert!(names(&folder.path().join("none")).is_err());
        let counted = count(folder.path()).unwrap();
        assert_eq!((counted.items, counted.more), (3, false));
        assert!(counted.newest.is_some() && count(&folder.path().join("none")).is_err());
    }
}
