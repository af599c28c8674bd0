//! Where the system's own dialogs begin: in a folder where what is asked for is likely to be.

use crate::LocalStorages;
use crate::view::{BeginIn, StorageView};
use samepath_storage::{Purpose, mount_root};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a folder may take to say that it is there. A dialog that begins elsewhere is better than none.
const MOMENT: Duration = Duration::from_secs(1);

impl LocalStorages {
    /// The folder that a dialog begins in: one that answered just now, so that the dialog does not wait for it. None where there is none
    /// that is sensible: then the system chooses. `member` is the person. Blocks for some seconds at most.
    pub fn dialog_folder(&self, begin: &BeginIn, member: &str) -> Option<PathBuf> {
        match begin {
            BeginIn::Storages(last) => last
                .as_deref()
                .map(Path::new)
                .and_then(|last| self.nearest(last.parent().unwrap_or(last), Path::new("/")))
                .or_else(|| mount_root(member).filter(|root| self.is_there(root))),
            BeginIn::Near(folder) => self.nearest(Path::new(folder), Path::new("/")),
            BeginIn::Own(name) => {
                let views = self.views();
                let named = |view: &&StorageView| name.as_ref().is_none_or(|name| view.name == *name);
                let mut ready = views.iter().filter(named).filter(|view| is_readable(view));
                ready.find_map(|view| {
                    self.shown_folder(&view.name, true).or_else(|_| self.shown_folder(&view.name, false)).ok()
                })
            }
            BeginIn::Results(text) => {
                let at = self.address(text, Purpose::Output).ok()?;
                let view = self.view(&at.storage_backend).ok().filter(is_readable)?;
                let folder = self.resolve(&at, Purpose::Output).ok()?.path;
                self.nearest(&folder, Path::new(&view.base_path?))
            }
        }
    }

    /// The folder itself, or the nearest above it that is there; never `top`, nor what is above that.
    fn nearest(&self, folder: &Path, top: &Path) -> Option<PathBuf> {
        let below = folder.ancestors().take_while(|above| above.starts_with(top) && *above != top);
        below.into_iter().find(|folder| self.is_there(folder)).map(Path::to_owned)
    }

    fn is_there(&self, folder: &Path) -> bool {
        self.helper().is_folder(&folder.display().to_string(), folder, MOMENT) == Ok(true)
    }
}

/// Whether it was when it was last looked at.
fn is_readable(view: &StorageView) -> bool {
    view.health.as_ref().is_some_and(crate::view::HealthView::is_readable)
}
