//! What lies where somebody points before anything is configured: another settings file, the names in a folder. It may lie on
//! something that never answers, so it is looked at by a helper.

use crate::helper::{Helper, HelperError, reply};
use crate::{Config, ConfigError, ConfigFile, Entry, Environment, Origin, Suggestion};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names of a folder that are told.
const MOST_NAMES: usize = 64;
/// Entries of a folder that are looked at for them.
const MOST_ENTRIES: usize = 2000;

/// What a settings file that is not the one in use says of storages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundSettings {
    /// Every storage, in the file's order, broken ones too. What its `[samepath]` says does not count.
    pub entries: Vec<Entry>,
    /// What sleap-rtc's older tables hint at.
    pub suggestions: Vec<Suggestion>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SettingsQuestion {
    file: PathBuf,
    home: Option<PathBuf>,
}

impl Helper {
    /// Reads a settings file of sleap-rtc that is not the one in use; none where there is none. `home` is what `~` means.
    ///
    /// # Errors
    /// [`HelperError::NotAnswering`]; the inner error for a file that cannot be read as a whole.
    pub fn settings_in(
        &self,
        file: &Path,
        home: Option<&Path>,
        deadline: Duration,
    ) -> Result<Result<Option<FoundSettings>, ConfigError>, HelperError> {
        let question = SettingsQuestion { file: file.to_owned(), home: home.map(Path::to_owned) };
        match self.ask("settings", &[file.display().to_string()], &question, deadline) {
            Ok(found) => Ok(Ok(found)),
            Err(HelperError::Refused(value)) => match serde_json::from_value(value.clone()) {
                Ok(error) => Ok(Err(error)),
                Err(_) => Err(HelperError::Refused(value)),
            },
            Err(error) => Err(error),
        }
    }

    /// Names in a folder, of folders first; hidden ones and most of many are left out. None where it cannot be listed in time.
    pub fn names_in(&self, folder: &Path, deadline: Duration) -> Option<Vec<String>> {
        self.ask("names", &[folder.display().to_string()], &folder, deadline).ok()
    }
}

/// Answers this module's topics, `settings` and `names`; `None` for others.
pub(crate) fn answer(topic: &str, question: Value) -> Option<Value> {
    match topic {
        "settings" => Some(match serde_json::from_value(question) {
            Ok(question) => reply(&read(&question)),
            Err(error) => reply(&Err::<(), _>(error.to_string())),
        }),
        "names" => Some(match serde_json::from_value::<PathBuf>(question) {
            Ok(folder) => reply(&names(&folder).map_err(|error| error.to_string())),
            Err(error) => reply(&Err::<(), _>(error.to_string())),
        }),
        _ => None,
    }
}

fn read(question: &SettingsQuestion) -> Result<Option<FoundSettings>, ConfigError> {
    let there = fs_err::metadata(&question.file);
    if there.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    // As in a shared folder: what it says of programs and computers is nobody's word here.
    let file = ConfigFile { path: question.file.clone(), origin: Origin::CurrentDir };
    let environment = Environment { home: question.home.clone(), ..Environment::default() };
    let config = Config::load(&file, &environment)?;
    let suggestions = config.suggestions();
    Ok(Some(FoundSettings { entries: config.entries, suggestions }))
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

    #[test]
    fn another_settings_file_is_read_with_its_broken_entries_and_without_its_own_word_on_computers() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sleap-rtc.toml");
        let question = SettingsQuestion { file: file.clone(), home: Some("/home/amick".into()) };
        assert_eq!(read(&question), Ok(None));
        let text = "[storage.vast]\nbase_path = \"~/vast\"\n[storage.gdrive]\ntype = \"smb\"\n\
                    [[path_mappings]]\nlocal = \"/Volumes/talmo/amick\"\nworker = \"/root/vast/amick\"\n";
        std::fs::write(&file, text).unwrap();
        let found = read(&question).unwrap().unwrap();
        let entries: Vec<_> = found.entries.iter().map(|entry| (entry.name.as_str(), entry.backend.is_ok())).collect();
        assert_eq!(entries, [("vast", true), ("gdrive", false)]);
        assert_eq!(found.entries[0].backend.as_ref().unwrap().base_path, Path::new("/home/amick/vast"));
        assert_eq!(found.suggestions.iter().map(|it| it.base_path.as_str()).collect::<Vec<_>>(), ["/Volumes/talmo"]);
        std::fs::write(&file, "[storage").unwrap();
        assert!(matches!(read(&question), Err(ConfigError::Syntax { .. })));
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
    }
}
