use super::StorageFields;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A settings file of sleap-rtc, and what of it could be taken over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct FoundSettingsView {
    /// The file.
    pub file: String,
    /// "2 storages, 1 path pair, 1 broken entry".
    pub words: String,
    /// One for each, storages first.
    pub rows: Vec<FoundStorageView>,
}

/// A storage that such a file names or hints at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct FoundStorageView {
    /// What it is called there, or would be here.
    pub name: String,
    /// Where it is, or what is wrong with it.
    pub words: String,
    /// Whether it is well, and nothing of its name or place is here already.
    pub offered: bool,
    /// What would be written; none for a broken entry.
    pub fields: Option<StorageFields>,
}

/// Where a folder that somebody chose stands in a storage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct PlacingView {
    /// The folder of the storage on this computer; the chosen one, or one above it.
    pub base_path: String,
    /// The chosen folder below it; empty where they are one.
    pub folder: String,
    /// The folder in the chosen one that is the storage: then the chosen one is too high.
    pub inside: Option<String>,
    /// Parts of the storage that the chosen folder may show, the likeliest first; empty where it shows the whole, or nobody knows.
    pub parts: Vec<PartView>,
    /// Whether it carries another mark than the lab's storage of this name: then it is another storage.
    pub other: bool,
}

/// A part of a storage that a folder here may show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct PartView {
    /// `lab/amick`.
    pub subpath: String,
    /// How many of the names that were asked about a worker sees there.
    pub same: u32,
    /// How many were asked about.
    pub of: u32,
}
