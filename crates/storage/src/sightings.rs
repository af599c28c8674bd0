use crate::json_file::{read_json, try_read_json, write_json};
use crate::{Backend, Sighting};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// How each storage was when it was last seen well, by name, kept on this computer's own disk from one run of the program to the
/// next. It is a help and nothing depends on it: what cannot be read is taken for nothing.
#[derive(Debug, Default)]
pub struct Sightings {
    file: Option<PathBuf>,
    seen: BTreeMap<String, Sighting>,
}

impl Sightings {
    /// Those that were written down in this file, where further ones will be.
    pub fn kept_in(file: PathBuf) -> Self {
        Self { seen: read_json(&file), file: Some(file) }
    }

    /// Reads again what was written down, by other programs, too. What cannot be read changes nothing.
    pub fn refresh(&mut self) {
        if let Some(seen) = self.file.as_deref().and_then(try_read_json) {
            self.seen = seen;
        }
    }

    /// How this storage was seen, at this base path.
    pub fn of(&self, backend: &Backend) -> Option<&Sighting> {
        self.seen.get(&backend.name).filter(|seen| seen.base_path == backend.base_path)
    }

    /// Whether what is known by this name is at another base path: of another configuration, or from before it was changed.
    pub fn are_of_another(&self, backend: &Backend) -> bool {
        self.seen.get(&backend.name).is_some_and(|seen| seen.base_path != backend.base_path)
    }

    /// Writes down how it was seen now.
    ///
    /// # Errors
    /// Where the file cannot be written; it is known to this value all the same.
    pub fn put(&mut self, name: &str, sighting: Sighting) -> io::Result<()> {
        if self.seen.get(name) == Some(&sighting) {
            return Ok(());
        }
        self.seen.insert(name.to_owned(), sighting);
        self.write(name)
    }

    /// Forgets it: somebody said that what is there now is right.
    ///
    /// # Errors
    /// As [`Sightings::put`].
    pub fn forget(&mut self, name: &str) -> io::Result<()> {
        if self.seen.remove(name).is_none() {
            return Ok(());
        }
        self.write(name)
    }

    /// What is known of a storage is known of it under its new name.
    ///
    /// # Errors
    /// As [`Sightings::put`].
    pub fn rename(&mut self, name: &str, to: &str) -> io::Result<()> {
        let Some(sighting) = self.seen.get(name).cloned() else { return Ok(()) };
        self.put(to, sighting)?;
        self.forget(name)
    }

    /// Puts what is known of this one beside what other programs wrote down meanwhile, in one step.
    fn write(&self, name: &str) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut all: BTreeMap<String, Sighting> = read_json(file);
        match self.seen.get(name) {
            Some(sighting) => all.insert(name.to_owned(), sighting.clone()),
            None => all.remove(name),
        };
        write_json(file, &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(base: &str) -> Sighting {
        Sighting {
            base_path: base.into(),
            mount_point: None,
            below_mount: None,
            file_system: None,
            source: None,
            id: Some("a".into()),
        }
    }

    fn backend(name: &str, base: &str) -> Backend {
        Backend {
            name: name.into(),
            base_path: base.into(),
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        }
    }

    #[test]
    fn what_two_programs_saw_is_kept_and_nonsense_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/storages.json");
        let (mut one, mut other) = (Sightings::kept_in(file.clone()), Sightings::kept_in(file.clone()));
        one.put("vast", sighting("/mnt/vast")).unwrap();
        other.put("scratch", sighting("/scratch")).unwrap();
        let read = Sightings::kept_in(file.clone());
        assert_eq!(read.of(&backend("vast", "/mnt/vast")), Some(&sighting("/mnt/vast")));
        assert_eq!(read.of(&backend("vast", "/mnt/other")), None);
        assert_eq!(read.of(&backend("scratch", "/scratch")), Some(&sighting("/scratch")));
        one.rename("vast", "talmo").unwrap();
        let read = Sightings::kept_in(file.clone());
        assert_eq!(read.of(&backend("vast", "/mnt/vast")), None);
        assert_eq!(read.of(&backend("talmo", "/mnt/vast")), Some(&sighting("/mnt/vast")));
        one.rename("talmo", "vast").unwrap();
        one.forget("vast").unwrap();
        assert_eq!(Sightings::kept_in(file.clone()).of(&backend("vast", "/mnt/vast")), None);
        for nonsense in ["", "{", "[]", r#"{"vast": 7}"#, "\u{fffd}"] {
            std::fs::write(&file, nonsense).unwrap();
            assert!(Sightings::kept_in(file.clone()).seen.is_empty(), "{nonsense}");
        }
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "a draft was left");
    }
}
