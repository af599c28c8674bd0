//! Settings that sleap-rtc left behind, and what of them can be taken over. Nothing in such a file is changed.

use crate::view::{FoundSettingsView, FoundStorageView, StorageFields};
use crate::{Error, ErrorCode, LocalStorages};
use samepath_storage::helper::DEADLINE;
use samepath_storage::{Backend, Entry, FoundSettings, Suggestion};
use std::collections::BTreeSet;
use std::path::Path;

impl LocalStorages {
    /// What sleap-rtc's files hold that is not in use here: of the file in use its path pairs, and `~/sleap-rtc.toml` whole. Files
    /// that hold nothing for us are left out, and one that cannot be read too: nobody asked for it. Blocks for the deadline at most.
    pub fn found_settings(&self) -> Vec<FoundSettingsView> {
        let config = self.config();
        let file = &self.file().path;
        let mine = FoundSettings { entries: Vec::new(), suggestions: config.suggestions() };
        let old = self.environment().home.as_ref().map(|home| home.join("sleap-rtc.toml")).filter(|old| old != file);
        let old = old.and_then(|old| Some((self.settings_in(&old).ok()??, old)));
        let found = [Some((mine, file.clone())), old].into_iter().flatten();
        found.map(|(found, file)| self.view_of(&file, &found)).filter(|view| !view.rows.is_empty()).collect()
    }

    /// What a settings file that the person chose holds. Blocks for the deadline at most.
    ///
    /// # Errors
    /// `config_invalid` for one that is no settings file or does not answer, `path_not_found`.
    pub fn settings_of(&self, file: &Path) -> Result<FoundSettingsView, Error> {
        let none = || Error::new(ErrorCode::PathNotFound, format!("There is no file {}.", file.display()));
        Ok(self.view_of(file, &self.settings_in(file)?.ok_or_else(none)?))
    }

    fn settings_in(&self, file: &Path) -> Result<Option<FoundSettings>, Error> {
        Ok(self.helper().settings_in(file, self.environment().home.as_deref(), DEADLINE)?)
    }

    fn view_of(&self, file: &Path, found: &FoundSettings) -> FoundSettingsView {
        let configured = self.views();
        let mut taken = Taken {
            names: configured.iter().map(|view| view.name.clone()).collect(),
            places: configured.iter().filter_map(|view| view.base_path.clone()).collect(),
        };
        let storages: Vec<_> = found.entries.iter().map(|entry| of_entry(entry, &mut taken)).collect();
        let pairs: Vec<_> = found.suggestions.iter().map(|pair| of_pair(pair, &mut taken)).collect();
        let broken = storages.iter().filter(|row| row.fields.is_none()).count();
        let counts = [
            count(storages.len() - broken, "storage", "storages"),
            count(pairs.len(), "path pair", "path pairs"),
            count(broken, "broken entry", "broken entries"),
        ];
        FoundSettingsView {
            file: file.display().to_string(),
            words: counts.into_iter().flatten().collect::<Vec<_>>().join(", "),
            rows: storages.into_iter().chain(pairs).collect(),
        }
    }
}

/// What is there already, or will be once the rows before are taken over.
struct Taken {
    names: BTreeSet<String>,
    places: BTreeSet<String>,
}

impl Taken {
    /// Takes a name and a place; why not, where one of them is gone.
    fn take(&mut self, name: &str, place: &str) -> Option<String> {
        if self.names.contains(name) {
            return Some(format!("{name} is set up here already"));
        }
        if self.places.contains(place) {
            return Some(format!("{place} is set up here already"));
        }
        self.names.insert(name.to_owned());
        self.places.insert(place.to_owned());
        None
    }
}

fn of_entry(entry: &Entry, taken: &mut Taken) -> FoundStorageView {
    match &entry.backend {
        Ok(backend) => {
            let place = backend.base_path.display().to_string();
            let already = taken.take(&backend.name, &place);
            FoundStorageView {
                name: backend.name.clone(),
                words: match &already {
                    Some(already) => format!("{place} ({already})"),
                    None => place,
                },
                offered: already.is_none(),
                fields: Some(fields_of(backend)),
            }
        }
        Err(error) => FoundStorageView {
            name: entry.name.clone(),
            words: Error::from(error.clone()).message,
            offered: false,
            fields: None,
        },
    }
}

