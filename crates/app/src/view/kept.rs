use serde::{Deserialize, Serialize};
use specta::Type;

/// What the window keeps from one start to the next. A key that is not there has its usual value, so that older files stay good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct KeptView {
    /// How far setting up came; none where it is not under way.
    pub setup: Option<SetupProgress>,
}

/// Setting up a storage, as far as it came. Unless it was imported, nothing of it is in the configuration yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct SetupProgress {
    /// `lab`, `storage`, `folder`, `check`.
    pub step: String,
    /// On this computer at; empty while nothing is chosen.
    pub base_path: String,
    /// Its name in the lab.
    pub name: String,
    /// Whether the lab calls it so: then the person is not asked for a name.
    pub named: bool,
    /// The configuration's `type`, where it can be told.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Part of the storage that this mount shows; empty for the whole.
    pub subpath: String,
    /// The person's folder; empty for none.
    pub folder: String,
    /// Whether that folder is to be made.
    pub make: bool,
    /// Whether the storage is in the configuration already, by an import.
    pub written: bool,
    /// What else was imported and is still to be gone through, by name.
    pub left: Vec<String>,
}
