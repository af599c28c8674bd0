//! What is worth knowing of a configuration and no error: it is read as it is, but perhaps not as it was meant.

use super::read::KEYS;
use super::text::{Name, Text, in_order};
use super::{Config, Place};
use crate::Environment;
use samepath_wire::HERE;
use std::path::PathBuf;
use toml::de::DeTable;

/// Below `[samepath]`, what is read; a `*` is a name of the person's choice.
const OURS: &[&[&str]] = &[
    &["programs", "*"],
    &["lab", "*"],
    &["computers", "*", "programs", "*"],
    &["computers", "*", "lab", "*"],
    &["computers", "*", "storage", "*"],
];

/// Something worth knowing. `Display` says what, [`Remark::hint`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// The variable counts only where the file has no storage.
    #[error("SHARED_STORAGE_ROOT ({root}) is ignored, because {} has storages of its own", file.display())]
    IgnoredVariable {
        /// Its value.
        root: String,
        /// The configuration file.
        file: PathBuf,
    },
    /// `[samepath]` in a file that was found in the current folder.
    #[error("{place} is ignored: a file in a folder that others can write to must not switch anything on")]
    SamepathIgnored {
        /// Where.
        place: Place,
    },
    /// A key that nobody reads.
    #[error("{place} is not read by anybody")]
    UnknownKey {
        /// Where.
        place: Place,
        /// What it may have been meant to be.
        near: Option<String>,
    },
    /// Overrides for a computer that is nearly called like this one.
    #[error("{place} is for a computer called `{written}`; this one is called `{this}`")]
    OtherComputer {
        /// Where.
        place: Place,
        /// The name in the file.
        written: String,
        /// This computer's.
        this: String,
    },
}

impl Remark {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::IgnoredVariable { .. } => {
                "unset SHARED_STORAGE_ROOT, or add it as a storage: samepath storage add NAME FOLDER".to_owned()
            }
            Self::SamepathIgnored { .. } => {
                "move it to ~/.sleap-rtc/config.toml, or name the file with --config".to_owned()
            }
            Self::UnknownKey { near: Some(near), .. } => format!("if `{near}` was meant, write it so"),
            Self::UnknownKey { near: None, .. } => "take it out, or look its name up in the documentation".to_owned(),
            Self::OtherComputer { this, .. } => format!("if {HERE} was meant, write `{this}`"),
        }
    }
}

impl Config {
    /// What is worth knowing and no error, in the order of the file. Looks at nothing but the text that was read.
    pub fn remarks(&self, environment: &Environment) -> Vec<Remark> {
        let variable = self
            .ignored_variable
            .iter()
            .map(|root| Remark::IgnoredVariable { root: root.clone(), file: self.file.path.clone() });
        let mut remarks: Vec<Remark> = variable.collect();
        if let Ok(text) = Text::parse(&self.file.path, &self.seen) {
            self.of_keys(&text, environment, &mut remarks);
        }
        remarks
    }

    fn of_keys(&self, text: &Text<'_>, environment: &Environment, remarks: &mut Vec<Remark>) {
        for (key, _) in in_order(text.root()) {
            if let Some(near) = near(key.get_ref(), &["storage", "samepath"]) {
                remarks.push(unknown(text, key, &[key.get_ref()], Some(near)));
            }
        }
        if let Ok(Some(storages)) = text.table(&["storage"]) {
            for (name, value) in in_order(storages) {
                let Some(table) = value.get_ref().as_table() else { continue };
                misspelled(text, table, &["storage", name.get_ref()], remarks);
            }
        }
        let Ok(Some(ours)) = text.table(&["samepath"]) else { return };
        if !self.file.trusts_samepath_table() {
            let line = text.root().get_key_value("samepath").map_or(1, |(key, _)| text.line_of(key));
            return remarks.push(Remark::SamepathIgnored { place: text.place(&["samepath"], line) });
        }
        below(text, ours, &mut vec!["samepath"], remarks);
        let computers = text.table(&["samepath", "computers"]).ok().flatten();
        for (key, _) in computers.into_iter().flat_map(in_order) {
            let name = key.get_ref().as_ref();
            let Some(this) = environment.computer.as_deref().filter(|this| *this != name) else { continue };
            let host = |name: &str| name.split('.').next().unwrap_or(name).to_lowercase();
            if host(name) == host(this) && !computers.is_some_and(|computers| computers.contains_key(this)) {
                let place = text.place(&["samepath", "computers", name], text.line_of(key));
                remarks.push(Remark::OtherComputer { place, written: name.to_owned(), this: this.to_owned() });
            }
        }
    }
}

/// Walks what is below `[samepath]`, as deep as it is ours.
fn below<'t>(text: &'t Text<'_>, table: &'t DeTable<'_>, path: &mut Vec<&'t str>, remarks: &mut Vec<Remark>) {
    let fits = |ours: &&&[&str], path: &[&str]| {
        ours.len() >= path.len() && ours.iter().zip(path).all(|(ours, name)| *ours == "*" || ours == name)
    };
    for (name, value) in in_order(table) {
        let key = name.get_ref().as_ref();
        let above: Vec<&[&str]> = OURS.iter().filter(|ours| fits(ours, &path[1..])).copied().collect();
        let known: Vec<&str> = above.iter().filter_map(|ours| ours.get(path.len() - 1).copied()).collect();
        path.push(key);
        let here: Vec<&&[&str]> = above.iter().filter(|ours| fits(ours, &path[1..])).collect();
        if here.is_empty() {
            remarks.push(unknown(text, name, path, near(key, &known)));
        } else if let Some(inner) = value.get_ref().as_table() {
            if here.iter().any(|ours| ours.len() > path.len() - 1) {
                below(text, inner, path, remarks);
            } else if here.iter().any(|ours| ours.ends_with(&["storage", "*"])) {
                misspelled(text, inner, path, remarks);
            }
        }
        path.pop();
    }
}

/// Keys of a storage that look like one of ours. Others may be somebody else's.
fn misspelled(text: &Text<'_>, storage: &DeTable<'_>, path: &[&str], remarks: &mut Vec<Remark>) {
    for (name, _) in in_order(storage) {
        let key = name.get_ref().as_ref();
        if let Some(near) = near(key, &KEYS) {
            let path: Vec<&str> = path.iter().copied().chain([key]).collect();
            remarks.push(unknown(text, name, &path, Some(near)));
        }
    }
}

fn unknown(text: &Text<'_>, key: &Name<'_>, path: &[&str], near: Option<String>) -> Remark {
    Remark::UnknownKey { place: text.place(path, text.line_of(key)), near }
}

/// The known word that a person may have meant, whatever its case and the dashes in it; none for a known one, and where nothing is near.
pub fn near(key: &str, known: &[&str]) -> Option<String> {
    let plain = |word: &str| word.to_lowercase().replace(['-', '_', ' '], "");
    if known.contains(&key) {
        return None;
    }
    let plain_key = plain(key);
    let distance = |word: &&&str| strsim::damerau_levenshtein(&plain_key, &plain(word));
    let nearest = known.iter().filter(|word| **word != "*").min_by_key(distance)?;
    let allowed = if nearest.len() > 6 { 2 } else { 1 };
    (distance(&nearest) <= allowed).then(|| (*nearest).to_owned())
}
