use crate::bus::{BusError, NoRoom};
use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::sync::watch;

/// Bytes that a disk has to take: more than any one message.
const ROOM: usize = 256 * 1024;
/// For whoever waits for a write, before the disk is looked at, and between two looks.
const LOOKING: Duration = Duration::from_secs(1);
/// The file by which it is tried.
const TRIED: &str = "room.new";

/// Where a server of this computer keeps what it is told.
///
/// A server whose disk took nothing once answers no write any more, also when the disk is well again; it reads as before. So a hub that
/// waits for a write looks at the disk, says what it is, and has the server started anew when there is room.
#[derive(Debug, Clone)]
pub struct Disk {
    dir: PathBuf,
    /// The server has to be started anew.
    failed: watch::Sender<bool>,
}

impl PartialEq for Disk {
    fn eq(&self, other: &Self) -> bool {
        self.dir == other.dir
    }
}

impl Eq for Disk {}

impl Disk {
    /// The disk of this folder, which is there.
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), failed: watch::Sender::new(false) }
    }

    /// Why nothing can be written there now; none if something can.
    pub(crate) async fn fault(&self) -> Option<BusError> {
        let path = self.dir.join(TRIED);
        let tried = tokio::task::spawn_blocking(move || {
            let tried = fill(&path);
            // Not there where it could not be made.
            drop(std::fs::remove_file(&path));
            tried
        });
        let error = tried.await.ok()?.err()?;
        let path = self.dir.clone();
        Some(match NoRoom::of(&error) {
            Some(why) => BusError::DiskFull { path, why },
            None => BusError::Io { path, detail: error.to_string() },
        })
    }

    /// Returns when nothing can be written: for whoever waits for a write.
    pub(super) async fn at_fault(&self) -> BusError {
        loop {
            tokio::time::sleep(LOOKING).await;
            if let Some(why) = self.fault().await {
                return why;
            }
        }
    }

    /// A write was not answered: the server has to be started anew.
    pub(super) fn has_failed(&self) {
        self.failed.send_replace(true);
    }

    /// Returns when a server that failed can write again, as far as the disk goes.
    pub(crate) async fn is_well_again(&self) {
        // The sender is here.
        drop(self.failed.subscribe().wait_for(|failed| *failed).await);
        let mut said = None;
        while let Some(why) = self.fault().await {
            if said.as_ref() != Some(&why) {
                tracing::error!(error = %why, "the lab's server cannot write: nothing new is recorded until it can; running jobs go on");
                said = Some(why);
            }
            tokio::time::sleep(LOOKING).await;
        }
        tracing::warn!("the lab's server answered no write, and can write now: it is started again");
        self.failed.send_replace(false);
    }
}

fn fill(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(&vec![0; ROOM])?;
    file.sync_all()
}
