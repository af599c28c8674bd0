use std::time::Duration;

/// The file in an output folder that says which job writes there now.
pub const MARKER: &str = ".samepath-running";
/// How often the guard renews it.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// One that was not renewed for so long belongs to nobody.
pub const STALE_AFTER: Duration = Duration::from_secs(600);

/// Output folders that this attempt has for itself. Dropping it gives them back.
#[derive(Debug, Default)]
pub struct Taken {}

impl Taken {
    /// Says that the attempt still lives. To be called every [`HEARTBEAT`].
    pub fn renew(&self) {}

    /// Gives the folders back.
    pub fn release(self) {}
}
