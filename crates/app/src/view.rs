//! What people see: the shapes that the page draws and `--json` prints.
//!
//! Words are made here, once, so that window and command line say the same sentence. Times are RFC 3339 text; byte counts are
//! floating point, because the page's numbers are.

mod datasets;
mod drafts;
mod frame;
mod import;
mod jobs;
mod kept;
mod kinds;
mod pretend;
mod setup;
mod storages;
mod workers;

pub use datasets::{ChosenVideo, CopiedView, CopyView, DatasetView, LocatedView, VideoView};
pub use drafts::{CandidateView, Draft, ReadinessView, ResultsView};
pub use frame::{ComputerView, ErrorView, InvitationView, MembershipView, OfflineView, StatusView, Update};
pub use import::{FoundSettingsView, FoundStorageView, PartView, PlacingView};
pub use jobs::{
    ClearedView, FollowUpView, JobView, LogView, MetricsView, OfferView, OutputView, TimelineView, TroubleView, TryView,
};
pub use kept::{HourView, Keep, KeptView, LooksView, NoticesView, PlaceView, SetupProgress};
pub use kinds::{FilterView, KindView, ParameterView};
pub use pretend::{ShownVideo, ShownView};
pub use setup::{
    AskedView, BeginIn, DoctorView, Finding, FindingState, FolderView, LabMatchView, LabStorageView, ProgramView,
    SameStorageView, SetupView, SuggestionView,
};
pub use storages::{
    HealthView, MovedView, PathView, RefutedView, SettingsLineView, SharedView, StorageFields, StorageView,
};
pub use workers::{WorkerStorageView, WorkerView};