fn fields_of(backend: &Backend) -> StorageFields {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    StorageFields {
        base_path: Some(backend.base_path.display().to_string()),
        kind: backend.kind.clone(),
        description: backend.description.clone(),
        user_subdir: given(&backend.user_subdir),
        subpath: given(&backend.subpath),
    }
}

fn of_pair(pair: &Suggestion, taken: &mut Taken) -> FoundStorageView {
    let below = |base: &str| if pair.folder.is_empty() { base.to_owned() } else { format!("{base}/{}", pair.folder) };
    let own = pair.folder.split('/').next().filter(|own| !own.is_empty());
    let becomes = match own {
        Some(own) => format!("becomes {}, folder {own}", pair.name),
        None => format!("becomes {}", pair.name),
    };
    let already = taken.take(&pair.name, &pair.base_path);
    let what = match &pair.elsewhere {
        Some(there) => format!("{} → {} (a path pair: {becomes})", below(&pair.base_path), below(there)),
        None => format!("{} (a worker's folder: {becomes})", below(&pair.base_path)),
    };
    FoundStorageView {
        name: pair.name.clone(),
        words: match &already {
            Some(already) => format!("{what}; {already}"),
            None => what,
        },
        offered: already.is_none(),
        fields: Some(StorageFields {
            base_path: Some(pair.base_path.clone()),
            kind: pair.kind.clone(),
            description: None,
            user_subdir: own.map(str::to_owned),
            subpath: None,
        }),
    }
}

fn count(count: usize, one: &str, several: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {several}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samepath_storage::{Config, ConfigFile, Environment, Origin};
    use std::path::PathBuf;

    fn found(text: &str) -> FoundSettings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let file = ConfigFile { path, origin: Origin::CurrentDir };
        let config = Config::load(&file, &Environment::default()).unwrap();
        FoundSettings { suggestions: config.suggestions(), entries: config.entries }
    }

    #[test]
    fn storages_pairs_and_broken_entries_are_told_apart_and_nothing_is_offered_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "[storage.here]\nbase_path = \"/mnt/here\"\n").unwrap();
        let file = ConfigFile { path, origin: Origin::Home };
        let storages = LocalStorages::open(file, Environment::default(), PathBuf::from("/bin/false"));
        let text = "[storage.vast]\nbase_path = \"/Volumes/talmo\"\nuser_subdir = \"amick\"\n\
                    [storage.here]\nbase_path = \"/mnt/other\"\n[storage.gdrive]\ntype = \"smb\"\n\
                    [[path_mappings]]\nlocal = \"/Volumes/talmo/amick\"\nworker = \"/root/vast/amick\"\n\
                    [[path_mappings]]\nlocal = \"/data/fast/tom/x\"\nworker = \"/root/scratch/tom/x\"\n";
        let view = storages.view_of(Path::new("/home/amick/sleap-rtc.toml"), &found(text));
        assert_eq!(view.words, "2 storages, 1 path pair, 1 broken entry");
        let rows: Vec<_> = view.rows.iter().map(|row| (row.name.as_str(), row.offered, row.fields.is_some())).collect();
        assert_eq!(
            rows,
            [
                ("vast", true, true),
                ("here", false, true),
                ("gdrive", false, false),
                // The pair of vast says nothing that its storage does not.
                ("scratch", true, true)
            ]
        );
        assert_eq!(view.rows[1].words, "/mnt/other (here is set up here already)");
        assert!(view.rows[2].words.contains("base_path"), "{}", view.rows[2].words);
        let pair = "/data/fast/tom/x → /root/scratch/tom/x (a path pair: becomes scratch, folder tom)";
        assert_eq!(view.rows[3].words, pair);
        let fields = view.rows[3].fields.as_ref().unwrap();
        assert_eq!((fields.base_path.as_deref(), fields.user_subdir.as_deref()), (Some("/data/fast"), Some("tom")));
    }
}
