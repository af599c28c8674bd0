use super::Draft;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::collections::BTreeMap;

/// What the window keeps from one start to the next. A key that is not there has its usual value, so that older files stay good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct KeptView {
    /// How far setting up came; none where it is not under way.
    pub setup: Option<SetupProgress>,
    /// How the window looks.
    pub looks: LooksView,
    /// The page that was open last.
    pub page: Option<String>,
    /// Until when a window has shown what happened, in milliseconds since 1970; none where no window was open before.
    pub seen_until: Option<f64>,
    /// What of the person's had ended by then and was not looked at yet, by id.
    pub unseen: Vec<String>,
    /// Where the window was.
    pub place: Option<PlaceView>,
    /// What the person is told of outside the window.
    pub notices: NoticesView,
    /// Whether this computer is a worker while the window is open.
    pub worker: bool,
    /// Whether files that are on no storage are offered to be copied to one; else never.
    pub copies: bool,
    /// A job that could not be submitted yet.
    pub draft: Option<Draft>,
    /// Those who share this login, of whom one submits a job; none where it is one person's.
    pub people: Vec<String>,
    /// Storages of the lab that the person does not use, by name.
    pub unused: Vec<String>,
    /// How each storage was, by name: the hours of the last week in which somebody looked.
    pub history: BTreeMap<String, Vec<HourView>>,
}

impl Default for KeptView {
    fn default() -> Self {
        Self {
            setup: None,
            looks: LooksView::default(),
            page: None,
            seen_until: None,
            unseen: Vec::new(),
            place: None,
            notices: NoticesView::default(),
            worker: true,
            copies: true,
            draft: None,
            people: Vec::new(),
            unused: Vec::new(),
            history: BTreeMap::new(),
        }
    }
}

/// How a storage was in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct HourView {
    /// Hours since 1970.
    pub hour: u32,
    /// The worst that was seen in it, as `HealthView::state`.
    pub state: String,
}

/// One change of what is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Keep {
    /// How far setting up came.
    Setup(Option<SetupProgress>),
    /// How the window looks.
    Looks(LooksView),
    /// The page that is open.
    Page(String),
    /// What happened until then was shown; milliseconds since 1970.
    SeenUntil(f64),
    /// What of the person's has ended and was not looked at yet, by id.
    Unseen(Vec<String>),
    /// Where the window is.
    Place(PlaceView),
    /// What the person is told of outside the window.
    Notices(NoticesView),
    /// Whether this computer is a worker while the window is open.
    Worker(bool),
    /// Whether files that are on no storage are offered to be copied to one.
    Copies(bool),
    /// A job that could not be submitted yet; none: it was, or is not wanted any more.
    Draft(Option<Draft>),
    /// Those who share this login.
    People(Vec<String>),
    /// Whether the person does not use a storage of the lab.
    Unused {
        /// What the lab calls it.
        storage: String,
        /// They do not.
        unused: bool,
    },
}

/// How the window looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct LooksView {
    /// `system`, `light`, `dark`.
    pub appearance: String,
    /// Percent of what the system says.
    pub text_size: u32,
}

impl Default for LooksView {
    fn default() -> Self {
        Self { appearance: "system".to_owned(), text_size: 100 }
    }
}

/// Where a window is on the screens, in points of the screen that it is on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Type)]
pub struct PlaceView {
    /// From the left edge of the first screen.
    pub x: i32,
    /// From its upper edge.
    pub y: i32,
    /// Without its frame.
    pub width: u32,
    /// Likewise.
    pub height: u32,
    /// Whether it fills its screen; then the others say where it was before.
    pub maximised: bool,
}

/// What the person is told of while they look elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct NoticesView {
    /// A job ended.
    pub ended: bool,
    /// A job failed.
    pub failed: bool,
    /// A job waits for long; one begins that did, or that nobody could run.
    pub waiting: bool,
}

impl Default for NoticesView {
    fn default() -> Self {
        Self { ended: true, failed: true, waiting: true }
    }
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
